"""Cells, figures and labels lost on the way, tables printed twice: nothing is made whole, nothing mixed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.outcome import Accepted, NeedsReview
from tests.written import SAMPLE, but, one_cell_a_line, piped, read, row_of, spaced, with_row, zeros

CASES = "2\t1\t0\t1\t4\t1\t0\t0\t1\t2\t0\t0\t1\t0\t1"


# Figures apart from their labels.


def test_figures_apart_from_their_labels_are_not_read_by_their_order_where_no_sum_tells() -> None:
    printed = "规章\t0\t0\t0\n行政规范性文件\t3\t1\t12\n"

    outcome = read(but((printed, "规章\n行政规范性文件\n0\t0\t0\n3\t1\t12\n")))

    assert isinstance(outcome, NeedsReview)


def test_a_row_of_totals_with_nothing_behind_its_label_is_no_row_of_blanks() -> None:
    for text, figures in ((SAMPLE, " 33 5 0 1 2 0 41"), (zeros(), " 0" * 7)):
        outcome = read(but((f"（七）总计{figures}", "（七）总计"), text=spaced(text)))

        assert isinstance(outcome, NeedsReview)


# Cells lost.


@pytest.mark.parametrize("apart", ["\t", " ", "\n"], ids=["tab", "spaces", "lines"])
@pytest.mark.parametrize(
    "cells", ["2 1 0 14 1 0 0 1 2 0 0 1 0 1", "2 1 0 1 4 1 0 0 12 0 0 1 0 1", "2 1 0 14 1 0 0 12 0 0 1 0 1"]
)
def test_a_part_and_its_total_run_together_are_not_a_part_without_a_total(apart: str, cells: str) -> None:
    outcome = read(but((CASES, cells.replace(" ", apart))))

    assert isinstance(outcome, NeedsReview) or outcome.record["table4"] == read(SAMPLE).record["table4"]


@pytest.mark.parametrize("cells", ["33 0 1 2 0 41", "33 5 0 1 2 0"])
def test_a_row_one_figure_short_is_not_made_whole_with_a_blank_total(cells: str) -> None:
    assert isinstance(read(but((" 33 5 0 1 2 0 41", f" {cells}"), text=spaced(SAMPLE))), NeedsReview)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(("行政处罚\t57\t\t\n", "行政处罚\t\n57\n"), id="the only cell"),
        pytest.param(("1\t1\t0\t19\n", "1\t1\t0\t\n19\n"), id="the total"),
    ],
)
def test_a_figure_broken_off_into_the_next_line_is_not_a_blank(changes: tuple[str, str]) -> None:
    outcome, true = read(but(changes)), read(SAMPLE)

    assert isinstance(outcome, NeedsReview) or outcome.record == true.record


def test_a_zero_lost_where_labels_stand_behind_blank_lines_is_not_a_blank_total() -> None:
    printed = "属于国家秘密\n" + "0\n" * 7

    outcome = read(but((printed, printed[:-2]), text=one_cell_a_line(SAMPLE)))

    assert isinstance(outcome, NeedsReview)


@pytest.mark.parametrize(("between", "rows"), [(2, 3), (3, 5), (4, 6), (2, 5)])
def test_a_last_cell_lost_is_not_a_blank_one_where_gaps_show_the_blanks(between: int, rows: int) -> None:
    lines = [[cell for cell in line.split("\t") if cell] or [line] for line in SAMPLE.split("\n")]
    text = ("\n" * rows).join(("\n" * between).join(cells) for cells in lines)
    gap = "\n" * between
    disclosed = gap.join(["14", "3", "0", "1", "1", "0", "19"])

    for printed in (disclosed, gap.join(CASES.split("\t"))):
        outcome = read(but((printed, printed[: printed.rindex(gap)]), text=text))

        assert isinstance(outcome, NeedsReview)


def test_the_last_bar_of_a_row_closes_its_last_cell_and_opens_none() -> None:
    row = "| 行政规范性文件 | 3 | 1 | 12 |"

    assert isinstance(read(but((row, "| 行政规范性文件 | 3 | 12 |"), text=piped(SAMPLE))), NeedsReview)
    assert isinstance(read(but((row, "| 行政规范性文件 | 3 | 1 | |"), text=piped(SAMPLE))), Accepted)


# A label cut in two by a page break, a table that begins one cell further on.


@pytest.mark.parametrize(("before", "behind"), [("（三）不予", "公开"), ("（三）不", "予公开")])
def test_a_group_label_cut_by_a_page_break_stands_in_no_cell(before: str, behind: str) -> None:
    text = "　　".join(cell for cell in SAMPLE.replace("\t", "\n").split("\n") if cell)
    row = "1.属于国家秘密" + "　　0" * 7

    outcome = read(but((f"（三）不予公开　　{row}", f"{before}　　{row}　　— 2 —　　{behind}"), text=text))

    assert isinstance(outcome, Accepted)
    assert outcome.record == read(SAMPLE).record


# More tables than one.


def last_year(text: str) -> str:
    """Table 3 as it was a year before."""
    table = text[text.index("（本列数据") : text.index("四、政府信息公开行政复议")]
    for label, cells in (
        ("一、本年新收", "44 5 0 1 2 0 52"),
        ("予以公开", "24 3 0 1 1 0 29"),
        ("（七）总计", "43 5 0 1 2 0 51"),
    ):
        table = with_row(label, cells, table)
    return table


@pytest.mark.parametrize("between", ["", "2022年度收到和处理政府信息公开申请的情况如下，供对比参考：\n"])
def test_the_table_of_another_year_is_never_taken_for_this_years(between: str) -> None:
    before = but(
        ("（本列数据", f"{between}{last_year(SAMPLE)}2023年度收到和处理政府信息公开申请的情况如下表：\n（本列数据")
    )
    behind = but(("四、政府信息公开行政", f"{between}{last_year(SAMPLE)}四、政府信息公开行政"))

    for text in (before, behind):
        outcome = read(text)
        assert isinstance(outcome, NeedsReview) or row_of(outcome, "table3.received")[-1] == 42


def test_the_cases_of_another_year_are_never_taken_for_this_years() -> None:
    table = SAMPLE[SAMPLE.index("行政复议\t\t\t\t\t行政诉讼") : SAMPLE.index("五、存在的主要")]
    earlier = table.replace(CASES, CASES.replace("2\t1\t0\t1\t4", "20\t1\t0\t1\t22"))
    told = "2023年度因政府信息公开工作被申请复议诉讼的情况如下：\n"

    outcome = read(but(("行政复议\t\t\t\t\t行政诉讼", f"{earlier}{told}行政复议\t\t\t\t\t行政诉讼")))

    assert isinstance(outcome, NeedsReview) or outcome.record["table4"]["reconsideration"]["total"] == 4


def test_no_record_is_made_of_two_reports() -> None:
    table = SAMPLE[SAMPLE.index("行政复议\t\t\t\t\t行政诉讼") : SAMPLE.index("五、存在的主要")]
    without = but((table, "本年度未发生因政府信息公开工作引起的复议和应诉事项，特此说明。\n"))

    outcome = read(f"{without}\n{SAMPLE.replace('青岚', '赤岭')}")

    assert isinstance(outcome, NeedsReview) or outcome.record["organization"] != "青岚县水务局"


def test_two_whole_reports_in_one_file_are_not_read_as_the_first() -> None:
    other = but(("34\t5\t0", "33\t6\t0"), text=SAMPLE.replace("青岚", "赤岭"))

    outcome = read(f"{SAMPLE}\n{other}")

    assert isinstance(outcome, NeedsReview)


# A cell too many.


def test_a_dash_at_the_end_of_a_row_of_a_cell_too_many_is_no_word_that_follows() -> None:
    dashes = zeros().replace("\t0" * 7, "\t—" * 7)
    row = "需要另行制作"

    outcome = read(but((row + "\t—" * 7, row + "\t—" * 4 + "\t0" + "\t—" * 3), text=dashes))

    assert isinstance(outcome, NeedsReview)


@pytest.mark.parametrize("printed", [str, piped], ids=["tab", "pipe"])
@pytest.mark.parametrize("column", range(4, 9))
def test_a_table_without_one_of_the_columns_is_not_read_as_one_without_totals(
    column: int, printed: Callable[[str], str]
) -> None:
    lines = [line.split("\t") for line in SAMPLE.split("\n")]
    text = "\n".join("\t".join(cells[:column] + cells[column + 1 :] if len(cells) == 10 else cells) for cells in lines)

    assert isinstance(read(printed(text)), NeedsReview)


@pytest.mark.parametrize("row", ["行政许可\t48\n6", "行政许可\t48\n\n 6 "])
def test_a_lone_figure_below_a_row_that_ends_in_its_last_cell_may_be_the_rest_of_it(row: str) -> None:
    outcome = read(but(("行政许可\t486\t\t", row)))

    assert isinstance(outcome, NeedsReview)
    assert outcome.record["table2"]["administrative_licences"] == {"decisions": None}


@pytest.mark.parametrize("row", ["行政许可\t486\t\t\n6", "行政许可\t486\n- 6 -", "行政许可\t486\n第 6 页"])
def test_a_page_number_below_a_row_is_none_of_it(row: str) -> None:
    assert isinstance(read(but(("行政许可\t486\t\t", row))), Accepted)


@pytest.mark.parametrize(("licences", "status"), [("486", "accepted"), ("480", "review")])
def test_an_overview_that_sums_a_table_up_is_no_second_table_unless_its_figures_are_others(
    licences: str, status: str
) -> None:
    heading = "一、总体情况\n"
    said = f"2023年，我局办理行政许可{licences}件，行政处罚57件，行政强制4件，行政事业性收费128.45万元。\n"

    assert read(but((heading, heading + said))).status == status
