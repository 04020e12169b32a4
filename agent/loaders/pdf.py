"""A PDF's text layer as lines: ruled tables by their rules, other columns by position; scanned pages are told."""

from __future__ import annotations

import ctypes
import io
import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from agent.errors import InputError
from agent.loaders import columns, rules
from agent.loaders.blocks import EMPTY, Line
from agent.loaders.columns import Page, Word
from agent.loaders.limits import LIMITS

if TYPE_CHECKING:
    from pdfplumber.page import Page as Sheet
    from pdfplumber.table import Table

Char = dict[str, Any]
Box = tuple[float, float, float, float]
THICK = 3  # points: a filled box thicker than this is a background, thinner it is a rule
DOUBTFUL = 0.4
FEW = 20  # visible characters a scanned page may show besides its image, such as a stamped page number


def read(data: bytes) -> Iterator[tuple[int, list[Line] | None]]:
    """The lines of each page; None for a page that is an image and needs OCR."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        document = pdfplumber.open(io.BytesIO(data))
    except (PDFPasswordIncorrect, PDFEncryptionError, PdfminerException) as error:
        if isinstance(error, PdfminerException) and not isinstance(
            error.args[0], PDFPasswordIncorrect | PDFEncryptionError
        ):
            raise InputError(f"the file is broken: {error}") from error
        raise InputError("is protected with a password; save it without one") from error
    scanned = _scanned(data)
    with document:
        if len(document.pages) > LIMITS.pages:
            raise InputError(f"has {len(document.pages)} pages, more than {LIMITS.pages}")
        for number, sheet in enumerate(document.pages, 1):
            yield number, None if number in scanned or _is_garbled(sheet) else _lines(sheet, number)
            sheet.close()


def _is_garbled(sheet: Sheet) -> bool:
    """Whether the fonts do not say which characters they show."""
    unknown = [c for c in sheet.chars if c["text"].startswith("(cid:") or "\ue000" <= c["text"][:1] <= "\uf8ff"]
    return 10 * len(unknown) > len(sheet.chars) > 0


def _scanned(data: bytes) -> set[int]:
    """The numbers of the pages whose text is in an image: letters over it are next to none."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise InputError(f"the file is broken: {error}") from error
    with document:
        return {number for number, page in enumerate(document, 1) if _is_scan(page)}


def _is_scan(page: Any) -> bool:
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    pictured, drawn, letters = 0.0, 0, 0
    for item in page.get_objects(max_depth=4):
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            share = (min(right, width) - max(left, 0)) * (min(top, height) - max(bottom, 0)) / (width * height)
            pictured += max(share, 0)
            # Letters under a picture of the page are its hidden text layer, made by somebody's OCR.
            letters = 0 if share > 0.5 else letters
        elif item.type == pdfium.FPDF_PAGEOBJ_PATH:
            drawn += 1
        elif item.type == pdfium.FPDF_PAGEOBJ_TEXT and not _is_invisible(item):
            letters += _letters(page, item)
    return letters < FEW and (pictured > 0.3 or drawn > 200)


def _is_invisible(item: Any) -> bool:
    import pypdfium2.raw as pdfium

    return bool(pdfium.FPDFTextObj_GetTextRenderMode(item) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)


