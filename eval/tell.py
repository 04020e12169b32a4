"""What a person is told of runs: progress, rates with their intervals, arms side by side, what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.language import reason
from agent.tables import Labels
from eval.results import Result, Run
from eval.scores import wilson
from eval.tally import Comparison, Tally, by, chance, tally
from eval.texts import say
from schemas import load as load_form

if TYPE_CHECKING:
    from rich.table import Table

    from agent.language import Language

_SHOWN = 20


@contextmanager
def progress(run: Run, done: int) -> Iterator[Callable[[Result], None]]:
    """A bar on stderr while a run goes on; the value is called after each case."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"run {run.id}: {run.title}", total=run.cases, completed=done)
        yield lambda _: bar.advance(task)


def run(run: Run, results: Sequence[Result], language: Language) -> None:
    """The figures of one run: whole, by layout, by edition, reasons, prose."""
    from rich.console import Console

    console, whole = Console(), tally(results)
    console.print(_head(run, language), highlight=False, markup=False, soft_wrap=True)
    console.print(_summary(whole, language))
    console.print(_groups("layout", by(results, lambda result: result.layout or "?"), language))
    console.print(_groups("edition", by(results, lambda result: result.edition or "?"), language))
    if whole.prose:
        console.print(_prose(whole.prose, language))
    if whole.reasons:
        told = ", ".join(f"{reason(language, name)} {number}" for name, number in whole.reasons.items())
        console.print(f"{say(language, 'reasons')}: {told}", highlight=False)
    for line in _worst(results, language):
        console.print(line, highlight=False, markup=False)


def _head(run: Run, language: Language) -> str:
    return f"{say(language, 'run')} {run.id}: {run.title} · {when(run, language)}"


def when(run: Run, language: Language) -> str:
    """Over which folder a run was, and when."""
    ended = run.finished or say(language, "unfinished", started=run.started)
    return say(language, "ran", folder=run.folder, when=ended.replace("T", " "))


def _summary(whole: Tally, language: Language) -> Table:
    from rich.table import Table

    table = Table("", *(say(language, head) for head in ("number", "of", "rate", "interval")), box=None)
    for name, (hits, tries) in whole.rates().items():
        table.add_row(say(language, name), *_rate(hits, tries))
    usage, each = whole.usage, whole.tokens_per_accepted
    rows = {
        "crashed": (str(whole.crashed), str(whole.cases)),
        "wrong_prose": (str(whole.accepted_wrong_prose), str(whole.accepted)),
        "calls": (str(usage.calls), "", say(language, "rounds", count=whole.attempts)),
        "tokens_in": (str(usage.input_tokens),),
        "tokens_out": (str(usage.output_tokens), "", "" if each is None else say(language, "per_accepted", count=each)),
        "cost": ("0" if not usage.calls else say(language, "unknown") if usage.cost is None else f"{usage.cost:.4f}",),
        "seconds": (f"{whole.seconds:.1f}", "", say(language, "median", seconds=whole.median_seconds)),
    }
    for name, row in rows.items():
        table.add_row(say(language, name), *row)
    return table


def _rate(hits: int, tries: int) -> tuple[str, str, str, str]:
    low, high = wilson(hits, tries)
    share = f"{hits / tries:.1%}" if tries else "-"
    return str(hits), str(tries), share, f"{low:.1%} - {high:.1%}" if tries else ""


def _groups(title: str, groups: Mapping[str, Tally], language: Language) -> Table:
    from rich.table import Table

    names = ("cases", "accepted_wrong", "straight_through", "interval", "right_end", "false_alarms", "median_seconds")
    table = Table(say(language, title), *(say(language, name) for name in names), box=None)
    for name, one in groups.items():
        low, high = wilson(one.straight_through, one.sound)
        table.add_row(
            *(name, str(one.cases), str(one.accepted_wrong), f"{one.straight_through}/{one.sound}"),
            *(f"{low:.1%} - {high:.1%}" if one.sound else "", f"{one.right_end}/{one.cases}"),
            *(str(one.false_alarms), f"{one.median_seconds:.3f}"),
        )
    return table


