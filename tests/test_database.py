"""Opening the store's file: quick where nothing is to be done, brought up to date where something is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from agent.database import STEPS, open_for_writing, steps_taken
from agent.migrations import migrations


def test_the_steps_are_known_by_name_without_what_takes_them() -> None:
    assert tuple(step.name for step in migrations._migrations) == STEPS


def test_an_up_to_date_database_is_opened_without_importing_what_takes_its_steps(tmp_path: Path) -> None:
    path = tmp_path / "gouji.db"
    open_for_writing(path, wait=1).close()
    code = (
        "import sys; from pathlib import Path; from agent.database import open_for_writing;"
        f"open_for_writing(Path({str(path)!r}), wait=1).close(); print('sqlite_utils' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert told == "False\n"


def test_a_database_that_lacks_a_step_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "gouji.db"
    open_for_writing(path, wait=1).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("drop index origins_path")
        db.execute("delete from _sqlite_migrations where name = 'find_origins'")

    with closing(open_for_writing(path, wait=1)) as db:
        assert steps_taken(db) == STEPS
        assert db.execute("select 1 from sqlite_master where name = 'origins_path'").fetchone()
