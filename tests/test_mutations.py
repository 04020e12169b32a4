"""A digit changed in a report that added up, a figure changed in a reading: a sample of what the slow suite does."""

from __future__ import annotations

from random import Random

import pytest

from tests.mutants import reading_mutants, source_mutants
from tests.written import LAYOUTS, SAMPLE


@pytest.mark.parametrize("layout", ["tab", "lines", "pipe"])
def test_a_source_with_one_digit_changed_is_not_accepted_as_adding_up(layout: str) -> None:
    tally = source_mutants(layout, LAYOUTS[layout](SAMPLE), 20, Random(7))

    assert tally.wrong == []
    assert tally.ends["in review"] > 12


@pytest.mark.fault("invented-totals")
def test_any_figure_changed_in_a_reading_is_contradicted() -> None:
    tally = reading_mutants("sample", SAMPLE, 80, Random(7))

    assert tally.wrong == []
    assert tally.ends["contradicted, one figure"] == 80
    assert tally.ends["contradicted, made to add up"] > 40
