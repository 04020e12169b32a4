"""Text fixtures as they would be published: HTML, DOCX, XLSX, PDF and page images, clean or worn.

A row of cells between tabs or Markdown's pipes becomes a row of a table; empty cells behind a label are merged
with it, so that reading the file back must give the very same rows. Other lines become paragraphs as they stand.
"""

from __future__ import annotations

import html as markup
import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docx.table import _Row as Row
    from PIL.Image import Image

Rows = list[list[str]]
_PIPES = re.compile(r"\s*\|.*\|.*\|\s*")
_RULE = re.compile(r":?-+:?")
_MARKS = re.compile(r"\*\*|\\(.)")
_FIGURE = re.compile(r"[-－+]?[\d.,，０-９]+%?|[-－—–/／无]*")


@dataclass(frozen=True)
class Style:
    """How a page looks."""

    name: str
    font: str
    size: float = 9
    css: str = ""


NOTO_SERIF = Style("noto-serif", "Noto Serif CJK SC", 9, "td {border: 0.6pt solid #000}")
ZENHEI = Style("zenhei-grey", "WenQuanYi Zen Hei", 8.5, "td {border: 0.5pt solid #888; padding: 3pt 2pt}")
UKAI = Style(
    "kai-thick", "AR PL UKai CN", 10, "td {border: 1pt solid #000; padding: 1pt 2pt} table {border: 2pt solid #000}"
)
NOTO_SANS = Style("noto-sans", "Noto Sans CJK SC", 8, "td {border: 0.4pt solid #333; padding: 4pt 3pt}")
UMING = Style("ming", "AR PL UMing CN", 9.5, "td {border: 0.7pt solid #000; padding: 2pt}")
STYLES = (NOTO_SERIF, ZENHEI, UKAI, NOTO_SANS, UMING)
UNTUNED = (
    Style("micro-hei-thin", "WenQuanYi Micro Hei", 9, "td {border: 0.3pt solid #666; padding: 2pt}"),
    Style("kai-heavy", "AR PL UKai CN", 9, "td {border: 2.2pt solid #000; padding: 2pt 3pt}"),
    Style(
        "ming-shaded",
        "AR PL UMing CN",
        9,
        "td {border: 0.6pt solid #000; padding: 2pt} tr:nth-child(-n+3) td {background: #c8c8c8}"
        " td:first-child {background: #e4e4e4; font-weight: bold}",
    ),
    Style(
        "zenhei-striped",
        "WenQuanYi Zen Hei",
        9,
        "td {border: 0.5pt solid #000; padding: 1pt 2pt} tr:nth-child(even) td {background: #ddd}",
    ),
    Style("sans-double", "Noto Sans CJK SC", 8.5, "td {border: 2.5pt double #000; padding: 2pt}"),
)
"""Styles the reader of scans was not made with."""
UNRULED = Style("unruled", "Noto Sans CJK SC", 8.5, "td {border: none; padding: 1pt 5pt}")


def parts(text: str) -> list[str | Rows]:
    """Paragraphs and tables of a text; neighbouring rows of cells are a table, a blank line is an empty paragraph."""
    found: list[str | Rows] = []
    for line in text.splitlines():
        cells = _cells(line)
        if cells is None:
            found.append(line)
        elif cells and found and isinstance(found[-1], list):
            found[-1].append(cells)
        elif cells:
            found.append([cells])
    return found


def _cells(line: str) -> list[str] | None:
    """The cells of a line; none for the separator below a Markdown table's head, None where it is no row."""
    if "\t" in line:
        return line.split("\t")
    if not _PIPES.fullmatch(line):
        return None
    cells = [_MARKS.sub(r"\1", cell.strip()) for cell in line.strip()[1:-1].split("|")]
    return [] if all(map(_RULE.fullmatch, cells)) else cells


