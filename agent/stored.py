"""What the store holds, for those who only read: plain sqlite3, so that it starts at once."""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass
from pathlib import Path

from agent import serial
from agent.database import open_for_reading
from agent.document import Document
from agent.errors import StoreError, UsageError
from agent.outcome import Outcome, Reason
from agent.store import restored


@dataclass(frozen=True)
class Stored:
    """A run that came to an outcome."""

    id: int
    outcome: Outcome
    finished: str


@dataclass(frozen=True)
class Waiting:
    """A report that waits in review, as a list shows it."""

    id: int
    name: str
    form: str
    reasons: tuple[Reason, ...]
    findings: int
    opened: str


def by_id(path: Path, run_id: int) -> Stored:
    """The outcome of one run. Raises UsageError where there is none."""
    with open_for_reading(path) as db:
        row = db.execute(
            "select id, outcome, finished, status, error from runs where id = ?", (known_id(run_id),)
        ).fetchone()
    if row is None:
        raise UsageError(f"{path} holds no run {run_id}")
    if row["outcome"] is None:
        raise UsageError(f"{path}: run {run_id} came to no outcome: {row['error'] or row['status']}")
    return _stored(path, row)


def known_id(id: int) -> int | None:
    """An id as SQLite can look for it; None for a number so large that nothing has it."""
    return id if abs(id) < 2**63 else None


def latest(path: Path, sha256: str, form: str | None = None) -> Stored | None:
    """The last outcome of a document, in one form or in any."""
    with open_for_reading(path) as db:
        row = db.execute(
            "select id, outcome, finished from runs where document = ? and form = coalesce(?, form)"
            # By its number and not by the clock, which may have been set back meanwhile.
            " and outcome is not null order by id desc limit 1",
            (sha256, form),
        ).fetchone()
    return _stored(path, row) if row else None


def by_name(path: Path, name: str, form: str | None = None) -> Stored | None:
    """The last outcome of the document read under a name, or from a path. Raises UsageError where there are several."""
    with open_for_reading(path) as db:
        rows = db.execute(
            "select sha256, (select max(id) from runs where document = sha256 and outcome is not null) as run"
            " from documents where name = ? or path = ? order by 2",
            (name, str(Path(name).absolute())),
        ).fetchall()
    if len(rows) > 1:
        ids = ", ".join(str(row["run"]) for row in rows if row["run"])
        raise UsageError(f"{path}: {len(rows)} documents were read as {name}; show one by its id: {ids}")
    return latest(path, rows[0]["sha256"], form) if rows else None


def decided(path: Path, run_id: int) -> str | None:
    """How a reviewer settled a run since; None where it waits, or never did."""
    with open_for_reading(path) as db:
        row = db.execute(
            "select coalesce(decision, status) as how from reviews where run = ? and status <> 'open'", (run_id,)
        ).fetchone()
    return str(row["how"]) if row else None


def waiting(path: Path) -> list[Waiting]:
    """The open reviews, oldest first."""
    with open_for_reading(path) as db:
        rows = db.execute(
            "select run, name, form, reasons, opened,"
            " (select count(*) from findings where findings.run = reviews.run and not warning) as findings"
            " from reviews join documents on sha256 = document where status = 'open' order by opened, run"
        ).fetchall()
    return [
        Waiting(
            row["run"],
            row["name"],
            row["form"],
            tuple(Reason(reason) for reason in json.loads(row["reasons"])),
            row["findings"],
            row["opened"],
        )
        for row in rows
    ]


def lines(path: Path, sha256: str) -> list[str]:
    """The lines of a stored document."""
    with open_for_reading(path) as db:
        row = db.execute("select text from documents where sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise UsageError(f"{path} holds no document {sha256}")
    return str(row["text"]).split("\n")


def _stored(path: Path, row: sqlite3.Row) -> Stored:
    return Stored(row["id"], restored(path, row["id"], row["outcome"]), row["finished"])


def document(path: Path, sha256: str) -> Document:
    """A stored document, as it was loaded. Raises UsageError where it cannot be had."""
    with open_for_reading(path) as db:
        row = db.execute("select * from documents where sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise UsageError(f"{path} holds no document {sha256}")
    lines = tuple(str(row["text"]).split("\n"))
    try:
        cells = serial.restore_cells(row["cells"])
    except (ValueError, TypeError, zlib.error) as error:
        raise StoreError(f"{path}: the cells of {row['name']} are damaged; read it again") from error
    file = Path(row["path"]) if row["path"] else None
    return Document(row["name"], sha256, row["kind"], row["encoding"], lines, cells, row["pages"], file)
