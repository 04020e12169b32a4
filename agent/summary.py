"""What is told about an outcome: one JSON object for programs, plain words and tables for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from agent.language import GRADES, REASONS, RULES, Language, message, of_table, say
from agent.outcome import (
    Accepted,
    Finding,
    Grade,
    NeedsReview,
    NotThisForm,
    Number,
    Outcome,
    Reason,
    Usage,
)
from agent.sums import Checked, equations
from agent.tables import Labels, cell, figure_tables, safe
from schemas.form import Form

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome for programs; ``serial.write`` makes one line of it with exact decimals."""
    read = None if isinstance(outcome, NotThisForm) else outcome
    findings = (Finding("layout", outcome.why),) if isinstance(outcome, NotThisForm) else outcome.findings
    told: dict[str, Any] = {
        "status": outcome.status,
        "form": outcome.form,
        "edition": read and read.edition,
        "record": read and read.record,
        "findings": [asdict(finding) for finding in findings],
        "grades": read.grades if read else {},
        "unread": read.unread if read else [],
        "reader": outcome.reader,
        "usage": asdict(outcome.usage),
        "document": {
            "sha256": outcome.document.sha256,
            "name": outcome.document.name,
            "encoding": outcome.document.encoding,
        },
    }
    if isinstance(outcome, NeedsReview):
        told["reasons"] = outcome.reasons
    return told


def plain(outcome: Outcome, form: Form | None, language: Language) -> Iterator[RenderableType]:
    """The outcome for a person: record, sums, findings, what is unread, what it cost."""
    yield _head(outcome, language)
    if isinstance(outcome, NotThisForm):
        yield _line(say(language, "why", why=message(language, outcome.why)))
    else:
        labels = Labels(form, outcome.reading.variants, language)
        if isinstance(outcome, NeedsReview):
            yield from reasons(outcome, language)
        yield from _prose(outcome, labels, language)
        tables = list(figure_tables(outcome.reading, outcome.grades, labels))
        yield from tables
        if any(grade not in (Grade.PROVED, Grade.READ) for grade in outcome.grades.values()):
            yield _line(say(language, "legend"), "dim")
        yield from _sums(outcome, labels, form, language)
        yield from _others(outcome, labels, language)
        if outcome.unread:
            yield _line(say(language, "unread", what=labels.figures(outcome.unread)), "yellow")
    yield _line(f"{say(language, 'reader', reader=outcome.reader)}　{usage(outcome.usage, language)}")


def _head(outcome: Outcome, language: Language) -> Text:
    from rich.text import Text

    style = {"accepted": "bold green", "review": "bold yellow"}.get(outcome.status, "bold")
    edition = None if isinstance(outcome, NotThisForm) else outcome.edition
    parts = [outcome.document.name, outcome.form, *([say(language, "edition", edition=edition)] if edition else [])]
    return Text(say(language, outcome.status), style).append(f"　{safe(' · '.join(parts))}", "default")


def reasons(outcome: NeedsReview, language: Language) -> Iterator[Text]:
    """Why a report waits, in words."""
    yield _line(say(language, "reasons"))
    for reason in outcome.reasons:
        yield _line(f"  {REASONS[reason][language == 'en']} ({reason})", "yellow")


def _prose(outcome: Accepted | NeedsReview, labels: Labels, language: Language) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, words in outcome.reading.words.items():
        if name.count(".") == 2:
            continue  # a text of a list's entry stands in its row
        table.add_row(Text(labels.figure(name)), Text(in_words(words.value, labels.parts(name), language)))
    if table.row_count:
        yield table


def in_words(value: object, parts: Mapping[str, str], language: Language) -> str:
    """A prose value in words: a structure with its parts by name, a list line by line."""
    if isinstance(value, bool):
        return say(language, "yes" if value else "no")
    if isinstance(value, Mapping):
        said = {parts.get(key, key): v for key, v in value.items() if v not in (None, [], "")}
        told = (f"{name} {in_words(v, parts, language)}" for name, v in said.items())
        return ("；" if language == "zh" else "; ").join(told)
    if isinstance(value, list | tuple):
        return "\n".join(in_words(v, parts, language) for v in value)
    return safe(str(value))


def _sums(
    outcome: Accepted | NeedsReview, labels: Labels, form: Form | None, language: Language
) -> Iterator[RenderableType]:
    yield _line(say(language, "holding", count=len(outcome.holding)), "green")
    sums = [finding for finding in outcome.findings if finding.rule == "sum"]
    known = form and equations(form, outcome.reading.variants, outcome.reading.figures)
    unsure = [finding for finding in sums if finding.reason == Reason.UNREADABLE]
    for heading, found in (("failing", [f for f in sums if f not in unsure]), ("unchecked", unsure)):
        if found:
            yield _line(say(language, heading, count=len(found)), "bold red")
        for finding in found:
            sides = next(((e.left, e.right) for e in known or () if e.paths == finding.cells), None)
            yield failed_sum(finding, sides, outcome.reading.value, labels, language)


def failed_sum(
    finding: Finding,
    sides: tuple[Sequence[str], Sequence[str]] | None,
    value: Any,
    labels: Labels,
    language: Language,
) -> Text:
    """A failed sum in words and numbers, both sides as they were read."""
    what, rule = labels.sum(finding.message, finding.cells)
    difference = abs(finding.difference or 0)
    left, right = (_added([value(path) for path in side]) for side in sides) if sides else (finding.left, finding.right)
    told = say(language, "failed_sum", what=what, left=left, right=right, difference=difference, rule=rule)
    text = f"  {told}{_places(finding, language)}"
    if finding.suspects:
        word = "unsure" if finding.reason == Reason.UNREADABLE else "suspects"
        text += say(language, word, cells=labels.figures(finding.suspects))
    return _line(text, "red")


