"""What a quote of a model's states, and where it stands: digits in one place, whole days, denials."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings as effort, strategies as st

from agent.days import days
from agent.document import load
from agent.extraction import parse_prose, questions
from agent.model import Answer
from agent.outcome import Usage
from agent.quotes import Source, counts, denies, states, states_date
from agent.settings import Profile
from schemas import load as load_form

OGI = load_form()

CELLS = """青岚县水务局 2023 年政府信息公开工作年度报告
全年公开水务信息 214 条，收到政府信息公开申请 3 件。规范信息处理费收取，2023 年度未收取政府信息公开信息处理费。
自 2023 年 1 月 1 日起至 2023 年 12 月 31 日止。网址 qinglan.example，邮箱在青岚县，公开工作动态 131 条。
二、主动公开政府信息情况
第二十条第（一）项
行政许可\t5550142
三、收到和处理政府信息公开申请情况
（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）
一、本年新收政府信息公开申请数量\t0\t0\t0\t0\t0\t0\t0
二、上年结转政府信息公开申请数量
0
0
0
0
0
0
7
四、政府信息公开行政复议、行政诉讼情况
0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
五、存在的主要问题及改进情况
公开不够快。
"""


def kept_of(source: str = CELLS, **answer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What of these fields stays, from this source, and why the rest does not, by place."""
    document = load(source, name="青岚.txt")
    prose = questions(document, OGI, {}, Profile())[-1]
    text = json.dumps(answer, ensure_ascii=False)
    told = Answer(prose, prose.answer.model_validate_json(text), text, Usage())
    words, findings = parse_prose(told, OGI, document, "m")
    return {name: kept.value for name, kept in words.items()}, {f.cells[0]: f.message for f in findings}


@pytest.mark.parametrize(
    "contact",
    [
        {"phone": "0000000"},
        {"phone": "0 0 0 0 0 0 0"},
        {"phone": "5550142"},
        {"phone": "2023131"},
        {"phone": "131 条"},
        {"phone": "青岚县水务局"},
        {"postcode": "000000"},
        {"postcode": "000007"},
        {"email": "青岚县"},
        {"email": "qinglan.example"},
        {"website": "青岚县水务局"},
        {"address": "工作动态"},
    ],
)
def test_a_contact_is_not_put_together_from_cells_nor_from_other_words(contact: dict[str, str]) -> None:
    kept, dropped = kept_of(contact=contact)

    assert kept == {}
    assert list(dropped) == [f"contact.{name}" for name in contact]


def test_a_part_that_looks_like_none_is_dropped_alone() -> None:
    kept, _ = kept_of(contact={"website": "qinglan.example", "phone": "131 条"})

    assert kept["contact"]["website"] == "qinglan.example"
    assert kept["contact"]["phone"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"organization": "工作动态"}, "organization"),
        ({"organization": "主动公开政府信息情况"}, "organization"),
        ({"information_fee_charged": "yes | 2023 年度未收取政府信息公开信息处理费"}, "information_fee_charged"),
        ({"information_fee_charged": "no | 规范信息处理费收取"}, "information_fee_charged"),
        ({"information_fee_charged": "yes | 收到政府信息公开申请 3 件"}, "information_fee_charged"),
        ({"period_start": "2023-12-01 | 自 2023 年 1 月 1 日起至 2023 年 12 月 31 日止"}, "period_start"),
        ({"period_end": "2023-01-31 | 自 2023 年 1 月 1 日起至 2023 年 12 月 31 日止"}, "period_end"),
        ({"requests_received": "214 | 全年公开水务信息 214 条"}, "requests_received"),
        ({"requests_received": "214 | 全年公开水务信息 214 条，收到政府信息公开申请 3 件"}, "requests_received"),
        ({"requests_received": "0 | 未收取政府信息公开信息处理费"}, "requests_received"),
        ({"requests_received": "7 | 二、上年结转政府信息公开申请数量 0 0 0 0 0 0 7"}, "requests_received"),
        ({"requests_received": "0 | 一、本年新收政府信息公开申请数量 0"}, "requests_received"),
        ({"published": [{"count": 3, "quote": "3 件"}]}, "published.0"),
    ],
)
def test_words_about_something_else_state_nothing(change: dict[str, Any], field: str) -> None:
    kept, dropped = kept_of(**change)

    assert kept == {}
    assert list(dropped) == [field]


