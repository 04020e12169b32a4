"""Entries and figures passed over in a text without a grid: what else would explain their amounts, and does not."""

from __future__ import annotations

import pytest

from agent import Accepted
from tests.test_free_attacks import HEAD, NAMED, ended, entry, waits

LEFT_OVER = "an amount is printed here that nothing accounts for"


def test_a_named_entry_that_costs_what_those_above_it_add_up_to_is_not_their_sum() -> None:
    text = "CUP 2.00\nPIE 2.00\nTEA 4.00\nVOUCHER 4.00\nTOTAL 4.00\n"

    told = waits(text, "total@7 4.00\ndiscount@6 4.00", entry(3, "CUP", "2.00"), entry(4, "PIE", "2.00"))

    assert f"{LEFT_OVER} (5,)" in told


def test_the_amount_behind_the_price_that_was_taken_for_an_entrys_is_no_repeat_of_another_figure() -> None:
    text = "TEA\n3 x 1.00 3.00\nSUBTOTAL 3.00\nDISCOUNT 2.00\nTOTAL 1.00\n"
    fields = "total@7 1.00\nsubtotal@5 3.00\ndiscount@6 2.00"

    assert f"{LEFT_OVER} (4,)" in waits(text, fields, entry(4, "TEA", "1.00"))


def test_a_service_charge_passed_over_is_not_explained_by_an_entry_of_as_much() -> None:
    text = "TEA 2.50\nCAKE 0.50\n1 @ 0.50\nSERVICE CHARGE 0.50\nTOTAL 3.50\n"
    entries = entry(3, "TEA", "2.50"), entry(4, "CAKE", "0.50"), entry(5, "_", "0.50")

    assert f"{LEFT_OVER} (6,)" in waits(text, "total@7 3.50", *entries)


def test_what_a_tax_is_of_may_stand_beside_it() -> None:
    text = f"{HEAD}TEA 10.00\nSUBTOTAL 10.00\nGST 6% ON 10.00 0.60\nTOTAL 10.60\n"
    fields = f"{NAMED}total@6 10.60\nsubtotal@4 10.00\ntax@5 0.60"

    assert isinstance(ended(text, fields, entry(3, "TEA", "10.00")), Accepted)


def test_what_is_multiplied_is_no_amount_of_an_entry() -> None:
    text = "SOAP 20.00\n2 @ 10.00\nGST 10.00\nTOTAL 30.00\n"

    told = waits(text, "total@6 30.00\ntax@5 10.00", entry(3, "SOAP", "20.00"), entry(4, "_", "10.00"))

    assert "is printed as no amount is (4,)" in told


@pytest.mark.parametrize("priced", ["3 @ 2.00", "@3 X RM 2.00", "2.00 x 3", "3.00*2.00"])
def test_a_price_that_comes_to_the_amount_of_the_entry_beside_it_is_explained(priced: str) -> None:
    text = f"{HEAD}TEA 6.00\n{priced}\nCAKE 5.00\nTOTAL 11.00\n"
    entries = entry(3, "TEA", "6.00"), entry(5, "CAKE", "5.00")

    assert isinstance(ended(text, f"{NAMED}total@6 11.00", *entries), Accepted)
    assert f"{LEFT_OVER} (4,)" in waits(f"TEA 6.00\nSOAP {priced}\nCAKE 5.00\nTOTAL 11.00\n", "total@6 11.00", *entries)


def test_what_is_free_in_any_number_is_an_amount() -> None:
    text = f"{HEAD}BAG 2 x 0.00 0.00\nTEA 5.00\nTOTAL 5.00\n"

    assert isinstance(ended(text, f"{NAMED}total@5 5.00", entry(3, "BAG", "0.00"), entry(4, "TEA", "5.00")), Accepted)


def test_what_is_taken_off_before_the_total_is_not_ignored_for_its_words() -> None:
    text = "TEA 5.00\nBALL POINT PEN 3.00\nPOINTS REDEEMED -3.00\nTOTAL 5.00\n"

    assert f"{LEFT_OVER} (5,)" in waits(text, "total@6 5.00", entry(3, "TEA", "5.00"))
