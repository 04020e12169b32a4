"""Ten thousand messy reports: nothing accepted wrong; what one changed figure does; what a model's faults do.

Each test prints its counts; a failure names layout and seed, and ``generate(SEED, layout=LAYOUT)`` makes
the report again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from eval.arms import FIVE, Setup
from eval.generator import DISPUTED, EDITIONS, HARMLESS, UNSEEN, excluded, generate
from eval.layouts import LAYOUTS
from eval.many import markdown, nth, side_by_side, spread
from eval.mutations import of_source, passes, readings_that_pass
from eval.results import Result
from eval.runner import Job, read
from eval.scores import wilson

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

REPORTS = 10_000
SIMULATED = 280
CELLS = ("tab", "tab_ragged", "pipe", "lines", "vertical", "gaps")
GLUED = ("glued", "glued_rows", "half_glued")
RATES = (0.0, 0.02, 0.1, 0.3)


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


def offline(seed: int) -> Ended:
    case = nth(seed)
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
    ended = list(spread(offline, range(REPORTS)))

    with capsys.disabled():
        print(rates(ended))
    wrong = [one.name for one in ended if one.result.score is None or one.result.score.accepted_wrong]
    silent = [one.name for one in ended if one.result.status == "review" and not one.result.reasons]
    cells = sound_and_straight(one for one in ended if one.layout in CELLS)
    glued = sound_and_straight(one for one in ended if one.layout in GLUED)

    assert wrong == []
    assert silent == []
    assert cells[1] / cells[0] >= 0.99
    assert glued[1] / glued[0] >= 0.98


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
    if damage & {"blank_zeros", "blank_totals"}:
        damage -= DISPUTED
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
    found = list(spread(source_mutants, range(350)))

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
    found = list(spread(reading_mutants, range(260)))

    tried = sum(count for count, _ in found)
    survived = [name for _, names in found for name in names]
    with capsys.disabled():
        print(f"\nreading mutants {tried}: {len(survived)} survived {survived[:10]}")

    assert tried > 5000
    assert survived == []


def test_whatever_share_of_answers_is_faulty_gouji_accepts_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    tallies = side_by_side(range(SIMULATED), tuple((arm, rate) for rate in RATES for arm in FIVE))

    with capsys.disabled():
        print(f"\nsimulated\n{markdown(tallies)}")

    ours = [tallies[arm, rate] for rate in RATES for arm in ("gouji", "thrifty")]
    assert [one.accepted_wrong for one in ours] == [0] * len(ours)
    assert [one.crashed for one in ours] == [0] * len(ours)
    assert [one.false_alarms for one in ours[:2]] == [0, 0]
