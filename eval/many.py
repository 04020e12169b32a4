"""Thousands of generated reports through the arms, on all cores: ``python -m eval.many --reports 10000``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from os import cpu_count
from typing import TypeVar

import click

from eval.arms import ARMS, FIVE, ArmName, Setup
from eval.cases import Case
from eval.generator import EDITIONS, generate
from eval.layouts import LAYOUTS
from eval.results import Result
from eval.runner import Job, read
from eval.simulation import Faults, simulated
from eval.tally import Tally, tally

KINDS = [*LAYOUTS, "other_kind"]
_SEED = 1
_CHUNK = 8
In = TypeVar("In")
Out = TypeVar("Out")

Way = tuple[ArmName, float]
"""An arm, and the share of the simulated model's answers that are faulty."""


def nth(number: int) -> Case:
    """The generated report of that number: every layout in turn, in both editions, of any size and damage."""
    return generate(number, layout=KINDS[number % len(KINDS)], edition=EDITIONS[number // len(KINDS) % len(EDITIONS)])


def spread(work: Callable[[In], Out], jobs: Sequence[In]) -> Iterator[Out]:
    """What ``work`` makes of each job, on all cores, in the jobs' order."""
    with ProcessPoolExecutor(cpu_count(), get_context("spawn")) as pool:
        yield from pool.map(work, jobs, chunksize=_CHUNK)


def several(job: tuple[int, tuple[Way, ...]]) -> list[Result]:
    """One report read in several ways; what was read is left out of the results, to hold thousands of them."""
    number, ways = job
    case = nth(number)
    results = []
    for arm, share in ways:
        one = (
            Job(case, 0, Setup("offline"))
            if arm == "offline"
            else Job(case, 0, Setup(arm, simulated()), Faults(share, _SEED))
        )
        results.append(replace(read(one), record={}, best={}))
    return results


def side_by_side(
    numbers: Sequence[int], ways: tuple[Way, ...], step: Callable[[], object] = lambda: None
) -> dict[Way, Tally]:
    """The same reports read in every way, counted."""
    found: dict[Way, list[Result]] = {way: [] for way in ways}
    for results in spread(several, [(number, ways) for number in numbers]):
        for way, result in zip(ways, results, strict=True):
            found[way].append(result)
        step()
    return {way: tally(results) for way, results in found.items()}


def markdown(tallies: dict[Way, Tally]) -> str:
    """The ways as a Markdown table."""
    lines = [
        "| faulty answers | arm | reports | accepted but wrong | straight through | false alarms | crashed | calls "
        "| tokens per accepted report |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (arm, share), one in tallies.items():
        tokens = f"{one.tokens_per_accepted:,.0f}" if one.tokens_per_accepted else "-"
        lines.append(
            f"| {f'{share:.0%}' if arm != 'offline' else '-'} | {arm} | {one.cases:,} | {one.accepted_wrong:,} "
            f"| {one.straight_through:,} of {one.sound:,} | {one.false_alarms:,} | {one.crashed:,} "
            f"| {one.usage.calls:,} | {tokens} |"
        )
    return "\n".join(lines)


@click.command()
@click.option("--reports", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--from", "first", type=click.IntRange(0), default=0, show_default=True, help="Number of the first.")
@click.option("--arm", "arms", type=click.Choice(ARMS), multiple=True, help="Again for more; without it the five.")
@click.option(
    "--rate", "rates", type=click.FloatRange(0, 1), multiple=True, default=(0.02, 0.1, 0.3), show_default=True
)
def main(reports: int, first: int, arms: tuple[ArmName, ...], rates: tuple[float, ...]) -> None:
    """Read generated reports with a simulated model, of whose answers a share is faulty."""
    from rich.console import Console
    from rich.progress import track

    ways = tuple((arm, share) for share in rates for arm in arms or FIVE)
    bar = iter(track(range(reports), console=Console(stderr=True), description="reports"))
    tallies = side_by_side(range(first, first + reports), ways, lambda: next(bar, None))
    print(f"simulated: {reports:,} generated reports from number {first}, the model errs on purpose (seed {_SEED})\n")
    print(markdown(tallies))


if __name__ == "__main__":
    main()
