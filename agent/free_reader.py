"""The model reader without a grid: ask once, check, ask again about what does not hold, keep what is proved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent import free_wire, small_free
from agent.checks import Verdict, check
from agent.outcome import Finding, Grade, Reading
from schemas.free import FreeList

if TYPE_CHECKING:
    from agent.document import Document
    from agent.evidence import Evidence
    from agent.model import Answer, Call, Model, Question, Send
    from agent.pipeline import Plan
    from agent.settings import ModelSettings

_LONG = 150  # lines; of a longer text only what is around the findings goes back
_AROUND = 5
_Value = TypeVar("_Value")


class Session(Protocol):
    """One document's questions, as the model reader keeps them."""

    document: Document
    evidence: Evidence
    plan: Plan
    on_call: Callable[[Call], None] | None
    send: Send | None
    notes: list[Finding]
    ended: bool

    async def ask_all(self, model: Model, questions: Iterable[Question]) -> list[Answer]:
        """The answers, as far as the budget goes."""


async def rounds(session: Session, model: Model) -> tuple[Reading, int]:
    """The reading that holds best, and how often was asked."""
    form = session.evidence.form
    small = model.settings.profile.table == "pipe"
    first = (small_free if small else free_wire).question(session.document, form)
    reading = await _ask(session, model, first)
    attempt, verdict = 1, check(reading, session.evidence, session.document)
    while attempt < session.plan.max_attempts and not session.ended:
        wanted = _wanted(reading, verdict, session)
        if not wanted:
            break
        attempt += 1
        stronger = session.plan.escalate if attempt == session.plan.max_attempts else None
        problems = _problems(verdict)
        if small:
            wanted = replace(wanted, fields=wanted.fields | _unproved(verdict, session))
            left = {line for finding in verdict.findings if finding.rule == "leftover" for line in finding.lines}
            asked = small_free.repair_question(session.document, form, wanted.fields, wanted.lists, problems, left)
        else:
            lines = _lines(session, verdict)
            asked = free_wire.repair_question(session.document, form, wanted.fields, wanted.lists, problems, lines)
        given = await _ask_again(session, model, stronger, asked)
        again = _merged(reading, given, wanted, _misplaced(verdict))
        if again == reading:
            break
        checked = check(again, session.evidence, session.document)
        if len(checked.failing) <= len(verdict.failing):
            reading, verdict = again, checked
    return reading, attempt


@dataclass(frozen=True)
class _Wanted:
    """What a question that goes back asks for."""

    fields: frozenset[str]
    lists: tuple[FreeList, ...]

    def __bool__(self) -> bool:
        return bool(self.fields or self.lists)

    def has(self, path: str) -> bool:
        """Whether a figure or a text is asked for."""
        return path in self.fields or path.partition(".")[0] in {one.id for one in self.lists}


def _wanted(reading: Reading, verdict: Verdict, session: Session) -> _Wanted:
    """Fields and lists with something wrong; where an amount is left over, also what was not read."""
    form, free = session.evidence.form, session.evidence.form.free
    assert free is not None
    findings = [f for f in verdict.findings if not f.warning]
    if not findings or (not free.identities and all(f.rule == "unproved" for f in findings)):
        return _Wanted(frozenset(), ())
    cells = {path for f in verdict.findings if not f.warning or f.rule == "source" for path in f.cells}
    open_ = any(f.rule in ("leftover", "unproved", "complete", "sum") for f in findings)
    fields = {path for path in cells if path in free.by_id}
    fields |= {f.id for f in free.figures if open_ and f.id not in reading.figures}
    fields |= {f.id for f in form.fields if any(one.message.startswith(f"{f.id}:") for one in findings)}
    fields -= {path for path, grade in verdict.grades.items() if grade == Grade.PROVED}
    lists = [
        one
        for one in free.lists
        if any(path.startswith(f"{one.id}.") for path in cells)
        or any(f.rule == "leftover" or f.message.startswith(f"{one.id}:") for f in findings)
    ]
    return _Wanted(frozenset(fields), tuple(lists))


def _unproved(verdict: Verdict, session: Session) -> frozenset[str]:
    """The figures that no sum proves: asked line by line, a small model says again what it knows."""
    free = session.evidence.form.free
    assert free is not None
    return frozenset(f.id for f in free.figures if verdict.grades.get(f.id) != Grade.PROVED)


def _problems(verdict: Verdict) -> list[str]:
    """What is wrong, in words: sums by name and lines, and never a value that would fit."""
    told = []
    for finding in verdict.findings:
        if finding.warning and finding.rule != "source":
            continue
        where = f" (lines {', '.join(map(str, finding.lines))})" if finding.lines else ""
        what = f"does not add up: {finding.message}" if finding.rule == "sum" else _named(finding)
        told.append(f"{what}{where}")
    return list(dict.fromkeys(told))


def _named(finding: Finding) -> str:
    return f"{', '.join(finding.cells)}: {finding.message}" if finding.cells else finding.message


def _lines(session: Session, verdict: Verdict) -> Collection[int] | None:
    """The lines that go back: all of a short text, of a long one what is around the findings."""
    count = len(session.document.lines)
    if count <= _LONG:
        return None
    near = {
        line
        for finding in verdict.failing
        for at in finding.lines
        for line in range(at - _AROUND, at + _AROUND + 1)
        if 1 <= line <= count
    }
    return near or None


async def _ask(session: Session, model: Model, question: Question) -> Reading:
    answers = await session.ask_all(model, [question])
    if not answers:
        return Reading({}, {}, {})
    given = free_wire.parse(answers[0], session.evidence.form, session.document, model.settings.name)
    # What it refused, or could not put in shape at all, is not paid for again.
    session.ended = session.ended or bool(answers[0].reason and not given.figures)
    session.notes += [Finding("source", f"{what}; dropped", warning=True) for what in given.dropped]
    return Reading(given.figures, given.words, {})


async def _ask_again(session: Session, model: Model, stronger: ModelSettings | None, question: Question) -> Reading:
    if stronger is None:
        return await _ask(session, model, question)
    from agent.model import Model as Door

    other = Door(stronger, on_call=session.on_call, send=session.send)
    try:
        return await _ask(session, other, question)
    finally:
        await other.close()


def _misplaced(verdict: Verdict) -> frozenset[str]:
    """Figures that do not stand where they were said to."""
    return frozenset(path for finding in verdict.findings if finding.rule == "source" for path in finding.cells)


def _merged(reading: Reading, again: Reading, wanted: _Wanted, misplaced: Collection[str]) -> Reading:
    """The reading with what was asked again: a list is taken whole; what was not given again stays if it could."""

    def kept(before: Mapping[str, _Value], given: Mapping[str, _Value]) -> dict[str, _Value]:
        lists = {one.id for one in wanted.lists if any(p.startswith(f"{one.id}.") for p in again.figures)}
        gone = {p for p in wanted.fields if p in given or p in misplaced}
        old = {p: v for p, v in before.items() if p not in gone and p.partition(".")[0] not in lists}
        new = {p: v for p, v in given.items() if wanted.has(p)}
        return {**new, **old}

    return replace(reading, figures=kept(reading.figures, again.figures), words=kept(reading.words, again.words))
