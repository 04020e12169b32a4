"""What a damaged table still says: every reading its print allows, and the cells on which all agree.

Independent of the reader under test on purpose: plain enumeration, so that it can judge it.

The conventions, which decide what counts as a possible reading:

- A figure has no leading zero. A run of digits that splits into exactly the cells of its row has no
  blank among them; only where no such split exists may cells be blank.
- As many figures as cells: each is its cell's. Fewer: some cells are blank, and which is open.
  More: some were printed too much (a doubled zero, a page number), and which is open.
- A blank counts as 0 in a sum; a sum over a blank total says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import Literal

from eval.cuts import BLANK_MARKS, Choice, TooWideError, Value, splits
from eval.printed import Line, Lines
from schemas.form import Equation, Grid, Row

Sight = Literal["cells", "windows", "tokens", "run"]
"""What a layout shows of a row: every cell with its blanks in its column, cells in their order between an
unknown number of empty ones, the printed figures alone, or one run of characters."""

MAX_STEPS = 60_000

_GLYPHS = str.maketrans("０１２３４５６７８９．OoＯ〇○lI｜|，－−", "0123456789.000001111,--")


@dataclass
class _Steps:
    left: int = MAX_STEPS

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooWideError


@dataclass(frozen=True)
class Settled:
    """``choices`` by row id; ``values``: the agreed figure by path; ``open``: paths on which readings differ."""

    solutions: bool
    values: Mapping[str, Value] = field(default_factory=dict)
    open: tuple[str, ...] = ()


def figure(printed: str) -> Value:
    """The number printed in a cell, None where it shows none."""
    text = printed.translate(_GLYPHS).replace(",", "").replace(" ", "")
    if not text or text in BLANK_MARKS:
        return None
    return Decimal(text) if "." in text else int(text)


def settle(grid: Grid, lines: Lines, sight: Sight, equations: Sequence[Equation]) -> Settled:
    """What all readings of the printed lines agree on. Raises TooWideError."""
    choices = {line.row.id: row_choices(line, sight, equations, grid) for line in lines if line.row}
    if not all(choices.values()):
        return Settled(False)
    search = _Search(grid, choices, equations)
    return search.backbone()


def row_choices(line: Line, sight: Sight, equations: Sequence[Equation], grid: Grid) -> list[Choice]:
    """Readings of one line that its own sums allow."""
    assert line.row is not None
    holds = _row_test(grid, line.row, equations)
    readings = _readings(line, line.row, sight, _blocks(grid, line.row, equations))
    return list(dict.fromkeys(choice for choice in readings if holds(choice)))


def _row_test(grid: Grid, row: Row, equations: Sequence[Equation]) -> Callable[[Choice], bool]:
    paths = grid.paths(row)
    own = [e for e in equations if set(e.paths) <= set(paths)]

    def holds(choice: Choice) -> bool:
        values = dict(zip(paths, choice, strict=True))
        return all(_agrees(e, values) for e in own)

    return holds


def _agrees(equation: Equation, values: Mapping[str, Value]) -> bool:
    if any(values[path] is None for path in equation.totals):
        return True
    return sum(values[p] or 0 for p in equation.left) == sum(values[p] or 0 for p in equation.right)


def _readings(line: Line, row: Row, sight: Sight, blocks: Sequence[int]) -> Iterable[Choice]:
    width = len(row.columns)
    if sight == "run":
        run = "".join(line.figures).translate(_GLYPHS)
        return splits(run, row.columns, blocks)
    if sight != "cells" and any(text.strip() in BLANK_MARKS for text in line.figures if text.strip()):
        return _fitted(tuple(figure(text) for text in line.figures if text.strip()), width)
    cells = tuple(figure(text) for text in line.figures)
    if sight == "windows":
        return _windows(_stripped(cells), width)
    return _fitted(cells if sight == "cells" else tuple(v for v in cells if v is not None), width)


def _blocks(grid: Grid, row: Row, equations: Sequence[Equation]) -> tuple[int, ...]:
    """Lengths of the runs of cells that end on their own total; () where the row has none."""
    paths = grid.paths(row)
    place = {path: i for i, path in enumerate(paths)}
    ends = sorted(place[e.right[0]] + 1 for e in equations if set(e.paths) <= set(paths))
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))


def _fitted(shown: Choice, width: int) -> Iterator[Choice]:
    """The row's cells from what is shown: as it is, with blanks put in, or with cells left out."""
    if len(shown) >= width:
        for kept in combinations(range(len(shown)), width):
            yield tuple(shown[i] for i in kept)
        return
    for places in combinations(range(width), len(shown)):
        filled = dict(zip(places, shown, strict=True))
        yield tuple(filled.get(i) for i in range(width))


def _stripped(cells: Choice) -> Choice:
    printed = [i for i, value in enumerate(cells) if value is not None]
    return cells[printed[0] : printed[-1] + 1] if printed else ()


