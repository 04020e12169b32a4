"""Dates in a text without a grid: which day each means, and which of several is the one asked for."""

from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest

from agent import Accepted, NeedsReview
from agent.dates import dates, settled
from tests.test_free_attacks import ended, entry


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("25/03/2024", date(2024, 3, 25)),
        ("03/25/2024", date(2024, 3, 25)),
        ("2024-03-05", date(2024, 3, 5)),
        ("5 March 2024", date(2024, 3, 5)),
        ("05 MAR 24", date(2024, 3, 5)),
        ("March 5, 2024", date(2024, 3, 5)),
        ("Mar 5 '24", date(2024, 3, 5)),
        ("25/03/202410:30", date(2024, 3, 25)),
        ("2024年3月5日", date(2024, 3, 5)),
        ("07/07/17", date(2017, 7, 7)),
        ("04/05/2024", None),
        ("04/05/2024 and 2024-05-04", date(2024, 5, 4)),
        ("04/05/2024 and 2024-04-05", date(2024, 4, 5)),
        ("04/05/2024 printed 25/05/2024", date(2024, 5, 4)),
        ("04/05/2024 printed 05/25/2024", date(2024, 4, 5)),
        ("Sat 04/05/2024", date(2024, 5, 4)),
        ("Fri 04/05/2024", date(2024, 4, 5)),
        ("04/05/2024 printed 25-05-2024", None),
    ],
)
def test_a_date_means_the_day_that_the_text_shows(text: str, day: date | None) -> None:
    assert settled(dates((text,))[0], (text,)) == day


@pytest.mark.parametrize("line", ["12 MARKET 50", "2 JUNIOR 15", "1 APRICOT 12", "24/03/1810:30", "24/03/2018:10:30"])
def test_what_only_looks_like_a_date_is_none(line: str) -> None:
    assert dates((line,)) == ()


def why(dated: str, said: str) -> list[str]:
    """What is wrong with the date of a receipt that prints two lines about days."""
    text = f"A SHOP\n{dated}\nTEA 5.00\nTOTAL 5.00\n"
    outcome = ended(text, f"company@1 A SHOP\n{said}\ntotal@5 5.00", entry(4, "TEA", "5.00"))
    assert isinstance(outcome, Accepted | NeedsReview)
    return [f.message for f in outcome.findings if not f.warning]


@pytest.mark.parametrize("words", ["MFG DATE", "PROMO START DATE", "EFFECTIVE DATE", "PACKED DATE", "SINCE"])
def test_a_day_that_something_else_began_is_not_the_purchases(words: str) -> None:
    told = why(f"24/03/2018 10:30\n{words} 13/02/2017", "date@3 13/02/2017")

    assert told == ["date: stands behind the words of another date"]


def test_a_line_of_very_many_dates_is_looked_through_once() -> None:
    begun = perf_counter()

    assert not why("25/03/2018 Date 24/03/2018 " * 1500 + "\n", "date@2 24/03/2018")
    assert perf_counter() - begun < 5
