"""The question that goes back: which rows, which lines, which sums, and never the value that would balance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from agent import repair
from agent.checks import check
from agent.extraction import repair_question
from agent.outcome import Figure, Grade, Number, Reading
from schemas import Row
from tests.written import SAMPLE, but, evidence_of, one_cell_a_line, spaced

DOCUMENT, EVIDENCE, RIGHT = evidence_of(SAMPLE)
TABLE3 = EVIDENCE.tables["table3"]
assert TABLE3 is not None
CELLS = [path for path in TABLE3.grid.all_paths() if TABLE3.solution.cells[path].value is not None]
LARGE = st.integers(2000, 9999)


def misread(wrong: Mapping[str, Number | None]) -> Reading:
    """The right reading with those figures changed."""
    changed = {path: Figure(value, str(value), 1, "model") for path, value in wrong.items()}
    return replace(RIGHT, figures={**RIGHT.figures, **changed})


def question(reading: Reading) -> str:
    """What a model is asked about table 3 of a reading."""
    assert TABLE3 is not None
    rows = repair.rows_to_ask(reading, EVIDENCE)["table3"]
    shown, lines = repair.excerpt(DOCUMENT, EVIDENCE, TABLE3, rows)
    failed = repair.failed(reading, EVIDENCE, TABLE3, rows)
    return repair_question(EVIDENCE.form, shown, TABLE3.grid, rows, lines, failed).user


def asked(reading: Reading) -> dict[str, list[str]]:
    """The ids of the rows that a reading is asked about again."""
    return {table: [row.id for row in rows] for table, rows in repair.rows_to_ask(reading, EVIDENCE).items()}


# Which rows.


def test_of_a_right_reading_nothing_is_asked() -> None:
    assert asked(RIGHT) == {}


@given(st.dictionaries(st.sampled_from(CELLS), LARGE, min_size=1, max_size=6))
@settings(deadline=None, max_examples=50)
def test_the_rows_with_a_wrong_figure_are_asked_and_no_others(wrong: dict[str, int]) -> None:
    rows = {path.split(".")[1] for path in wrong}

    assert {table: set(ids) for table, ids in asked(misread(wrong)).items()} == {"table3": rows}


def test_a_figure_that_was_not_read_or_read_as_blank_is_asked() -> None:
    path = "table3.disclosed.total"
    without = replace(RIGHT, figures={p: figure for p, figure in RIGHT.figures.items() if p != path})

    assert asked(without) == asked(misread({path: None})) == {"table3": ["disclosed"]}


def test_a_source_that_does_not_add_up_is_no_reason_to_ask() -> None:
    _, evidence, reading = evidence_of(but(("34\t5\t0\t1\t2\t0\t42", "35\t5\t0\t1\t2\t0\t42")))

    assert repair.rows_to_ask(reading, evidence) == {}


def test_what_no_answer_could_prove_is_not_asked() -> None:
    _, evidence, reading = evidence_of(but(("行政许可\t486", "行政许可\t4?6")))

    assert "table2.administrative_licences.decisions" not in reading.figures
    assert repair.rows_to_ask(reading, evidence) == {}


# What the question says.


def told_beside_the_report(text: str) -> list[int]:
    """The numbers in a question outside the lines of the report."""
    before, _, after = text.partition("<report>")
    return [int(number) for number in re.findall(r"\d+", before + after.partition("</report>")[2])]


@given(st.dictionaries(st.sampled_from(CELLS), LARGE, min_size=1, max_size=8))
@settings(deadline=None, max_examples=100)
def test_no_question_holds_a_figure_of_the_answer_or_one_that_would_balance_it(wrong: dict[str, int]) -> None:
    text = question(misread(wrong))

    # Outside the report stand row numbers, the example's numbers and official labels: none above 200.
    assert max(told_beside_the_report(text)) < 200


@given(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4, unique=True), st.data())
@settings(deadline=None, max_examples=50)
def test_the_question_depends_on_which_cells_are_wrong_and_not_on_what_they_were_read_as(
    paths: list[str], data: st.DataObject
) -> None:
    # Powers of ten: no two sets of wrong figures of this kind can make a sum hold by chance.
    first, second = (
        {path: a * 10 ** (3 + i) for i, path in enumerate(paths)} for a in (1, data.draw(st.integers(2, 9)))
    )

    assert question(misread(first)) == question(misread(second))


@given(st.dictionaries(st.sampled_from(CELLS), LARGE, min_size=1, max_size=4))
@settings(deadline=None, max_examples=50)
def test_the_lines_shown_are_those_of_the_source_as_printed(wrong: dict[str, int]) -> None:
    report = question(misread(wrong)).partition("<report>\n")[2].partition("\n</report>")[0]

    shown = [line.partition("|") for line in report.split("\n")]
    assert all(DOCUMENT.lines[int(number) - 1] == text for number, _, text in shown)
    assert len(shown) <= 2 * len({path.split(".")[1] for path in wrong})


def test_the_sums_that_fail_are_named() -> None:
    text = question(misread({"table3.disclosed.natural_person": 15}))

    told = {equation.name for equation in EVIDENCE.sums if equation.name in text}
    assert {name.rpartition(": ")[2] for name in told} == {"disclosed", "natural_person"}


def test_a_misreading_that_adds_up_is_asked_again_without_a_sum() -> None:
    rows, columns = ("disclosed", "refused_state_secret"), ("natural_person", "total")
    moved = {f"table3.{row}.{column}": RIGHT.value(f"table3.{row}.{column}") for row in rows for column in columns}
    balanced = {path: (moved[path] or 0) + (-14 if "disclosed" in path else 14) for path in moved}

    text = question(misread(balanced))

    assert not any(equation.name in text for equation in EVIDENCE.sums)
    assert "the figures do not stand like this behind their label" in text


@pytest.mark.parametrize("layout", [str, spaced, one_cell_a_line], ids=["tab", "spaces", "lines"])
def test_a_row_is_shown_with_all_its_lines(layout: type[str]) -> None:
    document, evidence, _ = evidence_of(layout(SAMPLE))
    found = evidence.tables["table3"]
    assert found is not None

    _, lines = repair.excerpt(document, evidence, found, [found.places["received"].row])

    shown = " ".join(document.lines[number - 1] for number in lines)
    assert re.sub(r"\s+", " ", shown).strip() == "一、本年新收政府信息公开申请数量 34 5 0 1 2 0 42"


def test_of_a_line_that_holds_the_whole_report_only_the_row_goes_back() -> None:
    document, evidence, _ = evidence_of(re.sub(r"[\t\n]+", "", SAMPLE.replace("\n- 2 -\n", "")))
    found = evidence.tables["table3"]
    assert found is not None
    rows = [found.places[name].row for name in ("received", "carried_out")]

    shown, lines = repair.excerpt(document, evidence, found, rows)

    (line,) = lines
    text = shown.lines[line - 1]
    assert text == "一、本年新收政府信息公开申请数量345012042 … 四、结转下年度继续办理3000104"


# What becomes of the answer.


def again(row: Row, value: int) -> dict[str, Figure]:
    """Another answer for a whole row."""
    assert TABLE3 is not None
    return {path: Figure(value, str(value), 1, "again") for path in TABLE3.grid.paths(row)}


def test_what_was_proved_is_frozen() -> None:
    assert TABLE3 is not None
    reading = misread({"table3.disclosed.natural_person": 15})
    verdict = check(reading, EVIDENCE, DOCUMENT)
    row = TABLE3.places["disclosed"].row

    merged = repair.merged(reading, verdict, again(row, 77), set(TABLE3.grid.paths(row)))

    changed = {path for path, figure in merged.figures.items() if figure != reading.figures[path]}
    assert {verdict.grades[path] for path in changed} == {Grade.CONTRADICTED}
    assert "table3.disclosed.natural_person" in changed
    frozen = {path for path, grade in verdict.grades.items() if grade == Grade.PROVED}
    assert all(merged.figures[path] == reading.figures[path] for path in frozen)


def test_figures_of_rows_that_were_not_asked_are_not_taken() -> None:
    assert TABLE3 is not None
    reading = misread({"table3.disclosed.natural_person": 15, "table3.received.total": 99})
    verdict = check(reading, EVIDENCE, DOCUMENT)
    rows = [TABLE3.places[name].row for name in ("disclosed", "received")]
    answer = {**again(rows[0], 7), **again(rows[1], 8)}

    merged = repair.merged(reading, verdict, answer, set(repair.paths_of(TABLE3, rows[:1])))

    assert merged.value("table3.received.total") == 99
    assert merged.value("table3.disclosed.natural_person") == 7
