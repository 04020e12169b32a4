"""Sums written as a person writes them: ``sum(items.amount) - abs(discount)? + tax? = total``.

A name is a figure. ``sum(list.column)`` adds a list's column up. ``?`` behind a term: absent, it counts as
nothing; any other figure that is absent leaves the sum unsaid. ``abs(...)``: printed with or without a minus.
``a * b`` multiplies a number and a price. ``each list: ...`` holds in every entry of the list, named by its columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from schemas.form import FormError

_TERM = re.compile(
    r"(?P<sign>[+-])?\s*(?:(?P<call>sum|abs)\s*\(\s*(?P<inner>[\w.]+)\s*\)|(?P<name>[^\W\d][\w.]*))"
    r"(?:\s*\*\s*(?P<times>[^\W\d][\w.]*))?\s*(?P<optional>\?)?\s*"
)
_EACH = re.compile(r"\s*each\s+(\w+)\s*:")


@dataclass(frozen=True)
class Term:
    """A signed term: one figure, or two multiplied. ``summed``: a list's column, all entries added."""

    names: tuple[str, ...]
    sign: int = 1
    optional: bool = False
    absolute: bool = False
    summed: bool = False


@dataclass(frozen=True)
class Sum:
    """left = right. ``each``: the list in whose every entry it holds, '' where it holds once."""

    text: str
    left: tuple[Term, ...]
    right: tuple[Term, ...]
    each: str = ""

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every term of both sides."""
        return self.left + self.right

    def names(self) -> Iterator[str]:
        """Every figure it is over, by the names its form declares; a list's column as ``list.column``."""
        for term in self.terms:
            yield from (f"{self.each}.{name}" if self.each else name for name in term.names)


@dataclass(frozen=True)
class Identity:
    """One of ``sums`` must hold, where any of them says anything.

    ``within``: how far the sides may be apart, ``because`` of what. ``only_proves``: where it holds it proves
    its figures; where it fails, its scope may be another, and that is only told.
    """

    name: str
    sums: tuple[Sum, ...]
    within: Decimal = Decimal(0)
    because: str = ""
    only_proves: bool = False


def identity(
    *equations: str, name: str = "", within: str | Decimal = "0", because: str = "", only_proves: bool = False
) -> Identity:
    """An identity from its equations; of several, one must hold. Raises FormError where one says nothing sensible."""
    if not equations:
        raise FormError("an identity without an equation; write for example identity('net + tax = total')")
    try:
        allowed = Decimal(within)
    except InvalidOperation as error:
        raise FormError(f"identity {equations[0]!r}: within={within!r} is no number") from error
    if allowed < 0 or not allowed.is_finite():
        raise FormError(f"identity {equations[0]!r}: within={within!r} is no distance")
    if allowed and not because.strip():
        raise FormError(f"identity {equations[0]!r}: say why its sides may be {allowed} apart: because='...'")
    return Identity(name or equations[0].strip(), tuple(map(parse, equations)), allowed, because, only_proves)


def parse(text: str) -> Sum:
    """One equation. Raises FormError that shows where it cannot be read."""
    found = _EACH.match(text)
    each, rest = (found[1], text[found.end() :]) if found else ("", text)
    sides = rest.split("=")
    if len(sides) != 2:
        raise FormError(f"identity {text!r}: it needs one '=' between its two sides")
    left, right = (_side(side, text, each) for side in sides)
    _refuse_cancelled(text, left, right)
    return Sum(text.strip(), left, right, each)


def _refuse_cancelled(text: str, left: tuple[Term, ...], right: tuple[Term, ...]) -> None:
    """A figure that is added and taken off again holds whatever it says: it would prove itself."""
    times: dict[tuple[str, ...], int] = {}
    for term, side in [*((term, 1) for term in left), *((term, -1) for term in right)]:
        names = tuple(sorted(term.names))
        times[names] = times.get(names, 0) + side * term.sign
    gone = [" * ".join(names) for names, often in times.items() if not often]
    if gone:
        raise FormError(f"identity {text!r}: {gone[0]} cancels out, so nothing is said of it")


def _side(side: str, text: str, each: str) -> tuple[Term, ...]:
    terms: list[Term] = []
    at = len(side) - len(side.lstrip())
    while at < len(side):
        matched = _TERM.match(side, at)
        if matched is None or (terms and not matched["sign"]):
            raise FormError(f"identity {text!r}: cannot read {side[at:].strip()!r}")
        terms.append(_term(matched, text, each))
        at = matched.end()
    if not terms:
        raise FormError(f"identity {text!r}: one side is empty")
    return tuple(terms)


def _term(matched: re.Match[str], text: str, each: str) -> Term:
    call, name = matched["call"], matched["inner"] or matched["name"]
    if call == "sum" and (each or "." not in name):
        raise FormError(f"identity {text!r}: sum() adds a list's column up, as in sum(items.amount)")
    if matched["times"] and call:
        raise FormError(f"identity {text!r}: only two plain figures can be multiplied")
    names = (name, matched["times"]) if matched["times"] else (name,)
    sign = -1 if matched["sign"] == "-" else 1
    return Term(names, sign, bool(matched["optional"]), call == "abs", call == "sum")


@dataclass(frozen=True)
class Side:
    """What one side of a sum came to, over which paths."""

    value: Decimal
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """A sum over the figures of one reading. ``entry``: which entry of its list, None where it holds once."""

    sum: Sum
    left: Side
    right: Side
    entry: int | None = None

    @property
    def difference(self) -> Decimal:
        """How far the left side is above the right."""
        return self.left.value - self.right.value

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path it is over, once."""
        return tuple(dict.fromkeys(self.left.paths + self.right.paths))


Values = Mapping[str, Decimal]


def over(found: Sum, values: Values, entries: Mapping[str, int]) -> list[Held]:
    """The sum over figures by path; nothing where a figure that it needs is absent. ``entries``: by list, how many."""
    if not found.each:
        held = _held(found, values, entries, "", None)
        return [held] if held else []
    every = (_held(found, values, entries, f"{found.each}.{i}.", i) for i in range(entries.get(found.each, 0)))
    return [held for held in every if held]


def _held(found: Sum, values: Values, entries: Mapping[str, int], prefix: str, entry: int | None) -> Held | None:
    sides = []
    for terms in (found.left, found.right):
        side = _added(terms, values, entries, prefix)
        if side is None:
            return None
        sides.append(side)
    if not (sides[0].paths and sides[1].paths):
        return None  # a zero is not proved by figures that are absent
    return Held(found, sides[0], sides[1], entry)


def _added(terms: tuple[Term, ...], values: Values, entries: Mapping[str, int], prefix: str) -> Side | None:
    value, paths = Decimal(0), []
    for term in terms:
        if term.summed:
            name, _, column = term.names[0].partition(".")
            over_list = [f"{name}.{i}.{column}" for i in range(entries.get(name, 0))]
            if not over_list or not all(path in values for path in over_list):
                if term.optional and not any(path in values for path in over_list):
                    continue
                return None
            value += term.sign * sum((values[path] for path in over_list), Decimal(0))
            paths += over_list
            continue
        own = [prefix + name for name in term.names]
        if not all(path in values for path in own):
            if term.optional:
                continue
            return None
        part = Decimal(1)
        for path in own:
            part *= values[path]
        value += term.sign * (abs(part) if term.absolute else part)
        paths += own
    return Side(value, tuple(paths))
