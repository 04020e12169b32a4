"""The verdict on a reading of a text without a grid: places first, sums second, and nothing left over.

A figure is kept where the line it cites prints it, behind a label of its own if the form knows one, used
once, and where an identity over it holds, unless the form lets it stand as read. Every amount that the
reading leaves over must be explained: a total that holds over half the entries is no total.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any

from agent.checks import Verdict
from agent.dates import Day, dates, settled
from agent.document import Document
from agent.evidence import Evidence
from agent.free_sums import Figures, Sums, add_up, interchangeable, name_of
from agent.leftovers import RESTATED, Leftovers, leftovers
from agent.outcome import Finding, Grade, Reading, Reason, Rule
from agent.places import APART, NOT_THERE, Match, Text, anchor, entries, fits, match, strayed
from agent.squeeze import normal
from schemas.form import Form
from schemas.free import Free
from schemas.identity import Held

NOTHING_READ = "nothing was read: a form without a grid is read by a model; name one with --model"
NO_IDENTITY = "the form has no identity, so nothing could be proved"
UNPROVED = "no identity over it could be checked"
SWAPPED = "it could change places with another figure, and every sum would hold; labels would tell them apart"
TORN = "entries stand on both sides of another figure"
LEFT_OUT = "left out of the record: no identity proves it"
DOUBT = {
    "look": "read with doubt, and no sum proves it",
    "label": "read with doubt, and no sum proves it",
    "scale": "its separator or its sign leaves open what it says, and no sum settles that",
}
LEFT_OVER = "an amount is printed here that nothing accounts for"
AMBIGUOUS = "day or month first? the text does not show it"
SEVERAL_DAYS = "the text has several dates, and none behind this one's label"
OTHER_DAY = "stands behind the words of another date"
SEVERAL_LABELLED = "the text has several dates behind its label"


def check(reading: Reading, evidence: Evidence, document: Document, attested: Collection[str] = frozenset()) -> Verdict:
    """The verdict on a reading; ``attested`` are figures a reviewer vouches for."""
    free = evidence.form.free
    assert free is not None
    return _Check(reading, free, evidence.form, Text(document, free), frozenset(attested)).verdict()


@dataclass(frozen=True)
class _Check:
    reading: Reading
    free: Free
    form: Form
    text: Text
    attested: frozenset[str]

    def verdict(self) -> Verdict:
        if not self.reading.figures and not self.reading.words:
            told = _finding("complete", NOTHING_READ, Reason.INCOMPLETE)
            return Verdict((told,), dict.fromkeys(self.free.required_figures(), Grade.UNREAD), (), frozenset())
        found = match(self.reading, self.text)
        sound = {path for path, one in found.items() if one.figure.value is not None and not one.problem}
        spoken = {path for path in self.attested if path in found and path not in sound}
        figures = self._figures(found, sound, spoken)
        sums = add_up(self.free.identities, figures)
        # A sum says nothing of a zero that is in doubt.
        firm = {p for p in found if not found[p].doubt or (p in sums.exactly and found[p].figure.value)}
        proved = (sums.proved & firm) - spoken
        swaps = self._interchangeable(found, figures, proved)
        proved -= swaps
        dropped = {p for p in found if p not in proved and p not in spoken and p not in sums.failed and self._spare(p)}
        asserted = self.attested & found.keys()
        trusted = proved | asserted | {p for p in sound if self._stands(p) == "read" and not found[p].doubt}
        bad = frozenset(path for path in found if path not in sound and path not in spoken)
        apart = frozenset(path for listed in self.free.lists for path in strayed(self.reading, listed))
        findings = [*self._missing(), *self._places(found, dropped, spoken), *self._apart(apart)]
        findings += self._unproved(found, sound - proved - dropped - sums.failed - asserted - sums.supported, swaps)
        findings += self._left_out(found, dropped)
        # Where figures at their place fail a sum and nothing else is wrong, what repeats them is explained by them.
        rest = leftovers(self.reading, found, trusted | (sums.failed & sound), dropped, self.text)
        if rest.unexplained and sums.failed:
            rest = leftovers(self.reading, found, trusted, dropped, self.text)
        torn = [*self._left_over(found, rest), *self._torn(found)]
        misread = any(found[path].problem for path in dropped)
        # What only restates a total explains nothing where no sum leads to it: a tax that was not read may stand there.
        misread |= RESTATED in rest.ignored.values()
        intact = not misread and all(one.warning for one in [*findings, *torn] if one.rule != "unproved")
        whole = [*torn, *self._days()]
        # Who vouches for every figure that must be there has seen the rest of the text.
        seen = bool(asserted) and asserted >= set(self.free.required_figures())
        findings += [replace(finding, warning=True) for finding in whole] if seen else whole
        findings += self._failed_sums(sums, found, intact)
        findings += _refused(self.reading, self.form, self.free, bad | dropped | apart)
        grades = {
            path: Grade.ATTESTED
            if path in asserted and path not in proved
            else self._grade(path, sound, proved, sums.failed)
            for path in found
            if path not in dropped
        }
        grades |= dict.fromkeys((p for p in self.free.required_figures() if p not in found), Grade.UNREAD)
        return Verdict(tuple(findings), grades, sums.holding, bad | frozenset(dropped) | apart)

    def _stands(self, path: str) -> str:
        declared = self.free.figure(path)
        return declared.stands if declared else "proved"

    def _spare(self, path: str) -> bool:
        """Whether the record can do without a figure."""
        declared = self.free.figure(path)
        return bool(declared and declared.stands == "if_proved" and not declared.required)

    def _grade(self, path: str, sound: Collection[str], proved: Collection[str], failed: Collection[str]) -> Grade:
        if path not in sound or path in failed:
            return Grade.CONTRADICTED
        return Grade.PROVED if path in proved else Grade.READ

    def _missing(self) -> Iterator[Finding]:
        """Required figures, lists, columns and texts that were not read."""
        for path in self.free.required_figures():
            if path not in self.reading.figures:
                yield _finding("complete", "not read", Reason.INCOMPLETE, (path,))
        for listed in self.free.lists:
            count = entries(self.reading, listed)
            if listed.required and not count:
                yield _finding("complete", f"{listed.id}: no entry was read", Reason.INCOMPLETE)
            for index in range(count):
                for column in listed.columns:
                    path = f"{listed.id}.{index}.{column.id}"
                    if column.required and path not in self.reading.figures and path not in self.reading.words:
                        yield _finding("complete", "not read", Reason.INCOMPLETE, (path,))
        for field in self.form.fields:
            if field.id in self.free.required and field.id not in self.reading.words:
                yield _finding("complete", f"{field.id}: not found in the text", Reason.INCOMPLETE)

    def _places(
        self, found: Mapping[str, Match], dropped: Collection[str], spoken: Collection[str]
    ) -> Iterator[Finding]:
        for path, one in found.items():
            if one.problem or one.figure.value is None:
                lines = (one.figure.line,) if one.figure.line else ()
                told = _finding("source", one.problem or NOT_THERE, Reason.NOT_FOUND_IN_SOURCE, (path,), lines)
                yield replace(told, warning=path in dropped or path in spoken)

    def _apart(self, paths: Collection[str]) -> Iterator[Finding]:
        """Words of entries that stand elsewhere; where the record can do without them they are left out."""
        needed = {f"{one.id}.{text.id}" for one in self.free.lists for text in one.texts if text.required}
        for path in sorted(paths):
            name, _, column = path.partition(".")
            line = self.reading.words[path].line
            told = _finding("source", APART, Reason.NOT_FOUND_IN_SOURCE, (path,), (line,) if line else ())
            yield replace(told, warning=f"{name}.{column.partition('.')[2]}" not in needed)

    def _figures(self, found: Mapping[str, Match], sound: Collection[str], spoken: Collection[str]) -> Figures:
        values = {p: Decimal(v) for p in {*sound, *spoken} if (v := found[p].figure.value) is not None}
        meant = dict(values)
        for path in values:
            one = found[path].printed
            if one and one.other is not None:
                meant[path] = one.other if one.other != values[path] else one.value
        counts = {listed.id: entries(self.reading, listed) for listed in self.free.lists}
        return Figures(values, meant, counts, frozenset(spoken))

    def _interchangeable(self, found: Mapping[str, Match], figures: Figures, proved: Collection[str]) -> set[str]:
        def could_be(path: str, other: str) -> bool:
            declared, one = self.free.figure(path), found[other].printed
            return bool(declared and one) and fits(path, declared, one, self.text)  # type: ignore[arg-type]

        def allowed(values: Mapping[str, Decimal]) -> bool:
            changed = {p: replace(f, value=values.get(p, f.value)) for p, f in self.reading.figures.items()}
            return not list(_refused(replace(self.reading, figures=changed), self.form, self.free, ()))

        return interchangeable(self.free, figures, proved, could_be, allowed)

    def _failed_sums(self, sums: Sums, found: Mapping[str, Match], intact: bool) -> Iterator[Finding]:
        """Of each identity that fails, the alternative that comes nearest.

        ``intact``: nothing is missing, misread or left over. Of any other reading it says nothing of the report itself.
        """
        for its, group in sums.broken:
            held = min(group, key=lambda one: abs(one.difference))
            # Over a figure read with doubt it says nothing of the report itself, nor where more lines were taken
            # for entries than make up the total.
            unsure = tuple(path for path in held.paths if found[path].doubt and path not in self.attested)
            own = intact and not _too_many_entries(held)
            fails = Reason.UNREADABLE if unsure else Reason.SOURCE_DOES_NOT_ADD_UP if own else Reason.NOT_PROVED
            yield Finding(
                "sum",
                name_of(its, held),
                held.paths,
                held.left.value,
                held.right.value,
                held.difference,
                tuple(sorted({line for path in held.paths if (line := found[path].figure.line)})),
                unsure,
                reason=None if its.only_proves else fails,
                warning=its.only_proves,
            )

    def _unproved(
        self, found: Mapping[str, Match], paths: Collection[str], swaps: Collection[str]
    ) -> Iterator[Finding]:
        """Figures that stand at their place, which is not enough for them."""
        for path in sorted(paths):
            doubt, lines = found[path].doubt, _line(found[path])
            if doubt:
                yield _finding(
                    "undecided" if doubt == "scale" else "source", DOUBT[doubt], Reason.UNREADABLE, (path,), lines
                )
            elif self._stands(path) != "read":
                why = SWAPPED if path in swaps else UNPROVED if self.free.identities else NO_IDENTITY
                yield _finding("unproved", why, Reason.NOT_PROVED, (path,), lines)

    def _left_out(self, found: Mapping[str, Match], dropped: Collection[str]) -> Iterator[Finding]:
        for path in sorted(dropped):
            if not found[path].problem and found[path].figure.value is not None:
                yield replace(_finding("unproved", LEFT_OUT, None, (path,), _line(found[path])), warning=True)

    def _left_over(self, found: Mapping[str, Match], rest: Leftovers) -> Iterator[Finding]:
        vouched = {one.figure.line for path, one in found.items() if path in self.attested}
        for line in rest.unexplained:
            if line in vouched:
                continue  # a person read it otherwise
            yield _finding("leftover", LEFT_OVER, Reason.INCOMPLETE, (), (line,))
        by_reason: dict[str, list[int]] = {}
        for line, reason in rest.ignored.items():
            by_reason.setdefault(reason, []).append(line)
        for reason, lines in by_reason.items():
            yield replace(_finding("leftover", f"not used: {reason}", None, (), tuple(lines)), warning=True)

    def _torn(self, found: Mapping[str, Match]) -> Iterator[Finding]:
        """Lists whose entries do not stand together: a figure outside a list ends it."""
        lines = {path: one.printed.line for path, one in found.items() if one.printed and not one.problem}
        ends = {
            line
            for path, line in lines.items()
            if (f := self.free.figure(path)) and f.id == path and f.required and not f.in_lists
        }
        for listed in self.free.lists:
            own = [at for index in range(entries(self.reading, listed)) if (at := anchor(self.reading, listed, index))]
            if any(min(own, default=0) < line < max(own, default=0) for line in ends):
                yield _finding("layout", f"{listed.id}: {TORN}", Reason.UNREADABLE, (), tuple(own))

    def _days(self) -> Iterator[Finding]:
        """Dates that may mean two days."""
        for field in self.form.fields:
            words = self.reading.words.get(field.id)
            if field.kind == "date" and words is not None and field.id not in self.attested:
                why = self._date_open(field.id, words.quote, words.line, words.value)
                if why:
                    yield _finding(
                        "undecided", f"{field.id}: {why}", Reason.UNREADABLE, (), (words.line,) if words.line else ()
                    )

    def _date_open(self, name: str, quote: str, line: int | None, value: Any) -> str:
        """Why a date is not settled by the text; empty where it is."""
        lines = self.text.document.lines
        here = [day for day in dates(lines) if day.line == line and day.text in quote]
        own = [day for day in here if value is None or value in day.can_be]
        if not own:
            return NOT_THERE
        if not isinstance(value, date) or (settled(own[0], lines) != value and not self.free.day_first):
            return AMBIGUOUS
        if self.free.day_first and settled(own[0], lines) not in (None, value):
            return NOT_THERE
        others = [day for day in dates(lines) if value not in day.can_be]
        if _any(dict(self.free.date_unless).get(name, ()), self._before(own[0])):
            return OTHER_DAY
        if others and not self._date_labelled(name, own[0]):
            return SEVERAL_DAYS
        return SEVERAL_LABELLED if any(self._date_labelled(name, day) for day in others) else ""

    def _date_labelled(self, name: str, day: Day) -> bool:
        """Whether a date's label stands with it, and means no other date there."""
        own, no = (dict(said).get(name, ()) for said in (self.free.date_labels, self.free.date_unless))
        said = self._before(day)
        return _any(own, said) and not _any(no, said)

    def _before(self, day: Day) -> str:
        """What says which date it is: its line; where that has several, what stands between it and the one before."""
        return self._words_before[day.line, day.start]

    @cached_property
    def _words_before(self) -> Mapping[tuple[int, int], str]:
        words: dict[tuple[int, int], str] = {}
        for number, here in groupby(dates(self.text.document.lines), key=lambda day: day.line):
            line, end = normal(self.text.document.lines[number - 1]), 0
            beside = sorted(here, key=lambda day: day.start)
            for day in beside:
                words[number, day.start] = line[end : day.start] if len(beside) > 1 else line
                end = day.start + len(day.text)
        return words


