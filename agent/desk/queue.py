"""What waits, and what was decided: the list of the desk, by reason, organ and year."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from agent.database import open_for_reading
from agent.outcome import Reason

PER_PAGE = 100
MOST_FACETS = 40


@dataclass(frozen=True)
class Chosen:
    """Which reports are asked for."""

    state: Literal["open", "decided"] = "open"
    reason: str = ""
    subject: str = ""
    period: str = ""
    find: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """What a query string asks for; what it cannot mean is left out."""
        page = query.get("page", "")
        return cls(
            "decided" if query.get("state") == "decided" else "open",
            query.get("reason", ""),
            query.get("subject", ""),
            query.get("period", ""),
            query.get("find", "").strip(),
            int(page) if page.isascii() and page.isdigit() and 0 < int(page) < 10**6 else 1,
        )

    def query(self, **changed: str | int) -> str:
        """The query string that asks for the same, with some parts changed."""
        wanted = replace(self, **{"page": 1, **changed})  # type: ignore[arg-type]
        parts = {name: value for name, value in vars(wanted).items() if value != getattr(_NOTHING, name)}
        return f"?{urlencode(parts)}" if parts else ""


_NOTHING = Chosen()


@dataclass(frozen=True)
class Entry:
    """A report as the list shows it."""

    id: int
    name: str
    form: str
    subject: str
    period: str
    reasons: tuple[Reason, ...]
    since: str
    decision: str
    findings: int = 0

    @property
    def title(self) -> str:
        """Who reports and for which year; the file's name where nobody knows."""
        return f"{self.subject} {self.period}".strip() if self.subject else self.name


@dataclass(frozen=True)
class Facet:
    """A value that the list can be narrowed to, and how many reports have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Listing:
    """The reports asked for: one page of them, the ids of all, and what they can be narrowed by."""

    entries: tuple[Entry, ...]
    ids: tuple[int, ...]
    pages: int
    reasons: tuple[Facet, ...]
    subjects: tuple[Facet, ...]
    periods: tuple[Facet, ...]


_QUERY = """
select run, name, reviews.form, subject, period, reasons, opened, coalesce(decision, '')
from reviews join documents on sha256 = document
where status = ? and (status = 'open' or exists (select 1 from decisions where decisions.run = reviews.run))
order by coalesce(decided, opened), run
"""


def listing(path: Path, chosen: Chosen) -> Listing:
    """The reports that are asked for."""
    with open_for_reading(path) as db:
        found = [_entry(row) for row in db.execute(_QUERY, (chosen.state,))]
        if chosen.state == "decided":
            found.reverse()
        wanted = [entry for entry in found if _fits(entry, chosen)]
        pages = max(1, -(-len(wanted) // PER_PAGE))
        start = (min(chosen.page, pages) - 1) * PER_PAGE
        shown = tuple(_counted(db, entry) for entry in wanted[start : start + PER_PAGE])
    return Listing(
        shown,
        tuple(entry.id for entry in wanted),
        pages,
        _facets(reason for entry in found for reason in entry.reasons),
        _facets(entry.subject for entry in found)[:MOST_FACETS],
        tuple(sorted(_facets(entry.period for entry in found), key=lambda facet: facet.value)),
    )


def _entry(row: sqlite3.Row) -> Entry:
    run, name, form, subject, period, reasons, opened, decision = row
    known = tuple(Reason(reason) for reason in json.loads(reasons))
    return Entry(run, name, form, subject or "", str(period or ""), known, opened, decision)


def _fits(entry: Entry, chosen: Chosen) -> bool:
    return (
        (not chosen.reason or chosen.reason in entry.reasons)
        and (not chosen.subject or chosen.subject == entry.subject)
        and (not chosen.period or chosen.period == entry.period)
        and (not chosen.find or chosen.find.lower() in f"{entry.subject} {entry.period} {entry.name}".lower())
    )


def _counted(db: sqlite3.Connection, entry: Entry) -> Entry:
    (count,) = db.execute("select count(*) from findings where run = ? and not warning", (entry.id,)).fetchone()
    return replace(entry, findings=count)


def _facets(values: object) -> tuple[Facet, ...]:
    counted = Counter(values)  # type: ignore[call-overload]
    return tuple(Facet(str(value), count) for value, count in counted.most_common() if value)


def around(ids: Sequence[int], run: int) -> tuple[int | None, int | None, int]:
    """The reports before and after one in the list, and its place from 1; one that is not in it comes first."""
    if run not in ids:
        return None, (ids[0] if ids else None), 0
    at = ids.index(run)
    return ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None, at + 1
