"""Every gold fixture, published as HTML, Word and PDF, comes back with its tables, its record and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.document import load
from agent.pipeline import extract
from eval import render
from eval.cases import Case, load_folder
from eval.evaluation import GOLD
from tests.paper import needs_chromium, needs_soffice

pytestmark = pytest.mark.slow

CASES = load_folder(GOLD)
NO_PAPER = frozenset({"gaps", "aligned", "ideographic", "half_glued"})
"""Layouts that only a text file has: their cells stand apart by spaces or empty lines alone, which paper lacks."""


def name(case: Case) -> str:
    return case.name


def end(outcome: Any) -> tuple[str, object, object]:
    """The end of a report: status, gravest reason, record."""
    reasons = getattr(outcome, "reasons", None) or [None]
    return outcome.status, reasons[0], getattr(outcome, "record", None)


def filled(text: str) -> list[list[str]]:
    """The cells with text, row by row: where no row parts two columns, paper does not show them."""
    return [[cell for cell in row if cell] for row in render.rows(text)]


@pytest.mark.parametrize("make", [render.html, render.docx], ids=["html", "docx"])
@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_fixture_published_as_a_file_ends_as_its_text(case: Case, make: Callable[[str], bytes]) -> None:
    pytest.importorskip("docx", reason="needs python-docx")
    data = make(case.text)

    assert render.rows(load(data, name="report").text) == render.rows(case.text)
    assert end(extract(data, reader="offline")) == end(extract(case.text, reader="offline"))


@needs_chromium
@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_fixture_printed_by_a_browser_ends_as_its_text(case: Case) -> None:
    pytest.importorskip("pdfplumber", reason="needs gouji[pdf]")
    data = render.pdf(case.text)
    expected, found = (end(extract(source, reader="offline")) for source in (case.text, data))

    if case.layout in NO_PAPER:
        assert found[0] != "accepted" or found == expected
        return
    assert filled(load(data, name="report").text) == filled(case.text)
    assert found[:2] == expected[:2]
    # Paper breaks a glued line anywhere, so that less of what stays in review may be decided.
    assert found[2] == expected[2] or (case.layout == "glued" and found[0] == "review")


@needs_soffice
@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_fixture_printed_by_an_office_ends_as_its_text_or_in_review(case: Case) -> None:
    pytest.importorskip("pdfplumber", reason="needs gouji[pdf]")
    pytest.importorskip("docx", reason="needs python-docx")

    found = end(extract(render.office(render.docx(case.text), "docx", "pdf"), reader="offline"))

    # An office breaks rows over pages wherever a page ends; a label cut so may stay unread, never misread.
    assert found[0] == "review" or found == end(extract(case.text, reader="offline"))
