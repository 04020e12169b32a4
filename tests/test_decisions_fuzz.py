"""Whatever reviewers type and accept: no figure enters the records that differs from its place and is not marked so."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from agent import decisions, pipeline
from agent.desk.desk import Desk
from agent.errors import UsageError
from agent.evidence import Evidence
from agent.outcome import Accepted
from agent.review import Review, reviewer
from agent.solver import holds
from agent.store import Store
from tests.written import but, glued

FAULTY = but(("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t"))
TEXTS = {
    "does not add up": FAULTY,
    "cannot be read": but(("行政处罚\t57", "行政处罚\t?")),
    "illegible in a sum": but(("2\t1\t0\t1\t4\t", "2\t?\t0\t1\t4\t")),
    "both": but(("行政处罚\t57", "行政处罚\t?"), text=FAULTY),
    "glued, and does not add up": glued(FAULTY),
    "a row is lost": but(("2.其他法律行政止公开", "某行")),
}
FEWEST = {TEXTS["both"]: 0, TEXTS["a row is lost"]: 0}


def _typed(chance: Random, review: Review, evidence: Evidence) -> dict[str, str]:
    """Figures that a reviewer may type: at random, or what the place shows, or what another cell says."""
    grades = review.current.grades
    doubtful = [path for path, grade in grades.items() if grade not in ("proved", "read")]
    found = {}
    for _ in range(chance.randrange(1, 4)):
        path = chance.choice(doubtful if doubtful and chance.random() < 0.7 else list(grades))
        cell = evidence.cells.get(path)
        shown = "" if cell is None or cell.value is None else str(cell.value)
        found[path] = chance.choice([shown, shown, shown, str(chance.randrange(60)), "", "0"])
    return found


def _steps(desk: Desk, chance: Random) -> None:
    for _ in range(chance.randrange(1, 5)):
        review = desk.review(1)
        what = chance.choice(["correct", "correct", "correct", "undo", "accept", "publish"])
        note = chance.choice(["", "why"])
        try:
            if what == "correct":
                desk.correct(review, _typed(chance, review, desk.evidence(review)), note)
            elif what == "undo":
                decisions.undo(desk.store, review, desk.by)
            else:
                desk.accept(review, as_published=what == "publish", note=note)
        except UsageError:
            continue  # refused, as it may be


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_sequence_of_decisions_gets_a_wrong_figure_in_without_its_mark(tmp_path: Path, text: str) -> None:
    accepted = 0
    for seed in range(12):
        path = tmp_path / f"{seed}.db"
        chance = Random(seed)
        with Store(path) as store:
            if isinstance(pipeline.extract(text, store=store, name="a.txt"), Accepted):
                pytest.skip("nobody is asked about this one")
            desk = Desk(store, reviewer("Lin"))
            _steps(desk, chance)
            for as_published in (False, True):
                try:
                    desk.accept(desk.review(1), as_published=as_published, note="why")
                except UsageError:
                    continue
            accepted += _as_it_must_be(path, desk.evidence(desk.review(1)))
    assert accepted >= FEWEST.get(text, 1)  # else nothing was tried


def _as_it_must_be(path: Path, evidence: Evidence) -> bool:
    """Whether there is a record; fails where it holds what it must not."""
    db = sqlite3.connect(path)
    record = db.execute("select id, standing, violations from records").fetchone()
    figures = db.execute("select path, value, printed, grade from figures").fetchall()
    db.close()
    if record is None:
        assert figures == []
        return False
    values = {name: None if value is None else Decimal(value) for name, value, *_ in figures}
    grades = {name: grade for name, *_, grade in figures}
    for name, value, printed, grade in figures:
        cell = evidence.cells.get(name)
        if grade != "attested":
            assert cell is not None
            assert not cell.illegible
            assert values[name] == cell.value, (name, value, grade)
        assert printed == (cell.text if cell else ""), name
    failing = [e for e in evidence.sums if holds(e, values.get) is False]
    violated = {tuple(violation["cells"]) for violation in json.loads(record[2])}
    assert {e.paths for e in failing} == {cells for cells in violated if len(cells) > 1}
    assert record[1] == ("as_published" if violated else "attested" if "attested" in grades.values() else "checked")
    assert all(grades[p] not in ("proved", "attested") for e in failing for p in e.paths)
    return True
