"""Answers of a weak or hostile model to a text without a grid, and hostile texts: what adds up and is wrong waits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import BaseModel

from agent import Accepted, NeedsReview, free_wire
from agent.document import load
from agent.evidence import gather
from agent.model import Answer
from agent.outcome import Reading, Usage
from agent.pipeline import conclude
from agent.reader import Read
from schemas import load as load_form
from schemas.declare import declare
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


@pytest.mark.parametrize(
    "entries",
    [
        [entry(3, "CAKE", "2.00"), entry(4, "TEA", "3.00")],
        [entry(3, "TEA", "2.00"), entry(4, "TEA", "3.00")],
        [entry(3, "THANK YOU", "2.00"), entry(4, "CAKE", "3.00")],
    ],
    ids=["swapped", "the same", "from afar"],
)
def test_words_that_stand_with_another_entry_are_not_put_to_an_amount(entries: list[str]) -> None:
    text = f"{HEAD}TEA 2.00\nCAKE 3.00\nTOTAL 5.00\n\n\n\nTHANK YOU\n"

    outcome = ended(text, f"{NAMED}total@5 5.00", *entries)

    assert isinstance(outcome, Accepted)
    given = {(item["description"], str(item["amount"])) for item in outcome.record["items"]}
    assert given <= {("TEA", "2.00"), ("CAKE", "3.00"), (None, "2.00"), (None, "3.00")}


class Booked(BaseModel):
    """An entry that must have its words."""

    kind: str
    words: str
    amount: Decimal


class Ledger(BaseModel):
    """A page of entries."""

    entries: list[Booked]
    total: Decimal


def test_one_heading_may_stand_over_several_entries_and_words_of_another_wait() -> None:
    form = declare(Ledger, ("sum(entries.amount) = total",), labels={"total": ("Total",)})
    text = "FOOD\nTEA 2.00\nCAKE 3.00\nWARE\nCUP 4.00\nTotal 9.00\n"
    right = "@2 FOOD | TEA | 2.00", "@3 FOOD | CAKE | 3.00", "@5 WARE | CUP | 4.00"
    wrong = "@2 FOOD | CAKE | 2.00", "@3 FOOD | TEA | 3.00", "@5 WARE | CUP | 4.00"

    assert isinstance(ended(text, "total@6 9.00", *right, form=form), Accepted)
    assert isinstance(ended(text, "total@6 9.00", *wrong, form=form), NeedsReview)


def test_a_quantity_of_what_is_free_is_proved_by_no_product() -> None:
    text = f"{HEAD}BAG 7 COLOURS 2 0.00 0.00\nTEA 5.00\nTOTAL 5.00\n"

    outcome = ended(
        text, f"{NAMED}total@5 5.00", entry(3, "BAG 7 COLOURS", "0.00", "7", "0.00"), entry(4, "TEA", "5.00")
    )

    assert isinstance(outcome, Accepted)
    assert outcome.record["items"][0]["quantity"] is None


@pytest.mark.parametrize(
    ("dated", "said", "why"),
    [
        ("Date 24/03/2018\nDue date 30/04/2018", "date@3 30/04/2018", "stands behind the words of another date"),
        ("Date 24/03/2018 Due 30/04/2018\n", "date@2 30/04/2018", "stands behind the words of another date"),
        ("Due date 30/04/2018\n", "date@2 30/04/2018", "stands behind the words of another date"),
        ("Date 24/03/2018\nDate 25/03/2018", "date@3 25/03/2018", "the text has several dates behind its label"),
        ("SUNWAY 04/03/2018\n", "date@2 04/03/2018", "day or month first? the text does not show it"),
        ("04/03/2018 MONEY CHANGER\n", "date@2 04/03/2018", "day or month first? the text does not show it"),
        ("SUN HARDWARE 04/03/2018\n", "date@2 04/03/2018", "day or month first? the text does not show it"),
    ],
)
def test_another_date_is_not_the_purchases_and_a_name_is_no_weekday(dated: str, said: str, why: str) -> None:
    outcome = ended(
        f"A SHOP\n{dated}\nTEA 5.00\nTOTAL 5.00\n", f"company@1 A SHOP\n{said}\ntotal@5 5.00", entry(4, "TEA", "5.00")
    )

    assert isinstance(outcome, NeedsReview)
    assert f"date: {why}" in [f.message for f in outcome.findings if not f.warning]


@pytest.mark.parametrize(
    ("dated", "day"), [("Date 24/03/2018 Due 30/04/2018", "2018-03-24"), ("24/03/98", "1998-03-24")]
)
def test_the_date_that_its_label_stands_before_is_taken(dated: str, day: str) -> None:
    said = dated.removeprefix("Date ").split()[0]

    outcome = ended(f"A SHOP\n{dated}\nTEA 5.00\nTOTAL 5.00\n", f"company@1 A SHOP\ndate@2 {said}\ntotal@4 5.00", TEA)

    assert isinstance(outcome, Accepted)
    assert outcome.record["date"] == day


@pytest.mark.parametrize(("said", "kept"), [("SGD", "SGD"), ("D", None), ("GD", None)])
def test_a_piece_of_a_word_is_not_what_the_text_states(said: str, kept: str | None) -> None:
    outcome = ended(f"{HEAD}TEA SGD5.00\nTOTAL SGD5.00\n", f"{NAMED}total@4 5.00\ncurrency@4 {said}", TEA)

    assert isinstance(outcome, Accepted)
    assert outcome.record["currency"] == kept


def test_a_service_tax_is_a_tax() -> None:
    text = f"{HEAD}TEA 10.00\nSERVICE TAX 6% 0.60\nTOTAL 10.60\n"
    named, tea = f"{NAMED}total@5 10.60", entry(3, "TEA", "10.00")

    right, wrong = ended(text, f"{named}\ntax@4 0.60", tea), ended(text, f"{named}\nservice@4 0.60", tea)

    assert isinstance(right, Accepted)
    assert str(right.record["tax"]) == "0.60"
    assert isinstance(wrong, NeedsReview)


def test_a_count_printed_like_an_amount_stops_nothing() -> None:
    text = f"{HEAD}TEA 2.00 x 5.00 10.00\nTOTAL QTY: 2.00\nTOTAL 10.00\n"

    assert isinstance(ended(text, f"{NAMED}total@5 10.00", entry(3, "TEA", "10.00")), Accepted)