def _prose(prose: Mapping[str, Mapping[str, int]], language: Language) -> Table:
    from rich.table import Table

    table = Table(*(say(language, head) for head in ("prose_field", "right", "wrong", "missing")), box=None)
    labels = Labels(load_form(), {}, language)
    for name, verdicts in prose.items():
        table.add_row(
            labels.figure(name), *(str(verdicts.get(verdict, 0)) for verdict in ("right", "wrong", "missing"))
        )
    return table


def _worst(results: Sequence[Result], language: Language) -> Iterator[str]:
    wrong = [result for result in results if result.score and result.score.accepted_wrong]
    crashed = [result for result in results if result.score is None]
    for result in wrong[:_SHOWN]:
        cells = ", ".join(result.score.wrong[:4]) if result.score else ""
        yield say(language, "was_wrong", name=result.name, expect=result.expect, cells=cells)
    for result in crashed[:_SHOWN]:
        yield say(language, "was_crash", name=result.name, error=result.error)


def arms(runs: Sequence[tuple[Run, Tally]], language: Language) -> None:
    """The arms of one evaluation beside each other."""
    from rich.console import Console
    from rich.table import Table

    names = ("cases", "accepted_wrong", "straight_through", "right_end", "calls", "tokens_each", "seconds")
    title = runs[0][0].model_title or None
    heads = [say(language, name) for name in ("arm", *names)]
    table = Table(*heads, box=None, title=title, title_justify="left")
    for run, one in runs:
        tokens = "-" if one.tokens_per_accepted is None else f"{one.tokens_per_accepted:,.0f}"
        table.add_row(
            *(run.arm, str(one.cases), str(one.accepted_wrong), f"{one.straight_through}/{one.sound}"),
            *(f"{one.right_end}/{one.cases}", str(one.usage.calls), tokens, f"{one.seconds:.1f}"),
        )
    Console().print(table)


def markdown(runs: Sequence[tuple[Run, Tally]]) -> str:
    """The rates of runs as a Markdown table: only what does not change from machine to machine."""
    lines = [
        "| arm | cases | accepted but wrong | straight through | right end | cells right | false alarms |",
        "|---|---|---|---|---|---|---|",
    ]
    for run, one in runs:
        hits = [f"{h} of {t}" for h, t in one.rates().values()]
        lines.append(f"| {run.title} | {one.cases} | " + " | ".join(hits) + " |")
    return "\n".join(lines)


def comparison(first: tuple[Run, Tally], second: tuple[Run, Tally], found: Comparison, language: Language) -> None:
    """What the second run does better and worse than the first."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    (before, one), (after, two) = first, second
    for run in (before, after):
        console.print(_head(run, language), highlight=False, markup=False, soft_wrap=True)
    table = Table("", *(f"{say(language, 'run')} {run.id}" for run in (before, after)), box=None)
    for name, (hits, tries) in one.rates().items():
        then = two.rates()[name]
        table.add_row(say(language, name), f"{hits}/{tries}", f"{then[0]}/{then[1]}")
    console.print(table)
    if not found.shared:
        console.print(say(language, "nothing_shared"), highlight=False)
        return
    console.print(say(language, "shared", count=found.shared), highlight=False)
    gained = [change for change in found.changes if change.after == "right"]
    lost = [change for change in found.changes if change.before == "right"]
    other = [change for change in found.changes if change not in gained and change not in lost]
    for title, group in (("better", gained), ("worse", lost), ("other", other)):
        console.print(say(language, title, count=len(group)), highlight=False)
        for change in group:
            ends = " → ".join(say(language, end) for end in (change.before, change.after))
            console.print(f"  {change.name}: {ends}", highlight=False, markup=False)
    console.print(say(language, "chance", p=chance(len(gained), len(lost))), highlight=False)
