"""What docs/faults.md tells of bare instructor beside gouji stays true; ``eval.bench_faults`` has also what waits."""

from __future__ import annotations

import asyncio

import pytest

from eval.bench_faults import by_gouji, by_instructor, end

WRONG = ("a key given twice", "one figure wrong", "figures invented, all sums hold", "the report orders other figures")


@pytest.mark.parametrize("case", WRONG)
def test_what_instructor_takes_for_right_waits_in_review_here(case: str) -> None:
    ours, theirs = (asyncio.run(end(read, case)) for read in (by_gouji, by_instructor))

    assert theirs.told.startswith("WRONG FIGURES")
    assert ours.told.startswith("in review")
    assert "WRONG" not in ours.told
    assert ours.calls <= 3


@pytest.mark.parametrize("case", ["a refusal", "prose for an answer", "answer cut at its limit once", "429, no credit"])
def test_what_is_no_answer_costs_no_more_calls_here(case: str) -> None:
    ours, theirs = (asyncio.run(end(read, case)) for read in (by_gouji, by_instructor))

    assert "WRONG" not in ours.told + theirs.told
    assert ours.calls <= 2
