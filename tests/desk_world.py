"""A desk with one faulty report, as several tests need it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import pipeline
from agent.desk.app import application
from agent.desk.desk import Desk
from agent.review import reviewer
from agent.store import Store
from tests.asgi import KEY, Caller
from tests.written import SAMPLE

FAULTY = SAMPLE.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")
TOTAL = "table4.reconsideration.total"


class Browser(Caller):
    """Asks a desk for its pages."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(application(desk, KEY))
        self.desk = desk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gouji.db"


@pytest.fixture
def browser(path: Path) -> Iterator[Browser]:
    """A desk with one faulty report, number 1."""
    with Store(path) as store:
        pipeline.extract(FAULTY, name="青岚.txt", store=store)
        yield Browser(Desk(store, reviewer("Lin")))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What the database holds."""
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()
