"""What reviewers decided, in the store: kept for good, one transaction each, undone step by step."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from agent import decisions, offline, pipeline
from agent.errors import ModelError, UsageError
from agent.outcome import Accepted, NeedsReview
from agent.review import correct, settle
from agent.settings import ModelSettings
from agent.store import Store
from tests.reviewed import (
    FORM,
    LIN,
    MA,
    RECEIVED,
    TOTAL,
    Given,
    faulty,
    misread,
    path,
    unreadable,
)

__all__ = ["faulty", "misread", "path", "unreadable"]  # fixtures


def test_the_reading_as_it_came_stays_whatever_is_decided(misread: Given) -> None:
    before = misread.rows("select reading from reviews")
    misread.correct({RECEIVED: "35"})
    misread.correct({RECEIVED: "34"}, MA)
    misread.accept(note="seen")

    assert misread.rows("select reading from reviews") == before
    assert misread.review.original == misread.outcome
    assert [(d.by, d.kind, d.cells, d.note) for d in misread.review.history] == [
        (LIN, "correct", {RECEIVED: (37, 35)}, ""),
        (MA, "correct", {RECEIVED: (35, 34)}, ""),
        (LIN, "accept", {}, "seen"),
    ]


@pytest.mark.parametrize("sql", ["delete from decisions", "update decisions set note = 'never said'"])
def test_decisions_cannot_be_rewritten(misread: Given, sql: str) -> None:
    misread.correct({RECEIVED: "34"})

    with pytest.raises(sqlite3.IntegrityError, match="decisions"):
        misread.rows(sql)


def test_a_checked_record_cannot_be_given_what_rests_on_a_word(misread: Given) -> None:
    misread.correct({RECEIVED: "34"})
    misread.accept()

    with pytest.raises(sqlite3.IntegrityError, match="at their own place"):
        misread.rows("insert into figures select record, 'x', '1', 1, '1', 1, 'attested', 'r' from figures limit 1")


def test_an_undo_takes_back_one_step_after_the_other(misread: Given) -> None:
    misread.correct({RECEIVED: "35"})
    misread.correct({RECEIVED: "34"})
    misread.accept()

    steps = []
    for _ in range(3):
        undone = decisions.undo(misread.store, misread.review, LIN)
        steps.append((undone.kind, misread.review.open, misread.review.current.reading.value(RECEIVED)))

    assert steps == [("accept", True, 34), ("correct", True, 35), ("correct", True, 37)]
    assert misread.review.current == misread.outcome
    assert misread.review.attested == frozenset()
    assert misread.rows("select count(*) from records") == [(0,)]
    assert len(misread.review.history) == 6
    with pytest.raises(UsageError, match="nothing was decided"):
        decisions.undo(misread.store, misread.review, LIN)


def test_an_undo_puts_back_the_record_that_was_replaced(faulty: Given) -> None:
    first = faulty.accept(as_published=True)
    review = faulty.outcome
    assert isinstance(review, NeedsReview)
    faulty.run = faulty.store.begin("k2", faulty.document, "model", "m")
    faulty.store.hold(faulty.run, review)
    faulty.correct({TOTAL: "4"})
    faulty.accept(note="seen on paper")

    decisions.undo(faulty.store, faulty.review, LIN)

    assert faulty.rows("select standing, decision from records") == [("as_published", first)]
    assert faulty.rows(f"select value, grade from figures where path = '{TOTAL}'") == [("5", "published")]


def test_the_second_of_two_reviewers_is_told_and_overwrites_nothing(misread: Given) -> None:
    seen = misread.review
    misread.correct({RECEIVED: "34"}, MA)
    before = misread.rows("select * from decisions")

    outcome, changed = correct(seen, {RECEIVED: "35"}, LIN, misread.evidence, misread.document)
    with pytest.raises(decisions.TakenError, match="reviewer Ma was faster"):
        decisions.correct(misread.store, seen, outcome, changed, LIN)
    with pytest.raises(decisions.TakenError, match="reviewer Ma was faster"):
        decisions.reject(misread.store, seen, LIN)

    assert misread.rows("select * from decisions") == before


def test_a_report_that_was_read_again_in_the_meantime_is_not_decided(misread: Given) -> None:
    seen = misread.review
    again = misread.store.begin("k2", misread.document, "offline", None)
    misread.store.save(again, replace(misread_accepted(misread), usage=seen.original.usage))

    with pytest.raises(decisions.TakenError, match="read again"):
        decisions.reject(misread.store, seen, LIN)

    assert misread.rows("select count(*) from decisions") == [(0,)]


def misread_accepted(given: Given) -> Accepted:
    found = pipeline.conclude(given.document, given.evidence, offline.read(given.evidence), "offline")
    assert isinstance(found, Accepted)
    return found


def test_a_decision_is_one_transaction(path: Path, misread: Given) -> None:
    misread.correct({RECEIVED: "34"})
    review = misread.review
    misread.store.close()
    times = iter(["2026-01-01T00:00:00.000+00:00"])

    def clock() -> str:
        return next(times)  # the second look at the clock comes between the decision and the record

    settled = settle(review.current, FORM, as_published=False, note="")
    with Store(path, now=clock) as store, pytest.raises(StopIteration):
        decisions.accept(store, review, settled, LIN)

    assert decisions.load(path, misread.run) == review
    assert misread.rows("select count(*) from records") == [(0,)]


def test_a_rejected_report_leaves_no_record_and_can_be_taken_back(misread: Given) -> None:
    decisions.reject(misread.store, misread.review, LIN, "a draft")

    assert misread.review.open is False
    assert misread.rows("select count(*) from records") == [(0,)]
    decisions.undo(misread.store, misread.review, MA)
    assert misread.review.open is True


def test_asked_again_the_report_waits_under_a_new_number_with_both_readings_kept(faulty: Given) -> None:
    faulty.correct({TOTAL: "4"})

    again = asyncio.run(
        decisions.again(faulty.store, faulty.review, faulty.document, pipeline.Plan(FORM), LIN, "look once more")
    )

    assert again != faulty.run
    assert decisions.load(faulty.store.path, again).open
    assert decisions.load(faulty.store.path, again).current.reading.value(TOTAL) == 5
    assert not faulty.review.open
    assert faulty.review.history[-1].kind == "retry"
    with pytest.raises(decisions.TakenError):
        decisions.undo(faulty.store, faulty.review, LIN)


def test_a_model_that_cannot_be_had_leaves_the_report_waiting(faulty: Given) -> None:
    nobody = ModelSettings("m", "http://127.0.0.1:9/v1", tries=1, deadline=2)
    plan = pipeline.Plan(FORM, "model", nobody)

    with pytest.raises(ModelError):
        asyncio.run(decisions.again(faulty.store, faulty.review, faulty.document, plan, LIN))

    assert faulty.review.open
    assert faulty.rows("select status from runs where id > 1") == [("failed",)]
    faulty.accept(as_published=True)  # and the question that failed is in no one's way
