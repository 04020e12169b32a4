"""The amounts of a text that a reading leaves over: each is explained for a reason, or the reading is not the whole."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from agent.amounts import Printed
from agent.outcome import Reading
from agent.parts import restated
from agent.places import Match, Text, anchor, entries
from agent.squeeze import normal

REPEATS = "repeats a figure that is used"
ZERO = "is zero"
ADDS_UP = "adds up entries above it"
BESIDE = "stands beside an entry's own figures"
RESTATED = "states a figure that is used once more, by its parts"
PRICE = "is a price, and comes to the amount of an entry beside it"


@dataclass(frozen=True)
class Leftovers:
    """``unexplained``: lines with an amount that nothing accounts for. ``ignored``: by line, why it is not used."""

    unexplained: tuple[int, ...]
    ignored: Mapping[int, str]


def leftovers(
    reading: Reading, found: Mapping[str, Match], trusted: Collection[str], dropped: Collection[str], text: Text
) -> Leftovers:
    """What the reading leaves over of the text.

    ``trusted``: figures whose value explains that it is printed again. ``dropped``: those left out of the record.
    """
    scope = _Scope.of(reading, found, trusted, dropped, text)
    unexplained: list[int] = []
    ignored: dict[int, str] = {}
    for number in scope.lines():
        for one in text.on(number):
            if not scope.counts(one) or (one.line, one.start) in scope.used:
                continue
            reason = scope.reason(one)
            if reason:
                ignored[number] = reason
            else:
                unexplained.append(number)
    return Leftovers(tuple(dict.fromkeys(unexplained)), ignored)


@dataclass(frozen=True)
class _Scope:
    """What of a text must be accounted for, and by what."""

    text: Text
    used: frozenset[tuple[int, int]]
    values: frozenset[Decimal]
    runs: Mapping[int, frozenset[Decimal]]
    anchors: tuple[int, ...]
    amounts: Mapping[int, Printed]
    block: tuple[int, int]
    listed: int
    whole: bool
    taken_off: Mapping[str, Decimal | None]
    optional: Mapping[str, Decimal | None]
    restated: frozenset[int]

    @classmethod
    def of(
        cls,
        reading: Reading,
        found: Mapping[str, Match],
        trusted: Collection[str],
        dropped: Collection[str],
        text: Text,
    ) -> _Scope:
        sound = {path: one.printed for path, one in found.items() if one.printed and not one.problem}
        kinds = {path: text.free.figure(path) for path in sound}
        money = {path: p for path, p in sound.items() if (f := kinds[path]) and f.kind == "amount"}
        most = max((abs(p.value) for path, p in money.items() if path in trusted), default=Decimal(0))
        taken_off = _taken_off(text)
        used = {
            (p.line, p.start)
            for path, p in sound.items()
            if path in trusted
            or (
                _alone(path, p.line, text)
                and (path not in dropped or (path not in taken_off and 2 * abs(p.value) < most))
            )
        }
        anchors = sorted(
            line
            for listed in text.free.lists
            for index in range(entries(reading, listed))
            if (line := anchor(reading, listed, index))
        )
        scalars = sorted(p.line for path, p in sound.items() if (f := kinds[path]) and f.id == path)
        after = [line for line in scalars if anchors and line > anchors[-1]]
        block = (anchors[0], (after[0] - 1) if after else anchors[-1]) if anchors else (0, -1)
        ends = [p.line for path, p in sound.items() if (f := kinds[path]) and f.id == path and f.required]
        listed = min((line for line in ends if anchors and line > anchors[-1]), default=len(text.printed) + 1) - 1
        values = frozenset(abs(Decimal(v)) for p in money if p in trusted and (v := found[p].figure.value) is not None)
        amounts = {p.line: p for path, p in money.items() if (f := kinds[path]) and f.id != path and f.required}
        whole = bool(money) and not any(p.money for p in money.values())
        stated = {path: abs(p.value) for path, p in sound.items() if path in trusted}
        off, optional = ({path: stated.get(path) for path in paths} for paths in (taken_off, _optional(text)))
        runs = dict(_runs(reading, sound, text))
        totals = {path: p for path, p in money.items() if path in trusted and path in text.free.required}
        again = restated(text, totals, anchors[-1] if anchors else 0, taken_off)
        return cls(
            text, frozenset(used), values, runs, tuple(anchors), amounts, block, listed, whole, off, optional, again
        )

    def lines(self) -> Iterator[int]:
        """The lines whose amounts must be accounted for."""
        if self.text.free.account_for == "document":
            yield from range(1, len(self.text.printed) + 1)
        elif self.text.free.account_for == "list":
            yield from range(self.block[0], self.block[1] + 1)

    def _beside(self, one: Printed) -> bool:
        """Whether it is a column before an entry's amount, or a lesser one behind it: a price, a tax."""
        own = self.amounts.get(one.line)
        return own is not None and (one.start < own.start or abs(one.value) < abs(own.value))

    def counts(self, one: Printed) -> bool:
        """Whether a figure is an amount; where all amounts are whole numbers, the last of a line may be one."""
        last = self.text.on(one.line)[-1] == one
        if one.money or (one.odd and one.places == 2 and last):
            return True
        if not self.whole or one.rate or one.places:
            return False
        return last and (self.block[0] <= one.line <= self.block[1] or bool(self.text.labels(one.line)))

    def _may_repeat(self, one: Printed) -> bool:
        """Whether it may be another print of a figure that is used, and is none that was passed over.

        An entry may cost what another does, and what is taken off may be as much as an entry: passed over
        together they leave every sum as it is.
        """
        labels = self.text.labels(one.line)
        own_values = self.taken_off if one.line > self.listed else {**self.optional, **self.taken_off}
        if labels and labels <= own_values.keys():
            # What counts as nothing where it is absent could be passed over: another of as much is no print of it.
            return any(abs(other.value) in map(own_values.get, labels) for other in self.text.on(one.line))
        if (own := self.amounts.get(one.line)) is not None:
            return abs(one.value) == abs(own.value)
        if not self.anchors or one.line > self.listed or self.text.mentions(one.line):
            return True
        return one.value > 0 and self.text.wordless(one.line) and not self._named_above(one.line)

    def _named_above(self, line: int) -> bool:
        """Whether the line above names what this one states: words, and no amount of its own."""
        above = line - 1
        if above < 1 or self.text.mentions(above) or any(one.money for one in self.text.on(above)):
            return False
        said = normal(self.text.document.lines[above - 1])
        return not self.text.wordless(above) and not self._ignored(said)

    def _ignored(self, line: str) -> str:
        """Why the form asks for no amount of a line; empty where it says nothing of it."""
        return next((why for pattern, why in self.text.free.ignored if re.search(pattern, line, re.IGNORECASE)), "")

    def _amounts_around(self, one: Printed) -> Iterator[Decimal]:
        """The amounts of the entry before a line and of the one behind it."""
        before = max((line for line in self.anchors if line < one.line), default=0)
        behind = min((line for line in self.anchors if line > one.line), default=0)
        yield from (self.amounts[line].value for line in (before, behind) if line in self.amounts)

    def reason(self, one: Printed) -> str:
        """Why an amount need not be used; empty where nothing says so."""
        # What is taken off before the total counts, whatever it is called: an entry passed over would make up for it.
        taken_off = one.value < 0 and self.anchors and one.line <= self.listed
        if not taken_off and (reason := self._ignored(normal(self.text.document.lines[one.line - 1]))):
            return reason
        if self._beside(one):
            return BESIDE
        says = {abs(value) for value in (one.value, one.other) if value}
        if says & self.values and not one.doubtful and self._may_repeat(one):
            return REPEATS
        if one.line in self.restated:
            return RESTATED
        above = max((line for line in self.anchors if line < one.line), default=None)
        if above and one.value in self.runs.get(above, ()) and self._may_repeat(one):
            return ADDS_UP
        if (
            one.times is not None
            and self.text.wordless(one.line)
            and one.value * one.times in self._amounts_around(one)
        ):
            return PRICE
        # A list may hold an entry that costs nothing.
        listed = one.line <= self.block[1] and not self.text.labels(one.line)
        return ZERO if not one.value and not listed else ""


