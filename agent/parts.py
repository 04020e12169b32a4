"""Lines that state a figure once more by its parts: a summary of taxes, the totals of groups of entries.

Parts explain a figure that is used and no other: they add up to it, below the list, behind labels of
their own. What was passed over and stands elsewhere, or adds up to anything else, stays unexplained.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

from agent.amounts import Printed
from agent.places import Text

_LONGEST = 6
"""Lines of a summary at most."""
_HEADS = 3
"""Lines without an amount that may head the columns of a summary."""


@dataclass(frozen=True)
class _Line:
    number: int
    values: tuple[Decimal, ...]


def restated(text: Text, totals: Mapping[str, Printed], after: int, taken_off: Collection[str]) -> frozenset[int]:
    """The lines below ``after`` whose amounts add up to one of ``totals``, by the name of the figure.

    ``taken_off``: figures that sums only take off; a line that prints one is no part of anything.
    """
    found: set[int] = set()
    for name, total in totals.items():
        beside = {part for parts in _splits(text, name) for part in parts}
        lines = [
            _Line(number, values)
            for number in range(after + 1, len(text.printed) + 1)
            if (
                values := tuple(one.value for one in text.on(number) if one.money and one.value not in (0, total.value))
            )
            and not text.labels(number) & {*taken_off}
        ]
        for run in _runs(lines):
            if sum(value for line in run for value in line.values) == total.value and (
                _summary(run, text, beside) or _groups(run, text, name, total.line)
            ):
                found |= {line.number for line in run}
    return frozenset(found)


def _splits(text: Text, name: str) -> Iterator[frozenset[str]]:
    """The figures of each sum of the form by which this one is the sum of others alone."""
    for its in text.free.identities:
        for one in its.sums:
            for whole, parts in ((one.right, one.left), (one.left, one.right)):
                plain = all(len(t.names) == 1 and t.sign == 1 and not (t.optional or t.summed) for t in one.terms)
                if plain and not one.each and [t.names for t in whole] == [(name,)] and len(parts) > 1:
                    yield frozenset(term.names[0] for term in parts)


def _runs(lines: Sequence[_Line]) -> Iterator[Sequence[_Line]]:
    """Lines that stand one below the other."""
    for first in range(len(lines)):
        for last in range(first, min(first + _LONGEST, len(lines))):
            if lines[last].number - lines[first].number != last - first:
                break
            yield lines[first : last + 1]


def _summary(run: Sequence[_Line], text: Text, parts: Collection[str]) -> bool:
    """Whether each line prints parts side by side, named by itself or by the heads of its columns."""
    if not parts or not any(len(line.values) > 1 for line in run) or any(len(line.values) > len(parts) for line in run):
        return False
    heads = _heads(run[0].number, text)
    return all((text.labels(line.number) | heads) & {*parts} for line in run)


def _heads(number: int, text: Text) -> frozenset[str]:
    """The labels of the lines without an amount above a line and those like it."""

    def amounts(line: int) -> bool:
        return any(one.money for one in text.on(line))

    above = range(number - 1, 0, -1)
    beside = len(list(takewhile(amounts, above)))
    heads = list(takewhile(lambda line: not amounts(line), above[beside:]))[:_HEADS]
    return frozenset().union(*map(text.labels, heads)) if beside <= _LONGEST else frozenset()


def _groups(run: Sequence[_Line], text: Text, name: str, before: int) -> bool:
    """Whether each line prints one amount behind the label of the figure itself, above it: a total of some entries.

    Below it, what adds up to it may be what was taken off and what is left to pay.
    """
    labelled = all(len(line.values) == 1 and name in text.labels(line.number) for line in run)
    return labelled and len(run) > 1 and run[-1].number < before
