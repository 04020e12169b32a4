"""What a collection says: reports by year and region, its headline figures, outcomes, and why reports wait."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from agent.audit import same_name
from agent.codebook import figure_names
from agent.database import open_for_reading
from agent.outcome import Number
from schemas.form import Form


@dataclass(frozen=True)
class Headline:
    """A figure summed over the accepted reports of each year; ``reports``: how many state it."""

    path: str
    name: str
    total: Mapping[int, Number]
    reports: Mapping[int, int]


@dataclass(frozen=True)
class Stats:
    """A collection of one form in figures. ``doubles``: further records of an organ's year, which are not counted."""

    form: str
    outcomes: Mapping[str, int]
    accepted_by_year: Mapping[int, int]
    waiting_by_year: Mapping[int, int]
    by_region: Mapping[str, int]
    reasons: Mapping[str, int]
    decisions: Mapping[str, int]
    headlines: tuple[Headline, ...]
    doubles: int = 0
    calls: int = 0
    cost: Number = 0

    @property
    def years(self) -> list[int]:
        """Every year that a report is for."""
        return sorted({*self.accepted_by_year, *self.waiting_by_year})


def only_form(database: Path) -> str | None:
    """The form of the reports in a database; None where they are of several, or there are none."""
    with open_for_reading(database) as db:
        names = [name for (name,) in db.execute("select form from records union select form from reviews")]
    return str(names[0]) if len(names) == 1 else None


def stats(database: Path, form: Form, *, printed: bool = True) -> Stats:
    """The figures of a collection; ``printed``: figures under the form's own labels."""
    with open_for_reading(database) as db:
        db.execute("begin")
        waiting = db.execute(
            "select subject, period, reasons from reviews where form = ? and status = 'open'", (form.name,)
        ).fetchall()
        records = db.execute(
            "select id, subject, period from records where form = ? order by standing = 'checked', id", (form.name,)
        ).fetchall()
        accepted = _once(records)
        calls, cost = _spent(db)
        return Stats(
            form.name,
            _outcomes(db, form),
            _by_year(accepted.values()),
            _by_year(waiting),
            dict(Counter(region(row["subject"], form) for row in [*accepted.values(), *waiting]).most_common()),
            dict(Counter(reason for row in waiting for reason in json.loads(row["reasons"])).most_common()),
            dict(db.execute("select kind, count(*) from decisions group by kind order by kind").fetchall()),
            tuple(_headlines(db, form, accepted.keys(), printed=printed)),
            len(records) - len(accepted),
            calls,
            cost,
        )


def region(subject: str | None, form: Form) -> str:
    """The region in a subject's name, '' where none can be told."""
    found = re.match(form.region, subject or "") if form.region else None
    return found[0] if found else ""


def _once(records: Iterable[sqlite3.Row]) -> dict[int, sqlite3.Row]:
    """The last record of each subject and year by its id: a report read from two files is one, and the checked one."""
    last = {
        (same_name(row["subject"]), row["period"]) if row["subject"] and row["period"] else row["id"]: row
        for row in records
    }
    return {row["id"]: row for row in last.values()}


def _by_year(rows: Iterable[sqlite3.Row]) -> dict[int, int]:
    return dict(sorted(Counter(row["period"] for row in rows if row["period"] is not None).items()))


def _outcomes(db: sqlite3.Connection, form: Form) -> dict[str, int]:
    """What became of the documents: accepted by what it rests on, waiting, rejected, of another form, failed."""
    found = dict(
        db.execute("select standing, count(*) from records where form = ? group by standing", (form.name,)).fetchall()
    )
    for name, sql in (
        ("in_review", "select count(*) from reviews where form = ? and status = 'open'"),
        (
            "rejected",
            "select count(distinct document) from reviews where form = ? and decision like 'reject %'"
            " and not exists (select 1 from records where records.document = reviews.document)",
        ),
        (
            "not_this_form",
            "select count(distinct document) from runs where form = ? and status = 'not_this_form'"
            " and not exists (select 1 from records where records.document = runs.document)",
        ),
    ):
        (found[name],) = db.execute(sql, (form.name,)).fetchone()
    (found["failed"],) = db.execute(
        "select count(*) from (select max(id), status from runs group by document) where status = 'failed'"
    ).fetchone()
    return {name: count for name, count in found.items() if count}


def _headlines(db: sqlite3.Connection, form: Form, counted: Collection[int], *, printed: bool) -> Iterator[Headline]:
    names = figure_names(form, printed=printed)
    for path in form.headlines:
        total: dict[int, Number] = {}
        reports: Counter[int] = Counter()
        for record, period, value in db.execute(
            "select figures.record, period, value from figures join records on records.id = figures.record"
            " where form = ? and path = ? and value is not null and period is not null order by period",
            (form.name, path),
        ):
            if record not in counted:
                continue
            exact = Decimal(value)
            total[period] = total.get(period, 0) + (int(exact) if exact == int(exact) else exact)
            reports[period] += 1
        yield Headline(path, names.get(path, path), total, reports)


def _spent(db: sqlite3.Connection) -> tuple[int, Number]:
    calls, spent = 0, Decimal(0)
    for made, cost in db.execute("select calls, cost from runs where calls > 0"):
        calls += made
        spent += Decimal(cost or 0)
    return calls, spent
