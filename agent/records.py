"""Records and their figures in the store: what was accepted, and what it rests on."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from agent import serial
from agent.outcome import TRUSTED, Accepted, Grade, NeedsReview, Reading, Settled

_BY_A_PERSON = TRUSTED | {Grade.ATTESTED, Grade.PUBLISHED}


def put_accepted(db: sqlite3.Connection, run: int, outcome: Accepted, now: str) -> None:
    """Put an accepted record in place of the one its document had in this form."""
    record = _replace(db, run, outcome, now)
    _put_figures(db, record, outcome.reading, outcome.grades, TRUSTED)


def put_settled(db: sqlite3.Connection, run: int, settled: Settled, decision: int, now: str) -> None:
    """Put a record that a reviewer accepted, with what it rests on, in place of the document's former one."""
    record = _replace(db, run, settled.outcome, now)
    db.execute(
        "update records set standing = ?, violations = ?, decision = ? where id = ?",
        (settled.standing, serial.write([asdict(finding) for finding in settled.violations]), decision, record),
    )
    _put_figures(db, record, settled.outcome.reading, settled.grades, _BY_A_PERSON)


def _replace(db: sqlite3.Connection, run: int, outcome: Accepted | NeedsReview, now: str) -> int:
    db.execute("delete from records where document = ? and form = ?", (outcome.document.sha256, outcome.form))
    row = db.execute(
        "insert into records (run, document, form, edition, record, accepted, subject, period)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            outcome.document.sha256,
            outcome.form,
            outcome.edition,
            serial.write(outcome.record),
            now,
            clean(outcome.subject),
            outcome.period,
        ),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def _put_figures(
    db: sqlite3.Connection, record: int, reading: Reading, grades: Mapping[str, Grade], trusted: Collection[Grade]
) -> None:
    db.executemany(
        "insert into figures (record, path, value, count, printed, line, grade, read_by)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        _figures(record, reading, grades, trusted),
    )


def _figures(
    record: int, reading: Reading, grades: Mapping[str, Grade], trusted: Collection[Grade]
) -> Iterator[tuple[Any, ...]]:
    for path, figure in reading.figures.items():
        grade = grades.get(path, Grade.UNREAD)
        value = figure.value if grade in trusted else None
        count = value if type(value) is int and abs(value) < 2**63 else None
        yield record, path, number(value), count, clean(figure.printed), figure.line, grade, figure.by


def number(value: object) -> str | None:
    """An exact number as the store writes it."""
    return None if value is None else str(value)


def clean(text: str | None) -> str | None:
    """The text as SQLite can keep it: UTF-8 and nothing else; a lone surrogate must not lose the row."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
