"""What the reports of one subject say of each other across the years: which links hold, and which break."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from agent import serial
from agent.database import open_for_reading
from agent.outcome import TRUSTED, Grade, Number
from agent.review import Reviewed
from agent.squeeze import squeeze
from schemas.form import Form, Link

Values = Mapping[str, Number | None]

_VOUCHED = TRUSTED | {Grade.ATTESTED}


@dataclass(frozen=True)
class Report:
    """One report of a subject for one period: its record, and the figures that links are over."""

    record: int | None
    subject: str
    period: int
    values: Values


@dataclass(frozen=True)
class Across:
    """A link between two successive reports; ``held`` is None where a figure it needs is not given."""

    link: Link
    before: Report
    after: Report

    @property
    def left_terms(self) -> list[tuple[int, str, Number | None]]:
        """The figures the link starts from: year, path, value."""
        return _terms(self.before, self.link.before) + _terms(self.after, self.link.plus)

    @property
    def right_terms(self) -> list[tuple[int, str, Number | None]]:
        """The figures that must add up to the same."""
        return _terms(self.after, self.link.after)

    @property
    def difference(self) -> Number:
        """How far both sides are apart, blanks as 0."""
        return total(value for *_, value in self.left_terms) - total(value for *_, value in self.right_terms)

    @property
    def held(self) -> bool | None:
        """Whether the link holds; a blank counts as 0 where it then holds, and says nothing where not."""
        if self.difference == 0:
            return True
        silent = any(value is None for *_, value in (*self.left_terms, *self.right_terms))
        return None if silent else False


def told(found: Across, names: Mapping[str, str]) -> str:
    """A link in words and numbers, such as 「2022 结转 5 ≠ 2023 上年结转 4，差 1」."""
    left, right = (
        " + ".join(
            f"{period} {names.get(path, path)} {'-' if value is None else value}" for period, path, value in side
        )
        for side in (found.left_terms, found.right_terms)
    )
    return f"{left} {'=' if found.difference == 0 else '≠'} {right}"


def rule(link: Link, *, chinese: bool) -> str:
    """The rule a link comes from, in one language."""
    name = link.name.rpartition(": ")[0] or link.name
    printed, slash, english = name.partition(" / ")
    return english if slash and not chinese else printed


def _terms(report: Report, paths: Iterable[str]) -> list[tuple[int, str, Number | None]]:
    return [(report.period, path, report.values.get(path)) for path in paths]


@dataclass(frozen=True)
class Audit:
    """What an audit found: how many links could be checked, those that break, years reported twice."""

    checked: int
    breaks: tuple[Across, ...]
    doubles: tuple[tuple[str, int], ...] = ()


def same_name(subject: str) -> str:
    """A subject's name as it is compared: without spaces, brackets, full width and the like."""
    return squeeze(unicodedata.normalize("NFKC", subject))


def linked(form: Form) -> dict[str, None]:
    """Every figure that a link of the form is over."""
    return dict.fromkeys(p for link in links(form) for p in (*link.before, *link.plus, *link.after))


def links(form: Form) -> list[Link]:
    """The links of a form, one for each figure they are over."""
    paths = dict.fromkeys(p for variants in form.tables.values() for grid in variants for p in grid.all_paths())
    known = [instance for link in form.links for instance in link.over(paths)]
    return [i for i in known if all(p in paths for p in (*i.before, *i.plus, *i.after))]


def audit(database: Path, form: Form) -> Audit:
    """Check every link between accepted reports of successive periods."""
    with open_for_reading(database) as db:
        found = _accepted(db, form)
    by_name: dict[str, dict[int, list[Report]]] = {}
    for report in found:
        by_name.setdefault(same_name(report.subject), {}).setdefault(report.period, []).append(report)
    checked, breaks, doubles = 0, [], []
    known = links(form)
    for periods in by_name.values():
        single = {period: _one(reports) for period, reports in periods.items()}
        doubles += [(reports[0].subject, period) for period, reports in periods.items() if len(reports) > 1]
        for period, before in sorted(single.items()):
            if period + 1 in single:
                held = [(a, a.held) for a in across(known, before, single[period + 1])]
                checked += sum(verdict is not None for _, verdict in held)
                breaks += [a for a, verdict in held if verdict is False]
    return Audit(checked, tuple(breaks), tuple(doubles))


def across(known: Iterable[Link], before: Report, after: Report) -> Iterator[Across]:
    """Each link that two successive reports have the figures for."""
    for link in known:
        if all(p in before.values for p in link.before) and all(p in after.values for p in (*link.plus, *link.after)):
            yield Across(link, before, after)


def neighbours(database: Path, form: Form, subject: str | None, period: int | None) -> list[Report]:
    """The accepted reports of a subject for the periods before and after."""
    if not subject or period is None or not form.links:
        return []
    wanted = same_name(subject)
    with open_for_reading(database) as db:
        near = db.execute(
            "select id, subject from records where form = ? and period in (?, ?) and subject is not null",
            (form.name, period - 1, period + 1),
        )
        ids = [row["id"] for row in near if same_name(row["subject"]) == wanted]
        found = _accepted(db, form, ids) if ids else []
    by_period: dict[int, list[Report]] = {}
    for report in found:
        by_period.setdefault(report.period, []).append(report)
    return [_one(reports) for _, reports in sorted(by_period.items())]


def beside(form: Form, outcome: Reviewed, near: Sequence[Report]) -> list[Across]:
    """The links between a report in review and its accepted neighbours."""
    if outcome.period is None:
        return []
    own = Report(None, outcome.subject or "", outcome.period, given(outcome))
    pairs = [(own, other) if other.period > own.period else (other, own) for other in near]
    return [found for before, after in pairs for found in across(links(form), before, after)]


def given(outcome: Reviewed) -> dict[str, Number | None]:
    """The figures of a report in review that its source or a person vouches for, also where a sum over them fails."""
    faithful = {path for finding in outcome.findings if finding.rule == "sum" for path in finding.cells}
    return {
        path: outcome.reading.value(path)
        for path, grade in outcome.grades.items()
        if grade in _VOUCHED or (grade == Grade.CONTRADICTED and path in faithful)
    }


def _accepted(db: sqlite3.Connection, form: Form, ids: Sequence[int] | None = None) -> list[Report]:
    wanted = serial.write(list(linked(form)))
    rows = db.execute(
        "select records.id, subject, period, path, value, count from records"
        " left join figures on figures.record = records.id and path in (select value from json_each(?))"
        " where form = ? and subject is not null and period is not null"
        " and (? is null or records.id in (select value from json_each(?))) order by records.id",
        (wanted, form.name, *2 * (None if ids is None else serial.write(list(ids)),)),
    )
    found: dict[int, Report] = {}
    values: dict[int, dict[str, Number | None]] = {}
    for row in rows:
        mine = values.setdefault(row["id"], {})
        found.setdefault(row["id"], Report(row["id"], row["subject"], row["period"], mine))
        if row["path"]:
            text = row["value"]
            mine[row["path"]] = row["count"] if row["count"] is not None or text is None else Decimal(text)
    return list(found.values())


def _one(reports: Sequence[Report]) -> Report:
    """The reports of one year as one: only figures on which they agree."""
    first, *others = reports
    agreed = {p: v for p, v in first.values.items() if all(p in o.values and o.values[p] == v for o in others)}
    return Report(first.record, first.subject, first.period, agreed)


def total(values: Iterable[Number | None]) -> Number:
    """The sum, blanks as 0."""
    return sum((value or 0 for value in values), 0)
