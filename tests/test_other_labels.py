"""Labels and heads that hold a label of the form and say something else: none of their figures is the form's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.outcome import Accepted, NeedsReview
from tests.written import SAMPLE, but, glued, one_cell_a_line, piped, read

GOLD = Path(__file__).parent.parent / "eval" / "gold"
LICENCES = "行政许可\t486"
FEES_HEAD = "本年收费金额（单位：万元）"
FEES = "行政事业性收费\t128.45\t\t"


@pytest.mark.parametrize(
    "label", ["不予行政许可", "行政许可撤销", "行政许可变更", "其中：行政许可", "行政许可（含承诺）撤回"]
)
def test_a_label_within_other_words_is_another_label(label: str) -> None:
    text = but((LICENCES, f"{label}\t486"))
    for printed in (text, piped(text)):
        outcome = read(printed)

        assert isinstance(outcome, NeedsReview)
        assert any("its label reads" in finding.message for finding in outcome.findings)


def in_lines(text: str) -> str:
    """The report with its cells side by side in lines, without a mark between them."""
    return text.replace("\t", " ")


@pytest.mark.parametrize(
    "label", ["非行政许可", "不予行政许可", "其中：行政许可", "涉企行政许可", "行政许可变更", "行政许可申请"]
)
@pytest.mark.parametrize("laid", [in_lines, one_cell_a_line])
def test_a_label_within_other_words_is_another_label_without_cells_too(label: str, laid: Callable[[str], str]) -> None:
    assert isinstance(read(laid(but((LICENCES, f"{label}\t486")))), NeedsReview)


@pytest.mark.parametrize("laid", [in_lines, one_cell_a_line, glued])
def test_words_of_the_form_that_touch_a_label_make_it_no_other(laid: Callable[[str], str]) -> None:
    assert isinstance(read(laid(SAMPLE)), Accepted)


@pytest.mark.parametrize("label", ["行政许可（件）", "行政许可数量", "1.行政许可", "行政许可事项", "行 政 许 可"])
def test_what_makes_it_no_other_is_passed_over(label: str) -> None:
    assert isinstance(read(but((LICENCES, f"{label}\t486"))), Accepted)


@pytest.mark.parametrize(
    ("head", "instead"),
    [
        ("本年收费金额", "本年应收费金额"),
        ("本年收费金额", "本年减免收费金额"),
        ("本年处理决定数量", "本年处理决定撤销数量"),
        ("现行有效件数", "现行长期有效件数"),
    ],
)
def test_a_head_with_words_put_into_it_is_another_head(head: str, instead: str) -> None:
    assert isinstance(read(but((head, instead))), NeedsReview)


@pytest.mark.parametrize("head", ["本年度收费金额（单位：万元）", "本年 收费金额（单位:万元）"])
def test_this_year_may_be_called_so_in_more_letters(head: str) -> None:
    assert isinstance(read(but((FEES_HEAD, head))), Accepted)


@pytest.mark.parametrize(
    "note",
    ["注：以上金额以元计", "备注：行政事业性收费以元为单位。", "注：按元计", "（单位：万美元）", "（百万元）"],
)
def test_a_note_below_that_gives_another_unit_is_heard(note: str) -> None:
    assert isinstance(read(but((FEES, f"{FEES}\n{note}"))), NeedsReview)


@pytest.mark.parametrize(("note", "unit"), [("注：以上金额以万元计", "万元"), ("（单位：万元）", "万元")])
def test_a_note_that_gives_the_same_unit_changes_nothing(note: str, unit: str) -> None:
    assert unit in note
    assert read(but((FEES, f"{FEES}\n{note}"))).record == read(SAMPLE).record


def test_a_head_in_foreign_money_is_another_unit() -> None:
    assert isinstance(read(but(("单位：万元", "单位：万美元"))), NeedsReview)


def test_a_unit_in_the_cell_behind_a_count_is_heard() -> None:
    assert isinstance(read(but((f"{LICENCES}\t", f"{LICENCES}\t万件"))), NeedsReview)


LAID = [str, piped, in_lines, one_cell_a_line, glued]


@pytest.mark.parametrize("laid", LAID)
@pytest.mark.parametrize(
    ("head", "instead"),
    [
        ("本年处理决定数量", "计划数"),
        ("本年处理决定数量", "本年受理数量"),
        ("本年处理决定数量", "人数"),
        (FEES_HEAD, "本年收费项目数"),
        (FEES_HEAD, "本年支出金额（单位：万元）"),
    ],
)
def test_the_head_of_an_only_column_that_the_form_does_not_know_is_another(
    head: str, instead: str, laid: Callable[[str], str]
) -> None:
    outcome = read(laid(SAMPLE.replace(head, instead)))

    assert isinstance(outcome, NeedsReview)
    assert any("a column head is" in finding.message for finding in outcome.findings)


@pytest.mark.parametrize("laid", LAID)
@pytest.mark.parametrize(
    ("head", "instead"),
    [
        ("本年处理决定数量", "数量"),
        ("本年处理决定数量", "本年处埋决定数量"),
        ("本年处理决定数量", "本年处理决定数量（件）"),
        ("本年处理决定数量", ""),
        (FEES_HEAD, "金额（单位：万元）"),
        (FEES_HEAD, "本年收费金额"),
    ],
)
def test_a_head_said_shorter_or_misprinted_by_a_letter_is_no_other(
    head: str, instead: str, laid: Callable[[str], str]
) -> None:
    assert isinstance(read(laid(SAMPLE.replace(head, instead))), Accepted)


def test_heads_that_run_together_are_no_other_where_a_line_ends_in_one() -> None:
    text = (GOLD / "justice_glued_zero.txt").read_text(encoding="utf-8")
    wrapped = text.replace(
        "行政诉讼情况行政复议行政诉讼结果维持结果纠正", "行政诉讼情况\n行政复议行政诉讼结果维持结\n果纠正", 1
    )

    assert isinstance(read(text), Accepted)
    assert isinstance(read(wrapped), Accepted)
    assert wrapped != text
