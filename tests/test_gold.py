"""The gold fixtures are what they say they are."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agent.sums import check
from eval.cases import Case, load_folder
from eval.evaluation import GOLD
from eval.layouts import LAYOUTS
from schemas import load as load_form

CASES = load_folder(GOLD)
WITH_TABLES = [case for case in CASES if case.figures()]


def names(case: Case) -> str:
    return case.name


def test_there_are_thirty_and_more_in_every_layout_and_of_every_end() -> None:
    assert len(CASES) >= 30
    assert set(LAYOUTS) <= {case.layout for case in CASES}
    assert {case.expect for case in CASES} == {"accepted", "review", "not_this_form"}
    assert {"2019", "2021"} <= {case.edition for case in CASES}


@pytest.mark.parametrize("case", WITH_TABLES, ids=names)
def test_a_record_has_the_rows_and_columns_of_its_form(case: Case) -> None:
    form = load_form()
    known = {path for grids in form.tables.values() for grid in grids for path in grid.all_paths()}

    assert set(case.figures()) <= known


@pytest.mark.parametrize("case", WITH_TABLES, ids=names)
def test_sums_fail_exactly_where_the_fixture_says_so(case: Case) -> None:
    tables = {name: case.record[name] for name in ("table2", "table3", "table4") if case.record.get(name)}

    failing = [finding.message for finding in check(tables, load_form()).failing]

    assert sorted(failing) == sorted(case.violations)


@pytest.mark.parametrize("case", CASES, ids=names)
def test_what_the_text_cannot_settle_is_null_and_waits_in_review(case: Case) -> None:
    unsettled = [value for path, value in case.figures().items() if case.is_undetermined(path)]

    assert set(unsettled) <= {None}
    assert not case.undetermined or case.expect == "review"


@pytest.mark.parametrize("case", WITH_TABLES, ids=names)
def test_no_figure_of_a_fixture_is_a_float(case: Case) -> None:
    assert {type(value) for value in case.figures().values()} <= {int, Decimal, type(None)}
