"""The pool's calls: one connection pool, one pace, one purse; every call journaled before its answer is read."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from agent.errors import GoujiError, ModelError, PermanentModelError, StoreError, UsageError
from agent.ledger import Kept
from agent.model import Call, Model, asked_tokens, call_of, request_sha256
from agent.outcome import NO_USAGE, Usage
from agent.pace import Pace
from agent.transport import NoAnswerError, Reply, TransientError, UnsupportedError, reply, text_of

FIRST_GUESS = 400  # tokens of an answer, before one was seen
_OWN_FAULT = frozenset({400, 413, 422})
"""Refusals that concern one request; any other that is for good concerns the run."""


class StopError(ModelError):
    """The run cannot go on: key, credit, budget, or a server that stays away. No document is to blame."""


class _ThrottledError(TransientError):
    """Told to wait: a matter of the pool's pace, and no fault of the request."""


@dataclass(frozen=True)
class Wanted:
    """A request that a document's reading needs an answer to."""

    question: str
    request: dict[str, Any]

    @cached_property
    def sha256(self) -> str:
        """The request's name in the journal."""
        return request_sha256(self.request)

    @cached_property
    def tokens(self) -> int:
        """Its tokens, estimated."""
        return asked_tokens(self.request)


class Purse:
    """What a run may spend, in tokens and US dollars; calls in flight are counted at what they may cost."""

    def __init__(self, tokens: int | None = None, dollars: Decimal | None = None) -> None:
        self.tokens = tokens
        self.dollars = dollars
        self.spent = NO_USAGE
        self._held = NO_USAGE
        self._landed = asyncio.Event()

    async def hold(self, most: Usage, likely: Usage) -> None:
        """Set aside the most a call may cost; where only what it likely costs is left, it goes alone.

        Raises StopError where less is left.
        """
        while not self._covers(self.spent + self._held + most):
            if not self._covers(self.spent + likely):
                raise self.empty()
            if not self._held.calls:
                break
            self._landed.clear()
            await self._landed.wait()
        self._held += most

    def settle(self, most: Usage, usage: Usage) -> None:
        """What was set aside is spent, or free again."""
        cost = None if self._held.cost is None or most.cost is None else self._held.cost - most.cost
        self._held = Usage(
            self._held.calls - most.calls,
            self._held.input_tokens - most.input_tokens,
            self._held.output_tokens - most.output_tokens,
            cost,
        )
        self.spent += usage
        self._landed.set()

    def spend(self, usage: Usage) -> None:
        """What a call took that was not set aside for."""
        self.spent += usage

    def covers(self, usage: Usage) -> bool:
        """Whether so much more could be spent."""
        return self._covers(self.spent + usage)

    def empty(self) -> StopError:
        """What is said where the budget ends the run."""
        if not self.spent.calls:
            return StopError(f"the budget is too small for one call ({self._told()}); raise it and run again")
        return StopError(f"the budget is used up ({self._told()}); raise it and run again: nothing is lost")

    def _covers(self, usage: Usage) -> bool:
        if self.tokens is not None and usage.input_tokens + usage.output_tokens > self.tokens:
            return False
        return self.dollars is None or usage.cost is None or usage.cost <= self.dollars

    def _told(self) -> str:
        said = [f"{self.spent.input_tokens + self.spent.output_tokens} of {self.tokens} tokens"] if self.tokens else []
        cost = self.spent.cost or Decimal(0)
        return ", ".join(said + ([f"{cost:f} of {self.dollars:f} US dollars"] if self.dollars else []))


@dataclass(frozen=True)
class Patience:
    """How long failures are borne.

    ``outage``: seconds without any answer, ``first``: before there was one. ``tries`` of one request while
    others are answered, ``failures`` of it in all: then its document waits for another run.
    """

    outage: float = 3600.0
    first: float = 120.0
    tries: int = 6
    failures: int = 30


