"""What reviewers decide, in the store: each decision one transaction, kept for good, refused when it comes too late."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agent import review as reviews, serial
from agent.database import open_for_reading
from agent.errors import GoujiError, StoreError, UsageError
from agent.outcome import Accepted, NeedsReview, Settled
from agent.records import clean, put_accepted, put_settled
from agent.review import Change, Decision, Kinds, Review, Reviewed
from agent.store import Store, restored
from agent.stored import known_id
from agent.writers import visible

if TYPE_CHECKING:
    from agent.document import Document
    from agent.pipeline import Plan

Changes = Mapping[str, Change]

_CLOSING = ("accept", "accept_as_published", "reject")


class TakenError(UsageError):
    """Somebody else decided about this report in the meantime."""


def load(path: Path, run: int) -> Review:
    """A report that waits or waited in review, by its id. Raises UsageError where there is none."""
    with open_for_reading(path) as db:
        return _load(db, path, run)


def _load(db: sqlite3.Connection, path: Path, run: int) -> Review:
    row = db.execute(
        "select runs.outcome, reviews.status, reviews.decision from reviews join runs on runs.id = run where run = ?",
        (known_id(run),),
    ).fetchone()
    if row is None:
        raise UsageError(f"{path} holds no report {run} in review; `gouji review` lists them")
    packed, status, closed_by = row
    original = restored(path, run, packed)
    assert isinstance(original, NeedsReview)
    history, outcomes = _history(db, run)
    judged = [outcomes[decision.id] for decision in reviews.standing(history) if decision.id in outcomes]
    current = restored(path, run, judged[-1]) if judged else original
    assert isinstance(current, Accepted | NeedsReview)
    return Review(run, original, current, tuple(history), status == "open", closed_by or "")


def _history(db: sqlite3.Connection, run: int) -> tuple[list[Decision], dict[int, bytes]]:
    history, outcomes = [], {}
    for number, at, by, kind, note, cells, undoes, outcome in db.execute(
        "select id, at, decided_by, kind, note, cells, undoes, outcome from decisions where run = ? order by id", (run,)
    ):
        changed = {path: tuple(pair) for path, pair in serial.parse(cells).items()}
        history.append(Decision(number, at, by, kind, note, changed, undoes))
        if outcome:
            outcomes[number] = outcome
    return history, outcomes


def correct(store: Store, review: Review, outcome: Reviewed, changed: Changes, by: str, note: str = "") -> int:
    """Keep corrected figures and what the checks say of them; the report stays open. Gives the decision's id."""
    with store.transaction() as db:
        _not_taken(db, store.path, review, open_=True)
        return _add(db, store, review, "correct", by, note, changed=changed, outcome=outcome)


def accept(store: Store, review: Review, settled: Settled, by: str, note: str = "") -> int:
    """Store the record as a person accepts it, with what it rests on, and close the report."""
    kind: Kinds = "accept_as_published" if settled.standing == "as_published" else "accept"
    with store.transaction() as db:
        _not_taken(db, store.path, review, open_=True)
        source = settled.outcome.document.sha256
        before = db.execute(
            "select run, decision from records where document = ? and form = ?", (source, settled.outcome.form)
        ).fetchone()
        replaced = json.dumps(list(before)) if before else None
        made = _add(db, store, review, kind, by, note, outcome=settled.outcome, replaced=replaced)
        put_settled(db, review.id, settled, made, store.now())
        _close(db, store, review, f"{kind} by {by}")
    return made


def reject(store: Store, review: Review, by: str, note: str = "") -> int:
    """Close the report without a record."""
    with store.transaction() as db:
        _not_taken(db, store.path, review, open_=True)
        made = _add(db, store, review, "reject", by, note)
        _close(db, store, review, f"reject by {by}")
    return made


def undo(store: Store, review: Review, by: str, note: str = "") -> Decision:
    """Take back the last decision that stands; gives it. What it put into the records leaves them again."""
    last = review.undoable
    if last is None:
        raise UsageError(f"nothing was decided about report {review.id} that could be undone")
    with store.transaction() as db:
        _not_taken(db, store.path, review, open_=last.kind not in _CLOSING)
        _add(db, store, review, "undo", by, note, undoes=last.id)
        if last.kind in _CLOSING:
            _reopen(db, store.path, review)
        if last.kind in _CLOSING[:2]:
            _put_back(db, store, last)
    return last


