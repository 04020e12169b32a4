"""Thousands of mutants: every survivor is counted and explained, and none of them holds a wrong figure under a sum."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from random import Random

import pytest

from eval.cases import Case, load_folder
from eval.generator import generate
from eval.layouts import LAYOUTS
from tests.conftest import SHARED
from tests.mutants import Tally, reading_mutants, source_mutants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

GOLD = Path(__file__).parent.parent / "eval" / "gold"
FOLDERS = [GOLD, SHARED / "reports"]


def sound(folder: Path) -> list[Case]:
    """The reports of a folder that add up."""
    if not folder.is_dir():
        pytest.skip(f"no folder {folder.name} beside the checkout")
    return [case for case in load_folder(folder) if case.expect == "accepted"]


def generated(layout: str, count: int) -> list[Case]:
    """Generated reports of a layout that add up and can be settled."""
    made = (generate(seed, layout=layout, size=None) for seed in range(900, 960))
    return [case for case in made if case.expect == "accepted"][:count]


def told(name: str, tallies: list[Tally]) -> Tally:
    """All together, printed as a line of the table."""
    tally = reduce(add, tallies, Tally())
    print(f"{name}: {tally}")
    return tally


@pytest.mark.parametrize("folder", FOLDERS, ids=["gold", "shared"])
def test_no_digit_changed_in_a_sound_report_is_accepted_as_adding_up(folder: Path) -> None:
    tally = told(folder.name, [source_mutants(c.name, c.text, 80, Random(c.name)) for c in sound(folder)])

    assert tally.wrong == []
    assert tally.ends["of a report that is not accepted"] <= 1
    assert tally.ends["in review"] > 3 * tally.ends["accepted as printed: no sum is over that figure"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nor_in_a_generated_report_of_any_layout(layout: str) -> None:
    cases = [case for case in generated(layout, 4) if _accepted(case)]

    tally = told(layout, [source_mutants(case.name, case.text, 50, Random(case.name)) for case in cases])

    assert tally.wrong == []
    assert sum(tally.ends.values()) >= 100


def _accepted(case: Case) -> bool:
    from tests.written import outcome_of

    return outcome_of(case.text).status == "accepted"


@pytest.mark.parametrize("folder", FOLDERS, ids=["gold", "shared"])
def test_every_figure_changed_in_a_reading_is_contradicted(folder: Path) -> None:
    cases = sound(folder)

    tally = told(folder.name, [reading_mutants(case.name, case.text, 150, Random(case.name)) for case in cases])

    assert tally.wrong == []
    assert sum(tally.ends.values()) > 1000
