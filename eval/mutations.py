"""Single changes to sources and to readings, of which none may pass for consistent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from agent.document import load
from agent.evidence import gather
from agent.offline import read
from agent.outcome import Accepted, Figure, Grade
from agent.pipeline import extract
from eval.cases import Case
from schemas import load as load_form

_FIGURE = re.compile(r"(?<![\d.])(?:0|[1-9]\d*)(?![\d.]*[\\.、．年月日])")


@dataclass(frozen=True)
class Mutant:
    """A text in which one digit at ``at`` is another."""

    case: Case
    at: int
    text: str


def digits(case: Case) -> list[int]:
    """Offsets of the digits of figures in tables 3 and 4; no sum covers table 2."""
    begins = case.text.index("一、本年新收")
    ends = case.text.index("存在", begins)
    return [at for found in _FIGURE.finditer(case.text, begins, ends) for at in range(found.start(), found.end())]


def of_source(case: Case, rng: Random, count: int) -> Iterator[Mutant]:
    """Texts with one digit changed, all at different places."""
    places = digits(case)
    for at in rng.sample(places, min(count, len(places))):
        other = rng.choice([d for d in "0123456789" if d != case.text[at]])
        yield Mutant(case, at, case.text[:at] + other + case.text[at + 1 :])


def passes(mutant: Mutant) -> bool:
    """True where the changed source is accepted."""
    return isinstance(extract(mutant.text, reader="offline"), Accepted)


def readings_that_pass(case: Case, rng: Random, count: int) -> tuple[int, list[str]]:
    """How many readings with one figure changed were checked, and the figures whose change was not contradicted."""
    from agent.checks import check

    form, document = load_form(), load(case.data)
    evidence = gather(document, form)
    reading = read(evidence)
    paths = rng.sample(sorted(reading.figures), min(count, len(reading.figures)))
    survived = []
    for path in paths:
        wrong = _another(reading.figures[path], rng)
        changed = replace(reading, figures={**reading.figures, path: wrong})
        verdict = check(changed, evidence, document)
        if not verdict.failing or verdict.grades[path] in (Grade.PROVED, Grade.READ):
            survived.append(path)
    return len(paths), survived


def _another(figure: Figure, rng: Random) -> Figure:
    value = int(figure.value or 0)
    wrong = rng.choice(
        [v for v in (value + 1, value - 1, value * 10, value + 10) if v != value and (v >= 0 or value < 0)]
    )
    return replace(figure, value=wrong, printed=str(wrong))
