"""The verdict on a reading: its place in the source first, its sums second; nothing is trusted that only adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from agent.checks import Verdict, check
from agent.document import CellPlace
from agent.outcome import TRUSTED, Figure, Grade, Number, Reading, Reason, Words
from tests.written import OGI, SAMPLE, but, evidence_of, glued, with_row

DOCUMENT, EVIDENCE, RIGHT = evidence_of(SAMPLE)
PATHS = sorted(RIGHT.figures)
COVERED = {path for equation in EVIDENCE.sums for path in equation.paths}


def read_as(wrong: Mapping[str, Number | None]) -> Reading:
    """The right reading with those figures changed."""
    changed = {path: Figure(value, str(value), 1, "model") for path, value in wrong.items()}
    return replace(RIGHT, figures={**RIGHT.figures, **changed})


def verdict_on(reading: Reading) -> Verdict:
    """The verdict, against the sample."""
    return check(reading, EVIDENCE, DOCUMENT)


def other(path: str, by: int) -> Number:
    """Another figure than the right one."""
    return (RIGHT.value(path) or 0) + by


# A right reading.


def test_of_a_right_reading_nothing_fails() -> None:
    verdict = verdict_on(RIGHT)

    assert verdict.failing == ()
    assert verdict.untrusted == frozenset()
    assert set(verdict.grades) == set(PATHS)


def test_figures_under_a_sum_are_proved_and_the_others_read() -> None:
    grades = verdict_on(RIGHT).grades

    assert {path for path, grade in grades.items() if grade == Grade.PROVED} == COVERED
    assert {grades[path] for path in PATHS if path.startswith("table2")} == {Grade.READ}


def test_every_sum_of_the_form_is_told_where_it_holds() -> None:
    assert list(verdict_on(RIGHT).holding) == [equation.name for equation in EVIDENCE.sums]
    assert len(verdict_on(RIGHT).holding) == 25 + 7 + 7 + 3


# The source first.


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(PATHS), st.sampled_from([-1, 1, 9, 10, 1000]))
def test_any_changed_figure_is_contradicted_and_left_out(path: str, by: int) -> None:
    verdict = verdict_on(read_as({path: other(path, by)}))

    assert verdict.grades[path] == Grade.CONTRADICTED
    assert path in verdict.untrusted
    assert any(path in finding.cells and finding.reason == Reason.NOT_FOUND_IN_SOURCE for finding in verdict.failing)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PATHS))
def test_a_zero_for_a_figure_and_a_figure_for_a_zero_are_contradicted(path: str) -> None:
    wrong = 0 if RIGHT.value(path) else 1

    assert verdict_on(read_as({path: wrong})).grades[path] == Grade.CONTRADICTED


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PATHS), st.sampled_from(PATHS))
def test_two_figures_exchanged_are_contradicted_both(one: str, two: str) -> None:
    verdict = verdict_on(read_as({one: RIGHT.value(two), two: RIGHT.value(one)}))

    expected = Grade.CONTRADICTED if RIGHT.value(one) != RIGHT.value(two) else None
    for path in (one, two):
        assert expected is None or verdict.grades[path] == expected


def test_a_table_of_zeros_holds_every_sum_and_is_contradicted_all_the_same() -> None:
    verdict = verdict_on(read_as({path: 0 for path in PATHS if not path.startswith("table2")}))

    wrong = {path for path in COVERED if RIGHT.value(path)}
    assert {verdict.grades[path] for path in wrong} == {Grade.CONTRADICTED}
    assert wrong <= verdict.untrusted


@pytest.mark.parametrize("value", [None, 34.0, "34", True], ids=repr)
def test_a_figure_of_another_value_or_none_is_no_match(value: Any) -> None:
    path = "table3.received.natural_person"

    verdict = verdict_on(replace(RIGHT, figures={**RIGHT.figures, path: Figure(value, "", 1, "model")}))

    assert (path in verdict.untrusted) == (value != 34)


def test_a_figure_that_was_not_read_is_told_as_missing() -> None:
    path = "table3.received.natural_person"
    left = {its: figure for its, figure in RIGHT.figures.items() if its != path}

    verdict = verdict_on(replace(RIGHT, figures=left))

    assert verdict.grades[path] == Grade.UNREAD
    assert [finding.reason for finding in verdict.failing] == [Reason.INCOMPLETE]


@pytest.mark.parametrize(
    "path", ["table3.other.total", "table3.refused_other.total", "table2.other_services.decisions"]
)
def test_a_figure_for_a_row_that_the_source_does_not_have_is_refused(path: str) -> None:
    verdict = verdict_on(read_as({path: 0}))

    (finding,) = verdict.failing
    assert finding.message == "the source has no such row"
    assert finding.cells == (path,)


def test_a_cell_that_cannot_be_read_is_not_matched_by_a_blank() -> None:
    document, evidence, reading = evidence_of(but(("行政许可\t486", "行政许可\t4?6")))
    path = "table2.administrative_licences.decisions"

    verdict = check(
        replace(reading, figures={**reading.figures, path: Figure(None, "", 22, "model")}), evidence, document
    )

    assert path in verdict.untrusted
    assert verdict.failing


# The sums second.


def test_a_failed_sum_tells_both_sides_the_difference_and_the_lines() -> None:
    document, evidence, reading = evidence_of(with_row("一、本年新收", "35 5 0 1 2 0 42"))

    findings = check(reading, evidence, document).failing

    line = SAMPLE[: SAMPLE.index("一、本年新收")].count("\n") + 1
    assert [(f.left, f.right, f.difference) for f in findings] == [(43, 42, 1), (37, 36, 1)]
    assert findings[0].lines == (line,)
    assert all(f.suspects == ("table3.received.natural_person",) for f in findings)
    assert {f.reason for f in findings} == {Reason.SOURCE_DOES_NOT_ADD_UP}


def test_what_was_printed_stays_in_the_record_though_it_does_not_add_up() -> None:
    document, evidence, reading = evidence_of(with_row("一、本年新收", "35 5 0 1 2 0 42"))

    verdict = check(reading, evidence, document)

    assert verdict.untrusted == frozenset()
    assert verdict.grades["table3.received.natural_person"] == Grade.CONTRADICTED
    assert verdict.grades["table3.carried_out.total"] == Grade.PROVED


def test_a_figure_is_proved_only_while_no_sum_over_it_fails() -> None:
    document, evidence, reading = evidence_of(with_row("一、本年新收", "35 5 0 1 2 0 43"))

    grades = check(reading, evidence, document).grades

    assert grades["table3.received.natural_person"] == Grade.CONTRADICTED
    assert grades["table3.carried_in.natural_person"] == Grade.CONTRADICTED
    assert grades["table3.received.commercial_enterprise"] == Grade.PROVED


def test_a_blank_total_says_nothing_and_is_no_contradiction() -> None:
    text = SAMPLE
    for line in [
        line for line in SAMPLE.split("\n") if line.count("\t") > 8 and line[-1:].isdigit() and line[0] not in "12"
    ]:
        text = text.replace(line, line.rpartition("\t")[0] + "\t", 1)
    document, evidence, reading = evidence_of(text)

    verdict = check(reading, evidence, document)

    assert verdict.failing == ()
    assert {verdict.grades[f"table3.{row}.total"] for row in ("received", "processed_total")} <= TRUSTED
    assert {reading.value(f"table3.{row}.total") for row in ("received", "processed_total")} == {None}


def test_a_count_larger_than_any_is_refused() -> None:
    cells = "3000000000 0 0 0 0 0 3000000000"
    text = SAMPLE
    for label in ("一、本年新收", "予以公开", "（七）总计"):
        text = with_row(label, cells, text)
    document, evidence, reading = evidence_of(text)

    findings = check(reading, evidence, document).failing

    assert any(finding.rule == "plausible" for finding in findings)


def glued_by_hand() -> str:
    """The sample with one row whose cells cannot be told apart."""
    return but(("规章\t0\t0\t0", "规章 81153"))


def test_glued_digits_that_no_sum_settles_are_left_out() -> None:
    document, evidence, reading = evidence_of(glued_by_hand())

    verdict = check(reading, evidence, document)

    row = {f"table2.regulations.{column}" for column in ("issued", "repealed", "in_force")}
    assert verdict.untrusted == row
    assert [(f.rule, set(f.cells)) for f in verdict.failing] == [("undecided", row)]


def test_glued_digits_that_sums_settle_are_proved() -> None:
    document, evidence, reading = evidence_of(glued())

    verdict = check(reading, evidence, document)

    assert verdict.failing == ()
    assert {verdict.grades[path] for path in COVERED} == {Grade.PROVED}


# What is wrong is told once.


def test_rows_that_are_not_there_are_told_once_for_their_table_as_missing() -> None:
    lost = ("2.重复申请", "（七）总计")
    text = "\n".join(line for line in SAMPLE.split("\n") if not any(label in line for label in lost))
    document, evidence, reading = evidence_of(text)

    (told,) = check(reading, evidence, document).failing

    assert (told.rule, told.message, told.reason) == ("complete", "table3: rows not found", Reason.INCOMPLETE)
    assert {path.split(".")[1] for path in told.cells} == {"not_processed_repeat", "processed_total"}
    assert len(told.cells) == 14


def test_a_figure_read_for_a_row_that_is_not_there_is_not_found_in_the_source() -> None:
    document, evidence, reading = evidence_of("\n".join(x for x in SAMPLE.split("\n") if "2.重复申请" not in x))
    path = "table3.not_processed_repeat.total"
    read = replace(reading, figures={**reading.figures, path: Figure(1, "1", 3, "model")})

    told = {finding.reason: finding.cells for finding in check(read, evidence, document).failing}

    assert told[Reason.NOT_FOUND_IN_SOURCE] == (path,)
    assert path not in told[Reason.INCOMPLETE]


def test_heads_in_another_order_are_told_once_for_the_table() -> None:
    document, evidence, reading = evidence_of(but(("商业企业\t科研机构", "科研机构\t商业企业")))

    (told,) = check(reading, evidence, document).failing

    assert (told.rule, told.reason) == ("layout", Reason.UNREADABLE)
    assert told.message.startswith("table3: columns stand in another order: 自然人, 科研机构")
    assert set(told.cells) == {path for path in PATHS if path.startswith("table3.")}
    assert len(told.lines) == 25


def test_a_sum_that_fails_over_a_figure_read_with_doubt_says_nothing_of_the_report() -> None:
    document, evidence, reading = evidence_of(but(("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")))
    pending = "table4.reconsideration.pending"
    line, cell = reading.figures[pending].line, reading.figures[pending].cell
    assert line is not None
    places = {(line, at): CellPlace(1, confidence=0.4 if at == cell else 0.99) for at in range(16)}
    scanned = replace(document, cells=places)

    (sure,) = check(reading, evidence, document).failing
    (unsure,) = check(reading, evidence, scanned).failing

    assert (sure.reason, sure.cells) == (Reason.SOURCE_DOES_NOT_ADD_UP, unsure.cells)
    assert (unsure.rule, unsure.reason, unsure.suspects) == ("sum", Reason.UNREADABLE, (pending,))


# Prose.


@pytest.mark.parametrize(("said", "warnings"), [(42, 0), (41, 1)])
def test_prose_against_the_table_is_a_warning(said: int, warnings: int) -> None:
    words = {**RIGHT.words, "requests_received": Words(said, f"申请 {said} 件", 12, "model")}

    verdict = verdict_on(replace(RIGHT, words=words))

    told = [finding for finding in verdict.findings if finding.warning]
    assert verdict.failing == ()
    assert [(f.left, f.right, f.difference) for f in told] == [(41, 42, -1)][:warnings]


@pytest.mark.parametrize(
    ("count", "parts", "fails"),
    [(214, [131, 58, 25], False), (214, [131, 58, 26], True), (214, [], False), (0, [1], True)],
)
def test_the_parts_of_a_published_count_add_up_to_it(count: int, parts: list[int], fails: bool) -> None:
    entry = {"channel": None, "count": count, "approximate": False, "parts": [{"name": "x", "count": p} for p in parts]}
    words = {**RIGHT.words, "published": Words([entry], "", 11, "model")}

    verdict = verdict_on(replace(RIGHT, words=words))

    assert [finding.rule for finding in verdict.failing] == ["parts"] * fails


def test_the_parts_of_an_approximate_count_need_not() -> None:
    entry = {"channel": None, "count": 200, "approximate": True, "parts": [{"name": "x", "count": 131}]}

    assert not verdict_on(replace(RIGHT, words={"published": Words([entry], "", 11, "model")})).failing


def test_an_exact_amount_and_the_same_with_more_zeros_are_one_figure() -> None:
    path = "table2.fees.amount_10k_yuan"

    assert verdict_on(read_as({path: Decimal("128.450")})).failing == ()
    assert verdict_on(read_as({path: Decimal("128.4500001")})).failing
    assert OGI.units[path]
