"""A loaded source: text by line, cells where the format has them, pages, sha256.

Whatever the format, a document is lines; a table row is a line whose cells stand between tabs
(merged cells: the text once, then empty cells). Where the format knows more, ``cells`` says on
which page and where on it each cell stands, and how sure an OCR engine was of it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from agent.errors import InputError
from agent.outcome import Source
from schemas.fold import Fold

MAX_BYTES = 50 * 1024 * 1024
MAX_TEXT_BYTES = 5 * 1024 * 1024

Progress = Callable[[int, int], None]
"""Told after each page that had to be read by OCR: pages done, pages in all."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the page, from its upper left corner."""


@dataclass(frozen=True)
class CellPlace:
    """Where a cell stands: page from 1, box on it; ``confidence`` 0-1 if read by OCR, None if printed text."""

    page: int
    box: Box | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class Document:
    """A loaded source. ``lines`` are without line ends; ``cells`` is keyed by (line from 1, cell from 0).

    ``path``: the file it was read from, where it was one; its pages can be drawn from there.
    """

    name: str
    sha256: str
    kind: str
    encoding: str | None
    lines: tuple[str, ...]
    cells: Mapping[tuple[int, int], CellPlace] = field(default_factory=dict)
    pages: int | None = None
    path: Path | None = field(default=None, compare=False)

    @cached_property
    def text(self) -> str:
        """All lines, joined by newlines."""
        return "\n".join(self.lines)

    @property
    def source(self) -> Source:
        """The document's identity, as an outcome carries it."""
        return Source(self.sha256, self.name, self.encoding, self.kind)


def load(source: Path | str | bytes, *, name: str | None = None, progress: Progress | None = None) -> Document:
    """The document at a path, in bytes, or a text (a ``str`` is the text itself, a ``Path`` a file).

    ``progress`` is told after each scanned page. Raises InputError naming the file and the reason.
    """
    if isinstance(source, str):
        data = source.encode("utf-8", "surrogatepass")
        return _from_text(source, data, name or "text", "utf-8")
    if isinstance(source, Path):
        return replace(from_bytes(_read(source), name or source.name, progress), path=source.absolute())
    return from_bytes(source, name or "bytes", progress)


def fingerprint(path: Path) -> str:
    """The hash of a file that could be a document, without loading it. Raises InputError naming the file."""
    try:
        _refuse_odd(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        _refuse_odd(path)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _refuse_odd(path: Path) -> None:
    # Before it is opened: a pipe would never end, and what is too large need not be read to know it.
    if not path.exists():
        raise InputError(f"{path}: {'a link to no file' if path.is_symlink() else 'no such file'}")
    if path.is_dir():
        raise InputError(f"{path}: a folder; `gouji batch` reads what is in one")
    if not path.is_file():
        raise InputError(f"{path}: not a regular file")
    size = path.stat().st_size
    if size == 0:  # also what the system shows as files: without end, or our own environment
        raise InputError(f"{path}: the file is empty")
    if size > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; split it or convert it to text")


def from_bytes(data: bytes, name: str, progress: Progress | None = None) -> Document:
    """The document in ``data``, its kind told by content: text is read here, other formats in ``agent.loaders``."""
    from agent import loaders

    if not data.strip(b"\0 \t\r\n"):
        raise InputError(f"{name}: the file is empty")
    if len(data) > MAX_BYTES:
        raise InputError(f"{name}: larger than {MAX_BYTES // 2**20} MiB; split it or convert it to text")
    if not loaders.is_text(data):
        return loaders.load_bytes(data, name, progress)
    text, encoding = decode(data, name)
    return _from_text(text, data, name, encoding)


def _from_text(text: str, data: bytes, name: str, encoding: str) -> Document:
    if len(data) > MAX_TEXT_BYTES:
        raise InputError(f"{name}: a text larger than {MAX_TEXT_BYTES // 2**20} MiB is no report")
    return Document(name, hashlib.sha256(data).hexdigest(), "text", encoding, lines_of(text))


def lines_of(text: str) -> tuple[str, ...]:
    """Lines of a text: LF, CRLF or bare CR end one; control characters become spaces, radicals fold.

    The spaces that web pages name (``&nbsp;``) are spaces; they are left over in texts copied out of pages.
    """
    plain = _NAMED_SPACE.sub(" ", text) if "&" in text else text
    return tuple(_forwards(re.sub(r"\r\n|\r|\f", "\n", plain)).translate(_FOLD_LINES).split("\n"))


_NAMED_SPACE = re.compile(r"(?i)&(?:nbsp|ensp|emsp|thinsp|#160|#xa0);")


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Text and encoding: byte order mark, then NUL pattern, then strict UTF-8, then GB18030.

    Raises InputError where none fits: a guess with replacement characters would hide lost figures.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _strict(data, encoding, name), encoding
    sample = data[:4096]
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    if odd + even > len(sample) // 20:
        encoding = "utf-16-le" if odd >= even else "utf-16-be"
        return _strict(data, encoding, name), encoding
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise InputError(
        f"{name}: no document that gouji reads, nor text in UTF-8, UTF-16 or GB18030; "
        "fetch it again, or save it as UTF-8"
    )


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not valid {encoding}: {error.reason} at byte {error.start}") from error


# NFKC folds the Kangxi block (U+2F00) but hardly any of the CJK radicals supplement (U+2E80), so those
# that text layers print for ordinary characters are listed, each before its character.
_SUPPLEMENT = (
    "⺁厂⺃乚⺄乙⺅亻⺆冂⺈刀⺉刂⺊卜⺋㔾⺍小⺎兀⺏尣⺐尢⺒巳⺓幺⺔彑⺖忄⺗心⺘扌⺙攵⺛旡⺝月⺞歺⺟母⺠民⺡氵⺢氺⺣灬⺤爫⺥爪⺦丬⺨犭⺩王"
    "⺫目⺬示⺭礻⺮竹⺯糸⺰纟⺱罓⺲罒⺶羊⺷羊⺹耂⺺肀⺻聿⺼肉⺽臼⺾艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇角⻈讠⻉贝⻊足⻋车⻌辶⻍辶⻎辶⻏阝⻐钅⻑長"
    "⻒镸⻓长⻔门⻕阝⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻟食⻠饣⻡首⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)


def _radical(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


_FOLD = {ord(k): v for k, v in zip(_SUPPLEMENT[::2], _SUPPLEMENT[1::2], strict=True)}
_FOLD.update({code: _radical(chr(code)) for code in range(0x2F00, 0x2FD6)})
_FOLD.update({code: " " for code in range(32) if code != 9})
_FOLD.update(dict.fromkeys((*range(0x7F, 0xA0), 0x2028, 0x2029), " "))
_INVISIBLE = (
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
    *range(0xFE00, 0xFE10),
    0x061C,
    0xFEFF,
)
_FOLD.update(dict.fromkeys((*_INVISIBLE, 0xAD), ""))


_FOLD_LINES = Fold({code: char for code, char in _FOLD.items() if code != 10})


def fold(text: str) -> str:
    """The text with radicals as ordinary characters, and control and zero-width characters gone."""
    return _forwards(text).translate(_FOLD)


_BACKWARDS = re.compile("\u202e[^\u202c\n]*")
_RUN = re.compile(r"\d[\d.,]*")


def _forwards(text: str) -> str:
    """The text with ``?`` for each figure that is shown from right to left, against what it says."""
    return _BACKWARDS.sub(lambda run: _RUN.sub("?", run[0]), text) if "\u202e" in text else text
