"""The loop: load, find the evidence, read, check, ask again about what failed, and come to an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent import checks, offline
from agent.document import Document, load
from agent.errors import GoujiError, ModelError, UsageError
from agent.evidence import Evidence, gather
from agent.outcome import (
    NO_USAGE,
    TRUSTED,
    Accepted,
    Grade,
    NeedsReview,
    NotThisForm,
    Outcome,
    Reading,
    Reason,
)
from agent.record import edition, record
from schemas import Form, FormError, load as load_form
from schemas.digest import digest as version

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agent.model import Call, Send
    from agent.reader import Read
    from agent.settings import ModelSettings
    from agent.store import Store

ReaderName = Literal["offline", "model", "thrifty"]


def extract(
    source: Path | str | bytes,
    *,
    form: str | Form | type[BaseModel] | None = None,
    model: str | ModelSettings | None = None,
    base_url: str | None = None,
    reader: ReaderName | None = None,
    store: Store | Path | None = None,
    max_attempts: int = 3,
    escalate: str | None = None,
    budget_tokens: int | None = None,
    budget_seconds: float | None = None,
    name: str | None = None,
) -> Outcome:
    """Read one report. ``source``: a path, bytes, or the text itself as a ``str``.

    ``form``: a form, its name, or a pydantic model of one's own. ``budget_seconds``: how long its calls may take.
    Without a model (argument or environment) the offline reader reads; with one, the model does, unless
    ``reader`` says otherwise. With ``store`` the outcome is kept, and the same run is never paid twice.
    Raises InputError, ModelError, StoreError, UsageError; a reading that does not hold is no error but
    a NeedsReview.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(
            aextract(
                source,
                form=form,
                model=model,
                base_url=base_url,
                reader=reader,
                store=store,
                max_attempts=max_attempts,
                escalate=escalate,
                budget_tokens=budget_tokens,
                budget_seconds=budget_seconds,
                name=name,
            )
        )
    raise UsageError("extract() was called inside a running event loop; use `await aextract(...)` there")


async def aextract(
    source: Path | str | bytes,
    *,
    form: str | Form | type[BaseModel] | None = None,
    model: str | ModelSettings | None = None,
    base_url: str | None = None,
    reader: ReaderName | None = None,
    store: Store | Path | None = None,
    max_attempts: int = 3,
    escalate: str | None = None,
    budget_tokens: int | None = None,
    budget_seconds: float | None = None,
    name: str | None = None,
) -> Outcome:
    """``extract`` for callers with an event loop of their own."""
    plan = make_plan(form, model, base_url, reader, escalate, max_attempts, budget_tokens, budget_seconds)
    document = load(source, name=name)
    if store is None:
        return await run(document, plan)
    if isinstance(store, Path):
        from agent.store import Store

        with Store(store) as opened:
            return await stored(document, plan, opened)
    return await stored(document, plan, store)


@dataclass(frozen=True)
class Plan:
    """How documents are read: the form, the reader, the model and its bounds."""

    form: Form
    reader: ReaderName = "offline"
    model: ModelSettings | None = None
    escalate: ModelSettings | None = None
    max_attempts: int = 3
    budget_tokens: int | None = None
    budget_seconds: float | None = None

    @property
    def key(self) -> str:
        """The settings that make two runs the same run, besides document, form, prompts and model."""
        stronger = self.escalate.name if self.escalate else None
        asked = self.model.identity if self.model else None
        return f"{self.reader} {asked} {self.max_attempts} {stronger} {self.budget_tokens} {version(self.form)}"

    def run_key(self, sha256: str) -> str:
        """What makes two runs over documents the same run: of its outcome nothing is paid twice."""
        from agent.store import Store
        from prompts import digest

        model = self.model.name if self.model else None
        return Store.key(sha256, self.form.name, digest(), model, self.key)


def make_plan(
    form: str | Form | type[BaseModel] | None = None,
    model: str | ModelSettings | None = None,
    base_url: str | None = None,
    reader: ReaderName | None = None,
    escalate: str | None = None,
    max_attempts: int = 3,
    budget_tokens: int | None = None,
    budget_seconds: float | None = None,
) -> Plan:
    """The plan that flags and environment make. Raises UsageError where they make no sense together."""
    try:
        chosen = _form(form)
    except FormError as error:
        raise UsageError(str(error)) from error
    if max_attempts < 1:
        raise UsageError("max_attempts must be at least 1")
    settings = None
    if reader != "offline":
        from agent.settings import settings as of

        settings = of(model, base_url) if model is None or isinstance(model, str) else model
    if reader in ("model", "thrifty") and settings is None:
        raise UsageError(f"reader {reader!r} needs a model: give --model or set GOUJI_MODEL")
    stronger = replace(settings, name=escalate) if settings and escalate else None
    reads = reader or ("model" if settings else "offline")
    return Plan(chosen, reads, settings, stronger, max_attempts, budget_tokens, budget_seconds)


