"""Processes that read, one document at a time each: a text that breaks one costs that text alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import connection
from typing import Protocol

from agent.batch_step import LONGEST, Setup, Stepped, guard, step
from agent.errors import GoujiError
from agent.ledger import Kept

_STUCK = 8
"""So many documents more than the others have, and a process counts as held up by one."""

_NICE = 5
"""Reading waits for the process that keeps the calls going: an answer that is not fetched holds up the next call."""


class ReaderLostError(GoujiError):
    """The process that read a document died over it, or took too long."""


class FaultError(GoujiError):
    """A fault of our own that one document brought out."""


class Readers(Protocol):
    """Who reads: processes of this machine, or of others."""

    @property
    def count(self) -> int:
        """How many documents are read at once."""

    async def step(self, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
        """Read a document as far as the answers go."""

    async def stop(self) -> None:
        """End; what is being read is lost."""


class _Lane:
    """One process, and the one that takes its place when it is lost."""

    def __init__(self) -> None:
        self.steps = 0
        self._places = asyncio.Semaphore(2)  # one is read, one waits, so that the process need not
        self._start()

    def _start(self) -> None:
        # Spawned: a fork would take over threads, locks and the database.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        self._process: Future[int] | None = None

    async def step(self, setup: Setup, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped | None:
        """The step, or None where its process was lost."""
        self.steps += 1
        try:
            async with self._places:
                return await self._step(setup, path, sha256, answers)
        finally:
            self.steps -= 1

    async def _step(self, setup: Setup, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped | None:
        pool = self._pool
        try:
            self._process = self._process or pool.submit(os.getpid)
            return await _settled(pool.submit(step, setup, path, sha256, answers), path)
        except BrokenProcessPool:
            if pool is self._pool:
                pool.shutdown(wait=False)
                self._start()
            return None

    def stop(self) -> None:
        """Kill the process: it holds nothing that could be lost."""
        if self._process and self._process.done() and not self._process.exception():
            with suppress(ProcessLookupError):
                os.kill(self._process.result(), signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        self._pool.shutdown(wait=False, cancel_futures=True)


async def _settled(future: Future[Stepped], path: str) -> Stepped:
    waiting = asyncio.wrap_future(future)
    try:
        await asyncio.wait([waiting])
    except asyncio.CancelledError:
        waiting.cancel()
        raise
    error = waiting.exception()
    if error is None:
        return waiting.result()
    if isinstance(error, BrokenProcessPool):
        raise error
    if isinstance(error, MemoryError):
        return Stepped(error=ReaderLostError(f"{path}: needs more memory to read than there is"))
    return Stepped(error=FaultError(f"{path}: a fault of gouji itself, please report it: {error!r}"))


class Processes:
    """As many reading processes as there are cores to use."""

    def __init__(self, setup: Setup, count: int | None = None) -> None:
        self.count = count or cores()
        self._setup = setup
        self._lanes = [_Lane() for _ in range(self.count)]
        self._known: dict[str, _Lane] = {}
        self._alone = asyncio.Lock()

    async def step(self, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
        """Read a document as far as the answers go; one whose process was lost is read once more, alone."""
        idlest = min(self._lanes, key=lambda lane: lane.steps)
        # Where a document was put aside for its answers it need not be read again, unless that one is stuck.
        home = self._known.pop(path, idlest)
        lane = home if home.steps < idlest.steps + _STUCK else idlest
        stepped = await lane.step(self._setup, path, sha256, answers)
        if stepped and stepped.wanted:
            self._known[path] = lane
        return stepped or await self._by_itself(path, sha256, answers)

    async def _by_itself(self, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
        # Two documents were with the lost process: only one that loses a process of its own is to blame.
        async with self._alone:
            lane = _Lane()
            try:
                stepped = await lane.step(self._setup, path, sha256, answers)
            finally:
                lane.stop()
        lost = ReaderLostError(f"{path}: the process that read it died, or took longer than {LONGEST} s")
        return stepped or Stepped(error=lost)

    async def stop(self) -> None:
        """End the processes."""
        for lane in self._lanes:
            lane.stop()


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _begin() -> None:
    """What a reading process does first: leave Ctrl-C to its parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    guard()
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()


def _leave_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