def _windows(cells: Choice, width: int) -> Iterator[Choice]:
    for lead in range(width - len(cells) + 1):
        yield ((None,) * lead + cells + (None,) * width)[:width]


class _Search:
    """Backtracking over the rows, cut off where a sum can no longer hold."""

    def __init__(self, grid: Grid, choices: Mapping[str, list[Choice]], equations: Sequence[Equation]) -> None:
        self.rows = sorted((row for row in grid.rows if row.id in choices), key=lambda row: len(choices[row.id]))
        self.paths = {row.id: grid.paths(row) for row in self.rows}
        self.choices = dict(choices)
        known = {path for paths in self.paths.values() for path in paths}
        self.equations = [
            e
            for e in equations
            if all(path in known for path in e.paths)
            and not any(set(e.paths) <= set(paths) for paths in self.paths.values())
        ]

    def backbone(self) -> Settled:
        """The figures on which all solutions agree: one solution, then for each open cell another that differs."""
        first = self._solution(self.choices)
        if first is None:
            return Settled(False)
        agreed = dict(first)
        unproved = [
            (row, i) for row in self.paths for i in range(len(self.paths[row])) if self._varies(self.choices, row, i)
        ]
        for row, i in unproved:
            path = self.paths[row][i]
            if path not in agreed:
                continue
            kept = [choice for choice in self.choices[row] if not _same(choice[i], agreed[path])]
            other = self._solution({**self.choices, row: kept}) if kept else None
            if other is not None:
                agreed = {p: v for p, v in agreed.items() if _same(other[p], v)}
        return Settled(True, agreed, tuple(p for p in first if p not in agreed))

    @staticmethod
    def _varies(choices: Mapping[str, list[Choice]], row: str, i: int) -> bool:
        return any(not _same(choice[i], choices[row][0][i]) for choice in choices[row])

    def _solution(self, choices: Mapping[str, list[Choice]]) -> dict[str, Value] | None:
        order = sorted(self.rows, key=lambda row: len(choices[row.id]))
        sums = [_Sum(e, order, self.paths, choices) for e in self.equations]
        chosen: dict[str, Choice] = {}
        return self._extend(0, order, choices, sums, chosen, _Steps())

    def _extend(
        self,
        at: int,
        order: list[Row],
        choices: Mapping[str, list[Choice]],
        sums: list[_Sum],
        chosen: dict[str, Choice],
        steps: _Steps,
    ) -> dict[str, Value] | None:
        if at == len(order):
            return {p: v for row, choice in chosen.items() for p, v in zip(self.paths[row], choice, strict=True)}
        row = order[at].id
        touched = [s for s in sums if row in s.rows]
        for choice in choices[row]:
            steps.take()
            for one in touched:
                one.add(row, choice, 1)
            chosen[row] = choice
            if all(one.possible(at) for one in touched):
                found = self._extend(at + 1, order, choices, sums, chosen, steps)
                if found is not None:
                    return found
            for one in touched:
                one.add(row, choice, -1)
            del chosen[row]
        return None


class _Sum:
    """One equation over several rows while rows are being chosen."""

    def __init__(
        self,
        equation: Equation,
        order: list[Row],
        paths: Mapping[str, tuple[str, ...]],
        choices: Mapping[str, list[Choice]],
    ) -> None:
        signs = dict.fromkeys(equation.left, 1) | dict.fromkeys(equation.right, -1)
        self.cells = {
            row.id: [(i, signs[p], p in equation.totals) for i, p in enumerate(paths[row.id]) if p in signs]
            for row in order
        }
        self.rows = {row for row, cells in self.cells.items() if cells}
        self.difference = Decimal(0)
        self.silent = 0
        self.reach = self._reach(order, choices)

    def _reach(self, order: list[Row], choices: Mapping[str, list[Choice]]) -> list[tuple[Decimal, Decimal, bool]]:
        """For each depth: the least and most the rows after it can add, and whether one may leave a total blank."""
        low, high, blank = Decimal(0), Decimal(0), False
        reach = [(low, high, blank)]
        for row in reversed(order[1:]):
            cells = self.cells[row.id]
            if cells:
                parts = [sum((sign * (c[i] or 0) for i, sign, _ in cells), Decimal(0)) for c in choices[row.id]]
                low, high = low + min(parts, default=Decimal(0)), high + max(parts, default=Decimal(0))
                blank = blank or any(c[i] is None for c in choices[row.id] for i, _, total in cells if total)
            reach.append((low, high, blank))
        return reach[::-1]

    def add(self, row: str, choice: Choice, times: int) -> None:
        for i, sign, total in self.cells[row]:
            value = choice[i]
            self.difference += times * sign * (value or 0)
            self.silent += times * (total and value is None)

    def possible(self, at: int) -> bool:
        low, high, blank = self.reach[at]
        return self.silent > 0 or blank or low <= -self.difference <= high


def _same(a: Value, b: Value) -> bool:
    return a == b and (a is None) == (b is None)
