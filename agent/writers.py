"""Rows as files that open where people work: CSV, Excel, Parquet, JSON lines. Row by row, exact, inert.

Text out of a document is data: no spreadsheet may take it for a formula, no terminal for an order.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from functools import lru_cache
from glob import escape
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent import serial
from agent.codebook import Variable
from agent.errors import StoreError, UsageError

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Format = Literal["csv", "xlsx", "parquet", "jsonl"]
Row = Sequence[Any]
Write = Callable[[Path, Sequence[Variable], Iterable[Row]], int]

# What starts a formula in a spreadsheet (OWASP), also behind spaces, line ends and invisible marks, also full width.
_LEAD = re.compile(r"[\s\u200b-\u200f\u2060\ufeff'\"]*[=+\-@＝＋－＠|%\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SHEET_ROWS = 1_048_576
_CELL_LETTERS = 32_767
_EXACT_DIGITS = 15  # a spreadsheet keeps no more of a number
_WIDE = {"text": 18, "date": 12}
_BATCH = 20_000
_DIGITS = 38
_LEFT_OVER = 24 * 3600.0  # seconds since it was last written to: nobody goes on with such a part


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write beside ``path``, which takes its place at the end; on any failure nothing is left.

    Each who writes has one of their own: of two at once, the last to end leaves the file, and leaves it whole.
    A link stays one: what it leads to is written.
    """
    target = path.resolve()
    part = part_of(target)
    _tidy(target)
    try:
        yield part
        with part.open("rb+") as written:
            written.flush()
            os.fsync(written.fileno())
        part.replace(target)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}; nothing was changed there") from error
    finally:
        with suppress(OSError):  # what cannot be removed, a later export removes
            part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """A name beside ``path`` that nobody else uses: what is half written shows by it that it is."""
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")


def _tidy(path: Path) -> None:
    """Remove what killed exports of the file left; one that still writes may be on another machine."""
    with suppress(OSError):
        for left in path.parent.glob(f".{escape(path.name)}.*.part"):
            if time.time() - left.stat().st_mtime > _LEFT_OVER:
                left.unlink(missing_ok=True)


def visible(text: str) -> str:
    """The text without control characters but tab and line end, and without what turns text around."""
    return _UNSEEN.sub("\ufffd", text)


def inert(text: str) -> str:
    """The text as a CSV file may carry it: what a spreadsheet would take for a formula starts with an apostrophe."""
    return f"'{text}" if _LEAD.match(text) and not _NUMBER.fullmatch(text) else text


def write_csv(path: Path, variables: Sequence[Variable], rows: Iterable[Row]) -> int:
    """A CSV file in UTF-8, with the mark by which Excel knows it. Gives the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(_csv_line([variable.name for variable in variables]))
        for count, row in enumerate(rows, 1):  # noqa: B007 - the last count is the answer
            file.write(_csv_line(row))
    return count


def _csv_line(row: Row) -> str:
    return ",".join(map(_csv_cell, row)) + "\r\n"


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    return _csv_text(value) if isinstance(value, str) else _plain(value)


@lru_cache(maxsize=20_000)  # ids, names and paths come again in every row
def _csv_text(text: str) -> str:
    return '"' + visible(inert(text)).replace('"', '""') + '"'


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def write_jsonl(path: Path, variables: Sequence[Variable], rows: Iterable[Row]) -> int:
    """A JSON object a line; numbers with all their digits."""
    names = [variable.name for variable in variables]
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for count, row in enumerate(rows, 1):  # noqa: B007
            file.write(serial.write(dict(zip(names, row, strict=True))) + "\n")
    return count


def write_parquet(path: Path, variables: Sequence[Variable], rows: Iterable[Row], scale: int = 6) -> int:
    """A Parquet file; amounts are exact decimals with ``scale`` places."""
    arrow, parquet = _need("pyarrow", "parquet"), _need("pyarrow.parquet", "parquet")
    types = {
        "text": arrow.string(),
        "whole": arrow.int64(),
        "decimal": arrow.decimal128(_DIGITS, scale),
        "flag": arrow.bool_(),
        "date": arrow.date32(),
    }
    schema = arrow.schema([(variable.name, types[variable.type]) for variable in variables])
    size = max(1, _BATCH * 10 // len(variables))
    count, source = 0, iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        while batch := list(islice(source, size)):
            columns = [list(column) for column in zip(*batch, strict=True)]
            try:
                file.write_table(arrow.table(columns, schema=schema))
            except (arrow.ArrowInvalid, OverflowError) as error:
                told = f"a figure does not fit a Parquet column: {error}; CSV and JSON lines hold it"
                raise UsageError(told) from error
            count += len(batch)
    return count


def write_xlsx(path: Path, variables: Sequence[Variable], rows: Iterable[Row]) -> int:
    """An Excel workbook; what one sheet cannot hold goes on in the next."""
    return write_workbook(path, {"data": (variables, rows)})["data"]


def write_workbook(path: Path, sheets: dict[str, tuple[Sequence[Variable], Iterable[Row]]]) -> dict[str, int]:
    """A workbook with several sheets; gives the number of rows of each."""
    openpyxl = _need("openpyxl", "xlsx")
    book = openpyxl.Workbook(write_only=True)
    counts = {name: _sheets(book, name, variables, iter(rows)) for name, (variables, rows) in sheets.items()}
    packed = BytesIO()  # an archive that cannot be ended would say so itself, with a traceback
    book.save(packed)
    path.write_bytes(packed.getbuffer())
    return counts


def _sheets(book: Any, name: str, variables: Sequence[Variable], rows: Iterator[Row]) -> int:
    count, number = 0, 1
    row = next(rows, None)
    while row is not None or number == 1:
        sheet = book.create_sheet(name if number == 1 else f"{name} {number}")
        _lay_out(sheet, variables)
        sheet.append([_heading(sheet, variable.name) for variable in variables])
        for _ in range(_SHEET_ROWS - 1):
            if row is None:
                break
            sheet.append([_xlsx_cell(sheet, value) for value in row])
            count += 1
            row = next(rows, None)
        number += 1
    return count


def _lay_out(sheet: WriteOnlyWorksheet, variables: Sequence[Variable]) -> None:
    """Headings that stay in sight, a filter on each, columns wide enough for what is in them."""
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    last = get_column_letter(len(variables))
    sheet.auto_filter.ref = f"A1:{last}1"
    for number, variable in enumerate(variables, 1):
        wide = max(_WIDE.get(variable.type, 12), min(len(variable.name) + 3, 40))
        sheet.column_dimensions[get_column_letter(number)].width = wide


def _heading(sheet: WriteOnlyWorksheet, name: str) -> Any:
    from openpyxl.styles import Font

    cell = _as_text(sheet, visible(name))
    cell.font = Font(bold=True)
    return cell


def _xlsx_cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    if isinstance(value, str):
        text = visible(value)
        if len(text) > _CELL_LETTERS:
            text = text[: _CELL_LETTERS - 60] + "… [cut: Excel holds no more; the other formats hold all]"
        return _as_text(sheet, text) if _LEAD.match(text) else text
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, date):
        return value.isoformat()
    return _as_text(sheet, _plain(value)) if len(_plain(value).strip("-0.")) > _EXACT_DIGITS else value


def _as_text(sheet: WriteOnlyWorksheet, text: str) -> Any:
    """A cell that is text whatever it begins with, also after somebody edits it."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _need(module: str, extra: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"this format needs {module}: pip install 'gouji[{extra}]'") from error


WRITERS: dict[Format, Write] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
}
