"""How right a record without a grid is: amounts exact, dates as days, texts by how like the truth they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.amounts import Style, read as read_amount
from agent.dates import dates, settled
from agent.free_sums import Figures, add_up, name_of
from agent.outcome import Figure, Reading
from agent.places import entries
from eval.cases import Case
from schemas.form import Form

if TYPE_CHECKING:
    from eval.scores import Answer, Score, Verdict

ALIKE = 0.9
"""Texts this like the truth count as right: others write punctuation and abbreviations their own way."""


def score(case: Case, answer: Answer, form: Form) -> Score:
    """The answer beside the case's truth. What a record leaves out is missing, and not wrong."""
    from eval.scores import Score

    truth, given = figures(case.record, form), figures(answer.record, form)
    accepted, sound = answer.status == "accepted", case.expect == "accepted"
    differing = tuple(_differing(truth, given, form, case.record, answer.record))
    wrong = differing if accepted else ()
    known = {path: value for path, value in truth.items() if value is not None}
    likeness = dict(_likeness(case.record, answer.record, form))
    prose: dict[str, Verdict] = {
        name: "missing" if not at(answer.record, name) else "right" if alike >= ALIKE else "wrong"
        for name, alike in likeness.items()
    }
    return Score(
        expect=case.expect,
        status=answer.status,
        right_end=answer.status == case.expect,
        straight_through=sound and accepted and not wrong,
        accepted_wrong=accepted and (not sound or bool(wrong)),
        false_alarm=sound and answer.status == "review" and not _misread(known, answer, form),
        cells=len(known),
        cells_right=sum(answer.best.get(path) == value for path, value in known.items()),
        wrong=wrong,
        prose=prose if answer.record else {},
        likeness=likeness,
    )


def figures(record: Mapping[str, Any], form: Form) -> dict[str, Decimal | None]:
    """The figures that a record speaks of, by path; None where it says that there is none."""
    free = form.free
    assert free is not None
    found: dict[str, Decimal | None] = {}
    for figure in free.figures:
        if _has(record, figure.id):
            found[figure.id] = number(at(record, figure.id))
    for listed in free.lists:
        for index, entry in enumerate(record.get(listed.id) or []):
            for column in listed.figures:
                if column.id in entry:
                    found[f"{listed.id}.{index}.{column.id}"] = number(entry[column.id])
    return found


def failed_sums(read: Mapping[str, Figure], form: Form) -> list[str]:
    """Sums of a reading that fail, and figures that were left out, in words."""
    free = form.free
    assert free is not None
    values = {path: Decimal(figure.value) for path, figure in read.items() if figure.value is not None}
    counts = {listed.id: entries(Reading(read, {}, {}), listed) for listed in free.lists}
    found = [f"{path} is missing" for path in free.required_figures() if path not in values]
    for its, group in add_up(free.identities, Figures(values, values, counts)).broken:
        held = min(group, key=lambda one: abs(one.difference))
        if not its.only_proves:
            found.append(f"{name_of(its, held)}: {held.left.value} is not {held.right.value}")
    return found


def _differing(
    truth: Mapping[str, Decimal | None],
    given: Mapping[str, Decimal | None],
    form: Form,
    record: Mapping[str, Any],
    said: Mapping[str, Any],
) -> Iterator[str]:
    free = form.free
    assert free is not None
    for path, value in given.items():
        if value is not None and path in truth and truth[path] != value:
            yield path
    for listed in free.lists:
        if listed.id in record and len(record[listed.id] or []) != len(said.get(listed.id) or []):
            yield listed.id
    for field in form.fields:
        read = day_of(said.get(field.id)) if field.kind == "date" and field.id in record else None
        if read and read != day_of(record[field.id]):
            yield field.id


def _misread(known: Mapping[str, Decimal], answer: Answer, form: Form) -> bool:
    """Whether the best reading differs from the truth: then review was the right place for it."""
    free = form.free
    assert free is not None
    must = {path for path in known if (figure := free.figure(path)) and figure.stands == "proved"}
    given = {path for path in answer.best if (figure := free.figure(path)) and figure.stands == "proved"}
    return must != given or any(answer.best[path] != known[path] for path in must)


def _likeness(truth: Mapping[str, Any], said: Mapping[str, Any], form: Form) -> Iterator[tuple[str, float]]:
    from rapidfuzz.fuzz import ratio

    for field in form.fields:
        true, given = at(truth, field.id), at(said, field.id)
        if not true:
            continue
        if field.kind == "date":
            yield field.id, float(day_of(true) == day_of(given))
        else:
            yield field.id, ratio(_plain(str(true)), _plain(str(given or ""))) / 100


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def _has(record: Mapping[str, Any], path: str) -> bool:
    *parts, last = path.split(".")
    for part in parts:
        record = record.get(part) or {}
    return last in record


def at(record: Mapping[str, Any], path: str) -> Any:
    """What a record holds at a path."""
    *parts, last = path.split(".")
    for part in parts:
        record = record.get(part) or {}
    return record.get(last)


def number(value: object) -> Decimal | None:
    """A figure as any set may write it: a number, or a text such as RM8.60."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        found = read_amount(value, Style("."))
        return found.value if found else None
    return Decimal(str(value))


def day_of(value: object) -> date | None:
    """A date as any set may write it; where it can be two days, day first."""
    if value is None or isinstance(value, date):
        return value
    found = dates((str(value),))
    return settled(found[0], (str(value),)) or found[0].can_be[0] if found else None
