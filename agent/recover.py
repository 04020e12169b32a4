"""What can still be read of a damaged database, into a new one: row by row, checked, nothing guessed.

Records and figures are made anew from the outcomes, which carry a checksum; answers count where their hash holds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent import review, serial
from agent.database import open_for_reading, open_for_writing, told
from agent.errors import StoreError, UsageError
from agent.outcome import Accepted, NeedsReview, Outcome
from agent.records import clean, put_accepted, put_settled

_TABLES = {
    "documents": "rowid",
    "runs": "id",
    "calls": "id",
    "findings": "id",
    "reviews": "run",
    "decisions": "id",
    "records": "id",
    "batches": "id",
    "jobs": "key",
    "origins": "document, path",
    "posted": "id",
    "asked": "id",
}
"""The tables by the order of their rows, parents before children; figures come with their records."""

_MOST_SINGLY = 1_000_000
_LARGEST_CUT = 64 * 2**30
Row = dict[str, Any]

_ORPHANS = (
    "delete from calls where run not in (select id from runs)",
    "delete from findings where run not in (select id from runs)",
    "delete from reviews where run not in (select id from runs where outcome is not null)",
    "update jobs set batch = null where batch not in (select id from batches)",
    "update jobs set status = 'waiting', run = null where status in ('accepted', 'review', 'not_this_form')"
    " and (run is null or run not in (select id from runs where outcome is not null))",
    "delete from asked where key not in (select key from jobs) or run not in (select id from runs)",
    "update asked set posted = null where posted not in (select id from posted)",
)


@dataclass
class Recovered:
    """Rows taken over by table. ``damaged``: rows that are not what was stored; ``torn``: tables with unread parts."""

    taken: Counter[str] = field(default_factory=Counter)
    damaged: Counter[str] = field(default_factory=Counter)
    torn: set[str] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Whether nothing was lost."""
        return not self.damaged and not self.torn


def recover(damaged: Path, new: Path) -> Recovered:
    """Take out of ``damaged`` what can be read; ``new`` must not be there yet. Raises StoreError, UsageError."""
    if new.exists():
        raise UsageError(f"{new} is there already; name a new file")
    if not damaged.is_file():
        raise UsageError(f"there is no database {damaged}")
    with ExitStack() as open_files:
        old = _opened(damaged, open_files)
        old.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
        try:
            with told(new), closing(open_for_writing(new, wait=30)) as db:
                return _into(old, db)
        except BaseException:
            for end in ("", "-wal", "-shm"):
                new.with_name(new.name + end).unlink(missing_ok=True)  # half of it would look like all of it
            raise


def _opened(path: Path, open_files: ExitStack) -> sqlite3.Connection:
    try:
        whole = open_files.enter_context(_as_long_as_it_says(path))
        return open_files.enter_context(open_for_reading(whole))
    except (StoreError, OSError) as error:
        raise StoreError(
            f"{path}: nothing could be taken out: {error.__cause__ or error}. `sqlite3 {path} .recover` of a new"
            " SQLite may find more; reports can be read again with another file for --db"
        ) from error


@contextmanager
def _as_long_as_it_says(path: Path) -> Iterator[Path]:
    """A file that was cut, with zeros for what is gone: SQLite opens no other, and each page counts for itself."""
    with path.open("rb") as file:
        head = file.read(32)
    page = int.from_bytes(head[16:18], "big")
    size = int.from_bytes(head[28:32], "big") * (65536 if page == 1 else page)
    if path.stat().st_size >= size or size > _LARGEST_CUT:
        yield path
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copy(path, copy)
        os.truncate(copy, size)
        yield copy


def _into(old: sqlite3.Connection, db: sqlite3.Connection) -> Recovered:
    found = Recovered()
    db.row_factory = sqlite3.Row
    db.execute("pragma foreign_keys = off")
    db.execute("begin immediate")
    records = [row for table in _TABLES for row in _table(old, db, table, found)]
    _parents(db)
    for orphans in _ORPHANS:
        db.execute(orphans)
    _records(db, records, found)
    db.commit()
    return found


def _table(old: sqlite3.Connection, db: sqlite3.Connection, table: str, found: Recovered) -> list[Row]:
    """Take a table's rows over; gives those of the records, which are made anew."""
    kept: list[Row] = []
    if not old.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone():
        return kept
    for row in _rows(old, table, found):
        row = _checked(table, row, found)
        if table == "records":
            kept.append(row)
        elif row:
            places = ", ".join("?" * len(row))
            done = db.execute(
                f"insert or ignore into {table} ({', '.join(row)}) values ({places})",  # noqa: S608 - our own names
                list(row.values()),
            )
            found.taken[table] += done.rowcount
    return kept


