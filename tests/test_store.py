"""The store: what goes in comes out equal, all or nothing, and a strange file stays as it was."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.document import Document
from agent.errors import StoreError
from agent.model import Call
from agent.outcome import Accepted, Figure, Grade, NeedsReview, NotThisForm, Outcome, Usage
from agent.store import Store
from agent.stored import latest


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def put(store: Store, document: Document, outcome: Outcome, key: str = "k") -> int:
    run = store.begin(key, document, outcome.reader, None)
    if isinstance(outcome, Accepted):
        store.save(run, outcome)
    elif isinstance(outcome, NeedsReview):
        store.hold(run, outcome)
    else:
        store.refuse(run, outcome)
    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gouji.db"


def test_what_was_stored_is_found_equal_under_its_key(
    path: Path, document: Document, accepted: Accepted, review: NeedsReview, refused: NotThisForm
) -> None:
    with Store(path) as store:
        for key, outcome in (("a", accepted), ("b", review), ("c", refused)):
            put(store, document, outcome, key)

    with Store(path) as store:
        assert (store.find("a"), store.find("b"), store.find("c")) == (accepted, review, refused)
        assert store.find("d") is None


def test_each_part_of_the_key_makes_another_run() -> None:
    keys = {
        Store.key("document", "form", "prompts", "model", "settings"),
        Store.key("DOCUMENT", "form", "prompts", "model", "settings"),
        Store.key("document", "FORM", "prompts", "model", "settings"),
        Store.key("document", "form", "PROMPTS", "model", "settings"),
        Store.key("document", "form", "prompts", "MODEL", "settings"),
        Store.key("document", "form", "prompts", "model", "SETTINGS"),
    }

    assert len(keys) == 6
    assert Store.key("a", "b", "c", None, "e") != Store.key("a", "b", "c", "None", "e")


def test_a_run_that_began_or_failed_has_no_outcome_to_find(path: Path, document: Document) -> None:
    with Store(path) as store:
        run = store.begin("k", document, "model", "m")
        begun = store.find("k")
        store.fail(run, TimeoutError("no answer in 60 s"))

        assert (begun, store.find("k")) == (None, None)
    assert rows(path, "select status, error from runs") == [("failed", "TimeoutError: no answer in 60 s")]


def test_the_last_run_is_the_last_whatever_the_clock_said(
    path: Path, document: Document, accepted: Accepted, review: NeedsReview
) -> None:
    with Store(path, now=lambda: "2031-01-01T00:00:00.000+00:00") as store:
        put(store, document, accepted, "before")
    with Store(path) as store:
        last = put(store, document, review, "after")

    found = latest(path, document.sha256)

    assert found is not None
    assert (found.id, found.outcome.status) == (last, "review")


@pytest.mark.fault("sqlite-values")
def test_counts_are_integers_and_amounts_keep_their_digits(path: Path, document: Document, accepted: Accepted) -> None:
    with Store(path) as store:
        put(store, document, accepted)

    figures = rows(path, "select path, value, count, printed, line, grade, read_by from figures")
    assert ("table2.fees.amount_10k_yuan", "7730.28", None, "7730.28", 5, "read", "model") in figures
    assert ("table3.received.total", "21", 21, "21", 3, "proved", "offline") in figures
    assert rows(path, "select typeof(value), typeof(count) from figures where line = 5") == [("text", "null")]
    assert '"amount_10k_yuan": 7730.28' in str(rows(path, "select record from records"))


@pytest.mark.fault("sqlite-values")
def test_a_count_beyond_sqlites_integers_keeps_its_digits(path: Path, document: Document, accepted: Accepted) -> None:
    huge = replace(
        accepted,
        reading=replace(accepted.reading, figures={"a.b.c": Figure(2**70, str(2**70), 1, "model")}),
        grades={"a.b.c": Grade.READ},
    )

    with Store(path) as store:
        put(store, document, huge)

    assert rows(path, "select value, count from figures") == [(str(2**70), None)]


def test_a_figure_without_a_trusted_grade_has_no_value_in_the_figures(
    path: Path, document: Document, accepted: Accepted
) -> None:
    derived = replace(accepted, grades={**accepted.grades, "table3.received.total": Grade.DERIVED})

    with Store(path) as store:
        put(store, document, derived)

    assert rows(path, "select value, grade from figures where path = 'table3.received.total'") == [(None, "derived")]


def test_the_database_itself_refuses_a_value_nobody_proved(path: Path, document: Document, accepted: Accepted) -> None:
    with Store(path) as store:
        put(store, document, accepted)

    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        db.execute("update figures set grade = 'contradicted' where value is not null")
    db.close()


def test_a_later_run_replaces_the_record_and_its_figures(path: Path, document: Document, accepted: Accepted) -> None:
    with Store(path) as store:
        put(store, document, accepted, "first")
        later = put(store, document, replace(accepted, edition="2019"), "second")

    assert rows(path, "select run, edition from records") == [(later, "2019")]
    assert rows(path, "select count(*) from figures") == [(len(accepted.reading.figures),)]
    assert rows(path, "select count(*) from documents") == [(1,)]


def test_a_review_holds_reasons_and_reading_until_a_later_run_decides_it(
    path: Path, document: Document, accepted: Accepted, review: NeedsReview
) -> None:
    with Store(path) as store:
        first = put(store, document, review, "a")
        second = put(store, document, review, "b")
        third = put(store, document, accepted, "c")

    assert rows(path, "select run, status, reasons, decision from reviews") == [
        (first, "decided", '["source_does_not_add_up"]', f"read again as {second}: review"),
        (second, "decided", '["source_does_not_add_up"]', f"read again as {third}: accepted"),
    ]
    assert '"value": 21, "printed": "21"' in str(rows(path, "select reading from reviews"))


def test_a_review_never_reaches_the_records(path: Path, document: Document, review: NeedsReview) -> None:
    with Store(path) as store:
        put(store, document, review)

    assert rows(path, "select count(*) from records union all select count(*) from figures") == [(0,), (0,)]
    assert rows(path, "select rule, left_side, right_side, difference, lines, reason, warning from findings") == [
        ("sum", "21", "20", "1", "[3, 4]", "source_does_not_add_up", 0)
    ]


@pytest.mark.fault("kill")
def test_a_save_that_breaks_half_way_leaves_nothing(path: Path, document: Document, accepted: Accepted) -> None:
    figures = {**accepted.reading.figures, "z.z.z": Figure(1, "1", 3, None)}  # type: ignore[arg-type]
    broken = replace(accepted, reading=replace(accepted.reading, figures=figures))

    with Store(path) as store:
        put(store, document, accepted)
        with pytest.raises(StoreError, match=r"gouji\.db failed: NOT NULL"):
            put(store, document, broken, "broken")

        assert store.find("k") == accepted
        assert store.find("broken") is None
    assert rows(path, "select run from records") == [(1,)]


@pytest.mark.fault("sqlite-values")
def test_a_raw_answer_is_there_for_others_before_the_run_ends(path: Path, document: Document) -> None:
    with Store(path) as store:
        run = store.begin("k", document, "model", "some-model")
        usage = Usage(1, 100, 20, Decimal("0.0005"))
        store.journal(run, Call("tables", "some-model", "ab" * 32, '{"rows": "\ud800"}', usage, 1.5, None, 1))

        assert rows(path, "select run, answer, input_tokens, output_tokens, cost from calls") == [
            (run, '{"rows": "\\ud800"}', 100, 20, "0.0005")
        ]


@pytest.mark.fault("corrupt-db")
def test_a_file_that_is_no_database_is_named_and_left_as_it_was(tmp_path: Path) -> None:
    for name, content in (("note.txt", b"hello"), ("long.txt", "报告".encode() * 5000)):
        path = tmp_path / name
        path.write_bytes(content)

        with pytest.raises(StoreError, match=rf"{name} is no SQLite database.*--db"):
            Store(path)

        assert path.read_bytes() == content


@pytest.mark.fault("corrupt-db")
def test_another_programs_database_is_left_as_it_was(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("create table documents (title)")
    db.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="belongs to another program"):
        Store(path)

    assert path.read_bytes() == before


@pytest.mark.fault("corrupt-db")
def test_a_cut_database_is_named_and_left_as_it_was(path: Path, document: Document, accepted: Accepted) -> None:
    with Store(path) as store:
        put(store, document, accepted)
    cut = path.read_bytes()[: -4096 * 3]
    path.write_bytes(cut)

    with pytest.raises(StoreError, match="is damaged; what it holds was not overwritten"):
        Store(path)

    assert path.read_bytes() == cut


@pytest.mark.fault("corrupt-db")
def test_a_flipped_byte_in_an_outcome_is_noticed(path: Path, document: Document, accepted: Accepted) -> None:
    with Store(path) as store:
        put(store, document, accepted)
    ((packed,),) = rows(path, "select outcome from runs")
    assert isinstance(packed, bytes)
    content, middle = path.read_bytes(), len(packed) // 2
    at = content.index(packed[middle : middle + 40])
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])

    with Store(path) as store, pytest.raises(StoreError, match="run 1 is damaged"):
        store.find("k")


@pytest.mark.fault("disk-full")
def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/gouji\.db cannot be opened"):
        Store(tmp_path / "nowhere" / "gouji.db")


@pytest.mark.fault("disk-full")
def test_a_database_that_is_full_says_so_and_keeps_what_it_has(
    path: Path, document: Document, accepted: Accepted
) -> None:
    long = replace(document, sha256="ef" * 32, lines=("长" * 200_000,))
    with Store(path) as store:
        put(store, document, accepted)
        store._db.execute("pragma max_page_count = 1")

        with pytest.raises(StoreError, match="the disk is full"):
            store.begin("big", long, "offline", None)

        assert store.find("k") == accepted


@pytest.mark.fault("db-locked")
def test_a_locked_database_is_waited_for_and_then_named(path: Path, document: Document) -> None:
    with Store(path, wait=0.05) as store:
        other = sqlite3.connect(path)
        other.execute("begin immediate")

        with pytest.raises(StoreError, match="held by another program"):
            store.begin("k", document, "offline", None)

        other.rollback()
        other.close()
        assert store.begin("k", document, "offline", None) == 1


def test_threads_take_turns(path: Path, document: Document, accepted: Accepted) -> None:
    with Store(path) as store:
        threads = [threading.Thread(target=put, args=(store, document, accepted, str(n))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert rows(path, "select count(*) from runs where status = 'accepted'") == [(8,)]


def _open_and_put(path: Path, start: object, document: Document, outcome: Accepted) -> None:
    start.wait()  # type: ignore[attr-defined]
    with Store(path) as store:
        put(store, document, outcome)


@pytest.mark.fault("concurrent-migration")
def test_two_processes_that_start_at_once_both_succeed(tmp_path: Path, document: Document, accepted: Accepted) -> None:
    spawn = multiprocessing.get_context("spawn")
    for attempt in range(3):
        path = tmp_path / f"{attempt}.db"
        start = spawn.Barrier(2)
        both = [spawn.Process(target=_open_and_put, args=(path, start, document, accepted)) for _ in range(2)]
        for process in both:
            process.start()
        for process in both:
            process.join(60)

        assert [process.exitcode for process in both] == [0, 0]
        assert rows(path, "select count(*) from runs where status = 'accepted'") == [(2,)]
        assert rows(path, "select count(*) from records") == [(1,)]
