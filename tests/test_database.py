"""Opening the store's file: quick where nothing is to be done, brought up to date where something is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.database import STEPS, open_for_writing, steps_taken, told
from agent.errors import StoreError
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


@pytest.mark.fault("disk-full", behaviour="No file handle left for the database: exit code 7, and the reason told.")
@pytest.mark.skipif(os.name == "nt", reason="handles are not bounded there")
@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_database_that_cannot_be_opened_for_want_of_file_handles_says_so(tmp_path: Path, left: int) -> None:
    path = tmp_path / "gouji.db"
    open_for_writing(path, wait=1).close()
    code = (
        "import os, resource; from pathlib import Path; from agent.database import open_for_writing\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (3 + {left}, 3 + {left}))\n"
        f"try: open_for_writing(Path({str(path)!r}), wait=1)\n"
        "except Exception as error: print(error.exit_code, error)"
    )

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert said == f"7 {path} cannot be opened: too many open files; allow more (ulimit -n) and run again\n"


def test_a_database_that_cannot_be_opened_for_another_reason_names_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "no" / "gouji.db"

    with pytest.raises(StoreError, match="look at its folder and permissions"), told(path):
        sqlite3.connect(path)
