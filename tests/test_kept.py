"""Answers kept over arms, runs and days: asked once, never again, and no other file is touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.errors import StoreError
from eval import evaluation, kept
from tests.scripted_server import serving

CASES = Path(__file__).parents[1] / "eval" / "gold_receipts"


def run(tmp_path: Path, base_url: str, *arms: str, db: str = "eval.db") -> int:
    folder = tmp_path / "cases"
    folder.mkdir(exist_ok=True)
    for ending in ("txt", "json"):
        (folder / f"one.{ending}").write_bytes((CASES / f"bookshop_tabs.{ending}").read_bytes())
    options = evaluation.Options(
        tmp_path / db, folder, arms=arms, model="m", base_url=base_url, answers=tmp_path / "answers.db", as_json=True
    )
    return evaluation.run(options)


def test_what_one_arm_asked_no_other_arm_and_no_other_run_asks_again(tmp_path: Path) -> None:
    with serving("ok") as server:
        run(tmp_path, server.base_url, "gouji")
        first = len(server.seen)
        run(tmp_path, server.base_url, "gouji", db="another.db")
        assert (first > 0, len(server.seen)) == (True, first)

        run(tmp_path, server.base_url, "one-call")

        assert len(server.seen) == first


def test_the_seconds_of_a_kept_answer_are_those_it_took_when_it_was_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving("ok") as server:
        run(tmp_path, server.base_url, "one-call")
        with sqlite3.connect(tmp_path / "answers.db") as db:
            db.execute("update answers set seconds = 1000")
        capsys.readouterr()
        run(tmp_path, server.base_url, "one-call", db="another.db")

    with sqlite3.connect(tmp_path / "another.db") as db:
        (seconds,) = db.execute("select seconds from results").fetchone()
    assert seconds > 1000


def test_a_fault_is_not_kept(tmp_path: Path) -> None:
    with serving("e503,e503,e503,ok") as server:
        run(tmp_path, server.base_url, "one-call")

    with sqlite3.connect(tmp_path / "answers.db") as db:
        assert db.execute("select count(*) from answers where raw like '%error%'").fetchone() == (0,)


def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    with sqlite3.connect(path) as db:
        db.execute("create table mine (a)")
    db.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="left as it is"):
        kept.prepare(path)

    assert path.read_bytes() == before
