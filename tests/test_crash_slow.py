"""Killed, out of disk, or with an error of the disk at every write: then run again, and nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.database import APPLICATION_ID
from agent.migrations import migrations
from eval import tallies
from eval.server import Server
from tests.batch_world import rows
from tests.crash_nursery import EXPORTED, RESOLVED
from tests.crash_world import (
    FAULTS,
    Content,
    Ended,
    Fault,
    Nursery,
    Points,
    assert_no_half,
    assert_told,
    content,
    files_of,
    no_strace,
    spread,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SHARE = float(os.environ.get("GOUJI_CRASH_SHARE", "1"))
"""Which part of the points is tried: all that are due, or fewer while something is looked for."""
DOCUMENTS = 20
STEPS = ["lay_the_tables", "keep_decisions", "keep_a_ledger", "keep_an_outbox", "name_views", "find_origins"]
FORMATS = ("csv", "jsonl", "xlsx", "parquet")


@pytest.fixture(scope="module")
def points() -> Iterator[Points]:
    """What was tried, told at the end."""
    points = Points()
    yield points
    print("\n" + "\n".join(points.table()))


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    why = no_strace()
    if why:
        pytest.skip(why)
    with Nursery() as nursery:
        yield nursery


def some(writes: Sequence[str], most: int) -> list[int]:
    """The points to try in a run."""
    return spread(writes, max(3, int(most * SHARE)))


IN_FLIGHT = {"extract": 1, "batch": 4}
"""How many calls are on their way at once, and may be paid again."""
READING = [("extract", 3, 400), ("extract", DOCUMENTS, 50), ("batch", 3, 400), ("batch", DOCUMENTS, 50)]


@pytest.mark.fault("kill")
@pytest.mark.fault("disk-full")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("stage", "documents", "most"), READING, ids=lambda value: str(value))
def test_broken_off_at_any_write_reading_goes_on_and_pays_at_most_what_was_in_flight(
    nursery: Nursery, points: Points, tmp_path: Path, stage: str, documents: int, most: int, fault: Fault
) -> None:
    folder = tmp_path / "stalls"
    tallies.write(folder, documents, first=10 - documents if documents < 10 else 0)
    with Server(tallies.answer) as server:
        job = {"stage": stage, "folder": str(folder), "base_url": server.base_url}
        clean = tmp_path / "clean.db"
        writes = nursery.writes(fault, tmp_path, files_of(clean), db=str(clean), **job)
        whole = content(clean)
        assert len(whole["outcomes"]) == documents

        for at in some(writes, most):
            db = tmp_path / f"{at}" / "gouji.db"
            db.parent.mkdir()
            before = server.calls
            ended = nursery.break_off(fault, writes, at, db.parent, files_of(db), db=str(db), **job)
            points.note(f"{stage}, {documents} documents", fault, ended)
            assert_broken_off_well(ended, fault)
            left = content(db)
            assert_no_half(left, whole)
            assert ended.code != 0 or left == whole, at

            again = nursery.run(db.parent, (), (), db=str(db), **job)

            assert again.code == 0, (at, again)
            assert content(db) == whole, at
            journaled = rows(db, "select count(*), count(distinct request_sha256) from calls where status = 200")
            assert journaled == [(documents, documents)], at  # what was journaled was not asked again
            assert server.calls - before <= documents + IN_FLIGHT[stage], at
            shutil.rmtree(db.parent)


def assert_broken_off_well(ended: Ended, fault: Fault) -> None:
    if fault == "KILL":
        assert ended.code in (-9, 0), ended
    else:
        assert_told(ended)


@pytest.fixture(scope="module")
def filled(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of a batch over twenty reports, and two that wait."""
    folder = tmp_path_factory.mktemp("filled")
    tallies.write(folder / "stalls", DOCUMENTS)
    return batch_over(nursery, folder)


def batch_over(nursery: Nursery, folder: Path) -> Path:
    with Server(tallies.answer) as server:
        job = {"stage": "batch", "folder": str(folder / "stalls"), "base_url": server.base_url}
        ended = nursery.run(folder, (), (), db=str(folder / "gouji.db"), **job)
        assert ended.code == 0, ended
    return folder / "gouji.db"


