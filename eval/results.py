"""Results of runs, kept in SQLite: one row a case, written as it ends, so that a stopped run goes on."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from agent.errors import StoreError, UsageError
from agent.outcome import Usage
from eval.scores import Number, Score

_SCHEMA = """
create table if not exists runs (
    id integer primary key, key text not null, arm text not null, model text, simulated text,
    folder text not null, cases integer not null, started text not null, finished text, series text not null
);
create table if not exists results (
    run integer not null references runs(id), name text not null, repeat integer not null,
    layout text not null, edition text not null, expect text not null, status text not null,
    score text, reasons text not null, record text not null, best text not null,
    calls integer not null, input_tokens integer not null, output_tokens integer not null, cost text,
    attempts integer not null, seconds real not null, error text not null,
    primary key (run, name, repeat)
);
"""


@dataclass(frozen=True)
class Result:
    """What one arm made of one case. ``score`` is None where it crashed, ``error`` then says how."""

    name: str
    repeat: int
    layout: str
    edition: str
    expect: str
    status: str
    score: Score | None
    reasons: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, Number] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    attempts: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Run:
    """One run of an arm over a folder. ``simulated``: the faults of a simulated model, '' = a real reader."""

    id: int
    arm: str
    model: str
    simulated: str
    folder: str
    cases: int
    started: str
    finished: str | None

    @property
    def title(self) -> str:
        """The run in a few words; simulated figures are always labelled so."""
        return f"{self.arm}{f', {self.model_title}' if self.model_title else ''}"

    @property
    def model_title(self) -> str:
        """The model, or what simulates it."""
        return f"simulated ({self.simulated})" if self.simulated else self.model


APPLICATION_ID = 0x676A6531  # "gje1": marks the file as an evaluation's, so that no other database is written to


def _refuse_strangers(db: sqlite3.Connection, path: Path) -> None:
    (tables,) = db.execute("select count(*) from sqlite_master").fetchone()
    (ours,) = db.execute("pragma application_id").fetchone()
    if tables and ours != APPLICATION_ID:
        raise StoreError(f"{path} holds no evaluation and was left as it is; name another file with --db")
    if not tables:
        db.execute(f"pragma application_id = {APPLICATION_ID}")


class Results:
    """The database of runs."""

    def __init__(self, path: Path) -> None:
        try:
            self.db = sqlite3.connect(path, timeout=30)
            _refuse_strangers(self.db, path)
            self.db.executescript("pragma journal_mode=wal;" + _SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        self.path = path

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def series(self, keys: Sequence[str]) -> str:
        """The runs that are done together: those of an evaluation that was stopped, where one of them is unfinished."""
        marks = ", ".join("?" * len(keys))
        row = self.db.execute(
            f"select series from runs where finished is null and key in ({marks}) order by id desc",  # noqa: S608
            list(keys),
        ).fetchone()
        return str(row[0]) if row else uuid4().hex

    def begin(self, key: str, series: str, arm: str, model: str, simulated: str, folder: str, cases: int) -> Run:
        """A new run, or the one of that series with the same key, which then goes on."""
        with self._writing() as db:
            row = db.execute(
                "select id from runs where key = ? and series = ? order by id desc", (key, series)
            ).fetchone()
            if row is None:
                cursor = db.execute(
                    "insert into runs (key, series, arm, model, simulated, folder, cases, started) "
                    "values (?, ?, ?, ?, ?, ?, ?, ?)",
                    (key, series, arm, model, simulated, folder, cases, _now()),
                )
                return self.run(int(cursor.lastrowid or 0))
        return self.run(row[0])

    def finish(self, run: Run) -> None:
        """Mark the run as whole."""
        with self._writing() as db:
            db.execute("update runs set finished = ? where id = ?", (_now(), run.id))

    def add(self, run: Run, result: Result) -> None:
        """Keep one result."""
        usage = result.usage
        cost = None if usage.cost is None else str(usage.cost)
        with self._writing() as db:
            db.execute(
                f"insert into results values ({', '.join('?' * 18)})",  # noqa: S608 - only question marks
                (
                    *(run.id, result.name, result.repeat, result.layout, result.edition, result.expect, result.status),
                    json.dumps(asdict(result.score)) if result.score else None,
                    *map(_dumped, (result.reasons, result.record, result.best)),
                    *(usage.calls, usage.input_tokens, usage.output_tokens, cost),
                    *(result.attempts, result.seconds, result.error),
                ),
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.db as db:
                yield db
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        rows = self.db.execute(
            "select id, arm, coalesce(model, ''), coalesce(simulated, ''), folder, cases, started, finished "
            "from runs order by id"
        )
        return [Run(*row) for row in rows]

    def run(self, id: int | str) -> Run:
        """The run with this number; "last" is the newest. Raises UsageError where there is none."""
        known = self.runs()
        for run in known[::-1]:
            if id == "last" or str(run.id) == str(id):
                return run
        numbers = ", ".join(str(run.id) for run in known[-10:]) or "none yet"
        raise UsageError(f"{self.path} holds no run {id}; there are {numbers}")

    def of(self, run: Run) -> list[Result]:
        """The results of a run by case."""
        rows = self.db.execute("select * from results where run = ? order by name, repeat", (run.id,))
        return [_result(row) for row in rows]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def _loads(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _result(row: Sequence[Any]) -> Result:
    _, name, repeat, layout, edition, expect, status, score, reasons, record, best, *rest = row
    calls, input_tokens, output_tokens, cost, attempts, seconds, error = rest
    fields = _loads(score) if score else None
    return Result(
        *(name, repeat, layout, edition, expect, status),
        Score(**{**fields, "wrong": tuple(fields["wrong"])}) if fields else None,
        *(tuple(_loads(reasons)), _loads(record), _loads(best)),
        Usage(calls, input_tokens, output_tokens, Decimal(cost) if cost is not None else None),
        *(attempts, seconds, error),
    )