async def again(store: Store, review: Review, document: Document, plan: Plan, by: str, note: str = "") -> int:
    """Read the report once more as ``plan`` says; gives the id of the new run, which takes this one's place.

    Raises ModelError where the model cannot be had: then the report waits as before.
    """
    from agent import pipeline
    from prompts import digest

    with store.transaction() as db:
        _not_taken(db, store.path, review, open_=True)
        made = _add(db, store, review, "retry", by, note)
    model = plan.model.name if plan.model else None
    # A key of its own: a question asked again must not find the answer it was given before.
    key = store.key(document.sha256, plan.form.name, digest(), model, f"{plan.key} asked again {made}")
    run = store.begin(key, document, plan.reader, model)
    try:
        outcome = await pipeline.run(document, plan, on_call=lambda call: store.journal(run, call))
    except GoujiError as error:
        store.fail(run, error)
        raise
    if isinstance(outcome, Accepted):
        store.save(run, outcome)
    elif isinstance(outcome, NeedsReview):
        store.hold(run, outcome)
    else:
        store.refuse(run, outcome)
    return run


def _not_taken(db: sqlite3.Connection, path: Path, review: Review, *, open_: bool) -> None:
    """Refuse where the report is no longer as the reviewer saw it."""
    later = db.execute(
        "select decided_by, kind, at from decisions where run = ? and id > ? order by id desc limit 1",
        (review.id, review.version),
    ).fetchone()
    if later:
        by, kind, at = later
        raise TakenError(f"report {review.id}: {by} was faster: {kind} at {at}; look at it again")
    status, why = db.execute("select status, decision from reviews where run = ?", (review.id,)).fetchone()
    if (status == "open") != open_:
        raise TakenError(f"{path}: report {review.id} is {status}{f' ({why})' if why else ''}; look at it again")


def _add(
    db: sqlite3.Connection,
    store: Store,
    review: Review,
    kind: Kinds,
    by: str,
    note: str,
    *,
    changed: Changes | None = None,
    outcome: Reviewed | None = None,
    undoes: int | None = None,
    replaced: str | None = None,
) -> int:
    row = db.execute(
        "insert into decisions (run, at, decided_by, kind, note, cells, outcome, undoes, replaced)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            review.id,
            store.now(),
            clean(by),
            kind,
            visible(note.strip()),
            serial.write({path: list(pair) for path, pair in (changed or {}).items()}),
            serial.keep(outcome) if outcome else None,
            undoes,
            replaced,
        ),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def _close(db: sqlite3.Connection, store: Store, review: Review, how: str) -> None:
    db.execute(
        "update reviews set status = 'decided', decided = ?, decision = ? where run = ?",
        (store.now(), clean(how), review.id),
    )


def _reopen(db: sqlite3.Connection, path: Path, review: Review) -> None:
    source = review.original.document.sha256
    other = db.execute(
        "select run from reviews where document = ? and form = ? and status = 'open'", (source, review.original.form)
    ).fetchone()
    if other:
        raise TakenError(f"{path}: this report was read again since and waits as {other[0]}; decide there")
    db.execute("update reviews set status = 'open', decided = null, decision = null where run = ?", (review.id,))


def _put_back(db: sqlite3.Connection, store: Store, last: Decision) -> None:
    """Take the record of a decision out, and put back the one it had replaced."""
    taken = db.execute("delete from records where decision = ?", (last.id,)).rowcount
    if not taken:
        raise TakenError(f"{store.path}: this report was read again since, and its record replaced; nothing to undo")
    (replaced,) = db.execute("select replaced from decisions where id = ?", (last.id,)).fetchone()
    if replaced is None:
        return
    run, decision = json.loads(replaced)
    table, row = ("runs", run) if decision is None else ("decisions", decision)
    (packed,) = db.execute(f"select outcome from {table} where id = ?", (row,)).fetchone()  # noqa: S608 - our own two
    before = restored(store.path, run, packed)
    if decision is None and isinstance(before, Accepted):
        put_accepted(db, run, before, store.now())
    elif decision is not None and isinstance(before, Accepted | NeedsReview):
        put_settled(db, run, reviews.settled(before), decision, store.now())
    else:
        raise StoreError(f"{store.path}: run {run} is not the record that was replaced")
