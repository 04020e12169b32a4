"""Prose that patterns settle: whose report, which year and period, whom to ask, applications, the fee."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, load_folder
from eval.generator import generate
from eval.prose_scores import tallies, told
from schemas import load as load_form

GOLD = Path(__file__).parent.parent / "eval" / "gold"
PERIOD = "报告所列数据的统计期限为2023年1月1日至2023年12月31日。"
BODY = f"{PERIOD}\n一、总体情况\n"


def read(text: str) -> dict[str, Any]:
    """What the form's patterns read, by field."""
    form = load_form("ogi-annual-report")
    assert form.read_prose is not None
    return {name: quoted.value for name, quoted in form.read_prose(text).items()}


def titled(title: str) -> tuple[Any, Any]:
    """Organ and year of a report under this title, whose period is 2023."""
    found = read(f"{title}\n\n{BODY}")
    return found.get("organization"), found.get("year")


# Whose report, and for which year.


@pytest.mark.parametrize(
    "title",
    [
        "青岚县水务局2023年政府信息公开工作年度报告",
        "# 青岚县水务局\n\n## 2023 年政府信息公开工作年度报告",
        "青岚县水务局\n2023年政府信息公开\n工作年度报告",
        "青岚县水务局2023年度政府\n信息公开工作年度报告",
        "青岚县水务局2023年\n政府信息公开工作年度报告",
        "青岚县水务局关于2023年度政府信息公开工作情况的报告",
        "关于青岚县水务局2023年度政府信息公开工作情况的报告",
        "2023年青岚县水务局政府信息公开工作年度报告",
        "2023年度青岚县水务局政府信息公开工作报告",
        "青岚县水务局政府信息公开工作2023年度报告",
        "青岚县水务局政府信息公开2023年度报告",
        "青岚县水务局政府信息公开工作年度报告（2023年）",
        "青岚县水务局政府信息公开工作年度报告\n（2023年度）",
        "青岚县水务局二〇二三年政府信息公开工作年度报告",
        "青岚县水务局二○二三年度政府信息公开工作年度报告",
        "青岚县水务局二零二三年政府信息公开工作年度报告",
        "青岚县水务局二O二三年政府信息公开工作年度报告",
        "青岚县水务局２０２３年政府信息公开工作年度报告",
        "青 岚 县 水 务 局\n2023 年 政 府 信 息 公 开 工 作 年 度 报 告",
        "青岚县水务局2023年政府信息公开年报",
        "青岚县水务局2023年政府信息公开工作年度报",
        "青岚县水务局2023年政府信息公开工作年度报告（文字版）",
        "《青岚县水务局2023年政府信息公开工作年度报告》",
        "标题：青岚县水务局2023年政府信息公开工作年度报告",
        "当前位置：首页 > 政务公开 > 政府信息公开年报\n青岚县水务局2023年政府信息公开工作年度报告",
        "首页\n政府信息公开年报\n青岚县水务局2023年政府信息公开工作年度报告",
        "青岚县水务局2023年政府信息公开工作年度报告\n\n发布日期：2024-01-26 字号：[大 中 小] 打印",
        "2023年政府信息公开工作年度报告\n青岚县水务局\n（2024年1月20日）",
        "现发布《青岚县水务局2023年政府信息公开工作年度报告》。",
        "| 青岚县 | 水务局 |\n2023年政府信息公开工作年度报告",
        "附件2\n青岚县水务局2023年政府信息公开工作年度报告",
        "水务局2023年政府信息公开工作年度报告\n本报告由青岚县水务局编制。",
    ],
)  # fmt: skip
def test_a_title_names_organ_and_year_however_it_is_set(title: str) -> None:
    assert titled(title) == ("青岚县水务局", 2023)


