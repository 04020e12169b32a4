"""What a reviewer may do with a reading: correct figures, accept it, accept it as published. Nothing is stored here.

A correction goes through the same checks as any reading. Where its place bears it out it is proved or read;
where it does not, or cannot be read, it rests on the reviewer's word, is graded so, and proves nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from agent.checks import LARGEST_COUNT
from agent.document import Document
from agent.errors import UsageError
from agent.evidence import Evidence
from agent.language import Language, message, say
from agent.outcome import (
    BLANKS,
    TRUSTED,
    Accepted,
    Figure,
    Finding,
    Grade,
    NeedsReview,
    Number,
    Reading,
    Reason,
    Settled,
    Standing,
)
from agent.squeeze import normal
from agent.tables import Labels
from agent.tokens import value_of
from schemas.form import Form, Kind

Kinds = Literal["correct", "accept", "accept_as_published", "reject", "retry", "undo"]
Reviewed = Accepted | NeedsReview

_SETTLED = TRUSTED | {Grade.ATTESTED}
_LONGEST_NAME = 100
_BY = "reviewer "
Change = tuple[Number | date | None, Number | date | None]
"""What a figure, or the day of a date, was before and is now."""
_WANTED: Mapping[Kind, tuple[str, str]] = {
    "count": ("0 到 10^9 的整数", "a whole number from 0 to 10^9"),
    "change": ("整数", "a whole number"),
    "amount": ("不小于 0 的数", "an amount of 0 or more"),
}
_AS_PUBLISHED = (
    "若原文就是如此，照原样接受（--as-published）",
    "If the report itself says so, accept it as published (--as-published)",
)
_FIRST = ("请先更正（correct），或退回（reject）", "Correct it first (correct), or reject it (reject)")


class RefusedError(UsageError):
    """What a reviewer asked for and may not do, told in Chinese and in English."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese = chinese

    def told(self, language: Language) -> str:
        """The reason in one language."""
        return self.chinese if language == "zh" else str(self)


@dataclass(frozen=True)
class Decision:
    """One step a person took: who, when, why; for a correction the figures before and after."""

    id: int
    at: str
    by: str
    kind: Kinds
    note: str = ""
    cells: Mapping[str, Change] | None = None
    undoes: int | None = None


@dataclass(frozen=True)
class Review:
    """A report before a person: what was read, what was decided since, how it stands now."""

    id: int
    original: NeedsReview
    current: Reviewed
    history: tuple[Decision, ...]
    open: bool
    closed_by: str = ""

    @property
    def version(self) -> int:
        """What a decision must be based on: the last one before it."""
        return self.history[-1].id if self.history else 0

    @property
    def standing_decisions(self) -> list[Decision]:
        """The decisions that were not undone, and no undos."""
        return standing(self.history)

    @property
    def undoable(self) -> Decision | None:
        """The decision that an undo takes back; a question to the model is none, both its readings are kept."""
        return next((d for d in reversed(self.standing_decisions) if d.kind != "retry"), None)

    @property
    def attested(self) -> frozenset[str]:
        """The figures a reviewer vouches for."""
        return frozenset(path for d in self.standing_decisions for path in d.cells or ())


def standing(history: Sequence[Decision]) -> list[Decision]:
    """The decisions of a history that were not undone, and no undos."""
    undone = {decision.undoes for decision in history}
    return [d for d in history if d.id not in undone and d.kind != "undo"]


def reviewer(name: str) -> str:
    """How a figure says who vouches for it. Raises UsageError for a name that says nothing."""
    told = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST_NAME]
    if not told:
        raise UsageError("who decides? name the reviewer with --reviewer")
    return f"{_BY}{told}"


def kinds(evidence: Evidence) -> dict[str, Kind]:
    """The figures that can be corrected, each with what it may hold."""
    found: dict[str, Kind] = {}
    for table in evidence.tables.values():
        found |= table.grid.kinds() if table else {}
    for name, items in evidence.form_items.items():
        columns = {column.id: column.kind for column in items.columns}
        for path in evidence.cells:
            if path.startswith(f"{name}."):
                found[path] = columns[path.rpartition(".")[2]]
    return found


def number_in(text: str, kind: Kind) -> Number | None:
    """The figure a reviewer typed; None for a blank or one of the signs that stand for it."""
    typed = normal(text).strip()
    if typed in BLANKS:
        return None
    value = value_of(typed, kind)
    if value is None or (kind == "count" and value > LARGEST_COUNT):
        chinese, english = _WANTED[kind]
        told = text.strip()
        raise RefusedError(f"“{told}”既不是{chinese}，也不是空白", f"{told!r} is neither {english} nor blank")
    return value


