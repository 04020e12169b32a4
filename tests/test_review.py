"""Reviewers: what they may decide, what a correction is worth, and that nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent import decisions, offline, pipeline, review as reviews
from agent.document import load
from agent.errors import UsageError
from agent.outcome import Accepted, Figure, Grade, NeedsReview, Reading, Reason
from agent.review import RefusedError, misprints, number_in, reviewer, settle
from agent.store import Store
from agent.tables import blank
from tests.reviewed import (
    CORRECTED,
    FORM,
    PENALTIES,
    RECEIVED,
    SAMPLE,
    TOTAL,
    Given,
    faulty,
    misread,
    path,
    unreadable,
)

__all__ = ["faulty", "misread", "path", "unreadable"]  # fixtures


def test_a_correction_that_its_place_bears_out_is_proved_by_the_same_checks(misread: Given) -> None:
    before = misread.review.current.grades[RECEIVED]

    after = misread.correct({RECEIVED: "34"})

    assert before == Grade.CONTRADICTED
    assert isinstance(after.current, Accepted)
    assert after.current.grades[RECEIVED] == Grade.PROVED
    assert after.current.reading.figures[RECEIVED].by == "reviewer Lin"
    assert after.current.reading.figures[RECEIVED].printed == "34"


def test_a_correction_that_its_place_does_not_bear_out_is_a_word_and_never_proved(faulty: Given) -> None:
    after = faulty.correct({TOTAL: "4"})

    assert after.current.grades[TOTAL] == Grade.ATTESTED
    told = [f for f in after.current.findings if TOTAL in f.cells and f.rule == "source"]
    assert [f.message for f in told] == ["does not stand at its place"]
    assert after.current.grades[CORRECTED] == Grade.READ  # a sum with a word in it proves nothing else
    assert not isinstance(after.current, Accepted)


def test_a_wrong_correction_shows_the_sum_that_fails_with_it(faulty: Given) -> None:
    after = faulty.correct({TOTAL: "6"})

    (failed,) = [f for f in after.current.findings if f.rule == "sum"]
    assert (failed.left, failed.right, failed.difference) == (4, 6, -2)
    with pytest.raises(UsageError, match="cannot be accepted yet"):
        faulty.accept()


def test_a_figure_nobody_could_read_may_be_supplied_and_is_marked_in_the_records(unreadable: Given) -> None:
    unreadable.correct({PENALTIES: "57"})

    unreadable.accept()

    assert unreadable.rows("select standing, violations from records") == [("attested", "[]")]
    assert unreadable.rows(f"select value, grade, read_by from figures where path = '{PENALTIES}'") == [
        ("57", "attested", "reviewer Lin")
    ]
    assert unreadable.rows("select distinct grade from figures order by 1") == [("attested",), ("proved",), ("read",)]


def test_what_contradicts_a_legible_place_needs_a_reason(faulty: Given) -> None:
    faulty.correct({TOTAL: "4"})

    with pytest.raises(UsageError, match=f"another figure for {TOTAL}: say why"):
        faulty.accept()
    faulty.accept(note="the printed copy says 4")

    assert faulty.rows("select note from decisions where kind = 'accept'") == [("the printed copy says 4",)]
    assert faulty.rows("select standing from records") == [("attested",)]


def test_a_report_that_does_not_add_up_is_kept_as_published_with_the_sums_it_violates(faulty: Given) -> None:
    assert isinstance(faulty.outcome, NeedsReview)
    assert faulty.outcome.reasons == (Reason.SOURCE_DOES_NOT_ADD_UP,)

    made = faulty.accept(as_published=True, note="so printed")

    ((standing, violations, decision),) = faulty.rows("select standing, violations, decision from records")
    assert (standing, decision) == ("as_published", made)
    assert "'left': 4, 'right': 5" in str(violations).replace('"', "'")
    assert faulty.rows(f"select value, grade from figures where path = '{TOTAL}'") == [("5", "published")]
    assert faulty.rows("select status, decision from reviews") == [("decided", "accept_as_published by reviewer Lin")]


def test_as_published_is_for_faithful_readings_only(faulty: Given, tmp_path: Path) -> None:
    faulty.correct({TOTAL: "6"})
    with pytest.raises(UsageError, match="not only the report's own sums"):
        faulty.accept(as_published=True)
    with Given(tmp_path / "misread.db", SAMPLE.read_text(encoding="utf-8"), {RECEIVED: 37}).store as store:
        review = decisions.load(store.path, 1)
        assert misprints(review.current, FORM) == ()
        with pytest.raises(UsageError, match="not only the report's own sums"):
            settle(review.current, FORM, as_published=True, note="")


def test_a_reviewers_word_is_never_told_as_what_is_printed(faulty: Given) -> None:
    faulty.correct({TOTAL: "4", CORRECTED: ""})
    figures = faulty.review.current.reading.figures

    assert (figures[TOTAL].value, figures[TOTAL].printed) == (4, "5")
    assert (figures[CORRECTED].value, figures[CORRECTED].printed) == (None, "1")
    assert blank(figures[CORRECTED]) == ""
    assert figures[TOTAL].line == figures[CORRECTED].line


def test_a_sum_that_fails_over_a_reviewers_word_is_not_the_reports_own(path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8").replace("2\t1\t0\t1\t4\t", "2\t?\t0\t1\t4\t")
    given = Given(path, text)

    with given.store:
        wrong = given.correct({CORRECTED: "9"}).current

        assert isinstance(wrong, NeedsReview)
        assert wrong.reasons == (Reason.UNREADABLE,)
        assert [(f.rule, f.reason) for f in wrong.findings if not f.warning] == [("sum", Reason.UNREADABLE)]
        assert misprints(wrong, FORM) == ()
        with pytest.raises(RefusedError, match="not only the report's own sums"):
            given.accept(as_published=True)
        given.correct({CORRECTED: "1"})
        given.accept()
    assert given.rows("select standing from records") == [("attested",)]


def test_a_sum_over_what_ocr_was_not_sure_of_is_not_the_reports_own_until_a_person_has_looked(path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8").replace("2\t1\t0\t1\t4\t", "2\t1\t4\t1\t4\t")  # a 0 read as 4
    given = Given(path, text, unsure="table4.reconsideration.other")

    with given.store:
        assert isinstance(given.outcome, NeedsReview)
        assert given.outcome.reasons == (Reason.UNREADABLE,)
        assert misprints(given.outcome, FORM) == ()
        with pytest.raises(RefusedError, match="not read for sure: reconsideration · other"):
            given.accept(as_published=True)
        looked = given.correct({"table4.reconsideration.other": "4"})  # it is printed so, says a person
        assert isinstance(looked.current, NeedsReview)
        assert looked.current.reasons == (Reason.SOURCE_DOES_NOT_ADD_UP,)
        given.accept(as_published=True)
    assert given.rows("select value, grade from figures where path = 'table4.reconsideration.other'") == [
        ("4", "attested")
    ]


def test_what_is_refused_is_told_in_both_languages_with_the_way_out(faulty: Given) -> None:
    with pytest.raises(RefusedError) as refused:
        faulty.accept()

    assert refused.value.told("zh") == (
        "还不能接受：行政复议：4 ≠ 5（四种结果之和＝总计）。若原文就是如此，照原样接受（--as-published）"
    )
    assert "reconsideration: 4 ≠ 5 (four results = total)" in refused.value.told("en")
    assert "--as-published" in refused.value.told("en")


def test_a_report_that_adds_up_is_not_as_published(misread: Given) -> None:
    misread.correct({RECEIVED: "34"})

    with pytest.raises(UsageError, match="nothing is wrong"):
        misread.accept(as_published=True)


def test_a_report_without_any_table_leaves_nothing_to_accept(path: Path) -> None:
    head, _, _ = SAMPLE.read_text(encoding="utf-8").partition("第二十条")
    text = f"{head}\n三、收到和处理政府信息公开申请情况\n见附件。\n四、政府信息公开行政复议、行政诉讼情况\n见附件。\n"
    given = Given(path, f"{text}五、存在的主要问题及改进情况\n无。\n六、其他需要报告的事项\n无。\n")

    with given.store:
        assert isinstance(given.outcome, NeedsReview)
        assert not given.outcome.grades
        assert misprints(given.outcome, FORM) == ()


def test_what_is_wrong_keeps_a_report_from_being_accepted(misread: Given) -> None:
    with pytest.raises(UsageError, match="does not stand at its place"):
        misread.accept()

    assert misread.rows("select count(*) from records") == [(0,)]


def test_a_report_where_all_is_proved_is_a_record_like_any_other(misread: Given) -> None:
    misread.correct({RECEIVED: "34"})

    misread.accept()

    assert misread.rows("select standing, subject, period from records") == [("checked", "青岚县水务局", 2023)]
    assert misread.rows("select distinct grade from figures order by 1") == [("proved",), ("read",)]


def test_a_model_cannot_pass_itself_off_as_a_reviewer(misread: Given) -> None:
    first = offline.read(misread.evidence)
    figures = {**first.figures, RECEIVED: Figure(37, "37", 40, "reviewer Lin")}

    outcome = pipeline.conclude(
        misread.document, misread.evidence, Reading(figures, first.words, first.variants), "model"
    )

    assert outcome.grades[RECEIVED] == Grade.CONTRADICTED


def test_a_report_has_a_place_for_its_own_figures_only(misread: Given) -> None:
    with pytest.raises(UsageError, match="no figure table9"):
        misread.correct({"table9.x.y": "1"})


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("34", "count", 34),
        ("１，２３４", "count", 1234),
        (" 0 ", "count", 0),
        ("", "count", None),
        ("-", "count", None),
        ("无", "amount", None),
        ("-5", "change", -5),
        ("128.450", "amount", Decimal("128.450")),
    ],
)
def test_a_typed_figure_is_what_its_kind_allows(text: str, kind: str, value: object) -> None:
    found = number_in(text, kind)  # type: ignore[arg-type]

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3.5", "count"),
        ("-5", "count"),
        ("=1+1", "count"),
        ("a", "amount"),
        ("1 2", "count"),
        ("12abc", "count"),
        ("1e3", "amount"),
        ("NaN", "amount"),
        ("1" + "0" * 30, "count"),
        ("12\x00", "count"),
        ("\u202e12", "count"),
        ("1_000", "count"),
        ("12万", "amount"),
        ("\ud800", "count"),
        ("²", "count"),
        ("-0.1", "amount"),
    ],
)
def test_anything_else_is_refused(text: str, kind: str) -> None:
    with pytest.raises(UsageError, match="nor blank"):
        number_in(text, kind)  # type: ignore[arg-type]


def test_a_reviewers_name_is_one_line_and_says_something() -> None:
    assert reviewer("  Lin\tMei\n\x1b[31m ") == "reviewer Lin Mei [31m"
    with pytest.raises(UsageError, match="who decides"):
        reviewer("\n\x07")


def test_the_cells_of_a_document_come_back_as_they_were(path: Path) -> None:
    from agent.document import CellPlace
    from agent.stored import document

    source = replace(
        load("a\tb", name="x.pdf"),
        cells={(1, 0): CellPlace(2, (0.1, 0.2, 0.3, 0.4), 0.87), (1, 1): CellPlace(2)},
        pages=3,
    )
    with Store(path) as store:
        store.begin("k", source, "offline", None)

    assert document(path, source.sha256) == source
    assert reviews.standing([]) == []
