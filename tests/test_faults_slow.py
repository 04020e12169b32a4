"""Faults that take time, or a disk of their own: many first starts, a lock that stays, a full disk, a read-only one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eval import tallies
from tests.batch_world import rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

FORM = ("--form", tallies.FORM_NAME)
STARTS = 30


def command(*arguments: str, folder: Path, **options: object) -> subprocess.Popen[str]:
    """A gouji of its own, started."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOUJI_", "OPENAI_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *arguments, "--lang", "en"],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(*arguments: str, folder: Path) -> tuple[int, str]:
    """How a gouji of its own ends, and what it says on standard error."""
    process = command(*arguments, folder=folder)
    _, said = process.communicate(timeout=300)
    return process.returncode, said


@pytest.mark.fault(
    "concurrent-migration", behaviour="30 starts of three processes on a new database: none fails, none is lost."
)
def test_many_first_starts_at_once_all_succeed(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", 6)
    reads = ("--reader", "offline", *FORM, "--db")
    for start in range(STARTS):
        db = f"{start}.db"
        started = [
            command("extract", "stalls/stall_000000.txt", *reads, db, folder=tmp_path),
            command("extract", "stalls/stall_000001.txt", *reads, db, folder=tmp_path),
            command("batch", "stalls", *reads, db, folder=tmp_path),
        ]
        said = [process.communicate(timeout=300)[1] for process in started]

        assert [process.returncode for process in started] == [0, 0, 0], said
        assert rows(tmp_path / db, "select count(*), count(distinct document) from records") == [(6, 6)]
        assert rows(tmp_path / db, "pragma integrity_check") == [("ok",)]


@pytest.mark.fault("two-processes", behaviour="Three batches in three processes: each document is read by one of them.")
def test_three_batches_share_the_documents(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", 300)
    started = [command("batch", "stalls", "--reader", "offline", *FORM, folder=tmp_path) for _ in range(3)]
    said = [process.communicate(timeout=300)[1] for process in started]

    assert {process.returncode for process in started} == {3}, said
    assert rows(tmp_path / "gouji.db", "select count(*), count(distinct key) from runs") == [(300, 300)]
    assert rows(tmp_path / "gouji.db", "select status, count(*) from jobs group by 1") == [
        ("accepted", 270),
        ("review", 30),
    ]


@pytest.mark.fault(
    "db-locked", behaviour="By the command: waited for half a minute, then exit code 7, file and way out."
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("extract", "stalls/stall_000001.txt", "--reader", "offline", *FORM),
        ("batch", "stalls", "--reader", "offline", *FORM),
    ],
    ids=["extract", "batch"],
)
def test_a_lock_that_stays_ends_the_command(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    tallies.write(tmp_path / "stalls", 2)
    assert ended("extract", "stalls/stall_000000.txt", "--reader", "offline", *FORM, folder=tmp_path)[0] == 0
    with closing(sqlite3.connect(tmp_path / "gouji.db")) as other:
        other.execute("begin immediate")
        began = time.monotonic()
        code, said = ended(*arguments, folder=tmp_path)

        assert 25 < time.monotonic() - began < 60
    assert code == 7
    assert said.endswith("gouji.db is held by another program; close that, or try again\n")
    assert ended(*arguments, folder=tmp_path)[0] == 0


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, options: str) -> str:
        """Mount it, or mount it anew; gives why that is not allowed."""
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder], capture_output=True, text=True
        )
        return done.stderr.strip()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if shutil.which("mount") is None:
        pytest.skip("needs mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = Disk(folder)
    refused = made.mount("size=16m")
    if refused:
        pytest.skip(f"nothing can be mounted here ({refused})")
    yield made
    subprocess.run(["umount", folder], check=True)


@pytest.mark.fault(
    "disk-full", behaviour="A small disk: exit code 7, what was stored is intact; with room the same command goes on."
)
@pytest.mark.parametrize("size", ["150k", "350k", "400k", "500k", "700k"])
def test_a_batch_on_a_small_disk_goes_on_when_there_is_room(tmp_path: Path, disk: Disk, size: str) -> None:
    tallies.write(tmp_path / "stalls", 200)
    batch = ("batch", "stalls", "--reader", "offline", *FORM, "--db", "disk/gouji.db")
    disk.mount(f"remount,size={size}")
    code, said = ended(*batch, folder=tmp_path)

    assert code == 7, said
    assert "disk/gouji.db cannot grow: the disk is full" in said
    assert len(said.splitlines()) == 1

    disk.mount("remount,size=16m")
    assert ended(*batch, folder=tmp_path)[0] == 3
    assert rows(disk.folder / "gouji.db", "pragma integrity_check") == [("ok",)]
    assert rows(disk.folder / "gouji.db", "select status, count(*) from jobs group by 1") == [
        ("accepted", 180),
        ("review", 20),
    ]


@pytest.mark.fault(
    "disk-full", behaviour="A read-only disk: what is read is read, what would write ends with 7 and changes nothing."
)
def test_a_read_only_disk_is_read_and_not_written(tmp_path: Path, disk: Disk) -> None:
    tallies.write(tmp_path / "stalls", 10)
    db = ("--db", "disk/gouji.db")
    assert ended("batch", "stalls", "--reader", "offline", *FORM, *db, folder=tmp_path)[0] == 3
    disk.mount("remount,ro")
    before = {path: path.read_bytes() for path in disk.folder.iterdir()}
    ((waiting,),) = rows_read_only(disk.folder / "gouji.db", "select run from reviews")

    for reading in (
        ("show", "1"),
        ("stats", *FORM),
        ("review", "list"),
        ("batch", "status"),
        ("export", "out.csv", *FORM),
    ):
        assert ended(*reading, *db, folder=tmp_path)[0] == 0, reading
    for writing in (
        ("extract", "stalls/stall_000001.txt", "--reader", "offline", *FORM, "--max-attempts", "2"),
        ("batch", "stalls", "--reader", "offline", *FORM),
        ("review", "reject", str(waiting)),
    ):
        code, said = ended(*writing, *db, folder=tmp_path)
        assert code == 7, (writing, said)
        assert "disk/gouji.db" in said
        assert len(said.splitlines()) == 1
    assert {path: path.read_bytes() for path in disk.folder.iterdir()} == before


@pytest.mark.fault(
    "disk-full",
    behaviour="A read-only disk with a run's last words beside the database: told, no older state is shown.",
)
def test_an_older_state_is_not_shown_from_a_read_only_disk(tmp_path: Path, disk: Disk) -> None:
    tallies.write(tmp_path / "stalls", 2)
    read = ("extract", "stalls/stall_000000.txt", "--reader", "offline", *FORM, "--db", "disk/gouji.db")
    assert ended(*read, folder=tmp_path)[0] == 0
    code = "import os, sys; from agent.cli import run; run(sys.argv[1:]); os._exit(0)"
    later = ("extract", "stalls/stall_000001.txt", *read[2:])
    holds = sqlite3.connect(disk.folder / "gouji.db")  # so that the journal is not taken in
    holds.execute("select count(*) from runs").fetchall()
    subprocess.run([sys.executable, "-c", code, *later], cwd=tmp_path, check=True, capture_output=True)
    kept = {path: path.read_bytes() for path in disk.folder.iterdir()}
    holds.close()
    for path, content in kept.items():
        path.write_bytes(content)
    disk.mount("remount,ro")

    exit_code, said = ended("show", "2", "--db", "disk/gouji.db", folder=tmp_path)

    assert exit_code == 0 or (exit_code == 7 and "disk/gouji.db cannot be opened" in said), said


def rows_read_only(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What a database on a read-only disk answers."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as db:
        return db.execute(sql).fetchall()


@pytest.mark.fault("disk-full", behaviour="A folder that is not ours: exit code 7 in a line that says so.")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_a_folder_that_is_not_ours_is_told(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", 1)
    extract = ("extract", "stalls/stall_000000.txt", "--reader", "offline", *FORM)
    assert ended(*extract, folder=tmp_path)[0] == 0
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "agent"]
    for arguments in (("show", "1"), extract):
        done = subprocess.run(
            [*nobody, *arguments, "--db", str(tmp_path / "gouji.db"), "--lang", "en"],
            cwd="/", capture_output=True, text=True,
        )  # fmt: skip
        if "No module named" in done.stderr or "Permission denied: " in done.stderr:
            pytest.skip("the interpreter may not be used by others here")
        assert done.returncode in (5, 7), done.stderr
        assert len(done.stderr.splitlines()) == 1
