"""Cases through an arm, several at a time: one case's crash is its result, and the rest run."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from eval.arms import Setup, answer
from eval.cases import Case
from eval.results import Result
from eval.scores import score
from eval.simulation import Faults, serving


@dataclass(frozen=True)
class Job:
    """One case to be read once. ``faults``: the model is simulated with these."""

    case: Case
    repeat: int
    setup: Setup
    faults: Faults | None = None


def read(job: Job) -> Result:
    """Read one case and score what was said of it. Raises what the arm raises."""
    setup = job.setup
    if job.faults is not None and setup.arm != "offline":
        setup = serving(job.case, job.repeat, setup, job.faults)
    begun = time.perf_counter()
    said = answer(job.case, setup)
    return Result(
        *_of(job),
        status=said.status,
        score=score(job.case, said),
        reasons=said.reasons,
        record=said.record,
        best=said.best,
        usage=said.usage,
        attempts=said.attempts,
        seconds=time.perf_counter() - begun + said.spared,
    )


def _of(job: Job) -> tuple[str, int, str, str, str]:
    case = job.case
    return case.name, job.repeat, case.layout, case.edition, case.expect


def run(
    jobs: Sequence[Job],
    *,
    concurrency: int = 1,
    on_result: Callable[[Result], None],
    read: Callable[[Job], Result] = read,
) -> None:
    """Read every case; ``on_result`` gets each result as it ends, in this process."""
    alone: list[Job] = []
    with _pool(jobs, concurrency) as pool:
        for job, future in _ended(pool, jobs, read):
            if isinstance(future.exception(), BrokenProcessPool):
                alone.append(job)
            else:
                on_result(_result(job, future))
    # A case that kills its process takes its neighbours along: each of them again in a process of its own.
    for job in alone:
        with ProcessPoolExecutor(1, _context()) as pool:
            future = pool.submit(read, job)
            on_result(_result(job, future))


def _ended(pool: Executor, jobs: Sequence[Job], read: Callable[[Job], Result]) -> Iterator[tuple[Job, Future[Result]]]:
    submitted = {pool.submit(read, job): job for job in jobs}
    try:
        for future in as_completed(submitted):
            yield submitted[future], future
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(job: Job, future: Future[Result]) -> Result:
    error = future.exception()
    if error is None:
        return future.result()
    return Result(*_of(job), status="crashed", score=None, error=f"{type(error).__name__}: {error}")


def _pool(jobs: Sequence[Job], concurrency: int) -> Executor:
    # A real model is waited for; everything else computes.
    if any(job.faults is None and job.setup.arm != "offline" for job in jobs):
        return ThreadPoolExecutor(concurrency)
    return ProcessPoolExecutor(concurrency, _context(), initializer=_leave_interrupts)


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _context() -> multiprocessing.context.BaseContext:
    # A forked child would inherit locks that the progress bar's thread may hold.
    return multiprocessing.get_context("spawn")
