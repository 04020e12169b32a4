"""A run of glued digits, split into the cells of a row in every way the row's own sums allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

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
        if self.steps < 0 or self.ways < 0:
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
    search = _Search(text, frozenset(cuts), tuple(kinds), tuple(sums), bound, blanks)
    return list(search.ways(len(text), len(kinds) - 1, ()))


@dataclass
class _Search:
    text: str
    cuts: frozenset[int]
    kinds: tuple[Kind, ...]
    sums: tuple[LocalSum, ...]
    bound: Bound
    blanks: Blanks

    def ways(self, end: int, index: int, behind: tuple[str, ...]) -> Iterator[Split]:
        self.bound.step()
        if index < 0:
            if end == 0:
                self.bound.ways -= 1
                yield behind
            return
        if end <= index and self.blanks == "none":
            return
        limit = self._limit(index, behind)
        if self._may_be_blank(index) and self._fits(index, 0, limit):
            yield from self.ways(end, index - 1, ("", *behind))
        for start in range(end - 1, max(-1, end - 20), -1):
            cell = self.text[start:end]
            if _CELL[self.kinds[index]].fullmatch(cell):
                value = value_of(cell, self.kinds[index]) or 0
                if limit is not None and value > limit:
                    break
                if self._fits(index, value, limit):
                    yield from self.ways(start, index - 1, (cell, *behind))
            if start in self.cuts:
                break

    def _may_be_blank(self, index: int) -> bool:
        return self.blanks == "any" or (self.blanks == "parts" and not any(s.total == index for s in self.sums))

    def _sum_of(self, index: int) -> LocalSum | None:
        return next((s for s in self.sums if index in s.parts and s.total > index), None)

    def _limit(self, index: int, behind: tuple[str, ...]) -> Number | None:
        """What is left of the total for this part, where the total is already known."""
        local = self._sum_of(index)
        if local is None:
            return None
        offset = index + 1
        total = value_of(behind[local.total - offset], self.kinds[local.total])
        if total is None:
            return None
        used = sum((value_of(behind[p - offset], self.kinds[p]) or 0 for p in local.parts if p > index), Decimal(0))
        return Decimal(total) - used

    def _fits(self, index: int, value: Number, limit: Number | None) -> bool:
        """A sum's first part must take all that is left."""
        local = self._sum_of(index)
        return limit is None or local is None or index != min(local.parts) or value == limit
