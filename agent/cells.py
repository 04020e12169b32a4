"""What stands between a row's label and the next one: its cells, and how they are set apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.outcome import BLANKS
from agent.squeeze import Squeezed, squeeze
from agent.tokens import Token, begins_label, in_cells, in_line, is_label_rest

_REMAINDER = re.compile(
    r"[^\d\t\n?无-]*(?!无)[㐀-鿿)](?=[ ]*(?:[\d?-]|$))"
)  # of a label that was found by its beginning


# A bracket of the label that goes on in the next line.
_BRACKETED = re.compile(r"\([^()\d\t]{0,20}\n[^()\d\t]{0,60}\)")
_AND = re.compile(r"(?:[ ]*[、及和与&/,][ ]*)?")
# Words before any figure, with or without a number of the list before them. No space is given back: a line of
# nothing else would be tried from each of them.
_LABELLED = re.compile(r"[ ]*+(?:\(?[\d一二三四五六七八九十]{1,2}[)）.、][ ]*+)?(?P<words>[^\d?]*[㐀-鿿][^\d?]*)")


@dataclass(frozen=True)
class Strip:
    """What stands between a label and the next one.

    ``cells``: where the line shows cells, all of them, None = empty; ``tokens``: what is printed.
    ``gaps``: how many line ends stand before each token. ``width``: number of cells in the line.
    ``tail``: line ends behind the last token. ``empties``: blank cells or lines seen where nothing is printed.
    ``line`` is the label's, ``end`` the offset at which the strip ends. ``stray``: a row of cells with figures
    in a line that shows none; ``broken``: such a line may be the rest of its last cell. ``loose``: figures behind
    what ended the row, or before the next label on its line: they may be either row's. ``foreign``: they may be
    this row's, which has too few of its own. ``other``: the label that ended the row.
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
    stray: bool = False
    broken: bool = False
    loose: int = 0
    foreign: bool = False
    other: str = ""


@dataclass(frozen=True)
class _Line:
    """A line with something printed: its cells where it shows them, and the index of the first."""

    number: int
    tokens: tuple[Token, ...]
    cells: tuple[Token | None, ...] | None
    first: int


# A row of cells up to its last one, and a line of nothing but digits below: a page number, or the rest of that cell.
_BROKEN = re.compile(r"[^\n]*\t[^\t\n]*\d *\n\s*[\d.,]+ *(?:\n|$)")


def strip_of(
    source: Squeezed,
    start: int,
    end: int,
    vocabulary: str,
    *,
    misprinted: bool = True,
    flat: bool = False,
    slash: bool = False,
) -> Strip:
    """The strip between two offsets of ``source.full``.

    ``slash``: one that stands alone is a blank cell, and does not join two labels.
    ``misprinted``: the label before it may go on in it. ``flat``: labels stand before the figures, it is a header.
    """
    label_line = source.line(start)
    text = source.full[start:end]
    remainder = _BRACKETED.match(text) or _REMAINDER.match(text)
    if remainder and (misprinted or remainder.re is _BRACKETED or is_label_rest(remainder.group(), vocabulary)):
        text = re.sub(r"[^\n]", " ", remainder.group()) + text[remainder.end() :]
    if (
        not flat and _AND.fullmatch(text) and not (slash and "/" in text)
    ):  # the figures behind both labels are of both rows together
        text = " ?"
    lines = text.split("\n")
    before = 0 if flat else _before_next_label(source, lines, end, vocabulary)
    if before:
        lines[-1] = ""
    last, other = (len(lines), "") if flat else _last(lines, vocabulary)
    behind = sum(_count(line, vocabulary) for line in lines[last:])
    printed, loose = _printed(source, start, label_line, [*lines[:last], *[""] * (len(lines) - last)], vocabulary)
    tokens = tuple(token for line in printed for token in line.tokens)
    alone = printed[0] if len(printed) == 1 and printed[0].cells is not None else None
    return Strip(
        line=label_line,
        end=end,
        tokens=tokens,
        cells=alone.cells if alone else None,
        first_cell=alone.first if alone else None,
        width=_width(source, alone.number) if alone else 0,
        gaps=_gaps(label_line, printed),
        tail=label_line + len(lines) - 1 - (printed[-1].number if printed else label_line),
        empties=0 if tokens else _empties(lines),
        stray="\t" in lines[0] and any(_figures(line, vocabulary) for line in lines[1:] if "\t" not in line),
        broken=bool(_BROKEN.match(text)),
        loose=loose + before + behind,
        other=other,
    )


