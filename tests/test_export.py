"""Exports: every figure arrives exactly, nothing in them is run by anybody, and a half-written file is never seen."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agent import decisions, pipeline, review as reviews, serial
from agent.codebook import Variable, figure_variables, wide_variables
from agent.document import load
from agent.errors import StoreError, UsageError
from agent.export import export
from agent.export_cli import command
from agent.outcome import Accepted, Figure, Grade, Reading
from agent.records import put_accepted
from agent.store import Store
from agent.writers import inert, visible, whole, write_csv, write_xlsx
from schemas import load as load_form

FORM = load_form("ogi-annual-report")
SAMPLE = (Path(__file__).parent.parent / "agent" / "sample" / "qinglan_2023.txt").read_text(encoding="utf-8")
FAULTY = SAMPLE.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")
FEES = "table2.fees.amount_10k_yuan"
NASTY = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gouji.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """One report accepted, one as published, one that waits."""
    with Store(path) as store:
        pipeline.extract(SAMPLE, name=f"{NASTY}.txt", store=store)
        pipeline.extract(FAULTY.replace("青岚县", "霜林县"), name="b.txt", store=store)
        review = decisions.load(path, 2)
        settled = reviews.settle(review.current, FORM, as_published=True, note="")
        decisions.accept(store, review, settled, "reviewer Lin")
        pipeline.extract(FAULTY.replace("青岚县", "鹿鸣县"), name="c.txt", store=store)
    return path


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def stored(path: Path) -> dict[tuple[int, str], Decimal | None]:
    """Every figure of the records, as the database holds it."""
    found = rows(path, "select record, path, value from figures")
    return {(record, name): None if value is None else Decimal(value) for record, name, value in found}


def from_csv(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [{k: v if v != "" else None for k, v in row.items()} for row in csv.DictReader(opened)]


def from_jsonl(file: Path) -> list[dict[str, Any]]:
    return [serial.parse(line) for line in file.read_text(encoding="utf-8").splitlines()]


def from_xlsx(file: Path) -> list[dict[str, Any]]:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(file, read_only=True)
    names, *found = [list(row) for row in book["data"].iter_rows(values_only=True)]
    book.close()
    return [dict(zip_longest(names, row)) for row in found]  # empty cells at the end of a row are not there


def from_parquet(file: Path) -> list[dict[str, Any]]:
    parquet = pytest.importorskip("pyarrow.parquet")
    found: list[dict[str, Any]] = parquet.read_table(file).to_pylist()
    return found


READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "csv": from_csv,
    "jsonl": from_jsonl,
    "xlsx": from_xlsx,
    "parquet": from_parquet,
}


def number(value: Any) -> Decimal | None:
    """What a reader gave, as a number; a spreadsheet's float by the digits it shows."""
    return None if value is None else Decimal(str(value))


@pytest.mark.parametrize("format_", READERS)
def test_the_long_shape_holds_every_figure_of_every_record(filled: Path, tmp_path: Path, format_: str) -> None:
    out = tmp_path / f"out.{format_}"

    done = export(filled, FORM, out, format_, "long")  # type: ignore[arg-type]

    found = READERS[format_](out)
    assert {(int(row["report"]), row["path"]): number(row["value"]) for row in found} == stored(filled)
    assert done.rows == len(found) == len(stored(filled))
    assert {row["standing"] for row in found} == {"checked", "as_published"}
    assert {row["subject"] for row in found} == {"青岚县水务局", "霜林县水务局"}


