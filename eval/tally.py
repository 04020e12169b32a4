"""Many results counted: rates with their Wilson intervals, by layout, by edition, by prose field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from statistics import median
from typing import Any

from agent.outcome import Usage
from eval.results import Result
from eval.scores import PROSE, count, rate, wilson


@dataclass(frozen=True)
class Tally:
    """What results come to. A crash counts as a case that did not end right."""

    cases: int = 0
    accepted: int = 0
    accepted_wrong: int = 0
    accepted_wrong_prose: int = 0
    sound: int = 0
    straight_through: int = 0
    right_end: int = 0
    cells: int = 0
    cells_right: int = 0
    false_alarms: int = 0
    crashed: int = 0
    attempts: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    median_seconds: float = 0.0
    reasons: Mapping[str, int] = field(default_factory=dict)
    prose: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def tokens_per_accepted(self) -> float | None:
        """Tokens spent for each accepted report, those of the others included."""
        return rate(self.usage.input_tokens + self.usage.output_tokens, self.accepted)

    def as_json(self) -> dict[str, Any]:
        """The figures under their public names."""
        usage = self.usage
        return {
            **{
                name: getattr(self, name)
                for name in (
                    *("cases", "accepted", "accepted_wrong", "accepted_wrong_prose", "sound", "straight_through"),
                    *("right_end", "cells", "cells_right", "false_alarms", "crashed", "attempts"),
                )
            },
            "calls": usage.calls,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost": None if usage.cost is None else str(usage.cost),
            "tokens_per_accepted": self.tokens_per_accepted,
            "seconds": round(self.seconds, 3),
            "median_seconds": round(self.median_seconds, 4),
            "intervals": {name: list(wilson(*pair)) for name, pair in self.rates().items()},
            "reasons": dict(self.reasons),
            "prose": {name: dict(verdicts) for name, verdicts in self.prose.items()},
        }

    def rates(self) -> dict[str, tuple[int, int]]:
        """Hits and tries of each rate by name."""
        return {
            "accepted_wrong": (self.accepted_wrong, self.cases),
            "straight_through": (self.straight_through, self.sound),
            "right_end": (self.right_end, self.cases),
            "cells_right": (self.cells_right, self.cells),
            "false_alarms": (self.false_alarms, self.sound),
        }


def tally(results: Sequence[Result]) -> Tally:
    """The results counted."""
    scores = [result.score for result in results if result.score]
    reasons = Counter(reason for result in results for reason in result.reasons)
    verdicts: dict[str, Counter[str]] = {
        name: Counter(score.prose[name] for score in scores if name in score.prose)
        for name in dict.fromkeys([*PROSE, *(name for score in scores for name in score.prose)])
    }
    return Tally(
        cases=len(results),
        accepted=count(score.status == "accepted" for score in scores),
        accepted_wrong=count(score.accepted_wrong for score in scores),
        accepted_wrong_prose=count(bool(score.wrong_prose) for score in scores),
        sound=count(result.expect == "accepted" for result in results),
        straight_through=count(score.straight_through for score in scores),
        right_end=count(score.right_end for score in scores),
        cells=sum(score.cells for score in scores),
        cells_right=sum(score.cells_right for score in scores),
        false_alarms=count(score.false_alarm for score in scores),
        crashed=len(results) - len(scores),
        attempts=sum(result.attempts for result in results),
        usage=sum((result.usage for result in results), Usage()),
        seconds=sum(result.seconds for result in results),
        median_seconds=median(result.seconds for result in results) if results else 0.0,
        reasons=dict(reasons.most_common()),
        prose={name: dict(found) for name, found in verdicts.items() if found},
    )


def by(results: Iterable[Result], key: Callable[[Result], str]) -> dict[str, Tally]:
    """A tally for each value of ``key``."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return {name: tally(group) for name, group in sorted(groups.items())}


@dataclass(frozen=True)
class Change:
    """A case that two runs ended differently."""

    name: str
    repeat: int
    before: str
    after: str


def end_of(result: Result) -> str:
    """How a case ended, in one word a person can compare."""
    if result.score is None:
        return "crashed"
    if result.score.accepted_wrong:
        return "accepted wrong"
    if result.score.right_end:
        return "right"
    return result.status


@dataclass(frozen=True)
class Comparison:
    """Two runs over the same cases: how many they ``share``, and those that changed sides."""

    shared: int
    changes: Sequence[Change]


def compare(before: Iterable[Result], after: Iterable[Result]) -> Comparison:
    """The cases of both runs, and which of them changed sides."""
    first = {(result.name, result.repeat): end_of(result) for result in before}
    both = [result for result in after if (result.name, result.repeat) in first]
    changed = [
        Change(result.name, result.repeat, old, end_of(result))
        for result in both
        if (old := first[result.name, result.repeat]) != end_of(result)
    ]
    return Comparison(len(both), changed)


def chance(gained: int, lost: int) -> float:
    """How likely so uneven a change is by chance alone (exact McNemar test, two-sided)."""
    tries = gained + lost
    if not tries:
        return 1.0
    tail = sum(comb(tries, i) for i in range(min(gained, lost) + 1)) / 2**tries
    return min(1.0, float(2 * tail))
