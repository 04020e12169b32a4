"""The table of faults in docs/faults.md is what the marked tests say, and no row is without one."""

from __future__ import annotations

from tests.faults import FAULTS, PAGE, page, shown


def test_every_fault_is_shown_by_a_test() -> None:
    rows = {test.row for test in shown()}

    assert [fault.id for fault in FAULTS if fault.id not in rows] == []


def test_no_mark_names_a_fault_that_is_not_in_the_table() -> None:
    known = {fault.id for fault in FAULTS}

    assert [(test.file, test.test, test.row) for test in shown() if test.row not in known] == []


def test_the_page_says_what_the_marks_say() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert page(text, shown()) == text, "write it anew: python -m tests.faults"