def _taken_off(text: Text) -> frozenset[str]:
    """The figures that sums only ever take off: a discount."""
    signs: dict[str, set[int]] = {}
    for its in text.free.identities:
        for one in its.sums:
            for term in () if one.each else one.terms:
                for name in term.names:
                    signs.setdefault(name, set()).add(term.sign)
    return frozenset(name for name, found in signs.items() if found == {-1})


def _optional(text: Text) -> frozenset[str]:
    """The figures that count as nothing in some sum where they are absent."""
    sums = [one for its in text.free.identities for one in its.sums if not one.each]
    return frozenset(name for one in sums for term in one.terms if term.optional for name in term.names)


def _alone(path: str, line: int, text: Text) -> bool:
    """Whether a figure stands behind its own label and no other: then it explains itself, also unproved."""
    declared = text.free.figure(path)
    return bool(declared and declared.id == path and text.labels(line) == {path})


def _runs(reading: Reading, sound: Mapping[str, Printed], text: Text) -> Iterator[tuple[int, frozenset[Decimal]]]:
    """By the line of each entry, the sums of it and two or more entries above it."""
    for listed in text.free.lists:
        column = next((c.id for c in listed.figures if c.kind == "amount" and c.required), None)
        paths = [f"{listed.id}.{index}.{column}" for index in range(entries(reading, listed))]
        amounts = sorted((sound[path].line, sound[path].value) for path in paths if path in sound)
        for last in range(len(amounts)):
            values = [value for _, value in amounts[last::-1]]
            yield amounts[last][0], frozenset(list(accumulate(values))[1:])
