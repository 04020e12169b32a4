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
from agent.loaders.sheet import Printed, printed, rejoin

if TYPE_CHECKING:
    from pdfplumber.page import Page as Sheet

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
    above: Printed | None = None
    with document:
        if len(document.pages) > LIMITS.pages:
            raise InputError(f"has {len(document.pages)} pages, more than {LIMITS.pages}")
        for number, sheet in enumerate(document.pages, 1):
            here = None if number in scanned or _is_garbled(sheet) else printed(sheet, number)
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
