"""What patterns settle in the prose of an annual report: as stated, with the words that carry it, or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from schemas.ogi_prose import read_prose
from tests.written import SAMPLE, but

TITLE = "青岚县水务局\n2023 年政府信息公开工作年度报告\n"


def said(text: str, field: str) -> Any:
    """What the text says of a field; 'unread' where no pattern settles it."""
    found = read_prose(text)
    return found[field].value if field in found else "unread"


def with_body(body: str) -> str:
    """A report with this sentence in its overview."""
    return f"{TITLE}\n一、总体情况\n{body}\n二、主动公开政府信息情况\n第二十条第（一）项\n规章\t0\t0\t0\n"


def test_the_sample_is_read_field_by_field() -> None:
    assert {name: quoted.value for name, quoted in read_prose(SAMPLE).items()} == {
        "organization": "青岚县水务局",
        "year": 2023,
        "period_start": date(2023, 1, 1),
        "period_end": date(2023, 12, 31),
        "contact": {
            "address": "青岚县望江路 18 号",
            "postcode": "400399",
            "phone": "000-5550118",
            "email": "gongkai@qinglan-water.example",
            "website": None,
        },
        "published": [
            {
                "channel": "县政府门户网站",
                "count": 214,
                "approximate": False,
                "parts": [
                    {"name": "工作动态", "count": 131},
                    {"name": "通知公告", "count": 58},
                    {"name": "政策文件及解读", "count": 25},
                ],
            }
        ],
        "requests_received": 42,
        "information_fee_charged": False,
    }


def test_every_value_comes_with_its_words_and_their_place() -> None:
    text = SAMPLE.replace("\n", "")

    for quoted in read_prose(SAMPLE).values():
        assert quoted.quote in text.replace("\n", "")
        assert SAMPLE[quoted.at :].replace("\n", "").startswith(quoted.quote[:10])


def test_of_nothing_nothing_is_said() -> None:
    assert read_prose("") == {}
    assert read_prose("一份通知，2023 年 5 月 3 日发出") == {}


@settings(deadline=None, max_examples=150)
@given(
    st.text("青岚县水务局政府信息公开工作年度报告2〇二三零XO月日电话：地址邮编0-1@.件申请收到未费\n（）", max_size=80)
)
def test_no_text_breaks_the_patterns(text: str) -> None:
    for whole in (text, TITLE + text):
        assert all(quoted.quote for quoted in read_prose(whole).values())


# Organ and year.


@pytest.mark.parametrize(
    ("title", "organ", "year"),
    [
        ("青岚县水务局2023年政府信息公开工作年度报告", "青岚县水务局", 2023),
        ("青岚县水务局 2023 年度政府信息公开年度报告", "青岚县水务局", 2023),
        ("# 青岚县水务局二〇二三年政府信息公开工作年度报告", "青岚县水务局", 2023),
        ("二○二三年度\n青岚县水务局政府信息公开工作报告", "青岚县水务局", 2023),
        ("青岚县水务局\n关于2023年度政府信息公开工作情况的报告", "青岚县水务局", 2023),
        ("青岚县水务局政府信息公开工作年度报告（2023年度）", "青岚县水务局", 2023),
        ("青岚县人民政府2020年政府信息公开工作年度报告", "青岚县人民政府", 2020),
    ],
)
def test_organ_and_year_stand_in_the_title(title: str, organ: str, year: int) -> None:
    text = f"{title}\n\n一、总体情况\n2019年以来，本局不断改进。\n"

    assert said(text, "organization") == organ
    assert said(text, "year") == year


def test_a_province_or_city_that_the_text_puts_before_the_name_belongs_to_it() -> None:
    text = f"{TITLE}本报告由河东省临江市青岚县水务局编制。\n"

    assert said(text, "organization").endswith("青岚县水务局")


@pytest.mark.parametrize("year", ["二〇XX", "二〇某某", "二零一x"])
def test_a_year_that_was_never_filled_in_is_unread(year: str) -> None:
    assert said(f"青岚县水务局{year}年政府信息公开工作年度报告\n", "year") == "unread"


def test_the_title_of_another_report_before_it_is_not_its_own() -> None:
    text = f"上一篇：赤岭县教育局2022年政府信息公开工作年度报告\n{SAMPLE}"

    assert said(text, "year") in (2023, "unread")
    assert said(text, "organization") in ("青岚县水务局", "unread")


# The period.


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("自2023年1月1日起至2023年12月31日止", date(2023, 12, 31)),
        ("2023 年 1 月 1 日至 12 月 31 日", date(2023, 12, 31)),
        ("2023年1月1日—2023年12月31日", date(2023, 12, 31)),
        ("２０２３年１月１日至同年１１月３０日", date(2023, 11, 30)),
    ],
)
def test_the_period_is_read_where_it_is_written_out(words: str, end: date) -> None:
    text = f"{TITLE}本报告所列数据的统计期限{words}。\n"

    assert said(text, "period_start") == date(2023, 1, 1)
    assert said(text, "period_end") == end


@pytest.mark.parametrize("words", ["2023年度", "2023年1月至12月", "自2023年2月30日至2023年12月31日", "12月31日"])
def test_a_period_that_is_not_written_out_is_unread(words: str) -> None:
    text = f"{TITLE}本报告所列数据的统计期限为{words}。\n"

    assert said(text, "period_start") == said(text, "period_end") == "unread"


# Contact.


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("联系电话：0517-5550118。", "phone", "0517-5550118"),
        ("电话：(0517)5550118，", "phone", "(0517)5550118"),
        ("联系电话 13800000000。", "phone", "13800000000"),
        ("邮政编码：223100，", "postcode", "223100"),
        ("邮编:223100;", "postcode", "223100"),
        ("电子邮箱：a.b@example.gov.cn）", "email", "a.b@example.gov.cn"),
    ],
)
def test_contact_is_as_printed(words: str, field: str, value: str) -> None:
    text = f"{TITLE}如有疑问，请联系办公室（地址：青岚县望江路18号，{words}\n"

    assert said(text, "contact")[field] == value
    assert said(text, "contact")["address"] == "青岚县望江路18号"


@pytest.mark.parametrize("words", ["邮编：12345，", "邮编：1234567，", "电话：123，", "电话：请查网站，"])
def test_what_is_no_number_of_its_kind_is_no_contact(words: str) -> None:
    contact = said(f"{TITLE}请联系办公室（{words}）\n", "contact")

    assert contact == "unread" or not (contact["postcode"] or contact["phone"])


# Counts and fees.


@pytest.mark.parametrize(
    ("sentence", "count"),
    [
        ("2023年收到政府信息公开申请42件。", 42),
        ("全年共受理依申请公开政府信息 7 件，均已办结。", 7),
        ("本年度未收到政府信息公开申请。", 0),
        ("没有收到公民、法人的信息公开申请", 0),
        ("收到申请多件。", "unread"),
        ("收到政府信息公开申请42件。另收到政府信息公开申请3件。", "unread"),
        ("收到来信来访 30 件，答复 30 件。", "unread"),
    ],
)
def test_requests_received_are_those_every_sentence_says(sentence: str, count: int | str) -> None:
    assert said(with_body(sentence), "requests_received") == count


@pytest.mark.parametrize(
    ("sentence", "charged"),
    [
        ("本年度未收取信息处理费。", False),
        ("没有产生信息处理费用", False),
        ("收取政府信息公开信息处理费 120 元。", True),
        ("收取信息处理费0元。", False),
        ("严格落实信息处理费管理办法。", "unread"),
        ("未收取信息处理费。但依法收取信息处理费300元。", "unread"),
    ],
)
def test_a_fee_was_charged_or_not_as_every_sentence_says(sentence: str, charged: bool | str) -> None:
    assert said(with_body(sentence), "information_fee_charged") == charged


def test_figures_inside_the_tables_are_no_prose() -> None:
    text = but(("收到政府信息公开申请 42 件，", "办理申请若干，"))

    assert said(text, "requests_received") == "unread"
