"""Figures out of their place, words and marks for figures, other heads and units: read right, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from agent.outcome import Accepted, NeedsReview, Reason
from eval.generator import generate
from tests.written import SAMPLE, at, but, one_cell_a_line, piped, read, spaced

LAYOUTS: list[Callable[[str], str]] = [str, spaced, one_cell_a_line, piped]
every_layout = pytest.mark.parametrize("printed", LAYOUTS, ids=["tab", "spaces", "lines", "pipe"])

RULES = "规章\t0\t0\t0\n行政规范性文件\t3\t1\t12"
LICENCES = "行政许可\t486\t\t"
FEES = "行政事业性收费\t128.45\t\t\n"
PENALTIES = "行政处罚\t57\t\t\n行政强制\t4\t\t"
CASES = SAMPLE[SAMPLE.index("行政复议\t\t\t\t\t行政诉讼") : SAMPLE.index("五、存在的主要")]


def never_wrong(text: str, truth: dict[str, Any]) -> Accepted | NeedsReview:
    """Accepted only with these figures."""
    outcome = read(text)
    if isinstance(outcome, Accepted):
        assert {path: at(outcome.record, path) for path in truth} == truth
    return outcome


@every_layout
@pytest.mark.parametrize(
    ("label", "left", "path", "value"),
    [
        ("二、上年", "、上年", "table3.received.total", 42),
        ("四、结转", "、结转", "table3.processed_total.total", 41),
        ("2.重复申请", ".重复申请", "table3.not_processed_petition.total", 1),
        ("（二）部分公开", "）部分公开", "table3.disclosed.total", 19),
        ("行政强制", ".行政强制", "table2.administrative_penalties.decisions", 57),
    ],
)
def test_a_label_that_lost_its_number_takes_no_digit_of_the_row_before(
    printed: Callable[[str], str], label: str, left: str, path: str, value: int
) -> None:
    outcome = read(printed(but((label, left))))

    assert isinstance(outcome, Accepted)
    assert at(outcome.record, path) == value


@every_layout
@pytest.mark.parametrize(
    "wrapped",
    [
        "规章\t\t\t\n行政规范\t3\t1\t12\n性文件\t\t\t",
        "规章\n行政规范\n3\t1\t12\n性文件",
        "规章\n行政\n3\t1\t12\n规范性文件",
    ],
)
def test_the_figures_of_a_label_in_two_lines_are_no_other_rows(printed: Callable[[str], str], wrapped: str) -> None:
    truth = {f"table2.regulations.{column}": None for column in ("issued", "repealed", "in_force")}

    never_wrong(printed(but((RULES, wrapped))), truth)


@pytest.mark.parametrize("printed", [str, spaced, piped], ids=["tab", "spaces", "pipe"])
def test_nor_are_those_that_stand_before_the_next_label_on_its_line(printed: Callable[[str], str]) -> None:
    never_wrong(printed(but((RULES, "规章\n3\t1\t12\t行政规范性文件"))), {"table2.regulations.issued": None})


def test_a_label_wrapped_before_its_last_letters_is_read() -> None:
    text = spaced(but((FEES, "行政事业\t128.45\n性收费\n")))

    outcome = read(text)

    assert isinstance(outcome, Accepted)
    assert at(outcome.record, "table2.fees.amount_10k_yuan") == Decimal("128.45")


@every_layout
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (LICENCES, "486\t行政许可\t\t"),
        (LICENCES, "\t486\t\t\n行政许可\t\t\t"),
        (PENALTIES, "57\t行政处罚\t\t\n4\t行政强制\t\t"),
        ("行政处罚\t57\t\t", "行政处罚\t57\t\t\n行政处罚\t\t\t"),
    ],
)
def test_figures_before_their_label_are_not_thrown_away(
    printed: Callable[[str], str], before: str, behind: str
) -> None:
    truth = {
        "table2.administrative_licences.decisions": 486,
        "table2.administrative_penalties.decisions": 57,
        "table2.compulsory_measures.decisions": 4,
    }

    never_wrong(printed(but((before, behind))), truth)


@pytest.mark.parametrize("printed", LAYOUTS[:3], ids=["tab", "spaces", "lines"])
@pytest.mark.parametrize(
    "words",
    ["四百八十六", "零", "三", "未统计", "见附件", "四百 86", "上年 480", "约 486", "减 486", "########", "***"],
)
def test_words_and_marks_where_the_figure_stands_are_no_blank(printed: Callable[[str], str], words: str) -> None:
    outcome = read(printed(but((LICENCES, f"行政许可\t{words}\t\t"))))

    assert isinstance(outcome, NeedsReview)
    assert Reason.UNREADABLE in outcome.reasons


@pytest.mark.parametrize(
    "head",
    [
        "本年收费金额（元）",
        "本年收费金额（单位：人民币元）",
        "本年收费金额(RMB元)",
        "本年收费金额（单位：百万元）",
        "本年收费金额（单位为元）",
    ],
)
def test_another_unit_in_the_head_is_seen(head: str) -> None:
    assert isinstance(read(but(("本年收费金额（单位：万元）", head), ("128.45", "1284500"))), NeedsReview)


@pytest.mark.parametrize(
    ("before", "behind", "accepted"),
    [
        ("行政事业性收费\t", "行政事业性收费（元）\t", False),
        (FEES, f"{FEES}单位：元\n", False),
        ("行政事业性收费\t", "行政事业性收费（万元）\t", True),
        ("本年收费金额（单位：万元）", "本年收费金额（万元）", True),
    ],
)
def test_so_is_one_behind_the_label_or_under_the_row(before: str, behind: str, accepted: bool) -> None:
    assert isinstance(read(but((before, behind))), Accepted) == accepted


@pytest.mark.parametrize(
    "heads",
    [
        "信息内容\t上一年项目数量\t本年增/减\t处理决定数量\n行政许可\t110\t\t",
        "信息内容\t上年处理决定数量\t本年处理决定数量\t\n行政许可\t480\t\t",
        "信息内容\t本年受理数量\t本年处理决定数量\t\n行政许可\t500\t\t",
        "信息内容\t本年处理决定数量\t上年处理决定数量\t\n行政许可\t\t486\t",
    ],
)
def test_a_figure_under_another_head_is_not_this_years(heads: str) -> None:
    assert isinstance(read(but((f"信息内容\t本年处理决定数量\t\t\n{LICENCES}", heads))), NeedsReview)


@every_layout
@pytest.mark.parametrize("heading", ["3 收到和处理", "2.3 收到和处理", "3.\t收到和处理"])
def test_the_number_of_the_next_heading_is_no_figure(printed: Callable[[str], str], heading: str) -> None:
    text = printed(but((FEES, "行政事业性收费\t\t\t\n"), ("三、收到和处理", heading)))

    never_wrong(text, {"table2.fees.amount_10k_yuan": None})


def test_nor_is_a_number_before_each_label() -> None:
    full = read(but((PENALTIES, "4\t行政处罚\t57\t\t\n5\t行政强制\t4\t\t")))
    blank = read(but((PENALTIES, "4\t行政处罚\t\t\t\n5\t行政强制\t4\t\t")))

    assert isinstance(full, Accepted)
    assert at(full.record, "table2.administrative_penalties.decisions") == 57
    assert isinstance(blank, NeedsReview)


@every_layout
def test_a_table_with_its_columns_as_rows_is_not_read_by_position(printed: Callable[[str], str]) -> None:
    turned = "\t行政复议\t未经复议直接起诉\t复议后起诉\n结果维持\t2\t1\t0\n结果纠正\t1\t0\t0\n其他结果\t0\t0\t1\n"
    outcome = read(printed(but((CASES, f"{turned}尚未审结\t1\t1\t0\n总计\t4\t2\t1\n\n"))))

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.UNREADABLE,)


@every_layout
@pytest.mark.parametrize("cell", ["/", "", "—", "不涉及"])
@pytest.mark.parametrize("other", ["其他对外管理服务事项\t77", "行政检查\t1880"], ids=["of another edition", "unknown"])
def test_a_row_without_a_figure_takes_none_of_a_row_with_a_label_of_its_own(
    printed: Callable[[str], str], cell: str, other: str
) -> None:
    outcome = never_wrong(
        printed(but((LICENCES, f"行政许可\t{cell}\n{other}"))), {"table2.administrative_licences.decisions": None}
    )

    assert isinstance(outcome, Accepted) or cell not in ("/", "—") or printed is one_cell_a_line


@every_layout
def test_nor_does_a_row_of_a_table_that_adds_up(printed: Callable[[str], str]) -> None:
    internal, process = "5.属于三类内部事务信息", "\t\t6.属于四类过程性信息\t1\t0\t0\t0\t0\t0\t1"
    row = next(line for line in SAMPLE.split("\n") if internal in line)

    outcome = read(printed(but((row, f"\t\t{internal}\t\t\t\t\t\t\t\n{process}"))))

    assert isinstance(outcome, NeedsReview)
    assert at(outcome.record, "table3.refused_internal_affairs.total") is None


@every_layout
def test_a_row_that_stands_twice_is_not_settled_by_the_last(printed: Callable[[str], str]) -> None:
    internal = "5.属于三类内部事务信息"
    row = next(line for line in SAMPLE.split("\n") if internal in line)

    outcome = read(printed(but((row, f"\t\t{internal}\t9\t0\t0\t0\t0\t0\t9\n{row}"))))

    assert isinstance(outcome, NeedsReview)


def test_an_empty_cell_among_too_many_is_not_passed_over() -> None:
    assert isinstance(read(but(("行政规范性文件\t3\t1\t12", "行政规范性文件\t3\t\t12\t5"))), NeedsReview)


@pytest.mark.parametrize("printed", LAYOUTS[:2], ids=["tab", "spaces"])
@pytest.mark.parametrize(
    ("heads", "instead"),
    [
        ("本年制发件数\t本年废止件数\t现行有效件数", "有效件数\t制发件数\t废止件数"),
        ("本年废止件数", "本年修改件数"),
        (
            "商业企业\t科研机构\t社会公益组织\t法律服务机构\t其他",
            "其他\t商业企业\t科研机构\t社会公益组织\t法律服务机构",
        ),
    ],
)
def test_heads_that_the_form_does_not_have_stop_the_table(
    printed: Callable[[str], str], heads: str, instead: str
) -> None:
    assert isinstance(read(printed(but((heads, instead)))), NeedsReview)


@pytest.mark.parametrize("printed", LAYOUTS[:3], ids=["tab", "spaces", "lines"])
def test_so_do_results_under_other_names(printed: Callable[[str], str]) -> None:
    assert isinstance(read(printed(SAMPLE.replace("其他结果\t尚未审结", "未审结\t其他"))), NeedsReview)


@every_layout
@pytest.mark.parametrize(
    "note",
    ["注：含上年结转 1 件。", "2024年1月20日", "浏览次数：123", "http://www.example.cn/a/123.html", "附件2"],
)
def test_a_line_under_the_last_table_is_none_of_its_cells(printed: Callable[[str], str], note: str) -> None:
    outcome = read(printed(but(("五、存在的主要", f"{note}\n五、存在的主要"))))

    assert isinstance(outcome, Accepted)
    assert outcome.record["table4"] == read(SAMPLE).record["table4"]


@pytest.mark.parametrize("mark", ["\u200e", "\u061c", "\u2066", "\ufe0f", "&nbsp;", "&emsp;"])
def test_marks_that_nobody_sees_are_no_part_of_a_figure(mark: str) -> None:
    outcome = read(but((LICENCES, f"行政许可\t{mark}486\t\t")))

    assert isinstance(outcome, Accepted)
    assert at(outcome.record, "table2.administrative_licences.decisions") == 486


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("2023 年度除 1 件外，均未收取信息处理费；该件收取 30 元。", "information_fee_charged"),
        ("2023 年度未足额收取信息处理费。", "information_fee_charged"),
        ("2023 年度下属单位未收取信息处理费，本机关收取 50 元。", "information_fee_charged"),
        ("2023 年度不存在未收取信息处理费的情形。", "information_fee_charged"),
        ("2023 年度没有未收取信息处理费的情况。", "information_fee_charged"),
    ],
)
def test_a_fee_with_exceptions_is_left_to_a_model(said: str, field: str) -> None:
    told = next(line for line in SAMPLE.split("\n") if "信息处理费" in line)

    assert read(but((told, said))).record[field] is None


@pytest.mark.parametrize(
    "said",
    ["2023年12月收到政府信息公开申请 4 件", "平均每月收到政府信息公开申请 4 件", "历年累计收到政府信息公开申请 300 件",
     "下属单位收到政府信息公开申请 142 件", "网上收到政府信息公开申请 30 件，当面收到 12 件",
     "如收到政府信息公开申请 99 件，则另行安排"],
)  # fmt: skip
def test_a_count_of_something_else_is_not_the_requests_of_the_year(said: str) -> None:
    text = "".join(f"{s}。" if s.strip() else s for s in SAMPLE[: SAMPLE.index("二、")].split("。") if "申请" not in s)
    head = text if text.strip() else SAMPLE[: SAMPLE.index("二、")]

    outcome = read(f"{head}\n{said}。\n{SAMPLE[SAMPLE.index('二、') :]}")

    assert outcome.record["requests_received"] is None


@every_layout
@pytest.mark.parametrize(
    ("heads", "instead"),
    [
        ("商业企业\t科研机构", "科研院所\t商业企业"),
        ("商业企业\t科研机构", "科研院所\t商业公司"),
        ("法律服务机构\t其他\t\n", "其它\t法律服务机构\t\n"),
        ("商业企业\t科研机构", "商业企业"),
        ("本年制发件数\t本年废止件数\t现行有效件数", "本年废止数\t本年制发数\t现行有效数"),
        ("结果维持\t结果纠正\t其他结果\t尚未审结\t总计", "结果纠正\t结果维持\t其他结果\t尙未审结\t总计"),
        ("未经复议直接起诉\t\t\t\t\t复议后起诉", "复议后再起诉\t\t\t\t\t未复议直接起诉"),
        ("未经复议直接起诉\t\t\t\t\t复议后起诉", "经复议后起诉\t\t\t\t\t未复议直接起诉"),
    ],
)
def test_heads_that_changed_places_are_seen_also_where_one_has_another_name(
    printed: Callable[[str], str], heads: str, instead: str
) -> None:
    outcome = read(printed(but((heads, instead))))

    assert isinstance(outcome, NeedsReview)
    assert Reason.UNREADABLE in outcome.reasons


@every_layout
@pytest.mark.parametrize(
    ("heads", "instead"),
    [
        ("商业企业\t科研机构", "商业公司\t科研院所"),
        ("法人或其他组织", "法人和其它组织"),
        ("法人或其他组织", "法人或\n其他组织"),
        ("社会公益组织\t法律服务机构\t其他\t\n", "社会公益性组织\t法律服务单位\t其它\t\n"),
        ("未经复议直接起诉", "未经复议直按起诉"),
    ],
)
def test_heads_at_their_place_may_have_another_name(printed: Callable[[str], str], heads: str, instead: str) -> None:
    broken = "\n" in instead and printed is not one_cell_a_line

    assert isinstance(read(printed(but((heads, instead.replace("\n", "") if broken else instead)))), Accepted)


def test_heads_broken_over_lines_are_no_other_heads() -> None:
    heads = "本年制发件数\t本年废止件数\t现行有效件数"

    assert isinstance(read(one_cell_a_line(but((heads, "本年\n制发件数\t本年\n废止件数\t现行有效\n件数")))), Accepted)


def test_a_group_label_on_a_line_of_its_own_is_no_column_head() -> None:
    case = generate(41, layout="vertical")

    assert case.expect == read(case.text).status == "accepted"
