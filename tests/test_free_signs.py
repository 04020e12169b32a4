"""Amounts below zero in a text without a grid, however they are printed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agent import Accepted
from agent.amounts import printed
from tests.test_free_attacks import HEAD, NAMED, TEA, ended, entry, waits


@pytest.mark.parametrize(
    ("line", "value", "other"),
    [
        ("TOTAL -RM 5.00", "-5.00", None),
        ("TOTAL -RM5.00", "-5.00", None),
        ("TOTAL (5.00)", "5.00", "-5.00"),
        ("TOTAL (RM 5.00)", "5.00", "-5.00"),
        ("TOTAL 5.00CR", "5.00", "-5.00"),
        ("TOTAL (RM) 5.00", "5.00", None),
        ("TOTAL (5%) 5.00", "5.00", None),
        ("TOTAL 5.00", "5.00", None),
    ],
)
def test_a_sign_is_read_where_it_stands_and_open_in_brackets(line: str, value: str, other: str | None) -> None:
    one = printed((line,))[0][-1]

    assert (one.value, one.other) == (Decimal(value), Decimal(other) if other else None)


@pytest.mark.parametrize("given", ["(5.00)", "5.00CR"])
def test_money_given_back_is_not_taken_for_money_owed(given: str) -> None:
    told = waits(f"TEA {given}\nTOTAL {given}\n", "total@4 5.00", entry(3, "TEA", "5.00"))

    assert any("its sign leaves open" in one for one in told)


@pytest.mark.parametrize("given", ["(2.00)", "2.00CR", "-RM 2.00"])
def test_what_was_taken_off_in_brackets_is_settled_by_the_sum(given: str) -> None:
    outcome = ended(
        f"{HEAD}TEA 5.00\nVOID {given}\nTOTAL 3.00\n", f"{NAMED}total@5 3.00", TEA, entry(4, "VOID", "-2.00")
    )

    assert isinstance(outcome, Accepted)
    assert [str(item["amount"]) for item in outcome.record["items"]] == ["5.00", "-2.00"]


def test_a_discount_may_stand_in_brackets() -> None:
    outcome = ended(f"{HEAD}TEA 5.00\nDISCOUNT (2.00)\nTOTAL 3.00\n", f"{NAMED}total@5 3.00\ndiscount@4 (2.00)", TEA)

    assert isinstance(outcome, Accepted)
    assert outcome.record["discount"] == 2


@pytest.mark.parametrize("said", ["234.50", "1 234.50"])
def test_a_thousand_set_apart_by_a_space_is_not_left_away(said: str) -> None:
    told = waits("TEA 1 234.50\nTOTAL 1 234.50\n", f"total@4 {said}", entry(3, "TEA", said))

    assert any("leaves open what it says" in one for one in told)


def test_a_thousand_set_apart_by_a_space_is_settled_by_the_sum() -> None:
    text = f"{HEAD}TEA 600.00\nCAKE 634.50\nTOTAL 1 234.50\nCASH 1 234.50\n"
    entries = entry(3, "TEA", "600.00"), entry(4, "CAKE", "634.50")

    outcome = ended(text, f"{NAMED}total@5 1 234.50", *entries)

    assert isinstance(outcome, Accepted)
    assert outcome.record["total"] == Decimal("1234.50")


def test_one_of_a_price_is_no_thousand_where_the_sum_says_so() -> None:
    outcome = ended(f"{HEAD}TEA 1 234.50\nTOTAL 234.50\n", f"{NAMED}total@4 234.50", entry(3, "TEA", "234.50"))

    assert isinstance(outcome, Accepted)
