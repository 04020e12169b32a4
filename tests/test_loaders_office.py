"""Word and Excel files come in as lines: merges, text boxes and tables inside cells kept."""

from __future__ import annotations

import io
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agent.document import load
from agent.errors import InputError
from agent.loaders.limits import Limits, open_zip, unpack
from agent.outcome import NeedsReview, Reason
from agent.pipeline import extract
from eval import render
from tests.paper import needs_soffice

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def docx(body: str, prolog: str = "") -> bytes:
    xml = f'{prolog}<w:document xmlns:w="{W}" xmlns:mc="{MC}"><w:body>{body}</w:body></w:document>'
    return packed({"[Content_Types].xml": b"<Types/>", "word/document.xml": xml.encode()})


def p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def tc(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def tbl(*rows: str) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"


def lines(body: str) -> list[str]:
    return [line for line in load(docx(body), name="report.docx").lines if line]


WORD = [
    pytest.param(
        tbl(
            tc(p("内容"), '<w:vMerge w:val="restart"/>') + tc(p("件数"), '<w:gridSpan w:val="2"/>'),
            tc(p("旧"), "<w:vMerge/>") + tc(p("1")) + tc(p("2")),
        ),
        ["内容\t件数\t", "\t1\t2"],
        id="merged cells over columns and rows",
    ),
    pytest.param(
        tbl(tc(p("左")) + tc(tbl(tc(p("甲")) + tc(p("1"))) + p("后"))),
        ["左", "甲\t1", "后"],
        id="a table inside a cell",
    ),
    pytest.param(
        "<w:sdt><w:sdtContent>"
        + tbl("<w:sdt><w:sdtContent>" + tc(p("甲")) + "</w:sdtContent></w:sdt>" + tc(p("1")))
        + "</w:sdtContent></w:sdt>",
        ["甲\t1"],
        id="content controls around tables and cells",
    ),
    pytest.param(
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>" + p("框") + "</w:txbxContent></mc:Choice>"
        "<mc:Fallback><w:txbxContent>" + p("框") + "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
        "<w:r><w:t>文</w:t></w:r></w:p>",
        ["文", "框"],
        id="a text box once",
    ),
    pytest.param(
        "<w:p><w:ins><w:r><w:t>19</w:t></w:r></w:ins><w:del><w:r><w:delText>18</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>16</w:t></w:r></w:moveFrom>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>17</w:t></w:r><w:r><w:instrText>PAGE</w:instrText><w:t>条</w:t></w:r></w:p>",
        ["19条"],
        id="what was deleted or is hidden is not read",
    ),
    pytest.param(
        '<w:p><w:r><w:t xml:space="preserve">甲</w:t><w:tab/><w:t>1</w:t><w:tab/><w:t>2</w:t><w:br/><w:t>乙</w:t>'
        "<w:tab/><w:t>3</w:t></w:r></w:p>",
        ["甲\t1\t2", "乙 3"],
        id="several tabs of a line set cells apart",
    ),
    pytest.param(
        tbl(
            '<w:trPr><w:gridBefore w:val="1"/></w:trPr>' + tc(p("1")) + tc(p("2")),
            tc(p("规章")) + tc(p("3")) + tc(p("4")),
        ),
        ["\t1\t2", "规章\t3\t4"],
        id="a row that begins in a later column",
    ),
    pytest.param(
        tbl('<w:trPr><w:gridAfter w:val="1"/></w:trPr>' + tc(p("规章")) + tc(p("3")), tc(p("甲")) * 3),
        ["规章\t3", "甲\t甲\t甲"],
        id="a row that ends in an earlier column stays short",
    ),
]


@pytest.mark.parametrize(("body", "expected"), WORD)
def test_a_word_document_keeps_its_cells(body: str, expected: list[str]) -> None:
    assert lines(body) == expected


def test_the_blank_official_form_has_all_its_rows(reports: Path) -> None:
    document = load(reports / "blank_form_2021.docx")

    rows = [line.split("\t") for line in document.lines if "\t" in line]
    assert document.kind == "docx"
    assert [sum(len(row) == width for row in rows) for width in (4, 10, 15)] == [14, 28, 4]


def test_the_blank_official_form_is_recognised_and_incomplete(reports: Path) -> None:
    outcome = extract(reports / "blank_form_2021.docx", reader="offline")

    assert isinstance(outcome, NeedsReview)
    assert (outcome.edition, outcome.reasons) == ("2021", (Reason.INCOMPLETE,))


def bomb(size: int = 40 * 2**20) -> bytes:
    return docx(p(" " * size))


def inflated(data: bytes) -> bytes:
    """The archive with a directory that declares less than is packed."""
    at = data.rindex(b"PK\1\2")
    return data[: at + 24] + (1000).to_bytes(4, "little") + data[at + 28 :]


def of_tomorrow(data: bytes) -> bytes:
    """The archive with a directory that asks for version 25.5 of the format."""
    at = data.rindex(b"PK\1\2")
    return data[: at + 6] + b"\xff" + data[at + 7 :]


BAD = [
    pytest.param(docx(p("甲"))[:-40], "broken", id="cut"),
    pytest.param(of_tomorrow(docx(p("甲"))), "broken: zip file version 25.5", id="packed as nobody can unpack it"),
    pytest.param(docx("<w:p>"), "broken", id="no XML"),
    pytest.param(bomb(), "times its size", id="a packed bomb"),
    pytest.param(inflated(bomb()), "broken", id="a packed bomb that lies"),
    pytest.param(packed({f"word/document{i}.xml": b"" for i in range(3000)}), "packed files", id="too many entries"),
    pytest.param(packed({"a.txt": b"1"}), "neither a Word document nor", id="another packed file"),
    pytest.param(docx("<w:sdt>" * 400 + p("甲") + "</w:sdt>" * 400), "levels deep", id="nested without end"),
    pytest.param(docx(""), "no text", id="empty"),
    pytest.param(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "password",
        id="protected with a password",
    ),
    pytest.param(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "Workbook".encode("utf-16-le"), "save it as", id="old Excel"
    ),
]


@pytest.mark.fault("zip-bomb")
@pytest.mark.parametrize(("data", "reason"), BAD)
def test_a_file_that_cannot_be_read_says_which_and_why(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=rf"(?s)^report\.docx: .*{reason}"):
        load(data, name="report.docx")


@pytest.mark.fault("xml-entities")
def test_entities_are_neither_fetched_nor_multiplied(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    laughs = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
        f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10)
    ) + "]>"  # fmt: skip

    for prolog, entity in ((outside, "&e;"), (laughs, "&a9;")):
        with pytest.raises(InputError, match="no XML"):
            load(docx(p(entity), prolog), name="report.docx")


