"""Who holds a lease, and whether they are gone: by their process where it can be asked for, else by their beat."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ledger import DEAD_AFTER, Ledger, here
from agent.store import Store

NOW = 1000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "gouji.db") as store:
        yield store


def held(store: Store, host: str) -> int:
    """A batch of another process, which has just beaten and whose number nobody has here."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    theirs = Ledger(store, clock=lambda: NOW, host=host)
    theirs.open("{}")
    with store.transaction() as db:
        db.execute("update batches set process = ? where id = ?", (ended.pid, theirs.batch))
    return theirs.batch


def gone(store: Store, host: str | None, later: float) -> list[int]:
    """The batches that count as gone for one that looks from there."""
    with store.transaction() as db:
        return Ledger(store, clock=lambda: NOW + later, host=host).gone(db)


def place(folder: Path, number: int) -> str:
    """Where a process of that PID namespace is, on this host."""
    link = folder / str(number)
    if not link.is_symlink():
        link.symlink_to(f"pid:[{number}]")
    return here(link)


@pytest.mark.fault(
    "two-processes",
    behaviour="In two containers of one host name: who holds a document is not taken for dead by its process number.",
)
def test_a_holder_in_another_pid_namespace_is_gone_only_by_its_beat(store: Store, tmp_path: Path) -> None:
    theirs = held(store, place(tmp_path, 1))

    assert gone(store, place(tmp_path, 2), later=1) == []
    assert gone(store, place(tmp_path, 2), later=DEAD_AFTER + 1) == [theirs]
    assert gone(store, place(tmp_path, 1), later=1) == [theirs]


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="no PID namespaces here")
def test_a_holder_whose_namespace_was_not_kept_is_gone_only_by_its_beat(store: Store) -> None:
    theirs = held(store, socket.gethostname())

    assert gone(store, None, later=1) == []
    assert gone(store, None, later=DEAD_AFTER + 1) == [theirs]


def test_where_there_are_no_namespaces_the_host_is_its_name(tmp_path: Path) -> None:
    assert here(tmp_path / "none") == socket.gethostname()
