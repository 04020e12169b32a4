"""Reports before a reviewer: one misread, one that does not add up, one that cannot be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent import decisions, offline, pipeline
from agent.document import CellPlace, Document, load
from agent.evidence import Evidence, gather
from agent.outcome import Accepted, Figure, NeedsReview, Reading
from agent.review import Review, correct, reviewer, settle
from agent.store import Store
from schemas import load as load_form

SAMPLE = Path(__file__).parent.parent / "agent" / "sample" / "qinglan_2023.txt"
FORM = load_form("ogi-annual-report")
CORRECTED = "table4.reconsideration.corrected"
TOTAL = "table4.reconsideration.total"
RECEIVED = "table3.received.natural_person"
LIN, MA = reviewer("Lin"), reviewer("Ma")


class Given:
    """A report, what its source shows, and a store in which it waits."""

    def __init__(self, path: Path, text: str, misread: Mapping[str, int | None] = {}, unsure: str = "") -> None:
        self.document: Document = load(text, name="青岚.txt")
        self.evidence: Evidence = gather(self.document, FORM)
        if unsure:  # a scan, and one figure not read for sure
            self.document = replace(self.document, cells=dict(self._scanned(unsure)), pages=1)
        self.store = Store(path)
        self.run = self.store.begin("k", self.document, "model", "m")
        self.outcome = self._read(misread)
        if isinstance(self.outcome, NeedsReview):
            self.store.hold(self.run, self.outcome)

    def _scanned(self, unsure: str) -> Iterator[tuple[tuple[int, int], CellPlace]]:
        for path, cell in self.evidence.cells.items():
            if cell.cell is not None:
                yield (cell.line, cell.cell), CellPlace(1, confidence=0.3 if path == unsure else 0.99)

    def _read(self, misread: Mapping[str, int | None]) -> Accepted | NeedsReview:
        first = offline.read(self.evidence)
        wrong = {path: Figure(value, str(value), 1, "model") for path, value in misread.items()}
        reading = Reading({**first.figures, **wrong}, first.words, first.variants)
        return pipeline.conclude(self.document, self.evidence, reading, "model")

    @property
    def review(self) -> Review:
        """The report as it stands."""
        return decisions.load(self.store.path, self.run)

    def correct(self, typed: Mapping[str, str], by: str = LIN) -> Review:
        """The report after a correction."""
        before = self.review
        outcome, changed = correct(before, typed, by, self.evidence, self.document)
        decisions.correct(self.store, before, outcome, changed, by)
        return self.review

    def accept(self, *, as_published: bool = False, note: str = "") -> int:
        """Accept it as it stands."""
        settled = settle(self.review.current, FORM, as_published=as_published, note=note)
        return decisions.accept(self.store, self.review, settled, LIN, note)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the database holds."""
        db = sqlite3.connect(self.store.path)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gouji.db"


@pytest.fixture
def misread(path: Path) -> Iterator[Given]:
    """A model read 37 where the source says 34."""
    given = Given(path, SAMPLE.read_text(encoding="utf-8"), {RECEIVED: 37})
    with given.store:
        yield given


@pytest.fixture
def faulty(path: Path) -> Iterator[Given]:
    """The report itself does not add up: 2 + 1 + 0 + 1 is printed as 5."""
    given = Given(path, SAMPLE.read_text(encoding="utf-8").replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t"))
    with given.store:
        yield given


@pytest.fixture
def unreadable(path: Path) -> Iterator[Given]:
    """A figure that no sum covers cannot be read."""
    text = SAMPLE.read_text(encoding="utf-8").replace("行政处罚\t57", "行政处罚\t?")
    given = Given(path, text)
    with given.store:
        yield given


PENALTIES = "table2.administrative_penalties.decisions"
