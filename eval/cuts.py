"""All ways to cut a run of digits into the cells of its row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, combinations

from schemas.form import Column

Value = int | Decimal | None
Choice = tuple[Value, ...]
"""One reading of a row."""

MAX_CHOICES = 20_000
BLANK_MARKS = frozenset("-—－–/无")
_PATTERNS = {
    "count": r"0|[1-9]\d*",
    "change": r"0|-?[1-9]\d*",
    "amount": r"(?:0|[1-9]\d*)(?:\.\d+)?",
}


class TooWideError(Exception):
    """More readings than can be enumerated: nothing is known about what the text settles."""


def splits(run: str, columns: Sequence[Column], blocks: Sequence[int] = ()) -> Iterator[Choice]:
    """All ways to cut the run into the row's cells; with blanks only where it cannot be cut without."""
    patterns = [re.compile(_PATTERNS[column.kind]) for column in columns]
    if any(char in BLANK_MARKS for char in run) and all(column.kind != "change" for column in columns):
        yield from _marked(run, len(columns), blocks)
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


def _marked(run: str, width: int, blocks: Sequence[int]) -> Iterator[Choice]:
    ends = list(accumulate(blocks))
    begins = dict(zip(ends, [0, *ends], strict=False))
    return _Marked(run, width, begins).all(0, ())


@dataclass
class _Marked:
    """Cuts of a run in which a blank is printed as a mark, so that every cell is shown.

    ``begins``: where the block of cells begins that ends before a cell, by that cell.
    """

    run: str
    width: int
    begins: Mapping[int, int]
    steps: int = 400_000

    def all(self, at: int, done: Choice) -> Iterator[Choice]:
        """Cuts of the run from ``at`` behind the cells that are done."""
        self.steps -= 1
        if self.steps < 0:
            raise TooWideError
        cell, left = len(done), len(self.run) - at
        if cell in self.begins and not _adds_up(done[self.begins[cell] :]):
            return
        if cell == self.width or left < self.width - cell:
            yield from () if left or cell < self.width else (done,)
        elif self.run[at] in BLANK_MARKS:
            yield from self.all(at + 1, (*done, None))
        elif whole := re.compile(r"\d+").match(self.run, at):
            for end in range(at + 1, at + 2 if self.run[at] == "0" else whole.end() + 1):
                yield from self.all(end, (*done, int(self.run[at:end])))


def _adds_up(block: Choice) -> bool:
    *parts, total = block
    return total is None or sum(part or 0 for part in parts) == total
