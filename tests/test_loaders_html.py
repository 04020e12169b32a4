"""Web pages come in as lines: cells kept, navigation left out, nothing of a table lost."""

from __future__ import annotations

import pytest

from agent.document import Document, load
from agent.errors import InputError


def page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def read(body: str, head: str = "") -> Document:
    return load(page(body, head), name="report.html")


def rows(body: str) -> list[list[str]]:
    return [line.split("\t") for line in read(body).lines if "\t" in line]


TABLES = [
    pytest.param(
        "<table><tr><td rowspan=2>信息内容</td><td colspan=2>件数</td></tr><tr><td>甲</td><td>1</td></tr></table>",
        [["信息内容", "件数", ""], ["", "甲", "1"]],
        id="a merged cell's text stands once, the rest of its span is empty",
    ),
    pytest.param(
        "<table><tr><td>规章<td>1<td>2<tr><td>行政<br>许可<td>550</table>",
        [["规章", "1", "2"], ["行政许可", "550"]],
        id="end tags may be missing, and a row with too few cells stays short",
    ),
    pytest.param(
        "<table><tr><td>三、本年度</td><td>12<br>34</td></tr></table>",
        [["三、本年度", "12 34"]],
        id="figures on two lines of a cell do not become one",
    ),
    pytest.param(
        "<table><tr><td>政府\n   信息</td><td>&nbsp;0&nbsp;</td><td></td></tr></table>",
        [["政府信息", "0", ""]],
        id="the page's own line ends are no spaces between Chinese characters",
    ),
    pytest.param(
        "<table><tr><td>左</td><td><table><tr><td>甲</td><td>1</td></tr></table></td></tr></table>",
        [["甲", "1"]],
        id="a table in a layout table comes in reading order",
    ),
    pytest.param(
        "<table><tr><td>甲</td><td><table><tr><td>1</td></tr></table></td></tr></table>",
        [["甲", "1"]],
        id="a frame of one cell is the text of the cell around it",
    ),
    pytest.param(
        "<table><tr><td rowspan=2>甲</td><td>1</td></tr><tr></tr><tr><td>乙</td><td>2</td></tr></table>",
        [["甲", "1"], ["乙", "2"]],
        id="a merged cell may end in a row without cells",
    ),
    pytest.param(
        "<table><tr><td rowspan=0>甲</td><td>1</td></tr><tr><td>2</td></tr></table>",
        [["甲", "1"], ["", "2"]],
        id="rowspan 0 reaches to the end",
    ),
    pytest.param(
        "<table><tr><td>甲</td><td>1</td></tr></div><tr><td>乙</td><td>2</td></tr></table>",
        [["甲", "1"], ["乙", "2"]],
        id="a stray end tag does not end the table",
    ),
    pytest.param(
        '<nav><a href="/">首页</a><table><tr><td>甲</td><td>1</td></tr></table></nav>',
        [["甲", "1"]],
        id="a table is kept even inside navigation",
    ),
    pytest.param(
        "<div style='display:none'><table><tr><td>甲</td><td>9</td></tr></table></div>"
        "<table><tr><td>甲</td><td>1</td></tr></table>",
        [["甲", "1"]],
        id="a hidden table beside one that is seen is not read",
    ),
    pytest.param(
        "<div style='display: none'><table><tr><td>甲</td><td>9</td></tr></table></div>",
        [["甲", "9"]],
        id="a hidden table that is the only one is kept",
    ),
]


@pytest.mark.parametrize(("body", "expected"), TABLES)
def test_a_table_keeps_its_cells(body: str, expected: list[list[str]]) -> None:
    assert rows(body) == expected


def test_a_paragraph_is_a_line() -> None:
    document = read("<div><p>一、总体情况<p>本局公开<b>19</b>条。<br>二、其他</div>")

    assert document.lines == ("一、总体情况", "本局公开19条。", "二、其他")