@pytest.mark.parametrize(
    "answer",
    [
        {"requests_received": "3 | 收到政府信息公开申请 3 件"},
        {"requests_received": "3 | 全年公开水务信息 214 条，收到政府信息公开申请 3 件"},
        {"information_fee_charged": "no | 规范信息处理费收取，2023 年度未收取政府信息公开信息处理费"},
        {"period_end": "2023-12-31 | 2023 年 1 月 1 日起至 2023 年 12 月 31 日"},
        {"published": [{"count": 214, "quote": "公开水务信息 214 条"}]},
    ],
)
def test_words_about_the_field_state_it(answer: dict[str, Any]) -> None:
    kept, dropped = kept_of(**answer)

    assert list(kept) == list(answer)
    assert dropped == {}


def test_a_value_that_the_patterns_read_otherwise_is_dropped() -> None:
    other = CELLS.replace("公开不够快", "与 2022 年政府信息公开工作相比，2022 年收到的申请更多。请看赤岭县教育局")

    kept, dropped = kept_of(other, year="2022 | 2022 年政府信息公开工作", organization="赤岭县教育局")

    assert kept == {}
    assert all("says elsewhere" in why for why in dropped.values())


def test_the_end_of_an_organs_name_is_kept_in_full() -> None:
    kept, dropped = kept_of(organization="水务局")

    assert kept == {"organization": "青岚县水务局"}
    assert dropped == {}


def test_a_passage_that_is_half_the_report_states_no_one_value() -> None:
    source = f"全年未收到政府信息公开申请。{'水务工作一切如常。' * 60}"

    assert kept_of(source, requests_received=f"0 | {source[:60]}")[0] == {"requests_received": 0}
    assert kept_of(source, requests_received=f"0 | {source}")[0] == {}


def test_a_source_without_sections_is_still_searched() -> None:
    kept, _ = kept_of("请拨打电话 0999-5550142\n", contact={"phone": "09995550142"})

    assert kept["contact"]["phone"] == "0999-5550142"


def test_two_passages_far_apart_are_no_shortened_quote() -> None:
    near, far = (Source(load(f"一是公开不够{'，' * 9}{'字' * letters}偏慢")) for letters in (500, 5000))

    assert near.find_shortened("一是公开…偏慢") is not None
    assert far.find_shortened("一是公开…偏慢") is None


@pytest.mark.parametrize(
    ("quote", "count", "stated"),
    [
        ("共 1,204 条", 1204, True),
        ("1.2 万余条", 12000, True),
        ("1.2 万余条", 1, False),
        ("2024 年未收到申请", 0, True),
        ("收到申请 0 件", 0, True),
        ("none were received", 0, True),
        ("未按时办结 12 件", 0, False),
        ("收到申请若干", 0, False),
        ("收到申请 10 件", 1, False),
    ],
)
def test_a_quote_states_a_count_in_digits_or_that_there_were_none(quote: str, count: int, stated: bool) -> None:
    assert states(quote, count) is stated


@pytest.mark.parametrize(
    ("quote", "count", "name", "given"),
    [
        ("其中：工作动态 131 条，通知\n公告 58 条", 58, "通知公告", True),
        ("其中：工作动态 131 条，通知公告 58 条", 131, "通知公告", False),
        ("其中：工作动态 131 条，通知公告 58 条", 58, "工作动态", False),
        ("发布 131 条工作动态、58 条通知公告", 58, "通知公告", True),
        ("发布 131 条工作动态、58 条通知公告", 58, "工作动态", False),
        ("2023 年公开信息 1.2 万余条", 12000, "", True),
        ("2023 年公开信息若干", 2023, "", False),
        ("公开信息 2000 余条", 2000, "", True),
        ("收到公开申请 42 件，公开信息 214 条", 42, "", False),
        ("收到公开申请 42 件，公开信息 214 条", 214, "", True),
        ("本年度没有公开信息", 0, "", True),
    ],
)
def test_a_count_is_given_to_the_name_beside_it_and_is_of_what_is_asked(
    quote: str, count: int, name: str, given: bool
) -> None:
    assert counts(quote, count, name, ("收到",)) is given


