"""`gouji recover`: what can still be read of a damaged database, checked row by row, and the way on from there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import StoreError
from agent.recover import recover
from eval import tallies
from eval.server import Server
from tests.batch_world import World, rows
from tests.test_faults_database import FORM, PAGE, content, forget_outcomes, gouji, last_with, spoiled, stalls


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where things are kept; twelve reports beside it."""
    monkeypatch.chdir(tmp_path)
    for name in ("GOUJI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    tallies.write(tmp_path / "stalls", 12)
    return tmp_path / "gouji.db"


@pytest.mark.fault(
    "corrupt-db",
    behaviour="`gouji recover`: whatever page is damaged, the rest is taken out, and nothing that is wrong.",
)
def test_what_can_be_read_of_a_damaged_database_is_taken_out(db: Path, tmp_path: Path) -> None:
    with Server(tallies.answer) as server:
        World(db, server).read(stalls())
    right = set(content(db))
    whole = db.read_bytes()
    ends = []
    for page in range(1, len(whole) // PAGE, 2):
        db.write_bytes(spoiled(whole, page))
        new = tmp_path / f"new{page}.db"
        try:
            recover(db, new)
        except StoreError:  # the list of tables itself is gone
            assert not new.exists()
            continue
        assert rows(new, "pragma integrity_check") == [("ok",)]
        assert rows(new, "pragma foreign_key_check") == []
        assert set(content(new)) <= right
        ends.append(len(content(new)))
        new.unlink()

    assert len(ends) > len(whole) // PAGE // 3
    assert sum(ends) > 0.8 * len(ends) * len(right)


@pytest.mark.fault(
    "corrupt-db", behaviour="The way out, walked: recover, run again; all is there, only lost answers are paid again."
)
def test_after_recovering_a_run_goes_on_and_pays_for_what_was_lost_alone(
    db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(tallies.answer) as server:
        World(db, server).read(stalls())
        right = content(db)
        forget_outcomes(db)
        whole = db.read_bytes()
        db.write_bytes(spoiled(whole, last_with(whole, b"chatcmpl-1")))
        bad = db.read_bytes()

        assert gouji("recover", "gouji.db", "new.db") == 3
        said = capsys.readouterr().out
        assert "could not be read at all: calls" in said
        assert "--db new.db" in said
        assert db.read_bytes() == bad
        assert gouji("recover", "gouji.db", "new.db") == 2  # nothing is overwritten
        assert gouji("recover", "stalls", "other.db") == 2
        assert gouji("recover", "gouji.db", "nowhere/new.db") == 7
        assert "nowhere/new.db cannot be opened" in capsys.readouterr().err

        (left,) = rows(Path("new.db"), "select count(*) from calls")[0]
        assert World(Path("new.db"), server).read(stalls()).settled == 12

        assert 0 < left < 12
        assert server.calls == 12 + (12 - left)
    assert content(Path("new.db")) == right


@pytest.mark.fault(
    "corrupt-db", behaviour="An answer or an outcome of which a byte was flipped is left out, counted, and read again."
)
def test_what_is_no_longer_what_was_stored_is_left_out(db: Path) -> None:
    with Server(tallies.answer) as server:
        World(db, server).read(stalls())
        right = content(db)
        with closing(sqlite3.connect(db)) as other, other:
            other.execute("update calls set answer = replace(answer, '2@5 ', '2@5 9') where id = 2")
            other.execute(
                "update runs set outcome = substr(outcome, 1, 40) || x'00' || substr(outcome, 42) where id = 3"
            )

        assert gouji("recover", "gouji.db", "new.db") == 3
        found = recover(db, Path("again.db"))

        assert dict(found.damaged) == {"calls": 1, "runs": 1, "records": 1}
        assert rows(Path("new.db"), "select count(*) from calls where id = 2") == [(0,)]
        assert set(content(Path("new.db"))) < set(right)
        assert World(Path("new.db"), server).read(stalls()).settled == 12
        assert server.calls == 12  # the answer behind the outcome that was lost is there
    assert content(Path("new.db")) == right


@pytest.mark.fault("corrupt-db", behaviour="A whole database comes out whole: decisions, reviews and all.")
def test_a_whole_database_is_taken_over_as_it_is(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    World(db, reader="offline").read(stalls())
    ((run,),) = rows(db, "select run from reviews")
    assert gouji("review", "accept", str(run), "--as-published", "--reviewer", "Lin", *FORM) == 0

    assert gouji("recover", "gouji.db", "new.db") == 0

    for table in ("documents", "runs", "calls", "findings", "reviews", "decisions", "jobs", "origins", "batches"):
        assert rows(Path("new.db"), f"select * from {table}") == rows(db, f"select * from {table}"), table
    assert content(Path("new.db")) == content(db)
    records = "select document, form, record, standing, violations, decision, accepted from records order by 1"
    assert rows(Path("new.db"), records) == rows(db, records)
