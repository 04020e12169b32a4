"""One step of a document, in whatever process: read as far as the answers go, and say what is still wanted.

Nothing is kept between steps: a run is taken up again from its start with the answers it has, so it can
go on in another process, on another machine, or another day.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.batch_calls import Wanted
from agent.document import Document, fingerprint, load
from agent.errors import GoujiError, InputError, UsageError
from agent.evidence import Evidence, gather
from agent.ledger import Kept
from agent.outcome import NO_USAGE, Outcome, Usage
from agent.pipeline import Plan, ReaderName, run
from agent.settings import ModelSettings
from prompts import digest
from schemas import FormError, load as load_form
from schemas.digest import digest as version

if TYPE_CHECKING:
    from agent.model import Call

LONGEST = 600
"""Seconds that reading one text may take; the time for its pages is bounded where they are loaded."""


class ChangedError(InputError):
    """The file is not what it was when it was named: the text that was meant is not read, nor is it at fault."""


@dataclass(frozen=True)
class Setup:
    """How documents are read, as it travels to those who read: the form by name, the model without its key.

    ``prompts`` and ``version`` of the form are those of the one who asks: who reads must have the same.
    """

    form: str | None
    reader: ReaderName
    model: ModelSettings | None = None
    escalate: ModelSettings | None = None
    max_attempts: int = 3
    prompts: str = ""
    version: str = ""

    @classmethod
    def of(cls, plan: Plan, form: str | None) -> Setup:
        """The setup of a plan whose form was found under that name."""
        model, stronger = _bare(plan.model), _bare(plan.escalate)
        return cls(form, plan.reader, model, stronger, plan.max_attempts, digest(), version(plan.form))


def _bare(settings: ModelSettings | None) -> ModelSettings | None:
    # The network's faults are borne where the calls are made.
    return settings and replace(settings, api_key=None, login=None, tries=1)


@dataclass(frozen=True)
class Stepped:
    """How far a document came: its outcome, or the requests to be answered first, or the error that ended it.

    ``spared``: what thrifty did not have to ask, where it came to an outcome.
    """

    document: Document | None = None
    outcome: Outcome | None = None
    wanted: tuple[Wanted, ...] = ()
    error: GoujiError | None = None
    spared: Usage = NO_USAGE


def step(setup: Setup, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
    """Read a document as far as the answers go, by request."""
    try:
        document, evidence = _seen(setup, path, sha256)
        with _bounded():
            stepped = _through(_run(document, evidence, setup, answers))
    except GoujiError as error:
        return Stepped(error=error)
    if stepped.wanted:
        _put_by((setup, path, sha256), (document, evidence))
    return stepped


def _through(work: Coroutine[Any, Any, Stepped]) -> Stepped:
    # asyncio.run would take the signals over and give them back for every document.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


async def _run(document: Document, evidence: Evidence, setup: Setup, answers: Mapping[str, Kept]) -> Stepped:
    from agent.model import ToComeError, request_sha256

    plan = _plan(setup)
    requests: dict[str, dict[str, Any]] = {}
    questions: dict[str, str] = {}

    async def send(request: dict[str, Any], _: float) -> tuple[int, Mapping[str, str], bytes]:
        sha = request_sha256(request)
        if sha in answers:
            return answers[sha].status, {}, answers[sha].raw.encode()
        requests[sha] = request
        raise ToComeError(f"no answer yet to {sha}")

    def note(call: Call) -> None:
        questions[call.request_sha256] = call.question

    text = replace(document, cells={})  # the places on its pages stay here
    try:
        outcome = await run(document, plan, on_call=note, send=send, evidence=evidence)
    except ToComeError:
        return Stepped(text, wanted=tuple(Wanted(questions[sha], request) for sha, request in requests.items()))
    return Stepped(text, outcome, spared=_spared(document, evidence, plan, set(questions.values())))


def _spared(document: Document, evidence: Evidence, plan: Plan, asked: set[str]) -> Usage:
    """The first questions of the model reader that thrifty did without, at the tokens they would have sent."""
    if plan.reader != "thrifty" or plan.model is None or not evidence.recognised:
        return NO_USAGE
    from agent.extraction import questions
    from agent.model import estimate

    first = questions(document, plan.form, evidence.section_lines(), plan.model.profile)
    unasked = [question for question in first if question.name not in asked]
    spared = [plan.model.usage(estimate(q.system) + estimate(q.user), 0) for q in unasked]
    return sum(spared, NO_USAGE)


@lru_cache(maxsize=4)
def _plan(setup: Setup) -> Plan:
    if setup.prompts not in ("", digest()):
        raise UsageError("this worker has another version of gouji: install the same on all machines")
    try:
        form = load_form(setup.form)
    except FormError as error:
        raise UsageError(str(error)) from error
    if setup.version not in ("", version(form)):
        raise UsageError(f"the form {form.name} is another here than where the run began; run it again")
    return Plan(form, setup.reader, setup.model, setup.escalate, setup.max_attempts)


_Seen = tuple[Document, Evidence]
_put_aside: dict[tuple[Setup, str, str], _Seen] = {}
"""Documents that wait for answers: they come back here as often as not, and need not be read again then."""
_MOST_ASIDE = 256
_aside = threading.Lock()


def _put_by(name: tuple[Setup, str, str], seen: _Seen) -> None:
    with _aside:
        _put_aside[name] = seen
        while len(_put_aside) > _MOST_ASIDE:
            del _put_aside[next(iter(_put_aside))]


def _seen(setup: Setup, path: str, sha256: str) -> _Seen:
    with _aside:
        seen = _put_aside.pop((setup, path, sha256), None)
    if seen:
        return seen
    document = _named(Path(path), sha256)
    form = _plan(setup).form
    with _bounded():
        return document, gather(document, form)


def _named(path: Path, sha256: str) -> Document:
    """The document that was named. Raises ChangedError where the file holds another by now, or cannot be read."""
    try:
        document = load(path)
    except InputError as error:
        if _holds(path, sha256):
            raise
        raise ChangedError(str(error)) from error  # half written, or away for a while
    if document.sha256 != sha256:
        raise ChangedError(f"{path}: changed while the batch ran; run it again")
    return document


def _holds(path: Path, sha256: str) -> bool:
    try:
        return fingerprint(path) == sha256
    except InputError:
        return False


@contextmanager
def _bounded() -> Iterator[None]:
    """End this process where a text takes longer than any should: code that never comes back cannot be stopped."""
    if not _guarded:
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


_guarded = False


def guard() -> None:
    """Let this process end itself over a text without end: it reads for a batch and does nothing else.

    By the system's alarm, which also ends code that does not let the interpreter go; where a system has none
    (Windows), such a text is waited for.
    """
    global _guarded
    _guarded = hasattr(signal, "setitimer")
    if _guarded:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})  # as inherited from who started us