@pytest.mark.parametrize("format_", READERS)
def test_the_wide_shape_holds_them_too_a_row_a_report(filled: Path, tmp_path: Path, format_: str) -> None:
    out = tmp_path / f"out.{format_}"

    export(filled, FORM, out, format_, "wide")  # type: ignore[arg-type]

    found = READERS[format_](out)
    paths = [variable.name for variable in figure_variables(FORM)]
    values = {(int(row["report"]), path): number(row[path]) for row in found for path in paths}
    assert {key: value for key, value in values.items() if value is not None} == {
        key: value for key, value in stored(filled).items() if value is not None
    }
    assert [int(row["violations"]) for row in found] == [0, 1]
    assert [str(row["information_fee_charged"]).lower() for row in found] == ["false", "false"]
    assert [str(row["period_end"]) for row in found] == ["2023-12-31", "2023-12-31"]


def test_what_waits_is_left_out_unless_asked_for_and_then_marked(filled: Path, tmp_path: Path) -> None:
    export(filled, FORM, tmp_path / "a.jsonl", "jsonl", "long", everything=True)
    export(filled, FORM, tmp_path / "b.jsonl", "jsonl", "wide", everything=True)

    found = [row for row in from_jsonl(tmp_path / "a.jsonl") if row["standing"] == "in_review"]
    (waiting,) = [row for row in from_jsonl(tmp_path / "b.jsonl") if row["standing"] == "in_review"]
    contradicted = [row["path"] for row in found if row["grade"] == "contradicted"]
    assert contradicted == [f"table4.reconsideration.{c}" for c in ("upheld", "corrected", "other", "pending", "total")]
    assert {row["report"] for row in found} == {None}
    assert waiting["table4.reconsideration.total"] is None  # without its grade no figure that is not trusted
    assert waiting["table4.litigation_direct.total"] == 2


def put(store: Store, accepted: Accepted, figures: dict[str, Figure], name: str) -> None:
    """Store a record with those figures as it is, unread and unchecked."""
    source = load(f"report {name}", name=name)
    reading = Reading(figures, accepted.reading.words, accepted.reading.variants)
    grades = dict.fromkeys(figures, Grade.READ)
    about = {"document": source.source, "subject": name, "period": 2023, "record": {}}
    outcome = replace(accepted, reading=reading, grades=grades, **about)  # type: ignore[arg-type]
    with store.transaction() as db:
        put_accepted(db, store.begin(name, source, "offline", None), outcome, store.now())


@pytest.mark.fault("sqlite-values")
@pytest.mark.parametrize(
    "value", ["12345678901234567890.123456", "0.0000001", "7730.28", "0.10", "128.450000", "0", "99999999999999.99"]
)
@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.parametrize("format_", READERS)
def test_decimals_arrive_exactly(
    path: Path, tmp_path: Path, accepted: Accepted, format_: str, shape: str, value: str
) -> None:
    with Store(path) as store:
        put(store, accepted, {FEES: Figure(Decimal(value), value, 1, "offline")}, "x")

    out = tmp_path / f"out.{format_}"

    export(path, FORM, out, format_, shape)  # type: ignore[arg-type]

    (row,) = READERS[format_](out)
    assert number(row["value" if shape == "long" else FEES]) == Decimal(value)


def test_no_number_is_written_with_an_exponent(path: Path, tmp_path: Path, accepted: Accepted) -> None:
    with Store(path) as store:
        put(store, accepted, {FEES: Figure(Decimal("0.0000001"), "0.0000001", 1, "offline")}, "x")

    export(path, FORM, tmp_path / "out", "csv", "long")

    assert ",0.0000001," in (tmp_path / "out").read_text(encoding="utf-8")


@pytest.mark.fault("csv-formula")
@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "＝1+1", "＋1", "－1+1", "＠a",
     "|x", "%x", "'=1", '"=1', "\u200b=1", "-", "=cmd|'/c calc'!A0"],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_made_inert(text: str, tmp_path: Path) -> None:
    assert inert(text) == f"'{text}"

    write_csv(tmp_path / "x.csv", [Variable("a;b", "text", "", "")], [[text]])
    assert (tmp_path / "x.csv").read_bytes().splitlines()[1].startswith(b"\"'")


