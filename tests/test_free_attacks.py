"""Answers of a weak or hostile model to a text without a grid, and hostile texts: what adds up and is wrong waits."""

from __future__ import annotations

import pytest

from agent import Accepted, NeedsReview, free_wire
from agent.document import load
from agent.evidence import gather
from agent.model import Answer
from agent.outcome import Reading, Usage
from agent.pipeline import conclude
from agent.reader import Read
from schemas import load as load_form
from schemas.form import Form

RECEIPT = load_form("receipt")
HEAD = "LANTERN SHOP\nDATE 24/03/2018\n"
NAMED = "company@1 LANTERN SHOP\ndate@2 24/03/2018\n"


def entry(line: int, words: str, amount: str, quantity: str = "_", price: str = "_") -> str:
    return f"@{line} {words} | {quantity} | {price} | _ | {amount}"


TEA = entry(3, "TEA", "5.00")


def ended(text: str, fields: str, *entries: str, form: Form = RECEIPT) -> Accepted | NeedsReview:
    document = load(text)
    question = free_wire.question(document, form)
    assert form.free is not None
    lists = {one.id: "\n".join(entries) for one in form.free.lists}
    value = question.answer.model_validate({"fields": fields} | lists)
    given = free_wire.parse(Answer(question, value, "", Usage()), form, document, "m")
    reading = Reading(given.figures, given.words, {})
    return conclude(document, gather(document, form), reading, "model", read=Read(reading))


def waits(text: str, fields: str, *entries: str) -> list[str]:
    """Why it waits, each with its lines."""
    outcome = ended(HEAD + text, NAMED + fields, *entries)
    assert isinstance(outcome, NeedsReview), outcome.record
    return [f"{f.message} {f.lines}" for f in outcome.findings if not f.warning]


@pytest.mark.parametrize(
    ("text", "fields", "entries"),
    [
        ("TEA 5.00\nCAKE 5.00\nVOUCHER -5.00\nTOTAL 5.00\n", "total@6 5.00", [TEA]),
        ("TEA 5.00\nCAKE 5.00\nVOUCHER -5.00\nTOTAL 5.00\n", "total@6 5.00", [entry(4, "CAKE", "5.00")]),
        ("TEA 5.00\nCAKE 5.00\nVOUCHER 5.00\nTOTAL 5.00\n", "total@6 5.00", [TEA]),
        ("TEA 5.00\nVOID TEA -5.00\nCAKE 5.00\nTOTAL 5.00\n", "total@6 5.00", [TEA]),
        (
            "TEA 2.00\nCAKE 3.00\nPIE 5.00\nVOUCHER -5.00\nTOTAL 5.00\n",
            "total@7 5.00",
            [entry(3, "TEA", "2.00"), entry(4, "CAKE", "3.00")],
        ),
        ("PEN 1 3.00 3.00\nINK 3.00\nTOTAL 6.00\n", "total@5 6.00", [entry(3, "PEN", "3.00")] * 2),
        ("TOTAL 5.00\nTEA 5.00\nCAKE 5.00\nVOUCHER -5.00\n", "total@3 5.00", [entry(4, "TEA", "5.00")]),
        ("TEA\n1 5.00 5.00\nCAKE\n1 5.00 5.00\nVOUCHER -5.00\nTOTAL 5.00\n", "total@8 5.00", [entry(4, "TEA", "5.00")]),
    ],
    ids=["twin", "first twin", "voucher without sign", "void", "adds up", "line twice", "total first", "two lines"],
)
def test_an_entry_passed_over_with_what_was_taken_off_is_left_over(text: str, fields: str, entries: list[str]) -> None:
    assert "an amount is printed here that nothing accounts for" in " ".join(waits(text, fields, *entries))


@pytest.mark.parametrize(
    ("after", "fields"),
    [
        ("DISCOUNT 4.00\nCASH 11.00\n", "discount@6 4.00\npaid@7 11.00"),
        ("DISCOUNT 4.00\nNETT 11.00\n", "discount@6 4.00\nnet@7 11.00"),
        ("DISCOUNT 5.00\nTOTAL 10.00\n", "discount@6 5.00"),
        ("TAX 0.90\nAMOUNT 15.90\n", "tax@6 0.90\nnet@7 15.90"),
    ],
)
def test_a_total_before_something_is_no_total_though_the_rest_stands_behind_labels(after: str, fields: str) -> None:
    entries = entry(3, "TEA", "10.00"), entry(4, "CAKE", "5.00")

    told = waits(f"TEA 10.00\nCAKE 5.00\nTOTAL 15.00\n{after}", f"total@5 15.00\n{fields}", *entries)

    assert "an amount is printed here that nothing accounts for" in " ".join(told)


@pytest.mark.parametrize("name", ["service", "tax", "rounding"])
def test_an_entry_is_no_service_tax_or_rounding_where_the_text_names_none(name: str) -> None:
    told = waits("TEA 10.00\nCAKE 5.00\nTOTAL 15.00\n", f"total@5 15.00\n{name}@4 5.00", entry(3, "TEA", "10.00"))

    assert "an amount is printed here that nothing accounts for (4,)" in told


def test_a_heading_above_an_entry_is_no_label_of_its_amount() -> None:
    text = "GST 001234\nTEA 5.00\nCAKE 10.00\nTOTAL 15.00\n"

    assert waits(text, "total@6 15.00\ntax@4 5.00", entry(5, "CAKE", "10.00"))


@pytest.mark.parametrize("words", ["SALES TAX 6%", "ADD: GST 6%", "10% SERVICE CHARGE", "GRAND TOTAL RM"])
def test_a_figure_behind_its_own_label_is_no_entry(words: str) -> None:
    text = f"TEA 10.00\n{words} 0.60\nTOTAL 10.60\n"

    told = waits(text, "total@5 10.60", entry(3, "TEA", "10.00"), entry(4, words, "0.60"))

    assert "stands behind the label of another figure (4,)" in told


def test_an_entry_may_be_named_after_a_figure_that_adds_up_with_no_entry() -> None:
    text = f"{HEAD}FISHING NET 10.00\nGIFT CARD 5.00\nTOTAL 15.00\n"

    outcome = ended(text, f"{NAMED}total@5 15.00", entry(3, "FISHING NET", "10.00"), entry(4, "GIFT CARD", "5.00"))

    assert isinstance(outcome, Accepted)
