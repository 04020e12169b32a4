"""Every way the cells behind a label can be the cells of its row; one where the source shows each by itself."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from agent.cells import Strip, strip_of
from agent.fits import Fits, Habits, fits, habits
from agent.outcome import Number
from agent.splits import LocalSum
from agent.squeeze import Squeezed
from schemas.form import Kind

SUM = [LocalSum((0, 1, 2, 3, 4, 5), 6)]
SEVEN: list[Kind] = ["count"] * 7
THREE: list[Kind] = ["count"] * 3


def strip(printed: str) -> Strip:
    """What stands behind a label, up to the next one."""
    source = Squeezed.of(tuple(f"甲{printed}\n乙".split("\n")))
    return strip_of(source, 1, len(source.full) - 1, "")


def habit_of(*rows: str, n: int = 7) -> Habits:
    """The habits of a table with those rows."""
    return habits((strip(row), n) for row in rows)


PLAIN = habit_of("\t1\t0\t0\t0\t0\t0\t1")
GLUED = habit_of("1000001", "0000000")
GLUED_BLANKS = habit_of("0000000", "22")


def values(found: Fits) -> set[tuple[Number | None, ...]]:
    """The ways as values."""
    return {tuple(cell.value for cell in way) for way in found.ways}


@pytest.mark.parametrize(
    "printed",
    ["\t1\t2\t3", " 1 2 3", "\n1\n2\n3", "\t\t1\t2\t3", "\n1\t2\t3", "\t1件\t2件\t3件"],
    ids=["tabs", "spaces", "lines", "a blank before", "on the next line", "units"],
)
def test_as_many_figures_as_cells_are_the_row(printed: str) -> None:
    found = fits(strip(printed), THREE, [], PLAIN)

    assert values(found) == {(1, 2, 3)}
    assert found.sure


def test_blank_cells_that_are_seen_are_a_row_of_blanks_and_no_cells_are_only_a_guess() -> None:
    seen, lost = fits(strip("\t\t\t"), THREE, [], PLAIN), fits(strip(""), THREE, [], PLAIN)

    assert values(seen) == values(lost) == {(None, None, None)}
    assert (seen.sure, seen.lost) == (True, False)
    assert (lost.sure, lost.lost) == (False, True)


def test_a_cell_too_many_may_be_any_of_them() -> None:
    found = fits(strip("\t1\t0\t0\t2\t0\t0\t0\t3"), SEVEN, SUM, PLAIN)

    assert (1, 0, 0, 2, 0, 0, 3) in values(found)
    assert len(found.ways) > 1
    assert not found.sure


def test_eight_zeros_are_seven() -> None:
    found = fits(strip("\t0" * 8), SEVEN, SUM, PLAIN)

    assert values(found) == {(0,) * 7}
    assert found.sure


def test_three_cells_too_many_are_no_row() -> None:
    assert fits(strip("\t0" * 10), SEVEN, SUM, PLAIN).ways == ()


def test_a_blank_cell_is_placed_where_the_other_rows_have_theirs() -> None:
    habit = habit_of("\t1\t2\t3", "\t4\t5\t6", n=3)

    assert values(fits(strip("\t\t5\t"), THREE, [], habit)) == {(None, 5, None)}


def test_without_other_rows_every_place_that_holds_all_is_possible() -> None:
    found = fits(strip("\t\t5\t\t"), THREE, [], habit_of(n=3))

    assert len(found.ways) > 1
    assert not found.sure


def test_blank_lines_show_where_cells_are_blank() -> None:
    habit = habit_of("\n1\n2\n3", "\n4\n5\n6", n=3)

    assert values(fits(strip("\n1\n\n3"), THREE, [], habit)) == {(1, None, 3)}


def test_figures_lost_from_a_row_may_be_any_of_its_cells() -> None:
    found = fits(strip(" 5 7"), THREE, [], PLAIN)

    assert values(found) == {(5, 7, None), (5, None, 7), (None, 5, 7)}
    assert not found.sure


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=6, max_size=6))
def test_a_glued_row_has_the_printed_one_among_its_ways_and_each_adds_up(parts: list[int]) -> None:
    row = (*parts, sum(parts))

    found = fits(strip("".join(map(str, row))), SEVEN, SUM, GLUED)

    assert row in values(found)
    assert all(sum(v or 0 for v in way[:6]) == way[6] for way in values(found))


def test_where_rows_lost_their_blanks_a_glued_row_may_have_too() -> None:
    found = fits(strip("22"), SEVEN, SUM, GLUED_BLANKS)

    assert {tuple(2 if i in (place, 6) else None for i in range(7)) for place in range(6)} == values(found)


def test_a_glued_row_that_no_cut_makes_add_up_keeps_every_cut() -> None:
    found = fits(strip("1000002"), SEVEN, SUM, GLUED)

    assert (1, 0, 0, 0, 0, 0, 2) in values(found)


def test_more_ways_than_may_be_looked_at_is_told() -> None:
    found = fits(strip("1" * 60), ["count"] * 15, [], GLUED)

    assert found.bounded
    assert not found.sure


def test_of_too_many_ways_none_is_given_since_one_of_the_others_may_be_it() -> None:
    found = fits(strip(" 1 2 3 4 5 6 7"), ["count"] * 15, [], PLAIN)

    assert (found.ways, found.bounded) == ((), True)


def test_a_doubtful_cell_is_marked_and_an_illegible_one_has_no_value() -> None:
    ((first, second, third),) = fits(strip("\tlO\t?\t3"), THREE, [], PLAIN).ways

    assert (first.value, first.doubtful) == (10, True)
    assert (second.value, second.illegible) == (None, True)
    assert (third.value, third.doubtful, third.illegible) == (3, False, False)


def test_each_cell_knows_its_line() -> None:
    ((first, *_, last),) = fits(strip("\n1\n2\n3"), THREE, [], PLAIN).ways

    assert (first.line, last.line) == (2, 4)


def test_a_cell_that_is_no_value_of_its_kind_is_illegible() -> None:
    ((count, amount),) = fits(strip("\t1.5\t1.50"), ["count", "amount"], [], PLAIN).ways

    assert (count.value, count.illegible) == (None, True)
    assert amount.value == Decimal("1.50")
