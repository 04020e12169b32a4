"""What fuzzing brought out, kept: texts that held the reader up, files that broke a library, figures too large."""

from __future__ import annotations

import errno
import json
import sqlite3
import struct
import time
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from agent import cli, wire
from agent.document import load
from agent.errors import InputError, StoreError
from agent.fits import Cell
from agent.loaders import docx, html, image
from agent.pipeline import extract
from agent.solver import Table, solve
from agent.transport import reply
from agent.writers import whole
from schemas import load as load_form
from schemas.form import Equation
from tests.test_loaders_office import docx as word, p, packed
from tests.test_loaders_pdf import pdf, text
from tests.written import SAMPLE

HELD_UP = [
    pytest.param("1" + "-" * 60 + "x", id="dashes behind a figure"),
    pytest.param("|" + "-" * 2500 + "x", id="a rule of Markdown that is none"),
    pytest.param("一" * 60_000, id="letters without end"),
    pytest.param("总计 " * 20_000, id="a label without end"),
    pytest.param("1." + "`" * 40_000 + "-3信访", id="marks that become spaces"),
    pytest.param("\n" * 100_000, id="empty lines without end"),
    pytest.param("\n12" * 40_000, id="figures without end"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", HELD_UP)
@pytest.mark.parametrize("row", ["一、本年新收", "规章"])
def test_no_text_holds_the_reader_up(piece: str, row: str) -> None:
    at = SAMPLE.index("\n", SAMPLE.index(row)) + 1
    began = time.process_time()

    extract(SAMPLE[:at] + piece + "\n" + SAMPLE[at:], reader="offline")

    assert time.process_time() - began < 5


def test_a_section_longer_than_any_reports_is_left_to_a_person() -> None:
    at = SAMPLE.index("\n", SAMPLE.index("结果维持")) + 1

    outcome = extract(SAMPLE[:at] + "总计1\n" * 60_000 + SAMPLE[at:], reader="offline")

    assert outcome.status == "review"
    assert any("far longer than a report's" in finding.message for finding in outcome.findings)


def test_figures_too_large_for_the_solver_are_settled_only_where_one_way_is_left() -> None:
    from decimal import Decimal

    def cell(value: Decimal) -> Cell:
        return Cell(value, str(value), 1, 0)

    tiny, huge = Decimal(1).scaleb(-20), Decimal(10**14)
    ways = ((cell(tiny), cell(huge)), (cell(huge), cell(huge)))
    table = Table(
        {"x": (("t.x.a", "t.x.b"), ways), "y": (("t.y.a", "t.y.b"), ways[:1])},
        (Equation("a", ("t.x.a",), ("t.y.a",), frozenset()), Equation("b", ("t.x.b",), ("t.y.b",), frozenset())),
    )

    solution = solve(table)

    assert solution.bounded
    assert solution.undecided == {"t.x.a"}


@pytest.mark.fault("odd-json", behaviour="A count of tokens that no database holds is estimated instead.")
@pytest.mark.parametrize("counted", [10**400, 2**63, -1, True, "7", 1.5, None])
def test_a_count_of_tokens_that_is_none_is_estimated(counted: object) -> None:
    body = {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": counted, "completion_tokens": 7}}

    found = reply(200, {}, json.dumps(body).encode())

    assert (found.input_tokens, found.output_tokens) == (None, 7)


@pytest.mark.parametrize("letter", ["\U000e0041", "\x00", "\\", "'", "一"])
def test_what_is_said_of_an_odd_answer_stays_short(letter: str) -> None:
    form = load_form("ogi-annual-report")
    asked = wire.table(form.tables["table3"])
    rows = "\n".join(f"{number}@1 {' '.join([letter * 60] * 7)}" for number in range(1, 26))

    assert 200 < len(wire.told(wire.read(rows, asked, "m").problems)) < 1000


ENTITIES = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))


@pytest.mark.fault("xml-entities", behaviour="A workbook's entities are neither fetched nor multiplied.")
@pytest.mark.parametrize("entity", ["outside", "multiplied"])
def test_entities_of_a_workbook_are_neither_fetched_nor_multiplied(tmp_path: Path, entity: str) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs gouji[xlsx]")
    (tmp_path / "secret.txt").write_text("a canary sang")
    declared = {
        "outside": f'<!DOCTYPE x [<!ENTITY a9 SYSTEM "{(tmp_path / "secret.txt").as_uri()}">]>',
        "multiplied": f"{ENTITIES}]>",
    }[entity]
    data = BytesIO()
    book = openpyxl.Workbook()
    book.active["A1"] = "MARK"
    book.save(data)
    with zipfile.ZipFile(data) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name, content in members.items() if b"MARK" in content)
    prolog, begins, root = members[name].partition(b"<sst" if b"<sst" in members[name] else b"<worksheet")
    members[name] = prolog + declared.encode() + begins + root.replace(b"MARK", b"&a9;")

    with pytest.raises(InputError, match=r"^report\.xlsx: ") as refused:
        load(packed(members), name="report.xlsx")

    assert "canary" not in str(refused.value)