def correct(
    review: Review, typed: Mapping[str, str], by: str, evidence: Evidence, document: Document
) -> tuple[Reviewed, dict[str, Change]]:
    """The reading with the typed figures, checked anew, and what each was before and is now.

    Of a form without a grid also the day that a date means, where the text leaves that open.

    Raises UsageError for a figure that the report has no place for, or that is no number of its kind.
    """
    if not typed:
        raise RefusedError("没有要更正的数字", "no figure to correct was given")
    known = kinds(evidence)
    figures, words = dict(review.current.reading.figures), dict(review.current.reading.words)
    changed: dict[str, Change] = {}
    days = {field.id for field in evidence.form.fields if field.kind == "date"} if evidence.form.free else set()
    for path, text in typed.items():
        if path in days:
            from agent.free_review import dated

            before, words[path] = words.get(path), dated(path, text, by, document)
            changed[path] = (before.value if before else None, words[path].value)
            continue
        if evidence.form.free:
            from agent.free_review import corrected

            its = corrected(path, text, by, review.current.reading, evidence.form.free, document)
            changed[path] = (review.current.reading.value(path), its.value if its else None)
            figures = {**figures, path: its} if its else {p: f for p, f in figures.items() if p != path}
            continue
        if path not in known:
            raise RefusedError(
                f"这份报告没有 {path} 这个数字：写作 表.行.列，见 `gouji forms {evidence.form.name}`",
                f"this report has no figure {path}: write table.row.column; see `gouji forms {evidence.form.name}`",
            )
        figure = _vouched(path, number_in(text, known[path]), by, evidence, figures.get(path))
        changed[path] = (review.current.reading.value(path), figure.value)
        figures[path] = figure
    reading = Reading(figures, words, review.current.reading.variants)
    return _judged(review, reading, review.attested | changed.keys(), evidence, document), changed


def open_days(outcome: Reviewed, form: Form) -> dict[str, tuple[date, ...]]:
    """The dates of a text without a grid that may mean several days, each with those it can mean."""
    from agent.dates import dates

    said = outcome.reading.words
    dated = [field.id for field in form.fields if field.kind == "date" and form.free and field.id in said]
    unsettled = [name for name in dated if said[name].value is None]
    return {name: day.can_be for name in unsettled if (day := next(iter(dates((said[name].quote,))), None))}


def _vouched(path: str, value: Number | None, by: str, evidence: Evidence, before: Figure | None) -> Figure:
    """The figure a reviewer vouches for; ``printed`` stays what its place shows, whatever was typed."""
    cell = evidence.cells.get(path)
    if cell:
        return Figure(value, cell.text, cell.line, by, cell.cell)
    place = evidence.place(path)
    line = before.line if before else place.line if place else None
    return Figure(value, "", line, by, before.cell if before else None)


def _judged(
    review: Review, reading: Reading, attested: Collection[str], evidence: Evidence, document: Document
) -> Reviewed:
    from agent.pipeline import conclude
    from agent.reader import Read

    first = review.original
    notes = tuple(f for f in first.findings if f.rule == "model" or (f.warning and f.rule != "agreement"))
    read = Read(reading, first.usage, first.attempts, notes)
    outcome = conclude(document, evidence, reading, first.reader, read=read, second=first.second, attested=attested)
    return _by_whom(outcome)


def _by_whom(outcome: Reviewed) -> Reviewed:
    """The same, where a sum that fails over a reviewer's word says nothing of the report itself."""
    words = {
        path: finding.reason
        for finding in outcome.findings
        if finding.warning and finding.reason
        for path in finding.cells
        if outcome.grades.get(path) == Grade.ATTESTED
    }
    if not isinstance(outcome, NeedsReview) or not words:
        return outcome
    findings = tuple(_over(finding, words) for finding in outcome.findings)
    found = {finding.reason for finding in findings if not finding.warning}
    return replace(outcome, findings=findings, reasons=tuple(reason for reason in Reason if reason in found))


def _over(finding: Finding, words: Mapping[str, Reason]) -> Finding:
    found = {words[path] for path in finding.cells if path in words}
    if finding.rule != "sum" or not found:
        return finding
    typed = tuple(path for path in finding.cells if path in words)
    return replace(finding, reason=next(reason for reason in Reason if reason in found), suspects=typed)


def hindrances(outcome: Reviewed) -> tuple[Finding, ...]:
    """What keeps a reading from being accepted as checked or attested."""
    failing = tuple(f for f in outcome.findings if not f.warning)
    told = {path for finding in failing for path in finding.cells}
    silent = tuple(path for path, grade in outcome.grades.items() if grade not in _SETTLED and path not in told)
    return failing + ((Finding("complete", "not read", silent, reason=Reason.INCOMPLETE),) if silent else ())