@pytest.mark.parametrize(
    ("quote", "count", "stated"),
    [
        ("收到申请 3 件，公开信息 214 条", 3, True),
        ("收到申请 3 件，公开信息 214 条", 214, False),
        ("公开信息 214 条、受理申请 3 件", 214, False),
        ("收到 3 件政府信息公开申请", 3, True),
        ("依申请公开方面，2023 年全年共受理 3 件", 3, True),
        ("收到申请 2023 件", 2023, True),
        ("未收到公民、法人提出的申请", 0, True),
        ("未按时公开，收到申请若干", 0, False),
        ("没有收费", 0, False),
        ("（二）依申请公开2024 年以来我局未收到信息公开申请", 0, True),
    ],
)
def test_a_count_stands_together_with_what_is_counted(quote: str, count: int, stated: bool) -> None:
    assert states(quote, count, ("申请",)) is stated


@pytest.mark.parametrize(
    ("quote", "denied"),
    [
        ("未收取信息处理费", True),
        ("收取信息处理费 0 元", True),
        ("依据《信息处理费管理办法》，2023 年没有收取", True),
        ("免收信息处理费", True),
        ("收取信息处理费 300 元", False),
        ("不断规范信息处理费的收取", False),
        ("未作减免，收取信息处理费 300 元", False),
        ("未收取检索费用，收取信息处理费 300 元", None),
        ("对 3 件申请未收取信息处理费", True),
        ("（二）信息处理费收取情况。2023 年，我局未收取。", True),
        ("没有诉讼，依法收取信息处理费。", False),
        ("依法收取信息处理费。本年没有诉讼。", False),
    ],
)
def test_a_quote_denies_or_does_not(quote: str, denied: bool | None) -> None:
    assert denies(quote, ("处理费", "费用", "收取")) is denied


@pytest.mark.parametrize(
    ("quote", "named"),
    [
        ("2023年1月1日至12月31日", ["2023-01-01", "2023-12-31"]),
        ("2023年度（1月1日至12月31日）", ["2023-01-01", "2023-12-31"]),
        ("二〇二三年一月一日起，至同年十二月三十一日止", ["2023-01-01", "2023-12-31"]),
        ("2023.1.1—12.31", ["2023-01-01", "2023-12-31"]),
        ("from 1 January to 31 December 2023", ["2023-01-01", "2023-12-31"]),
        ("January 1 to December 31, 2023", ["2023-01-01", "2023-12-31"]),
        ("2022年12月5日印发，1月3日施行", ["2022-12-05"]),
        ("2023年2月30日", []),
        ("202020年12月31日", []),
        ("1月1日至2023年12月31日", ["2023-12-31"]),
    ],
)
def test_the_days_of_a_passage_are_whole_days(quote: str, named: list[str]) -> None:
    assert sorted(day.isoformat() for day in days(quote)) == named


@pytest.mark.parametrize(
    "quote", ["2023年1月9日", "二〇二三年一月九日", "9 January 2023", "2023-01-09", "2023 年 1 月 1 日至 9 日"]
)
def test_a_quote_states_a_day_in_digits_or_in_words(quote: str) -> None:
    assert states_date(quote, date(2023, 1, 9))
    assert not states_date(quote, date(2023, 3, 9))
    assert not states_date(quote, date(2022, 1, 9))


@given(st.text(alphabet="〇一二十0123年月日号至起-/.,，。未不收取费元申请 toJanuary《》\n\t", max_size=120))
@effort(max_examples=300, deadline=None)
def test_no_passage_breaks_what_is_asked_of_it(text: str) -> None:
    assert all(day.year for day in days(text))
    assert states(text, 3, ("申请",)) in (True, False)
    assert denies(text, ("费",)) in (True, False, None)