def _rows(old: sqlite3.Connection, table: str, found: Recovered) -> Iterator[Row]:
    """The rows from the front as far as they can be read, then from the back, then one by one in between."""
    order = _TABLES[table]
    ends: list[int] = []
    for direction in ("", " desc"):
        last = None
        try:
            by = ", ".join(f"{key}{direction}" for key in order.split(", "))
            for row in old.execute(f"select {order} as _key, * from {table} order by {by}"):  # noqa: S608 - our own names
                last = row["_key"]
                yield _plain(row)
        except sqlite3.DatabaseError:
            found.torn.add(table)
            ends.append(last if isinstance(last, int) else 0)
        else:
            return
    if order in ("id", "rowid", "run") and ends[1] - ends[0] < _MOST_SINGLY:
        yield from _singly(old, table, order, range(ends[0] + 1, ends[1]))


def _singly(old: sqlite3.Connection, table: str, key: str, numbers: range) -> Iterator[Row]:
    for number in numbers:
        try:
            row = old.execute(f"select {key} as _key, * from {table} where {key} = ?", (number,)).fetchone()  # noqa: S608
        except sqlite3.DatabaseError:
            continue
        if row:
            yield _plain(row)


def _plain(row: sqlite3.Row) -> Row:
    return {name: row[name] for name in row.keys() if name != "_key"}  # noqa: SIM118 - a Row iterates over values


def _checked(table: str, row: Row, found: Recovered) -> Row:
    """The row, where it is what was stored; a run or decision without its outcome, where that is damaged."""
    if table == "calls" and row["answer"] is not None and _sha256(row["answer"]) != row["answer_sha256"]:
        found.damaged[table] += 1
        return {}
    if table in ("runs", "decisions") and row["outcome"] is not None and _outcome(row["outcome"]) is None:
        found.damaged[table] += 1
        row |= {"outcome": None}
        if table == "runs":
            row |= {"status": "failed", "error": "its outcome was damaged; read it again"}
    return row


def _sha256(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def _outcome(packed: object) -> Outcome | None:
    try:
        return serial.restore(packed) if isinstance(packed, bytes) else None
    except (ValueError, TypeError, KeyError, zlib.error):
        return None


def _parents(db: sqlite3.Connection) -> None:
    """A document that was lost has its name from its outcome; reading it again brings its text back."""
    lost = "select document, started, outcome from runs where document not in (select sha256 from documents)"
    for sha256, at, packed in db.execute(lost).fetchall():
        outcome = _outcome(packed)
        source = outcome.document if outcome else None
        db.execute(
            "insert or ignore into documents (sha256, name, kind, encoding, text, first_seen)"
            " values (?, ?, ?, ?, '', ?)",
            (sha256, clean(source.name) if source else sha256, source.kind if source else "text",
             source.encoding if source else None, at),
        )  # fmt: skip


def _records(db: sqlite3.Connection, rows: list[Row], found: Recovered) -> None:
    """Make the records anew; a report that a person settled, and whose record is lost, waits again."""
    for row in rows:
        table, number = ("runs", row["run"]) if row["decision"] is None else ("decisions", row["decision"])
        kept = db.execute(f"select outcome from {table} where id = ?", (number,)).fetchone()  # noqa: S608 - one of two
        outcome = _outcome(kept["outcome"]) if kept else None
        if row["decision"] is None and isinstance(outcome, Accepted):
            put_accepted(db, row["run"], outcome, row["accepted"])
        elif row["decision"] is not None and isinstance(outcome, Accepted | NeedsReview):
            put_settled(db, row["run"], review.settled(outcome), row["decision"], row["accepted"])
        else:
            found.damaged["records"] += 1
    _lost_records(db, found)
    found.taken["records"] = db.execute("select count(*) from records").fetchone()[0]


def _lost_records(db: sqlite3.Connection, found: Recovered) -> None:
    last = (
        "select id, finished, outcome from runs where status = 'accepted' and id = (select max(id) from runs as other"
        " where other.document = runs.document and other.form = runs.form and outcome is not null)"
        " and not exists (select 1 from records where records.document = runs.document and records.form = runs.form)"
    )
    for number, at, packed in db.execute(last).fetchall():
        outcome = _outcome(packed)
        if isinstance(outcome, Accepted):
            put_accepted(db, number, outcome, at)
    found.damaged["reviews"] += db.execute(
        "update reviews set status = 'open', decided = null, decision = null where decision like 'accept%'"
        " and not exists (select 1 from records where records.document = reviews.document"
        " and records.form = reviews.form)"
    ).rowcount
    found.damaged = +found.damaged


def as_json(found: Recovered) -> dict[str, Any]:
    """What was recovered, for programs."""
    counts = {"taken": dict(found.taken), "damaged": dict(found.damaged)}
    return {**counts, "torn": sorted(found.torn), "whole": found.whole}
