"""The photographs of four shared receipts, read by OCR: each ends as its text does, with the same figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from agent import Accepted, NeedsReview, free_wire, small_free
from agent.amounts import printed
from agent.answers import strict_schema
from agent.document import Document, load
from agent.evidence import gather
from agent.model import Answer
from agent.outcome import Reading, Usage
from agent.pipeline import conclude
from agent.reader import Read
from schemas import load as load_form
from tests import receipts_by_line

pytest.importorskip("rapidocr", reason="needs gouji[ocr]")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not receipts_by_line.SHARED.is_dir(), reason="the shared receipts are not here"),
]
FORM = load_form("receipt")
ALIKE = 0.6


def read(path: Path, stated: Mapping[str, str]) -> Accepted | NeedsReview:
    """The outcome where a perfect small model says of each line what its like states in the receipt's text."""
    document = load(path)
    question = small_free.question(document, FORM)
    shape = strict_schema(question.answer)["properties"]
    said = {key: _said(document, _line(key), its["enum"], stated) for key, its in shape.items()}
    value = question.answer.model_validate_json(json.dumps(said), strict=True)
    given = free_wire.parse(Answer(question, value, "", Usage()), FORM, document, "perfect")
    reading = Reading(given.figures, given.words, {})
    return conclude(document, gather(document, FORM), reading, "model", read=Read(reading))


def _line(key: str) -> int:
    """The line that is asked about: ``22 words`` or, of one of its amounts, ``41.8 words``."""
    return int(key.split()[0].partition(".")[0])


def _said(document: Document, line: int, offered: list[str], stated: Mapping[str, str]) -> str:
    """What the line of the text states that is most like this one, of those with the same last amount."""
    here = document.lines[line - 1]
    amount = _last_amount(here)
    like = max((other for other in stated if _last_amount(other) == amount), key=lambda o: _alike(here, o), default="")
    sure = amount is not None or _alike(here, like) >= ALIKE
    return stated[like] if like and sure and stated[like] in offered else "other"


def _last_amount(line: str) -> Decimal | None:
    return next((one.value for one in reversed(printed((line,))[0]) if one.money), None)


def _alike(here: str, there: str) -> float:
    return SequenceMatcher(None, _letters(here), _letters(there)).ratio()


def _letters(line: str) -> str:
    return "".join(line.lower().split())


def _both(name: str) -> tuple[Accepted | NeedsReview, Accepted | NeedsReview]:
    """The outcomes of a receipt's text and of its photograph."""
    text = receipts_by_line.SHARED / f"receipt_{name}.txt"
    kinds = receipts_by_line.kinds(name)
    stated = {line: kinds.get(number, "other") for number, line in enumerate(load(text).lines, 1)}
    return read(text, stated), read(text.with_suffix(".jpg"), stated)


@pytest.mark.parametrize("name", ["016", "304", "448"])
def test_a_photograph_ends_as_its_text_does(name: str) -> None:
    from_text, from_photo = _both(name)

    assert (from_photo.status, from_text.status) == ("accepted", "accepted")
    for field in ("total", "date", "subtotal", "tax", "paid", "change"):
        assert from_photo.record[field] == from_text.record[field], field
    amounts = [[item["amount"] for item in outcome.record["items"]] for outcome in (from_text, from_photo)]
    assert amounts[0] == amounts[1]


def test_a_point_that_the_paper_has_lost_is_not_put_back() -> None:
    # The text says 7.50; on the photograph nothing stands between the 7 and the 50.
    _, from_photo = _both("160")

    assert isinstance(from_photo, NeedsReview)
    assert from_photo.record["total"] == Decimal("8.60")
    assert "7.50" not in {str(item["amount"]) for item in from_photo.record["items"]}
