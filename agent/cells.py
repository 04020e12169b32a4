"""What stands between a row's label and the next one: its cells, and how they are set apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.squeeze import Squeezed
from agent.tokens import Token, in_cells, in_line

_REMAINDER = re.compile(
    r"[^\d\t\n?无-]*(?!无)[㐀-鿿)](?=[ ]*(?:[\d?-]|$))"
)  # of a label that was found by its beginning


@dataclass(frozen=True)
class Strip:
    """What stands between a label and the next one.

    ``cells``: where the line shows cells, all of them, None = empty; ``tokens``: what is printed.
    ``gaps``: how many line ends stand before each token. ``width``: number of cells in the line.
    ``tail``: line ends behind the last token. ``empties``: blank cells or lines seen where nothing is printed.
    ``line`` is the label's, ``end`` the offset at which the strip ends. ``stray``: a row of cells with figures
    in a line that shows none.
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


@dataclass(frozen=True)
class _Line:
    """A line with something printed: its cells where it shows them, and the index of the first."""

    number: int
    tokens: tuple[Token, ...]
    cells: tuple[Token | None, ...] | None
    first: int


def strip_of(source: Squeezed, start: int, end: int, vocabulary: str) -> Strip:
    """The strip between two offsets of ``source.full``."""
    label_line = source.line(start)
    text = source.full[start:end]
    remainder = _REMAINDER.match(text)
    if remainder:
        text = " " * len(remainder.group()) + text[remainder.end() :]
    lines = text.split("\n")
    printed = _printed(source, start, label_line, lines, vocabulary)
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
    )


def _printed(source: Squeezed, start: int, label_line: int, lines: Sequence[str], vocabulary: str) -> list[_Line]:
    """The lines with something printed, up to the first that is no part of a row."""
    printed: list[_Line] = []
    for i, line in enumerate(lines):
        if not line.strip() or ("\t" not in line and "\t" in lines[0]):
            continue  # a row of cells has none in a line without cells
        first = source.full.count("\t", source.line_start(label_line), start) if i == 0 else 0
        found = _line(line, label_line + i, first, vocabulary, behind_label=i == 0)
        if found is None and printed:
            break
        if found and found.tokens:
            printed.append(found)
    return printed


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
    return source.full[start:].partition("\n")[0].count("\t") + 1
