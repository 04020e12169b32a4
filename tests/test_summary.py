"""What is told: JSON for programs, words and tables for a person."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console, RenderableType

from agent import serial
from agent.language import GRADES, MESSAGES, REASONS, RULES, TEXTS, Language, choose, message
from agent.outcome import Accepted, Figure, Finding, Grade, NeedsReview, NotThisForm, Reading, Reason, Usage, Words
from agent.summary import as_json, for_review, of_check, plain
from agent.sums import check
from agent.tables import safe
from eval.cases import load_folder
from eval.evaluation import GOLD
from schemas import load
from tests.written import SAMPLE, but, outcome_of

FORM = load("ogi-annual-report")
KEYS = {"status", "form", "edition", "record", "findings", "grades", "unread", "reader", "usage", "document"}


def printed(parts: Iterable[RenderableType], width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_json_has_its_keys_and_no_others(accepted: Accepted, review: NeedsReview, refused: NotThisForm) -> None:
    assert set(as_json(accepted)) == KEYS
    assert set(as_json(review)) == KEYS | {"reasons"}
    assert set(as_json(refused)) == KEYS


def test_the_json_tells_what_a_program_needs(accepted: Accepted) -> None:
    told = json.loads(serial.write(as_json(accepted)))

    assert told["status"] == "accepted"
    assert told["record"]["table3"]["received"]["natural_person"] == 21
    assert told["grades"]["table3.received.total"] == "proved"
    assert told["usage"] == {"calls": 2, "input_tokens": 1200, "output_tokens": 340, "cost": 0.00123}
    assert told["document"] == {
        "sha256": accepted.document.sha256,
        "name": accepted.document.name,
        "encoding": accepted.document.encoding,
    }
    assert told["unread"] == ["problems"]
    assert told["findings"][0]["rule"] == "agreement"


def test_exact_decimals_stay_exact_in_the_json(accepted: Accepted) -> None:
    assert '"amount_10k_yuan": 7730.28}' in serial.write(as_json(accepted))


def test_another_kind_of_report_has_no_record_and_says_why(refused: NotThisForm) -> None:
    told = as_json(refused)

    assert (told["record"], told["edition"]) == (None, None)
    assert [finding["message"] for finding in told["findings"]] == ["no heading of the form"]


def test_a_failed_sum_is_told_in_words_and_numbers(review: NeedsReview) -> None:
    balance = next(
        e for e in FORM.equations(FORM.tables["table3"][0]) if e.name.endswith("carried out: natural_person")
    )
    finding = replace(review.findings[0], message=balance.name, cells=balance.paths)

    told = printed(plain(replace(review, findings=(finding,)), FORM, "zh"))

    assert "自然人：21 + 0 ≠ 20 + 0，差 1（一＋二＝三（七）＋四），第 3-4 行" in told


def test_a_contradicted_figure_is_marked_without_colour_too(review: NeedsReview) -> None:
    told = printed(plain(review, FORM, "zh"))

    row = next(line for line in told.splitlines() if line.startswith("一、本年新收"))
    assert "21✗" in row
    assert "\x1b" not in told


def test_the_tables_bear_the_labels_of_the_form_and_its_groups(accepted: Accepted) -> None:
    variants = {"table2": "2021", "table3": "2021", "table4": ""}

    told = printed(plain(replace(accepted, reading=replace(accepted.reading, variants=variants)), FORM, "zh"))

    for label in (
        "社会公益组织",
        "（六）其他处理",
        "第二十条第（八）项 信息内容",
        "行政事业性收费",
        "复议后起诉",
        "机关",
    ):
        assert label in told


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_width_hides_a_figure(accepted: Accepted, width: int, language: Language) -> None:
    paths = FORM.tables["table3"][0].all_paths()
    figures = {path: Figure(1000 + i, str(1000 + i), 1, "offline") for i, path in enumerate(paths)}
    full = replace(
        accepted, reading=replace(accepted.reading, figures=figures), grades=dict.fromkeys(figures, Grade.READ)
    )

    told = printed(plain(full, FORM, language), width)

    assert [value for value in range(1000, 1000 + len(paths)) if str(value) not in told] == []


def test_what_a_terminal_would_obey_is_neutralised(accepted: Accepted) -> None:
    evil = "\x1b[31m[red]局\x9b2J\u202e[/red]\x07\r"
    words = {"organization": Words(evil, evil, 1, "model")}
    document = replace(accepted.document, name=evil)
    finding = Finding("source", evil, ("table3.received.total",), warning=True)

    told = printed(
        plain(
            replace(
                accepted,
                reading=replace(accepted.reading, words=words),
                document=document,
                findings=(finding,),
                unread=(evil,),
                reader=evil,
            ),
            FORM,
            "en",
        )
    )

    assert "[red]局" in told
    assert not any(ord(char) < 32 and char != "\n" for char in told)
    assert not {"\x9b", "\u202e"} & set(told)


def test_many_unread_figures_are_told_by_row_and_table(review: NeedsReview) -> None:
    grid = FORM.tables["table4"][0]
    row = FORM.tables["table3"][0].rows[0]
    unread = ("problems", *grid.all_paths(), *FORM.tables["table3"][0].paths(row), "table3.carried_in.total")
    reading = replace(review.reading, variants={"table3": "2021", "table4": ""})

    told = printed(plain(replace(review, reading=reading, unread=unread), FORM, "en"))

    assert "Unread: problems, table4, received, carried in · total" in told


def test_a_form_that_is_gone_leaves_the_ids(accepted: Accepted) -> None:
    told = printed(plain(accepted, None, "zh"))

    assert "carried in" in told
    assert "7730.28" in told


def test_the_review_shows_the_lines_of_the_source_and_both_readings(review: NeedsReview) -> None:
    path = "table3.received.natural_person"
    second = Reading({path: Figure(27, "27", 3, "offline")}, {}, review.reading.variants)

    told = printed(
        for_review(replace(review, second=second, reader="model"), ["", "a", "收\t21\t\x1b", "转"], FORM, "en")
    )

    assert "     3  收 | 21 | \ufffd" in told
    row = next(line for line in told.splitlines() if "received · natural person" in line)
    assert row.split()[-4:] == ["21", "21", "27", "contradicted"]


def test_costs_are_told_as_known(accepted: Accepted) -> None:
    def told(used: Usage) -> str:
        return printed(plain(replace(accepted, usage=used), FORM, "en")).splitlines()[-1]

    assert told(Usage()) == "Reader: model　no model was called, nothing was paid"
    assert told(Usage(1, 10, 5)) == "Reader: model　model calls: 1, tokens: 10 in, 5 out, price unknown"
    assert told(Usage(1, 10, 5, Decimal("0.0000012"))).endswith(", 0.0000012 US dollars")


def test_a_check_says_that_nothing_was_matched_to_a_source() -> None:
    record = {"table4": {"reconsideration": {"upheld": 1, "corrected": 0, "other": 0, "pending": 0, "total": 2}}}

    told = printed(of_check(check(record, FORM), FORM, "en"))

    assert "reconsideration: 1 + 0 + 0 + 0 ≠ 2, difference 1 (four results = total)" in told
    assert "nothing was matched to a source" in told


def test_both_languages_are_complete() -> None:
    assert set(REASONS) == set(Reason)
    assert set(GRADES) == set(Grade)
    for chinese, english in [*TEXTS.values(), *REASONS.values(), *RULES.values(), *GRADES.values()]:
        assert chinese
        assert english.isascii() or {"✗", "≈", "≠"} & set(english)
        assert [*_slots(chinese)] == [*_slots(english)]
    assert all(MESSAGES.values())


def _slots(text: str) -> list[str]:
    import string

    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize(
    ("asked", "environ", "chosen"),
    [
        ("zh", {"GOUJI_LANG": "en"}, "zh"),
        (None, {"GOUJI_LANG": "zh", "LANG": "en_GB.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_that_asked_for_or_of_the_locale(
    asked: str | None, environ: dict[str, str], chosen: str
) -> None:
    assert choose(asked, environ) == chosen


def test_safe_keeps_every_letter_a_person_reads() -> None:
    assert safe("青岚县 A-1，（二）𠀀 é") == "青岚县 A-1，（二）𠀀 é"


def test_what_is_told_in_chinese_names_parts_units_rows_and_tables_in_chinese() -> None:
    lost = "\n".join(line for line in SAMPLE.split("\n") if "2.重复申请" not in line)
    turned = but(("商业企业\t科研机构", "科研机构\t商业企业"))

    told = "".join(printed(plain(outcome_of(text), FORM, "zh")) for text in (lost, turned))

    assert "地址 青岚县望江路 18 号；邮编 400399；电话 000-5550118" in told
    assert "本年收费金额 (万元)" in told
    assert "缺项: 2.重复申请: 原文中找不到这些行" in told
    assert "版式: 收到和处理政府信息公开申请情况: 各列的顺序与表式不同" in told
    assert "办法：对照 gouji forms ogi-annual-report 的表头" in told
    assert not set(re.findall(r"[A-Za-z_0-9.]{3,}", told)) & {"table3", "phone", "not_processed_repeat", "yuan"}


def test_in_english_units_and_parts_are_english() -> None:
    told = printed(plain(outcome_of(SAMPLE), FORM, "en"))

    assert "amount 10k yuan (10,000 yuan)" in told
    assert "address 青岚县望江路 18 号; postcode 400399" in told


@pytest.mark.parametrize(("language", "says"), [("zh", "无法核对的勾稽关系：1 项"), ("en", "could not be checked: 1")])
def test_a_sum_over_a_figure_read_with_doubt_is_told_as_not_checked(
    review: NeedsReview, language: Language, says: str
) -> None:
    (failed,) = review.findings
    unsure = replace(failed, reason=Reason.UNREADABLE, suspects=failed.cells[:1])

    told = printed(plain(replace(review, findings=(unsure,), reasons=(Reason.UNREADABLE,)), FORM, language))

    assert says in told
    assert ("未能确定读出：" if language == "zh" else "not read for sure: ") in told
    assert ("本身加总不符" if language == "zh" else "does not add up") not in told


def test_whatever_is_told_of_the_fixtures_has_its_chinese() -> None:
    outcomes = [outcome_of(case.text, case.form or FORM) for case in load_folder(GOLD)]
    told = {f.message for o in outcomes if not isinstance(o, NotThisForm) for f in o.findings if f.rule != "sum"}
    told |= {outcome.why for outcome in outcomes if isinstance(outcome, NotThisForm)}

    assert len(told) > 10
    assert {english for english in told if message("zh", english) == english} == set()
    assert all(message("en", english) == english for english in told)
