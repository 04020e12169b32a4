"""A list whose entries a model misread is asked again, on its own lines."""

from __future__ import annotations

import json

import pytest

from agent import wire
from agent.outcome import Accepted, NeedsReview, Reason
from agent.pipeline import extract
from eval.server import Body
from schemas import load
from tests.scripted_server import serving, settings_for

TEXT = """Statement no. 7 of Birch & Co
Item\tDescription\tAmount
1\tEnvelopes\t12.50
2\tStamps\t8.00
Subtotal\t20.50
Tax\t1.50
Total due\t22.00
"""
SUMS = "1@5 20.50\n2@6 1.50\n3@7 22.00"
RIGHT = "@3 12.50 | 1 Envelopes\n@4 8.00 | 2 Stamps"


def read(*lists: str) -> tuple[object, list[str]]:
    """What comes of a model that gives these lists one after the other, and the questions that went back."""
    form = load("statement")
    asked: list[str] = []

    def answer(body: Body) -> str:
        prompt = str(body["messages"][1]["content"])
        if "\nsums:" not in prompt and "items:" not in prompt:
            return json.dumps({"number": "7", "supplier": "Birch & Co"})
        if prompt.startswith("These rows"):
            asked.append(prompt)
            return json.dumps({"items": lists[min(len(asked), len(lists) - 1)]})
        return json.dumps({"sums": SUMS, "items": lists[0]})

    with serving("ok", answer) as server:
        return extract(TEXT, form=form, model=settings_for(server), reader="model"), asked


def test_a_misread_entry_is_asked_again_with_its_lines_alone() -> None:
    outcome, asked = read(RIGHT.replace("8.00", "9.00"), RIGHT)

    assert isinstance(outcome, Accepted)
    assert len(asked) == 1
    report = asked[0].partition("<report>\n")[2]
    assert report.startswith("3|1\tEnvelopes\t12.50\n4|2\tStamps\t8.00\n</report>")


def test_an_entry_left_out_or_invented_is_asked_again() -> None:
    for wrong in (RIGHT.split("\n")[0], f"{RIGHT}\n@4 8.00 | 3 Stamps"):
        outcome, asked = read(wrong, RIGHT)

        assert isinstance(outcome, Accepted)
        assert len(asked) == 1


def test_a_list_that_is_right_is_not_asked_again() -> None:
    outcome, asked = read(RIGHT)

    assert isinstance(outcome, Accepted)
    assert asked == []


@pytest.mark.fault("row-set", behaviour="An entry that nobody printed, given again when asked: the report waits.")
def test_an_entry_that_stays_invented_is_contradicted() -> None:
    outcome, asked = read(f"{RIGHT}\n@4 8.00 | 3 Stamps")

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.NOT_FOUND_IN_SOURCE,)
    assert len(outcome.record["items"]) == 2
    assert len(asked) == 1


@pytest.mark.fault("row-set", behaviour="A list of which nothing is said when asked again stays as it was given.")
def test_a_list_of_which_nothing_is_said_any_more_stays_as_it_was() -> None:
    outcome, _ = read(RIGHT.replace("8.00", "9.00"), "")

    assert isinstance(outcome, NeedsReview)
    assert str(outcome.record["items"][0]["amount"]) == "12.50"


@pytest.mark.fault("row-set")
@pytest.mark.parametrize(
    "line", ["3 12.50 | Envelopes", "@3 12.50 Envelopes", "@3 | Envelopes", "@3 12.50 8.00 | Envelopes", "@3 x | Ink"]
)
def test_an_entry_of_a_wrong_shape_is_named(line: str) -> None:
    (listed,) = load("statement").items

    shape = wire.read(line, wire.items(listed), "m")

    assert len(shape.problems) == 1
    assert shape.figures == {}
