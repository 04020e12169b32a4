"""What the identities of a form say of figures by path: which hold, what they prove, what they leave open."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from schemas.free import Free
from schemas.identity import Held, Identity, Term, over

Values = Mapping[str, Decimal]


@dataclass(frozen=True)
class Figures:
    """The figures of a reading by path. ``meant``: what each may be meant to say where its separator is open.

    ``counts``: the entries of each list. ``spoken``: figures on a person's word, which prove nothing.
    """

    values: Values
    meant: Values
    counts: Mapping[str, int]
    spoken: Collection[str] = ()


@dataclass(frozen=True)
class Sums:
    """What holds and what does not.

    ``proved``: figures of sums that hold, ``exactly``: to the last digit; ``broken``: identities of which no
    alternative holds, with those alternatives; ``supported``: figures of sums that hold with one on a person's word.
    """

    holding: tuple[str, ...]
    proved: frozenset[str]
    exactly: frozenset[str]
    broken: tuple[tuple[Identity, tuple[Held, ...]], ...]
    supported: frozenset[str] = frozenset()

    @property
    def failed(self) -> frozenset[str]:
        """The figures of identities that must hold and do not."""
        return frozenset(p for its, group in self.broken if not its.only_proves for held in group for p in held.paths)


def name_of(its: Identity, held: Held) -> str:
    """An identity's name, with the entry it is over."""
    return its.name if held.entry is None else f"{its.name}: {held.entry + 1}"


def add_up(identities: Collection[Identity], figures: Figures) -> Sums:
    """Every identity over the figures that are there."""
    holding: list[str] = []
    proved: set[str] = set()
    exactly: set[str] = set()
    broken: list[tuple[Identity, tuple[Held, ...]]] = []
    supported: set[str] = set()
    for its in identities:
        for group in _groups(its, figures):
            hold = [held for held in group if abs(held.difference) <= its.within]
            if not hold:
                broken.append((its, tuple(group)))
                continue
            holding.append(name_of(its, hold[0]))
            own, exact = _proved(hold, figures)
            supported.update(p for held in hold if set(held.paths) & set(figures.spoken) for p in held.paths)
            proved |= own
            exactly |= own if exact else set()
    sums = Sums(tuple(holding), frozenset(proved), frozenset(exactly), tuple(broken), frozenset(supported))
    return replace(sums, proved=sums.proved - sums.failed, exactly=sums.exactly - sums.failed)


def _groups(its: Identity, figures: Figures) -> Iterator[list[Held]]:
    """The alternatives of an identity that say anything: once, or for each entry of a list."""
    groups: dict[int | None, list[Held]] = {}
    for one in its.sums:
        for held in over(one, figures.values, figures.counts):
            groups.setdefault(held.entry, []).append(held)
    yield from groups.values()


def _proved(hold: list[Held], figures: Figures) -> tuple[set[str], bool]:
    """What the alternatives that hold prove, and whether exactly: of several, only what each of them is over."""
    exact = [held for held in hold if not held.difference]
    own = set.intersection(*(set(held.paths) for held in exact or hold))
    # A zero makes two alternatives of one: it is proved where any of them has it.
    own |= {path for held in exact for path in held.paths if not figures.values[path]}
    own -= {path for held in hold for path in _idle(held, figures)}
    if own & set(figures.spoken):
        return set(), False
    return own - _open(exact or hold, own, figures), bool(exact)


def _idle(held: Held, figures: Figures) -> Iterator[str]:
    """What is multiplied by nothing: any quantity of what is free comes to nothing."""
    start = "" if held.entry is None else f"{held.sum.each}.{held.entry}."
    for term in held.sum.terms:
        paths = [start + name for name in term.names]
        if len(paths) > 1 and any(figures.values.get(path) == 0 for path in paths):
            yield from (path for path in paths if figures.values.get(path))


