"""Files that change under a batch: the text that was named is read when it is there again, or what took its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.batch import Tally
from agent.batch_step import Setup
from eval import tallies
from tests.batch_world import InThread, World, entries, rows


@pytest.fixture
def stalls(tmp_path: Path) -> list[Path]:
    return tallies.write(tmp_path / "stalls", 5)


def read(db: Path, stalls: list[Path], change: Callable[[Path], object] = lambda _: None) -> Tally:
    """A run that finds the fourth file changed when it comes to read it."""

    def before(path: str) -> None:
        if path == str(stalls[3]):
            change(stalls[3])

    world = World(db, reader="offline")
    world.readers = InThread(Setup.of(world.plan(), world.form), before=before)
    return world.read(entries(stalls))


def other(path: Path) -> None:
    """Another report in the place of one."""
    path.write_text(tallies.tally(99), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other, "changed while the batch ran; run it again"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (Path.unlink, "no such file"),
    ],
    ids=["another report", "half written", "away"],
)
def test_a_document_that_changes_meanwhile_waits_and_is_read_when_it_is_as_it_was(
    db: Path, stalls: list[Path], change: Callable[[Path], object], told: str
) -> None:
    text = stalls[3].read_bytes()
    tally = read(db, stalls, change)
    stalls[3].write_bytes(text)
    again = read(db, stalls)

    assert tally.statuses == {"accepted": 4, "waiting": 1}
    assert [(problem.path, problem.status) for problem in tally.problems] == [(str(stalls[3]), "waiting")]
    assert tally.problems[0].error == f"{stalls[3]}: {told}"
    assert again.statuses == {"accepted": 5}


def test_a_document_that_stays_changed_is_read_as_it_is_now(db: Path, stalls: list[Path]) -> None:
    read(db, stalls, other)
    again = read(db, stalls)

    assert again.statuses == {"accepted": 5}
    assert rows(db, "select status, count(*) from jobs group by 1") == [("accepted", 5)]


def test_a_document_that_cannot_be_read_and_did_not_change_fails(db: Path, stalls: list[Path]) -> None:
    stalls[3].write_bytes(b"\x00\xff\x81")

    assert read(db, stalls).statuses == {"accepted": 4, "failed": 1}
