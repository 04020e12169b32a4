"""Batches over Dask's workers: they read and call, the driver alone writes; whoever dies, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent import batch_run
from agent.batch import Tally
from agent.batch_run import Options
from agent.batch_step import Setup
from agent.errors import UsageError
from eval import tallies
from eval.server import Body, Server
from tests.batch_world import entries, rows

pytest.importorskip("distributed", reason="the extra gouji[dask] is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]

DOCUMENTS = 100


def options(server: Server, scheduler: str | None = None) -> Options:
    return Options(tallies.FORM_NAME, "model", "m", server.base_url, concurrency=8, engine="dask", scheduler=scheduler)


def slowly(body: Body) -> str:
    time.sleep(0.1)
    return tallies.answer(body)


def check_whole(db: Path) -> None:
    assert rows(db, "select count(*), count(distinct key) from runs where outcome is not null") == [(DOCUMENTS,) * 2]
    assert rows(db, "select count(*) from records") == [(DOCUMENTS * 9 // 10,)]
    assert rows(db, "select count(*) from jobs where status not in ('accepted', 'review')") == [(0,)]


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and its workers, each a process that can be killed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dask, address = [sys.executable, "-m", "dask"], f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **quiet
    )  # type: ignore[call-overload]
    worker = [*dask, "worker", address, "--nthreads", "2", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    unprofiled = os.environ | {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false"}  # as docs/batches.md tells
    running = [subprocess.Popen(worker, env=unprofiled, **quiet) for _ in range(workers)]  # type: ignore[call-overload]
    try:
        yield address, running
    finally:
        for process in (*running, scheduler):
            process.kill()
            process.wait()


def test_workers_read_and_call_and_the_driver_writes(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", DOCUMENTS)
    with Server(tallies.answer) as server:
        tally = asyncio.run(batch_run.run(entries(paths), options(server), tmp_path / "g.db"))

        assert server.calls == DOCUMENTS
    assert tally.statuses == {"accepted": 90, "review": 10}
    check_whole(tmp_path / "g.db")


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", 1)
    with Server(tallies.answer) as server, pytest.raises(UsageError, match="no Dask scheduler answers"):
        asyncio.run(batch_run.run(entries(paths), options(server, "tcp://127.0.0.1:9"), tmp_path / "g.db"))


@pytest.mark.fault("hang", behaviour="Dask's own look at all threads, which can lock Python 3.11 up, is off.")
def test_workers_of_ones_own_are_not_looked_at_all_the_time() -> None:
    async def profiles() -> list[bool]:
        from agent.engine_dask import Cluster

        cluster = await Cluster.at(None, Setup(tallies.FORM_NAME, "offline"), None)
        try:
            return list((await cluster._client.run(_is_profiled)).values())
        finally:
            await cluster.stop()

    found = asyncio.run(profiles())

    assert found != []
    assert not any(found)


def _is_profiled(dask_worker: Any) -> bool:
    return "profile" in dask_worker.periodic_callbacks


@pytest.mark.fault("kill")
def test_a_worker_that_is_killed_costs_at_most_the_calls_it_waited_for(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", DOCUMENTS)
    moved: list[float] = []

    def tell(tally: Tally) -> None:
        moved.append(time.monotonic())

    with Server(slowly) as server, cluster(3) as (address, workers):

        def kill() -> None:
            for victim in workers[:2]:
                while server.calls < 20 * (1 + workers.index(victim)):
                    time.sleep(0.01)
                os.kill(victim.pid, signal.SIGKILL)

        killing = threading.Thread(target=kill)
        killing.start()
        tally = asyncio.run(batch_run.run(entries(paths), options(server, address), tmp_path / "g.db", tell=tell))
        killing.join()

        assert server.calls <= DOCUMENTS + 2 * 8
    assert tally.settled == DOCUMENTS
    check_whole(tmp_path / "g.db")
    assert max(later - at for at, later in pairwise(moved)) < 10.0


@pytest.mark.fault("kill")
def test_a_driver_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", DOCUMENTS)
    db, rng, kills = tmp_path / "g.db", random.Random(5), 0
    with Server(slowly) as server, cluster(2) as (address, _):
        command = [sys.executable, "-m", "agent", "batch", str(tmp_path / "stalls"), "--db", str(db), "--json"]
        command += ["--form", tallies.FORM_NAME, "--model", "m", "--base-url", server.base_url, "--concurrency", "8"]
        command += ["--engine", "dask", "--scheduler", address]
        while True:
            driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wanted = server.calls + rng.randint(1, 25)
            while driver.poll() is None and server.calls < wanted:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.1))
            driver.kill()
            if driver.wait() != -signal.SIGKILL:
                break
            kills += 1

        check_whole(db)
        assert server.calls <= DOCUMENTS + kills * 8
        print(f"{kills} kills; {server.calls - DOCUMENTS} calls paid again")
    assert kills >= 3


def test_a_terminals_interrupt_lets_the_calls_on_their_way_land(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", DOCUMENTS)
    db = tmp_path / "g.db"
    with Server(slowly) as server:
        command = [sys.executable, "-m", "agent", "batch", str(tmp_path / "stalls"), "--db", str(db), "--lang", "en"]
        command += ["--form", tallies.FORM_NAME, "--model", "m", "--base-url", server.base_url, "--concurrency", "8"]
        command += ["--engine", "dask"]
        # A terminal's Ctrl-C goes to the whole group: to the driver and to the workers it started.
        driver = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        while driver.poll() is None and server.calls < 20:
            time.sleep(0.005)
        os.killpg(driver.pid, signal.SIGINT)
        told = driver.communicate(timeout=60)[0]

        assert (driver.returncode, "Traceback" in told) == (130, False), told
        assert 20 <= server.calls < DOCUMENTS
        assert rows(db, "select count(*) from calls where status = 200") == [(server.calls,)]

        assert subprocess.run(command, capture_output=True, check=False).returncode == 3
        assert server.calls == DOCUMENTS
    check_whole(db)