def _form(form: str | Form | type[BaseModel] | None) -> Form:
    if isinstance(form, Form):
        return form
    if form is None or isinstance(form, str):
        return load_form(form)
    from schemas.declare import of_model

    return of_model(form)


async def stored(document: Document, plan: Plan, store: Store) -> Outcome:
    """The stored outcome of the same run, or a new one, kept."""
    key = plan.run_key(document.sha256)
    before = store.find(key)
    if before is not None:
        return before
    run_id = store.begin(key, document, plan.reader, plan.model.name if plan.model else None)
    try:
        outcome = await _journaled(document, plan, store, run_id, key)
    except GoujiError as error:
        store.fail(run_id, error)
        raise
    keep(store, run_id, outcome)
    return outcome


async def _journaled(document: Document, plan: Plan, store: Store, run_id: int, key: str) -> Outcome:
    """The outcome of a run whose calls are kept, those of earlier runs used."""
    if plan.model is None:
        return await run(document, plan)
    from agent.paid import journal

    async with journal(store, run_id, key, plan.model) as kept:
        return await run(document, plan, on_call=kept.note, send=kept.send)


def keep(store: Store, run_id: int, outcome: Outcome) -> None:
    """Store the outcome of a run where its kind belongs."""
    if isinstance(outcome, Accepted):
        store.save(run_id, outcome)
    elif isinstance(outcome, NeedsReview):
        store.hold(run_id, outcome)
    else:
        store.refuse(run_id, outcome)


async def run(
    document: Document,
    plan: Plan,
    *,
    on_call: Callable[[Call], None] | None = None,
    send: Send | None = None,
    evidence: Evidence | None = None,
) -> Outcome:
    """The outcome for one document; nothing is stored.

    ``send`` makes the calls where documents share them; ``evidence`` is of a run that is taken up again.
    """
    evidence = evidence or gather(document, plan.form)
    if not evidence.recognised:
        return NotThisForm(plan.form.name, evidence.why, document.source, plan.reader)
    first = offline.read(evidence)
    if plan.reader == "offline" or plan.model is None:
        return conclude(document, evidence, first, offline.NAME)
    from agent import reader

    try:
        async with asyncio.timeout(plan.budget_seconds):
            read = await reader.read(document, evidence, plan, first, on_call, send)
    except TimeoutError as error:
        told = f"no outcome within {plan.budget_seconds:g} s (--budget-seconds)"
        raise ModelError(f"{document.name}: {told}; run again: answers that were stored are not paid twice") from error
    return conclude(document, evidence, read.reading, plan.reader, read=read, second=first)


def conclude(
    document: Document,
    evidence: Evidence,
    reading: Reading,
    reader: str,
    *,
    read: Read | None = None,
    second: Reading | None = None,
    attested: Collection[str] = (),
) -> Accepted | NeedsReview:
    """The outcome of a reading: the only place where one is accepted.

    ``attested``: figures a reviewer vouches for; with one that its place does not bear out, none is.
    """
    verdict = checks.check(reading, evidence, document, attested)
    notes = read.notes if read else ()
    if verdict.failing:  # what the model gave up on is why, where something is missing
        notes = tuple(replace(note, warning=note.rule != "model") for note in notes)
    findings = (*verdict.findings, *notes)
    unread = tuple(
        [field.id for field in evidence.form.fields if field.id not in reading.words]
        + [path for path, grade in verdict.grades.items() if grade == Grade.UNREAD]
    )
    failing = [finding for finding in findings if not finding.warning]
    known: dict[str, Any] = {
        "form": evidence.form.name,
        "edition": edition(reading, evidence),
        "reading": reading,
        "record": record(reading, evidence, verdict.untrusted),
        "findings": findings,
        "grades": verdict.grades,
        "unread": unread,
        "reader": reader,
        "usage": read.usage if read else NO_USAGE,
        "document": document.source,
        "attempts": read.attempts if read else 0,
        "holding": verdict.holding,
        **_who_and_when(reading, evidence.form),
    }
    if not failing and set(verdict.grades.values()) <= TRUSTED:
        return Accepted(**known)
    found = {finding.reason for finding in failing}
    return NeedsReview(**known, reasons=tuple(reason for reason in Reason if reason in found), second=second)


def _who_and_when(reading: Reading, form: Form) -> dict[str, Any]:
    said = {name: words.value for name, words in reading.words.items()}
    subject, period = said.get(form.subject), said.get(form.period)
    return {
        "subject": subject if isinstance(subject, str) else None,
        "period": period if isinstance(period, int) else None,
    }
