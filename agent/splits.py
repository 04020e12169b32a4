"""A run of glued digits, split into the cells of a row in every way the row's own sums allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from agent.outcome import Number
from agent.tokens import value_of
from schemas.form import Kind

Split = tuple[str, ...]
Blanks = Literal["none", "parts", "any"]

_CELL = {
    "count": re.compile(r"0|[1-9]\d{0,8}|[-/无]"),
    "change": re.compile(r"0|-?[1-9]\d{0,8}|[/无]"),
    "amount": re.compile(r"(?:0|[1-9]\d{0,11})(?:\.\d+)?|[-/无]"),
}


@dataclass(frozen=True)
class LocalSum:
    """A sum within one row: positions of its parts and of its total."""

    parts: tuple[int, ...]
    total: int

    def holds(self, values: Sequence[Number | None]) -> bool:
        """Whether the total is the sum of the parts; a blank total says nothing, a blank part is 0."""
        total = values[self.total]
        return total is None or total == sum((values[p] or 0 for p in self.parts), 0)


class BoundError(Exception):
    """More ways than may be looked at."""


@dataclass
class Bound:
    """How many ways may be found and how many steps taken, over all searches for one row."""

    ways: int = 4000
    steps: int = 60_000

    def step(self) -> None:
        """Count a step. Raises BoundError where none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise BoundError


def splits(
    runs: Sequence[str], kinds: Sequence[Kind], sums: Sequence[LocalSum], bound: Bound, blanks: Blanks = "none"
) -> list[Split]:
    """All ways to cut ``runs`` into ``len(kinds)`` cells that satisfy ``sums``; a cell never spans two runs.

    ``blanks``: which cells may be empty, because blanks were lost on the way: none, parts (all but totals), any.
    Works from the last cell backward: a total stands behind its parts, so it bounds them.
    Raises BoundError past ``bound``.
    """
    text = "".join(runs)
    cuts = {0}
    for run in runs:
        cuts.add(max(cuts) + len(run))
    search = _Search(text, frozenset(cuts), tuple(kinds), _in_order(sums), bound, blanks)
    found = search.ways(len(text), len(kinds) - 1, None)
    bound.ways -= len(found)
    return [way for way in found if all(s.holds(_values(way, kinds)) for s in sums)]


def _in_order(sums: Sequence[LocalSum]) -> dict[int, LocalSum]:
    """By position of the total: the sums whose parts stand right before it, so that it bounds them."""
    return {s.total: s for s in sums if s.parts == tuple(range(s.total - len(s.parts), s.total))}


def _values(way: Split, kinds: Sequence[Kind]) -> list[Number | None]:
    return [value_of(text, kind) for text, kind in zip(way, kinds, strict=True)]


@dataclass
class _Search:
    text: str
    cuts: frozenset[int]
    kinds: tuple[Kind, ...]
    sums: dict[int, LocalSum]
    bound: Bound
    blanks: Blanks
    known: dict[tuple[int, int], list[Split]] = field(default_factory=dict)
    reached: dict[tuple[int, int], frozenset[Number]] = field(default_factory=dict)

    def ways(self, end: int, index: int, open_sum: _Open | None) -> list[Split]:
        """Ways to cut ``text[:end]`` into the cells up to ``index``; ``open_sum``: what is left of the total behind.

        Where no sum is open, what stands behind does not matter, so it is worked out once.
        """
        if index < 0:
            return [()] if end == 0 else []
        if open_sum is not None:
            return self._search(end, index, open_sum)
        if (end, index) not in self.known:
            self.known[end, index] = self._search(end, index, None)
        return self.known[end, index]

    def _search(self, end: int, index: int, open_sum: _Open | None) -> list[Split]:
        self.bound.step()
        found: list[Split] = []
        if self.blanks == "none" and not self._may_hold(end, index, open_sum):
            return found
        for start, value in self._cells(end, index):
            if open_sum is not None and (value or 0) > open_sum.left:
                break
            rest = self._rest(index, value, open_sum)
            if rest is not False:
                found += [(*before, self.text[start:end]) for before in self.ways(start, index - 1, rest)]
            if len(found) > self.bound.ways:
                raise BoundError
        return found

    def _may_hold(self, end: int, index: int, open_sum: _Open | None) -> bool:
        """Whether the letters left can be the cells left, and three cells left what is left of a sum."""
        if not _room(end, index, open_sum):
            return False
        first_three = open_sum is not None and open_sum.first == 0 and index == 2
        return not first_three or (open_sum is not None and open_sum.left in self._sums_of(end, index))

    def _sums_of(self, end: int, index: int) -> frozenset[Number]:
        """All sums of the cells up to ``index`` that ``text[:end]`` can be cut into."""
        if index < 0:
            return frozenset([0] if end == 0 else [])
        if (end, index) not in self.reached:
            cells = [(start, value or 0) for start, value in self._cells(end, index)]
            self.reached[end, index] = frozenset(
                before + value for start, value in cells for before in self._sums_of(start, index - 1)
            )
        return self.reached[end, index]

    def _cells(self, end: int, index: int) -> Iterator[tuple[int, Number | None]]:
        """The cells that may end here, shortest first: where each begins, and its value (None: blank)."""
        if self.blanks == "any" or (self.blanks == "parts" and index not in self.sums):
            yield end, None
        kind = self.kinds[index]
        for start in range(end - 1, max(-1, end - 20), -1):
            cell = self.text[start:end]
            if _CELL[kind].fullmatch(cell):
                yield start, int(cell) if cell.isdigit() else value_of(cell, kind)
            if start in self.cuts:
                break

    def _rest(self, index: int, value: Number | None, open_sum: _Open | None) -> _Open | Literal[False] | None:
        """The sum that is open before this cell: False where it cannot hold any more."""
        if index in self.sums:
            return _Open(value, self.sums[index].parts[0]) if value is not None else None
        if open_sum is None:
            return None
        left = open_sum.left - (value or 0)
        if index == open_sum.first:
            return None if left == 0 else False
        return _Open(left, open_sum.first)


class _Open(NamedTuple):
    """A sum whose total is known: what is left of it, and the position of its first part."""

    left: Number
    first: int


def _room(end: int, index: int, open_sum: _Open | None) -> bool:
    """Whether the letters left can be the cells left: one each at least, none longer than what is left of a sum."""
    if end <= index:
        return False
    return open_sum is None or open_sum.first > 0 or end <= (index + 1) * max(1, len(str(open_sum.left)))
