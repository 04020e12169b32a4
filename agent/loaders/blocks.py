"""What every format is turned into: paragraphs and tables, and from them the lines of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.document import CellPlace
from agent.errors import InputError
from agent.loaders.limits import MAX_CELLS, MAX_SPAN

UNREAD = "?"
"""Stands where something is seen in a cell that could not be read: never a blank."""
LONG_CELL = 300
"""More characters than this, in several paragraphs, are an article inside a layout table, not a cell."""


@dataclass(frozen=True)
class Cell:
    """A cell as its format has it: its blocks, and over how many columns and rows it reaches."""

    blocks: tuple[Block, ...] = ()
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True)
class Table:
    """Rows of cells; a cell merged from above is not repeated."""

    rows: tuple[tuple[Cell, ...], ...]


Block = str | Table
"""A paragraph, or a table."""


@dataclass(frozen=True)
class Line:
    """A line of the document: one cell is prose, more are a row of a table; where each cell stands, if known."""

    cells: tuple[str, ...]
    places: tuple[CellPlace | None, ...] = ()

    def pack(self) -> list[Any]:
        """The line as JSON can carry it."""
        return [self.cells, [p and (p.page, p.box, p.confidence) for p in self.places]]

    @staticmethod
    def unpack(packed: list[Any]) -> Line:
        """The line that ``pack`` made."""
        cells, places = packed
        return Line(tuple(cells), tuple(p and CellPlace(p[0], p[1] and tuple(p[1]), p[2]) for p in places))


EMPTY = Line(("",))


def join(parts: Iterable[str]) -> str:
    """Pieces of one cell as one text: CJK meets without a space, words and figures keep one between them."""
    joined = ""
    for part in (" ".join(part.split()) for part in parts):
        if joined and part:
            joined += " " if joined[-1].isascii() and part[0].isascii() else ""
        joined += part
    return joined


def lines(blocks: Sequence[Block]) -> list[Line]:
    """The blocks as lines, an empty line around every table."""
    found: list[Line] = []
    for block in blocks:
        if isinstance(block, Table):
            found += [EMPTY, *_table_lines(block), EMPTY]
        else:
            found += [Line((text,)) for text in block.split("\n")]
    return found


def _table_lines(table: Table) -> list[Line]:
    if all(len(row) <= 1 for row in table.rows):  # one column: a frame around prose
        return [line for row in table.rows for cell in row for line in lines(cell.blocks)]
    found: list[Line] = []
    for row, texts in zip(table.rows, grid(table), strict=True):
        if any(_is_layout(cell) for cell in row):
            found += [line for cell in row for line in lines(cell.blocks)]
        elif row:
            found.append(Line(tuple(texts)))
    return found


def _is_layout(cell: Cell) -> bool:
    if any(isinstance(block, Table) and not _is_frame(block) for block in cell.blocks):
        return True
    return len(cell.blocks) > 2 and len(_text(cell)) > LONG_CELL


def _is_frame(table: Table) -> bool:
    return len(table.rows) == 1 and len(table.rows[0]) == 1 and not _is_layout(table.rows[0][0])


def _text(cell: Cell) -> str:
    parts: list[str] = []
    for block in cell.blocks:
        if isinstance(block, str):
            parts += block.split("\n")
        else:
            parts += [_text(inner) for row in block.rows for inner in row]
    return join(parts)


def grid(table: Table) -> list[list[str]]:
    """The table with spans expanded: a merged cell's text once, empty cells for the rest.

    A row with too few cells stays short: which of them it lost is not for the loader to say.
    """
    taken: dict[tuple[int, int], str] = {}
    widths = [0] * len(table.rows)
    for y, row in enumerate(table.rows):
        x = 0
        for cell in row:
            while (y, x) in taken:
                x += 1
            across = min(max(cell.colspan, 1), MAX_SPAN)
            down = min(max(cell.rowspan, 1), len(table.rows) - y)
            if len(taken) + across * down > MAX_CELLS:
                raise InputError(f"a table of more than {MAX_CELLS} cells is no report")
            taken.update({(y + j, x + i): "" for j in range(down) for i in range(across)})
            taken[y, x] = _text(cell)
            x += across
    for y, x in taken:
        widths[y] = max(widths[y], x + 1)
    if sum(widths) > MAX_CELLS:
        raise InputError(f"a table of more than {MAX_CELLS} cells is no report")
    return [[taken.get((y, x), "") for x in range(width)] for y, width in enumerate(widths)]


_WRAP = re.compile(r"(?<=[^\x00-\x7f])[ \t]*\n\s*(?=[^\x00-\x7f])")


def unwrap(text: str) -> str:
    """A source's own line wraps taken out: nothing between CJK characters, a space elsewhere."""
    return re.sub(r"[ \t\r\n\f\v\xa0]+", " ", _WRAP.sub("", text))