def _added(values: list[Number | None]) -> str:
    """The terms of a side; where there are many, those that count."""
    counting = [value for value in values if value] if len(values) > 6 else values
    return " + ".join(str(value or 0) for value in counting) or "0"


def _others(outcome: Accepted | NeedsReview, labels: Labels, language: Language) -> Iterator[Text]:
    for heading, warning in (("findings", False), ("warnings", True)):
        found = [f for f in outcome.findings if f.rule != "sum" and f.warning is warning]
        if found:
            yield _line(say(language, heading))
        for finding in found:
            what, said = _told(finding, labels, language)
            told = [RULES[finding.rule][language == "en"], what]
            told.append("" if finding.left is None else f"{finding.left} ≠ {finding.right}")
            told.append(said)
            yield _line(f"  {': '.join(filter(None, told))}{_places(finding, language)}", "yellow")
            if finding.rule == "layout" and finding.cells:
                yield _line(say(language, "heads_way_out", form=outcome.form))


def _told(finding: Finding, labels: Labels, language: Language) -> tuple[str, str]:
    """What a finding is about, and what it says of that: a whole table is named by its title, not by its id."""
    table, _, rest = finding.message.partition(": ")
    what = labels.figures(finding.cells)
    if not labels.names(table):
        return what, message(language, finding.message)
    return what or labels.table(table), of_table(language, rest)


def _places(finding: Finding, language: Language) -> str:
    return say(language, "at_lines", lines=", ".join(_ranges(finding.lines))) if finding.lines else ""


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Line numbers, with those that follow each other as one range."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *_, last = [number for _, number in run] * 2
        yield str(first) if first == last else f"{first}-{last}"


def usage(used: Usage, language: Language) -> str:
    """What a run took, in words."""
    if not used.calls:
        return say(language, "no_calls")
    cost = say(language, "cost_unknown") if used.cost is None else say(language, "cost", cost=f"{used.cost:f}")
    return say(language, "calls", calls=used.calls, input=used.input_tokens, output=used.output_tokens, cost=cost)


def for_review(
    outcome: NeedsReview, lines: Sequence[str], form: Form | None, language: Language
) -> Iterator[RenderableType]:
    """What a reviewer needs: the reasons, the failed sums, the lines of the source, both readings."""
    labels = Labels(form, outcome.reading.variants, language)
    yield _head(outcome, language)
    yield from reasons(outcome, language)
    yield from _sums(outcome, labels, form, language)
    yield from _others(outcome, labels, language)
    failing = [finding for finding in outcome.findings if not finding.warning]
    yield from _source(sorted({line for f in failing for line in f.lines}), lines, language)
    cells = list(dict.fromkeys(path for f in failing for path in (*f.suspects, *f.cells) if _is_figure(path, form)))
    if cells:
        yield _line(say(language, "readings" if outcome.second else "one_reading"))
        yield _readings(cells, outcome, labels, language)


def _is_figure(path: str, form: Form | None) -> bool:
    return "." in path or bool(form and form.free and path in form.free.by_id)


def _source(numbers: Sequence[int], lines: Sequence[str], language: Language) -> Iterator[Text]:
    if numbers:
        yield _line(say(language, "source_lines"))
    for number in (its for its in numbers if its <= len(lines)):  # a damaged text may have lost some
        yield _line(f"{number:6}  {lines[number - 1].strip().replace(chr(9), ' | ')}")


def _readings(cells: Sequence[str], outcome: NeedsReview, labels: Labels, language: Language) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    heads = [say(language, head) for head in ("figure", "line", "printed")]
    heads += [outcome.reader, *(["offline"] if outcome.second else []), say(language, "grade")]
    for head in heads:
        table.add_column(head, overflow="fold")
    for path in cells:
        figure = outcome.reading.figures.get(path)
        shown = [cell(reading.figures.get(path)) for reading in (outcome.reading, outcome.second) if reading]
        table.add_row(
            Text(labels.figure(path)),
            str(figure.line or "") if figure else "",
            Text(safe(figure.printed) if figure else ""),
            *shown,
            GRADES[outcome.grades.get(path, Grade.UNREAD)][language == "en"],
        )
    return table


def of_check(checked: Checked, form: Form, language: Language) -> Iterator[RenderableType]:
    """The sums of a record that came without a source."""
    labels = Labels(form, checked.variants, language)
    if checked.failing:
        yield _line(say(language, "failing", count=len(checked.failing)), "bold red")
    known = equations(form, checked.variants, checked.figures)
    for finding in checked.failing:
        sides = next(((e.left, e.right) for e in known if e.paths == finding.cells), None)
        yield failed_sum(finding, sides, checked.figures.get, labels, language)
    if checked.missing:
        yield _line(say(language, "not_checked", tables=", ".join(checked.missing)), "bold red")
    word = "all_hold" if checked.holding and not checked.failing and not checked.missing else "holding"
    yield _line(
        say(language, word if checked.holding or checked.failing else "nothing_to_sum", count=len(checked.holding))
    )
    yield _line(say(language, "only_sums"), "yellow")


def _line(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(safe(text), style)
