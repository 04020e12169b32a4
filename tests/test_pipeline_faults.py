"""What becomes of a report when the model or the network fails: how it ends, after how many calls."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agent import checks, extract
from agent.errors import ModelError, PermanentModelError
from agent.outcome import TRUSTED, Accepted, Grade, NeedsReview, Reason
from agent.pipeline import conclude
from eval.server import Body
from tests.by_model import Answer, by_model, number_of, rows_asked, says_row
from tests.scripted_server import serving, settings_for
from tests.written import OGI, SAMPLE, evidence_of


@pytest.mark.parametrize(
    ("steps", "calls"),
    [
        pytest.param("ok", 2, id="no fault"),
        pytest.param("badjson,ok", 3, id="malformed JSON: one re-ask"),
        pytest.param("prose,ok", 3, id="words for JSON: one re-ask"),
        pytest.param("length,ok", 3, id="cut: once more with twice the room"),
        pytest.param("fence,ok", 2, id="a fence around it: none"),
        pytest.param("think,ok", 2, id="thoughts before it: none"),
        pytest.param("e429:0,ok", 3, id="429: once more"),
        pytest.param("e500,ok", 3, id="500: once more"),
        pytest.param("reset,ok", 3, id="reset: once more"),
        pytest.param("cutjson,ok", 3, id="half a body: once more"),
        pytest.param("noschema", 3, id="no schemas: asked in words"),
    ],
)
def test_a_fault_that_passes_costs_a_call_and_the_report_is_accepted(steps: str, calls: int) -> None:
    run = by_model(steps=steps)

    assert run.calls == calls == run.accepted.usage.calls == len(run.journal)


@pytest.mark.fault("gateway-5xx")
@pytest.mark.parametrize(
    ("steps", "calls"),
    [("e503", 2), ("reset", 2), ("hang", 2), ("quota", 1), ("e401", 1), ("e404", 1), ("e429:86400", 1)],
)
def test_a_network_that_stays_out_of_order_is_an_error_and_no_outcome(steps: str, calls: int) -> None:
    with serving(steps) as server:
        settings = settings_for(server, tries=2, call_timeout=0.3)
        with pytest.raises(ModelError, match="model scripted at http://127"):
            extract(SAMPLE, model=settings)

        assert server.calls == calls


@pytest.mark.fault("quota")
def test_a_spent_quota_is_a_permanent_error() -> None:
    with serving("quota") as server, pytest.raises(PermanentModelError):
        extract(SAMPLE, model=settings_for(server))


@pytest.mark.fault("refusal")
@pytest.mark.parametrize(
    ("steps", "calls"),
    [("refusal", 2), ("filter", 2), ("badjson", 4), ("prose", 4), ("tool", 4), ("length", 4)],
)
def test_a_model_that_gives_no_answer_is_not_paid_again(steps: str, calls: int) -> None:
    run = by_model(steps=steps)

    assert run.review
    assert run.calls == calls


@pytest.mark.fault("cut-answer")
@pytest.mark.parametrize("steps", ["refusal", "badjson", "length"])
def test_a_model_that_gives_no_answer_leaves_the_report_in_review(steps: str) -> None:
    run = by_model(steps=steps)

    assert run.review.reasons[0] == Reason.MODEL_GAVE_UP
    assert set(run.review.grades.values()) == {Grade.UNREAD}
    assert run.calls <= 16


def _renames_a_row(answer: Answer, _: Body) -> Answer:
    if len(answer) != len(OGI.tables):
        return answer
    return {**answer, "table3": re.sub(rf"(?m)^{number_of('disclosed')}@", "99@", answer["table3"])}


@pytest.mark.fault("row-set")
def test_wrong_row_ids_are_complained_of_once_and_the_rows_that_are_right_are_kept() -> None:
    run = by_model(change=_renames_a_row)

    assert run.accepted
    assert run.calls == 4  # the question, the complaint, prose, the one row
    assert rows_asked(run.repairs[0]) == {"table3": [number_of("disclosed")]}


@pytest.mark.fault("invented-totals", behaviour="What is not trusted keeps a report waiting, though nothing else does.")
@pytest.mark.parametrize("grade", Grade)
def test_a_report_with_a_figure_that_is_not_trusted_is_never_accepted(
    grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, evidence, right = evidence_of(SAMPLE)
    verdict = checks.check(right, evidence, document)
    graded = replace(verdict, grades={**verdict.grades, "table3.received.total": grade})
    monkeypatch.setattr(checks, "check", lambda *_: graded)

    outcome = conclude(document, evidence, right, "model")

    assert isinstance(outcome, Accepted if grade in TRUSTED else NeedsReview)


def test_the_call_that_crosses_the_budget_is_the_last() -> None:
    run = by_model(change=says_row("received", "35 5 0 1 2 0 43", always=True), budget_tokens=1)

    assert run.calls == 1
    assert run.outcome.usage.calls == 1


def test_where_the_budget_ends_what_was_read_and_paid_is_kept_and_is_the_models_own() -> None:
    run = by_model(budget_tokens=1)

    assert {figure.by for figure in run.accepted.reading.figures.values()} == {"scripted"}
    assert set(run.accepted.unread) == {field.id for field in OGI.fields}
    assert any("--budget-tokens" in finding.message for finding in run.accepted.findings)
