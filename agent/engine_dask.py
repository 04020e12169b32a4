"""Readers on other machines, by Dask distributed: workers read and call, the driver alone decides and writes.

What a worker is given and gives back are values, errors too. It keeps nothing: a worker that dies costs
the calls it was waiting for.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeVar

from agent.batch_readers import FaultError, ReaderLostError, cores
from agent.batch_step import Setup, Stepped, step
from agent.errors import GoujiError, UsageError
from agent.ledger import Kept
from agent.model import Model, ModelSettings
from agent.transport import TransientError

distributed: Any = import_module("distributed")  # hardly typed
dask: Any = import_module("dask")
Answered = tuple[int, dict[str, str], bytes]
T = TypeVar("T")


class Cluster:
    """The workers of a scheduler, or of a cluster on this machine where none is named."""

    def __init__(self, client: Any, cluster: Any, setup: Setup, model: ModelSettings | None) -> None:
        self._client = client
        self._cluster = cluster
        self._setup = setup
        self._model = model

    @classmethod
    async def at(cls, address: str | None, setup: Setup, model: ModelSettings | None) -> Cluster:
        """Join the cluster. Raises UsageError where none answers."""
        cluster = None
        if address is None:
            # Dask looks at what every thread does a hundred times a second, and Python 3.11 can lock itself up
            # over that (dask/distributed issue 8616).
            with dask.config.set({"distributed.worker.profile.enabled": False}):
                cluster = await distributed.LocalCluster(
                    n_workers=cores(), threads_per_worker=1, host="127.0.0.1", dashboard_address=None, asynchronous=True
                )
        try:
            client = await distributed.Client(cluster or address, asynchronous=True, timeout=20)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"no Dask scheduler answers at {address}: {error}") from error
        if cluster:
            await client.run(_leave_interrupts)
        return cls(client, cluster, setup, model)

    @property
    def count(self) -> int:
        """Threads of all workers now; as many documents are read at once."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return max(1, sum(int(worker["nthreads"]) for worker in workers.values()))

    async def step(self, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
        """One step on some worker."""
        future = self._client.submit(step, self._setup, path, sha256, dict(answers), pure=False)
        error = await _ended(future)
        if error is None:
            stepped: Stepped = await future
            return stepped
        if isinstance(error, distributed.KilledWorker):
            return Stepped(error=ReaderLostError(f"{path}: the workers that read it died"))
        if isinstance(error, GoujiError):
            return Stepped(error=error)
        return Stepped(error=FaultError(f"{path}: a fault of gouji itself, please report it: {error!r}"))

    async def send(self, request: dict[str, Any], seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """One HTTP call from some worker. Raises TransientError where no whole answer came."""
        future = self._client.submit(call, self._model, request, seconds, pure=False, priority=1)
        error = await _ended(future)
        if error is None:
            answered: Answered | TransientError = await future
            if isinstance(answered, TransientError):
                raise answered
            return answered
        if isinstance(error, distributed.KilledWorker):
            raise TransientError("the worker that called died")
        raise error

    async def stop(self) -> None:
        """Leave the cluster; end it where it is ours."""
        await self._client.close()
        if self._cluster:
            await self._cluster.close()


def _leave_interrupts() -> None:
    """A terminal's Ctrl-C goes to all its processes: to end is the driver's part, which lets calls land."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _ended(future: Any) -> BaseException | None:
    """Wait for a task; gives the error it ended with. One that is not waited for any more is not run."""
    try:
        error: BaseException | None = await future.exception()
    except asyncio.CancelledError:
        await future.cancel()
        raise
    return error


def call(settings: ModelSettings, request: dict[str, Any], seconds: float) -> Answered | TransientError:
    """One HTTP call from a worker. It waits beside the worker's threads: those are for reading.

    A fault of the network is given back and not raised: Dask would log it with a traceback, each time.
    """
    distributed.secede()
    try:
        status, headers, body = _line().run(_model(settings).post(request, seconds))
    except TransientError as error:
        return error
    return status, dict(headers), body


class _Line:
    """An event loop of a worker's own, in which its calls share one connection pool."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it there, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@lru_cache(maxsize=1)
def _line() -> _Line:
    return _Line()


@lru_cache(maxsize=4)
def _model(settings: ModelSettings) -> Model:
    return Model(settings)
