"""The simulated model answers from the truth, and errs as often and in the ways it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from agent.solver import holds
from eval import faults
from eval.arms import FIVE, ArmName, Setup
from eval.cases import Case, load_folder
from eval.evaluation import GOLD
from eval.faults import TABLE_FAULTS, Line, Lines
from eval.results import Result
from eval.runner import Job, read
from eval.simulation import Faults, simulated
from schemas import ogi_annual_report as ogi

CASES = load_folder(GOLD)
SOUND = [case for case in CASES if case.expect == "accepted"]
GRID = ogi.TABLE3_2021


def simulate(case: Case, rate: float, arm: ArmName = "gouji", seed: int = 0) -> Result:
    return read(Job(case, 0, Setup(arm, simulated()), Faults(rate, seed)))


def names(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", SOUND, ids=names)
def test_a_right_reading_of_a_sound_report_is_accepted_in_one_round(case: Case) -> None:
    result = simulate(case, 0.0)

    assert result.score is not None
    assert result.score.straight_through, result.reasons
    assert result.attempts == 1


@pytest.mark.parametrize("case", [case for case in CASES if case.expect != "accepted"], ids=names)
def test_a_right_reading_of_an_unsound_report_ends_as_it_must(case: Case) -> None:
    result = simulate(case, 0.0)

    assert result.status == case.expect


def test_a_right_reading_of_every_published_report_ends_as_it_must(reports: Path) -> None:
    ends = [(case, simulate(case, 0.0)) for case in load_folder(reports)]

    assert [(case.name, result.status) for case, result in ends] == [(case.name, case.expect) for case, _ in ends]
    assert {result.attempts for case, result in ends if case.expect == "accepted"} == {1}


@pytest.mark.fault("invented-totals")
@pytest.mark.parametrize("seed", range(3))
def test_gouji_accepts_nothing_wrong_from_a_model_that_errs_in_three_answers_of_ten(seed: int) -> None:
    found = [simulate(case, 0.3, seed=seed) for case in CASES[seed::3]]

    assert [result.name for result in found if result.score and result.score.accepted_wrong] == []


def test_what_is_not_checked_is_accepted_wrong() -> None:
    found = [simulate(case, 0.5, "one-call") for case in SOUND]

    assert sum(bool(result.score and result.score.accepted_wrong) for result in found) > len(SOUND) // 10


@pytest.mark.parametrize("arm", FIVE)
def test_every_arm_reads_a_sound_report_from_right_answers(arm: ArmName) -> None:
    result = simulate(SOUND[0], 0.0, arm)

    assert result.score is not None
    assert result.score.straight_through
    assert result.usage.calls or arm == "thrifty"


def test_the_same_seed_errs_in_the_same_way() -> None:
    one, two = (simulate(SOUND[0], 1.0, "one-call", seed=4) for _ in range(2))

    assert one.best == two.best
    assert one.usage == two.usage


def table(rng: Random) -> Lines:
    """A table 3 that adds up, as an answer's lines."""
    from eval.figures import SIZES, table3

    figures = table3(rng, GRID, SIZES["city"])
    return [Line(i, "1", [str(figures[p]) for p in GRID.paths(row)]) for i, row in enumerate(GRID.rows, 1)]


def figures(lines: Lines) -> dict[str, int]:
    return {
        path: int(cell)
        for line in lines
        for path, cell in zip(GRID.paths(GRID.rows[line.number - 1]), line.cells, strict=True)
    }


@pytest.mark.parametrize("fault", TABLE_FAULTS, ids=lambda fault: str(fault.__name__))
def test_every_fault_changes_the_answer(fault: Callable[[Lines, Random], None]) -> None:
    for seed in range(20):
        right, wrong = table(Random(seed)), table(Random(seed))

        fault(wrong, Random(seed))

        assert wrong != right


def test_figures_made_to_fit_still_add_up() -> None:
    for seed in range(20):
        lines = table(Random(seed))

        faults.made_to_fit(lines, Random(seed))
        made = figures(lines)

        assert all(holds(equation, made.get) for equation in ogi.FORM.equations(GRID))


def test_simulated_figures_are_labelled_so() -> None:
    assert Faults(0.1, 3).label == "10% faulty, seed 3"
