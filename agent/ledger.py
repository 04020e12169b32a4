"""How far each document of a batch is, in the file of the outcomes: nothing is lost, nothing done or paid twice.

A job is a document under the key of its run. Who works on it holds a lease on it; a lease whose holder
no longer beats is free. An outcome and the end of its job are one transaction.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from agent import serial
from agent.errors import GoujiError
from agent.outcome import Outcome, Usage
from agent.records import clean
from agent.store import Store

DEAD_AFTER = 30.0
"""Seconds without a beat after which the holder of a lease counts as gone."""

_open: set[tuple[str, int]] = set()
"""The batches of this process that work: another with our process number is of one before us."""

SETTLED = frozenset({"accepted", "review", "not_this_form", "failed"})


class LeaseLostError(GoujiError):
    """Another run took the document over meanwhile; what this one found is not stored."""


@dataclass(frozen=True)
class Entry:
    """A document to be read: its path, with the user's own columns."""

    path: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A document under the key of its run. ``sha256`` is None where the file could not be read: ``error`` says why."""

    key: str
    entry: Entry
    sha256: str | None
    form: str
    reader: str
    model: str | None
    error: str | None = None


@dataclass(frozen=True)
class Kept:
    """An answer from the journal: the status and the body of its HTTP call."""

    status: int
    raw: str


class Ledger:
    """The jobs in a store, and one batch that works on them."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time, host: str | None = None) -> None:
        self.store = store
        self.batch = 0
        self._clock = clock
        self._host = host or here()

    def open(self, options: str) -> None:
        """Begin a batch; ``options`` tell how to repeat it."""
        with self.store.transaction() as db:
            row = db.execute(
                "insert into batches (options, host, process, beat, started) values (?, ?, ?, ?, ?)",
                (options, self._host, os.getpid(), self._clock(), self.store.now()),
            )
        assert row.lastrowid is not None
        self.batch = row.lastrowid
        _open.add((str(self.store.path), self.batch))

    def beat(self) -> None:
        """Say that this batch still works."""
        with self.store.transaction() as db:
            db.execute("update batches set beat = ? where id = ?", (self._clock(), self.batch))

    def leave(self) -> None:
        """Work no more on what this batch holds, also where the database cannot be told."""
        _open.discard((str(self.store.path), self.batch))

    def close(self, why: str | None) -> None:
        """End the batch; what it still held is free."""
        self.leave()
        with self.store.transaction() as db:
            db.execute("update jobs set status = 'waiting' where status = 'leased' and batch = ?", (self.batch,))
            db.execute(
                "update batches set finished = ?, why = ? where id = ?", (self.store.now(), clean(why), self.batch)
            )

    def enrol(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Take jobs in that are not known yet; gives each one's status. A stored outcome ends a job at once."""
        now = self.store.now()
        with self.store.transaction() as db:
            known = _known(db, [job.key for job in jobs])
            for job in jobs:
                before, stored = known[job.key]
                if job.sha256 is not None:
                    _put_origin(db, job.sha256, job.entry)
                if before is None:
                    self._put(db, job, stored or ("waiting" if job.error is None else "failed"), now)
                elif stored and before in ("waiting", "failed"):
                    db.execute("update jobs set status = ?, changed = ? where key = ?", (stored, now, job.key))
            return {key: before or "waiting" for key, (before, _) in _known(db, [job.key for job in jobs]).items()}

    def renew(self, jobs: Sequence[Job]) -> int:
        """How many are new texts in files read before; what came to nothing of the former texts is forgotten."""
        named = json.dumps([[clean(job.entry.path), job.sha256] for job in jobs if job.sha256])
        with self.store.transaction() as db:
            changed = db.execute(
                "select distinct named.value ->> 0 from json_each(?) as named"
                " where exists (select 1 from origins where path = named.value ->> 0)"
                " and not exists (select 1 from origins where path = named.value ->> 0"
                " and document = named.value ->> 1)",
                (named,),
            ).fetchall()
            db.executemany(
                "delete from jobs where path = ? and status in ('failed', 'waiting')"
                " and not exists (select 1 from asked where asked.key = jobs.key)"
                " and not exists (select 1 from origins where document = jobs.document and path <> jobs.path)",
                changed,
            )
        return len(changed)

    def _put(self, db: sqlite3.Connection, job: Job, status: str, now: str) -> None:
        path = clean(job.entry.path)
        # A file that could not be read before had its path for a key.
        db.execute("delete from jobs where document is null and path = ?", (path,))
        db.execute(
            "insert or ignore into jobs (key, path, document, form, reader, model, status, batch, error, changed)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (job.key, path, job.sha256, job.form, job.reader, job.model, status, self.batch, clean(job.error), now),
        )

    def lease(self, keys: Iterable[str]) -> dict[str, int]:
        """Take those of the jobs that wait, or whose holder is gone; gives their number of attempts."""
        taken: dict[str, int] = {}
        with self.store.transaction() as db:
            gone = json.dumps(self.gone(db))
            for key in keys:
                row = db.execute(
                    "update jobs set status = 'leased', batch = ?, attempts = attempts + 1, changed = ?"
                    " where key = ? and (status = 'waiting' or status = 'leased' and"
                    " batch in (select value from json_each(?))) returning attempts",
                    (self.batch, self.store.now(), key, gone),
                ).fetchone()
                if row:
                    taken[key] = row[0]
        return taken

    def gone(self, db: sqlite3.Connection) -> list[int]:
        """The batches that work no more: what they held is free."""
        held = db.execute("select id, host, process, beat, finished from batches where id <> ?", (self.batch,))
        return [row[0] for row in held if row[4] or self._is_gone(*row[:4])]

    def _is_gone(self, batch: int, host: str, process: int, beat: float) -> bool:
        if host == self._host and process == os.getpid():
            return (str(self.store.path), batch) not in _open
        return is_gone(host, process, beat, here=self._host, now=self._clock())

    def done(self, key: str, run: int, outcome: Outcome) -> None:
        """End a job with its outcome. Belongs into the transaction that stores the outcome.

        Raises LeaseLostError where the job is no longer ours.
        """
        self._end(key, outcome.status, run=run)

    def fail(self, key: str, error: str) -> None:
        """End a job that another try would not help."""
        self._end(key, "failed", error=error)

    def give_back(self, key: str, error: str | None = None) -> None:
        """Let the job wait for another try."""
        with self.store.transaction() as db:
            db.execute(
                "update jobs set status = 'waiting', error = ?, changed = ?"
                " where key = ? and status = 'leased' and batch = ?",
                (clean(error), self.store.now(), key, self.batch),
            )

    def _end(self, key: str, status: str, *, run: int | None = None, error: str | None = None) -> None:
        with self.store.transaction() as db:
            row = db.execute(
                "update jobs set status = ?, run = ?, error = ?, changed = ?"
                " where key = ? and status = 'leased' and batch = ?",
                (status, run, clean(error), self.store.now(), key, self.batch),
            )
            if row.rowcount != 1:
                raise LeaseLostError(f"another run took over the document of job {key[:12]}")

    def answers(self, key: str) -> dict[str, Kept]:
        """The journaled answers of all runs under a key, by request: they are paid for, and asked no more."""
        from agent.errors import PermanentModelError
        from agent.transport import NoAnswerError, TransientError, UnsupportedError, reply

        found: dict[str, Kept] = {}
        with self.store.transaction() as db:
            rows = db.execute(
                "select request_sha256, calls.status, cast(answer as blob), answer_sha256"
                " from calls join runs on runs.id = calls.run"
                " where key = ? and calls.status is not null and answer is not null order by calls.id",
                (key,),
            ).fetchall()
        for request, status, raw, sha256 in rows:
            if hashlib.sha256(raw).hexdigest() != sha256:
                continue  # no longer what came: SQLite does not notice a flipped byte
            try:
                reply(status, {}, raw)
            except (TransientError, PermanentModelError):
                continue
            except (NoAnswerError, UnsupportedError):
                pass  # an answer too: the same request would get it again
            found[request] = Kept(status, raw.decode())
        return found

    def why(self, key: str) -> str:
        """Why a job failed."""
        with self.store.transaction() as db:
            row = db.execute("select error from jobs where key = ?", (key,)).fetchone()
        return str(row[0]) if row and row[0] else ""

    def of(self, status: str) -> dict[str, list[Entry]]:
        """The documents of a status, with their own columns, by the options of the batch that tried them."""
        with self.store.transaction() as db:
            rows = db.execute(
                "select options, jobs.path, columns from jobs join batches on batches.id = jobs.batch"
                " left join origins on origins.document = jobs.document and origins.path = jobs.path"
                " where status = ? order by jobs.path",
                (status,),
            ).fetchall()
        found: dict[str, list[Entry]] = {}
        for options, path, columns in rows:
            found.setdefault(options, []).append(Entry(path, json.loads(columns or "{}")))
        return found

    def recall(self, keys: Sequence[str]) -> None:
        """Let documents be read live whose questions wait for a provider's batch endpoint, and were never posted."""
        with self.store.transaction() as db:
            unposted = (
                "select jobs.key from jobs, json_each(?) as named where jobs.key = named.value and status = 'asked'"
                " and not exists"
                " (select 1 from asked where asked.key = jobs.key and not answered and posted is not null)"
            )
            found = json.dumps([key for (key,) in db.execute(unposted, (json.dumps(keys),))])
            db.execute("delete from asked where not answered and key in (select value from json_each(?))", (found,))
            db.execute("update jobs set status = 'waiting' where key in (select value from json_each(?))", (found,))

    def put_back(self, status: str) -> None:
        """Let every job of that status wait for another try; what was asked is waited for no more."""
        with self.store.transaction() as db:
            # Where there was no text there is no document: the file gets a key of its own when it can be read.
            db.execute("delete from jobs where status = ? and document is null", (status,))
            if status == "asked":
                db.execute("delete from asked where not answered")
                db.execute("update posted set state = 'ended' where state = 'sent'")
            db.execute("update jobs set status = 'waiting', attempts = 0, error = null where status = ?", (status,))


def spent(db: sqlite3.Connection) -> Usage:
    """What all calls in a store took, also those whose run came to no outcome."""
    calls, read, written = db.execute(
        "select count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0) from calls"
    ).fetchone()
    unknown = db.execute("select exists (select 1 from calls where cost is null)").fetchone()[0]
    cost = None
    if calls and not unknown:
        cost = sum((Decimal(row[0]) for row in db.execute("select cost from calls")), Decimal(0))
    return Usage(calls, read, written, cost)


def _known(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    rows = db.execute(
        "select value, (select status from jobs where key = value),"
        " (select status from runs where runs.key = value and outcome is not null order by id desc limit 1)"
        " from json_each(?)",
        (json.dumps(keys),),
    )
    return {key: (before, stored) for key, before, stored in rows}


def _put_origin(db: sqlite3.Connection, sha256: str, entry: Entry) -> None:
    # Named without columns, as in a folder, a document keeps those that a manifest gave it.
    db.execute(
        "insert into origins (document, path, columns) values (?, ?, ?)"
        " on conflict do update set columns = excluded.columns where excluded.columns not in (columns, '{}')",
        (sha256, clean(entry.path), serial.write(entry.columns)),
    )


def here(namespace: Path = Path("/proc/self/ns/pid")) -> str:
    """Where our process numbers mean something: two containers may have one host name, and each its own numbers."""
    try:
        return f"{socket.gethostname()} {namespace.readlink()}"
    except OSError:  # not Linux: a host has one set of numbers
        return socket.gethostname()


def is_gone(host: str, process: int, beat: float, *, here: str, now: float) -> bool:
    """Whether the holder of leases is no more: its process here, or elsewhere its beat, in seconds of the clock."""
    return (host == here and not _lives(process)) or now - beat > DEAD_AFTER


def _lives(process: int) -> bool:
    if os.name == "nt":
        return True  # asking would end it there; its beat tells
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
