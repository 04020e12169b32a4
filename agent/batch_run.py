"""From what a person asked for to a running batch: its options, who reads, who calls."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.batch import Batch, Tally
from agent.batch_calls import StopError
from agent.batch_readers import Processes, Readers
from agent.batch_step import Setup
from agent.batch_writer import Writer
from agent.errors import UsageError
from agent.ledger import Entry, Ledger
from agent.local import is_local
from agent.pipeline import Plan, ReaderName, make_plan
from agent.settings import ModelSettings
from agent.store import Store

if TYPE_CHECKING:
    from agent.batch_calls import Calls, Purse
    from agent.model import Send
    from agent.provider_batch import Rounds

_BEAT = 2.0


@dataclass(frozen=True)
class Options:
    """How a batch is to run. Kept with it, so that what failed can be tried again alike; holds no key."""

    form: str | None = None
    reader: ReaderName | None = None
    model: str | None = None
    base_url: str | None = None
    escalate: str | None = None
    max_attempts: int = 3
    concurrency: int = 16
    rpm: int | None = None
    tpm: int | None = None
    budget_tokens: int | None = None
    budget_usd: str | None = None
    budget_seconds: float | None = None
    engine: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    transport: Literal["live", "batch"] = "live"
    poll: float = 60.0
    file_requests: int = 50_000
    file_mb: int = 190

    def settled(self, plan: Plan) -> Options:
        """With what the environment said besides, so that they mean the same another day; without a login."""
        path, colon, name = (self.form or "").rpartition(":")
        model = plan.model
        return replace(
            self,
            form=f"{Path(path).absolute()}:{name}" if colon and Path(path).exists() else self.form,
            reader=plan.reader,
            model=model.name if model else None,
            base_url=model.base_url if model else None,
        )

    def text(self) -> str:
        """The options as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Options:
        """The options that ``text`` made; the login of their server, where the environment tells it."""
        options = cls(**json.loads(text))
        told = os.environ.get("OPENAI_BASE_URL")
        same = told and ModelSettings("", told).base_url == options.base_url
        return replace(options, base_url=told) if same else options

    def plan(self) -> Plan:
        """The plan of every document. Raises UsageError where options make no sense together."""
        if self.scheduler and self.engine != "dask":
            raise UsageError("--scheduler names Dask's: give --engine dask as well")
        plan = make_plan(self.form, self.model, self.base_url, self.reader, self.escalate, self.max_attempts)
        if self.transport == "batch":
            plan = _by_post(plan)
        if self.budget_usd and plan.model and (plan.model.input_price is None or plan.model.output_price is None):
            raise UsageError("--budget-usd needs prices: set GOUJI_PRICE_IN and GOUJI_PRICE_OUT (US dollars a million)")
        return plan


async def run(
    entries: Sequence[Entry],
    options: Options,
    db: Path,
    *,
    tell: Callable[[Tally], None] = lambda _: None,
    began: Callable[[Batch], None] = lambda _: None,
) -> Tally:
    """Read the documents into the store. ``began`` gets the batch before its first document."""
    plan = options.plan()
    with Store(db, check=True) as store:
        ledger = Ledger(store)
        readers, send = await _readers(plan, options)
        writer = Writer(store)
        calls = _calls(plan, options, writer, send)
        # As many again are read ahead, so that a place in the pool finds its next call ready.
        at_once = 2 * readers.count + (2 * options.concurrency if calls else 2)
        ledger.open(options.settled(plan).text())
        if options.transport == "batch":
            batch: Batch = _rounds(ledger, writer, plan, readers, options, at_once=at_once, tell=tell)
        else:
            batch = Batch(ledger, writer, plan, readers, calls, at_once=at_once, tell=tell)
        began(batch)
        if options.budget_seconds:
            asyncio.get_running_loop().call_later(options.budget_seconds, time_is_up, batch, options.budget_seconds)
        try:
            return await conduct(batch, entries)
        finally:
            await batch.close()


