"""Blank cells that show only as longer gaps between lines: which cell each figure stands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import NamedTuple

from agent.cells import Strip

_MANY = 4  # rows
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Gaps:
    """How the rows of a table that show no cells are set apart.

    ``steps``: line ends from cell to cell; a table that shows none borrows the others'. ``tails``: line ends
    behind the last cell of a row, before the next label. ``last``: where the last row ends, and ``tail`` the line
    ends behind it; ``ends``: those of the other tables. ``header_break``: line ends between the rows of its header.
    """

    steps: tuple[int, ...] = ()
    tails: frozenset[int] = frozenset()
    last: int = -1
    tail: int | None = None
    ends: frozenset[int] = frozenset()
    header_break: int | None = None


class Placed(NamedTuple):
    """The cell of each token. ``shown``: each blank cell is seen, also those behind the last token."""

    at: tuple[int, ...]
    shown: bool


def gaps(rows: Sequence[tuple[Strip, int]]) -> Gaps:
    """The gaps of a table, from its strips and how many cells each should have."""
    apart = [(strip, n) for strip, n in rows if strip.cells is None]
    steps = _steps(apart)
    if not apart:
        return Gaps(steps)
    *rows_before, (last, width) = apart
    tail = _behind(last, width, steps[0]) if steps else None
    return Gaps(steps, _tails(rows_before, steps), last.end, tail)


def _tails(rows: Sequence[tuple[Strip, int]], steps: Sequence[int]) -> frozenset[int]:
    """Line ends behind the rows whose last cell is filled; where none is, those that nearly all rows have."""
    behind = [(_behind(strip, n, step), strip.tail) for strip, n in rows for step in steps]
    whole = frozenset(tail for found, tail in behind if found == tail)
    if whole or len(behind) < _MANY:
        return whole
    likely, count = Counter(found for found, _ in behind).most_common(1)[0]
    return frozenset([likely]) if likely and count >= _NEARLY_ALL * len(behind) else frozenset()


def _steps(apart: Sequence[tuple[Strip, int]]) -> tuple[int, ...]:
    """The step of the rows that have all their cells, or else the one all gaps of the table have."""
    full = {gap for strip, n in apart if len(strip.tokens) == n > 1 for gap in strip.gaps[1:]}
    if full:
        return tuple(full) if len(full) == 1 and 0 not in full else ()
    found = {gap for strip, _ in apart for gap in strip.gaps}
    return (min(found),) if len(apart) > 1 and 0 not in found and gcd(*found) == min(found) else ()


def _behind(strip: Strip, n: int, step: int) -> int | None:
    """Line ends behind the row's last cell, filled or blank; None where its first cell cannot be told."""
    if len(strip.tokens) == n:
        return strip.tail
    first = _leading(strip, step)
    return None if first is None else strip.tail - step * (n - 1 - first - _between(strip, step)[-1])


def placed(strip: Strip, n: int, habit: Gaps, *, flat: bool) -> Placed | None:
    """Where the tokens stand in a row of ``n`` cells; None where the gaps do not tell.

    ``flat``: a row break stands before the first cell.
    """
    inner = strip.gaps[1:]
    if any(gap == 0 for gap in strip.gaps):
        return None
    known = [step for step in habit.steps if not any(gap % step for gap in inner)]
    found = {_placed(strip, n, step, habit, flat=flat) for step in known} - {None}
    own = gcd(*inner) if inner else 0
    if not found and own and own == min(inner):
        found = {_placed(strip, n, own, habit, flat=flat)}
    return found.pop() if len(found) == 1 else None


def _placed(strip: Strip, n: int, step: int, habit: Gaps, *, flat: bool) -> Placed | None:
    """The cells of the tokens if cells are ``step`` line ends apart."""
    between = _between(strip, step)
    spare = n - 1 - between[-1]
    first = _first(strip, spare, step, habit.header_break) if flat else _leading(strip, step)
    if first is None or not 0 <= first <= spare:
        return None
    trailing = spare - first
    room = strip.tail - 1 == trailing if step == 1 else strip.tail >= step * (trailing + 1)
    at = tuple(first + place for place in between)
    if strip.end == habit.last:  # the gap behind a table is another than between its rows
        as_elsewhere = habit.ends == {strip.tail - step * trailing}
        return Placed(at, shown=trailing == 0 or as_elsewhere) if room else None
    exact = {strip.tail - tail for tail in habit.tails}
    if step * trailing in exact:
        return Placed(at, shown=len(exact) == 1)
    return Placed(at, shown=False) if room and not exact else None


def _between(strip: Strip, step: int) -> tuple[int, ...]:
    """How many cells behind the first token each token stands."""
    return tuple(accumulate((gap // step for gap in strip.gaps[1:]), initial=0))


def _leading(strip: Strip, step: int) -> int | None:
    """Blank cells between a label and the first token."""
    return None if strip.gaps[0] % step else strip.gaps[0] // step - 1


def _first(strip: Strip, spare: int, step: int, header_break: int | None) -> int | None:
    """The same behind a header, where a row break stands before the first cell, as between the header's rows."""
    if spare == 0:
        return 0
    if header_break is not None and header_break >= step:
        blanks, rest = divmod(strip.gaps[0] - header_break, step)
        return None if rest else blanks
    most = (strip.gaps[0] - step) // step
    least = max(0, spare - strip.tail // step)
    return least if least == most else None
