"""Whether something was so in a text without a grid: as the quote says it, or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import BaseModel

from agent import free_wire
from agent.document import load
from agent.model import Answer
from agent.outcome import Usage
from schemas.declare import declare


class Slip(BaseModel):
    """A slip."""

    paid: bool
    total: Decimal


FORM = declare(Slip, as_read=("all",), name="slip")


@pytest.mark.parametrize(
    ("line", "said", "value"),
    [
        ("PAID: YES", "yes", True),
        ("PAID: YES", "no", None),
        ("PAID: NO", "no", False),
        ("PAID: NO", "yes", None),
        ("未付", "no", False),
        ("未付", "yes", None),
    ],
)
def test_a_flag_is_kept_where_its_quote_says_the_same(line: str, said: str, value: bool | None) -> None:
    document = load(f"SLIP 7\n{line}\nTOTAL 5.00\n")
    question = free_wire.question(document, FORM)
    answer = question.answer.model_validate({"fields": f"paid@2 {said} | {line}\ntotal@3 5.00"})

    given = free_wire.parse(Answer(question, answer, "", Usage()), FORM, document, "m")

    assert (given.words["paid"].value if "paid" in given.words else None) is value