def time_is_up(batch: Batch, seconds: float) -> None:
    """End a run whose seconds are used up."""
    if not batch.tally.stopped:  # asked twice it would not let calls land
        last = batch.calls.fault if batch.calls else ""
        failing = f"; no call was answered, the last: {last}" if last else ""
        batch.stop(StopError(f"the time is used up ({seconds:g} s); run again: nothing is lost{failing}"))


async def conduct(batch: Batch, entries: Sequence[Entry]) -> Tally:
    """Run a batch to its end, its leases kept alive meanwhile and free afterwards."""
    beating = asyncio.create_task(_beat(batch))
    beating.add_done_callback(batch.broke)
    try:
        tally = await batch.run(entries)
    finally:
        beating.cancel()
        await batch.readers.stop()
        await batch.writer.drained()
        batch.ledger.leave()
    batch.ledger.close(str(tally.stopped) if tally.stopped else None)
    return tally


async def _beat(batch: Batch) -> None:
    while True:
        await asyncio.sleep(_BEAT)
        await batch.writer.write(batch.ledger.beat)


async def _readers(plan: Plan, options: Options) -> tuple[Readers, Send | None]:
    """Who reads, and who calls in place of this process."""
    setup = Setup.of(plan, options.form)
    if options.engine == "local":
        return Processes(setup), None
    try:
        from agent.engine_dask import Cluster
    except ImportError as error:
        raise UsageError(f"--engine dask needs Dask distributed: pip install 'gouji[dask]' ({error})") from error
    cluster = await Cluster.at(options.scheduler, setup, plan.model)
    return cluster, cluster.send


def _calls(plan: Plan, options: Options, writer: Writer, send: Send | None) -> Calls | None:
    if plan.reader == "offline" or plan.model is None or options.transport == "batch":
        return None
    from agent.batch_calls import Calls
    from agent.batch_lines import Lines
    from agent.model import Model
    from agent.pace import Limits, Pace

    model = Model(plan.model, send=send) if send else Lines(plan.model, options.concurrency)
    pace = Pace(Limits(options.concurrency, options.rpm, options.tpm))
    return Calls(model, writer.journal, pace, _purse(options))


def _purse(options: Options) -> Purse:
    from agent.batch_calls import Purse

    return Purse(options.budget_tokens, Decimal(options.budget_usd) if options.budget_usd else None)


def _by_post(plan: Plan) -> Plan:
    from agent.provider_batch import at_half_price

    if plan.reader == "offline" or plan.model is None:
        raise UsageError("--transport batch needs a model: give --model or set GOUJI_MODEL")
    if is_local(plan.model.name) and plan.model.base_url is None:
        raise UsageError("--transport batch needs a provider: a model on this machine has no batch endpoint")
    escalate = plan.escalate and at_half_price(plan.escalate)
    return replace(plan, model=at_half_price(plan.model), escalate=escalate)


def _rounds(
    ledger: Ledger,
    writer: Writer,
    plan: Plan,
    readers: Readers,
    options: Options,
    *,
    at_once: int,
    tell: Callable[[Tally], None],
) -> Rounds:
    import openai

    from agent.batch_outbox import FileLimits, Outbox
    from agent.connections import connected
    from agent.provider_batch import Mail, Post, Rounds

    settings = plan.model
    assert settings is not None
    client = openai.AsyncOpenAI(
        api_key=settings.key,
        base_url=settings.base_url,
        default_headers=settings.headers,
        max_retries=0,
        http_client=connected(),
    )
    post = Post(options.poll, FileLimits(options.file_requests, options.file_mb * 1_000_000))
    outbox = Outbox(ledger, settings.base_url)
    rounds = Rounds(ledger, writer, plan, readers, None, at_once=at_once, tell=tell)
    rounds.post_by(Mail(client, settings, outbox, _purse(options), post))
    return rounds