def rows(text: str) -> Rows:
    """Every row of every table of a text, cells stripped, none at its end empty."""
    found = []
    for cells in filter(None, map(_cells, text.splitlines())):
        row = [" ".join(cell.split()) for cell in cells]
        while row and not row[-1]:
            row.pop()
        found.append(row)
    return [row for row in found if row]


def merges(table: Rows) -> dict[tuple[int, int], tuple[int, int]]:
    """The merged cells of a table: (row, column) -> (columns, rows) for each cell that stands on its own."""
    taken: set[tuple[int, int]] = set()
    spans = {}
    for y, row in enumerate(table):
        for x, cell in enumerate(row):
            if (y, x) in taken:
                continue
            spans[y, x] = _span(table, taken, y, x) if cell and not _FIGURE.fullmatch(cell) else (1, 1)
            across, down = spans[y, x]
            taken |= {(y + j, x + i) for j in range(down) for i in range(across)}
    return spans


def _span(table: Rows, taken: set[tuple[int, int]], y: int, x: int) -> tuple[int, int]:
    """Over the empty cells behind a label, and the empty rows below these."""
    across = 1
    while x + across < len(table[y]) and not table[y][x + across] and (y, x + across) not in taken:
        across += 1
    if across == len(table[y]) - x and y and any(map(_FIGURE.fullmatch, filter(None, table[y]))):
        return 1, 1  # blank figures, not a wide label
    down = 1
    while y + down < len(table) and _goes_on(table[y + down], x + across):
        down += 1
    return across, down


def _goes_on(row: list[str], end: int) -> bool:
    return len(row) >= end and not any(row[:end]) and any(row)


def html(text: str, style: Style = NOTO_SERIF, *, encoding: str = "utf-8") -> bytes:
    """The text as a page of a government site, navigation around it."""
    body = "\n".join(_html_part(part) for part in parts(text))
    title = next((line.strip() for line in text.splitlines() if line.strip()), "")
    page = f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="{encoding}">
<title>{markup.escape(title)}_某某人民政府</title><style>
@page {{size: A4; margin: 16mm 14mm}}
body {{font-family: "{style.font}"; font-size: {style.size}pt; line-height: 1.35}}
table {{border-collapse: collapse; width: 100%}} td {{text-align: center}}
p {{margin: 2pt 0; text-indent: 2em}} {style.css}
@media print {{nav, .top {{display: none}}}}
</style></head><body><nav><ul><li><a href="/">首页</a></li><li><a href="/zw">政务公开</a></li></ul></nav>
<div class="top"><a href="/1">网站无障碍</a> <a href="/2">登录</a></div><div class="article">
{body}
</div><div class="top"><a href="/3">网站地图</a> <a href="/4">联系我们</a></div></body></html>"""
    return page.encode(encoding)


def _html_part(part: str | Rows) -> str:
    if isinstance(part, str):
        if not part.strip():
            return "<p>&nbsp;</p>"
        return f"<p>{markup.escape(part)}</p>" if "  " not in part.strip() else f"<pre>{markup.escape(part)}</pre>"
    spans = merges(part)
    out = ["<table>"]
    for y, row in enumerate(part):
        cells = [(cell, *spans[y, x]) for x, cell in enumerate(row) if (y, x) in spans]
        out.append("<tr>" + "".join(_td(*cell) for cell in cells) + "</tr>")
    return "\n".join([*out, "</table>"])


def _td(text: str, across: int, down: int) -> str:
    spans = (f' colspan="{across}"' if across > 1 else "") + (f' rowspan="{down}"' if down > 1 else "")
    return f"<td{spans}>{markup.escape(text) or '&nbsp;'}</td>"


def docx(text: str) -> bytes:
    """The text as a Word document."""
    from docx import Document

    document = Document()
    for part in parts(text):
        if isinstance(part, str):
            document.add_paragraph(part)
            continue
        table = document.add_table(len(part), max(map(len, part)), style="Table Grid")
        for (y, x), (across, down) in merges(part).items():
            cell = table.cell(y, x)
            cell = cell.merge(table.cell(y + down - 1, x + across - 1)) if across * down > 1 else cell
            cell.text = part[y][x]
        for y, row in enumerate(part):
            _end(table.rows[y], len(row))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _end(row: Row, width: int) -> None:
    """Leave a row with so many columns, as Word has it where a row ends early."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    extra = len(row.cells) - width
    if extra <= 0:
        return
    for cell in row._tr.tc_lst[-extra:]:
        row._tr.remove(cell)
    after = OxmlElement("w:gridAfter")
    after.set(qn("w:val"), str(extra))
    row._tr.get_or_add_trPr().append(after)