@pytest.mark.parametrize(
    "line",
    [
        "上一篇：青岚县教育局2022年政府信息公开工作年度报告",
        "上一篇 青岚县教育局2022年政府信息公开工作年度报告",
        "上一条：青岚县教育局2023年政府信息公开工作年度报告",
        "下一篇:青岚县司法局2024年政府信息公开工作年度报告",
        "相关文章 青岚县教育局2023年政府信息公开工作年度报告",
        "相关链接：青岚县教育局2022年政府信息公开工作年度报告",
        "附件：青岚县教育局2022年政府信息公开工作年度报告",
        "附件1 青岚县教育局2022年政府信息公开工作年度报告.docx",
        "· 青岚县教育局2022年政府信息公开工作年度报告",
        "青岚县教育局2022年政府信息公开工作年度报告",
        "青岚县水务局2022年政府信息公开工作年度报告",
        "青岚县教育局2022年政府信息公开工作年度报告 2023-01-20",
        "青岚县教育局2023年政府信息公开工作年度报告解读",
        "青岚县人民政府办公室关于做好2023年政府信息公开工作年度报告编制发布工作的通知",
        "按照《青岚县人民政府2022年政府信息公开工作年度报告》的体例编写。",
        "二〇XX年政府信息公开工作年度报告",
    ],
)
def test_a_link_to_another_report_is_not_the_title(line: str) -> None:
    title = "青岚县水务局2023年政府信息公开工作年度报告"

    assert titled(f"{line}\n{title}") == ("青岚县水务局", 2023)
    assert titled(f"{title}\n{line}") == ("青岚县水务局", 2023)


def test_titles_of_two_years_leave_the_year_unread_where_no_period_decides() -> None:
    found = read(
        "青岚县教育局2022年政府信息公开工作年度报告\n青岚县水务局2023年政府信息公开工作年度报告\n一、总体情况\n"
    )

    assert "year" not in found
    assert "organization" not in found


def test_titles_of_two_organs_for_one_year_leave_the_organ_unread() -> None:
    found = titled("青岚县教育局2023年政府信息公开工作年度报告\n青岚县水务局2023年政府信息公开工作年度报告")

    assert found == (None, 2023)


def test_a_title_of_another_year_than_the_period_is_no_year() -> None:
    assert titled("青岚县水务局2022年政府信息公开工作年度报告") == ("青岚县水务局", None)


def test_a_link_alone_gives_neither_organ_nor_year_of_its_own() -> None:
    assert titled("上一篇：青岚县教育局2022年政府信息公开工作年度报告") == (None, 2023)


@pytest.mark.parametrize("year", ["二〇XX年", "二零某某年", "二〇 年", "20XX年", "XXXX年", "２０　　年"])
def test_a_title_that_was_not_filled_in_has_no_year(year: str) -> None:
    found = read(f"青岚县水务局{year}政府信息公开工作年度报告\n一、总体情况\n")

    assert "year" not in found


@pytest.mark.parametrize(
    ("title", "text", "organ"),
    [
        ("青岚县人民政府", "本报告由云汐市青岚县人民政府办公室编制。", "云汐市青岚县人民政府"),
        ("云汐市水务局", "如有疑问，请与望川省云汐市水务局联系。", "望川省云汐市水务局"),
        ("水务局", "现公布《云汐市青岚县水务局指南》。", "云汐市青岚县水务局"),
        ("青岚县水务局", "一年来，推进云汐市青岚县水务局各项工作。", "青岚县水务局"),
        ("青岚县水务局", "接受我市青岚县水务局和全省水务系统监督。", "青岚县水务局"),
        ("青岚县水务局", "由望川市青岚县水务局和云汐市青岚县水务局编写，与云汐市青岚县水务局联系。", "青岚县水务局"),
        ("云汐市", "云汐市人民政府编制本报告。", "云汐市人民政府"),
        ("云汐市", "市政府办公室编制本报告。", None),
        ("荷塘镇", "本报告由荷塘镇编制。", "荷塘镇"),
        ("荷塘镇", "请与荷塘镇人民政府联系。", "荷塘镇人民政府"),
        ("竹里街道", "请与青岚县竹里街道办事处联系。", "青岚县竹里街道办事处"),
        ("区人力社保局", "本报告由我局编制。", None),
        ("市中区教育局", "本报告由我局编制。", "市中区教育局"),
        ("人民政府办公室", "本报告由我办编制。", None),
        ("青岚县水务局（河长制办公室）", "本报告由我局编制。", "青岚县水务局（河长制办公室）"),
    ],
)
def test_the_organ_is_named_as_fully_as_the_text_names_it(title: str, text: str, organ: str | None) -> None:
    found = read(f"{title}2023年政府信息公开工作年度报告\n{text}{BODY}")

    assert found.get("organization") == organ


# The period.


