"""What happens to the database under our hands: several at once, locked, full, damaged, and the way out tried."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from agent import cli, decisions, pipeline
from agent.batch import Batch
from agent.database import APPLICATION_ID, STEPS, open_for_reading
from agent.errors import StoreError
from agent.ledger import Entry
from agent.migrations import migrations
from agent.model import Call
from agent.outcome import Usage
from agent.review import reviewer, settle
from agent.store import Store
from eval import tallies
from eval.server import Server
from tests.batch_world import World, entries, rows
from tests.scripted_server import settings_for
from tests.written import SAMPLE

PAGE = 4096
FORM = ("--form", tallies.FORM_NAME)


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where things are kept; twelve reports beside it."""
    monkeypatch.chdir(tmp_path)
    for name in ("GOUJI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    tallies.write(tmp_path / "stalls", 12)
    return tmp_path / "gouji.db"


def stalls() -> list[Entry]:
    """The reports."""
    return entries(sorted(Path("stalls").glob("*.txt")))


def gouji(*arguments: str) -> int:
    """A command, in English."""
    return cli.run([*arguments, "--lang", "en"])


def content(path: Path) -> list[tuple[Any, ...]]:
    """The figures of every record, by document."""
    return rows(
        path,
        "select name, figures.path, value, grade, printed from records"
        " join figures on figures.record = records.id join documents on sha256 = document order by 1, 2",
    )


# Several at once.


@pytest.mark.fault(
    "two-processes", behaviour="A reader beside a batch that writes never waits and sees whole outcomes."
)
def test_a_reader_beside_a_batch_sees_whole_outcomes(db: Path) -> None:
    tallies.write(Path("stalls"), 60)
    World(db, reader="offline").read(stalls()[:1])
    batch = threading.Thread(target=World(db, reader="offline").read, args=(stalls(),))
    batch.start()
    seen: set[int] = set()
    longest = 0.0
    while batch.is_alive():
        began = time.monotonic()
        with open_for_reading(db) as reading:
            records = reading.execute(
                "select outcome is not null, status, count(figures.path) from records join runs on runs.id = run"
                " join figures on figures.record = records.id group by records.id"
            ).fetchall()
        longest = max(longest, time.monotonic() - began)
        assert {tuple(record) for record in records} == {(1, "accepted", 9)}
        seen.add(len(records))
    batch.join()

    assert longest < 2
    assert len(seen) > 2  # it was read while it grew
    assert rows(db, "select count(*) from records") == [(54,)]


@pytest.mark.fault("two-processes", behaviour="A reviewer decides while a batch writes: both stand.")
def test_a_decision_beside_a_batch_stands(db: Path) -> None:
    tallies.write(Path("stalls"), 40)
    World(db, reader="offline").read(stalls()[:10])
    ((run,),) = rows(db, "select run from reviews where status = 'open'")
    batch = threading.Thread(target=World(db, reader="offline").read, args=(stalls(),))
    batch.start()
    with Store(db) as store:
        review = decisions.load(db, run)
        decisions.accept(
            store, review, settle(review.current, tallies.FORM, as_published=True, note=""), reviewer("Lin")
        )
    batch.join()

    assert rows(db, "select status, count(*) from reviews group by 1") == [("decided", 1), ("open", 3)]
    assert rows(db, "select standing, count(*) from records group by 1") == [("as_published", 1), ("checked", 36)]


@pytest.mark.fault("concurrent-migration", behaviour="Two commands make the same new database at once; both are kept.")
def test_commands_that_start_at_once_on_a_new_database_all_succeed(db: Path) -> None:
    command = [sys.executable, "-m", "agent", "extract", "--reader", "offline", *FORM]
    started = [
        subprocess.Popen([*command, f"stalls/stall_{number:06}.txt"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for number in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in started]

    assert [process.returncode for process in started] == [0, 0], said
    assert rows(db, "select count(*) from records") == [(2,)]


@pytest.mark.fault(
    "concurrent-migration",
    behaviour="Another one is just making the tables: waited for, also where SQLite itself does not.",
)
def test_who_comes_second_to_a_new_database_waits(db: Path) -> None:
    first = sqlite3.connect(db, check_same_thread=False)
    first.execute("begin immediate")
    done = threading.Timer(0.3, first.rollback)
    done.start()

    with Store(db, wait=5) as store:
        assert store.find("k") is None

    done.join()
    first.close()


@pytest.mark.fault("concurrent-migration", behaviour="The tables are made once: who was about to make them finds them.")
def test_who_was_about_to_make_the_tables_finds_them_made(db: Path) -> None:
    first = sqlite3.connect(db, check_same_thread=False, isolation_level=None)
    first.execute("pragma journal_mode = wal")
    first.execute("begin immediate")
    migrations.apply(Database(first, execute_plugins=False))
    first.execute(f"pragma application_id = {APPLICATION_ID}")
    done = threading.Timer(0.3, first.commit)
    done.start()

    with Store(db, wait=10) as store:
        assert store.find("k") is None

    done.join()
    first.close()
    assert rows(db, "select count(*), count(distinct name) from _sqlite_migrations") == [(len(STEPS), len(STEPS))]


# Locked.


@pytest.mark.fault("db-locked", behaviour="A report: exit code 7, nothing was asked or paid before it could be kept.")
def test_nothing_is_asked_while_its_answer_could_not_be_kept(db: Path) -> None:
    World(db, reader="offline").read(stalls()[:1])
    with Server(tallies.answer) as server, closing(sqlite3.connect(db)) as other, Store(db, wait=0.1) as store:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match=r"gouji\.db is held by another program; close that, or try") as raised:
            pipeline.extract(
                Path("stalls/stall_000003.txt"), form=tallies.FORM, model=settings_for(server), store=store
            )

        assert raised.value.exit_code == 7
        assert server.calls == 0


@pytest.mark.fault("db-locked", behaviour="Who only reads is not held up by another program that writes.")
def test_a_reader_is_not_held_up_by_a_lock(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    World(db, reader="offline").read(stalls()[:1])
    with closing(sqlite3.connect(db)) as other:
        other.execute("begin immediate")
        began = time.monotonic()

        assert gouji("show", "1") == 0
        assert gouji("stats", *FORM) == 0
        assert time.monotonic() - began < 4


# Full.


def full_after(pages: int) -> Callable[[Batch], None]:
    """A disk that is full when the database has grown by so many pages."""

    def began(batch: Batch) -> None:
        (now,) = batch.store._db.execute("pragma page_count").fetchone()
        batch.store._db.execute(f"pragma max_page_count = {now + pages}")

    return began


@pytest.mark.fault(
    "disk-full",
    behaviour="In the midst of a batch: exit code 7; run again it goes on, at most those in flight are paid again.",
)
@pytest.mark.parametrize("pages", [0, 1, 2, 4])
def test_a_batch_on_a_full_disk_goes_on_when_there_is_room(db: Path, pages: int) -> None:
    World(db, reader="offline").read(stalls()[:1])
    with Server(tallies.answer) as server:
        with pytest.raises(
            StoreError, match="cannot grow: the disk is full; what was stored before is intact"
        ) as raised:
            World(db, server, concurrency=2, began=full_after(pages)).read(stalls())
        paid = server.calls

        assert raised.value.exit_code == 7
        assert rows(db, "pragma integrity_check") == [("ok",)]
        kept = rows(db, "select count(*) from calls where status = 200")[0][0]
        assert paid - kept <= 2 * 2
        assert rows(db, "select count(*) from jobs where status = 'failed'") == [(0,)]

        tally = World(db, server, concurrency=2).read(stalls())

        assert tally.settled == 12
        assert server.calls - paid == 12 - kept


@pytest.mark.fault("disk-full", behaviour="Behind standard output: told in a line, exit code 1, no traceback.")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [("show", "1"), ("show", "1", "--json"), ("show", "99", "--json")])
def test_a_full_disk_behind_standard_output_is_told_in_a_line(db: Path, arguments: tuple[str, ...]) -> None:
    World(db, reader="offline").read(stalls()[:1])
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([sys.executable, "-m", "agent", *arguments], stdout=full, stderr=subprocess.PIPE)

    assert ended.returncode == (2 if "99" in arguments else 1)
    assert len(ended.stderr.decode().splitlines()) == 1
    assert ended.stderr.startswith(b"gouji: ")


# Damaged.


def spoiled(data: bytes, page: int, count: int = 1) -> bytes:
    """A database of which so many pages hold something else."""
    return data[: page * PAGE] + b"\xa5" * PAGE * count + data[(page + count) * PAGE :]


def last_with(data: bytes, text: bytes) -> int:
    """The last page that holds this."""
    return data.rindex(text) // PAGE


def forget_outcomes(path: Path) -> None:
    """Leave what a run leaves that was killed when all was answered and nothing settled."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma foreign_keys = on")
        db.execute("delete from records")
        db.execute("delete from reviews")
        db.execute("delete from findings")
        db.execute("update runs set outcome = null, status = 'running'")
        db.execute("update jobs set status = 'waiting', run = null")
        db.commit()
        db.execute("pragma wal_checkpoint(truncate)")


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no head": lambda data: bytes(100) + data[100:],
    "half of it": lambda data: data[: len(data) // 2 + 100],
    "the list of tables": lambda data: data[:110] + b"\xff" * 300 + data[410:],
    "a page nobody looks at": lambda data: spoiled(data, last_with(data, b"Tally of a fruit stall, number 0")),
    "the first pages": lambda data: spoiled(data, 1, 3),
}
WRITING = (
    ("extract", "stalls/stall_000011.txt", "--reader", "offline", *FORM),
    ("batch", "stalls", "--reader", "offline", *FORM),
    ("review", "reject", "10"),
    ("batch", "retry", "--failed"),
)


@pytest.mark.fault(
    "corrupt-db", behaviour="Every command that would write: exit code 7, the file named, byte for byte as before."
)
@pytest.mark.parametrize("damage", DAMAGE)
def test_nothing_is_written_into_a_damaged_database(db: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    World(db, reader="offline").read(stalls()[:10])
    bad = DAMAGE[damage](db.read_bytes())
    capsys.readouterr()
    for command in WRITING:
        db.write_bytes(bad)

        code = gouji(*command)

        told = capsys.readouterr().err
        assert code == 7, command
        assert db.read_bytes() == bad, command
        assert len(told.splitlines()) == 1
        assert "gouji.db is " in told
        assert "with --db" in told


@pytest.mark.fault(
    "corrupt-db", behaviour="A flipped byte in a stored answer: not used, asked again; what is read is right."
)
@pytest.mark.parametrize("byte", [b"7", b"\xff"], ids=["another digit", "no letter at all"])
def test_an_answer_that_is_no_longer_what_came_is_asked_again(db: Path, byte: bytes) -> None:
    with Server(tallies.answer) as server:
        World(db, server).read(stalls()[:1])
        right = content(db)
        forget_outcomes(db)
        data = db.read_bytes()
        at = data.index(b"\\\\n2@5 ") + 7
        db.write_bytes(data[:at] + byte + data[at + 1 :])
        assert rows(db, "pragma integrity_check") == [("ok",)]  # SQLite does not notice

        assert World(db, server).read(stalls()[:1]).all_accepted
        assert server.calls == 2
        assert server.seen[1].body == server.seen[0].body  # the question itself, and none about what was read wrong
    assert content(db) == right


@pytest.mark.fault(
    "corrupt-db", behaviour="A flipped byte in a stored figure: no export, exit code 7, and the way out leads there."
)
@pytest.mark.parametrize(
    "field", ["figures set count = count + 8", "records set record = replace(record, ': ', ': 1')"]
)
def test_a_figure_that_is_no_longer_what_was_stored_is_not_exported(
    db: Path, capsys: pytest.CaptureFixture[str], field: str
) -> None:
    World(db, reader="offline").read(stalls())
    right = content(db)
    with closing(sqlite3.connect(db)) as other, other:
        other.execute(f"update {field} where {'id' if field.startswith('records') else 'record'} = 2")

    assert gouji("export", "out.csv", *FORM) == 7
    assert "record 2 of stall_0000" in capsys.readouterr().err
    assert not Path("out.csv").exists()

    assert gouji("recover", "gouji.db", "new.db") == 0
    assert gouji("export", "out.csv", "--db", "new.db", *FORM) == 0
    assert content(Path("new.db")) == right


@pytest.mark.fault(
    "sqlite-values", behaviour="A raw answer with NUL, a half pair, digits without end: kept whole with its hash."
)
@pytest.mark.parametrize("raw", ["a\x00b", "x\ud800y", "9" * 400, "NaN", "\u202e\x1b[31m"])
def test_a_raw_answer_is_kept_whole_with_its_hash(db: Path, raw: str) -> None:
    World(db, reader="offline").read(stalls()[:1])
    with Store(db) as store:
        store.journal(1, Call("q", "m", "ff" * 32, raw, Usage(1, 1, 1), 0.0, None, 1, 200))

    ((kept, sha256),) = rows(db, "select cast(answer as blob), answer_sha256 from calls")
    assert kept.decode() == raw.encode("utf-8", "backslashreplace").decode()
    assert hashlib.sha256(kept).hexdigest() == sha256


@pytest.mark.fault("huge-file", behaviour="A pipe for a database: exit code 7 at once, named as no regular file.")
@pytest.mark.parametrize("command", [["show", "1"], ["review"], ["stats"], ["extract", "sample.txt"], ["doctor"]])
def test_what_is_no_file_is_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.db")
    Path("sample.txt").write_text(SAMPLE, encoding="utf-8")

    code = cli.run([*command, "--db", "pipe.db", "--lang", "en"])

    assert code == (3 if command == ["doctor"] else 7)
    assert "not a regular file" in "".join(capsys.readouterr())


def test_texts_that_are_none_are_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.txt").write_text(SAMPLE.replace("\t41\n", "\t42\n"), encoding="utf-8")
    assert cli.run(["extract", "wrong.txt"]) == 3
    with closing(sqlite3.connect("gouji.db")) as db:
        db.execute("update documents set name = x'ff00', text = 'cut'")
        db.commit()

    assert [cli.run(["review"]), cli.run(["review", "show", "1"])] == [0, 0]