def test_an_empty_line_that_is_seen_is_a_line() -> None:
    document = read("<p>甲</p><p>&nbsp;</p><p></p><p>乙<br></p><p>丙<br><br>丁</p>")

    assert document.lines == ("甲", "", "乙", "丙", "", "丁")


def test_text_set_by_its_spaces_keeps_them() -> None:
    document = read("<p>一、</p><pre>甲    件数\n\n乙\t1\t2</pre>")

    assert document.lines == ("一、", "甲    件数", "", "乙\t1\t2")


def test_menus_scripts_and_lines_of_links_around_the_article_are_left_out() -> None:
    document = read(
        "<script>var a = '<p>脚本</p>'</script><style>p{}</style><ul><li><a>首页</a><li><a>政务公开</a></ul>"
        "<p>本报告由青岚县水务局根据《中华人民共和国政府信息公开条例》编制，统计期限为一年。</p>"
        "<p><a>附件</a></p><p>六、其他需要报告的事项：本年度没有其他需要报告的事项，特此说明如上。</p><p><a>联系我们</a></p>"
    )

    assert [line[:4] for line in document.lines] == ["本报告由", "附件", "六、其他"]


def test_the_page_title_comes_first_where_the_text_does_not_say_it() -> None:
    head = '<title>青岚县政府</title><meta name="ArticleTitle" content="水务局2023年年度报告">'

    assert read("<p>一、总体情况</p>", head).lines == ("水务局2023年年度报告", "一、总体情况")
    assert read("<h1>水务局2023年年度报告</h1><p>一、</p>", head).lines == ("水务局2023年年度报告", "一、")


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "utf-8", "gb18030", None])
@pytest.mark.parametrize("real", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_what_the_bytes_are_counts_more_than_what_the_page_declares(declared: str | None, real: str) -> None:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""
    data = page("<p>信息公开喆㙍</p>", meta).decode().encode(real)

    assert load(data, name="report.html").lines == ("信息公开喆㙍",)


@pytest.mark.fault("encodings")
def test_a_page_in_big5_is_read_when_it_says_so() -> None:
    data = page("<p>資訊公開</p>", '<meta charset="big5">').decode().encode("big5")

    document = load(data, name="report.html")

    assert (document.lines, document.encoding, document.kind) == (("資訊公開",), "big5", "html")


def test_a_text_with_html_tables_in_it_keeps_its_lines() -> None:
    text = "# 报告\n\n一、总体情况\n<table><tr><td>甲</td><td>1</td></tr></table>\n二、其他\n"

    lines = [line for line in load(text.encode(), name="report.md").lines if line]

    assert lines == ["# 报告", "一、总体情况", "甲\t1", "二、其他"]


HOSTILE = [
    pytest.param("<table><tr>" + "<td colspan=1000 rowspan=60000>1</td>" * 900, "cells", id="a bomb of spans"),
    pytest.param(
        "<table><tr>" + "<td>1" * 900 + "<td rowspan=60000>2" + "<tr><td>3" * 300,
        "cells",
        id="a table filled from its far end",
    ),
    pytest.param("<div>" * 100_000 + "甲", None, id="a hundred thousand levels"),
    pytest.param("<table><tr><td>" * 3_000 + "甲", None, id="three thousand tables in each other"),
    pytest.param("<![foo bar<![CDATA[x]]>甲", None, id="sections no browser knows"),
]


@pytest.mark.parametrize(("body", "reason"), HOSTILE)
def test_a_hostile_page_ends_in_a_reason_or_in_its_text(body: str, reason: str | None) -> None:
    if reason is None:
        assert "甲" in read(body).text
    else:
        with pytest.raises(InputError, match=rf"^report\.html: .*{reason}"):
            read(body)


def test_a_page_that_takes_too_long_is_given_up() -> None:
    from agent.loaders.child import ask

    slow = b"<a " * 40_000  # the parser's time grows with the square of this

    with pytest.raises(InputError, match="takes longer than 2 seconds"):
        list(ask("html", slow, seconds=2))