@pytest.mark.parametrize(
    "text",
    [
        "统计期限为2023年1月1日至2023年12月31日。",
        "统计期限自 2023 年 1 月 1 日起，至 12 月 31 日止。",
        "所列数据自2023年1月1日起到同年12月31日止。",
        "数据统计时段：2023年1月1日——2023年12月31日。",
        "统计期限为二〇二三年一月一日至二〇二三年十二月三十一日。",
        "本报告中的数字，起于2023年1月1日，止于2023年12月31日。",
        "按照2022年1月1日起施行的规定，数据统计期限为2023年1月1日至12月31日。",
        "2023年3月1日至5月31日开展专项行动。数据统计期限为2023年1月1日至12月31日。",
    ],
)
def test_the_period_is_read_where_the_text_states_it(text: str) -> None:
    found = read(f"青岚县水务局2023年政府信息公开工作年度报告\n{text}\n一、总体情况\n")

    assert (found["period_start"], found["period_end"]) == (date(2023, 1, 1), date(2023, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "2023年3月1日至5月31日开展专项行动。",
        "统计期限为2023年1月1日至202023年12月31日。",
        "统计期限为2023年1月1日至2023年13月31日。",
        "统计期限为2023年12月31日至2023年1月1日。",
        "统计期限为2023年1月1日至12月31日。数据统计期限为2022年1月1日至12月31日。",
    ],
)
def test_what_is_no_period_of_the_figures_is_not_read_as_one(text: str) -> None:
    found = read(f"青岚县水务局政府信息公开工作年度报告\n{text}\n一、总体情况\n")

    assert not {"period_start", "period_end", "year"} & set(found)


# Whom to ask.


def contact(text: str) -> dict[str, str]:
    """The parts of the contact that are read, spaces as printed."""
    found = read(f"青岚县水务局2023年政府信息公开工作年度报告\n{text}\n一、总体情况\n").get("contact") or {}
    return {name: part for name, part in found.items() if part}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "请与我局联系（地址：青岚县松涛路7号，邮编：400388，电话：0999—5550142，电子邮箱：slj@qinglan.example）。",
            {"address": "青岚县松涛路7号", "postcode": "400388", "phone": "0999—5550142",
             "email": "slj@qinglan.example"},
        ),
        (
            "请联系青岚县水务局办公室（联系电话：0999-5550142；地址：青岚县松涛路7号（县政府院内）2号楼3楼 ）。",
            {"address": "青岚县松涛路7号（县政府院内）2号楼3楼", "phone": "0999-5550142"},
        ),
        (
            "联系地址：青岚县松涛路7号（水务大厦）\n邮政编码：400388\n电话（传真）：0999 555 0142\n",
            {"address": "青岚县松涛路7号（水务大厦）", "postcode": "400388", "phone": "0999 555 0142"},
        ),
        ("联系电话：(0999)5550142转8012。", {"phone": "(0999)5550142转8012"}),
        ("联系方式：0999-5550142，传真：0999-5550143。", {"phone": "0999-5550142"}),
        ("咨询电话：09995550142，监督电话：0999-5550199。", {"phone": "09995550142"}),
        ("请与我局联系（地址青岚县松涛路7号,邮编400388）。", {"address": "青岚县松涛路7号", "postcode": "400388"}),
        (
            "本报告可在网站（http://www.qinglan.gov.cn/xxgk/）查阅。请联系我局，邮箱：slj@qinglan.example。",
            {"email": "slj@qinglan.example", "website": "http://www.qinglan.gov.cn/xxgk/"},
        ),
        ("联系地址：松涛路 7\n号，电话：0999-5550142。", {"address": "松涛路 7号", "phone": "0999-5550142"}),
    ],
)  # fmt: skip
def test_a_contact_is_read_as_printed(text: str, parts: dict[str, str]) -> None:
    assert contact(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "联系电话：0999-5550142、5550143。",
        "联系电话：0999-5550142，值班电话：0999-5550188。",
        "下载地址：青岚县人民政府网站村镇栏目。",
        "联系邮编：4003881。",
        "联系电话：5550142 2号楼。",
        "联系电话：0999-5550142\n2号楼。",
        "| 联系电话 | 5550142 | 2 |",
        "联系电话：0999-5550142/5550143。",
        "联系邮箱：slj @qinglan.example。",
        "按照地址寄给各乡镇申请人。",
        "监督电话：0999-5550142，联系人：办公室。",
        "联系热线：12345。",
        "联系地址：青岚县松涛路7号\n本报告共分六个部分编写，请查阅。",
    ],
)
def test_a_contact_that_is_not_plain_is_left_out(text: str) -> None:
    assert contact(text) == {}


# What was published.


