"""How right is an answer: pure functions from a case and what was said of it to a score."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt
from typing import Any, Literal

from agent.outcome import NeedsReview, NotThisForm, Outcome, Usage
from eval.cases import TABLES, Case

Number = int | Decimal | None
Verdict = Literal["right", "wrong", "missing"]

PROSE = (
    *("organization", "year", "period_start", "period_end", "contact", "published"),
    *("requests_received", "information_fee_charged", "problems", "improvements"),
)
_NUMBER = r"^[（(]?[一二三四五六七八九十]+(?:是|[）)])"
_PUNCTUATION = re.compile(rf"{_NUMBER}|[\s，。；：、,.;:!？?！“”\"'（）()]+")


@dataclass(frozen=True)
class Answer:
    """What was said of a case, whatever said it. ``best``: figures as read, also those not trusted.

    ``spared``: the seconds that answers kept from before took when they were new.
    """

    status: str
    record: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, Number] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    attempts: int = 0
    spared: float = 0.0


@dataclass(frozen=True)
class Score:
    """One answer beside its truth. ``wrong``: paths at which an accepted record differs from it.

    ``likeness``: of texts, how like the truth they are, 0 to 1.
    """

    expect: str
    status: str
    right_end: bool
    straight_through: bool
    accepted_wrong: bool
    false_alarm: bool
    cells: int
    cells_right: int
    wrong: tuple[str, ...] = ()
    prose: Mapping[str, Verdict] = field(default_factory=dict)
    likeness: Mapping[str, float] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """True where the report can be read whole and adds up."""
        return self.expect == "accepted"

    @property
    def wrong_prose(self) -> tuple[str, ...]:
        """Prose fields of an accepted record that differ from the truth."""
        return tuple(name for name, verdict in self.prose.items() if verdict == "wrong" and self.status == "accepted")


def answer_of(outcome: Outcome) -> Answer:
    """An outcome as an answer."""
    if isinstance(outcome, NotThisForm):
        return Answer("not_this_form", usage=outcome.usage)
    best: dict[str, Number] = {path: figure.value for path, figure in outcome.reading.figures.items()}
    reasons = tuple(map(str, outcome.reasons)) if isinstance(outcome, NeedsReview) else ()
    return Answer(outcome.status, outcome.record, best, reasons, outcome.usage, outcome.attempts)


def score(case: Case, answer: Answer) -> Score:
    """The answer beside the case's truth."""
    if case.free:
        from eval.free_scores import score as of_free

        return of_free(case, answer, case.free)
    truth = case.figures()
    accepted = answer.status == "accepted"
    wrong = differing(truth, figures_of(answer.record)) if accepted else ()
    sound = case.expect == "accepted"
    settled = [path for path in truth if not case.is_undetermined(path)]
    right = sum(path in answer.best and same(answer.best[path], truth[path]) for path in settled)
    return Score(
        expect=case.expect,
        status=answer.status,
        right_end=answer.status == case.expect,
        straight_through=sound and accepted and not wrong,
        accepted_wrong=accepted and (not sound or bool(wrong)),
        false_alarm=sound and answer.status == "review" and not differing(truth, answer.best),
        cells=len(settled),
        cells_right=right,
        wrong=wrong,
        prose=_prose(case, answer) if answer.record else {},
    )


def figures_of(record: Mapping[str, Any]) -> dict[str, Number]:
    """The figures of a record by path."""
    return {
        f"{table}.{row}.{column}": value
        for table in TABLES
        for row, cells in (record.get(table) or {}).items()
        for column, value in (cells or {}).items()
    }


def differing(truth: Mapping[str, Number], given: Mapping[str, Number]) -> tuple[str, ...]:
    """Paths on which the given figures are not the true ones; a blank is not a zero."""
    paths = [*truth, *(path for path in given if path not in truth)]
    return tuple(path for path in paths if not same(truth.get(path), given.get(path)))


def same(a: Any, b: Any) -> bool:
    """Equal figures, a blank equal only to a blank."""
    if a is None or b is None:
        return a is b
    return bool(a == b)


def _prose(case: Case, answer: Answer) -> dict[str, Verdict]:
    stated = [name for name in PROSE if name in case.record]
    return {name: _verdict(case.record[name], answer.record.get(name)) for name in stated}


def _verdict(truth: Any, given: Any) -> Verdict:
    plain_truth, plain_given = _plain(truth), _plain(given)
    if plain_truth == plain_given:
        return "right"
    return "missing" if _within(plain_given, plain_truth) else "wrong"


def _within(given: Any, truth: Any) -> bool:
    """True where nothing was given that is not so, only less than there is."""
    if isinstance(given, Mapping) and isinstance(truth, Mapping):
        return all(key in truth and _within(value, truth[key]) for key, value in given.items())
    return given is None or bool(given == truth)


def _plain(value: Any) -> Any:
    """The value without what two faithful copies may differ in: spaces, punctuation, width, empty parts."""
    if isinstance(value, str):
        return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", value)) or None
    if isinstance(value, Mapping):
        kept = {key: _plain(entry) for key, entry in value.items()}
        return {key: entry for key, entry in kept.items() if entry is not None and entry is not False} or None
    if isinstance(value, list | tuple):
        entries = [_plain(entry) for entry in value]
        return sorted((entry for entry in entries if entry is not None), key=repr) or None
    return value


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a rate; (0, 1) where nothing was tried."""
    if not tries:
        return 0.0, 1.0
    z = 1.959964
    rate = hits / tries
    middle = (rate + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z / (1 + z * z / tries) * sqrt(rate * (1 - rate) / tries + z * z / (4 * tries * tries))
    # At the ends the formula gives the end itself, but for rounding.
    return 0.0 if not hits else middle - half, 1.0 if hits == tries else middle + half


def rate(hits: int, tries: int) -> float | None:
    """The share of hits, None where nothing was tried."""
    return hits / tries if tries else None


def count(flags: Iterable[bool]) -> int:
    """How many are true."""
    return sum(flags)
