"""What nobody sees on a published page is not read from it, and what cannot be read is no blank."""

from __future__ import annotations

import io
from typing import Any

import pytest

from agent.document import load
from tests.test_loaders_html import rows
from tests.test_loaders_office import W, lines, p, packed, tbl, tc

PAGE = [
    pytest.param("21<sup>1</sup>", "21[1]", id="the mark of a note is set apart"),
    pytest.param("21<span style='vertical-align: super'>1</span>", "21[1]", id="so is one raised by its style"),
    pytest.param("21<sup>①</sup>", "21①", id="a mark that is no figure stays"),
    pytest.param("21<span style='display: none'>7</span>", "21", id="hidden"),
    pytest.param("21<span class=h>7</span>", "21", id="hidden by a style sheet of the page"),
    pytest.param("21<b><i class='a h'>7</i></b>", "21", id="hidden by one of several classes"),
    pytest.param("21<span class=k>7</span>", "217", id="a rule for elements within others hides no other"),
    pytest.param("21<u><span class=k>7</span></u>", "21", id="and hides those within"),
    pytest.param("21<span class=m>7</span>", "217", id="a rule for paper says nothing of the screen"),
    pytest.param("21<span style='font-size:0px'>7</span>", "21", id="of no size"),
    pytest.param("21<span style='opacity:0'>7</span>", "21", id="clear"),
    pytest.param("21<span style='color:transparent'>7</span>", "21", id="of no colour"),
    pytest.param("21<span style='position:absolute; left:-9999px'>7</span>", "21", id="off the page"),
    pytest.param("21<span style='color:#FFF'>7</span>", "21?", id="white on what nobody says is dark"),
    pytest.param("<span style='color:#fff;background:#036'>21</span>", "21", id="white on dark"),
    pytest.param("<del>20</del>21", "?21", id="a figure struck out leaves a doubt"),
    pytest.param("<s>约</s>21", "21", id="words struck out do not"),
    pytest.param("<span style='text-decoration:line-through'>2</span>1", "?1", id="struck out by its style"),
    pytest.param("<img src=a.png>", "?", id="a picture"),
    pytest.param("2<img src=a.png>", "2?", id="a picture beside a figure"),
    pytest.param("<img src=a.gif width=1 height=1>21", "21", id="a picture that only keeps a place"),
    pytest.param("<input value=21>", "21", id="a field shows its value"),
    pytest.param("<input type=hidden value=21>", "", id="a hidden field none"),
    pytest.param("<select><option>20<option selected>21</select>", "?", id="a list of choices"),
    pytest.param("<bdo dir=rtl>12</bdo>", "?", id="written from right to left"),
    pytest.param("&#x202e;12&#x202c;", "?", id="written so by a mark in the text"),
    pytest.param("<span style='unicode-bidi:isolate-override;direction:rtl'>12</span>", "?", id="or by its style"),
    pytest.param(
        "<div style='font-size:0'>7<b style='font-size:9pt'>21</b></div>", "21", id="shown in what has no size"
    ),
    pytest.param("<div style='font-size:0'><b style='font-size:90%'>7</b></div>", "", id="a part of no size"),
    pytest.param(
        "<p style='visibility:hidden'>7<b style='visibility:visible'>21</b>", "21", id="shown in what is hidden"
    ),
    pytest.param("<p style='color:transparent'>7<b style='color:red'>21</b>", "21", id="of a colour in what has none"),
    pytest.param("21<font color=#FFFFFF>7</font>", "21?", id="white by an old way to say so"),
    pytest.param("21<span style='font-size:1px'>7</span>", "21?", id="too small to be seen"),
    pytest.param("21<i style='position:absolute;clip:rect(0,0,0,0)'>7</i>", "21", id="cut off"),
    pytest.param("21<span style='vertical-align:4pt'>1</span>", "21[1]", id="raised by a measure"),
    pytest.param("21<dialog>7</dialog>", "21", id="in a dialog that is not open"),
    pytest.param("21<span popover>7</span>", "21", id="in what pops up on a click"),
    pytest.param("<input type=image src=a.png>", "?", id="a picture to click on"),
    pytest.param("21<span class=o>7</span>", "21", id="a rule that is important counts over a later one"),
    pytest.param("21<span class='o' style='display:inline'>7</span>", "21", id="and over the element's own"),
    pytest.param("21<span id=i class=l>7</span>", "21", id="a rule for one element counts over one for many"),
    pytest.param("21<span data-old=1>7</span>", "21", id="hidden by an attribute"),
    pytest.param("21<em>7</em>", "21?", id="perhaps hidden, by where it stands"),
    pytest.param("21<q>7</q>", "21?", id="perhaps hidden, by its parent"),
    pytest.param("21<cite>7</cite>", "217", id="what stands there only under the mouse is not"),
    pytest.param("<b class=a1>21</b>", "21?", id="a figure printed by a style sheet behind it"),
    pytest.param("<b class=a2>21</b>", "21?", id="or before it, counted"),
    pytest.param("<i class=a1></i>", "?", id="or where nothing else stands"),
    pytest.param("<b class=a3>21</b>", "21", id="a sign printed so is no figure"),
    pytest.param("<b class=a4>21</b>", "21", id="nor is a letter by its number"),
    pytest.param("<b class=a1>无</b>", "无", id="nor are words taken for one"),
    pytest.param("<b class=a5>21</b>", "21?", id="a figure by its number is one"),
    pytest.param("<ruby>21<rt>7</rt></ruby>", "21", id="a gloss"),
    pytest.param("21<span style='color:#FEFEFE'>7</span>", "21?", id="nearly white"),
    pytest.param("21<span style='color:#036;background:#036'>7</span>", "21?", id="of the colour of what is behind it"),
    pytest.param("21<span style='margin-left:-9999px'>7</span>", "21?", id="pushed off the page"),
    pytest.param("21<span style='filter:opacity(0)'>7</span>", "21?", id="seen through a filter"),
    pytest.param("21<span style='transform:scale(0)'>7</span>", "21?", id="made nothing of"),
    pytest.param("<span style='transform:rotate(180deg)'>68</span>", "?", id="upside down"),
    pytest.param("21<span style='transform:translateX(2px)'>7</span>", "217", id="moved a little"),
    pytest.param("21<span style='-webkit-mask:linear-gradient(#0000,#0000)'>7</span>", "21?", id="behind a mask"),
    pytest.param("21<span style='-webkit-text-fill-color:#0000'>7</span>", "21?", id="filled with another colour"),
    pytest.param("21<span style='content-visibility:hidden'>7</span>", "21?", id="content that is not laid out"),
    pytest.param("21<span style='zoom:0.01'>7</span>", "21?", id="made too small to be seen"),
    pytest.param("2<span style='letter-spacing:-20px'>17</span>", "2?", id="figures pushed over each other"),
    pytest.param("<span style='letter-spacing:-.1pt'>21</span>", "21", id="figures set a little closer"),
    pytest.param("21<small>7</small>", "21[7]", id="a small figure behind one is a mark of a note"),
    pytest.param("<small>21</small>", "21", id="a small figure alone is one"),
    pytest.param("21<math><mn>7</mn></math>", "217?", id="a formula"),
    pytest.param("<script>document.write(21)</script>", "?", id="what a script writes"),
    pytest.param("21<script>count()</script>", "21", id="a script beside a figure"),
    pytest.param("<b class=s2>21</b>", "?", id="perhaps struck out, by what it is not"),
    pytest.param("<b class=s3>21</b>", "21", id="what is perhaps underlined is not"),
    pytest.param(
        "21<b style='position:absolute;clip:rect(1px, 1px, 1px, 1px)'>7</b>", "21", id="for a reading machine alone"
    ),
    pytest.param("21<b style='position:relative;left:-9999px'>7</b>", "21", id="moved off the page"),
    pytest.param("21<details><summary></summary>7</details>", "21 7", id="what opens on a click stands apart"),
]
SHEET = (
    "<style>/* .x{} */ .h, p.q {display:none !important} u .k {display:none} @media print {.m {display:none}}"
    ".o {display:none!important} .o {display:inline} #i {display:none} .l {display:inline} [data-old] {display:none}"
    "td em:first-child {display:none} td > q {display:none} cite:hover {display:none} * > .z {color:red}"
    ".a1::after {content:'7'} .a2:before {content: counter(n)} .a3::before {content:'￥'} .a4::after {content:'\\f101'}"
    ".a5::after {content:'\\37'} .s2:not(.x) {text-decoration:line-through}"
    ".s3:not(.x) {text-decoration:underline}</style>"
)


