"""Starts runs at once, to be broken off at a write: all is imported already, and each is a fork in one thread.

A job is a line of JSON on standard input; what comes back is the process's number. It waits for ``go``; what
comes back then is how it ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent import writers
from agent.batch import Tally
from agent.batch_step import Setup, Stepped, step
from agent.cli import run
from agent.errors import GoujiError
from agent.ledger import Entry, Kept
from eval import tallies
from eval.server import Server
from tests.batch_nursery import PRELOADED, Elsewhere
from tests.batch_world import InThread, World, entries

MORE = ("agent.export", "agent.export_cli", "agent.batch_cli", "agent.desk.desk", "agent.desk.views", "agent.stored")
OTHERS = ("openai", "openpyxl", "pyarrow.parquet", "sqlite_utils.migrations", "zlib", "getpass", "rich.table")
EXPORTED = "accepted.{}"
RESOLVED = {0: ("accept",), 1: ("reject",), 2: ("correct",), 3: ("accept", "undo", "reject")}
"""What a reviewer does with the reports that wait, by turns."""


class _Inline(ThreadPoolExecutor):
    """Does at once what it is given: writes are counted by thread, and here there is but one."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The result, there already."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - told to who waits, as an executor does
            future.set_exception(error)
        return future


class _Beside(InThread):
    """Reads in a thread of its own, which writes nothing."""

    async def step(self, path: str, sha256: str, answers: Mapping[str, Kept]) -> Stepped:
        """One step."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_READING, step, self.setup, path, sha256, answers)


_READING = ThreadPoolExecutor(1)


class _OneThread(World):
    def read(self, documents: Sequence[Entry]) -> Tally:
        """One run to its end, all that it writes written by one thread."""

        async def alone() -> Tally:
            asyncio.get_running_loop().set_default_executor(_Inline(1))
            self.readers = _Beside(Setup.of(self.plan(), self.form))
            return await self._read(documents)

        return asyncio.run(alone())


def extract(db: str, folder: str, base_url: str) -> int:
    """One report after the other, by a command each; the first that fails ends it."""
    asked = ["--form", tallies.FORM_NAME, "--model", "m", "--base-url", base_url, "--db", db, "--json"]
    for path in sorted(Path(folder).iterdir()):
        code = run(["extract", str(path), *asked])
        if code not in (0, 3):
            return code
    return 0


def batch(db: str, folder: str, base_url: str) -> int:
    """A batch over a folder."""
    world = _OneThread(Path(db), Elsewhere(base_url), concurrency=4)
    try:
        world.read(entries(sorted(Path(folder).iterdir())))
    except GoujiError as error:
        print(f"gouji: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def review(db: str, reports: str) -> int:
    """Decide about reports that wait. ``reports``: each with the number of decisions that were made already."""
    for turn, (report, done) in enumerate(json.loads(reports)):
        for kind in RESOLVED[turn % len(RESOLVED)][done:]:
            given = {"accept": ["--as-published"], "correct": ["sold.all.evening=7"]}.get(kind, [])
            form = ["--form", tallies.FORM_NAME] if given else []
            code = run(["review", kind, str(report), *given, *form, "--db", db, "--reviewer", "Lin"])
            if code not in (0, 3):
                return code
    return 0


def export(db: str, folder: str, format_: str) -> int:
    """Write the records to a file."""
    writers.part_of = _plain_part
    return run(["export", str(Path(folder, EXPORTED.format(format_))), "--db", db, "--form", tallies.FORM_NAME])


def _plain_part(path: Path) -> Path:
    """The same name in every run: writes are broken off by the name of the file that is written."""
    return path.with_name(f".{path.name}.part")


def migrate(db: str) -> int:
    """Open a database for writing, and do nothing with it."""
    return run(["batch", "retry", "--failed", "--db", db])


STAGES: dict[str, Callable[..., int]] = {
    "extract": extract,
    "batch": batch,
    "review": review,
    "export": export,
    "migrate": migrate,
}


def _work(ready: int, said: str, stage: str, **job: str) -> int:
    """What a fork does: nothing before it is told to."""
    os.read(ready, 1)
    told = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(told, 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    code = STAGES[stage](**job)
    sys.stdout.flush()
    return code


def _fork(job: dict[str, str]) -> None:
    ready, go = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(go)
        try:
            os._exit(_work(ready, **job))
        except BaseException:  # noqa: BLE001 - a fork must never go on as its parent
            import traceback

            traceback.print_exc()
            os._exit(99)
    os.close(ready)
    print(process, flush=True)
    sys.stdin.readline()
    os.write(go, b"!")
    os.close(go)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _warm() -> None:
    """Read one report here: what is worked out once is there in every fork."""
    told, sys.stdout = sys.stdout, TextIOWrapper(BytesIO())
    with TemporaryDirectory() as folder, Server(tallies.answer) as server:
        tallies.write(Path(folder, "stalls"), 1)
        extract(str(Path(folder, "gouji.db")), str(Path(folder, "stalls")), server.base_url)
    sys.stdout = told


def main() -> None:
    """Fork for each job."""
    for name in (*PRELOADED, *MORE, *OTHERS):
        __import__(name)
    from agent.connections import certificates

    certificates()
    _warm()
    gc.freeze()  # a fork that counted references would copy what it shares
    print("ready", flush=True)
    for line in sys.stdin:
        _fork(json.loads(line))


if __name__ == "__main__":
    main()
