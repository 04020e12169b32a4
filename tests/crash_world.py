"""What tests of crashes share: runs broken off at their N-th write by strace, and what a database then holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

Fault = Literal["KILL", "ENOSPC", "EIO"]
FAULTS: tuple[Fault, ...] = ("KILL", "ENOSPC", "EIO")

_WRITES = "pwrite64,write,writev,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2"
_CALLS = {
    "KILL": f"{_WRITES},unlink,unlinkat",
    "ENOSPC": _WRITES,  # a full disk still lets a file go
    "EIO": f"{_WRITES},unlink,unlinkat",
}
_HOW = {"KILL": "signal=KILL:when={}", "ENOSPC": "error=ENOSPC:when={}+", "EIO": "error=EIO:when={}"}
"""A full disk stays full; an error of the disk comes once."""


def no_strace() -> str:
    """Why a run cannot be broken off here; empty where it can."""
    if shutil.which("strace") is None:
        return "needs strace (apt install strace)"
    with subprocess.Popen(["sleep", "5"]) as sleeper:
        strace = subprocess.Popen(
            ["strace", "-p", str(sleeper.pid), "-o", os.devnull], stderr=subprocess.PIPE, text=True
        )
        assert strace.stderr is not None
        said = strace.stderr.readline()
        sleeper.kill()
        strace.communicate()
    return "" if "attached" in said else f"ptrace is forbidden here ({said.strip()})"


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, negative for a signal, and what it said on standard error."""

    code: int
    said: str

    @property
    def how(self) -> str:
        """In a word, for the table."""
        if self.code < 0:
            return "killed"
        return "went on, exit 0" if self.code == 0 else f"exit {self.code}, told in a line"


class Nursery:
    """Where runs are started to be broken off."""

    def __init__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOUJI_", "OPENAI_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash_nursery"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self._line()  # all is imported

    def run(self, folder: Path, paths: Iterable[Path], inject: Iterable[str], /, **job: str) -> Ended:
        """One run to its end, under strace where something is injected into what it does to ``paths``."""
        said = folder / "said"
        self._say(json.dumps({"said": str(said), **job}))
        process, strace = int(self._line()), None
        options = list(inject)
        if options:
            options += [option for path in paths for option in ("-P", str(path))]
            strace = subprocess.Popen(["strace", "-f", "-p", str(process), *options], stderr=subprocess.PIPE, text=True)
            assert strace.stderr is not None
            while "attached" not in strace.stderr.readline():
                assert strace.poll() is None, "strace could not attach"
        self._say("go")
        code = int(self._line())
        if strace:
            strace.communicate()
        return Ended(code, said.read_text(encoding="utf-8") if said.exists() else "")

    def writes(self, fault: Fault, folder: Path, paths: Iterable[Path], /, **job: str) -> list[str]:
        """The calls of a whole run that the fault could hit, in order, of its busiest thread."""
        traced = folder / "traced"
        ended = self.run(folder, paths, ["-e", f"trace={_CALLS[fault]}", "-o", str(traced)], **job)
        assert ended.code == 0, ended
        calls: dict[str, list[str]] = {}
        for thread, call in re.findall(r"(?m)^(\d+) +(\w+)\(", traced.read_text()):
            calls.setdefault(thread, []).append(call)
        return max(calls.values(), key=len, default=[])

    def break_off(
        self, fault: Fault, writes: Sequence[str], at: int, folder: Path, paths: Iterable[Path], /, **job: str
    ) -> Ended:
        """A run with the fault at its ``at``-th write."""
        calls = _CALLS[fault]
        before = Counter(writes[: at - 1])
        # strace counts each kind of call by itself; a full disk refuses all of them from there on.
        hit = calls.split(",") if fault == "ENOSPC" else [writes[at - 1]]
        inject = [f"inject={call}:{_HOW[fault].format(before[call] + 1)}" for call in hit]
        options = [option for one in (f"trace={calls}", *inject) for option in ("-e", one)]
        return self.run(folder, paths, [*options, "-o", os.devnull], **job)

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass
class Points:
    """The points tried, and what each ended in."""

    ended: Counter[tuple[str, Fault, str]] = field(default_factory=Counter)

    def note(self, stage: str, fault: Fault, ended: Ended) -> None:
        """Count one."""
        self.ended[stage, fault, ended.how] += 1

    def table(self) -> Iterator[str]:
        """A line for each stage, fault and end."""
        yield f"{'stage':<26}{'fault':<8}{'ended in':<26}{'points':>6}"
        for (stage, fault, how), count in sorted(self.ended.items()):
            yield f"{stage:<26}{fault:<8}{how:<26}{count:>6}"
        yield f"{'in all':<60}{self.ended.total():>6}"


def spread(writes: Sequence[str], most: int) -> list[int]:
    """At most so many of the points in a run, evenly, with the first and the last ones."""
    total = len(writes)
    if total <= most:
        return list(range(1, total + 1))
    ends = {at for at in (*range(1, 6), *range(total - 4, total + 1)) if 0 < at <= total}
    more = max(0, most - len(ends))
    return sorted(ends | {1 + i * total // more for i in range(more)})


def files_of(db: Path) -> list[Path]:
    """The database with the files that SQLite keeps beside it, and their folder."""
    return [db, *(db.with_name(db.name + end) for end in ("-wal", "-shm", "-journal")), db.parent]


_CONTENT = {
    "documents": "select name, text from documents",
    "outcomes": "select name, status from runs join documents on sha256 = document where outcome is not null",
    "records": "select name, record from records join documents on sha256 = document",
    "figures": "select name, figures.path, value, count, printed, line, grade, read_by from figures"
    " join records on records.id = figures.record join documents on sha256 = document",
    "reviews": "select name, reasons, reading from reviews join documents on sha256 = document",
    "findings": "select name, rule, message, findings.cells from findings join runs on runs.id = run"
    " join documents on sha256 = document",
}

Content = dict[str, list[tuple[Any, ...]]]


def content(db: Path, sql: dict[str, str] = _CONTENT) -> Content:
    """What a database holds, without what differs from run to run; nothing where it has no tables yet."""
    if not db.exists():
        return {name: [] for name in sql}
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        if not connection.execute("select 1 from sqlite_master").fetchone():
            return {name: [] for name in sql}
        return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in sql.items()}


def assert_no_half(found: Content, whole: Content) -> None:
    """Each document that is there is there with all that belongs to it, and as it should be."""
    names = [row[0] for row in found["outcomes"]]
    assert len(names) == len(set(names)), "an outcome is doubled"
    for table in ("outcomes", "records", "figures", "reviews", "findings"):
        assert found[table] == [row for row in whole[table] if row[0] in names], table


def assert_told(ended: Ended) -> None:
    """A failed write is told in one line with the exit code that is documented, or it made no difference."""
    assert "Traceback" not in ended.said, ended.said
    if ended.code:
        assert ended.code == 7, ended
        assert len(ended.said.strip().splitlines()) == 1, ended.said
        assert ended.said.startswith("gouji: "), ended.said