def _any(patterns: Collection[str], words: str) -> bool:
    return any(re.search(pattern, words, re.IGNORECASE) for pattern in patterns)


def _too_many_entries(held: Held) -> bool:
    """Whether the side of a sum that adds up entries is the larger one."""
    ahead = held.difference if any(term.summed for term in held.sum.left) else -held.difference
    return ahead > 0 and any(term.summed for term in held.sum.terms)


def _refused(reading: Reading, form: Form, free: Free, untrusted: Collection[str]) -> Iterator[Finding]:
    """What the form's own model says against the record, of values that are there."""
    from pydantic import ValidationError

    from agent.free_record import body

    model = free.model() if free.model else None
    if model is None:
        return
    made = body(reading, form, untrusted)
    try:
        model.model_validate(made, by_alias=True, by_name=True)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False):
            if one["input"] is None or one["type"] == "missing":
                continue  # what is not there is told by what should have read it
            path = ".".join(map(str, one["loc"]))
            yield _finding("plausible", f"{path or form.name}: {one['msg']}", Reason.UNREADABLE)
    except Exception as error:  # noqa: BLE001 - what a form of one's own raises stops its report, and no other
        yield _finding("plausible", f"{form.name}: {type(error).__name__}: {error}", Reason.UNREADABLE)


def _line(one: Match) -> tuple[int, ...]:
    return (one.figure.line,) if one.figure.line else ()


def _finding(
    rule: Rule, message: str, reason: Reason | None, cells: tuple[str, ...] = (), lines: tuple[int, ...] = ()
) -> Finding:
    return Finding(rule, message, cells, lines=lines, reason=reason)