def _open(hold: list[Held], own: set[str], figures: Figures) -> set[str]:
    """Figures that leave open what they say, in sums that hold either way: twelve or twelve thousand, owed or given."""
    doubted = {path for path in own if figures.meant[path] != figures.values[path]}
    doubted -= {path for path in doubted if _either_sign(path, hold, figures)}
    if not doubted:
        return set()
    other = {**figures.values, **{path: figures.meant[path] for path in doubted}}
    again = [held for one in hold for held in over(one.sum, other, figures.counts) if held.entry == one.entry]
    return doubted if any(not held.difference for held in again) else set()


def _either_sign(path: str, hold: list[Held], figures: Figures) -> bool:
    """Whether only the sign of a figure is open, and its sums take it with any."""
    terms = [term for held in hold for term in held.sum.terms if _is_over(term, held, path)]
    return abs(figures.meant[path]) == abs(figures.values[path]) and all(term.absolute for term in terms)


def _is_over(term: Term, held: Held, path: str) -> bool:
    start = "" if held.entry is None else f"{held.sum.each}.{held.entry}."
    return path in [start + name for name in term.names] or (
        term.summed and re.sub(r"\.\d+\.", ".", path) in term.names
    )


def interchangeable(
    free: Free,
    figures: Figures,
    proved: Collection[str],
    could_be: Callable[[str, str], bool],
    allowed: Callable[[Values], bool],
) -> set[str]:
    """Proved figures that could change places unnoticed: sums alone do not tell a net from its tax.

    ``could_be``: whether the first figure could be what is printed at the place of the second.
    """
    found: set[str] = set()
    once = [its for its in free.identities if not any(one.each for one in its.sums)]
    scalars = [path for path in proved if (f := free.figure(path)) and f.id == path]
    for a, b in combinations(sorted(scalars), 2):
        if _differ(a, b, figures) and could_be(a, b) and could_be(b, a):
            swapped = _swapped(figures, a, b)
            if {a, b} <= add_up(once, swapped).proved and not add_up(once, swapped).failed and allowed(swapped.values):
                found |= {a, b}
    return found | set(_in_entries(free, figures, proved, could_be))


def _in_entries(
    free: Free, figures: Figures, proved: Collection[str], could_be: Callable[[str, str], bool]
) -> Iterator[str]:
    """The same within one entry of a list: a quantity and its price."""
    summed = {name for its in free.identities for one in its.sums for t in one.terms if t.summed for name in t.names}
    for listed in free.lists:
        own = [its for its in free.identities if any(one.each == listed.id for one in its.sums)]
        columns = [column.id for column in listed.figures if f"{listed.id}.{column.id}" not in summed]
        for index in range(figures.counts.get(listed.id, 0)):
            start = f"{listed.id}.{index}."
            here = [start + column for column in columns if start + column in proved]
            for a, b in combinations(here, 2):
                if not _differ(a, b, figures) or not (could_be(a, b) and could_be(b, a)):
                    continue
                sums = add_up(own, _alone(_swapped(figures, a, b), listed.id, index))
                if not sums.failed and {a, b} <= {path.replace(".0.", f".{index}.", 1) for path in sums.proved}:
                    yield from (a, b)


def _alone(figures: Figures, name: str, index: int) -> Figures:
    """One entry of a list as if it were the only one."""
    start = f"{name}.{index}."
    values, meant = (
        {f"{name}.0.{path.removeprefix(start)}": value for path, value in of.items() if path.startswith(start)}
        for of in (figures.values, figures.meant)
    )
    return Figures(values, meant, {name: 1})


def _differ(a: str, b: str, figures: Figures) -> bool:
    return figures.values[a] != figures.values[b]


def _swapped(figures: Figures, a: str, b: str) -> Figures:
    values, meant = ({**of, a: of[b], b: of[a]} for of in (figures.values, figures.meant))
    return Figures(values, meant, figures.counts, figures.spoken)
