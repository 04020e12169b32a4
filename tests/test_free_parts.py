"""Lines that state a figure again by its parts, and what only looks like it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from agent import Accepted
from agent.outcome import NeedsReview, Reason
from agent.summary import plain
from tests.test_free_attacks import HEAD, NAMED, RECEIPT, ended, entry, waits

LEFT_OVER = "an amount is printed here that nothing accounts for"
TWO = "TEA 3.20\nCAKE 5.00\n"
READ = entry(3, "TEA", "3.20"), entry(4, "CAKE", "5.00")


@pytest.mark.parametrize(
    "summary",
    [
        "SR = GST @6% 7.74 0.46",
        "GST SUMMARY AMOUNT TAX\nSR 7.74 0.46",
        "CODE NET AMT GST TOTAL\nSR 7.74 0.46 8.20\nTOTAL 7.74 0.46 8.20",
        "GST SUMMARY AMOUNT TAX\nSR 3.02 0.18\nZR 5.00 0.00",
    ],
)
def test_a_summary_of_taxes_that_comes_to_the_total_is_explained(summary: str) -> None:
    text = f"{HEAD}{TWO}TOTAL 8.20\nCASH 10.00\nCHANGE 1.80\n{summary}\n"

    assert isinstance(ended(text, f"{NAMED}total@5 8.20\npaid@6 10.00\nchange@7 1.80", *READ), Accepted)


@pytest.mark.parametrize("summary", ["GST 7.74 0.47", "GST 8.74 0.46", "THANKS 7.74 0.46", "VOUCHER GST 7.74 0.46"])
def test_a_line_that_does_not_come_to_the_total_or_names_no_tax_is_not(summary: str) -> None:
    assert waits(f"{TWO}TOTAL 8.20\n{summary}\n", "total@5 8.20", *READ) == [f"{LEFT_OVER} (6,)"]


def test_totals_of_groups_above_the_total_are_its_parts() -> None:
    text = f"{HEAD}{TWO}TOTAL OF DRINKS 3.20\nTOTAL OF FOOD 5.00\nTOTAL 8.20\n"

    assert isinstance(ended(text, f"{NAMED}total@7 8.20", *READ), Accepted)


def test_what_was_taken_off_and_what_is_left_to_pay_are_no_parts_of_the_total() -> None:
    text = f"{TWO}TOTAL 8.20\nTOTAL REBATES 2.00\nAMOUNT DUE 6.20\n"

    assert waits(text, "total@5 8.20", *READ) == [f"{LEFT_OVER} (6,)", f"{LEFT_OVER} (7,)"]


def test_entries_of_another_bill_that_come_to_as_much_are_no_parts_of_the_total() -> None:
    text = f"{TWO}TOTAL 8.20\nCUP 4.10\nPIE 4.10\n"

    assert waits(text, "total@5 8.20", *READ) == [f"{LEFT_OVER} (6,)", f"{LEFT_OVER} (7,)"]


def test_a_sum_that_fails_for_an_entry_passed_over_is_not_the_texts_own_mistake() -> None:
    outcome = ended(f"{HEAD}{TWO}TOTAL 8.20\n", f"{NAMED}total@5 8.20", READ[0])

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.INCOMPLETE, Reason.NOT_PROVED)


def test_a_sum_that_fails_without_a_tax_that_was_read_elsewhere_is_not_the_texts_own_mistake() -> None:
    text = f"{HEAD}{TWO}TOTAL 9.00\nGST SUMMARY NET TAX\nTOTAL 8.20 0.80\n"

    outcome = ended(text, f"{NAMED}total@5 9.00\ntax@7 0.80", *READ)

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.NOT_PROVED,)


def test_lines_taken_for_entries_that_come_to_more_than_the_total_say_nothing_of_the_text() -> None:
    text = f"{HEAD}{TWO}GOODS 8.20\nTOTAL 8.20\n"

    outcome = ended(text, f"{NAMED}total@6 8.20", *READ, entry(5, "GOODS", "8.20"))

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.NOT_PROVED,)


def test_a_tax_passed_over_in_a_summary_is_not_the_texts_own_mistake() -> None:
    text = f"{HEAD}{TWO}TOTAL 9.00\nGST SUMMARY AMOUNT TAX\nSR 8.20 0.80\n"

    outcome = ended(text, f"{NAMED}total@5 9.00", *READ)

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.NOT_PROVED,)


def test_a_wrong_total_that_is_printed_again_is_the_texts_own_mistake_and_nothing_else() -> None:
    outcome = ended(f"{HEAD}{TWO}TOTAL 9.20\nPLEASE PAY 9.20\n", f"{NAMED}total@5 9.20", *READ)

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.SOURCE_DOES_NOT_ADD_UP,)


def test_what_is_left_out_of_the_record_is_not_shown_as_if_it_stood_there() -> None:
    text = f"{HEAD}{TWO}TOTAL 8.20\nSR = GST @6% 7.74 0.46\n"

    outcome = ended(text, f"{NAMED}total@5 8.20\ntax@6 7.74", *READ)

    assert isinstance(outcome, Accepted)
    assert outcome.record["tax"] is None
    shown = Console(width=100, record=True, file=StringIO())
    for part in plain(outcome, RECEIPT, "en"):
        shown.print(part)
    assert " 8.20" in (told := shown.export_text())
    assert "7.74" not in told
