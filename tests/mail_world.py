"""A batch over a provider's batch endpoint of our own, as several tests need it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import openai
import pytest

from agent import ledger as ledgers
from agent.batch import Tally
from agent.batch_calls import Purse
from agent.batch_outbox import FileLimits, Outbox
from agent.batch_run import conduct
from agent.batch_step import Setup
from agent.batch_writer import Writer
from agent.ledger import Ledger
from agent.model import ModelSettings
from agent.pipeline import make_plan
from agent.provider_batch import Mail, Post, Rounds, at_half_price
from agent.store import Store
from eval import tallies
from eval.batch_server import BatchServer
from tests.batch_world import SECRET, InThread, entries, rows

COUNT = 10


class KilledError(BaseException):
    """The process dies here."""


@dataclass
class Sender:
    """Runs over the endpoint; ``mail`` may be one that dies."""

    db: Path
    server: BatchServer
    limits: FileLimits = FileLimits()  # noqa: RUF009 - a frozen value
    budget: int | None = None
    mail: type[Mail] = Mail
    outage: float = 60.0
    settles: float = 0.1
    began: Callable[[Rounds], None] = lambda _: None

    def read(self, paths: Sequence[Path]) -> Tally:
        """One run, to its end or its death."""
        ledgers._open.clear()  # what an earlier run held, it held in a process that is gone
        return asyncio.run(self._read(paths))

    async def _read(self, paths: Sequence[Path]) -> Tally:
        settings = ModelSettings("m", self.server.base_url, SECRET, input_price=Decimal(2), output_price=Decimal(8))
        plan = make_plan(tallies.FORM_NAME, at_half_price(settings), reader="model")
        assert plan.model is not None
        client = openai.AsyncOpenAI(api_key="none", base_url=settings.base_url, max_retries=0)
        with Store(self.db) as store:
            ledger = Ledger(store)
            ledger.open("{}")
            readers = InThread(Setup.of(plan, tallies.FORM_NAME))
            rounds = Rounds(ledger, Writer(store), plan, readers, None, at_once=4)
            post = Post(0.01, self.limits, self.outage, self.settles)
            outbox = Outbox(ledger, settings.base_url)
            rounds.post_by(self.mail(client, plan.model, outbox, Purse(self.budget), post))
            self.began(rounds)
            try:
                return await conduct(rounds, entries(paths))
            finally:
                await rounds.close()


@pytest.fixture
def stalls(tmp_path: Path) -> list[Path]:
    return tallies.write(tmp_path / "stalls", COUNT)


def check_whole(db: Path) -> None:
    assert rows(db, "select status, count(*) from jobs group by 1") == [("accepted", 9), ("review", 1)]
    assert rows(db, "select count(*), count(distinct key) from runs where outcome is not null") == [(COUNT, COUNT)]
    assert rows(db, "select count(*) from records") == [(9,)]
