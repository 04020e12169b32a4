"""The cells behind a label, as printed: figures, blanks, what cannot be read, and how they are set apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from agent.outcome import BLANKS, Number
from agent.squeeze import Squeezed, squeeze
from schemas.form import Kind

Shape = Literal["figure", "blank", "doubtful", "illegible"]

NUMBER = r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?"
_NUMBER = re.compile(rf"(?P<number>{NUMBER})(?:万元|元|件|条|项|个|宗|次)?")
_LOOK_ALIKE = str.maketrans("OoQ〇○lI|｜!", "0000011111")
_LOOKS_LIKE_FIGURE = re.compile(r"[\dOoQ〇○lI|｜!.,'·:-]{1,200}")
_GLUED = re.compile(r"(?=.*\d)[\d.]*(?:[-/无]+[\d.]*)+|[-/无]{4,}")  # dashes for zeros, glued with figures
_FOOTER = re.compile(r"-\d{1,3}-")
_CJK = re.compile(r"[㐀-鿿]")
_REMAINDER = re.compile(r"[^\d\t\n?无-]*(?!无)[㐀-鿿)](?=[ ]*(?:[\d?-]|$))")  # of a label that was found by its beginning
_SOMETHING = re.compile(r"[\w?|｜!]")
_PIECES = re.compile(r"[㐀-鿿].*?(?=[\d?-]|$)|[^㐀-鿿]+")
_PROSE = 8  # that many letters which are no label are a sentence


class Token(NamedTuple):
    """A printed cell: its text, what it is, its line from 1, its cell in that line (None: no cells seen)."""

    text: str
    shape: Shape
    line: int
    cell: int | None


@dataclass(frozen=True)
class Strip:
    """What stands between a label and the next one.

    ``cells``: where the line shows cells, all of them, None = empty; ``tokens``: what is printed.
    ``gaps``: how many line ends stand before each token. ``width``: number of cells in the line.
    ``tail``: line ends behind the last token. ``empties``: blank cells or lines seen where nothing is printed.
    ``line`` is the label's, ``end`` the offset at which the strip ends.
    """

    line: int
    end: int
    tokens: tuple[Token, ...]
    cells: tuple[Token | None, ...] | None
    first_cell: int | None
    width: int
    gaps: tuple[int, ...]
    tail: int
    empties: int


def value_of(text: str, kind: Kind) -> Number | None:
    """The number a figure's text states for a cell of that kind; None if it states none of that kind."""
    match = _NUMBER.fullmatch(text)
    if not match or len(text) > 24:
        return None
    digits = match["number"].replace(",", "")
    if kind == "amount":
        value: Number = Decimal(digits)
    elif "." in digits:
        return None
    else:
        value = int(digits)
    return value if kind == "change" or value >= 0 else None


def look_alike(text: str) -> str:
    """The figure a doubtful text is probably meant to be: O as 0, l as 1, specks removed."""
    return text.translate(_LOOK_ALIKE).strip(".,'·:")


def strip_of(source: Squeezed, start: int, end: int, vocabulary: str) -> Strip:
    """The strip between two offsets of ``source.full``."""
    label_line = source.line(start)
    text = source.full[start:end]
    remainder = _REMAINDER.match(text)
    if remainder:
        text = " " * len(remainder.group()) + text[remainder.end() :]
    lines = text.split("\n")
    rows = [
        (
            label_line + i,
            _first_cell(source, start) if i == 0 else 0,
            line,
            i == 0,
            i == len(lines) - 1 and len(lines) > 1,
        )
        for i, line in enumerate(lines)
    ]
    tokens: list[Token] = []
    shown: list[tuple[int, list[Token | None], int, int]] = []
    gaps: list[int] = []
    last = label_line
    for number, first, line, is_first, is_last in rows:
        if not line.strip():
            continue
        found = list(_line_tokens(line, number, first, vocabulary))
        if found == [_STOP]:
            if tokens:
                break
            continue
        real = [t for t in found if t is not None]
        if not real:
            continue
        if "\t" in line and not (is_last and not real):
            cells = found[1:] if is_first and found and found[0] is None else found
            shown.append((number, cells, first + (1 if cells is not found else 0), line.count("\t") + first + 1))
        gaps += [number - last] + [0] * (len(real) - 1)
        last = number
        tokens += real
    cells_shown = shown[0] if len(shown) == 1 and len([t for t in shown[0][1] if t]) == len(tokens) else None
    return Strip(
        line=label_line,
        end=end,
        tokens=tuple(tokens),
        cells=tuple(cells_shown[1]) if cells_shown else None,
        first_cell=cells_shown[2] if cells_shown else None,
        width=_width(source, cells_shown[0]) if cells_shown else 0,
        gaps=tuple(gaps),
        tail=label_line + len(lines) - 1 - last,
        empties=0 if tokens else _empties(lines),
    )