def published(text: str) -> Any:
    """What was published as read from the overview, by channel."""
    title = "青岚县水务局2023年政府信息公开工作年度报告"
    found = read(f"{title}\n{PERIOD}\n一、总体情况\n{text}\n二、主动公开政府信息情况\n").get("published")
    return found and {entry["channel"]: (entry["count"], entry["approximate"], entry["parts"]) for entry in found}


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("2023年度，我局主动公开政府信息1564条。", {None: (1564, False, [])}),
        ("（一）主动公开情况。通过县政府网站发布动态等各类信息 19 条，通过微信公众号发布信息 306 余条。推送信息306条。",
         {"县政府网站": (19, False, []), "微信公众号": (306, True, [])}),
        ("我局在青岚县人民政府网站主动公开信息 1,204 条。接待来访 3 人次。",
         {"青岚县人民政府网站": (1204, False, [])}),
        ("全年通过县政府门户网站公开水务信息 6 条，其中：工作动态 3 条，通知公告 2 条、政策文件及解读 1 条。",
         {"县政府门户网站": (6, False, [{"name": "工作动态", "count": 3}, {"name": "通知公告", "count": 2},
                                        {"name": "政策文件及解读", "count": 1}])}),
        ("主动公开政府信息 6 条。收到政府信息公开申请 3 件，其中自然人 2 件。", {None: (6, False, [])}),
    ],
)  # fmt: skip
def test_what_was_published_is_read_where_every_count_is_plain(text: str, entries: dict[str, Any]) -> None:
    assert published(text) == entries


@pytest.mark.parametrize(
    "text",
    [
        "全年通过县政府网站发布信息 6 条，其中：工作动态 3 条，通知公告 2 条。",
        "全年通过县政府网站发布信息 6 条，其中通过微信公众号转载 6 条。",
        "全年通过县政府网站发布信息 6 条。我局共公开信息 50 条。",
        "全年主动公开政府信息 6 条，公开规范性文件 3 件。",
        "通过县政府网站、微信公众号等渠道主动公开政府信息 6 条。",
        "信息通过微信公众号公开，全年主动公开政务信息共 150 余条。",
        "2022年通过县政府网站公开信息 6 条。",
        "通过县政府网站公开信息 6 条，制作政策解读 3 条。",
        "通过县政府网站公开信息 6 条，另通过县政府网站公开信息 9 条。",
        "收到留言 6 条。",
    ],
)
def test_counts_that_are_not_plain_leave_unread_what_was_published(text: str) -> None:
    assert published(text) is None


# Applications received.


def received(text: str) -> Any:
    """The count of applications that is read from the overview."""
    title = "青岚县水务局2023年政府信息公开工作年度报告"
    return read(f"{title}\n{PERIOD}\n一、总体情况\n{text}\n二、主动公开政府信息情况\n").get("requests_received")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2023年，我局受理依申请公开政府信息 0 件。", 0),
        ("2023年收到公民提交的政府信息公开申请 1 件，且未收到因政府信息公开申请引起的行政复议。", 1),
        ("全年共受理政府信息公开申请18件，均按期答复。", 18),
        ("我局收到并答复政府信息公开申请45件，其中予以公开19件。", 45),
        ("共收到依申请公开 1,204 件。", 1204),
        ("全年未收到政府信息公开申请。", 0),
        ("未收到公民、法人及其他组织向我局提出的政府信息公开申请情况且无因政府信息公开申请引起的行政复议。", 0),
        ("（二）依申请公开情况。2023年，我局未收到申请。", 0),
        ("截至2023年12月31日，我局未收到公众要求公开政府信息的申请。", 0),
        ("全年未收到依申请公开件。", 0),
        ("未收到和处理政府信息公开申请。", 0),
        ("2023年度我局收到依申请公开政府信息0条。", 0),
        ("共收到12件政府信息公开申请。", 12),
        ("2023年收到政府信息公开申请数量为3件。", 3),
        ("（二）依申请公开情况。全年收到公民提出的申请 4 件。", 4),
        ("我镇未收到依申请公开请求；没有发生投诉。", 0),
    ],
)
def test_applications_are_counted_where_the_text_counts_them_all(text: str, count: int) -> None:
    assert received(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "未收到因政府信息公开申请引起的行政复议。",
        "全年未收到政府信息公开申请引起的行政复议、行政诉讼。",
        "未收到公民因政府信息公开申请提起的诉讼。",
        "未收到行政复议申请。",
        "未收到网上政府信息公开申请。",
        "受理困难群众救助申请 12 件。",
        "受理行政许可申请 300 件。",
        "收到当面申请 3 件、网络申请 4 件。",
        "收到网站政府信息公开申请 3 件，信函申请 4 件。",
        "收到政府信息公开申请较上年减少 5 件。",
        "收到上年结转政府信息公开申请 2 件。",
        "2022年收到政府信息公开申请 5 件。",
        "第四季度未收到政府信息公开申请。",
        "收到政府信息公开申请近 30 件。",
        "收到政府信息公开申请 30 余件。",
        "收到政府信息公开申请 3 件。全年受理政府信息公开申请 4 件。",
        "办公地点公布受理政府信息公开申请的电话。",
        "三、收到和处理政府信息公开申请情况2023年",
        "没有收到反映政府信息公开申请办理问题的投诉。",
        "收到12件政府信息公开申请办理方面的投诉。",
        "（二）依申请公开情况。受理群众咨询申请 12 件。",
        "受理政府信息公开申请 45 件（含上年结转 3 件）。",
    ],
)
def test_a_count_of_anything_else_is_no_count_of_applications(text: str) -> None:
    assert received(text) is None


