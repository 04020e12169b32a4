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

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations, product
from typing import Literal

from eval.printed import Line, Lines
from schemas.form import Column, Equation, Grid, Row

Sight = Literal["cells", "windows", "tokens", "run"]
"""What a layout shows of a row: every cell with its blanks in its column, cells in their order between an
unknown number of empty ones, the printed figures alone, or one run of characters."""

Value = int | Decimal | None
Choice = tuple[Value, ...]
"""One reading of a row."""

MAX_STEPS = 60_000
MAX_CHOICES = 20_000

_BLANK = frozenset("-—－–/无")
_GLYPHS = str.maketrans("０１２３４５６７８９．OoＯ〇○lI｜|，－−", "0123456789.000001111,--")
_PATTERNS = {
    "count": r"0|[1-9]\d*",
    "change": r"0|-?[1-9]\d*",
    "amount": r"(?:0|[1-9]\d*)(?:\.\d+)?",
}


class TooWideError(Exception):
    """More readings than can be enumerated: nothing is known about what the text settles."""


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
    if not text or text in _BLANK:
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
    if any(text.strip() in _BLANK for text in line.figures if text.strip()):
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


def splits(run: str, columns: Sequence[Column], blocks: Sequence[int] = ()) -> Iterator[Choice]:
    """All ways to cut the run into the row's cells; with blanks only where it cannot be cut without."""
    patterns = [re.compile(_PATTERNS[column.kind]) for column in columns]
    if any(char in _BLANK for char in run) and all(column.kind != "change" for column in columns):
        yield from _marked(run, len(columns))
    elif _can_cut(run, patterns):
        yield from _Cut(run, patterns, tuple(blocks)).all(0, 0, 0)
    else:
        yield from _blank_splits(run, patterns)


def _can_cut(run: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    ends = {0}
    for pattern in patterns:
        ends = {b for a in ends for b in range(a + 1, len(run) + 1) if pattern.fullmatch(run[a:b])}
    return len(run) in ends


@dataclass
class _Cut:
    """Cuts of a run; where a block of cells ends on its total, only those in which the total is their sum."""

    run: str
    patterns: Sequence[re.Pattern[str]]
    blocks: tuple[int, ...]
    steps: int = 400_000

    def all(self, at: int, cell: int, block: int) -> Iterator[Choice]:
        """Cuts of the run from ``at`` into the cells from ``cell`` on."""
        if cell == len(self.patterns):
            if at == len(self.run):
                yield ()
            return
        size = self.blocks[block] if self.blocks else 1
        last = cell + size == len(self.patterns)
        for head, end in self._block(at, cell, size, last):
            for tail in self.all(end, cell + size, block + 1):
                yield head + tail

    def _block(self, at: int, cell: int, size: int, last: bool) -> Iterator[tuple[Choice, int]]:
        if size == 1:
            yield from (((_number(piece),), end) for piece, end in self._pieces(at, cell))
        elif last:
            # The last total ends the run: fixing it first keeps the sum of the others in sight.
            for start in range(at + size - 1, len(self.run)):
                if self.run[start] != "0" or start == len(self.run) - 1:
                    total = int(self.run[start:])
                    for parts in self._summing(at, start, size - 1, total):
                        yield (*parts, total), len(self.run)
        else:
            for parts, end in self._parts(at, cell, size - 1, 10**8):
                printed = str(sum(parts))
                if self.run.startswith(printed, end):
                    yield (*parts, int(printed)), end + len(printed)

    def _summing(self, at: int, stop: int, count: int, total: int) -> Iterator[tuple[int, ...]]:
        """Cuts of the run between ``at`` and ``stop`` into ``count`` figures with this sum."""
        self._step()
        if count == 1:
            if self.run[at:stop] == str(total):
                yield (total,)
            return
        # No figure is longer than the sum, and the largest is no smaller than the sum's share.
        length, share = stop - at, -(-total // count)
        if not len(str(share)) + count - 1 <= length <= count * len(str(total)):
            return
        for end in range(at + 1, min(at + len(str(total)), stop - count + 1) + 1):
            piece = int(self.run[at:end])
            if piece > total:
                return
            for rest in self._summing(end, stop, count - 1, total - piece):
                yield (piece, *rest)
            if not piece:
                return

    def _step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise TooWideError

    def _parts(self, at: int, cell: int, count: int, most: int) -> Iterator[tuple[tuple[int, ...], int]]:
        if not count:
            yield (), at
            return
        for piece, end in self._pieces(at, cell):
            if int(piece) > most:
                break
            for rest, stop in self._parts(end, cell + 1, count - 1, most - int(piece)):
                yield (int(piece), *rest), stop

    def _pieces(self, at: int, cell: int) -> Iterator[tuple[str, int]]:
        for end in range(at + 1, len(self.run) - (len(self.patterns) - cell - 1) + 1):
            self._step()
            if self.patterns[cell].fullmatch(self.run[at:end]):
                yield self.run[at:end], end


def _number(piece: str) -> int | Decimal:
    return Decimal(piece) if "." in piece else int(piece)


def _blank_splits(run: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Choice]:
    """Cuts of the run into fewer pieces than cells, the rest blank."""
    width = len(patterns)
    seen = 0
    for count in range(min(width - 1, len(run)) + 1):
        for places in combinations(range(width), count):
            for choice in _Cut(run, [patterns[i] for i in places], ()).all(0, 0, 0):
                seen += 1
                if seen > MAX_CHOICES:
                    raise TooWideError
                filled = dict(zip(places, choice, strict=True))
                yield tuple(filled.get(i) for i in range(width))


def _marked(run: str, width: int) -> Iterator[Choice]:
    """Cuts of a run in which a blank is printed as a mark, so that every cell is shown."""
    parts = re.findall(r"[-—－–/无]|[^-—－–/无]+", run)
    room = width - sum(part in _BLANK for part in parts)
    digits = [part for part in parts if part not in _BLANK]
    for sizes in product(range(1, room + 1), repeat=len(digits)):
        if sum(sizes) != room:
            continue
        size = iter(sizes)
        cut = [[(None,)] if part in _BLANK else list(_plain(part, next(size))) for part in parts]
        for pieces in product(*cut):
            yield tuple(value for piece in pieces for value in piece)


def _plain(run: str, count: int) -> Iterator[Choice]:
    count_pattern = re.compile(_PATTERNS["count"])
    yield from _Cut(run, [count_pattern] * count, ()).all(0, 0, 0)


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
