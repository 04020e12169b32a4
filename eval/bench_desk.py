"""How long the review desk takes to answer with 2,000 reports in the queue: ``make bench``."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from agent import pipeline
from agent.document import load
from agent.outcome import NeedsReview
from agent.store import Store

REPORTS = 2000
RUNS = 15
PAGES = {
    "the queue": ("/queue", 200),
    "the queue, its last page": ("/queue?page=20", 200),
    "the queue, one year": ("/queue?period=2021", 200),
    "the queue, found by words": (f"/queue?find={quote('1999局')}", 200),
    "a report": ("/report/1000", 300),
    "its rows' places": ("/report/1000/places", 300),
}
"""What is asked for, and in how many milliseconds it should be there."""


def main() -> None:
    """Print the first, best and median time of each page, asked in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gouji.db"
        _fill(path)
        command = [sys.executable, "-m", "agent", "review", "serve", "--db", str(path), "--reviewer", "bench"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as desk:
            assert desk.stdout
            try:
                _time(desk.stdout.readline())
            finally:
                desk.terminate()


def _fill(path: Path) -> None:
    """Put faulty reports of as many organs before a reviewer."""
    sample = (files("agent") / "sample" / "qinglan_2023.txt").read_text(encoding="utf-8")
    faulty = sample.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")
    first = pipeline.extract(faulty, reader="offline")
    assert isinstance(first, NeedsReview)
    with Store(path) as store, store.transaction():
        for number in range(REPORTS):
            name = f"第{number}局"
            source = load(faulty.replace("青岚县水务局", name), name=f"{name}.txt")
            outcome = replace(first, document=source.source, subject=name, period=2019 + number % 6)
            store.hold(store.begin(name, source, "offline", None), outcome)


def _time(told: str) -> None:
    found = re.search(r"http://(127\.0\.0\.1:\d+)(/\S+)", told)
    assert found, told
    host, way_in = found.groups()
    cookie = _get(host, way_in)[0].headers["set-cookie"].partition(";")[0]
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(RUNS):
        for name, (address, _) in PAGES.items():
            started = time.perf_counter()
            answer, body = _get(host, address, {"Cookie": cookie})
            taken[name].append((time.perf_counter() - started) * 1000)
            assert (answer.status, len(body) > 100) == (200, True)
    print(f"time to answer with {REPORTS} reports in the queue: the first, the best and the median of {RUNS}")
    for name, times in taken.items():
        first, best, median = times[0], min(times), sorted(times)[RUNS // 2]
        print(f"  {name:26} {first:6.0f} {best:6.0f} {median:6.0f} ms (aim: under {PAGES[name][1]} ms)")


def _get(host: str, address: str, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request("GET", address, headers=headers or {})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