def _last(lines: Sequence[str], vocabulary: str) -> tuple[int, str]:
    """How many lines may be the row's, up to the first with a label of its own, and that label."""
    for i, line in enumerate(lines[1:], 1):
        if not line.strip():
            continue
        cells = line.split("\t") if "\t" in line else [line]
        found = [match["words"] for cell in cells if (match := _LABELLED.match(cell))]
        words = [word for word in found if not all(part in BLANKS for part in word.split())]
        known = [word for word in words if begins_label(word, vocabulary)]
        unknown = [word for word in words if not is_label_rest(word, vocabulary)]
        if known or (unknown and _count(line, vocabulary)):
            return i, squeeze((known or unknown)[-1])
    return len(lines), ""


def _before_next_label(source: Squeezed, lines: Sequence[str], end: int, vocabulary: str) -> int:
    """How many figures stand on the next label's line, left of it, that are hardly this row's.

    They are none of it where its own line shows cells, or where it has no others and the next label has none either.
    """
    if len(lines) < 2 or not lines[-1].strip():
        return 0
    apart = lines[-1][-1].isspace() and not any(_count(line, vocabulary) for line in lines[:-1])
    alone = apart and not re.search(r"\d", source.rest_of_line(end))
    return _count(lines[-1], vocabulary) if "\t" in lines[0] or alone else 0


def _count(line: str, vocabulary: str) -> int:
    """How many figures a line prints."""
    cells = line.split("\t") if "\t" in line else [line]
    tokens = [token for cell in cells for token in in_line(cell, 0, vocabulary) or ()]
    return sum(token.shape != "blank" and any(c.isdigit() for c in token.text) for token in tokens)


def _printed(
    source: Squeezed, start: int, label_line: int, lines: Sequence[str], vocabulary: str
) -> tuple[list[_Line], int]:
    """The lines with something printed, up to the first that is no part of a row; the figures behind that one."""
    printed: list[_Line] = []
    for i, line in enumerate(lines):
        if not line.strip() or ("\t" not in line and "\t" in lines[0]):
            continue  # a row of cells has none in a line without cells
        first = source.full.count("\t", source.line_start(label_line), start) if i == 0 else 0
        found = _line(line, label_line + i, first, vocabulary, behind_label=i == 0)
        if found is None and (printed or "\t" in lines[0]):
            return printed, sum(_count(other, vocabulary) for other in lines[i + 1 :])
        if found and found.tokens:
            printed.append(found)
    return printed, 0


def _line(line: str, number: int, first: int, vocabulary: str, *, behind_label: bool) -> _Line | None:
    """What a line prints; None where it is no part of a row."""
    if "\t" not in line:
        tokens = in_line(line, number, vocabulary)
        return None if tokens is None else _Line(number, tuple(tokens), None, 0)
    cells = in_cells(line, number, first, vocabulary, behind_label=behind_label)
    if cells is None:
        return None
    if behind_label and cells[0] is None:
        cells, first = cells[1:], first + 1
    return _Line(number, tuple(cell for cell in cells if cell), tuple(cells), first)


def _figures(line: str, vocabulary: str) -> bool:
    return any(token.shape != "illegible" for token in in_line(line, 0, vocabulary) or ())


def _gaps(label_line: int, printed: Sequence[_Line]) -> tuple[int, ...]:
    gaps: list[int] = []
    last = label_line
    for line in printed:
        gaps += [line.number - last] + [0] * (len(line.tokens) - 1)
        last = line.number
    return tuple(gaps)


def _empties(lines: Sequence[str]) -> int:
    """How many blank cells, or blank lines, a strip without any token shows."""
    cells = [lines[0].count("\t"), *(line.count("\t") + 1 for line in lines[1:] if "\t" in line)]
    return max(*cells, sum(1 for line in lines[1:-1] if not line.strip())) if len(lines) > 1 else cells[0]


def _width(source: Squeezed, line: int) -> int:
    start = source.line_start(line)
    return source.rest_of_line(start).count("\t") + 1
