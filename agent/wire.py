"""The compact form in which a model gives a table: a string, one line a row, ``row@line cells``.

A tenth of the tokens of a field per cell. It is not the record: ``read`` turns it into figures, and
says everything that is wrong with its shape at once, since a re-ask costs a whole question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from agent.outcome import BLANKS, Figure, Number
from agent.squeeze import normal
from agent.tokens import value_of
from schemas.form import Column, Grid, Items, Kind, Row

LARGEST = 10**15
"""No count or amount of a report is larger; what is, is digits of several cells in one."""

EMPTY = "_"
_ROW = re.compile(r"([^\s@]*)\s*@\s*(\d{1,7})(?:\s+(.*))?")
_LONGEST_LABEL = 16
_MOST_PROBLEMS = 12  # more of them teach a model nothing and are paid for


@dataclass(frozen=True)
class Table:
    """The rows of a table that a question asks for; their numbers count from 1 and stay in every part of it.

    ``rows`` is the union over the variants in printed order, ``variants`` the row numbers of each.
    A list of items is a table without rows.
    """

    id: str
    rows: tuple[tuple[int, Row], ...]
    variants: tuple[tuple[str, frozenset[int]], ...]
    items: Items | None = None

    @cached_property
    def named(self) -> dict[str, tuple[int, Row]]:
        """The rows by their number and by their id."""
        by_id = {row.id: (number, row) for number, row in self.rows}
        return by_id | {str(number): (number, row) for number, row in self.rows}

    def path(self, row: Row, column: Column) -> str:
        """The figure's path in the record."""
        return Grid(self.id, "", ()).path(row, column)


@dataclass(frozen=True)
class Shape:
    """A table as the model gave it: figures by path, and all that is wrong with its shape."""

    figures: dict[str, Figure] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def table(grids: Sequence[Grid]) -> Table:
    """The table that a question asks for, over all variants."""
    union: list[Row] = []
    for grid in grids:
        at = 0 if set(union) & set(grid.rows) else len(union)
        for row in grid.rows:
            if row in union:
                at = union.index(row) + 1
            else:
                union.insert(at, row)
                at += 1
    numbers = {row: number for number, row in enumerate(union, 1)}
    variants = tuple((grid.variant, frozenset(numbers[row] for row in grid.rows)) for grid in grids)
    return Table(grids[0].id, tuple(enumerate(union, 1)), variants)


def only(whole: Table, rows: Iterable[Row]) -> Table:
    """The same table with those rows alone, numbered as in the whole."""
    wanted = set(rows)
    kept = tuple((number, row) for number, row in whole.rows if row in wanted)
    numbers = frozenset(number for number, _ in kept)
    return Table(whole.id, kept, tuple((name, its & numbers) for name, its in whole.variants))


def exactly(whole: Table, variant: str, rows: Iterable[Row]) -> Table:
    """Those rows of one variant, each of which must be given."""
    part = only(whole, rows)
    return Table(part.id, part.rows, ((variant, frozenset(number for number, _ in part.rows)),))


def items(listed: Items) -> Table:
    """The list of items that a question asks for."""
    return Table(listed.id, (), (), listed)


def describe(asked: Table) -> str:
    """What a question says about the table: its name, the cells of its rows, the rows with their numbers."""
    if asked.items:
        columns = ", ".join(column.labels[0] for column in asked.items.columns)
        return (
            f"{asked.id}: a line for each entry of the list, as many as there are: @LINE {columns} | {asked.items.text}"
        )
    told = [f"{asked.id}:"]
    before: tuple[Column, ...] = ()
    for number, row in asked.rows:
        if row.columns != before:
            cells = "1 cell" if len(row.columns) == 1 else f"{len(row.columns)} cells"
            told.append(f"{cells}: " + ", ".join(column.labels[0] for column in row.columns))
            before = row.columns
        told.append(f"{number} {label(row)}")
    if len(asked.variants) > 1:
        told.append("either " + " or ".join(_numbers(its) for its in _distinct(asked)) + ", as the report has them")
    return "\n".join(told)


def label(row: Row) -> str:
    """The row's name in a question: enough of its official label to know it by, since it is paid for."""
    if row.flat:
        return "(one row)"
    name = row.labels[0]
    return name if len(name) <= _LONGEST_LABEL else name[:_LONGEST_LABEL] + "…"


def _distinct(asked: Table) -> list[frozenset[int]]:
    common = frozenset.intersection(*(its for _, its in asked.variants))
    return [its - common for _, its in asked.variants]


def _numbers(numbers: Iterable[int]) -> str:
    ordered = sorted(numbers)
    if not ordered:
        return "none"
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"rows {ordered[0]}-{ordered[-1]}"
    return "row" + "s" * (len(ordered) > 1) + " " + ", ".join(map(str, ordered))


