"""A run of glued digits is cut in every way that the row's own sums allow, and in no other."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings, strategies as st

from agent.splits import Bound, BoundError, LocalSum, splits
from schemas.form import Kind

SIX_AND_TOTAL = LocalSum((0, 1, 2, 3, 4, 5), 6)


def counts(n: int) -> list[Kind]:
    return ["count"] * n


def wide() -> Bound:
    return Bound(ways=100_000, steps=10_000_000)


def by_force(text: str, n: int, sums: list[LocalSum]) -> set[tuple[str, ...]]:
    """The same by trying every cut."""
    found = set()
    for places in combinations(range(1, len(text)), n - 1):
        cells = tuple(text[a:b] for a, b in zip((0, *places), (*places, len(text)), strict=True))
        whole = all(cell == "0" or (cell[0] != "0" and len(cell) < 10) for cell in cells)
        if whole and all(rule.holds([int(cell) for cell in cells]) for rule in sums):
            found.add(cells)
    return found


def test_the_sum_of_a_row_leaves_few_of_its_cuts() -> None:
    every = splits(["341002037"], counts(7), [], wide())

    left = splits(["341002037"], counts(7), [SIX_AND_TOTAL], wide())

    assert ("34", "1", "0", "0", "2", "0", "37") in left
    assert set(left) < set(every)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 120), min_size=6, max_size=6))
def test_the_row_that_was_printed_is_always_among_the_ways(parts: list[int]) -> None:
    row = tuple(str(cell) for cell in [*parts, sum(parts)])

    assert row in splits(["".join(row)], counts(7), [SIX_AND_TOTAL], wide())


@settings(deadline=None, max_examples=150)
@given(st.text("0123456789", min_size=3, max_size=9), st.booleans())
def test_the_ways_are_those_that_trying_every_cut_finds(text: str, with_sum: bool) -> None:
    sums = [LocalSum((0, 1), 2)] if with_sum else []

    found = splits([text], counts(3), sums, wide())

    assert len(found) == len(set(found))
    assert set(found) == by_force(text, 3, sums)


@settings(deadline=None, max_examples=80)
@given(st.text("0123456789", min_size=4, max_size=9))
def test_two_sums_in_one_row_are_both_kept(text: str) -> None:
    sums = [LocalSum((0,), 1), LocalSum((2,), 3)]

    assert set(splits([text], counts(4), sums, wide())) == by_force(text, 4, sums)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.text("0123456789", min_size=1, max_size=4), min_size=2, max_size=3), st.integers(3, 5))
def test_a_cell_never_spans_two_runs(runs: list[str], n: int) -> None:
    edges = {sum(map(len, runs[:i])) for i in range(1, len(runs))}

    for way in splits(runs, counts(n), [], wide()):
        cuts = {sum(map(len, way[:i])) for i in range(1, n)}
        assert "".join(way) == "".join(runs)
        assert edges <= cuts


def test_no_cell_begins_with_a_zero_but_zero_itself() -> None:
    assert splits(["007"], counts(2), [], wide()) == []
    assert splits(["007"], counts(3), [], wide()) == [("0", "0", "7")]


def test_a_change_may_be_negative_and_a_count_may_not() -> None:
    row: list[Kind] = ["count", "change", "count"]

    assert splits(["10-37"], row, [], wide()) == [("10", "-3", "7")]
    assert splits(["7-3"], ["count", "count"], [], wide()) == []


def test_an_amount_keeps_its_decimals() -> None:
    assert set(splits(["304948.3955"], ["count", "amount"], [], wide())) == {
        ("30", "4948.3955"),
        ("304", "948.3955"),
        ("3049", "48.3955"),
        ("30494", "8.3955"),
    }


def test_where_blanks_were_lost_parts_may_be_empty_and_totals_may_not() -> None:
    found = splits(["22"], counts(7), [SIX_AND_TOTAL], wide(), "parts")

    assert set(found) == {tuple("2" if i in (place, 6) else "" for i in range(7)) for place in range(6)}


def test_where_any_cell_may_be_empty_so_may_the_total() -> None:
    found = splits(["22"], counts(3), [LocalSum((0, 1), 2)], wide(), "any")

    assert set(found) == {("2", "", "2"), ("", "2", "2"), ("22", "", ""), ("", "22", ""), ("2", "2", "")}


@pytest.mark.parametrize("bound", [Bound(ways=10), Bound(steps=50)], ids=["ways", "steps"])
def test_past_its_bound_the_search_says_so_and_gives_nothing(bound: Bound) -> None:
    with pytest.raises(BoundError):
        splits(["1" * 18], counts(7), [], bound)


def test_a_bound_holds_over_all_searches_of_a_row() -> None:
    bound = Bound(ways=20)

    found = splits(["123456"], counts(3), [], bound)

    assert len(found) == 10
    with pytest.raises(BoundError):
        splits(["1234567"], counts(3), [], bound)


def test_digits_that_nothing_settles_are_all_kept() -> None:
    assert len(splits(["81153"], counts(3), [], wide())) == 6