@pytest.mark.parametrize("text", ["", "0", "-5", "+3", "1,234", "-1.50", "规章", "a=b", "无", "21 件"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


@pytest.mark.fault("csv-formula")
def test_a_formula_in_a_workbook_is_text(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    write_xlsx(tmp_path / "x.xlsx", [Variable(NASTY, "text", "", "")], [[NASTY], ["\x1b[31mred\u202e"]])

    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["data"]

    assert [(cell.value, cell.data_type) for (cell,) in sheet.iter_rows()] == [
        (NASTY, "s"),
        (NASTY, "s"),
        ("\ufffd[31mred\ufffd", "s"),
    ]


@pytest.mark.fault("csv-formula")
@pytest.mark.parametrize("shape", ["long", "wide"])
def test_an_organ_named_like_a_formula_is_a_name(path: Path, tmp_path: Path, accepted: Accepted, shape: str) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    with Store(path) as store:
        put(store, accepted, {FEES: Figure(Decimal("1.50"), "=1.50", 1, "offline")}, NASTY)
    for format_ in READERS:
        export(path, FORM, tmp_path / f"out.{format_}", format_, shape)  # type: ignore[arg-type]

    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["data"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert all(cell.quotePrefix for cell in cells if str(cell.value).startswith("="))
    assert {str(row["subject"]) for row in from_csv(tmp_path / "out.csv")} == {f"'{NASTY}"}
    for format_ in ("jsonl", "parquet"):
        assert {row["subject"] for row in READERS[format_](tmp_path / f"out.{format_}")} == {NASTY}


@pytest.mark.fault("csv-formula")
def test_a_document_cannot_steer_a_terminal_through_an_export(path: Path, tmp_path: Path) -> None:
    name = "\x1b]0;owned\x07\x9b31m\u202e<script>.txt"
    pipeline.extract(SAMPLE, name=name, store=path)

    for format_ in ("csv", "jsonl"):
        out = tmp_path / f"out.{format_}"
        export(path, FORM, out, format_, "long")
        text = out.read_text(encoding="utf-8")
        assert not set(text) & set("\x1b\x07\x9b\u202e")
        assert "<script>" in text  # it is data, and arrives


def test_text_keeps_its_tabs_and_line_ends_and_loses_only_what_is_not_seen() -> None:
    assert visible("一\t二\n三\x00\x85\u2028\ud800") == "一\t二\n三\ufffd\ufffd\ufffd\ufffd"


@pytest.mark.fault("disk-full")
def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    out.write_text("before")

    def some() -> Iterator[list[str]]:
        yield ["a"]
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError), whole(out) as part:
        write_csv(part, [Variable("a", "text", "", "")], some())

    assert out.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.fault("disk-full")
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"x\.csv cannot be written"), whole(tmp_path / "no" / "x.csv") as part:
        part.write_text("a")


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_the_codebook_names_every_column_and_every_figure(filled: Path, tmp_path: Path, shape: str) -> None:
    done = export(filled, FORM, tmp_path / "out.csv", "csv", shape)  # type: ignore[arg-type]

    book = {row["name"]: row for row in from_csv(done.codebook)}
    exported = from_csv(tmp_path / "out.csv")
    assert set(exported[0]) <= set(book)
    assert {row["path"] for row in exported} <= set(book) if shape == "long" else True
    assert book[FEES]["unit"] == "万元 / 10,000 yuan"
    received = book["table3.received.total"]
    assert received["label"] == "收到和处理政府信息公开申请情况：一、本年新收政府信息公开申请数量 · 总计"
    assert "六类申请人之和＝总计" in str(received["rules"])
    assert "一＋二＝三（七）＋四" in str(received["rules"])


def test_a_workbook_carries_its_codebook(filled: Path, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    export(filled, FORM, tmp_path / "out.xlsx", "xlsx", "wide")

    book = openpyxl.load_workbook(tmp_path / "out.xlsx", read_only=True)

    names = [row[0] for row in book["codebook"].iter_rows(values_only=True)]
    book.close()
    assert names == ["name", *(variable.name for variable in wide_variables(FORM))]


def test_every_format_is_chosen_by_the_files_name_or_by_word(filled: Path, tmp_path: Path) -> None:
    run = CliRunner()

    for arguments in (["a.csv"], ["a.jsonl", "--shape", "wide"], ["a", "--format", "csv"]):
        name, *rest = arguments
        answer = run.invoke(command, [str(tmp_path / name), "--db", str(filled), "--lang", "en", *rest])
        assert answer.exit_code == 0, answer
        assert "rows written to" in answer.output
        assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["x.doc"], "--format csv|xlsx|parquet|jsonl"), (["no/x.csv"], "there is no folder")],
)
def test_what_cannot_be_exported_is_said_with_the_way_out(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match=told.replace("|", r"\|")):
        command.main([*arguments, "--db", str(filled)], standalone_mode=False)


