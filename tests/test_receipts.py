"""The form for receipts: fixtures of our own, the shared texts, a perfect model, a faulty one, and an adversary."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from agent import free_wire
from agent.amounts import Printed
from agent.checks import check
from agent.document import Document, load
from agent.evidence import Evidence, gather
from agent.model import Answer as Said
from agent.outcome import Accepted, Figure, NeedsReview, Outcome, Reading, Usage
from agent.pipeline import conclude
from agent.places import Text
from agent.reader import Read
from agent.record import record
from eval.arms import Setup
from eval.cases import Case, load_folder
from eval.free_scores import day_of, number
from eval.runner import Job, read
from eval.simulation import Faults, simulated
from schemas import load as load_form
from tests import receipts_by_line

ROOT = Path(__file__).parent.parent
GOLD = {case.name: case for case in load_folder(ROOT / "eval" / "gold_receipts")}
FORM = load_form("receipt")
shared = pytest.mark.skipif(not receipts_by_line.SHARED.is_dir(), reason="the shared receipts are not here")


def test_there_are_thirty_fixtures_and_more() -> None:
    assert len(GOLD) >= 30


@pytest.mark.parametrize("case", GOLD.values(), ids=GOLD)
def test_with_a_perfect_model_every_fixture_ends_as_its_truth_says(case: Case) -> None:
    result = read(Job(case, 0, Setup("gouji", simulated()), Faults(0.0)))

    assert (result.status, result.reasons if case.expect == "accepted" else ()) == (case.expect, ())
    assert result.score is not None
    assert not result.score.wrong
    assert not result.score.false_alarm


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_nothing_wrong_is_accepted_of_a_faulty_model(rate: float) -> None:
    for case in GOLD.values():
        result = read(Job(case, 0, Setup("gouji", simulated()), Faults(rate, seed=11)))

        assert result.score is not None
        assert not result.score.accepted_wrong, (case.name, result.score.wrong)


def outcome_of(name: str) -> tuple[Document, Evidence, Reading, Outcome]:
    document = load(receipts_by_line.SHARED / f"receipt_{name}.txt")
    question = free_wire.question(document, FORM)
    value = question.answer.model_validate(receipts_by_line.answer(name, document))
    given = free_wire.parse(Said(question, value, "", Usage()), FORM, document, "perfect")
    reading, evidence = Reading(given.figures, given.words, {}), gather(document, FORM)
    return document, evidence, reading, conclude(document, evidence, reading, "model", read=Read(reading))


def truth(name: str) -> dict[str, str]:
    path = receipts_by_line.SHARED / f"receipt_{name}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["record"]
    return found


@shared
@pytest.mark.parametrize("name", receipts_by_line.names())
def test_of_a_shared_receipt_no_total_and_no_date_is_accepted_wrong(name: str) -> None:
    *_, outcome = outcome_of(name)

    assert isinstance(outcome, Accepted | NeedsReview)
    if isinstance(outcome, Accepted):
        assert outcome.record["total"] == number(truth(name)["total"])
        assert outcome.record["date"] == str(day_of(truth(name)["date"]))


@shared
def test_two_thirds_of_the_shared_receipts_go_straight_through_with_a_perfect_model() -> None:
    accepted = [name for name in receipts_by_line.names() if isinstance(outcome_of(name)[-1], Accepted)]

    assert len(accepted) >= 27


@shared
@pytest.mark.parametrize("name", ["256", "272", "320", "464", "496", "528", "544", "560"])
def test_a_shared_receipt_whose_date_can_be_two_days_waits_in_review(name: str) -> None:
    *_, outcome = outcome_of(name)

    assert isinstance(outcome, NeedsReview)
    assert any("day or month first" in finding.message for finding in outcome.findings)


@shared
@pytest.mark.parametrize("name", ["000", "016", "080", "096", "160", "304", "400", "608"])
def test_an_adversary_finds_no_other_total_that_is_accepted(name: str) -> None:
    document, evidence, reading, outcome = outcome_of(name)
    assert isinstance(outcome, Accepted)
    adversary = Adversary(document, reading, Random(5))

    for _ in range(60):
        made = adversary.reading()
        verdict = check(made, evidence, document)
        if not verdict.failing:
            found = record(made, evidence, verdict.untrusted)
            assert found["total"] == outcome.record["total"]
            assert [item["amount"] for item in found["items"]] == [i["amount"] for i in outcome.record["items"]]


class Adversary:
    """Makes readings that are faithful line by line and add up, and are wrong."""

    def __init__(self, document: Document, right: Reading, rng: Random) -> None:
        assert FORM.free is not None
        self.right = right
        self.rng = rng
        text = Text(document, FORM.free)
        self.money = [one for line in text.printed for one in line if one.money]
        self.behind = {f.id: [one for one in self.money if f.id in text.labels(one.line)] for f in FORM.free.figures}

    def reading(self) -> Reading:
        """Any amount for the total, any for the other figures, and entries that fit them."""
        total = self.rng.choice(self.behind["total"] or self.money)
        chosen = {"total": total}
        for name, places in self.behind.items():
            if name != "total" and places and self.rng.random() < 0.6:
                chosen.setdefault(name, self.rng.choice(places))
        taken = {(one.line, one.start) for one in chosen.values()}
        pool = [one for one in self.money if (one.line, one.start) not in taken and one.value]
        self.rng.shuffle(pool)
        entries = self._adding_up(pool[:14], self._goal(chosen))
        figures = {name: Figure(one.value, one.text, one.line, "x") for name, one in chosen.items()}
        for index, one in enumerate(sorted(entries, key=lambda one: one.line)):
            figures[f"items.{index}.amount"] = Figure(one.value, one.text, one.line, "x")
        words = {name: words for name, words in self.right.words.items() if "." not in name}
        return Reading(figures, words, {})

    def _goal(self, chosen: dict[str, Printed]) -> Decimal:
        def of(name: str) -> Decimal:
            return abs(chosen[name].value) if name in chosen and self.rng.random() < 0.7 else Decimal(0)

        rounding = chosen["rounding"].value if "rounding" in chosen else Decimal(0)
        return chosen["total"].value - of("tax") + of("discount") - of("service") - rounding

    def _adding_up(self, pool: list[Printed], goal: Decimal) -> list[Printed]:
        if not pool or not goal:
            return []
        first, *rest = pool
        if first.value == goal:
            return [first]
        others = [one for one in rest if one.line != first.line]
        with_first = self._adding_up(others, goal - first.value) if len(pool) > 1 else []
        return [first, *with_first] if with_first else self._adding_up(rest, goal)


def test_no_code_of_the_core_and_no_prompt_knows_a_form_by_name() -> None:
    own = [*(ROOT / "agent").rglob("*.py"), *(ROOT / "prompts").glob("*.*")]
    named = re.compile(r"\bogi\b|ogi[_-]|receipt", re.IGNORECASE)

    found = [
        f"{path.name}: {line}" for path in own for line in path.read_text("utf-8").splitlines() if named.search(line)
    ]

    assert found == []


@shared
def test_each_annotation_listed_as_a_mistake_is_cited_by_lines_that_are_there() -> None:
    page = (ROOT / "docs" / "receipts-annotations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}) \|[^|]*\|[^|]*\|?([^|]*)", page, re.MULTILINE)

    assert rows
    for name, shown in rows:
        lines = load(receipts_by_line.SHARED / f"receipt_{name}.txt").lines
        assert all(int(line) <= len(lines) for line in re.findall(r"line (\d+)", shown))
        for line, words in re.findall(r"line (\d+) (?:says |ends in |begins )?`([^`]+)`", shown):
            assert words in lines[int(line) - 1]
