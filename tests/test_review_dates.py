"""A date that can be two days, settled by a person: only as a day that the text prints, and marked as a word."""

from __future__ import annotations

from datetime import date

import pytest

from agent import review as reviews
from agent.document import load
from agent.errors import UsageError
from agent.evidence import gather
from agent.outcome import Accepted, NeedsReview
from agent.review import Review
from schemas import load as load_form
from tests.test_free_attacks import ended, entry

FORM = load_form("receipt")
TEXT = "LANTERN SHOP\nDATE 04/05/2024\nTEA 5.00\nTOTAL 5.00\n"
FIELDS = "company@1 LANTERN SHOP\ndate@2 04/05/2024\ntotal@4 5.00"


def waiting() -> Review:
    """A receipt whose date is open."""
    outcome = ended(TEXT, FIELDS, entry(3, "TEA", "5.00"))
    assert isinstance(outcome, NeedsReview)
    return Review(1, outcome, outcome, (), open=True)


def settled(day: str) -> tuple[reviews.Reviewed, dict[str, reviews.Change]]:
    document = load(TEXT)
    return reviews.correct(waiting(), {"date": day}, "reviewer Lin", gather(document, FORM), document)


def test_a_person_says_which_day_it_is() -> None:
    outcome, changed = settled("2024-05-04")

    assert isinstance(outcome, Accepted)
    assert outcome.record["date"] == "2024-05-04"
    assert changed == {"date": (None, date(2024, 5, 4))}
    assert reviews.settled(outcome).standing == "attested"


@pytest.mark.parametrize("day", ["2024-06-04", "04/05/2024", "", "2024-13-01"])
def test_a_day_that_the_text_does_not_print_is_refused(day: str) -> None:
    with pytest.raises(UsageError, match="date: "):
        settled(day)