def misprints(outcome: Reviewed, form: Form) -> tuple[Finding, ...]:
    """What is wrong with the report itself, where nothing else hinders; empty where something does.

    Such a report may be accepted as published: its figures are read as they stand, and what they violate is told.
    One with a figure other than its place shows is not as published.
    """
    found = () if against_source(outcome) else hindrances(outcome)
    sums = {path for finding in found if finding.rule == "sum" for path in finding.cells}
    readable = all(g in _SETTLED or (g == Grade.CONTRADICTED and p in sums) for p, g in outcome.grades.items())
    # A report of which no figure was found at all leaves nothing to accept.
    return found if outcome.grades and readable and all(_of_the_report(finding, form) for finding in found) else ()


def _of_the_report(finding: Finding, form: Form) -> bool:
    if finding.reason == Reason.SOURCE_DOES_NOT_ADD_UP or finding.rule == "model":
        return True
    # A table that is not there, or holds no figure; a list that was not read to its end is our own fault.
    lists = {items.id for items in form.items}
    return finding.rule == "complete" and not finding.cells and finding.message.partition(":")[0] not in lists


def against_source(outcome: Reviewed) -> list[str]:
    """Figures by a reviewer's word whose place shows another figure."""
    return [
        path
        for finding in outcome.findings
        if finding.warning and finding.reason == Reason.NOT_FOUND_IN_SOURCE and finding.lines
        for path in finding.cells
        if outcome.grades.get(path) == Grade.ATTESTED
    ]


def settle(outcome: Reviewed, form: Form, *, as_published: bool, note: str) -> Settled:
    """The reading as a person accepts it. Raises UsageError with what stands in the way."""
    wrong = hindrances(outcome)
    published = misprints(outcome, form)
    if as_published and not wrong:
        raise RefusedError(
            "这份报告没有不符之处，直接接受即可，不用 --as-published",
            "nothing is wrong with this report; accept it without --as-published",
        )
    if as_published and not published:
        raise RefusedError(
            f"不只是报告本身加总不符，不能照原样接受：{_told(wrong, outcome, form, 'zh')}",
            f"not only the report's own sums are wrong: {_told(wrong, outcome, form, 'en')}",
        )
    if wrong and not as_published:
        chinese, english = _AS_PUBLISHED if published else _FIRST
        raise RefusedError(
            f"还不能接受：{_told(wrong, outcome, form, 'zh')}。{chinese}",
            f"this cannot be accepted yet: {_told(wrong, outcome, form, 'en')}. {english}",
        )
    against = against_source(outcome)
    if against and not note.strip():
        names = Labels(form, outcome.reading.variants, "zh").figures(against)
        raise RefusedError(
            f"原文该处不是这个数字：{names}。写明理由（--note）才能接受",
            f"the source shows another figure for {', '.join(against)}: say why in a note (--note)",
        )
    return settled(outcome)


def settled(outcome: Reviewed) -> Settled:
    """A reading that was found fit to accept, with what it rests on."""
    violations = tuple(f for f in outcome.findings if not f.warning)
    grades = {p: Grade.PUBLISHED if g == Grade.CONTRADICTED else g for p, g in outcome.grades.items()}
    days = [said for said in outcome.reading.words.values() if said.by.startswith(_BY)]
    by_word = Grade.ATTESTED in grades.values() or bool(days)
    rests_on: Standing = "as_published" if violations else "attested" if by_word else "checked"
    return Settled(outcome, rests_on, grades, violations)


def _told(findings: Sequence[Finding], outcome: Reviewed, form: Form, language: Language) -> str:
    labels = Labels(form, outcome.reading.variants, language)
    english = language == "en"
    told = [_one(finding, labels, language) for finding in findings[:3]]
    if len(findings) > 3:
        told.append(f"and {len(findings) - 3} more" if english else f"另有 {len(findings) - 3} 处")
    return ("; " if english else "；").join(told)


def _one(finding: Finding, labels: Labels, language: Language) -> str:
    english = language == "en"
    if finding.rule == "sum":
        what, rule = labels.sum(finding.message, finding.cells)
        sides = f"{finding.left} ≠ {finding.right}"
        told = f"{what}: {sides} ({rule})" if english else f"{what}：{sides}（{rule}）"
        if finding.reason == Reason.UNREADABLE:
            told += say(language, "unsure", cells=labels.figures(finding.suspects))
        return told
    cells = labels.figures(finding.cells[:3]) if finding.cells else ""
    said = message(language, finding.message)
    return f"{said}{f' ({cells})' if english else f'（{cells}）'}" if cells else said
