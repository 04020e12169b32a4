"""A provider's batch endpoint, at half the price: rounds of questions, posted, waited for and collected over days.

The first round asks everything; each later one only what is still wanted. A run that ends anywhere is
taken up again: what was posted is known by a token that travels with it.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from agent.batch import Batch, Tally
from agent.batch_calls import FIRST_GUESS, Purse, StopError, Wanted
from agent.batch_outbox import MOST_TRIES, FileLimits, Letter, Outbox, Posted
from agent.connections import LARGEST
from agent.errors import GoujiError, PermanentModelError
from agent.ledger import Entry, Job, Kept
from agent.model import Call, call_of
from agent.outcome import Usage
from agent.provider import ENDPOINT, GoneError, Provider
from agent.settings import ModelSettings
from agent.transport import Reply, TransientError, reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_AT_ONCE = 200
_HALF = Decimal("0.5")
_MOST_LOOKS = 4
"""So often a file of answers is fetched that leaves questions out, before these are posted anew, and paid anew."""
T = TypeVar("T")


class AskedError(GoujiError):
    """A document waits for answers that are days away."""


@dataclass(frozen=True)
class Post:
    """How the batch endpoint is used: seconds between looks, the limits of a file, how long it may stay away.

    ``settles``: seconds after which a batch that was made is listed, if it was made at all.
    """

    poll: float = 60.0
    limits: FileLimits = field(default_factory=FileLimits)
    outage: float = 3600.0
    settles: float = 60.0


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
        mail.ending, mail.leaving = self.ending, self.leaving

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
        self._provider = Provider(client, settings.redact)
        self._settings = settings
        self._post = post
        self.ending = asyncio.Event()
        self.leaving = asyncio.Event()
        self._an_answer = FIRST_GUESS
        self._looks: Counter[int] = Counter()

    async def close(self) -> None:
        """Close the connections."""
        await self._provider.close()

    async def recover(self) -> None:
        """Find out what became of files that a run before this one was posting when it ended."""
        for posted in self.outbox.unsent():
            remote = await self._arrived(posted)
            if remote:
                self.outbox.arrived(posted, remote)
            else:
                self.outbox.unpack(posted)

    async def _arrived(self, posted: Posted) -> str | None:
        """The provider's name of a file's batch; None where it would be listed by now, had it arrived."""
        waited = 0.0
        while True:
            known = await self._try(self._known)
            if posted.token in known or waited >= self._post.settles:
                return known.get(posted.token)
            pause = min(5.0, self._post.settles - waited)
            if await self._wait(pause):
                raise StopError("ended before it was known whether the provider has the last file")
            waited += pause

    async def _known(self) -> dict[str, str]:
        """The provider's names of all batches of ours, by token."""
        return {remote.token: remote.id async for remote in self._provider.batches()}

    async def send(self) -> None:
        """Post all that waits. Raises StopError where the provider refuses, or the budget does not cover it."""
        self._an_answer = max(FIRST_GUESS, self.outbox.an_answer)
        while (posted := self.outbox.pack(self._post.limits, ENDPOINT, self._covers)) is not None:
            # Where the run ends here, whether it arrived is found out by the next one.
            self.outbox.arrived(posted, await self._posted(posted))
        if self.outbox.waiting and not self.outbox.sent():
            raise self.purse.empty()

    def _covers(self, questions: int, tokens: int) -> bool:
        """Budgets count what is at the provider: it will be paid for."""
        return self.purse.covers(self._settings.usage(tokens, questions * self._an_answer))

    async def _posted(self, posted: Posted) -> str:
        """Post a file, however often the network fails. A try that was not answered may have arrived all the same."""
        tried = False

        async def once() -> str:
            nonlocal tried
            known = await self._arrived(posted) if tried else None
            tried = True
            return known or await self._upload(posted)

        # Broken off it might arrive, and the next run not see it yet: only who asks twice to end ends it.
        return await self._try(once, until=self.leaving)

    async def _upload(self, posted: Posted) -> str:
        try:
            with tempfile.TemporaryFile() as file:
                for number in self.outbox.letters(posted):
                    letter = self.outbox.letter(number, posted)
                    if letter:
                        file.write(letter.line(ENDPOINT))
                file.seek(0)
                return await self._provider.post(file, posted.token)
        except OSError as error:  # the network's are told as its own
            where = tempfile.tempdir or "any folder for temporary files"
            told = f"the file of questions cannot be written in {where}: {error.strerror}"
            raise StopError(f"{told}; name another folder by TMPDIR, and run again") from None

    async def collect(self) -> None:
        """Wait until a posted file has ended, and take its answers in; or until the run is to end."""
        while not self.ending.is_set():
            ended = [posted for posted in self.outbox.sent() if await self._collected(posted)]
            if ended:
                return
            await self._wait(self._post.poll)

    async def _collected(self, posted: Posted) -> bool:
        assert posted.remote is not None
        remote = await self._try(partial(self._provider.batch, posted.remote))
        if not remote.ended:
            return False
        told: set[int] = set()
        for file in remote.files:
            told |= await self._try(partial(self._take_in, file, posted))
        self._looks[posted.id] += 1
        left_out = remote.status != "failed" and not told.issuperset(self.outbox.letters(posted))
        if left_out and self._looks[posted.id] < _MOST_LOOKS:
            return False  # a file that comes empty or in part is a fault of the way, until it comes so again and again
        if remote.status in ("failed", "cancelled"):
            self.outbox.unpack(posted)
            why = "".join(f": {fault}" for fault in remote.why)
            raise StopError(self._settings.says(f"the provider's batch {remote.id} {remote.status}{why}"))
        self.outbox.end(posted)
        return True

    async def _take_in(self, file: str, posted: Posted) -> set[int]:
        """Journal the lines of a file, some at a time: taken in twice, they are there once.

        Gives the questions that it says something of.
        """
        told: set[int] = set()
        some: list[tuple[Letter, Call]] = []
        held = 0
        async for line in self._provider.lines(file):
            number, response = _line(line)
            letter = self.outbox.letter(number, posted)
            if letter is None:  # a number of somebody else's, or one of a file that never ends
                continue
            told.add(number)
            if response:
                some.append((letter, self._call(letter, response)))
                held += len(line)
            if len(some) == _AT_ONCE or held > LARGEST:
                self._journal(some)
                some.clear()
                held = 0
        self._journal(some)
        return told

    def _journal(self, some: Sequence[tuple[Letter, Call]]) -> None:
        for call in self.outbox.answer(some):
            self.purse.spend(call.usage)

    def _call(self, letter: Letter, response: dict[str, Any]) -> Call:
        """The call that the response to a question tells of."""
        raw = self._settings.redact(json.dumps(response.get("body"), ensure_ascii=False))
        answered: Reply | None = None
        fault: GoujiError | None = None
        try:
            answered = reply(response["status_code"], {}, raw.encode("utf-8", "replace"))
        except GoujiError as error:
            fault = error
        request = letter.wanted.request
        return call_of(self._settings, letter.wanted.question, request, response["status_code"], raw, answered, fault)

    async def _try(self, ask: Callable[[], Awaitable[T]], until: asyncio.Event | None = None) -> T:
        """What the provider says, however often the network fails; given up where the run is to end."""
        clock, pause = asyncio.get_running_loop().time, 0.5
        began = clock()
        while True:
            try:
                async with asyncio.timeout(self._post.outage):
                    return await unless(until or self.ending, ask())
            except TimeoutError:
                fault = TransientError(f"no whole answer within {self._post.outage:.0f} s")
            except GoneError as error:
                way_out = "where it is gone for good, `gouji batch retry --asked` asks its questions again, paid again"
                raise StopError(self._settings.says(f"{error}; {way_out}")) from None
            except PermanentModelError as error:
                raise StopError(self._settings.says(error)) from None  # what it came from quotes the answer
            except TransientError as error:
                fault, pause = error, max(pause, error.retry_after)
            if max(clock() - began, pause) > self._post.outage:
                raise StopError(self._settings.says(f"{fault}; run again when the server is back")) from None
            if await self._wait(pause):
                raise StopError(self._settings.says(fault)) from None
            pause = min(60.0, pause * 2)

    async def _wait(self, seconds: float) -> bool:
        """Wait, but no longer than the run goes on; True where it is to end."""
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def unless(ending: asyncio.Event, asking: Awaitable[T]) -> T:
    """What comes of it, or StopError where the run is to end before."""
    asked, over = asyncio.ensure_future(asking), asyncio.ensure_future(ending.wait())
    try:
        await asyncio.wait((asked, over), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise StopError("the run was to end while the provider was asked")
        return asked.result()
    finally:
        asked.cancel()
        over.cancel()


def _line(line: bytes) -> tuple[int, dict[str, Any] | None]:
    """A line of a file of answers: the number of its question, 0 for none, and the response if it holds one.

    What is no such line is passed over: one of them must not cost the answers beside it.
    """
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return 0, None
    name, response = (str(told.get("custom_id")), told.get("response")) if isinstance(told, dict) else ("", None)
    status = response.get("status_code") if isinstance(response, dict) else None
    whole = type(status) is int and 100 <= status < 1000
    return int(name) if re.fullmatch(r"[0-9]{1,18}", name) else 0, response if whole else None