@pytest.mark.parametrize(("cell", "seen"), PAGE)
def test_a_cell_of_a_web_page_says_what_is_seen_in_it(cell: str, seen: str) -> None:
    assert rows(f"{SHEET}<table><tr><td>规章</td><td>{cell}</td></tr></table>") == [["规章", seen]]


def test_a_row_hidden_by_the_page_is_not_read_and_a_hidden_cell_keeps_its_column() -> None:
    body = f"""{SHEET}<table><tr><td>甲<td style="visibility:hidden">9<td>1<tr class=h><td>甲<td>8<td>8</table>"""

    assert rows(body) == [["甲", "", "1"]]


def test_a_figure_shown_backwards_is_not_read_in_a_text_either() -> None:
    assert load("规章\t\u202e12\u202c\t3\n\u202e章规\t12").lines == ("规章\t?\t3", "章规\t?")


def run(text: str, properties: str) -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


PICTURE = '<w:r><w:drawing><a:blip xmlns:a="a"/></w:drawing></w:r>'
WORD = [
    pytest.param(run("1", '<w:vertAlign w:val="superscript"/>'), "21[1]", id="the mark of a note is set apart"),
    pytest.param(run("1", '<w:position w:val="8"/>'), "21[1]", id="so is one that is raised"),
    pytest.param(run("7", "<w:vanish/>"), "21", id="hidden"),
    pytest.param(run("7", '<w:vanish w:val="0"/>'), "217", id="shown against its style"),
    pytest.param(run("7", '<w:rStyle w:val="Gone"/>'), "21", id="hidden by its style"),
    pytest.param(run("7", '<w:rStyle w:val="Heir"/>'), "21", id="hidden by the style its style is based on"),
    pytest.param(run("7", "<w:strike/>"), "21?", id="a figure struck out leaves a doubt"),
    pytest.param(run("约", "<w:dstrike/>"), "21", id="words struck out do not"),
    pytest.param(run("7", '<w:color w:val="FFFFFF"/>'), "21?", id="white on what nobody says is dark"),
    pytest.param(run("7", '<w:color w:val="FFFFFF"/><w:shd w:fill="003366"/>'), "217", id="white on dark"),
    pytest.param(run("7", '<w:sz w:val="2"/>'), "21?", id="too small to be seen"),
    pytest.param('<w:r><w:sym w:font="Wingdings" w:char="F081"/></w:r>', "21□", id="a symbol"),
    pytest.param(PICTURE, "21 ?", id="a picture"),
    pytest.param(PICTURE.replace("blip", "chart"), "21 ?", id="a chart"),
    pytest.param(run("1", '<w:rStyle w:val="Note"/>'), "21[1]", id="raised by its style"),
    pytest.param(
        run("7", '<w:rStyle w:val="Note"/><w:vertAlign w:val="baseline"/>'), "217", id="set against its style"
    ),
    pytest.param(run("7", '<w:rStyle w:val="Struck"/>'), "21?", id="struck out by its style"),
    pytest.param(run("7", '<w:rStyle w:val="White"/>'), "21?", id="white by its style"),
    pytest.param('<w:bdo w:val="rtl"><w:r><w:t>17</w:t></w:r></w:bdo>', "21?", id="written from right to left"),
    pytest.param('<m:sSup xmlns:m="m"><m:sup><w:r><w:t>7</w:t></w:r></m:sup></m:sSup>', "21[7]", id="a power"),
    pytest.param('<m:f xmlns:m="m"><m:den><w:r><w:t>7</w:t></w:r></m:den></m:f>', "21/7", id="a fraction"),
]
STYLES = f"""<w:styles xmlns:w="{W}"><w:style w:styleId="Gone"><w:rPr><w:vanish/></w:rPr></w:style>
<w:style w:styleId="Heir"><w:basedOn w:val="Gone"/></w:style><w:style w:styleId="Plain"/>
<w:style w:styleId="Note"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>
<w:style w:styleId="Struck"><w:rPr><w:strike/></w:rPr></w:style>
<w:style w:styleId="White"><w:rPr><w:color w:val="FFFFFF"/></w:rPr></w:style></w:styles>"""


