"""Figures that neither source nor person settles, and that one value alone fits beside the neighbouring years.

Such a figure is derived: it is offered with its reason, and never taken by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.audit import Report, Values, given, links, total
from agent.evidence import Evidence
from agent.outcome import TRUSTED, Grade, Number
from agent.review import Reviewed
from agent.solver import holds
from schemas.form import Form, Link

_VOUCHED = TRUSTED | {Grade.ATTESTED}


@dataclass(frozen=True)
class Offer:
    """A figure that one value alone fits: by which links, from which years."""

    path: str
    value: Number
    links: tuple[Link, ...]
    periods: tuple[int, ...]


@dataclass(frozen=True)
class _Tie:
    """A link with the neighbour's side filled in: signed figures of our own that add up to ``constant``."""

    link: Link
    period: int
    own: Mapping[str, int]
    constant: Number


def offers(form: Form, outcome: Reviewed, evidence: Evidence, near: Sequence[Report]) -> list[Offer]:
    """The undecided figures of a report for which its neighbours leave exactly one value."""
    open_ = undecided(outcome, evidence)
    if outcome.period is None or not open_:
        return []
    known = {path: value for path, value in given(outcome).items() if path not in open_}
    ties = [tie for other in near for tie in _ties(form, outcome.period, other)]
    return [offer for row in _rows(evidence, open_) for offer in _of_row(row, open_, known, ties, evidence)]


def undecided(outcome: Reviewed, evidence: Evidence) -> set[str]:
    """Figures that neither the source nor a person settles."""
    settled = {path for path, cell in evidence.cells.items() if not cell.illegible}
    return {
        path
        for path, grade in outcome.grades.items()
        if grade == Grade.UNREAD or (grade not in _VOUCHED and path not in settled)
    }


def _ties(form: Form, period: int, other: Report) -> Iterator[_Tie]:
    for link in links(form):
        ahead = other.period > period
        theirs = [*link.plus, *link.after] if ahead else list(link.before)
        if any(other.values.get(path) is None for path in theirs):
            continue
        if ahead:
            own = dict.fromkeys(link.before, 1)
            constant = total(other.values[p] for p in link.after) - total(other.values[p] for p in link.plus)
        else:
            own = {**dict.fromkeys(link.plus, -1), **dict.fromkeys(link.after, 1)}
            constant = total(other.values[p] for p in link.before)
        yield _Tie(link, other.period, own, constant)


def _rows(evidence: Evidence, open_: Collection[str]) -> Iterator[tuple[str, ...]]:
    for table in evidence.tables.values():
        for row in table.grid.rows if table else ():
            paths = table.grid.paths(row) if table else ()
            if set(paths) & set(open_):
                yield paths


def _of_row(
    row: Sequence[str], open_: Collection[str], known: Values, ties: Sequence[_Tie], evidence: Evidence
) -> Iterator[Offer]:
    about = [tie for tie in ties if set(tie.own) & set(row) & set(open_)]
    left = list(_fitting(row, evidence, known, about)) if about else []
    for path in row:
        values = {way.get(path) for way in left}
        value = next(iter(values)) if len(values) == 1 else None
        if path in open_ and value is not None:
            deciding = [tie for tie in about if path in tie.own] or about
            periods = dict.fromkeys(tie.period for tie in deciding)
            yield Offer(path, value, tuple(tie.link for tie in deciding), tuple(periods))


def _fitting(row: Sequence[str], evidence: Evidence, known: Values, ties: Sequence[_Tie]) -> Iterator[Values]:
    """What the row can be: the ways its cells can be read, that its neighbours and its own sums allow."""
    place = evidence.place(row[0])
    ways: list[dict[str, Number | None]] = [
        {path: cell.value for path, cell in zip(row, way, strict=True) if not cell.illegible}
        for way in (place.fits.ways if place else ())
    ]
    for way in ways or [{}]:
        values = _solved({**known, **way}, ties)
        if values is not None and _adds_up(evidence, values, row):
            yield values


def _solved(known: Values, ties: Sequence[_Tie]) -> Values | None:
    """The figures with each that a tie leaves one value for; None where a tie fails, or none says anything."""
    values = dict(known)
    said = False
    for tie in ties:
        unknown = [path for path in tie.own if path not in values]
        if len(unknown) > 1 or any(values.get(path, 0) is None for path in tie.own):
            continue  # too little is known, or a blank says nothing
        missing = tie.constant - total((values[p] or 0) * sign for p, sign in tie.own.items() if p in values)
        if unknown:
            missing *= tie.own[unknown[0]]
            if missing < 0:
                return None
            values[unknown[0]] = missing
        elif missing != 0:
            return None
        said = True
    return values if said else None


def _adds_up(evidence: Evidence, values: Values, row: Sequence[str]) -> bool:
    about = [e for e in evidence.sums if set(e.paths) & set(row) and all(path in values for path in e.paths)]
    return all(holds(equation, values.get) is not False for equation in about)
