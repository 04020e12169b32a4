"""Answers of a model, kept in a file: what was asked once is not asked again by another arm, run or day.

The same question put again within one reading of a case is another question (a resample), so it is numbered.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import StoreError

if TYPE_CHECKING:
    from agent.model import Model
    from agent.settings import ModelSettings

APPLICATION_ID = 0x676A6132  # "gja2": no other database is written to
_TABLE = """
create table if not exists answers (
    model text not null, request text not null, number integer not null,
    raw blob not null, seconds real not null, primary key (model, request, number)
)
"""


@dataclass
class Door:
    """Where one reading of a case asks. ``spared``: the seconds its kept answers took when they were new."""

    path: Path | None
    model: Model
    spared: float = 0.0
    _asked: Counter[str] = field(default_factory=Counter)

    async def send(self, request: dict[str, Any], seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """The answer that is kept, or a new one, which is kept where it is whole."""
        from agent.model import request_sha256

        if self.path is None:
            return await self.model.send(request, seconds)
        sha = request_sha256(request)
        self._asked[sha] += 1
        name = (self.model.settings.identity, sha, self._asked[sha])
        found = _find(self.path, name)
        if found:
            raw, took = found
            self.spared += took
            return 200, {}, raw
        began = time.perf_counter()
        status, headers, body = await self.model.send(request, seconds)
        if status == 200:
            took = time.perf_counter() - began
            kept = self.model.settings.redact(body.decode("utf-8", "surrogateescape"))
            _keep(self.path, (*name, kept.encode("utf-8", "surrogateescape"), took))
        return status, headers, body


@asynccontextmanager
async def door(path: Path | None, settings: ModelSettings) -> AsyncIterator[Door]:
    """The way to a model past the answers kept at ``path``; None = nothing is kept."""
    from agent.model import Model

    model = Model(settings)
    try:
        yield Door(path, model)
    finally:
        await model.close()


def prepare(path: Path) -> None:
    """Make the file, or see that it is one of ours. Raises StoreError where it is not."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as db:
            (tables,) = db.execute("select count(*) from sqlite_master").fetchone()
            (ours,) = db.execute("pragma application_id").fetchone()
            if tables and ours != APPLICATION_ID:
                raise StoreError(f"{path} holds no answers and was left as it is; name another file with --answers")
            db.execute(f"pragma application_id = {APPLICATION_ID}")
            db.execute(_TABLE)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; name another file with --answers") from error


def _find(path: Path, name: tuple[str, str, int]) -> tuple[bytes, float] | None:
    with closing(sqlite3.connect(path, timeout=30)) as db:
        row = db.execute(
            "select raw, seconds from answers where model = ? and request = ? and number = ?", name
        ).fetchone()
    return (bytes(row[0]), float(row[1])) if row else None


def _keep(path: Path, row: tuple[str, str, int, bytes, float]) -> None:
    with closing(sqlite3.connect(path, timeout=30)) as db, db:
        db.execute("insert or ignore into answers values (?, ?, ?, ?, ?)", row)