@pytest.mark.fault("xml-entities", behaviour="Nor are those of a document's styles; in a page they are letters.")
@pytest.mark.parametrize("entity", ["outside", "multiplied"])
def test_entities_of_styles_and_pages_are_neither_fetched_nor_multiplied(tmp_path: Path, entity: str) -> None:
    (tmp_path / "secret.txt").write_text("a canary sang")
    outside = f'<!DOCTYPE x [<!ENTITY a9 SYSTEM "{(tmp_path / "secret.txt").as_uri()}">'
    declared = {"outside": f"{outside}]>", "multiplied": f"{ENTITIES}]>"}[entity]
    with zipfile.ZipFile(BytesIO(word(p("甲")))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[docx.STYLES] = f"{declared}<styles>&a9;</styles>".encode()

    with pytest.raises(InputError, match="styles are no XML"):
        list(docx.read(packed(members)))
    ((_, found),) = html.read(f"{declared}<html><body><p>above &a9; below</p></body></html>".encode())

    assert [cell for line in found for cell in line.cells if "above" in cell] == ["above &a9; below"]


@pytest.mark.parametrize("part", [docx.BODY, docx.STYLES])
def test_xml_in_an_encoding_nobody_knows_is_told_as_a_broken_file(part: str) -> None:
    with zipfile.ZipFile(BytesIO(word(p("甲")))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[part] = b'<?xml version="1.0" encoding="UTFF-8"?><w/>'

    with pytest.raises(InputError, match=r"(is|are) no XML"):
        list(docx.read(packed(members)))


def test_a_marked_section_without_end_is_passed_over_as_a_browser_does() -> None:
    markup = f"<html><body><p>above</p><![odd {'x' * 300} > <p>below</p></body></html>"

    ((_, found),) = html.read(markup.encode())

    assert [cell for line in found for cell in line.cells if cell] == ["above", "below"]


def test_a_picture_without_dimensions_is_told_as_a_broken_file() -> None:
    pytest.importorskip("PIL", reason="needs gouji[ocr]")
    tag = struct.pack("<HHII", 262, 3, 1, 1)  # how light is told, and nothing else
    data = b"II*\0" + struct.pack("<IH", 8, 1) + tag + struct.pack("<I", 0)

    with pytest.raises(InputError, match="the file is broken"):
        list(image.read(data))


ROUND = [
    pytest.param(pdf(text(50, 50, "A")).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]"), id="pages that hold themselves"),
    pytest.param(pdf(text(50, 50, "A")).replace(b"/Length 3", b"/Length 4 0 R /X 3"), id="a length that is its stream"),
    pytest.param(pdf("[" * 50_000), id="lists in lists"),
]


@pytest.mark.fault("malicious-pdf", behaviour="A PDF whose parts hold themselves ends with its reason, or its text.")
@pytest.mark.parametrize("data", ROUND)
def test_a_pdf_that_goes_round_in_circles_comes_to_an_end(data: bytes) -> None:
    try:
        found = load(data, name="report.pdf").text
    except InputError as error:
        found = str(error)

    assert found.strip() == "A" or found.startswith("report.pdf: ")


@pytest.mark.fault("disk-full", behaviour="An export whose rest cannot be removed is told in words too.")
def test_an_export_that_cannot_remove_its_rest_says_why_it_failed(tmp_path: Path) -> None:
    def fill(part: Path) -> None:
        part.mkdir()  # which no unlink removes
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="No space left"), whole(tmp_path / "out.csv") as part:
        fill(part)


def test_a_form_that_a_record_or_a_database_names_is_never_run_as_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evil.py").write_text("open('ran', 'w').close()\n")
    Path("evil.json").write_text('{"form": "evil.py:FORM"}')
    Path("sample.txt").write_text(SAMPLE, encoding="utf-8")
    assert cli.run(["extract", "sample.txt"]) == 0
    with closing(sqlite3.connect("gouji.db")) as db:
        for table in ("records", "runs"):
            db.execute(f"update {table} set form = 'evil.py:FORM'")
        db.commit()
    capsys.readouterr()

    commands = (["check", "evil.json"], ["export", "all.csv"], ["audit"], ["stats"])
    ends = [cli.run([*command, "--lang", "en"]) for command in commands]

    assert ends == [2] * 4
    assert not Path("ran").exists()
    assert capsys.readouterr().err.count("--form") >= 3


@pytest.mark.parametrize("form", ["5", "true", '["statement"]', '{"a": 1}', '"\\ud800"'])
def test_a_record_whose_form_is_no_name_is_told_as_such(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.json"
    record.write_text(f'{{"form": {form}}}')

    assert cli.run(["check", str(record), "--lang", "en"]) == 2
    assert "name yours with --form" in capsys.readouterr().err
