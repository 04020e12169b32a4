"""What is printed in a cell: a figure, a blank, something doubtful or something that cannot be read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from agent.outcome import Accepted, Grade, NeedsReview, Number
from agent.tokens import look_alike, value_of
from eval.generator import generate
from schemas.form import Kind
from tests.written import at, but, read, row_of, with_row, zeros

LICENCES = "table2.administrative_licences.decisions"


# The number that a text states.


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0", "count", 0),
        ("007", "count", 7),
        ("1,234,567", "count", 1234567),
        ("1,23", "count", None),
        ("12,3456", "count", None),
        ("3件", "count", 3),
        ("-3", "count", None),
        ("3.0", "count", None),
        ("-3", "change", -3),
        ("128.45", "amount", Decimal("128.45")),
        ("1,128.450000", "amount", Decimal("1128.450000")),
        ("-1.5", "amount", None),
        ("1.2.3", "amount", None),
        ("", "count", None),
        ("三", "count", None),
        ("1e3", "amount", None),
        ("0x10", "count", None),
        ("1_000", "count", None),
        ("9" * 25, "count", None),
    ],
)
def test_a_text_states_a_number_of_its_kind_or_none(text: str, kind: Kind, value: Number | None) -> None:
    found = value_of(text, kind)

    assert (found, type(found)) == (value, type(value))


@given(st.integers(0, 10**9), st.booleans())
def test_a_count_is_read_back_as_it_was_written(count: int, commas: bool) -> None:
    assert value_of(f"{count:,}" if commas else str(count), "count") == count


@given(st.decimals(0, 10**9, places=6))
def test_an_amount_is_exact_to_its_last_decimal(amount: Decimal) -> None:
    assert value_of(f"{amount:f}", "amount") == amount


@settings(deadline=None)
@given(st.text(max_size=30), st.sampled_from(["count", "change", "amount"]))
def test_no_text_breaks_the_reading_of_a_number(text: str, kind: Kind) -> None:
    value = value_of(text, kind)

    assert value is None or (kind == "change" or value >= 0)


@pytest.mark.parametrize(("printed", "meant"), [("lO", "10"), ("〇", "0"), ("I2", "12"), ("12.", "12"), ("·3", "3")])
def test_letters_that_look_like_digits_are_what_they_look_like(printed: str, meant: str) -> None:
    assert look_alike(printed) == meant


# A cell of a report. Table 2 has no sums, so nothing but the cell itself speaks for it.


@pytest.mark.parametrize("printed", ["486", "４８６", "486件", " 486 ", "0486", "**486**"])
def test_a_printed_figure_is_read(printed: str) -> None:
    outcome = read(but(("行政许可\t486", f"行政许可\t{printed}")))

    assert isinstance(outcome, Accepted)
    assert at(outcome.record, LICENCES) == 486
    assert outcome.grades[LICENCES] == Grade.READ


@pytest.mark.parametrize("sign", ["", "-", "—", "－", "/", "／", "无", "——", "――"])
def test_what_is_printed_for_no_figure_is_null_and_kept_as_printed(sign: str) -> None:
    outcome = read(but(("行政许可\t486", f"行政许可\t{sign}")))

    assert isinstance(outcome, Accepted)
    assert at(outcome.record, LICENCES) is None
    assert len(outcome.reading.figures[LICENCES].printed) == len(sign)


@pytest.mark.parametrize("printed", ["4O6", "l2", "4.86.", "4〇6", "I", "48·"])
def test_a_doubtful_figure_that_no_sum_covers_waits_in_review(printed: str) -> None:
    outcome = read(but(("行政许可\t486", f"行政许可\t{printed}")))

    assert isinstance(outcome, NeedsReview)
    assert at(outcome.record, LICENCES) is None
    assert outcome.grades[LICENCES] != Grade.PROVED


def test_a_doubtful_figure_is_proved_by_the_sums_over_it() -> None:
    outcome = read(with_row("一、本年新收", "34 5 O l 2 0 42".replace("l", "1")))

    assert isinstance(outcome, Accepted)
    assert outcome.record["table3"]["received"]["research_institution"] == 0
    assert outcome.grades["table3.received.research_institution"] == Grade.PROVED


def test_a_doubtful_figure_that_breaks_a_sum_is_not_proved() -> None:
    assert isinstance(read(with_row("一、本年新收", "34 5 l 1 2 0 42")), NeedsReview)


@pytest.mark.parametrize(
    "printed",
    ["4?6", "?", "486%", "≈486", "~486", "486+", ">486", "4..6", "486/2", "四八六", "约486", "486余", "①", "3¹", "$3",
     "同上", "见附件", "不详", "3-5", "1;2", "4 8 6", "48 6"],
)  # fmt: skip
def test_what_is_neither_figure_nor_blank_is_never_read_as_one(printed: str) -> None:
    outcome = read(but(("行政许可\t486", f"行政许可\t{printed}")))

    assert isinstance(outcome, NeedsReview), at(outcome.record, LICENCES)
    assert at(outcome.record, LICENCES) is None


@pytest.mark.parametrize(
    "printed",
    [
        *("三", "六", "公开", "其他", "4?", "3?", "↓3", "▲3", "3+", ">3", "[3]", "(3)", "3)"),
    ],
)
def test_a_piece_of_a_label_or_an_odd_sign_in_a_cell_is_no_blank(printed: str) -> None:
    outcome = read(but(("行政许可\t486", f"行政许可\t{printed}")))

    assert isinstance(outcome, NeedsReview), at(outcome.record, LICENCES)


# A cell of change: 本年增/减 of 2019.


def licences_2019(change: str) -> Any:
    """The row of licences in a report of 2019 with that change."""
    text = generate(3, layout="tab", edition="2019", damage=()).text
    printed = next(line for line in text.split("\n") if line.startswith("行政许可"))
    outcome = read(text.replace(printed, f"行政许可\t10\t{change}\t13"))
    return at(outcome.record, "table2.administrative_licences.change") if isinstance(outcome, Accepted) else "review"


@pytest.mark.parametrize(("printed", "value"), [("-3", -3), ("−3", -3), ("－3", -3), ("3", 3), ("0", 0), ("—", None)])
def test_a_change_has_its_sign(printed: str, value: int | None) -> None:
    assert licences_2019(printed) == value


@pytest.mark.parametrize(
    ("printed", "value"), [("+3", 3), ("＋3", 3), ("减3", -3), ("增3", 3), ("↓3", -3), ("(3)", -3)]
)
def test_a_change_told_otherwise_is_right_or_waits_in_review(printed: str, value: int) -> None:
    assert licences_2019(printed) in (value, "review")


def test_a_change_in_two_parts_moves_no_other_cell() -> None:
    assert licences_2019("- 3") in (-3, "review")


# Cells of a row.


def regulations(cells: str, head: str = "") -> Any:
    """The row of 规章 with those cells behind its label, where it is accepted."""
    head = f"信息内容\t本年制发件数\t本年废止件数\t现行有效件数{head}"
    outcome = read(but(("规章\t0\t0\t0", f"规章{cells}"), ("信息内容\t本年制发件数\t本年废止件数\t现行有效件数", head)))
    return row_of(outcome, "table2.regulations") if isinstance(outcome, Accepted) else "review"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ("\t1\t2\t3", [1, 2, 3]),
        ("\t\t2\t3", [None, 2, 3]),
        ("\t1\t\t3", [1, None, 3]),
        ("\t1\t2\t", [1, 2, None]),
        ("\t\t\t", [None, None, None]),
        ("\t-\t2\t-", [None, 2, None]),
        ("\t0\t0\t0\t0", [0, 0, 0]),
    ],
)
def test_each_cell_of_a_row_has_its_own_figure(cells: str, values: list[int | None]) -> None:
    assert regulations(cells) == values


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2009", "\u202f"])
def test_parts_of_one_cell_are_never_spread_over_the_cells_beside_it(space: str) -> None:
    assert regulations(f"\t\t1{space}200\t3") in ([None, 1200, 3], "review")


def test_a_cell_too_many_that_the_header_names_shifts_no_other() -> None:
    assert regulations("\t\t1\t3\t2", "\t备注") in ([None, 1, 3], "review")


def test_spaces_between_thousands_never_make_two_figures_of_one() -> None:
    text = zeros()
    for label, count in (
        ("一、本年新收", "1\u00a0005"),
        ("予以公开", "1\u00a0000"),
        ("部分公开", "5"),
        ("（七）总计", "1\u00a0005"),
    ):
        text = with_row(label, f"{count} 0 0 0 0 0 {count}", text)

    outcome = read(text)

    assert isinstance(outcome, NeedsReview) or row_of(outcome, "table3.received")[0] == 1005


@pytest.mark.parametrize("page", ["7", "- 7 -", "第 7 页", "第7页 共9页"])
def test_a_page_number_is_no_figure_of_the_blank_cell_before_it(page: str) -> None:
    outcome = read(but(("行政处罚\t57\t\t\n", f"行政处罚\t\t\t\n{page}\n")))

    given = at(outcome.record, "table2.administrative_penalties.decisions")
    assert given is None