def _empties(lines: Sequence[str]) -> int:
    """How many blank cells, or blank lines, a strip without any token shows."""
    cells = [lines[0].count("\t"), *(line.count("\t") + 1 for line in lines[1:] if "\t" in line)]
    return max(*cells, sum(1 for line in lines[1:-1] if not line.strip())) if len(lines) > 1 else cells[0]


_STOP = Token("", "illegible", 0, None)


def _width(source: Squeezed, line: int) -> int:
    start = source.line_start(line)
    return source.full[start:].partition("\n")[0].count("\t") + 1


def _first_cell(source: Squeezed, offset: int) -> int:
    """Index of the cell of its line in which ``offset`` stands."""
    return source.full.count("\t", source.line_start(source.line(offset)), offset)


def _line_tokens(line: str, number: int, first: int, vocabulary: str) -> Iterator[Token | None]:
    """The cells of a line; ``_STOP`` alone where the line is a sentence."""
    in_cells = "\t" in line
    found: list[Token | None] = []
    for index, piece in enumerate(line.split("\t")):
        cell = first + index if in_cells else None
        tokens = _piece_tokens(piece.strip(), number, cell, vocabulary, in_cells)
        if tokens is None:
            return iter((_STOP,)) if not in_cells else iter((*found, Token(piece.strip(), "illegible", number, cell)))
        found += tokens or ([None] if in_cells and not _CJK.search(piece) else [])
    return iter(found)


def _piece_tokens(text: str, line: int, cell: int | None, vocabulary: str, in_cells: bool) -> list[Token] | None:
    """Tokens of one cell or line; None where it is a sentence and no cell."""
    if not text:
        return []
    whole = _shape(text)
    if whole:
        return [Token(text, whole, line, cell)]
    parts = _words(text)
    if parts and all(_shape(part) for part in parts):
        return [Token(part, _shape(part) or "illegible", line, cell) for part in parts]
    if not _CJK.search(text):
        if squeeze(text) and squeeze(text) in vocabulary:
            return []
        return [Token(text, "illegible", line, cell)] if any(c.isalnum() or c == "?" for c in text) else []
    return _mixed(text, line, cell, vocabulary, in_cells)


def _words(text: str) -> list[str]:
    """What stands between spaces, without brackets, lone marks and page footers."""
    words = (word.strip("()[]<>《》〈〉“”‘’;；,，:：。、") for word in text.split())
    return [w for w in words if (w in BLANKS or _SOMETHING.search(w)) and w and not _FOOTER.fullmatch(w)]


def _mixed(text: str, line: int, cell: int | None, vocabulary: str, in_cells: bool) -> list[Token] | None:
    """Tokens of a text with Chinese letters in it: pieces of labels fall away, figures stay."""
    if squeeze(text) in vocabulary:
        return []
    found: list[Token] = []
    foreign = 0
    for piece in (p.strip() for p in _PIECES.findall(text)):
        if not _CJK.search(piece):
            found += [Token(p, _shape(p) or "illegible", line, cell) for p in _words(piece)]
            continue
        foreign += _foreign(squeeze(piece), vocabulary)
        if foreign >= _PROSE:
            return found or None
    if not foreign:
        return found
    return [Token(text, "illegible", line, cell)] if found or in_cells else []


def _foreign(letters: str, vocabulary: str) -> int:
    """How many letters are no piece of a label: pieces of four letters and more, and whole labels, are."""
    at = foreign = 0
    while at < len(letters):
        end = len(letters)
        while end > at and not (
            letters[at:end] in vocabulary and (end - at >= 4 or f"\0{letters[at:end]}\0" in vocabulary)
        ):
            end -= 1
        foreign += end == at
        at = max(end, at + 1)
    return foreign


def _shape(text: str) -> Shape | None:
    if _NUMBER.fullmatch(text):
        return "figure"
    if text in BLANKS:
        return "blank"
    if _GLUED.fullmatch(text):
        return "figure"
    if text == "?":
        return "illegible"
    if _LOOKS_LIKE_FIGURE.fullmatch(text) and _NUMBER.fullmatch(look_alike(text)):
        return "doubtful"
    return None


def digits(tokens: Sequence[Token]) -> int:
    """How many cells the tokens can be at the most: digits, look-alikes, marks for blanks."""
    return sum(c.isdigit() or c in "-/无" for token in tokens for c in look_alike(token.text))
