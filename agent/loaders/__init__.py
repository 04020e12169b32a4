"""One door for documents as they are published: ``load_bytes``. One module per format behind it.

A format is told by content, parsed in a process of its own within limits, and comes out as lines;
what a format needs beyond the standard library is an extra, imported there alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from agent.document import MAX_TEXT_BYTES, CellPlace, Document, Progress, fold
from agent.errors import InputError
from agent.loaders.blocks import Line

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_PAGED = ("pdf", "image")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


_FOREIGN = {
    b"GIF8": "a GIF image; save it as PNG",
    b"BM": "a BMP image; save it as PNG",
    b"RIFF": "a WebP image or a film; save a picture as PNG",
    b"\0\0\0": "a HEIC image or a film; save a picture as PNG",
    b"Rar!": "a RAR archive; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"MZ": "a program",
    b"\x7fELF": "a program",
}
"""What other files begin with; as some begin with letters, a text is only what has no binary zeros behind them."""
_PACKED = {
    "OFD.xml": "an OFD file; print it to PDF",
    "mimetype": "an OpenDocument or e-book file; save it as .docx, .xlsx or PDF",
    "ppt/presentation.xml": "a presentation; save it as PDF",
}


def is_text(data: bytes) -> bool:
    """Whether the bytes are plain text, as far as their beginning tells."""
    known = (b"PK\3\4", b"PK\5\6", b"{\\rtf", _OLE, *_IMAGES)
    return not data.startswith(known) and _foreign(data) is None and kind_of(data) == "text"


def kind_of(data: bytes) -> str:
    """What the bytes are, by content: text, html, docx, xlsx, doc, pdf or image. Raises InputError where none."""
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        return _packed_kind(data)
    if data.startswith(_OLE):
        return _ole_kind(data)
    if data.lstrip()[:5] == b"{\\rtf":
        return "doc"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_IMAGES):
        return "image"
    foreign = _foreign(data)
    if foreign:
        raise InputError(f"{foreign}, which is not read")
    from agent.loaders.html import looks_like

    return "html" if looks_like(data) else "text"


def _foreign(data: bytes) -> str | None:
    """What a file is that is none of ours."""
    found = (what for start, what in _FOREIGN.items() if data.startswith(start))
    return next(found, None) if b"\0" in data[:64] else None


def _packed_kind(data: bytes) -> str:
    from agent.loaders.limits import open_zip

    with open_zip(data) as archive:
        names = archive.namelist()
    for start, kind in (("word/document", "docx"), ("xl/workbook", "xlsx")):
        if any(name.startswith(start) for name in names):
            return kind
    foreign = next((what for name, what in _PACKED.items() if name in names), None)
    raise InputError(foreign or "a packed file, but neither a Word document nor an Excel workbook; unpack it first")


def _ole_kind(data: bytes) -> str:
    """A file of old Office, by the names of the streams in its directory."""
    streams = {"EncryptedPackage": "", "WordDocument": "doc", "Workbook": "xls", "PowerPoint Document": "ppt"}
    kind = next((kind for stream, kind in streams.items() if stream.encode("utf-16-le") in data), None)
    if kind is None:
        raise InputError("a file of old Office without a text in it")
    if not kind:
        raise InputError("is protected with a password; save it without one")
    if kind != "doc":
        raise InputError(f"an old Office file (.{kind}); save it as .{kind}x or PDF")
    return kind


def load_bytes(data: bytes, name: str, progress: Progress | None = None) -> Document:
    """The document in ``data``, whatever its format but plain text. Raises InputError naming file and reason."""
    with _naming(name):
        kind = kind_of(data)
    from agent.loaders.pages import pages

    empty = Document(name, hashlib.sha256(data).hexdigest(), kind, None, ())
    if kind == "html":
        from agent.loaders.html import text_of

        text, encoding = text_of(data, name)
        empty, data = replace(empty, encoding=encoding), text.encode("utf-8", "surrogatepass")
    with _naming(name):
        return _filled(empty, pages(kind, data, progress))


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Put the file's name before what is wrong with it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _filled(empty: Document, found: Iterable[Sequence[Line]]) -> Document:
    """The document with the lines of those pages: tabs between cells, a place for each cell that has one."""
    texts: list[str] = []
    places: dict[tuple[int, int], CellPlace] = {}
    pages = list(found)
    for line in (line for page in pages for line in page):
        cells = [fold(cell) for cell in line.cells]
        if len(cells) > 1:
            cells = [cell.replace("\t", " ") for cell in cells]
        texts.append("\t".join(cells))
        for index, place in enumerate(line.places):
            if place is not None:
                places[len(texts), index] = place
    if not any(text.strip() for text in texts):
        raise InputError("there is no text in it")
    if sum(map(len, texts)) > MAX_TEXT_BYTES:
        raise InputError(f"more than {MAX_TEXT_BYTES // 2**20} MiB of text is no report")
    return replace(empty, lines=tuple(texts), cells=places, pages=len(pages) if empty.kind in _PAGED else None)