@pytest.fixture(scope="module")
def waiting(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which twenty reports wait."""
    folder = tmp_path_factory.mktemp("waiting")
    (folder / "stalls").mkdir()
    for number in range(DOCUMENTS):
        text = tallies.tally(number, wrong=True)
        (folder / "stalls" / f"stall_{number:06}.txt").write_text(text, encoding="utf-8")
    return batch_over(nursery, folder)


_DECIDED = {
    "decisions": "select name, decisions.kind, note, decisions.cells from decisions join runs on runs.id = run"
    " join documents on sha256 = document",
    "reviews": "select name, status, decision from reviews join documents on sha256 = document",
    "records": "select name, standing, record from records join documents on sha256 = document",
    "figures": "select name, figures.path, value, printed, grade, read_by from figures"
    " join records on records.id = figures.record join documents on sha256 = document",
}


@pytest.mark.fault("kill")
@pytest.mark.fault("disk-full")
@pytest.mark.parametrize("fault", FAULTS)
def test_broken_off_at_any_write_a_decision_stands_whole_or_not_at_all(
    nursery: Nursery, points: Points, waiting: Path, tmp_path: Path, fault: Fault
) -> None:
    clean = copied(waiting, tmp_path / "clean")
    writes = nursery.writes(fault, tmp_path, files_of(clean), **deciding(clean))
    whole = content(clean, _DECIDED)
    assert len(whole["decisions"]) == DOCUMENTS * sum(map(len, RESOLVED.values())) // len(RESOLVED)

    for at in some(writes, 100):
        db = copied(waiting, tmp_path / str(at))
        ended = nursery.break_off(fault, writes, at, db.parent, files_of(db), **deciding(db))
        points.note(f"review, {DOCUMENTS} reports", fault, ended)
        assert_broken_off_well(ended, fault)
        left = content(db, _DECIDED)
        assert_decided_whole(left, whole)
        assert ended.code != 0 or left == whole, at

        again = nursery.run(db.parent, (), (), **deciding(db))

        assert again.code == 0, (at, again)
        assert content(db, _DECIDED) == whole, at
        shutil.rmtree(db.parent)


def deciding(db: Path) -> dict[str, str]:
    """The job of deciding what is not decided yet."""
    sql = "select run, (select count(*) from decisions where decisions.run = reviews.run) from reviews order by run"
    return {"stage": "review", "db": str(db), "reports": json.dumps(rows(db, sql))}


def assert_decided_whole(found: Content, whole: Content) -> None:
    """A report is closed where its last decision closes it, and has its record and all figures then, or none."""
    assert set(found["decisions"]) <= set(whole["decisions"])
    standing = {name: kinds(found, name) for name, _, _ in found["reviews"]}
    closed = {name for name, status, _ in found["reviews"] if status == "decided"}
    assert closed == {name for name, made in standing.items() if made and made[-1] in ("accept", "reject")}
    accepted = {name for name, made in standing.items() if made == ["accept"]}
    assert {row[0] for row in found["records"]} == accepted
    assert all(sum(row[0] == name for row in found["figures"]) == 9 for name in accepted)


def kinds(found: Content, name: str) -> list[str]:
    """The decisions about a report, in the order in which they are made."""
    made = {row[1] for row in found["decisions"] if row[0] == name}
    return [kind for kind in ("correct", "accept", "undo", "reject") if kind in {k.split("_")[0] for k in made}]


def copied(db: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(db, folder / "gouji.db"))


@pytest.mark.fault("kill")
@pytest.mark.fault("disk-full")
@pytest.mark.parametrize("older", [False, True], ids=["a first export", "over an older one"])
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("fault", FAULTS)
def test_broken_off_at_any_write_an_export_appears_whole_or_not_at_all(
    nursery: Nursery, points: Points, filled: Path, tmp_path: Path, fault: Fault, format_: str, older: bool
) -> None:
    names = [EXPORTED.format(format_)] + ["accepted.codebook.csv"] * (format_ != "xlsx")
    job = {"stage": "export", "db": str(filled), "format_": format_}
    clean = tmp_path / "clean"
    clean.mkdir()
    writes = nursery.writes(fault, tmp_path, written(clean, names), folder=str(clean), **job)
    whole = {name: packed(clean / name) for name in names}

    for at in some(writes, 25):
        folder = tmp_path / str(at)
        folder.mkdir()
        if older:
            for name in names:
                (folder / name).write_bytes(b"older")
        ended = nursery.break_off(fault, writes, at, tmp_path, written(folder, names), folder=str(folder), **job)
        points.note("export", fault, ended)
        assert_broken_off_well(ended, fault)
        for name in names:
            there = packed(folder / name)
            assert there in (whole[name], b"older" if older else None), (at, name)
            assert ended.code != 0 or there == whole[name], (at, name)
        left = {path.name for path in folder.iterdir()} - set(names)
        assert fault in ("KILL", "EIO") or not left, (at, left)

        again = nursery.run(tmp_path, (), (), folder=str(folder), **job)

        assert again.code == 0, (at, again)
        assert {path.name: packed(path) for path in folder.iterdir()} == whole, at


def written(folder: Path, names: list[str]) -> list[Path]:
    """The files that an export writes, and those that take their place at the end."""
    return [folder / form.format(name) for name in names for form in ("{}", ".{}.part")]


def packed(path: Path) -> Any:
    """What a file holds, without the time at which a workbook was made; None where there is none."""
    if not path.exists():
        return None
    if path.suffix != ".xlsx" or path.read_bytes() == b"older":
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist() if name != "docProps/core.xml"}


@pytest.mark.fault("kill")
@pytest.mark.fault("disk-full")
@pytest.mark.parametrize("version", range(1, len(STEPS)))
@pytest.mark.parametrize("fault", FAULTS)
def test_broken_off_at_any_write_an_older_database_is_brought_up_to_date_or_stays_as_it_was(
    nursery: Nursery, points: Points, filled: Path, tmp_path: Path, version: int, fault: Fault
) -> None:
    old = tmp_path / "old.db"
    before = older_database(filled, old, version)
    clean = copied(old, tmp_path / "clean")
    writes = nursery.writes(fault, tmp_path, files_of(clean), stage="migrate", db=str(clean))
    whole = dump(clean)

    for at in some(writes, 30):
        db = copied(old, tmp_path / str(at))
        ended = nursery.break_off(fault, writes, at, db.parent, files_of(db), stage="migrate", db=str(db))
        points.note("migration", fault, ended)
        assert_broken_off_well(ended, fault)
        found = dump(db)
        assert found in (before, whole), at
        assert ended.code != 0 or found == whole, at

        again = nursery.run(db.parent, (), (), stage="migrate", db=str(db))

        assert again.code == 0, (at, again)
        assert dump(db) == whole, at
        shutil.rmtree(db.parent)


def older_database(filled: Path, old: Path, version: int) -> list[str]:
    """The same content as a release before would have stored it; gives its dump."""
    from sqlite_utils import Database

    with closing(sqlite3.connect(old)) as db:
        db.execute("pragma journal_mode = wal")
        migrations.apply(Database(db, execute_plugins=False), stop_before=STEPS[version])
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.commit()
        db.execute("attach ? as newer", (str(filled),))
        tables = [row[0] for row in db.execute("select name from main.sqlite_master where type = 'table'")]
        first = ("documents", "batches", "runs")  # the others refer to them
        for table in (*(name for name in first if name in tables), *tables):
            if table.startswith(("_", "sqlite")) or db.execute(f"select 1 from main.{table}").fetchone():
                continue
            columns = ", ".join(row[1] for row in db.execute(f"pragma main.table_info({table})"))
            db.execute(f"insert into main.{table} ({columns}) select {columns} from newer.{table}")
        db.commit()
    return dump(old)


def dump(path: Path) -> list[str]:
    """All that a database holds but when its steps were taken."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        return [line for line in db.iterdump() if '"_sqlite_migrations"' not in line]


def test_two_thousand_points_were_tried_in_all(points: Points) -> None:
    stages = {stage.split(",")[0] for stage, _, _ in points.ended}
    if SHARE < 1 or stages != {"extract", "batch", "review", "export", "migration"}:
        pytest.skip("not all stages ran")

    assert points.ended.total() >= 2000