def xlsx(text: str) -> bytes:
    """The text as a workbook: paragraphs merged over columns, tables in their columns, figures as numbers."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    at = 1
    for part in parts(text):
        table = [[part, *[""] * 14]] if isinstance(part, str) else part
        for y, row in enumerate(table):
            for x, cell in enumerate(row):
                sheet.cell(at + y, x + 1, int(cell) if cell.isascii() and cell.isdecimal() else cell)
        for (y, x), (across, down) in merges(table).items():
            if across * down > 1:
                sheet.merge_cells(None, at + y, x + 1, at + y + down - 1, x + across)
        at += len(table)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def pdf(text: str, style: Style = NOTO_SERIF) -> bytes:
    """The text as a PDF with a text layer, printed by Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        page, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_bytes(html(text, style))
        chromium = shutil.which("chromium") or "chromium"
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
        _run([chromium, *flags, "--disable-component-update", "--disable-sync", "--no-pdf-header-footer",
              f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", page.as_uri()])  # fmt: skip
        return printed.read_bytes()


def office(data: bytes, suffix: str, to: str) -> bytes:
    """A file in another format of LibreOffice's: DOCX as PDF, HTML as DOC."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"page.{suffix}")
        source.write_bytes(data)
        profile = f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"
        soffice = shutil.which("soffice") or "soffice"
        _run([soffice, profile, "--headless", "--convert-to", to, "--outdir", folder, str(source)])
        return Path(folder, f"page.{to.partition(':')[0]}").read_bytes()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, timeout=180, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode('utf-8', 'replace')[-400:]}")


def images(data: bytes, dpi: int) -> Iterator[Image]:
    """The pages of a PDF as grey images."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    for page in document:
        yield page.render(scale=dpi / 72).to_pil().convert("L")
    document.close()


def worn(image: Image, condition: str, seed: int = 0) -> Image:
    """The page as a bad scan would have it: ``skew-2``, ``noise``, ``jpeg``, several joined by ``+``."""
    import numpy
    from PIL import Image as Images, ImageFilter

    rng = numpy.random.default_rng(seed)
    for wear in filter(None, condition.split("+")):
        name, _, amount = wear.partition("-")
        if name == "skew":
            image = image.rotate(float(amount or 1), Images.Resampling.BICUBIC, fillcolor=255)
        elif name == "noise":
            image = image.filter(ImageFilter.GaussianBlur(0.5))
            grey = numpy.asarray(image, dtype=float) + rng.normal(0, float(amount or 12), (image.height, image.width))
            grey[rng.random(grey.shape) < 0.001] = 0
            image = Images.fromarray(grey.clip(0, 255).astype("uint8"))
        elif name == "jpeg":
            stream = io.BytesIO()
            image.save(stream, "JPEG", quality=int(amount or 60))
            image = Images.open(stream).convert("L")
        elif name != "clean":
            raise ValueError(f"no such wear: {wear}")
    return image


def png(image: Image, dpi: int) -> bytes:
    """The image as a file."""
    stream = io.BytesIO()
    image.save(stream, "PNG", dpi=(dpi, dpi))
    return stream.getvalue()


def scanned_pdf(pages: Sequence[Image], dpi: int) -> bytes:
    """The images as a PDF without a text layer."""
    stream = io.BytesIO()
    pages[0].save(stream, "PDF", resolution=dpi, save_all=True, append_images=pages[1:])
    return stream.getvalue()
