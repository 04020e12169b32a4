"""The printed rows of a table: found by their labels, also misprinted or broken ones, and never by another's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from agent.labels import find, parse_label, rows_found
from agent.outcome import Accepted, NeedsReview
from agent.squeeze import Squeezed, normal, squeeze
from schemas import Grid, Row
from schemas.ogi_annual_report import TABLE2_2021, TABLE3_2019, TABLE3_2021
from tests.written import SAMPLE, but, read, row_of


def rows(text: str, grid: Grid = TABLE3_2021) -> list[str]:
    """The rows found in a text, in the order in which they stand."""
    source = Squeezed.of(tuple(text.split("\n")))
    marks = find(source, grid, 0, len(source.full))
    assert [mark.start for mark in marks] == sorted(mark.start for mark in marks)
    return [grid.rows[mark.row].id for mark in marks if mark.row is not None]


def printed(grid: Grid, **instead: str) -> str:
    """The labels of a table with a figure behind each; ``instead``: other words for a row, '' = left out."""
    labels = {row.id: row.labels[0] for row in grid.rows} | instead
    return "\n".join(f"{label}\t{i}" for i, label in enumerate(labels.values()) if label)


ALL = [row.id for row in TABLE3_2021.rows]


# Labels by themselves.


@pytest.mark.parametrize(
    ("text", "core", "number"),
    [
        ("（七）总计", "总计", "七"),
        ("3.其他", "其他", "3"),
        ("一、本年新收政府信息公开申请数量", "本年新收政府信息公开申请数量", "一"),
        ("3.危及“三安全一稳定”", "危及三安全一稳定", "3"),
        ("规章", "规章", None),
        ("Total due", "totaldue", None),
        ("12.", "12", None),
    ],
)
def test_a_label_is_its_words_and_its_number(text: str, core: str, number: str | None) -> None:
    label = parse_label(text)

    assert (label.core, label.number) == (core, number)


def test_a_short_label_is_only_believed_behind_its_number() -> None:
    assert parse_label("3.其他").needs_number
    assert not parse_label("2.重复申请").needs_number


@given(st.text(max_size=40))
@settings(deadline=None)
def test_no_text_breaks_a_label_and_places_never_move(text: str) -> None:
    parse_label(text)
    assert len(normal(text)) == len(text)
    assert squeeze(squeeze(text)) == squeeze(text)


# Rows in a text.


@pytest.mark.parametrize("grid", [TABLE2_2021, TABLE3_2019, TABLE3_2021], ids=["table 2", "table 3 of 2019", "table 3"])
def test_the_official_labels_are_found_in_order(grid: Grid) -> None:
    assert rows(printed(grid), grid) == [row.id for row in grid.rows]


@pytest.mark.parametrize("row", ALL)
def test_a_row_that_is_not_printed_is_not_found_and_no_other_is_lost(row: str) -> None:
    found = rows(printed(TABLE3_2021, **{row: ""}))

    assert found == [other for other in ALL if other != row]


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ("refused_other_law", "2.其他法律行政止公开"),
        ("refused_other_law", "2．其他法律、行政法规 禁止公开"),
        ("partially_disclosed", "（二）部分公开"),
        ("refused_three_securities", '3.危及"三安全一稳定"'),
        ("received", "本年新收政府信息公开申请数量"),
        ("processed_total", "（七）合计"),
        ("other_reasons", "3. 其他"),
        ("not_processed_excessive", "4.无正当理由大\n量反复申请"),
        ("unavailable_needs_creation", "没有现成信息需要另行制作"),
        ("carried_out", "四、结转下年 度继续办理"),
        ("refused_enforcement_file", "l.属于行政执法案卷"),
    ],
)
def test_a_label_is_found_as_organs_print_it(row: str, label: str) -> None:
    assert rows(printed(TABLE3_2021, **{row: label})) == ALL


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([row for row in TABLE3_2021.rows if len(parse_label(row.labels[0]).core) > 7]), st.data())
def test_a_label_with_one_letter_misprinted_is_still_found(row: Row, data: st.DataObject) -> None:
    label = row.labels[0]
    letters = [i for i, letter in enumerate(label) if "㐀" <= letter <= "鿿"][1:]
    at = data.draw(st.sampled_from(letters))

    assert rows(printed(TABLE3_2021, **{row.id: label[:at] + "龘" + label[at + 1 :]})) == ALL


@pytest.mark.parametrize(
    ("words", "its"),
    [
        ("（区分处理的，只计这一情形，不计其他情形）", True),
        ("（区分处理的，只计这一情形，不他情形）", True),
        ("（区分处埋的，只计这一悄形，不计其他情形）", True),
        ("（其中当年受理的件数另见附件说明，不计在内）", False),
    ],
)
def test_a_label_ends_with_its_last_words_also_where_these_are_misprinted(words: str, its: bool) -> None:
    source = Squeezed.of((f"（二）部分公开{words}5771398265911820",))
    (mark,) = find(source, TABLE3_2021, 0, len(source.full))

    assert (source.full[mark.end :] == "5771398265911820") is its


@pytest.mark.parametrize("noise", ["关于其他情况的说明", "总计情况见下", "属于行政", "申请", "公开"])
def test_words_like_a_label_are_no_row(noise: str) -> None:
    assert rows(f"{noise}\t5\n{printed(TABLE3_2021, other_reasons='')}") == [r for r in ALL if r != "other_reasons"]


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ("refused_state_secret", "1.属于商业秘密"),
        ("not_processed_repeat", "2.恶意申请"),
        ("received", "一、本年新增其他事项数量"),
        ("carried_out", "四、移送其他机关办理"),
    ],
)
def test_the_label_of_another_kind_of_row_is_not_taken_for_a_misprint(row: str, label: str) -> None:
    assert row not in rows(printed(TABLE3_2021, **{row: label}))


def test_labels_told_in_a_sentence_before_the_table_are_not_its_rows() -> None:
    told = "其中：一、本年新收政府信息公开申请数量5件；二、上年结转政府信息公开申请数量1件；（一）予以公开3件。\n"
    source = Squeezed.of(tuple((told + printed(TABLE3_2021)).split("\n")))

    marks = find(source, TABLE3_2021, 0, len(source.full))

    assert rows_found(marks) == len(ALL)
    assert all(source.line(mark.start) > 1 for mark in marks if mark.row is not None)


# Rows in a report.


def test_a_group_label_broken_over_a_page_costs_no_row() -> None:
    outcome = read(SAMPLE)  # it prints （四）无 / 法提供 around a page footer

    assert isinstance(outcome, Accepted)
    assert row_of(outcome, "table3.unavailable_needs_creation") == [1, 0, 0, 0, 0, 0, 1]


def test_two_rows_with_one_label_are_not_both_read_as_it() -> None:
    outcome = read(but(("2.重复申请", "1.信访举报投诉类申请")))

    assert isinstance(outcome, NeedsReview) or outcome.record == read(SAMPLE).record


@pytest.mark.parametrize("label", ["规章", "行政许可", "行政处罚"])
def test_a_note_behind_the_table_that_names_a_row_is_not_that_row(label: str) -> None:
    outcome = read(but(("三、收到和处理", f"注：{label} 9 项由上级机关办理，未计入上表。\n\n三、收到和处理")))

    assert isinstance(outcome, NeedsReview) or outcome.record == read(SAMPLE).record
