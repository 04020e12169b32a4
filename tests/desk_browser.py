"""A desk that is open, and Debian's Chromium before it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent import pipeline
from agent.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
NEEDS_CHROMIUM = pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium (apt-get install chromium)")


@dataclass
class Desk:
    """A desk that is open, and its database."""

    address: str
    path: Path

    @property
    def home(self) -> str:
        """Its address without the token."""
        return self.address.partition("/?")[0]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the database holds."""
        db = sqlite3.connect(self.path)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


def extract(source: str | Path, name: str | None, store: Store | Path) -> None:
    """Read a report into a store."""
    with ThreadPoolExecutor(1) as pool:  # the browser has its event loop in this thread
        pool.submit(pipeline.extract, source, name=name, store=store).result()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


@contextmanager
def opened(path: Path) -> Iterator[Desk]:
    """The desk over a database, in a process of its own."""
    command = [sys.executable, "-m", "agent", "review", "serve", "--db", str(path), "--lang", "zh", "--reviewer", "Lin"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Desk(process.stdout.readline().strip().partition(": ")[2], path)
        finally:
            process.terminate()
