"""Where each section stands, whatever its heading looks like; what only mentions a section is none."""

from __future__ import annotations

import time

import pytest

from agent.outcome import Accepted
from agent.segments import segment
from agent.squeeze import Squeezed
from tests.written import OGI, SAMPLE, but, glued, one_cell_a_line, read

TITLES = {
    "overview": "一、总体情况",
    "table2": "二、主动公开政府信息情况",
    "table3": "三、收到和处理政府信息公开申请情况",
    "table4": "四、政府信息公开行政复议、行政诉讼情况",
    "problems": "五、存在的主要问题及改进情况",
    "other": "六、其他需要报告的事项",
}


def starts(text: str) -> dict[str, str]:
    """The words that each section found begins with."""
    source = Squeezed.of(tuple(text.split("\n")))
    return {name: source.full[span.start :][:14].strip() for name, span in segment(source, OGI).items()}


def spans(text: str) -> dict[str, str]:
    """What each section found holds, from its heading on."""
    source = Squeezed.of(tuple(text.split("\n")))
    return {name: source.full[span.start : span.end] for name, span in segment(source, OGI).items()}


def test_the_sections_stand_in_the_order_of_the_form_and_follow_each_other() -> None:
    source = Squeezed.of(tuple(SAMPLE.split("\n")))

    found = segment(source, OGI)

    assert list(found) == list(TITLES)
    ends, begins = [s.end for s in found.values()], [s.start for s in found.values()]
    assert ends == [*begins[1:], len(source.full)]
    assert all(s.start < s.body < s.end and s.headed for s in found.values())


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize(
    "heading",
    [
        *("{bare}", "## {full}", "**{full}**", "（{number}）{bare}", "{number}. {bare}"),
        *("第{number}部分 {bare}", "  {full}：", "{digit}、{bare}"),
    ],
)
def test_a_heading_is_found_whatever_it_looks_like(name: str, heading: str) -> None:
    full = TITLES[name]
    number, bare = full.split("、", 1)
    digit = "一二三四五六".index(number) + 1

    text = but((full, heading.format(full=full, number=number, bare=bare, digit=digit)))

    assert list(spans(text)) == list(TITLES)
    outcome, true = read(text).record, read(SAMPLE).record
    assert {table: outcome[table] for table in OGI.tables} == {table: true[table] for table in OGI.tables}
    assert isinstance(read(text), Accepted)


@pytest.mark.parametrize(
    ("printed", "alias"),
    [
        (TITLES["table4"], "四、因政府信息公开工作被申请行政复议、提起行政诉讼情况"),
        (TITLES["problems"], "五、存在主要问题及改进情况"),
        (TITLES["overview"], "一、基本情况"),
        (TITLES["table2"], "二、主动公开政府信息的情况"),
        (TITLES["table3"], "二、收到和处理政府信息公开申请情况"),
    ],
)
def test_other_wordings_and_numbers_are_found(printed: str, alias: str) -> None:
    assert list(spans(but((printed, alias)))) == list(TITLES)


@pytest.mark.parametrize("name", ["table2", "table3", "table4"])
def test_a_table_without_its_heading_is_found_by_how_it_begins(name: str) -> None:
    text = but((TITLES[name] + "\n", ""))

    assert list(spans(text)) == list(TITLES)
    assert isinstance(read(text), Accepted)


def test_a_section_named_in_a_sentence_is_not_its_beginning() -> None:
    sections = "、".join(title.partition("、")[2] for title in TITLES.values())

    text = but(("所列数据的统计期限", f"本报告由{sections}六部分组成。所列数据的统计期限"))

    assert starts(text) == starts(SAMPLE)
    assert read(text).record == read(SAMPLE).record


def test_a_later_mention_does_not_move_a_section() -> None:
    text = but(("下一年将", "下一年将按收到和处理政府信息公开申请情况、主动公开政府信息情况逐项改进，并"))

    assert starts(text) == starts(SAMPLE)


@pytest.mark.parametrize(
    "layout", [glued, one_cell_a_line, lambda text: text.replace("\n", "")], ids=["glued", "lines", "one line"]
)
def test_sections_are_found_in_every_layout(layout: object) -> None:
    assert callable(layout)

    assert list(spans(layout(SAMPLE))) == list(TITLES)


def test_a_text_made_of_headings_costs_no_minutes() -> None:
    text = SAMPLE + "".join(TITLES.values()) * 3000
    began = time.monotonic()

    segment(Squeezed.of(tuple(text.split("\n"))), OGI)

    assert time.monotonic() - began < 10
