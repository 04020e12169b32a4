"""A provider's batch endpoint, at half the price: rounds of questions, posted, waited for and collected over days.

The first round asks everything; each later one only what is still wanted. A run that ends anywhere is
taken up again: what was posted is known by a token that travels with it.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from agent.batch import Batch, Tally
from agent.batch_calls import FIRST_GUESS, Purse, StopError, Wanted
from agent.batch_outbox import MOST_TRIES, FileLimits, Letter, Outbox, Posted
from agent.errors import GoujiError, ModelError, PermanentModelError
from agent.ledger import Entry, Job, Kept
from agent.model import Call, call_of
from agent.outcome import Usage
from agent.settings import ModelSettings
from agent.transport import Reply, TransientError, reply, verdict

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch as Remote

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_TOKEN = "gouji"  # noqa: S105 - the name of a token, and none
_AT_ONCE = 200
_HALF = Decimal("0.5")
_ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
T = TypeVar("T")


class AskedError(GoujiError):
    """A document waits for answers that are days away."""


@dataclass(frozen=True)
class Post:
    """How the batch endpoint is used: seconds between looks, the limits of a file, how long it may stay away."""

    poll: float = 60.0
    limits: FileLimits = field(default_factory=FileLimits)
    outage: float = 3600.0


def at_half_price(settings: ModelSettings) -> ModelSettings:
    """The same model at the price of its batch endpoint."""
    if settings.input_price is None or settings.output_price is None:
        return settings
    return replace(settings, input_price=settings.input_price * _HALF, output_price=settings.output_price * _HALF)


class Rounds(Batch):
    """A batch that posts its questions instead of asking them: round after round until nothing is wanted."""

    def post_by(self, mail: Mail) -> None:
        """Name who posts; to be called once, before the run."""
        self.mail = mail
        mail.ending = self.ending

    async def close(self) -> None:
        """Close the connections."""
        await self.mail.close()

    @property
    def spent(self) -> Usage:
        """What the answers collected by this run took."""
        return self.mail.purse.spent

    async def run(self, entries: Sequence[Entry]) -> Tally:
        """Round after round; what is asked at the end waits for another run."""
        while True:
            try:
                await self.mail.recover()
                tally = await super().run(entries)
                if not tally.stopped:
                    await self.mail.send()
                if tally.stopped or not self.mail.outbox.sent():
                    return tally
                await self.mail.collect()
            except StopError as error:
                self.stop(error)
            if self.tally.stopped:
                return self.tally

    async def _ask(self, job: Job, run_id: int, wanted: Sequence[Wanted]) -> dict[str, Kept]:
        if not self.mail.outbox.put(job, run_id, wanted):
            raise PermanentModelError(f"the provider answered a question {MOST_TRIES} times with nothing that is one")
        raise AskedError

    async def _read(self, job: Job) -> None:
        try:
            await super()._read(job)
        except AskedError:
            self.tally.statuses["asked"] += 1


class Mail:
    """Posts the outbox's files and collects their answers."""

    def __init__(self, client: AsyncOpenAI, settings: ModelSettings, outbox: Outbox, purse: Purse, post: Post) -> None:
        self.outbox = outbox
        self.purse = purse
        self._client = client
        self._settings = settings
        self._post = post
        self.ending = asyncio.Event()
        self._an_answer = FIRST_GUESS

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def recover(self) -> None:
        """Find out what became of files that a run before this one was posting when it ended."""
        unsent = self.outbox.unsent()
        if not unsent:
            return
        known = await self._try(self._known)
        for posted in unsent:
            if posted.token in known:
                self.outbox.arrived(posted, known[posted.token])
            else:
                self.outbox.unpack(posted)

    async def _known(self) -> dict[str, str]:
        """The provider's names of all batches of ours, by token."""
        listed = self._client.batches.list(limit=100)
        return {(remote.metadata or {}).get(_TOKEN, ""): remote.id async for remote in listed}

    async def send(self) -> None:
        """Post all that waits. Raises StopError where the provider refuses, or the budget does not cover it."""
        self._an_answer = max(FIRST_GUESS, self.outbox.an_answer)
        while (posted := self.outbox.pack(self._post.limits, ENDPOINT, self._covers)) is not None:
            # Where the run ends here, whether it arrived is found out by the next one.
            self.outbox.arrived(posted, await self._try(partial(self._post_once, posted, [])))
        if self.outbox.waiting and not self.outbox.sent():
            raise self.purse.empty()

    def _covers(self, questions: int, tokens: int) -> bool:
        """Budgets count what is at the provider: it will be paid for."""
        return self.purse.covers(self._settings.usage(tokens, questions * self._an_answer))

    async def _post_once(self, posted: Posted, tried: list[Posted]) -> str:
        """Post a file. Tried before, it may have arrived though no answer came: then it is not posted again."""
        known = (await self._known()).get(posted.token) if tried else None
        tried.append(posted)
        return known or await self._upload(posted)

    async def _upload(self, posted: Posted) -> str:
        with tempfile.TemporaryFile() as file:
            for number in self.outbox.letters(posted):
                letter = self.outbox.letter(number)
                if letter:
                    file.write(letter.line(ENDPOINT))
            file.seek(0)
            uploaded = await self._client.files.create(file=(f"{posted.token}.jsonl", file), purpose="batch")
        remote = await self._client.batches.create(
            input_file_id=uploaded.id, endpoint=ENDPOINT, completion_window="24h", metadata={_TOKEN: posted.token}
        )
        return remote.id

    async def collect(self) -> None:
        """Wait until a posted file has ended, and take its answers in; or until the run is to end."""
        while not self.ending.is_set():
            ended = [posted for posted in self.outbox.sent() if await self._collected(posted)]
            if ended:
                return
            await self._wait(self._post.poll)

    async def _collected(self, posted: Posted) -> bool:
        assert posted.remote is not None
        name = posted.remote
        remote = await self._try(lambda: self._client.batches.retrieve(name))
        if remote.status not in _ENDED:
            return False
        for file in (remote.output_file_id, remote.error_file_id):
            if file:
                await self._try(partial(self._take_in, file))
        if remote.status in ("failed", "cancelled"):
            self.outbox.unpack(posted)
            raise StopError(self._settings.says(f"the provider's batch {name} {remote.status}{_why(remote)}"))
        self.outbox.end(posted)
        return True

    async def _take_in(self, file: str) -> None:
        """Journal the lines of a file, some at a time: taken in twice, they are there once."""
        some: list[str] = []
        async with self._client.files.with_streaming_response.content(file) as response:
            async for line in response.iter_lines():
                some.append(self._settings.redact(line))
                if len(some) == _AT_ONCE:
                    self._journal(some)
                    some.clear()
        self._journal(some)

    def _journal(self, lines: Sequence[str]) -> None:
        told = [self._call(line) for line in lines if line.strip()]
        self.outbox.answer([call for call in told if call])

    def _call(self, line: str) -> tuple[Letter, Call] | None:
        """The call that a line tells of; None where it tells of none, or of one that was journaled before."""
        told = _object(line)
        number, response = str(told.get("custom_id", "")), told.get("response")
        letter = self.outbox.letter(int(number)) if number.isdecimal() else None
        if letter is None or not isinstance(response, dict) or not isinstance(response.get("status_code"), int):
            return None
        raw = json.dumps(response.get("body"), ensure_ascii=False)
        answered: Reply | None = None
        fault: GoujiError | None = None
        try:
            answered = reply(response["status_code"], {}, raw.encode("utf-8", "replace"))
        except GoujiError as error:
            fault = error
        request = letter.wanted.request
        call = call_of(self._settings, letter.wanted.question, request, response["status_code"], raw, answered, fault)
        self.purse.spend(call.usage)
        return letter, call

    async def _try(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the provider says, however often the network fails."""
        import httpx2
        import openai

        waited, pause = 0.0, 0.5
        while True:
            try:
                return await self._unless_ending(ask())
            except openai.APIStatusError as error:
                text = self._settings.redact(error.response.text)
                told = verdict(error.status_code, error.response.headers, text)
                if isinstance(told, PermanentModelError):
                    raise StopError(self._settings.says(told)) from None  # what it came from quotes the answer
                fault: Exception = told
                pause = max(pause, told.retry_after) if isinstance(told, TransientError) else pause
            except (openai.APIConnectionError, httpx2.TransportError) as error:
                fault = error
            if max(waited, pause) > self._post.outage:
                raise StopError(self._settings.says(f"{fault}; run again when the server is back")) from None
            if await self._wait(pause):
                raise StopError(self._settings.says(str(fault))) from None
            waited, pause = waited + pause, min(60.0, pause * 2)

    async def _unless_ending(self, asking: Awaitable[T]) -> T:
        """What comes of it; given up where the run is to end: what it did at the provider is found out by the next."""
        asked, ending = asyncio.ensure_future(asking), asyncio.ensure_future(self.ending.wait())
        try:
            await asyncio.wait((asked, ending), return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise StopError("the run was to end while the provider was asked")
            return asked.result()
        finally:
            asked.cancel()
            ending.cancel()

    async def _wait(self, seconds: float) -> bool:
        """Wait, but no longer than the run goes on; True where it is to end."""
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            return False
        return True


def _why(remote: Remote) -> str:
    errors = remote.errors.data if remote.errors and remote.errors.data else []
    return "".join(f": {error.message}" for error in errors[:3])


def _object(line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise ModelError(f"the provider's file of answers holds a line that is no JSON: {line[:60]!r}") from error
    return told if isinstance(told, dict) else {}
