"""A batch: many documents, each to its own outcome; none lost, none done or paid twice.

Others read, the pool calls, and this process alone writes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from agent.batch_calls import Calls, StopError, Wanted
from agent.batch_inputs import job_of
from agent.batch_readers import Readers
from agent.batch_step import ChangedError, Stepped
from agent.batch_writer import Writer
from agent.errors import GoujiError, InputError, ModelError, PermanentModelError, StoreError, UsageError
from agent.ledger import SETTLED, Entry, Job, Kept, LeaseLostError, Ledger
from agent.outcome import NO_USAGE, Usage
from agent.pipeline import Plan, keep

_ENROLLED = 500
_LEASED = 32
_ALIKE = 10
"""So many documents failing one after the other, none of them unreadable, are no accident."""
_TOLD = 20
_CARRIED = ("before", "changed", "spared", "stopped")
"""What a tally says of the run, and not of how far its documents are."""
T = TypeVar("T")


class InterruptError(StopError):
    """A person or the machine asked the run to end."""

    exit_code = 130


@dataclass(frozen=True)
class Problem:
    """A document that came to no outcome, and why."""

    path: str
    status: str
    error: str


@dataclass
class Tally:
    """How far a batch is. ``statuses``: documents by what became of them; ``before``: settled by earlier runs.

    ``changed``: files that hold another text than the one read from them before.
    """

    documents: int
    statuses: Counter[str] = field(default_factory=Counter)
    before: int = 0
    copies: int = 0
    changed: int = 0
    spared: Usage = NO_USAGE
    problems: list[Problem] = field(default_factory=list)
    stopped: GoujiError | None = None

    @property
    def settled(self) -> int:
        """Documents with an outcome, or failed for good."""
        return sum(self.statuses[status] for status in SETTLED)

    @property
    def all_accepted(self) -> bool:
        """Whether every document has its record."""
        return self.statuses["accepted"] == self.documents - self.copies and not self.stopped


class Batch:
    """One run over documents. ``calls`` is None where no model is asked; ``tell`` is called at every change."""

    def __init__(
        self,
        ledger: Ledger,
        writer: Writer,
        plan: Plan,
        readers: Readers,
        calls: Calls | None,
        *,
        at_once: int,
        tell: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        self.ledger = ledger
        self.store = ledger.store
        self.writer = writer
        self.plan = plan
        self.readers = readers
        self.calls = calls
        self.tally = Tally(0)
        self._tell = tell
        self._places = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Job] = []
        self._seen: set[bytes] = set()
        self._alike = 0
        self._first_round = True
        self.ending = asyncio.Event()
        self.leaving = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._broken: BaseException | None = None

    async def run(self, entries: Sequence[Entry]) -> Tally:
        """Read all documents that are not settled yet. Raises StoreError; what else ends it early is in the tally."""
        last = self.tally  # of the round before this one, where there was one
        self.tally = replace(Tally(len(entries)), **{name: getattr(last, name) for name in _CARRIED})
        self._first_round = not last.documents
        self._seen.clear()
        await self._all(self._jobs(entries))
        held, self._held = self._held, []
        await self._all(self._leased(held))
        await self._count_held()
        await self._land()
        await self.writer.drained()
        if self._broken:
            raise self._broken
        return self.tally

    async def close(self) -> None:
        """Close the connections."""
        if self.calls:
            await self.calls.model.close()

    @property
    def spent(self) -> Usage:
        """What this run's calls took so far."""
        return self.calls.purse.spent if self.calls else NO_USAGE

    @property
    def flying(self) -> int:
        """Calls on their way."""
        return self.calls.flying if self.calls else 0

    def stop(self, error: GoujiError) -> None:
        """End early: calls on their way land, all else waits for another run. Asked twice, it ends at once."""
        if self.tally.stopped:
            self.leaving.set()
        self.ending.set()
        self.tally.stopped = self.tally.stopped or error
        for task in self._tasks:
            task.cancel()

    def stop_soon(self, error: GoujiError) -> None:
        """``stop``, from a signal or another thread."""
        self._loop.call_soon_threadsafe(self.stop, error)

    async def _all(self, jobs: AsyncGenerator[Job, None]) -> None:
        async with aclosing(jobs):
            async for job in jobs:
                await self._places.acquire()
                if self.tally.stopped:
                    break
                task = asyncio.create_task(self._document(job))
                self._tasks.add(task)
                task.add_done_callback(self._made_room)
                task.add_done_callback(self.broke)
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _made_room(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._places.release()

    def broke(self, task: asyncio.Task[None]) -> None:
        """A task's own errors are told in its document; one that gets out is the end of the run."""
        if not task.cancelled() and (error := task.exception()):
            self._broken = self._broken or error
            self.stop(StopError(str(error)))

    async def _land(self) -> None:
        if self.calls:
            landed = asyncio.create_task(self.calls.landed())
            leaving = asyncio.create_task(self.leaving.wait())
            await asyncio.wait({landed, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()

    async def _jobs(self, entries: Sequence[Entry]) -> AsyncGenerator[Job, None]:
        """The documents to read, leased."""
        for some in _parts(entries, _ENROLLED):
            if self.tally.stopped:
                return
            jobs = await asyncio.to_thread(self._named, some)
            self.tally.changed += await self.writer.write(partial(self.ledger.renew, jobs))
            if self.calls:
                await self.writer.write(partial(self.ledger.recall, [job.key for job in jobs]))
            statuses = await self.writer.write(partial(self.ledger.enrol, jobs))
            async for job in self._leased(list(self._open(jobs, statuses))):
                yield job
            self._tell(self.tally)

    def _named(self, entries: Sequence[Entry]) -> list[Job]:
        return [job_of(entry, self.plan) for entry in entries]

    def _open(self, jobs: Sequence[Job], statuses: dict[str, str]) -> Iterator[Job]:
        for job in jobs:
            key = bytes.fromhex(job.key)
            if key in self._seen:
                self.tally.copies += 1
                continue
            self._seen.add(key)
            status = statuses[job.key]
            if status in ("waiting", "leased"):
                yield job
                continue
            self.tally.statuses[status] += 1
            self.tally.before += self._first_round and status in SETTLED and job.error is None
            if status == "failed":
                self._note(job, status, job.error or self.ledger.why(job.key))

    async def _leased(self, jobs: Sequence[Job]) -> AsyncGenerator[Job, None]:
        for some in _parts(jobs, _LEASED):
            taken = await self.writer.write(partial(self.ledger.lease, [job.key for job in some]))
            for job in some:
                if job.key in taken:
                    yield job
                else:
                    self._held.append(job)

    async def _count_held(self) -> None:
        """Documents that another run held to the end: what that made of them."""
        for some in _parts(self._held, _ENROLLED):
            statuses = await self.writer.write(partial(self.ledger.enrol, some))
            self.tally.statuses.update(statuses.values())

    async def _document(self, job: Job) -> None:
        try:
            await self._read(job)
        except asyncio.CancelledError:
            self._give_back(job)
            raise
        except StoreError:
            raise
        except UsageError as error:  # no document's fault: a worker cannot do what was asked
            self._give_back(job, error)
            self.stop(error)
        except StopError as error:
            self._give_back(job, error)
            self.stop(error)
        except LeaseLostError:
            self._held.append(job)
        except PermanentModelError as error:
            self._fail(job, error)
        except (ModelError, ChangedError) as error:
            self._give_back(job, error)
            self.tally.statuses["waiting"] += 1
            self._note(job, "waiting", str(error))
        except GoujiError as error:
            self._fail(job, error)
        self._tell(self.tally)

    def _give_back(self, job: Job, why: GoujiError | None = None) -> None:
        self.writer.put(partial(self.ledger.give_back, job.key, str(why) if why else None))

    async def _read(self, job: Job) -> None:
        """Step by step to an outcome: what a step still wants is asked, and it is taken again."""
        assert job.sha256 is not None
        answers: dict[str, Kept] = {}
        if self.plan.reader != "offline":
            answers = await self.writer.write(partial(self.ledger.answers, job.key))
        run_id: int | None = None
        while True:
            stepped = await self.readers.step(job.entry.path, job.sha256, answers)
            if stepped.error:
                raise stepped.error
            if stepped.outcome:
                await self._keep(job, run_id, stepped)
                return
            if run_id is None:
                run_id = await self.writer.write(partial(self._begin, job, stepped))
            answers |= await self._ask(job, run_id, stepped.wanted)

    def _begin(self, job: Job, stepped: Stepped) -> int:
        assert stepped.document is not None
        return self.store.begin(job.key, stepped.document, job.reader, job.model)

    async def _keep(self, job: Job, run_id: int | None, stepped: Stepped) -> None:
        kept = self.writer.put(partial(self._write, job, run_id, stepped))
        kept.add_done_callback(partial(self._count, stepped))
        await asyncio.shield(kept)

    def _write(self, job: Job, run_id: int | None, stepped: Stepped) -> None:
        assert stepped.outcome is not None
        run_id = run_id or self._begin(job, stepped)
        keep(self.store, run_id, stepped.outcome)
        self.ledger.done(job.key, run_id, stepped.outcome)

    def _count(self, stepped: Stepped, kept: asyncio.Future[None]) -> None:
        """Count an outcome once it is on the disk, whoever still waits for that."""
        if kept.exception():
            return
        assert stepped.outcome is not None
        self._alike = 0
        self.tally.statuses[stepped.outcome.status] += 1
        self.tally.spared += stepped.spared

    async def _ask(self, job: Job, run_id: int, wanted: Sequence[Wanted]) -> dict[str, Kept]:
        """The answers to what a document still wants, by request."""
        assert self.calls is not None
        asking = [asyncio.create_task(self.calls.answer(run_id, one)) for one in wanted]
        try:
            answers = await asyncio.gather(*asking)
        except BaseException:
            for task in asking:
                task.cancel()
            raise
        return {one.sha256: answer for one, answer in zip(wanted, answers, strict=True)}

    def _fail(self, job: Job, error: GoujiError) -> None:
        """End the document as failed: read again it would fail again."""
        self.writer.put(partial(self.ledger.fail, job.key, str(error)))
        self.tally.statuses["failed"] += 1
        self._note(job, "failed", str(error))
        self._alike = 0 if isinstance(error, InputError) else self._alike + 1
        if self._alike >= _ALIKE:
            self.stop(StopError(f"{self._alike} documents in a row failed, the last with: {error}"))

    def _note(self, job: Job, status: str, error: str) -> None:
        if len(self.tally.problems) < _TOLD:
            self.tally.problems.append(Problem(job.entry.path, status, error))


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
