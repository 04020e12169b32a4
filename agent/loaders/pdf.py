"""A PDF's text layer as lines: ruled tables by their rules, other columns by position; scanned pages are told."""

from __future__ import annotations

import ctypes
import io
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agent.errors import InputError
from agent.loaders.blocks import Line
from agent.loaders.limits import LIMITS
from agent.loaders.seen import Box, Drawn, unseen
from agent.loaders.sheet import Printed, printed, rejoin

if TYPE_CHECKING:
    from pdfplumber.page import Page as Sheet
    from pdfplumber.pdf import PDF

FEW = 20  # visible characters a scanned page may show besides its image, such as a stamped page number
GARBLED = 0.1  # of a page's letters: with more of them unknown or unseen, the page is read as an image


# Fonts draw these alike, and printing to PDF takes the first of them for either.
_TWINS = {"戶": "户", "⼾": "户", "㬵": "胶", "⺕": "彐", "⸺": "——", "⸻": "———"}
_TRADITIONAL = frozenset("門網開關務業個請")


def read(data: bytes) -> Iterator[tuple[int, list[Line] | None]]:
    """The lines of each page; None for a page that is an image and needs OCR."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    with _opened(data) as document, _drawable(data) as drawable:
        if len(document.pages) > LIMITS.pages:
            raise InputError(f"has {len(document.pages)} pages, more than {LIMITS.pages}")
        above: Printed | None = None
        for number, sheet in enumerate(document.pages, 1):
            here = _page(sheet, drawable[number - 1], number)
            if above and here:
                rejoin(above, here)
            if above:
                yield number - 1, above.lines
            if here is None:
                yield number, None
            above = here
            sheet.close()
        if above:
            yield len(document.pages), above.lines


def _opened(data: bytes) -> PDF:
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    locked = (PDFPasswordIncorrect, PDFEncryptionError)
    try:
        return pdfplumber.open(io.BytesIO(data))
    except (*locked, PdfminerException) as error:
        if isinstance(error, locked) or isinstance(error.args[0], locked):
            raise InputError("is protected with a password; save it without one") from error
        raise InputError(f"the file is broken: {error}") from error


def _drawable(data: bytes) -> Any:
    """The document as pdfium sees it."""
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise InputError(f"the file is broken: {error}") from error


def _page(sheet: Sheet, page: Any, number: int) -> Printed | None:
    """The page's text; None where it is in an image, or where its letters are not what is seen on the page."""
    if _is_scan(page) or _is_garbled(sheet):
        return None
    shown = _shown(sheet, page)
    if shown is None or _lies(sheet):
        return None
    _fold_twins(sheet)
    drawn = Drawn(page, shown)
    hidden, share = unseen(drawn, sheet.chars)
    return None if share > GARBLED else printed(sheet, number, drawn, hidden)


def _shown(sheet: Sheet, page: Any) -> Box | None:
    """The part of the page that is shown; None where the two libraries disagree about it."""
    (x0, top, x1, bottom), (left, upper, right, lower) = sheet.mediabox, sheet.cropbox
    cut = (max(x0, left), max(top, upper), min(x1, right), min(bottom, lower))
    width, height = page.get_size()
    return cut if abs(cut[2] - cut[0] - width) < 1 and abs(cut[3] - cut[1] - height) < 1 else None


def _fold_twins(sheet: Sheet) -> None:
    """Give characters of the traditional script the form that a page in the simplified one means."""
    chars = sheet.chars
    if not any(char["text"] in _TRADITIONAL for char in chars):
        for char in chars:
            char["text"] = _TWINS.get(char["text"], char["text"])


def _lies(sheet: Sheet) -> bool:
    """Whether most of the text runs up or down the page."""
    return 2 * sum(not char["upright"] for char in sheet.chars) > len(sheet.chars)


def _is_garbled(sheet: Sheet) -> bool:
    """Whether the fonts do not say which characters they show."""
    unknown = [c for c in sheet.chars if c["text"].startswith("(cid:") or "\ue000" <= c["text"][:1] <= "\uf8ff"]
    return len(unknown) > GARBLED * len(sheet.chars)


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