@pytest.mark.parametrize(("beside", "seen"), WORD)
def test_a_cell_of_a_word_document_says_what_is_seen_in_it(beside: str, seen: str) -> None:
    cell = tc(f"<w:p><w:r><w:t>21</w:t></w:r>{beside}</w:p>")
    body = f'<w:document xmlns:w="{W}"><w:body>{tbl(tc(p("规章")) + cell)}</w:body></w:document>'
    data = packed({"word/document.xml": body.encode(), "word/styles.xml": STYLES.encode()})

    assert [line for line in load(data, name="report.docx").lines if line] == [f"规章\t{seen}"]


@pytest.mark.parametrize(
    "properties",
    ["<w:del/>", "<w:hidden/>", '<w:trHeight w:val="1" w:hRule="exact"/>'],
    ids=["deleted", "hidden", "too low"],
)
def test_a_row_nobody_sees_is_not_read(properties: str) -> None:
    gone = f"<w:trPr>{properties}</w:trPr>" + tc(p("规章")) + tc(p("9"))

    assert lines(tbl(gone, tc(p("规章")) + tc(p("1")))) == ["规章\t1"]


def test_a_deleted_cell_is_not_read_and_an_inserted_one_is() -> None:
    row = tc(p("规章")) + tc(p("9"), "<w:cellDel/>") + tc(p("1"), "<w:cellIns/>")

    assert lines(tbl(row)) == ["规章\t1"]


