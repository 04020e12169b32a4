"""What tests of batches share: stalls and their reports, readers without processes, a batch put together by hand."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from agent.batch import Batch, Tally
from agent.batch_calls import Calls, Patience, Purse
from agent.batch_run import conduct
from agent.batch_step import Setup, Stepped, step
from agent.batch_writer import Writer
from agent.ledger import Entry, Kept, Ledger
from agent.model import Model, ModelSettings
from agent.pace import Limits, Pace
from agent.pipeline import Plan, ReaderName, make_plan
from agent.store import Store
from eval.tallies import FORM_NAME

SECRET = SecretStr("sk-canary-5f1e2d")


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def entries(paths: Sequence[Path]) -> list[Entry]:
    """Documents without columns of their own."""
    return [Entry(str(path)) for path in paths]


@dataclass
class InThread:
    """Reads in a thread of this process, and remembers what it was asked to read."""

    setup: Setup
    count: int = 1
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    async def step(self, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
        """One step, unless ``before`` says otherwise."""
        self.asked.append(path)
        self.before(path)
        return await asyncio.to_thread(step, self.setup, path, sha256, answers)

    async def stop(self) -> None:
        """Nothing to end."""


class Address(Protocol):
    """A server, here or in another process."""

    @property
    def base_url(self) -> str:
        """Where it listens."""


@dataclass
class World:
    """A database and a server, and batches over documents between them."""

    db: Path
    server: Address | None = None
    reader: ReaderName = "model"
    form: str = FORM_NAME
    concurrency: int = 4
    budget: int | None = None
    patience: Patience = field(default_factory=lambda: Patience(outage=60.0, first=5.0))
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    began: Callable[[Batch], None] = lambda _: None
    readers: InThread | None = None
    tell: Callable[[Tally], None] = lambda _: None

    def plan(self) -> Plan:
        """How every document is read."""
        model = None
        if self.server:
            model = ModelSettings("scripted", self.server.base_url, SECRET, **self.settings)
        return make_plan(self.form, model, reader=self.reader)

    def read(self, documents: Sequence[Entry]) -> Tally:
        """One run to its end."""
        return asyncio.run(self._read(documents))

    async def _read(self, documents: Sequence[Entry]) -> Tally:
        plan = self.plan()
        with Store(self.db) as store:
            ledger = Ledger(store)
            ledger.open("{}")
            writer = Writer(store)
            calls = self._calls(plan, writer)
            self.readers = self.readers or InThread(Setup.of(plan, self.form))
            batch = Batch(ledger, writer, plan, self.readers, calls, at_once=self.concurrency + 2, tell=self.tell)
            self.began(batch)
            try:
                return await conduct(batch, documents)
            finally:
                await batch.close()

    def _calls(self, plan: Plan, writer: Writer) -> Calls | None:
        if plan.model is None:
            return None
        pace = Pace(Limits(self.concurrency, **self.limits))
        return Calls(Model(plan.model), writer.journal, pace, Purse(self.budget), self.patience)
