"""Every fixture published in every format comes back the same; scans of it are read right or not trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from agent.document import load
from eval import render
from eval.bench_loaders import CONDITIONS, scan_score, scanned
from eval.cases import Case
from eval.generator import generate
from tests.paper import needs_chromium, needs_soffice

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)
STYLES = dict(zip(CONDITIONS, render.STYLES * 2, strict=False))


@cache
def case(seed: int) -> Case:
    return generate(seed, layout="tab", damage=())


@cache
def printed(seed: int, style: render.Style) -> bytes:
    return render.pdf(case(seed).text, style)


def tables(text: str) -> render.Rows:
    return [row for row in render.rows(text) if len(row) > 1]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", [render.html, render.docx, render.xlsx], ids=["html", "docx", "xlsx"])
def test_a_report_published_as_a_file_has_the_same_tables(make: Callable[[str], bytes], seed: int) -> None:
    pytest.importorskip("docx", reason="needs python-docx")
    pytest.importorskip("openpyxl", reason="needs gouji[xlsx]")

    document = load(make(case(seed).text), name="report")

    assert tables(document.text) == tables(case(seed).text)


@needs_chromium
@pytest.mark.parametrize("style", render.STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_report_printed_by_a_browser_has_the_same_tables(seed: int, style: render.Style) -> None:
    pytest.importorskip("pdfplumber", reason="needs gouji[pdf]")

    document = load(printed(seed, style), name="report.pdf")
    found, right = render.rows(document.text), render.rows(case(seed).text)

    assert [len(row) for row in found] == [len(row) for row in right]
    cells = [pair for a, b in zip(found, right, strict=True) for pair in zip(a, b, strict=True) if pair[0] != pair[1]]
    assert [pair for pair in cells if not broken_by_page(*pair, document.lines)] == []


def broken_by_page(found: str, right: str, lines: Sequence[str]) -> bool:
    """Whether a page ends within the words of a cell: their rest stands alone on the next."""
    return bool(found) and right.startswith(found) and right.removeprefix(found) in lines


@needs_soffice
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_report_printed_by_an_office_is_read_right_or_not_trusted(seed: int) -> None:
    pytest.importorskip("pdfplumber", reason="needs gouji[pdf]")

    score = scan_score(case(seed), render.office(render.docx(case(seed).text), "docx", "pdf"))

    # An office breaks rows over pages wherever the page ends; a label cut so may stay unread, never misread.
    assert (score.trusted, score.wrong) == (0, 0)
    assert score.right >= 0.9 * score.figures


@needs_chromium
@pytest.mark.parametrize(("dpi", "wear"), CONDITIONS)
def test_a_scan_is_read_right_or_not_trusted(dpi: int, wear: str) -> None:
    pytest.importorskip("rapidocr", reason="needs gouji[ocr]")

    score = scan_score(case(1), scanned(printed(1, STYLES[dpi, wear]), dpi, wear))

    assert score.trusted == 0
    assert score.wrong == 0
    assert score.right >= 0.95 * score.figures


@needs_chromium
def test_progress_is_told_for_each_scanned_page() -> None:
    pytest.importorskip("rapidocr", reason="needs gouji[ocr]")
    told: list[tuple[int, int]] = []

    load(scanned(printed(1, render.NOTO_SERIF), 100, "clean"), name="scan.pdf", progress=lambda *now: told.append(now))

    assert told == [(1, 2), (2, 2)]
