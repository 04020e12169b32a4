"""What the source shows of each figure: its row, its line, its column; and where it does not show it, no figure."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agent import offline
from agent.document import CellPlace, load
from agent.evidence import gather
from agent.outcome import Accepted, Grade, NeedsReview, NotThisForm, Reason
from agent.pipeline import conclude
from tests.written import (
    LAYOUTS,
    OGI,
    SAMPLE,
    at,
    but,
    evidence_of,
    one_cell_a_line,
    outcome_of,
    read,
    row_of,
    spaced,
    with_row,
    zeros,
)  # fmt: skip

HEAD3 = "\t\t\t自然人\t法人或其他组织\t\t\t\t\t总计\n\t\t\t\t商业企业\t科研机构\t社会公益组织\t法律服务机构\t其他\t\n"
HEAD4 = "\t".join(["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"] * 3)
SUITS = "未经复议直接起诉\t\t\t\t\t复议后起诉"
HEAD2 = "信息内容\t本年制发件数\t本年废止件数\t现行有效件数"
CASES = "2\t1\t0\t1\t4\t1\t0\t0\t1\t2\t0\t0\t1\t0\t1"


# Rows.


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_row_stands_on_the_line_of_its_label(layout: str) -> None:
    document, evidence, _ = evidence_of(LAYOUTS[layout](SAMPLE))

    for path, words in (("table3.received.total", "一、本年新收"), ("table3.not_processed_repeat.total", "重复申请"),
                        ("table2.fees.amount_10k_yuan", "行政事业性收费")):  # fmt: skip
        place = evidence.place(path)
        assert place is not None
        assert words in document.lines[place.line - 1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_figures_are_read_in_every_layout(layout: str) -> None:
    outcome = read(LAYOUTS[layout](SAMPLE))

    assert isinstance(outcome, Accepted)
    assert {t: outcome.record[t] for t in OGI.tables} == {t: read(SAMPLE).record[t] for t in OGI.tables}


def test_every_figure_points_at_its_line_and_cell() -> None:
    document, evidence, reading = evidence_of(SAMPLE)

    for path, figure in reading.figures.items():
        assert figure.line is not None
        assert figure.cell is not None, path
        assert document.lines[figure.line - 1].split("\t")[figure.cell].strip() == figure.printed
    assert set(reading.figures) == set(evidence.cells)


def swap_lines(one: str, other: str) -> str:
    """The text with two lines exchanged."""
    lines = SAMPLE.split("\n")
    first, second = (next(i for i, line in enumerate(lines) if words in line) for words in (one, other))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2.重复申请", "3.要求提供公开出版物"),
        ("5.属于三类", "6.属于四类"),
        ("一、本年新收", "二、上年结转"),
        ("（七）总计", "四、结转"),
        ("行政处罚", "行政强制"),
        ("规章\t", "行政规范性文件"),
    ],
)
def test_rows_in_another_order_are_not_read_by_their_order(one: str, other: str) -> None:
    outcome, true = read(swap_lines(one, other)), read(SAMPLE).record

    assert isinstance(outcome, NeedsReview) or outcome.record == true


@pytest.mark.parametrize(
    "words", ["2.重复申请", "（七）总计", "一、本年新收政府信息公开申请数量\t", "行政处罚\t", "规章\t"]
)
def test_a_row_that_is_not_there_leaves_the_report_incomplete(words: str) -> None:
    outcome = read("\n".join(line for line in SAMPLE.split("\n") if words not in line))

    assert isinstance(outcome, NeedsReview)
    assert Reason.INCOMPLETE in outcome.reasons
    assert any("rows not found" in finding.message for finding in outcome.findings)


@pytest.mark.parametrize(
    "added", ["9.其他不予公开的情形\t1\t0\t0\t0\t0\t0\t1", "小计\t10\t1\t0\t0\t1\t0\t12", "\t\t\t10\t1\t0\t0\t1\t0\t12"]
)
def test_a_row_that_the_form_does_not_have_is_never_read_as_another(added: str) -> None:
    outcome = read(but(("\t（四）无\t", f"\t\t{added}\n\t（四）无\t")))

    assert isinstance(outcome, NeedsReview) or outcome.record == read(SAMPLE).record


def test_a_row_whose_figures_were_lost_is_no_row_of_zeros() -> None:
    outcome = read(with_row("一、本年新收", "").replace("公开申请数量\t\t\t\n", "公开申请数量\n"))

    assert isinstance(outcome, NeedsReview)
    assert row_of(outcome, "table3.received") == [None] * 7


@pytest.mark.parametrize("layout", [str, one_cell_a_line], ids=["tab", "lines"])
def test_figures_in_the_line_above_their_label_are_not_those_of_the_row_before(layout: type[str]) -> None:
    text = zeros()
    for label, count in (("一、本年新收", 2), ("予以公开", 1), ("（七）总计", 1), ("四、结转", 1)):
        text = with_row(label, f"{count} 0 0 0 0 0 {count}", text)
    above = re.sub(r"(?m)^([^\d\n][^\n]*?)((?:\t\d+){7})$", lambda row: f"{row[2].strip()}\n{row[1].strip()}", text)
    assert isinstance(read(text), Accepted)

    outcome = read(layout(above))

    assert isinstance(outcome, NeedsReview) or row_of(outcome, "table3.received")[0] == 2


# Columns.


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([("商业企业\t科研机构", "科研机构\t商业企业")], id="two kinds of applicant"),
        pytest.param([("法律服务机构\t其他", "其他\t法律服务机构")], id="the last kind"),
        pytest.param([(HEAD3, HEAD3.replace("自然人", "X").replace("其他\t\n", "自然人\t\n").replace("X", "其他"))],
                     id="the first and the last kind"),
        pytest.param([("本年制发件数\t本年废止件数", "本年废止件数\t本年制发件数")], id="issued and repealed"),
        pytest.param([("现行有效件数", "本年制发件数"), ("本年制发件数", "现行有效件数")], id="issued and in force"),
        pytest.param([(HEAD2, "信息内容\t本年新制作数量\t本年新公开数量\t对外公开总数量")],
                     id="heads of the other edition"),
        pytest.param([(HEAD4, HEAD4.replace("结果维持\t结果纠正", "结果纠正\t结果维持"))], id="results"),
        pytest.param([(HEAD4, HEAD4.replace("结果维持", "X").replace("尚未审结", "结果维持").replace("X", "尚未审结"))],
                     id="first and last result"),
        pytest.param([(SUITS, "复议后起诉\t\t\t\t\t未经复议直接起诉")], id="both kinds of suits"),
        pytest.param([("行政复议\t\t\t\t\t行政诉讼", "行政诉讼\t\t\t\t\t\t\t\t\t\t行政复议"),
                      (f"\t\t\t\t\t{SUITS}\t\t\t\t", SUITS + "\t" * 9)],
                     id="suits first"),
    ],
)  # fmt: skip
def test_columns_in_another_order_are_never_read_by_their_order(changes: list[tuple[str, str]]) -> None:
    outcome = read(but(*changes))

    assert isinstance(outcome, NeedsReview)
    assert Reason.UNREADABLE in outcome.reasons


def test_a_total_before_its_parts_is_not_read_as_the_first_part() -> None:
    text = zeros(but((HEAD3, "\t\t\t总计\t自然人\t商业企业\t科研机构\t社会公益组织\t法律服务机构\t其他\n")))
    for label in ("一、本年新收", "予以公开", "（七）总计"):
        text = with_row(label, "4 0 0 0 0 0 4", text)  # one kind of applicant alone: 其他

    assert isinstance(read(text), NeedsReview)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([("单位：万元", "单位：元"), ("128.45", "1284500")], id="header"),
        pytest.param([("128.45", "1284500元")], id="cell"),
    ],
)
def test_an_amount_in_another_unit_is_no_amount_in_ten_thousands(changes: list[tuple[str, str]]) -> None:
    outcome = read(but(*changes))

    assert isinstance(outcome, NeedsReview) or at(outcome.record, "table2.fees.amount_10k_yuan") < 1000


# OCR.


@pytest.mark.parametrize(
    "layout",
    [pytest.param(str, id="cells"), pytest.param(one_cell_a_line, id="lines"),
     pytest.param(spaced, id="spaces")],
)  # fmt: skip
def test_a_figure_read_by_ocr_with_doubt_that_no_sum_covers_is_not_accepted(layout: type[str]) -> None:
    document = load(layout(SAMPLE))
    places = {
        (number, index): CellPlace(1, None, 0.6)
        for number, line in enumerate(document.lines, 1)
        for index in range(line.count("\t") + 1)
    }
    scanned = replace(document, kind="image", cells=places)
    evidence = gather(scanned, OGI)

    outcome = conclude(scanned, evidence, offline.read(evidence), "offline")

    assert isinstance(outcome, NeedsReview)
    assert outcome.grades["table2.fees.amount_10k_yuan"] != Grade.READ
    assert outcome.grades["table3.received.total"] == Grade.PROVED


def test_a_figure_that_two_sure_readings_of_a_scan_agree_on_is_read_but_not_proved() -> None:
    document = load(SAMPLE)
    places = {
        (number, index): CellPlace(1, None, 0.95)
        for number, line in enumerate(document.lines, 1)
        for index in range(line.count("\t") + 1)
    }
    scanned = replace(document, kind="image", cells=places)
    evidence = gather(scanned, OGI)

    outcome = conclude(scanned, evidence, offline.read(evidence), "offline")

    assert isinstance(outcome, Accepted)
    assert outcome.grades["table2.fees.amount_10k_yuan"] == Grade.READ


# Which kind of report, which edition.


@pytest.mark.parametrize(
    "text",
    [
        "",
        "一份通知",
        "关于编制2023年政府信息公开工作年度报告的通知\n各科室：请于月底前报送总体情况、主动公开政府信息情况。\n",
        "\t0" * 500,
    ],
    ids=["nothing", "a notice", "a notice about the report", "zeros"],
)
def test_another_kind_of_document_is_refused_with_the_reason(text: str) -> None:
    outcome = outcome_of(text)

    assert isinstance(outcome, NotThisForm)
    assert outcome.why


def test_a_row_of_the_other_edition_makes_a_mixture() -> None:
    lines = SAMPLE.split("\n")
    three = [i for i, line in enumerate(lines) if re.search(r"（六）其他处理|2.申请人逾期|3.其他\t", line)]
    lines[three[0] : three[-1] + 1] = ["\t（六）其他处理\t" + "\t0" * 7]

    outcome = read("\n".join(lines))

    assert isinstance(outcome, Accepted)
    assert outcome.reading.variants == {"table2": "2021", "table3": "2019", "table4": ""}
    assert outcome.record["edition"] == "2021"
    assert row_of(outcome, "table3.other") == [0] * 7


def test_a_section_without_a_table_quotes_what_it_says_instead() -> None:
    table = SAMPLE[SAMPLE.index("行政复议\t\t\t\t\t行政诉讼") : SAMPLE.index("五、存在的主要")]

    outcome = read(but((table, "2023年度，我局未发生因政府信息公开引起的行政复议、行政诉讼案件。\n")))

    assert isinstance(outcome, NeedsReview)
    assert outcome.record["table4"] is None
    (told,) = [finding for finding in outcome.findings if finding.reason == Reason.INCOMPLETE]
    assert "我局未发生因政府信息公开引起的行政复议" in told.message
    assert told.lines == (SAMPLE[: SAMPLE.index(table)].count("\n") + 1,)


def test_sections_are_told_by_their_lines() -> None:
    document, evidence, _ = evidence_of(SAMPLE)

    found = evidence.section_lines()

    assert list(found) == [section.id for section in OGI.sections]
    for section in OGI.sections:
        first, last = found[section.id]
        assert any(title in document.lines[first - 1] for title in section.titles)
        assert first <= last
