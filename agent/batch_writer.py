"""The one writer of a batch: what waits is written in one transaction, beside the event loop.

A transaction is on the disk when it ends, and that takes milliseconds. One for every call and document
would hold up all others; so those that come while one is written go into the next together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from agent.errors import GoujiError, StoreError
from agent.store import Store

if TYPE_CHECKING:
    from agent.model import Call

T = TypeVar("T")
_Work = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Writer:
    """Writes in the order it is asked to. ``work`` is called in another thread, inside a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Work] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[], T]) -> T:
        """What ``work`` gives, once it is on the disk; what it raises, with nothing of it written.

        Who is cancelled meanwhile no longer waits; it is written all the same.
        """
        return await asyncio.shield(self.put(work))

    def put(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """``write`` without waiting."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_told)
        self._waiting.append((work, done))
        self._task = self._task or asyncio.create_task(self._run())
        return done

    async def journal(self, run_id: int, call: Call) -> None:
        """Keep a raw answer; it may be parsed when this is through."""
        await self.write(partial(self._store.journal, run_id, call))

    async def drained(self) -> None:
        """Wait until all is written."""
        while self._task:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while self._waiting:
            works, self._waiting = self._waiting, []
            together = asyncio.to_thread(self._together, [work for work, _ in works])
            written: list[Any] | BaseException
            (written,) = await asyncio.gather(together, return_exceptions=True)
            results = [written] * len(works) if isinstance(written, BaseException) else written
            for (_, done), result in zip(works, results, strict=True):
                if isinstance(result, BaseException):
                    done.set_exception(result)
                else:
                    done.set_result(result)
        self._task = None

    def _together(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        """What each gives or raises. A database that fails undoes all of them, any other error its own work."""
        results: list[Any] = []
        with self._store.transaction() as db:
            for work in works:
                db.execute("savepoint one")
                try:
                    results.append(work())
                except StoreError:
                    raise
                except GoujiError as error:
                    db.execute("rollback to one")
                    results.append(error)
                db.execute("release one")
        return results


def _told(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()  # told to who waits; where nobody does, the run ends for it elsewhere
