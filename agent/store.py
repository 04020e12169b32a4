"""Where outcomes are kept: one SQLite file, one transaction a document, accepted figures in tables of their own."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from agent import serial
from agent.database import open_for_writing, told
from agent.errors import StoreError
from agent.outcome import Accepted, NeedsReview, NotThisForm, Outcome, Reading
from agent.records import clean, number, put_accepted

if TYPE_CHECKING:
    from agent.document import Document
    from agent.model import Call


def utc() -> str:
    """The time now, as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Store:
    """The one writing connection. Usable from any thread, one at a time."""

    def __init__(self, path: Path, *, wait: float = 30, check: bool = False, now: Callable[[], str] = utc) -> None:
        self.path = path
        self.now = now
        self._lock = threading.RLock()
        self._db = open_for_writing(path, wait=wait, check=check)

    def close(self) -> None:
        """Close the file; a store that is not closed loses nothing either."""
        with told(self.path):
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @staticmethod
    def key(
        document_sha256: str, form_name: str, prompts_digest: str, model_name: str | None, settings_text: str
    ) -> str:
        """What makes two runs the same run."""
        parts = [document_sha256, form_name, prompts_digest, model_name, settings_text]
        return _sha256(json.dumps(parts, ensure_ascii=True))

    def find(self, key: str) -> Outcome | None:
        """The outcome stored under ``key``, or None."""
        with self._lock, told(self.path):
            row = self._db.execute(
                "select id, outcome from runs where key = ? and outcome is not null order by id desc limit 1",
                (key,),
            ).fetchone()
        return restored(self.path, *row) if row else None

    def begin(self, key: str, document: Document, reader: str, model: str | None) -> int:
        """Note that a run over ``document`` starts; gives its id."""
        now = self.now()
        with self.transaction() as db:
            db.execute(
                "insert into documents (sha256, name, kind, encoding, text, first_seen, cells, pages, path)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set"
                " text = excluded.text, cells = excluded.cells, pages = excluded.pages,"
                " path = coalesce(excluded.path, path)",
                (
                    document.sha256,
                    clean(document.name),
                    document.kind,
                    document.encoding,
                    clean(document.text),
                    now,
                    serial.keep_cells(document.cells),
                    document.pages,
                    clean(str(document.path)) if document.path else None,
                ),
            )
            row = db.execute(
                "insert into runs (key, document, reader, model, started) values (?, ?, ?, ?, ?)",
                (key, document.sha256, reader, model, now),
            )
        assert row.lastrowid is not None
        return row.lastrowid

    def journal(self, run_id: int, call: Call) -> None:
        """Keep a raw answer, at once and before anyone parses it: it was paid for."""
        answer = clean(call.raw)
        with self.transaction() as db:
            db.execute(
                "insert into calls (run, at, question, model, request_sha256, answer, answer_sha256,"
                " input_tokens, output_tokens, cost, seconds, attempt, error, status)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    self.now(),
                    call.question,
                    call.model,
                    call.request_sha256,
                    answer,
                    None if answer is None else _sha256(answer),
                    call.usage.input_tokens,
                    call.usage.output_tokens,
                    number(call.usage.cost),
                    call.seconds,
                    call.attempt,
                    clean(call.error),
                    call.status,
                ),
            )

    def save(self, run_id: int, outcome: Accepted) -> None:
        """Store an accepted record; it replaces the one the document had in this form."""
        with self.transaction() as db:
            now = self._end(run_id, outcome)
            self._decide(run_id, outcome, now)
            put_accepted(db, run_id, outcome, now)

    def hold(self, run_id: int, outcome: NeedsReview) -> None:
        """Put a reading before a person; it takes the place of an open review of the same document and form."""
        with self.transaction() as db:
            now = self._end(run_id, outcome)
            self._decide(run_id, outcome, now)
            second = getattr(outcome, "second", None)
            db.execute(
                "insert into reviews (run, document, form, reasons, reading, second, opened, subject, period)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    outcome.document.sha256,
                    outcome.form,
                    serial.write(list(outcome.reasons)),
                    _plain(outcome.reading),
                    second and _plain(second),
                    now,
                    clean(outcome.subject),
                    outcome.period,
                ),
            )

    def refuse(self, run_id: int, outcome: NotThisForm) -> None:
        """Store that the document is another kind of report."""
        with self.transaction():
            self._decide(run_id, outcome, self._end(run_id, outcome))

    def fail(self, run_id: int, error: Exception) -> None:
        """Store why a run could not go on; nothing was concluded about the document."""
        with self.transaction() as db:
            db.execute(
                "update runs set status = 'failed', finished = ?, error = ? where id = ?",
                (self.now(), clean(f"{type(error).__name__}: {error}"), run_id),
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside stands together or not at all; one inside another is part of it."""
        with self._lock, told(self.path):
            if self._db.in_transaction:
                yield self._db
                return
            # Immediate: a transaction that begins by reading cannot wait for the write lock, it fails at once.
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.commit()
            except BaseException:
                self._db.rollback()
                raise

    def _end(self, run_id: int, outcome: Outcome) -> str:
        now, usage = self.now(), outcome.usage
        self._db.execute(
            "update runs set status = ?, form = ?, reader = ?, finished = ?, calls = ?, input_tokens = ?,"
            " output_tokens = ?, cost = ?, outcome = ? where id = ?",
            (
                outcome.status,
                outcome.form,
                outcome.reader,
                now,
                usage.calls,
                usage.input_tokens,
                usage.output_tokens,
                number(usage.cost),
                serial.keep(outcome),
                run_id,
            ),
        )
        if not isinstance(outcome, NotThisForm):
            self._db.executemany(
                "insert into findings (run, rule, message, cells, left_side, right_side, difference, lines, reason,"
                " warning) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        run_id,
                        finding.rule,
                        clean(finding.message),
                        serial.write(finding.cells),
                        number(finding.left),
                        number(finding.right),
                        number(finding.difference),
                        serial.write(finding.lines),
                        finding.reason,
                        finding.warning,
                    )
                    for finding in outcome.findings
                ],
            )
        return now

    def _decide(self, run_id: int, outcome: Outcome, now: str) -> None:
        self._db.execute(
            "update reviews set status = 'decided', decided = ?, decision = ?"
            " where document = ? and form = ? and status = 'open'",
            (now, f"read again as {run_id}: {outcome.status}", outcome.document.sha256, outcome.form),
        )


def restored(path: Path, run_id: int, packed: bytes) -> Outcome:
    """The outcome of a run. Raises StoreError where it is not the one that was stored."""
    try:
        return serial.restore(packed)
    except zlib.error as error:
        raise StoreError(f"{path}: run {run_id} is damaged; read its report again") from error
    except (ValueError, TypeError) as error:
        raise StoreError(f"{path}: run {run_id} was stored by another version of gouji: {error}") from error


def _plain(reading: Reading) -> str:
    return serial.write({path: asdict(figure) for path, figure in reading.figures.items()})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
