"""Entries and figures passed over in a text without a grid: what else would explain their amounts, and does not."""

from __future__ import annotations

from tests.test_free_attacks import entry, waits

LEFT_OVER = "an amount is printed here that nothing accounts for"


def test_a_named_entry_that_costs_what_those_above_it_add_up_to_is_not_their_sum() -> None:
    text = "CUP 2.00\nPIE 2.00\nTEA 4.00\nVOUCHER 4.00\nTOTAL 4.00\n"

    told = waits(text, "total@7 4.00\ndiscount@6 4.00", entry(3, "CUP", "2.00"), entry(4, "PIE", "2.00"))

    assert f"{LEFT_OVER} (5,)" in told


def test_the_amount_behind_the_price_that_was_taken_for_an_entrys_is_no_repeat_of_another_figure() -> None:
    text = "TEA\n3 x 1.00 3.00\nSUBTOTAL 3.00\nDISCOUNT 2.00\nTOTAL 1.00\n"
    fields = "total@7 1.00\nsubtotal@5 3.00\ndiscount@6 2.00"

    assert f"{LEFT_OVER} (4,)" in waits(text, fields, entry(4, "TEA", "1.00"))
