"""Batches that are killed at random, driven against limits, and cut off: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.batch_calls import Patience
from eval import tallies
from eval.server import Body, Reply, Server, completion, error
from tests.batch_world import World, entries, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

KILLS = int(os.environ.get("GOUJI_KILLS", "200"))
DOCUMENTS = 200
CONCURRENCY = 8
LONGEST_STALL = 10.0


def answering(delay: float) -> Callable[[Body], str]:
    def answer(body: Body) -> str:
        time.sleep(delay)
        return tallies.answer(body)

    return answer


class Nursery:
    """Where batches are started to be killed."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.batch_nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()  # all is imported: that is no part of a batch's start

    def start(self, **job: object) -> int:
        """The number of the new process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """How the last one ended."""
        return int(self._line())

    def close(self) -> None:
        """End."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass
class Killed:
    """How often batches were killed, and how long the longest took until its first outcome."""

    kills: int = 0
    runs: int = 0
    repaid: int = 0
    stall: float = 0.0

    def until_done(self, nursery: Nursery, rng: random.Random, db: Path, **job: object) -> int:
        """Kill again and again, until one run is through: some while they start, most after some work."""
        kills = 0
        while True:
            process, before, began = nursery.start(db=str(db), **job), outcomes(db), time.monotonic()
            early = rng.random() < 0.2
            while not early and alive(process) and outcomes(db) == before:
                time.sleep(0.002)
            self.stall = max(self.stall, time.monotonic() - began)
            time.sleep(rng.uniform(0, 0.5))
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            if nursery.ended() != -signal.SIGKILL:
                return kills
            kills += 1
            self.kills += 1


