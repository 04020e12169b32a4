"""What a batch costs beside its model: calls a second at one second's latency, CPU a document, offline at scale.

    python -m eval.bench_batch [--calls 4000] [--latency 1] [--documents 2000] [--small]

The server runs in a process of its own, so that its work is not counted. The made reports are a thousand
generated ones with a number of their own each; ``--small`` reads tallies of nine figures in their stead.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from eval import tallies

IN_FLIGHT = 200
_LAYOUTS = ("tab", "pipe", "lines", "spaces", "gaps")
_KINDS = 1000


async def _serve(port: Any, latency: float) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                int(v) for k, _, v in (x.partition(b":") for x in head.split(b"\r\n")) if k.lower() == b"content-length"
            )
            body = json.loads(await reader.readexactly(length))
            message = {"role": "assistant", "content": tallies.answer(body)}
            told = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
            told |= {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
            told |= {"usage": {"prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540}}
            data = json.dumps(told).encode()
            await asyncio.sleep(latency)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data
            )

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0, backlog=1024)
    port.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _server(port: Any, latency: float) -> None:
    asyncio.run(_serve(port, latency))


@contextmanager
def serving(latency: float) -> Iterator[str]:
    """The address of a server that takes so many seconds for every answer."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_server, args=(theirs, latency), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.kill()
        process.join()


def cpu() -> float:
    """CPU seconds of this process and of its ended children."""
    mine, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


async def bare(base_url: str, calls: int) -> tuple[float, float]:
    """Seconds and CPU seconds that openai's client alone needs for as many calls."""
    import openai

    client = openai.AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0)
    text = tallies.tally(1) * 4
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one() -> None:
        async with places:
            await client.chat.completions.create(
                model="m", messages=[{"role": "system", "content": "x"}, {"role": "user", "content": text}]
            )

    await one()
    began, used = time.monotonic(), cpu()
    await asyncio.gather(*(one() for _ in range(calls)))
    await client.close()
    return time.monotonic() - began, cpu() - used


@dataclass(frozen=True)
class Took:
    """What a batch took: seconds from its first call to its last answer, CPU seconds of the driver, and of all."""

    seconds: float
    driver: float
    everything: float


async def batch(base_url: str, folder: Path, calls: int, latency: float) -> Took:
    """A batch of so many documents with one call each."""
    from agent.batch_inputs import find
    from agent.batch_run import Options, run

    tallies.write(folder / "stalls", calls)
    options = Options(tallies.FORM_NAME, "model", "m", base_url, concurrency=IN_FLIGHT)
    named = find([str(folder / "stalls")]).entries
    used, mine = cpu(), time.process_time()
    tally = await run(named, options, folder / "gouji.db")
    assert tally.settled == calls, tally
    driver = time.process_time() - mine
    while len(multiprocessing.active_children()) > 1:  # the server is the other; readers count once they are gone
        await asyncio.sleep(0.02)
    return Took(_span(folder / "gouji.db") + latency, driver, cpu() - used)


def _span(db: Path) -> float:
    """Seconds between the first answer and the last: the start of the processes is left out."""
    import sqlite3

    with sqlite3.connect(db) as opened:
        first, last = opened.execute("select min(julianday(at)), max(julianday(at)) from calls").fetchone()
    return float((last - first) * 86_400)


def calls_a_second(calls: int, latency: float) -> None:
    """The batch against openai's client alone."""
    few = max(IN_FLIGHT, calls // 10)
    with tempfile.TemporaryDirectory() as folder, serving(latency) as base_url:
        alone, alone_cpu = asyncio.run(bare(base_url, calls))
        # The first loads what a process loads once; the second is what a start costs, and taken off.
        _, small, large = (
            asyncio.run(batch(base_url, Path(folder) / str(number), count, latency))
            for number, count in enumerate((few, few, few + calls))
        )
    ideal, rate = IN_FLIGHT / latency, (few + calls) / large.seconds
    full = calls / (large.seconds - small.seconds)
    single = alone_cpu / calls * 1000
    driver, everything = large.driver - small.driver, large.everything - small.everything
    print(f"{few + calls} calls of {latency:g} s, {IN_FLIGHT} in flight (ideal: {ideal:.0f} a second)")
    print(f"  openai's client alone   {calls / alone:6.1f} a second   {single:5.2f} ms CPU a call")
    print(f"  batch                   {rate:6.1f} a second = {rate / ideal:.0%} of the ideal")
    print(f"    while all are in flight {full:4.1f} a second = {full / ideal:.0%}: start and end taken off")
    for name, seconds in (("driver", driver), ("with its readers", everything)):
        each = seconds / calls * 1000
        print(f"    {name:21} {each:5.2f} ms CPU a document = {each - single:+.2f}")


def made(folder: Path, count: int) -> None:
    """So many reports of the first form, no two alike."""
    from eval.generator import generate

    kinds = [generate(seed, layout=_LAYOUTS[seed % 5], damage=()) for seed in range(min(count, _KINDS))]
    for number in range(count):
        case = kinds[number % len(kinds)]
        inside = folder / f"{number // 1000:03}"
        inside.mkdir(parents=True, exist_ok=True)
        (inside / f"{number:06}.txt").write_text(f"{case.text}\n存档编号 {number:06} 号\n", encoding="utf-8")


def offline(count: int, small: bool) -> None:
    """Reports read by the command itself, and the same command again."""
    with tempfile.TemporaryDirectory() as folder:
        reports, db = Path(folder) / "reports", Path(folder) / "gouji.db"
        command = [
            sys.executable,
            "-m",
            "agent",
            "batch",
            str(reports),
            "--reader",
            "offline",
            "--db",
            str(db),
            "--json",
        ]
        if small:
            tallies.write(reports, count)
            command += ["--form", tallies.FORM_NAME]
        else:
            made(reports, count)
        print(f"{count} {'tallies' if small else 'reports'} offline")
        for name in ("first run", "same again"):
            used = cpu()
            seconds, peak, told = _watched(command)
            each = (cpu() - used) / count * 1000
            print(f"  {name:10} {seconds:7.1f} s  {count / seconds:7.1f} a second  {each:5.2f} ms CPU a report")
            print(f"             memory at most {peak} MB  {told}")
        print(f"  database   {db.stat().st_size / 2**20:.0f} MB")


def _watched(command: list[str]) -> tuple[float, int, str]:
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0]
    watching = threading.Thread(target=_watch, args=(process, peak))
    watching.start()
    told = json.loads(process.communicate()[0])
    seconds = time.monotonic() - began
    watching.join()
    counts = {key: told[key] for key in ("accepted", "review", "failed", "settled_before")}
    return seconds, peak[0], str(counts)


def _watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(_memory, [process.pid, *_children(process.pid)])) // 1024)
        time.sleep(0.5)


def _children(process: int) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _memory(process: int) -> int:
    """Kilobytes of a process, what it shares with others counted in part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


@click.command(help=__doc__)
@click.option("--calls", default=4000, show_default=True, help="Calls against the slow server.")
@click.option("--latency", default=1.0, show_default=True, help="Seconds that server takes.")
@click.option("--documents", default=2000, show_default=True, help="Reports read offline.")
@click.option("--small", is_flag=True, help="Tallies of nine figures in place of reports of two hundred.")
def main(calls: int, latency: float, documents: int, small: bool) -> None:
    """Print all figures."""
    if calls:
        calls_a_second(calls, latency)
    if documents:
        offline(documents, small)


if __name__ == "__main__":
    main()