BOOK = [
    pytest.param(7730.284, "0.00", "7730.28", id="rounded as shown"),
    pytest.param(1234.5, "#,##0.00", "1234.5", id="parted by thousands"),
    pytest.param(12, '0"件"', "12", id="with a word behind it"),
    pytest.param(-3, "0;(0)", "-3", id="a negative in brackets"),
    pytest.param(-3, "0;0", "?", id="a negative whose sign is not shown"),
    pytest.param(0.25, "0%", "?", id="a percentage"),
    pytest.param(12345, "0,", "?", id="in thousands"),
    pytest.param(0, "0;-0;;@", "", id="a zero that is not shown"),
    pytest.param(0, "#", "", id="a zero without a digit"),
    pytest.param(0, '#,##0_-;-#,##0_-;"-"_-;@', "-", id="a zero shown as a dash"),
    pytest.param(5, ";;;", "", id="hidden"),
    pytest.param(1284500, '0"元"', "1284500元", id="in another unit, which its format alone says"),
    pytest.param(12, 'General"万"', "12万", id="in ten thousands, said by its format"),
    pytest.param(486, '[=0]"-";0', "486", id="a dash for zero alone"),
    pytest.param(486, '[=0]"-";General', "486", id="or else as it is"),
    pytest.param(486, '[<=0]"-";#,##0', "486", id="a dash for zero and less"),
    pytest.param(0, '[=0]"-";0', "-", id="a zero on a condition"),
    pytest.param(0, '[Red][=0]"-";0', "-", id="and in a colour"),
    pytest.param(-3, '[=0]"-";0', "?", id="a negative among conditions"),
    pytest.param(12000, '[>=10000]0,"千";0', "?", id="in thousands on a condition"),
    pytest.param(120, '[>=10000]0,"千";0', "120", id="and not where it does not hold"),
    pytest.param(5, '0;[=0]"-";0', "?", id="a condition after a section without one"),
    pytest.param(486, '0"."0', "?", id="with a decimal point that is written as a word"),
    pytest.param(486, r"0\.0", "?", id="with one that is escaped"),
]


@pytest.mark.parametrize(("value", "layout", "seen"), BOOK)
def test_a_cell_of_a_workbook_says_what_its_format_shows(value: float, layout: str, seen: str) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs gouji[xlsx]")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["规章", value, "完"])
    sheet["B1"].number_format = layout

    assert workbook_lines(book) == [f"规章\t{seen}\t完"]


def test_white_and_struck_out_figures_of_a_workbook_are_doubtful() -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs gouji[xlsx]")
    from openpyxl.styles import Font, PatternFill

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["白", 1], ["划", 2], ["底", 3]):
        sheet.append(row)
    sheet["B1"].font = sheet["B3"].font = Font(color="FFFFFFFF")
    sheet["B2"].font = Font(strike=True)
    sheet["B3"].fill = PatternFill("solid", fgColor="FF003366")

    assert workbook_lines(book) == ["白\t?", "划\t?", "底\t3"]


def test_each_stretch_of_a_cell_of_a_workbook_has_a_look_of_its_own() -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs gouji[xlsx]")
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    looks: dict[str, dict[str, Any]] = {
        "注": {"vertAlign": "superscript"},
        "划": {"strike": True},
        "白": {"color": "FFFFFFFF"},
        "粗": {"b": True},
    }
    book = openpyxl.Workbook()
    for label, look in looks.items():
        book.worksheets[0].append([label, CellRichText("21", TextBlock(InlineFont(**look), "1"))])

    assert workbook_lines(book) == ["注\t21[1]", "划\t21?", "白\t21?", "粗\t211"]


@pytest.mark.parametrize(
    "white", [{"theme": 0}, {"indexed": 9}, {"rgb": "00FFFFFF"}], ids=["theme", "palette", "clear"]
)
def test_white_is_white_by_whatever_name_a_workbook_calls_it(white: dict[str, Any]) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs gouji[xlsx]")
    from openpyxl.styles import Font
    from openpyxl.styles.colors import Color

    book = openpyxl.Workbook()
    book.worksheets[0].append(["白", 1])
    book.worksheets[0]["B1"].font = Font(color=Color(**white))

    assert workbook_lines(book) == ["白\t?"]


def workbook_lines(book: object) -> list[str]:
    stream = io.BytesIO()
    getattr(book, "save")(stream)  # noqa: B009 - openpyxl has no types
    return [line for line in load(stream.getvalue(), name="report.xlsx").lines if line]