def alive(process: int) -> bool:
    """Whether it works: one that ended and was not asked how is gone too."""
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def check_whole(db: Path) -> None:
    assert rows(db, "pragma integrity_check") == [("ok",)]
    assert rows(db, "select count(*), count(distinct key) from runs where outcome is not null") == [
        (DOCUMENTS, DOCUMENTS)
    ]
    assert rows(db, "select status, count(*) from jobs group by 1") == [
        ("accepted", DOCUMENTS * 9 // 10),
        ("review", DOCUMENTS // 10),
    ]
    assert rows(db, "select count(*), count(distinct document) from records") == [(DOCUMENTS * 9 // 10,) * 2]
    assert rows(db, "select count(*) from figures") == [(DOCUMENTS * 9 // 10 * 9,)]
    assert rows(db, "select count(*) from reviews") == [(DOCUMENTS // 10,)]


def outcomes(db: Path) -> int:
    """Outcomes stored so far, as another process sees them."""
    if not db.exists():
        return 0
    try:
        return int(rows(db, "select count(*) from runs where outcome is not null")[0][0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.fault("kill")
def test_killed_at_random_a_batch_loses_nothing_and_pays_at_most_what_was_in_flight(tmp_path: Path) -> None:
    nursery, rng, killed = Nursery(), random.Random(7), Killed()
    while killed.kills < KILLS:
        folder, db = tmp_path / f"r{killed.runs}", tmp_path / f"r{killed.runs}.db"
        tallies.write(folder, DOCUMENTS)
        offline = killed.runs % 4 == 3
        with Server(answering(0.005)) as server:
            base_url = None if offline else server.base_url
            kills = killed.until_done(nursery, rng, db, base_url=base_url, folder=str(folder), concurrency=CONCURRENCY)

            check_whole(db)
            assert server.calls <= (0 if offline else DOCUMENTS + kills * CONCURRENCY)
            killed.repaid += max(0, server.calls - DOCUMENTS)
        killed.runs += 1
    nursery.close()
    print(f"{killed.kills} kills over {killed.runs} runs of {DOCUMENTS}", end="; ")
    print(f"{killed.repaid} calls paid again, {CONCURRENCY} in flight; longest stall {killed.stall:.1f} s")
    assert killed.stall < LONGEST_STALL


@pytest.mark.fault("kill")
def test_the_command_itself_survives_kills_with_its_reading_processes(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", DOCUMENTS)
    db = tmp_path / "gouji.db"
    rng = random.Random(3)
    kills = 0
    with Server(answering(0.02)) as server:
        command = [sys.executable, "-m", "agent", "batch", str(tmp_path / "stalls"), "--db", str(db), "--json"]
        command += ["--form", tallies.FORM_NAME, "--model", "m", "--base-url", server.base_url]
        command += ["--concurrency", str(CONCURRENCY)]
        while True:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            # Some are killed while they start, the others after some outcomes: a fast machine is through in a second.
            wanted, deadline = outcomes(db) + rng.randint(1, 20), time.monotonic() + rng.choice((1.5, 60, 60))
            while process.poll() is None and outcomes(db) < wanted and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
            process.communicate()
            if process.returncode != -signal.SIGKILL:
                break
            kills += 1

        check_whole(db)
        assert server.calls <= DOCUMENTS + kills * CONCURRENCY
        print(f"{kills} kills; {server.calls - DOCUMENTS} calls paid again")
    assert process.returncode == 3
    assert kills >= 10


class Metered:
    """Allows so many requests in any window; says 429 beyond, and remembers all."""

    def __init__(self, limit: int, window: float, retry_after: str | None = None) -> None:
        self.limit = limit
        self.window = window
        self.retry_after = retry_after
        self.times: list[float] = []
        self.refused = 0
        self._lock = threading.Lock()

    def __call__(self, body: Body, answer: Callable[[Body], str]) -> Reply:
        """The step of a server."""
        with self._lock:
            now = time.monotonic()
            recent = sum(1 for at in self.times[-self.limit :] if at > now - self.window)
            if recent >= self.limit:
                self.refused += 1
                headers = {"retry_after": self.retry_after} if self.retry_after else {}
                return error(429, "slow down", **headers)
            self.times.append(now)
        return Reply(body=completion(answer(body), body))


def test_a_limit_of_requests_a_minute_is_never_exceeded_and_used(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", 500)
    meter = Metered(240, 60.0)
    with Server(tallies.answer, [meter]) as server:
        tally = World(tmp_path / "g.db", server, concurrency=20, limits={"requests": 240}).read(entries(paths))

    assert tally.settled == 500
    assert meter.refused == 0
    steady = meter.times[50:]  # the first wait for imports
    used = (len(steady) - 1) / (steady[-1] - steady[0]) * 60 / 240
    print(f"{used:.1%} of the limit used")
    assert used >= 0.9


@pytest.mark.fault("retry-after")
def test_a_storm_of_refusals_is_survived(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", 300)
    meter = Metered(20, 1.0)
    with Server(answering(0.05), [meter]) as server:
        start = time.monotonic()
        tally = World(tmp_path / "g.db", server, concurrency=50).read(entries(paths))

    assert tally.settled == 300
    assert meter.refused > 10
    print(f"300 documents in {time.monotonic() - start:.0f} s at 20 a second at most, {meter.refused} refused")
    assert time.monotonic() - start < 120


@pytest.mark.fault("retry-after")
def test_a_long_retry_after_is_waited_for_by_all(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", 40)
    told: list[float] = []
    began: list[float] = []

    def once(body: Body, answer: Callable[[Body], str]) -> Reply:
        began.append(time.monotonic())
        if len(began) == 20:
            told.append(time.monotonic())
            return error(429, "slow down", retry_after="20")
        return Reply(body=completion(answer(body), body))

    with Server(answering(0.05), [once]) as server:
        tally = World(tmp_path / "g.db", server, concurrency=4).read(entries(paths))

    assert tally.settled == 40
    early = [at for at in began if told[0] + 0.5 < at < told[0] + 19.5]
    assert early == []


@pytest.mark.fault("gateway-5xx")
def test_an_outage_of_a_minute_is_survived(tmp_path: Path) -> None:
    paths = tallies.write(tmp_path / "stalls", 200)
    start = time.monotonic()

    def away(body: Body, answer: Callable[[Body], str]) -> Reply:
        if 2 < time.monotonic() - start < 62:
            return Reply(reset=True)
        return Reply(body=completion(answer(body), body))

    with Server(answering(0.2), [away]) as server:
        tally = World(tmp_path / "g.db", server, patience=Patience()).read(entries(paths))
        calls = server.calls

    assert tally.settled == 200
    assert tally.stopped is None
    print(f"{calls - 200} calls failed in the outage")
    assert calls < 300


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_the_command_keeps_what_was_paid_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    tallies.write(tmp_path / "stalls", DOCUMENTS)
    db = tmp_path / "gouji.db"
    with Server(answering(0.3)) as server:
        command = [sys.executable, "-m", "agent", "batch", str(tmp_path / "stalls"), "--db", str(db), "--lang", "en"]
        command += ["--form", tallies.FORM_NAME, "--model", "m", "--base-url", server.base_url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while server.calls < 20 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        answered = rows(db, "select count(*) from calls where status = 200")[0][0]

        assert process.returncode == 130
        assert answered == server.calls
    assert "Traceback" not in err
    assert "run the same command again" in out
    assert rows(db, "select count(*) from jobs where status = 'leased'") == [(0,)]