class Calls:
    """Gets answers over the network. Its own loop is the only one that repeats a call for the network's faults."""

    def __init__(
        self,
        model: Model,
        journal: Callable[[int, Call], Awaitable[None]],
        pace: Pace,
        purse: Purse,
        patience: Patience = Patience(),
    ) -> None:
        self.model = model
        self.purse = purse
        self._journal = journal
        self._pace = pace
        self._patience = patience
        self._flying: set[asyncio.Task[Kept]] = set()
        self._answer_tokens = FIRST_GUESS
        self._beyond = 0  # tokens of a request that its estimate missed, at most
        self._over: StopError | StoreError | None = None
        self.fault = ""
        """What went wrong with the last call; empty where it was answered."""

    async def answer(self, run_id: int, wanted: Wanted) -> Kept:
        """The answer to a request, however often the network fails.

        Raises StopError where the run cannot go on, ModelError where this request alone stays unanswered.
        """
        failures = tries = 0
        for attempt in itertools.count(1):
            answers = self._pace.answers
            try:
                return await self._try(run_id, wanted, attempt)
            except TransientError as error:
                if not isinstance(error, _ThrottledError):
                    failures += 1
                    # No fault of this request where nobody is answered.
                    tries += self._pace.answers > answers
                self._bear(error, tries, failures)
            await self.model.sleep(_back_off(tries))
        raise AssertionError

    async def _try(self, run_id: int, wanted: Wanted, attempt: int) -> Kept:
        if not self._pace.allows(wanted.tokens):
            raise StopError(
                f"a question takes about {wanted.tokens} tokens, more than --tpm allows in a minute; raise it"
            )
        async with self._pace.turn(lambda: self._weight(wanted)) as guessed:
            asked, answer = self._guess(wanted)
            most = self.model.settings.usage(asked, max(_longest(wanted.request), answer))
            await self.purse.hold(most, self.model.settings.usage(asked, answer))
            if self._over:
                raise self._over
            flight = asyncio.create_task(self._call(run_id, wanted, attempt, guessed, most))
            self._flying.add(flight)
            flight.add_done_callback(self._land)
            # What is on its way may be paid for: it lands and is journaled even if its reader is gone.
            return await asyncio.shield(flight)

    def _weight(self, wanted: Wanted) -> int:
        """The tokens of a call. Raises StopError where it would wait longer than a server may stay away."""
        tokens = sum(self._guess(wanted))
        if not self._pace.allows(tokens // 60):
            raise StopError(
                f"a question takes about {tokens} tokens, as this server counts, more than --tpm allows in an hour"
            )
        return tokens

    def _guess(self, wanted: Wanted) -> tuple[int, int]:
        """The tokens of a call, in and out, by what is known now."""
        return wanted.tokens + self._beyond, self._answer_tokens

    def _land(self, flight: asyncio.Task[Kept]) -> None:
        self._flying.discard(flight)
        if not flight.cancelled():
            flight.exception()  # told to who waited; where nobody did, it is in the journal

    def _bear(self, error: TransientError, tries: int, failures: int) -> None:
        said = self.model.settings.says(error)
        if error.retry_after > self._patience.outage:
            raise StopError(f"{said}; it asks to wait {error.retry_after:.0f} s: run again then, nothing is lost")
        borne = self._patience.outage if self._pace.answers else self._patience.first
        if self._pace.trouble > borne:
            raise StopError(f"{said}; no answer for {self._pace.trouble:.0f} s: run again when the server is back")
        if tries >= self._patience.tries or failures >= self._patience.failures:
            raise ModelError(f"{said}; gave up after {failures} calls")

    async def _call(self, run_id: int, wanted: Wanted, attempt: int, guessed: int, most: Usage) -> Kept:
        clock, settings = self.model.clock, self.model.settings
        began = clock()
        status: int | None = None
        raw: str | None = None
        answered: Reply | None = None
        fault: GoujiError | None = None
        try:
            status, headers, body = await self.model.send(wanted.request, settings.call_timeout)
            raw = text_of(body)
            answered = reply(status, headers, body)
        except UsageError:  # nothing was sent, and no document is to blame: it ends the run
            raise
        except GoujiError as error:
            fault = error
        call = call_of(settings, wanted.question, wanted.request, status, raw, answered, fault)
        try:
            await self._journal(run_id, replace(call, seconds=clock() - began, attempt=attempt))
        except StoreError as error:  # nor could the next answer be kept, and it would be paid for
            self._over = error
            raise
        self.purse.settle(most, call.usage)
        self._beyond = max(self._beyond, call.usage.input_tokens - wanted.tokens)
        return self._judged(call, fault, guessed, began)

    def _judged(self, call: Call, fault: GoujiError | None, guessed: int, began: float) -> Kept:
        """The answer, or the fault raised; the pace is told either way."""
        if isinstance(fault, TransientError):
            throttled = call.status == 429 or fault.retry_after > 0
            self._pace.bad(began, fault.retry_after, throttled=throttled)
            self.fault = self.model.settings.says(fault)
            raise _ThrottledError(str(fault), fault.retry_after) if throttled else fault
        status, tokens = call.status, call.usage.input_tokens + call.usage.output_tokens
        self._pace.good(guessed, tokens)
        self.fault = ""
        if isinstance(fault, PermanentModelError) and status not in _OWN_FAULT:
            self._over = StopError(self.model.settings.says(fault))
            raise self._over from fault
        assert status is not None
        assert call.raw is not None
        assert fault is None or isinstance(fault, NoAnswerError | UnsupportedError | PermanentModelError)
        if fault is None:
            # Up at once and down slowly: many calls go out on this guess before the next answer comes.
            answered = call.usage.output_tokens
            self._answer_tokens = max(answered, self._answer_tokens + (answered - self._answer_tokens) // 8)
        return Kept(status, call.raw)

    @property
    def flying(self) -> int:
        """Calls on their way."""
        return len(self._flying)

    async def landed(self) -> None:
        """Wait for the calls on their way; their answers are journaled."""
        if self._flying:
            await asyncio.wait(set(self._flying))


def _longest(request: dict[str, Any]) -> int:
    """The tokens that a request lets its answer have."""
    return int(request.get("max_tokens") or request.get("max_completion_tokens") or 0)


def _back_off(tries: int) -> float:
    return min(20.0, 0.5 * 2**tries) * random.uniform(0.75, 1.25) if tries else 0.0  # noqa: S311