def read(text: str, asked: Table, by: str) -> Shape:
    """The table in the model's words as figures; ``problems`` holds all that is wrong with its shape."""
    lines = [line for raw in text.splitlines() if (line := raw.strip().strip("`").strip())]
    if asked.items:
        return _read_items(lines, asked.items, by)
    if not lines:
        return Shape()
    seen: Counter[int] = Counter()
    figures: dict[str, Figure] = {}
    problems: list[str] = []
    for line in lines:
        parted = _row(line, asked)
        if isinstance(parted, str):
            problems.append(parted)
            continue
        number, row, at, cells = parted
        seen[number] += 1
        if seen[number] > 1:
            problems.append(f"row {number} is given twice")
        elif at or cells:
            found, wrong = _cells(number, asked, row, at, cells, by)
            figures |= found
            problems += wrong
    return Shape(figures, tuple(problems + _incomplete(frozenset(seen), asked)))


def _row(line: str, asked: Table) -> tuple[int, Row, int, list[str]] | str:
    matched = _ROW.fullmatch(line)
    if not matched:
        return f"{_short(line)} is not ROW@LINE CELLS"
    name, at, rest = matched.groups()
    if name not in asked.named:
        return f"there is no row {_short(name)}"
    return *asked.named[name], int(at), (rest or "").replace("|", " ").split()


def _cells(
    number: int, asked: Table, row: Row, line: int, cells: list[str], by: str
) -> tuple[dict[str, Figure], list[str]]:
    if len(cells) == 1 and (cells[0] == "0" or cells[0] in BLANKS):
        cells *= len(row.columns)
    if len(cells) != len(row.columns):
        return {}, [f"row {number} has {len(cells)} cells, not {len(row.columns)}"]
    found, problems = {}, []
    for column, cell in zip(row.columns, cells, strict=True):
        try:
            found[asked.path(row, column)] = figure(cell, column.kind, line, by)
        except ValueError as error:
            problems.append(f"row {number}: {error}")
    return found, problems


def _incomplete(given: frozenset[int], asked: Table) -> list[str]:
    nearest = min((its for _, its in asked.variants), key=lambda its: len(its ^ given))
    wrong = []
    if nearest - given:
        wrong.append(f"{_numbers(nearest - given)} missing")
    if given - nearest:
        wrong.append(f"{_numbers(given - nearest)} cannot stand beside {_numbers(nearest & given)}")
    return wrong


def _read_items(lines: list[str], listed: Items, by: str) -> Shape:
    figures: dict[str, Figure] = {}
    problems: list[str] = []
    for index, line in enumerate(lines):
        cells_text, bar, _ = line.partition("|")
        matched = _ROW.fullmatch(cells_text.strip())
        cells = (matched[3] or "").split() if matched else []
        if not matched or not bar or len(cells) != len(listed.columns):
            problems.append(f"{_short(line)} is not @LINE, {len(listed.columns)} cells, | and a text")
            continue
        at = int(matched[2])
        for column, cell in zip(listed.columns, cells, strict=True):
            try:
                figures[f"{listed.id}.{index}.{column.id}"] = figure(cell, column.kind, at, by)
            except ValueError as error:
                problems.append(f"entry {index + 1}: {error}")
    return Shape(figures, tuple(problems))


def figure(cell: str, kind: Kind, line: int | None, by: str) -> Figure:
    """The figure in a cell as the model gave it. Raises ValueError where it is none."""
    if cell.isdecimal() and cell.isascii() and len(cell) < 16 and kind != "amount":
        return Figure(int(cell), cell, line, by)
    if cell in BLANKS:
        return Figure(None, "" if cell == EMPTY else cell, line, by)
    return Figure(number(cell, kind), cell, line, by)


def number(cell: str, kind: Kind) -> Number:
    """The number printed in a cell, exact. Negative counts pass: what a report prints is checked later.

    Raises ValueError naming the cell.
    """
    # A negative count is no fault of shape.
    value = value_of(normal(cell).removeprefix("+"), "amount" if kind == "amount" else "change")
    if value is None:
        raise ValueError(f"{_short(cell)} is no {'figure' if kind == 'amount' else 'whole number'}")
    if not -LARGEST < value < LARGEST:
        raise ValueError(f"{_short(cell)} is too large for one cell")
    return value


def told(problems: Sequence[str]) -> str:
    """The problems of one table in one message."""
    more = len(problems) - _MOST_PROBLEMS
    return "; ".join([*problems[:_MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])])


def _short(text: str) -> str:
    said = repr(text)  # in which an invisible letter takes the room of ten
    return said if len(said) <= 42 else f"{said[:41]}…{said[0]}"