def test_the_database_itself_is_never_written_over(filled: Path, tmp_path: Path) -> None:
    before = filled.read_bytes()
    (tmp_path / "link.csv").symlink_to(filled)

    for name in (filled.name, "link.csv", f"{filled.name}-wal"):
        with pytest.raises(UsageError, match="is the database itself"):
            command.main(
                [str(tmp_path / name), "--format", "csv", "--db", str(filled), "--lang", "en"], standalone_mode=False
            )

    assert filled.read_bytes() == before


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_a_codebook_is_not_written_over_the_database_either(filled: Path, tmp_path: Path, format_: Any) -> None:
    db = filled.rename(tmp_path / "figures.codebook.csv")
    before = db.read_bytes()

    with pytest.raises(UsageError, match=r"figures\.codebook\.csv is the database itself"):
        export(db, FORM, tmp_path / "figures.out", format_, "long")

    assert db.read_bytes() == before
    assert list(tmp_path.iterdir()) == [db]


def test_without_a_record_there_is_nothing_to_export(path: Path, tmp_path: Path) -> None:
    pipeline.extract(FAULTY, name="a.txt", store=path)

    with pytest.raises(UsageError, match="no accepted record yet"):
        command.main([str(tmp_path / "x.csv"), "--db", str(path)], standalone_mode=False)


def test_records_of_two_forms_are_not_mixed(filled: Path, tmp_path: Path) -> None:
    text = "Statement\nDescription\tAmount\nPaper\t10.00\nSubtotal\t10.00\nTax\t2.00\nTotal due\t12.00\n"
    pipeline.extract(text, form="statement", name="s.txt", store=filled)

    with pytest.raises(UsageError, match="ogi-annual-report, statement; name one with --form"):
        command.main([str(tmp_path / "x.csv"), "--db", str(filled)], standalone_mode=False)
    command.main([str(tmp_path / "x.jsonl"), "--db", str(filled), "--form", "statement"], standalone_mode=False)

    found = {row["path"]: row["value"] for row in from_jsonl(tmp_path / "x.jsonl")}
    assert found["items.0.amount"] == Decimal("10.00")
    assert found["sums.total.amount"] == Decimal("12.00")


def test_a_device_or_a_pipe_is_never_replaced(filled: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    os.mkfifo(tmp_path / "figures.codebook.csv")

    for name in ("pipe.csv", "figures.csv"):
        with pytest.raises(UsageError, match="not a regular file"):
            export(filled, FORM, tmp_path / name, "csv", "long")

    assert (tmp_path / "pipe.csv").is_fifo()
    assert not (tmp_path / "figures.csv").exists()


def test_a_link_stays_one_and_what_it_leads_to_is_written(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "figures.csv").symlink_to(tmp_path / "there" / "real.csv")

    export(filled, FORM, tmp_path / "figures.csv", "csv", "long")

    assert (tmp_path / "figures.csv").is_symlink()
    assert (tmp_path / "there" / "real.csv").stat().st_size > 1000
