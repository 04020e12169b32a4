"""A score is a comparison of an answer with the truth, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from eval.cases import Case
from eval.results import Result
from eval.scores import Answer, Score, score, wilson
from eval.tally import chance, compare, tally

TRUE: dict[str, Any] = {
    "organization": "鹿鸣县水务局",
    "year": 2023,
    "contact": {"address": "和风路1号", "phone": "0999-1", "email": None},
    "problems": ["更新慢", "人手少"],
    "table2": {"fees": {"amount_10k_yuan": Decimal("1.5")}},
    "table4": {"reconsideration": {"upheld": 1, "total": 1, "pending": None}},
}


def case(expect: Any = "accepted", **truth: Any) -> Case:
    return Case("text", expect, TRUE, name="a", layout="tab", edition="2021", **truth)


def answer(status: str = "accepted", **changed: Any) -> Answer:
    record = {**TRUE, **changed}
    best = {
        f"{table}.{row}.{column}": value
        for table in ("table2", "table4")
        for row, cells in record[table].items()
        for column, value in cells.items()
    }
    return Answer(status, record, best)


def test_a_sound_report_accepted_exact_went_straight_through() -> None:
    found = score(case(), answer())

    assert found.straight_through
    assert found.right_end
    assert not found.accepted_wrong
    assert (found.cells, found.cells_right) == (4, 4)


@pytest.mark.parametrize(
    "cells",
    [{"upheld": 2, "total": 1, "pending": None}, {"upheld": 1, "total": 1, "pending": 0}, {"upheld": 1, "total": 1}],
    ids=["another figure", "a blank read as zero", "a blank left out is still blank"],
)
def test_one_figure_that_differs_makes_an_accepted_report_wrong(cells: dict[str, Any]) -> None:
    found = score(case(), answer(table4={"reconsideration": cells}))

    assert found.accepted_wrong == ("pending" in cells)
    assert found.straight_through == ("pending" not in cells)


def test_a_figure_the_report_does_not_have_makes_it_wrong() -> None:
    found = score(case(), answer(table3={"received": {"total": 4}}))

    assert found.wrong == ("table3.received.total",)


def test_accepting_what_should_wait_is_wrong_whatever_was_read() -> None:
    assert score(case("review"), answer()).accepted_wrong
    assert score(case("not_this_form"), answer()).accepted_wrong


def test_a_value_for_an_undetermined_cell_is_wrong_and_no_cell_to_get_right() -> None:
    doubtful = case("review", undetermined=("table4.reconsideration",))

    found = score(doubtful, answer())

    assert found.accepted_wrong
    assert found.cells == 1


def test_a_sound_report_read_right_and_not_accepted_is_a_false_alarm() -> None:
    right = score(case(), answer("review"))
    misread = score(case(), answer("review", table4={"reconsideration": {"upheld": 7, "total": 1, "pending": None}}))

    assert right.false_alarm
    assert not misread.false_alarm
    assert misread.cells_right == 3


def test_prose_is_right_where_only_spaces_and_punctuation_differ() -> None:
    found = score(case(), answer(organization="鹿鸣县 水务局", problems=["一是人手少；", "二是更新慢。"]))

    assert found.prose["organization"] == "right"
    assert found.prose["problems"] == "right"


def test_prose_left_out_is_missing_and_prose_made_up_is_wrong() -> None:
    less = score(case(), answer(organization=None, contact={"address": "和风路1号"}))
    more = score(case(), answer(contact={"address": "和风路1号", "phone": "0999-1", "email": "a@b.example"}))

    assert (less.prose["organization"], less.prose["contact"]) == ("missing", "missing")
    assert more.prose["contact"] == "wrong"
    assert more.wrong_prose == ("contact",)
    assert not more.accepted_wrong


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_the_wilson_interval_agrees_with_published_values(hits: int, tries: int, low: float, high: float) -> None:
    assert wilson(hits, tries) == pytest.approx((low, high), abs=5e-5)


def result(name: str, found: Score | None) -> Result:
    return Result(name, 0, "tab", "2021", "accepted", found.status if found else "crashed", found)


def test_a_crash_counts_as_a_sound_report_that_did_not_go_through() -> None:
    counted = tally([result("a", score(case(), answer())), result("b", None)])

    assert (counted.cases, counted.sound, counted.straight_through, counted.crashed) == (2, 2, 1, 1)


def test_only_cases_that_changed_sides_are_told() -> None:
    right, waits = score(case(), answer()), score(case(), answer("review"))
    before = [result("a", right), result("b", right), result("c", waits)]
    after = [result("a", right), result("b", waits), result("c", right)]

    found = compare(before, after)

    assert found.shared == 3
    assert [(c.name, c.before, c.after) for c in found.changes] == [("b", "right", "review"), ("c", "review", "right")]


def test_an_even_change_is_likely_by_chance_and_a_one_sided_one_is_not() -> None:
    assert chance(0, 0) == 1.0
    assert chance(3, 3) == 1.0
    assert chance(10, 0) == pytest.approx(2 / 1024)
