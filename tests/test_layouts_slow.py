"""Ten thousand messy reports: nothing accepted wrong; what one changed figure does; what a model's faults do.

Each test prints its counts; a failure names layout and seed, and ``generate(SEED, layout=LAYOUT)`` makes
the report again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random
from statistics import median
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from eval.arms import FIVE, ArmName, Setup
from eval.cases import Case
from eval.generator import EDITIONS, HARMLESS, UNSEEN, excluded, generate
from eval.layouts import LAYOUTS
from eval.mutations import of_source, passes, readings_that_pass
from eval.results import Result
from eval.runner import Job, read
from eval.scores import wilson
from eval.simulation import Faults, simulated
from eval.tally import Tally, tally

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

REPORTS = 10_000
KINDS = [*LAYOUTS, "other_kind"]
CELLS = ("tab", "tab_ragged", "pipe", "lines", "vertical", "gaps")
GLUED = ("glued", "glued_rows", "half_glued")
In = TypeVar("In")
Out = TypeVar("Out")


def spread(work: Callable[[In], Out], jobs: Sequence[In]) -> list[Out]:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        return list(pool.map(work, jobs, chunksize=8))


@dataclass(frozen=True)
class Ended:
    """A generated case and how it ended."""

    layout: str
    seed: int
    notes: tuple[str, ...]
    damage: tuple[str, ...]
    result: Result

    @property
    def name(self) -> str:
        """How to make it again."""
        return f"generate({self.seed}, layout={self.layout!r}) {', '.join(self.damage)}"


def of(seed: int) -> Case:
    layout = KINDS[seed % len(KINDS)]
    return generate(seed, layout=layout, edition=EDITIONS[seed // len(KINDS) % len(EDITIONS)])


def offline(seed: int) -> Ended:
    case = of(seed)
    result = read(Job(case, 0, Setup("offline")))
    return Ended(case.layout, seed, tuple(case.notes), tuple(case.damage), result)


def rates(ended: Iterable[Ended]) -> str:
    """A row for each layout: of the sound reports, how many went straight through."""
    lines = [
        "",
        f"{'layout':14}{'cases':>7}{'sound':>7}{'straight':>9}{'rate':>8}{'95 % Wilson':>17}{'ms':>7}{'max ms':>8}",
    ]
    groups: dict[str, list[Ended]] = {}
    for one in ended:
        groups.setdefault(one.layout, []).append(one)
    for layout, group in groups.items():
        sound, straight = sound_and_straight(group)
        low, high = wilson(straight, sound)
        share = f"{straight / sound:.1%}" if sound else "-"
        times = [one.result.seconds * 1000 for one in group]
        lines.append(
            f"{layout:14}{len(group):7}{sound:7}{straight:9}{share:>8}{f'{low:.1%}-{high:.1%}':>17}"
            f"{median(times):7.0f}{max(times):8.0f}"
        )
    return "\n".join(lines)


def sound_and_straight(group: Iterable[Ended]) -> tuple[int, int]:
    """Sound reports and those that went straight through, without those whose blanks left no trace."""
    scores = [one.result.score for one in group if UNSEEN not in one.notes]
    sound = [score for score in scores if score and score.sound]
    return len(sound), sum(score.straight_through for score in sound)


def test_of_ten_thousand_reports_none_is_accepted_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    ended = spread(offline, range(REPORTS))

    with capsys.disabled():
        print(rates(ended))
    wrong = [one.name for one in ended if one.result.score is None or one.result.score.accepted_wrong]
    silent = [one.name for one in ended if one.result.status == "review" and not one.result.reasons]
    cells = sound_and_straight(one for one in ended if one.layout in CELLS)
    glued = sound_and_straight(one for one in ended if one.layout in GLUED)

    assert wrong == []
    assert silent == []
    assert cells[1] / cells[0] >= 0.98
    assert glued[1] / glued[0] >= 0.9


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    layout=st.sampled_from(list(LAYOUTS)),
    edition=st.sampled_from(EDITIONS),
    size=st.sampled_from(["village", "bureau", "county"]),
    damage=st.frozensets(st.sampled_from(HARMLESS), max_size=4),
)
def test_whatever_the_damage_what_is_accepted_is_right(
    seed: int, layout: str, edition: str, size: str, damage: frozenset[str]
) -> None:
    try:
        case = generate(seed, layout=layout, edition=edition, size=size, damage=damage - excluded(layout))
    except ValueError:
        return  # such damage does not go together

    score = read(Job(case, 0, Setup("offline"))).score

    assert score is not None
    assert not score.accepted_wrong, score.wrong[:5]


def source_mutants(seed: int) -> tuple[str, int, list[str]]:
    layout = ("tab", "pipe", "lines", "gaps", "spaces", "glued", "glued_rows")[seed % 7]
    case = generate(seed, layout=layout, size=("bureau", "county")[seed % 2], damage=())
    if case.expect != "accepted":
        return layout, 0, []
    mutants = list(of_source(case, Random(seed), 14))
    return layout, len(mutants), [f"{layout} {seed} at {mutant.at}" for mutant in mutants if passes(mutant)]


def test_a_digit_changed_in_a_source_does_not_pass_for_consistent(capsys: pytest.CaptureFixture[str]) -> None:
    found = spread(source_mutants, range(350))

    tried: Counter[str] = Counter()
    for layout, count, _ in found:
        tried[layout] += count
    survived = [name for _, _, names in found for name in names]
    with capsys.disabled():
        print(f"\nsource mutants {dict(tried)}: {len(survived)} survived {survived[:10]}")

    assert sum(tried.values()) > 3000
    assert survived == []


def reading_mutants(seed: int) -> tuple[int, list[str]]:
    layout = list(LAYOUTS)[seed % len(LAYOUTS)]
    case = generate(seed, layout=layout, size=("bureau", "county", "city")[seed % 3], damage=())
    if case.expect != "accepted":
        return 0, []
    tried, survived = readings_that_pass(case, Random(seed), 40)
    return tried, [f"{layout} {seed} {path}" for path in survived]


def test_a_figure_changed_in_a_reading_is_contradicted(capsys: pytest.CaptureFixture[str]) -> None:
    found = spread(reading_mutants, range(260))

    tried = sum(count for count, _ in found)
    survived = [name for _, names in found for name in names]
    with capsys.disabled():
        print(f"\nreading mutants {tried}: {len(survived)} survived {survived[:10]}")

    assert tried > 5000
    assert survived == []


def asked(job: tuple[ArmName, float, int]) -> Result:
    arm, rate, seed = job
    return read(Job(of(seed), 0, Setup(arm, simulated()), Faults(rate, seed=1)))


def side_by_side(tallies: dict[ArmName, Tally], rate: float) -> str:
    lines = [f"\nsimulated, {rate:.0%} faulty answers"]
    for arm, one in tallies.items():
        tokens = f"{one.tokens_per_accepted:,.0f}" if one.tokens_per_accepted else "-"
        lines.append(
            f"{arm:10}{one.cases:6} cases {one.accepted_wrong:5} accepted wrong "
            f"{one.straight_through:5}/{one.sound} straight through {tokens:>9} tokens per accepted report"
        )
    return "\n".join(lines)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.1, 0.3])
def test_whatever_share_of_answers_is_faulty_gouji_accepts_nothing_wrong(
    rate: float, capsys: pytest.CaptureFixture[str]
) -> None:
    tallies = {arm: tally(spread(asked, [(arm, rate, seed) for seed in range(280)])) for arm in FIVE}

    with capsys.disabled():
        print(side_by_side(tallies, rate))

    assert tallies["gouji"].accepted_wrong == 0
    assert tallies["thrifty"].accepted_wrong == 0
    assert tallies["gouji"].crashed == 0
