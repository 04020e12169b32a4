"""Reports with one digit changed, readings with figures changed, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from agent import offline
from agent.checks import check
from agent.document import Document, load
from agent.evidence import Evidence, gather
from agent.outcome import Accepted, Figure, Grade, NeedsReview, Number, Reading
from agent.pipeline import conclude
from schemas import Form
from tests.written import OGI

Outcome = Accepted | NeedsReview


def read_text(text: str, form: Form = OGI) -> tuple[Document, Evidence, Outcome] | None:
    """A text as read offline; None where it is no report of the form."""
    document = load(text)
    evidence = gather(document, form)
    if not evidence.recognised:
        return None
    return document, evidence, conclude(document, evidence, offline.read(evidence), "offline")


@dataclass
class Tally:
    """How mutants ended. ``wrong``: those accepted though a figure under a sum is another one."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(self.ends + other.ends, self.wrong + other.wrong)

    def __str__(self) -> str:
        """A line for a table."""
        return f"{sum(self.ends.values()):,} mutants: " + ", ".join(
            f"{n:,} {end}" for end, n in self.ends.most_common()
        )


def source_mutants(name: str, text: str, count: int, rng: Random) -> Tally:
    """Change single digits of an accepted report, most of them in its tables, and tell how each ends."""
    tally = Tally()
    whole = read_text(text)
    assert whole is not None, name
    if not isinstance(whole[2], Accepted):
        return Tally(Counter({"of a report that is not accepted": 1}))
    for at, digit in _digits(text, whole[1], count, rng):
        mutant = read_text(text[:at] + digit + text[at + 1 :])
        end = _end(whole[2], mutant[2] if mutant else None)
        tally.ends[end] += 1
        if end == "WRONG":
            tally.wrong.append(f"{name}: {text[max(0, at - 12) : at]}[{text[at]} -> {digit}]{text[at + 1 : at + 12]}")
    return tally


def _digits(text: str, evidence: Evidence, count: int, rng: Random) -> Iterator[tuple[int, str]]:
    every = [at for at, char in enumerate(text) if char.isascii() and char.isdigit()]
    starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n"), len(text)]
    lines = {line for found in evidence.tables.values() if found for p in found.places.values() for line in p.lines}
    spans = [(starts[line - 1], starts[line]) for line in sorted(lines) if line < len(starts)]
    tabular = [at for low, high in spans for at in every if low <= at < high]
    for _ in range(count):
        at = rng.choice(tabular if tabular and rng.random() < 0.85 else every)
        yield at, rng.choice([digit for digit in "0123456789" if digit != text[at]])


def _end(whole: Accepted, mutant: Outcome | None) -> str:
    if mutant is None:
        return "not this form"
    if isinstance(mutant, NeedsReview):
        return "in review"
    proved = [path for path, grade in whole.grades.items() if grade == Grade.PROVED]
    if any(mutant.reading.value(path) != whole.reading.value(path) for path in proved):
        return "WRONG"
    if mutant.reading.figures.keys() != whole.reading.figures.keys():
        return "WRONG"
    changed = [p for p in whole.grades if mutant.reading.value(p) != whole.reading.value(p)]
    return "accepted as printed: no sum is over that figure" if changed else "accepted: the digit is of no figure"


def reading_mutants(name: str, text: str, count: int, rng: Random) -> Tally:
    """Change figures of the right reading of a report, also so that sums hold; each must be contradicted."""
    tally = Tally()
    whole = read_text(text)
    assert whole is not None, name
    document, evidence, outcome = whole
    right = outcome.reading
    for kind, wrong in _misreadings(right, evidence, count, rng):
        verdict = check(replace(right, figures={**right.figures, **wrong}), evidence, document)
        passed = [path for path in wrong if verdict.grades[path] != Grade.CONTRADICTED or path not in verdict.untrusted]
        tally.ends[f"contradicted, {kind}" if not passed else "WRONG"] += 1
        tally.wrong += [f"{name}: {path} as {wrong[path].value}, {kind}" for path in passed]
    return tally


def _misreadings(
    right: Reading, evidence: Evidence, count: int, rng: Random
) -> Iterator[tuple[str, Mapping[str, Figure]]]:
    paths = sorted(right.figures)
    for _ in range(count):
        path = rng.choice(paths)
        value = right.value(path)
        other = rng.choice([o for o in (_more(value, 1), _more(value, 9), _tenfold(value), None, 0) if o != value])
        yield "one figure", {path: _figure(other)}
        yield from _moved(right, evidence, rng)
        yield from _balanced(right, evidence, rng)


def _moved(right: Reading, evidence: Evidence, rng: Random) -> Iterator[tuple[str, Mapping[str, Figure]]]:
    """Two figures of one row, or two whole rows, exchanged."""
    found = evidence.tables["table3"]
    assert found is not None
    one, two = rng.sample(found.grid.rows, 2)
    pairs = list(zip(found.grid.paths(one), found.grid.paths(two), strict=True))
    exchanged = {a: right.value(b) for pair in pairs for a, b in (pair, pair[::-1])}
    a, b = rng.sample(found.grid.paths(one), 2)
    for kind, new in (("rows exchanged", exchanged), ("cells exchanged", {a: right.value(b), b: right.value(a)})):
        wrong = {path: _figure(value) for path, value in new.items() if value != right.value(path)}
        if wrong:
            yield kind, wrong


def _balanced(right: Reading, evidence: Evidence, rng: Random) -> Iterator[tuple[str, Mapping[str, Figure]]]:
    """Four figures changed so that every sum of row and column still holds."""
    found = evidence.tables["table3"]
    assert found is not None
    places = [found.grid.paths(row)[:6] for row in found.grid.rows[2:-2]]
    full = [(r, c) for r, paths in enumerate(places) for c, path in enumerate(paths) if right.value(path)]
    apart = [(one, two) for one in full for two in full if one[0] < two[0] and one[1] != two[1]]
    if not apart:
        return
    (r, c), (s, d) = rng.choice(apart)
    less, more = (places[r][c], places[s][d]), (places[r][d], places[s][c])
    new = {
        **{path: _more(right.value(path), -1) for path in less},
        **{path: _more(right.value(path), 1) for path in more},
    }
    yield "made to add up", {path: _figure(value) for path, value in new.items()}


def _more(value: Number | None, by: int) -> Number:
    return (value or 0) + by


def _tenfold(value: Number | None) -> Number:
    return Decimal(10) * value if isinstance(value, Decimal) else 10 * (value or 0)


def _figure(value: Number | None) -> Figure:
    return Figure(value, "" if value is None else str(value), 1, "mutant")
