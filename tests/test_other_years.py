"""Heads, headings and labels of another year, of a part or of thousands at a time: not this report's figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.outcome import Accepted, NeedsReview
from eval.generator import generate
from schemas import load
from tests.written import SAMPLE, at, but, one_cell_a_line, piped, read, spaced

LAYOUTS: list[Callable[[str], str]] = [str, spaced, one_cell_a_line, piped]
every_layout = pytest.mark.parametrize("printed", LAYOUTS, ids=["tab", "spaces", "lines", "pipe"])
LICENCES = "行政许可\t486\t\t"
HEADS = "本年制发件数\t本年废止件数\t现行有效件数"


@every_layout
@pytest.mark.parametrize("aside", ["（上年）", "（其中网上办理）", "（万件）", "（单位：百件）"])
def test_what_stands_behind_a_label_is_not_thrown_away(printed: Callable[[str], str], aside: str) -> None:
    outcome = read(printed(but((LICENCES, f"行政许可{aside}\t400\t\t\n{LICENCES}"))))

    assert isinstance(outcome, NeedsReview) or at(outcome.record, "table2.administrative_licences.decisions") == 486


def test_a_unit_or_a_place_behind_a_label_says_nothing_against_it() -> None:
    for aside in ("（件）", "（本级）", "（含行政确认）"):
        assert isinstance(read(but((LICENCES, f"行政许可{aside}\t486\t\t"))), Accepted)


@every_layout
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (HEADS, "本年制发件数\t本年废止件数\t上年有效件数"),
        (HEADS, "上年制发件数\t上年废止件数\t现行有效件数"),
        ("本年处理决定数量", "本年处理决定数量（万件）"),
        ("本年处理决定数量", "本年处理决定数量（单位：百）"),
        ("本年处理决定数量", "本年处理决定数量增减"),
        ("申请情况\n（本列", "申请情况\n单位：百件\n（本列"),
    ],
)
def test_a_head_of_another_year_or_of_thousands_is_none_of_the_forms(
    printed: Callable[[str], str], before: str, behind: str
) -> None:
    assert isinstance(read(printed(but((before, behind)))), NeedsReview)


@every_layout
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("三、收到和处理", "三、2022年收到和处理"),
        ("二、主动公开", "二、2022年主动公开"),
        ("四、政府信息", "四、2022年度政府信息"),
        ("（本列数据", "（2022年度数据）\n（本列数据"),
        ("第二十条第（五）项", "第二十条第（五）项（2022年数据）"),
    ],
)
def test_a_table_headed_with_an_earlier_year_is_not_this_reports(
    printed: Callable[[str], str], before: str, behind: str
) -> None:
    assert isinstance(read(printed(but((before, behind)))), NeedsReview)
    assert isinstance(read(printed(but((before, behind.replace("2022", "2023"))))), Accepted)


@every_layout
@pytest.mark.parametrize("note", ["注：较2022年减少12件", "注：含2022年结转的事项", "2022年为480件。"])
def test_a_note_that_compares_with_an_earlier_year_stops_nothing(printed: Callable[[str], str], note: str) -> None:
    text = but(("行政事业性收费\t128.45\t\t\n", f"行政事业性收费\t128.45\t\t\n{note}\n"))

    assert "its heading is of" not in str(read(printed(text)))


@pytest.mark.parametrize("line", ["依照2019年修订的条例。\n", "自2019年5月15日起施行。\n"])
def test_the_year_of_a_rule_is_not_a_tables(line: str) -> None:
    assert isinstance(read(but(("第二十条第（一）项", f"{line}第二十条第（一）项"))), Accepted)


@every_layout
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (LICENCES, f"{LICENCES}\n行政许可\t500\t\t"),
        ("行政处罚\t57\t\t", "行政处罚\t57\t\t\n不予行政处罚\t5\t\t"),
        ("行政规范性文件\t3", "行政规范性文件\t2\t1\t10\n行政规范性文件\t3"),
    ],
)
def test_of_a_row_printed_twice_with_other_figures_none_is_taken(
    printed: Callable[[str], str], before: str, behind: str
) -> None:
    assert isinstance(read(printed(but((before, behind)))), NeedsReview)


def test_a_row_printed_twice_with_the_same_figures_is_read() -> None:
    assert isinstance(read(but((LICENCES, f"{LICENCES}\n{LICENCES}"))), Accepted)


@every_layout
@pytest.mark.parametrize("between", ["、", "和", "/", ""])
def test_a_figure_behind_two_labels_is_of_neither_row(printed: Callable[[str], str], between: str) -> None:
    rows = "行政处罚\t57\t\t\n行政强制\t4\t\t"

    assert isinstance(read(printed(but((rows, f"行政处罚{between}行政强制\t61\t\t")))), NeedsReview)


def test_the_heads_of_an_older_edition_are_its_own_also_run_together() -> None:
    cases = [generate(seed, layout="glued_rows", edition="2019", damage=frozenset()) for seed in range(6)]

    assert [read(case.text).status for case in cases] == [case.expect for case in cases]


def test_a_slash_is_a_blank_cell_where_the_table_prints_one_for_it() -> None:
    text = SAMPLE.replace("\t0", "\t/").replace("行政许可\t486", "行政许可\t/").replace("行政强制\t4", "行政强制\t/")
    begins, ends = text.index("第二十条第（五）项"), text.index("三、收到和处理")
    outcome = read(text[:begins] + text[begins:ends].replace("\t", "").replace("\n", "") + text[ends:])

    assert isinstance(outcome, Accepted)
    assert outcome.record["table2"]["administrative_licences"] == {"decisions": None}
    assert outcome.record["table2"]["compulsory_measures"] == {"decisions": None}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("上年度，我局共收到政府信息公开申请35件。", "requests_received"),
        ("去年同期，收到政府信息公开申请35件。", "requests_received"),
        ("上半年，我局收到政府信息公开申请20件。", "requests_received"),
        ("1—6月，收到政府信息公开申请20件。", "requests_received"),
        ("从网上平台看，收到政府信息公开申请30件。", "requests_received"),
        ("近三年，我局收到政府信息公开申请120件。", "requests_received"),
        ("自条例施行以来，累计收到政府信息公开申请1350件。", "requests_received"),
        ("全县各乡镇，共收到政府信息公开申请350件。", "requests_received"),
        ("上年，通过县政府门户网站公开信息190条。", "published"),
        ("近五年来，通过县政府门户网站公开信息1000条。", "published"),
        ("去年，收取信息处理费200元，今年未发生。", "information_fee_charged"),
        ("上年度未收取政府信息公开信息处理费，本年度依规计收三百元。", "information_fee_charged"),
    ],
)
def test_a_count_whose_clause_before_names_another_time_or_a_part_is_not_this_years(said: str, field: str) -> None:
    form = load("ogi-annual-report")
    assert form.read_prose is not None
    begun = "青岚县水务局2023年政府信息公开工作年度报告\n一、总体情况\n"

    assert field not in form.read_prose(f"{begun}{said}")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("2023年以来，我局共收到政府信息公开申请35件。", "requests_received"),
        ("2023年，我局共收到政府信息公开申请35件。", "requests_received"),
        ("2023年，通过县政府门户网站公开信息190条。", "published"),
        ("2023年，我局未收取政府信息公开信息处理费。", "information_fee_charged"),
    ],
)
def test_and_one_of_the_reports_year_is(said: str, field: str) -> None:
    form = load("ogi-annual-report")
    assert form.read_prose is not None
    begun = "青岚县水务局2023年政府信息公开工作年度报告\n一、总体情况\n"

    assert field in form.read_prose(f"{begun}{said}")