@pytest.mark.fault("zip-bomb")
def test_a_packed_file_within_the_limits_is_opened() -> None:
    data = packed({"a": b"1" * 100})

    assert open_zip(data).namelist() == ["a"]
    with pytest.raises(InputError, match="more than 0"):
        open_zip(data, Limits(unpacked=10))
    with pytest.raises(InputError, match="a unpacks to more than 0 MiB"):
        unpack(open_zip(data), "a", Limits(unpacked=10))


def test_a_workbook_keeps_its_cells() -> None:
    book = pytest.importorskip("openpyxl", reason="needs gouji[xlsx]").Workbook()
    sheet = book.worksheets[0]
    for row in (
        ["年度报告"],
        ["内容", "件数", None],
        ["规章", 21, 7730.28],
        ["隐", 1, 1],
        ["行政许可", None, 0.1 + 0.2],
        ["合计", "=B3", 0],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("B2:C2")
    sheet.row_dimensions[4].hidden = True
    book.create_sheet("旧").append([1, 2])
    book["旧"].sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)

    document = load(stream.getvalue(), name="report.xlsx")

    assert document.kind == "xlsx"
    assert [line for line in document.lines if line] == [
        "年度报告",
        "内容\t件数\t",
        "规章\t21\t7730.28",
        "行政许可\t\t0.3",
        "合计\t=B3\t0",
    ]


RTF = rb"""{\rtf1\ansi\ansicpg936 {\trowd\cellx2000\cellx4000\intbl Rules\cell 21\cell\row}
{\field{\*\fldinst INCLUDEPICTURE "%s" \\d}{\fldrslt x}}\par End\par}"""


def test_an_old_word_document_says_what_to_install_where_libreoffice_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(InputError, match=r"^report\.doc: .*libreoffice-writer-nogui.*save it as \.docx"):
        load(RTF, name="report.doc")


@pytest.mark.slow
@needs_soffice
def test_libreoffice_reads_an_old_document_and_fetches_nothing() -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        picture = f"http://127.0.0.1:{server.server_port}/picture.png"
        document = load(RTF.replace(b"%s", picture.encode()), name="report.doc")
        server.shutdown()

    assert [line for line in document.lines if "\t" in line] == ["Rules\t21"]
    assert asked == []


@pytest.mark.slow
@needs_soffice
@pytest.mark.parametrize("form", ["doc:MS Word 97", "rtf"])
def test_an_old_word_document_keeps_its_cells(form: str) -> None:
    pytest.importorskip("docx", reason="needs python-docx")
    text = "年度报告\n内容\t件数\t\n规章\t21\t0\n行政许可\t\t550\n完"

    document = load(render.office(render.docx(text), "docx", form), name="report.doc")

    assert render.rows(document.text) == render.rows(text)


def test_a_column_too_narrow_to_hold_anything_is_none() -> None:
    widths = "".join(f'<w:gridCol w:w="{width}"/>' for width in (2000, 1, 2000))
    rows = (tc(p("甲"), '<w:gridSpan w:val="2"/>') + tc(p("1")), tc(p("乙")) + tc(p("2"), '<w:gridSpan w:val="2"/>'))

    assert lines(tbl(*rows).replace("<w:tbl>", f"<w:tbl><w:tblGrid>{widths}</w:tblGrid>")) == ["甲\t1", "乙\t2"]