# The fee.


def fee(text: str) -> Any:
    """Whether a fee was charged, as read."""
    title = "青岚县水务局2023年政府信息公开工作年度报告"
    return read(f"{title}\n{PERIOD}\n六、其他需要报告的事项\n{text}\n").get("information_fee_charged")


@pytest.mark.parametrize(
    ("text", "charged"),
    [
        ("2023年度未收取信息处理费。", False),
        ("2023年，在办理政府信息公开申请中，没有收取政府信息公开信息处理费。", False),
        ("依据《政府信息公开信息处理费管理办法》规定，2023年我单位不存在收取信息处理费等情况。", False),
        ("在办理依申请公开工作中，未向申请人收取任何费用。", False),
        ("全年收取政府信息公开信息处理费0元。", False),
        ("信息处理费收取情况：无。", False),
        ("本年度未产生信息处理费。", False),
        ("全年收取政府信息公开信息处理费3940元。", True),
        ("2023年共收取信息处理费 120.5 元，已全部上缴国库。", True),
        ("信息处理费总金额为 0.00 元。", False),
    ],
)
def test_a_fee_is_read_where_the_text_says_whether_one_was_charged(text: str, charged: bool) -> None:
    assert fee(text) is charged


@pytest.mark.parametrize(
    "text",
    [
        "依申请公开政府信息不收取任何费用。",
        "无违规收取信息处理费问题。",
        "申请人未缴纳信息处理费的，不再处理。",
        "申请人逾期未按收费通知要求缴纳信息处理费。",
        "按照《政府信息公开信息处理费管理办法》，超过30件的收取信息处理费100元/件。",
        "2022年未收取信息处理费。",
        "未收取检索、复制、邮寄信息公开费用。",
        "全年收取信息处理费300元。其余申请未收取信息处理费。",
        "无其他需要报告的事项。",
        "无锡市依法收取信息处理费。",
        "未来将依法收取信息处理费。",
        "没有按时公示信息处理费标准。",
        "未规范收取信息处理费。",
    ],
)
def test_a_rule_about_fees_does_not_say_that_one_was_charged_or_not(text: str) -> None:
    assert fee(text) is None


# The patterns held against every text whose truth is known.


def wrong(cases: Iterable[Case]) -> list[str]:
    """What the patterns read otherwise than the truth says."""
    return [text for tally in tallies(cases, load_form("ogi-annual-report")) for text in tally.wrong]


def test_nothing_is_read_wrong_in_the_fixtures_and_in_generated_reports() -> None:
    assert wrong(load_folder(GOLD)) == []
    assert wrong(map(generate, range(60))) == []


def test_nothing_is_read_wrong_in_real_reports(reports: Path) -> None:
    assert wrong(load_folder(reports)) == []


def test_the_scores_count_what_is_read_right_wrong_and_not_at_all() -> None:
    title = "青岚县水务局2023年政府信息公开工作年度报告\n"
    case = Case(title, "accepted", {"organization": "青岚县水务局", "year": 2022, "requests_received": 3}, name="x")

    organ, year, *_, received = (
        one for one in tallies([case], load_form("ogi-annual-report")) if one.name in case.record
    )

    assert (organ.precision, organ.recall) == (1.0, 1.0)
    assert (year.precision, year.recall, len(year.wrong)) == (0.0, 0.0, 1)
    assert (received.precision, received.recall) == (None, 0.0)
    assert "year is 2022, read 2023" in told([organ, year, received])
