"""The cells of entries in a text without a grid: which entry a quantity and a price belong to."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agent import Accepted, free_wire
from agent.document import load
from agent.model import Answer
from agent.outcome import Usage
from tests.test_free_attacks import HEAD, NAMED, RECEIPT, ended, entry


def quantities(text: str, fields: str, *entries: str) -> list[str]:
    """Of each entry of an accepted receipt how many of it were bought."""
    outcome = ended(HEAD + text, NAMED + fields, *entries)
    assert isinstance(outcome, Accepted), outcome.findings
    return [str(item["quantity"]) for item in outcome.record["items"]]


def test_a_quantity_between_two_other_entries_belongs_to_neither_of_those_beyond() -> None:
    text = "CAKE 30.00\n3 @ 10.00\nTEA 30.00\n2 @ 15.00\nTOTAL 60.00\n"
    crossed = entry(3, "CAKE", "30.00", "2", "15.00"), entry(5, "TEA", "30.00", "3", "10.00")
    right = entry(3, "CAKE", "30.00", "3", "10.00"), entry(5, "TEA", "30.00", "2", "15.00")

    assert quantities(text, "total@7 60.00", *crossed) == ["None", "None"]
    assert quantities(text, "total@7 60.00", *right) == ["3", "2"]


def test_a_quantity_between_two_entries_of_as_much_may_be_of_either() -> None:
    text = "INK 2.00\n2 @ 1.00\nSOAP 2.00\n1 @ 2.00\nTOTAL 4.00\n"

    assert (
        quantities(text, "total@7 4.00", entry(3, "INK", "2.00"), entry(5, "SOAP", "2.00", "2", "1.00")) == ["None"] * 2
    )


def test_a_quantity_between_two_entries_that_both_say_so_is_kept() -> None:
    text = "INK 2.00\n2 @ 1.00\nSOAP 2.00\n2 @ 1.00\nTOTAL 4.00\n"
    entries = entry(3, "INK", "2.00", "2", "1.00"), entry(5, "SOAP", "2.00", "2", "1.00")

    assert quantities(text, "total@7 4.00", *entries) == ["2", "2"]


def test_tabs_within_a_text_are_spaces() -> None:
    text = "LANTERN SHOP\n7 Mill Street\t\tRiverton\nDATE 24/03/2018\nTEA 5.00\nTOTAL 5.00\n"
    fields = "company@1 LANTERN SHOP\naddress@2 7 Mill Street\t\tRiverton\ndate@3 24/03/2018\ntotal@5 5.00"

    outcome = ended(text, fields, entry(4, "TEA", "5.00"))

    assert isinstance(outcome, Accepted)
    assert outcome.record["address"] == "7 Mill Street Riverton"


@pytest.mark.fault("row-set", behaviour="A field given twice, of a text without a grid: the first counts.")
def test_of_a_field_given_twice_the_first_counts() -> None:
    document = load(f"{HEAD}TEA 5.00\nTOTAL 5.00\nCASH 6.00\n")
    question = free_wire.question(document, RECEIPT)
    fields = "company@1 LANTERN SHOP\ncompany@1 SHOP\ntotal@4 5.00\ntotal@5 6.00"
    value = question.answer.model_validate({"fields": fields, "items": ""})

    given = free_wire.parse(Answer(question, value, "", Usage()), RECEIPT, document, "m")

    assert given.words["company"].value == "LANTERN SHOP"
    assert str(given.figures["total"].value) == "5.00"


@pytest.mark.fault("row-set")
@pytest.mark.parametrize("line", ["TEA 5.00", "@3 TEA | 5.00"])
def test_an_entry_of_another_shape_is_named(line: str) -> None:
    question = free_wire.question(load(f"{HEAD}TEA 5.00\nTOTAL 5.00\n"), RECEIPT)

    with pytest.raises(ValidationError, match="is not @LINE and"):
        question.answer.model_validate({"fields": "total@4 5.00", "items": line})