def _letters(page: Any, item: Any) -> int:
    """How many characters a text object shows (its length in UTF-16, without the end mark)."""
    import pypdfium2.raw as pdfium

    if not hasattr(page, "our_text"):
        page.our_text = page.get_textpage()
    length = int(pdfium.FPDFTextObj_GetText(item, page.our_text, ctypes.POINTER(ctypes.c_ushort)(), 0))
    return max(0, length // 2 - 1)


def _lines(sheet: Sheet, number: int) -> list[Line]:
    page = Page(number, float(sheet.width), float(sheet.height))
    clean = sheet.filter(_is_seen).dedupe_chars()
    found: list[tuple[float, list[Line]]] = []
    loose: list[Char] = clean.chars
    for table in rules.tables(clean):
        if max(len(row.cells) for row in table.rows) > 1:  # one column is a frame around prose
            lines, loose = _table(table, loose, page)
            found.append((table.bbox[1], [EMPTY, *lines, EMPTY]))
    found += [(height, [line]) for height, line in columns.lines(_words(loose), page)]
    return [line for _, lines in sorted(found, key=lambda f: f[0]) for line in lines]


def _is_seen(item: dict[str, Any]) -> bool:
    """Whether a drawn thing can be a rule or a letter that is seen: white backgrounds are none."""
    if item["object_type"] != "rect" or min(item["width"], item["height"]) <= THICK:
        return True
    return bool(item.get("stroke")) or (bool(item.get("fill")) and not _is_white(item.get("non_stroking_color")))


def _is_white(color: Any) -> bool:
    parts = color if isinstance(color, tuple | list) else (color,)
    if not all(isinstance(part, int | float) for part in parts):
        return False
    return all(p == 0 for p in parts) if len(parts) == 4 else all(p >= 0.99 for p in parts)


def _words(chars: Sequence[Char]) -> list[Word]:
    from pdfplumber.utils.text import extract_words

    found = extract_words(list(chars), x_tolerance_ratio=0.3, y_tolerance=2)
    return [Word(w["text"], w["x0"], w["top"], w["x1"], w["bottom"]) for w in found]


def _table(table: Table, chars: Sequence[Char], page: Page) -> tuple[list[Line], list[Char]]:
    """The table's rows, and the characters that stand outside of it."""
    held: dict[tuple[int, int], list[Char]] = {}
    boxes = _boxes(table)
    loose = []
    for char in chars:
        cell = _cell_at(boxes, (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2)
        held.setdefault(cell, []).append(char) if cell else loose.append(char)
    doubtful = _over_borders(held)
    lines = []
    for y, row in enumerate(table.rows):
        texts = tuple(columns.text_of(_words(held.get((y, x), ()))) for x in range(len(row.cells)))
        places = tuple(
            page.place(boxes[y, x], DOUBTFUL if (y, x) in doubtful else None) if (y, x) in boxes else None
            for x in range(len(row.cells))
        )
        lines.append(Line(texts, places))
    return lines, loose


def _boxes(table: Table) -> dict[tuple[int, int], Box]:
    """The cells by row and column; last those that no rule closes, as far as the rules of others reach."""
    closed = {(y, x): box for y, row in enumerate(table.rows) for x, box in enumerate(row.cells) if box}
    lefts = sorted({box[0] for box in closed.values()})
    rights = [*lefts[1:], table.bbox[2]]
    open_ = {
        (y, x): (lefts[x], row.bbox[1], rights[x], row.bbox[3])
        for y, row in enumerate(table.rows)
        for x, box in enumerate(row.cells)
        if not box
    }
    return closed | open_


def _cell_at(boxes: dict[tuple[int, int], Box], x: float, y: float) -> tuple[int, int] | None:
    return next((at for at, (x0, top, x1, bottom) in boxes.items() if x0 <= x <= x1 and top <= y <= bottom), None)


def _over_borders(held: dict[tuple[int, int], list[Char]]) -> set[tuple[int, int]]:
    """Cells whose figure runs on in the cell beside it: one figure printed over the rule, or two too close to tell."""
    found = set()
    ends: dict[int, list[tuple[Char, tuple[int, int]]]] = {}
    for at, chars in held.items():
        for char in chars:
            if char["text"].isdecimal():
                ends.setdefault(round(char["bottom"]), []).append((char, at))
    for line in ends.values():
        line.sort(key=lambda end: end[0]["x0"])
        for (left, here), (right, there) in pairwise(line):
            if here != there and right["x0"] - left["x1"] < 0.2 * left["size"]:
                found |= {here, there}
    return found
