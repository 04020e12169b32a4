"""An Excel workbook (.xlsx) as tables: the values its sheets show, merges kept, hidden sheets, rows and columns not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agent.errors import InputError
from agent.loaders.blocks import EMPTY, Line
from agent.loaders.limits import MAX_CELLS, open_zip
from agent.loaders.shown import shown

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

LONG_TEXT = 60


def read(data: bytes) -> Iterator[tuple[int, list[Line]]]:
    """The lines of each sheet that is not hidden, under its title where there are several."""
    import openpyxl

    open_zip(data).close()
    values, formulas = (
        openpyxl.load_workbook(io.BytesIO(data), data_only=results, rich_text=True) for results in (True, False)
    )
    visible = [sheet for sheet in values.worksheets if sheet.sheet_state == "visible"]
    for number, sheet in enumerate(visible, 1):
        title = [Line((sheet.title,))] if len(visible) > 1 else []
        yield number, [*title, *_lines(sheet, formulas[sheet.title]), EMPTY]


def _lines(sheet: Worksheet, formulas: Worksheet) -> Iterator[Line]:
    if sheet.max_row * sheet.max_column > MAX_CELLS:
        raise InputError(f"the sheet {sheet.title} spans more than {MAX_CELLS} cells")
    hidden = {
        column
        for dimension in sheet.column_dimensions.values()
        if dimension.hidden or (dimension.customWidth and dimension.width == 0)
        for column in range(dimension.min, dimension.max + 1)
    }
    ranges = sheet.merged_cells.ranges
    wide = {(r.min_row, r.min_col) for r in ranges if 2 * (r.max_col - r.min_col + 1) > sheet.max_column}
    for row in sheet.iter_rows():
        dimension = sheet.row_dimensions[row[0].row]
        if not dimension.hidden and dimension.height != 0:
            cells = [c for c in row if c.column not in hidden]
            texts = [shown(c, formulas.cell(c.row, c.column).value) for c in cells]
            filled = [(c, text) for c, text in zip(cells, texts, strict=True) if text]
            yield Line((filled[0][1],) if _is_prose(filled, wide) else tuple(texts))


def _is_prose(filled: list[tuple[Any, str]], wide: set[tuple[int, int]]) -> bool:
    """A row's only text, merged over most columns or too long for one, is a paragraph; a label over blanks is not."""
    if len(filled) != 1:
        return False
    cell, text = filled[0]
    return (cell.row, cell.column) in wide or len(text) > LONG_TEXT
