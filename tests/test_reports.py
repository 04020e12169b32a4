"""Published reports beside the checkout: each ends as its JSON says, its tables exact, what is undecided null."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.outcome import TRUSTED, Accepted, NeedsReview, NotThisForm, Outcome
from eval.cases import Case, load_folder
from tests.conftest import SHARED
from tests.written import OGI, outcome_of

REPORTS = SHARED / "reports"
MISSING = "no folder of real reports beside the checkout (../shared/reports)"
PROSE = ("organization", "year", "period_start", "period_end", "contact")


def cases(*ends: str) -> list[Any]:
    """The cases whose JSON tells one of those ends."""
    if not REPORTS.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason=MISSING))]
    return [pytest.param(case, id=case.name) for case in load_folder(REPORTS) if case.expect in ends]


@cache
def ended(path: Path) -> Outcome:
    """How a report ends, read once."""
    return outcome_of(path)


def path_of(case: Case) -> Path:
    """The file of a case."""
    assert case.path is not None
    return case.path


def figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """All figures of a public record by path."""
    return {
        f"{table}.{row}.{column}": value
        for table in OGI.tables
        for row, cells in (record[table] or {}).items()
        for column, value in cells.items()
    }


@pytest.mark.parametrize("case", cases("accepted", "review", "not_this_form"))
def test_every_report_ends_as_its_json_says(case: Case) -> None:
    assert ended(path_of(case)).status == case.expect


@pytest.mark.parametrize("case", cases("accepted", "review"))
def test_every_figure_of_a_report_is_exact_and_none_is_guessed(case: Case) -> None:
    outcome = ended(path_of(case))

    assert not isinstance(outcome, NotThisForm)
    # A table that the JSON leaves out cannot be settled as a whole; what it settles of it, it does not say.
    told = [table for table in OGI.tables if case.record[table] is not None]
    given = {path: value for path, value in figures(outcome.record).items() if path.split(".")[0] in told}
    true = dict.fromkeys(given) | case.figures()
    assert given == {path: None if case.is_undetermined(path) else value for path, value in true.items()}
    assert [type(value) for value in given.values() if type(value) not in (int, Decimal, type(None))] == []


@pytest.mark.parametrize("case", cases("review"))
def test_what_a_text_cannot_settle_is_null_and_told(case: Case) -> None:
    outcome = ended(path_of(case))

    assert isinstance(outcome, NeedsReview)
    undecided = {path: value for path, value in figures(outcome.record).items() if case.is_undetermined(path)}
    assert set(undecided.values()) <= {None}
    assert all(outcome.grades[path] not in TRUSTED for path in undecided)


@pytest.mark.parametrize("case", cases("review"))
def test_every_report_in_review_says_why_and_where(case: Case) -> None:
    outcome = ended(path_of(case))

    assert isinstance(outcome, NeedsReview)
    failing = [finding for finding in outcome.findings if not finding.warning]
    assert {finding.reason for finding in failing} == set(outcome.reasons) != set()
    last = len(case.text.split("\n"))
    assert all(1 <= line <= last for finding in failing for line in finding.lines)
    assert all(finding.lines and finding.difference for finding in failing if finding.rule == "sum")


@pytest.mark.parametrize("case", cases("review"))
def test_as_many_sums_fail_as_the_json_counts(case: Case) -> None:
    outcome = ended(path_of(case))

    assert isinstance(outcome, NeedsReview)
    assert sum(finding.rule == "sum" for finding in outcome.findings) == len(case.violations)


@pytest.mark.parametrize("case", cases("accepted"))
def test_every_figure_of_an_accepted_report_is_proved_or_read_and_no_sum_fails(case: Case) -> None:
    outcome = ended(path_of(case))

    assert isinstance(outcome, Accepted)
    assert set(outcome.grades.values()) <= TRUSTED
    assert [finding for finding in outcome.findings if not finding.warning] == []
    assert outcome.holding


@pytest.mark.parametrize("case", cases("accepted", "review"))
def test_organ_year_edition_period_and_contact_are_those_the_text_states(case: Case) -> None:
    outcome = ended(path_of(case))

    assert not isinstance(outcome, NotThisForm)
    told = {name: case.record[name] for name in ("edition", *PROSE) if case.record.get(name) is not None}
    assert {name: outcome.record[name] for name in told} == told
    assert [name for name in PROSE if name in case.record and case.record[name] is None and outcome.record[name]] == []


@pytest.mark.parametrize("case", cases("accepted"))
def test_counts_and_fees_in_prose_are_right_or_unread(case: Case) -> None:
    outcome = ended(path_of(case))

    assert isinstance(outcome, Accepted)
    for name in ("requests_received", "information_fee_charged"):
        if name in case.record and name not in outcome.unread:
            assert outcome.record[name] == case.record[name], name


def test_a_statement_that_there_were_none_is_quoted_and_no_table_of_zeros(reports: Path) -> None:
    outcome = ended(reports / "real_hebei_industry_2019_lost_blanks.txt")

    assert isinstance(outcome, NeedsReview)
    assert outcome.record["table4"] is None
    (told,) = [finding for finding in outcome.findings if "the text says" in finding.message]
    assert "行政复议" in told.message
    assert told.lines
