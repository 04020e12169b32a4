"""What a person is told of runs: progress, rates with their intervals, arms side by side, what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eval.results import Result, Run
from eval.scores import wilson
from eval.tally import Change, Tally, by, chance, tally

if TYPE_CHECKING:
    from rich.table import Table

_RATES = {
    "accepted_wrong": "accepted but wrong 误收",
    "straight_through": "straight through 直通",
    "right_end": "right end 结局正确",
    "cells_right": "cells right 单元格正确",
    "false_alarms": "false alarms 误报",
}
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


def run(run: Run, results: Sequence[Result]) -> None:
    """The figures of one run: whole, by layout, by edition, reasons, prose."""
    from rich.console import Console

    console, whole = Console(), tally(results)
    console.print(f"run {run.id}: {run.title} · {run.folder}", highlight=False)
    console.print(_summary(whole))
    console.print(_groups("layout 版式", by(results, lambda result: result.layout or "?")))
    console.print(_groups("edition 版本", by(results, lambda result: result.edition or "?")))
    if whole.prose:
        console.print(_prose(whole.prose))
    if whole.reasons:
        told = ", ".join(f"{name} {number}" for name, number in whole.reasons.items())
        console.print(f"reasons for review 复核原因: {told}", highlight=False)
    for line in _worst(results):
        console.print(line, highlight=False, markup=False)


def _summary(whole: Tally) -> Table:
    from rich.table import Table

    table = Table("", "n", "of", "rate", "95 % Wilson", box=None)
    for name, (hits, tries) in whole.rates().items():
        table.add_row(_RATES[name], *_rate(hits, tries))
    usage = whole.usage
    table.add_row("crashed 崩溃", str(whole.crashed), str(whole.cases))
    table.add_row("accepted with wrong prose", str(whole.accepted_wrong_prose), str(whole.accepted))
    table.add_row("calls 调用", str(usage.calls), "", f"{whole.attempts} rounds")
    table.add_row("tokens 词元", str(usage.input_tokens), str(usage.output_tokens), _number(whole.tokens_per_accepted))
    table.add_row("cost 费用 US$", "0" if not usage.calls else "unknown" if usage.cost is None else f"{usage.cost:.4f}")
    table.add_row("seconds 秒", f"{whole.seconds:.1f}", "", f"median {whole.median_seconds:.3f}")
    return table


def _rate(hits: int, tries: int) -> tuple[str, str, str, str]:
    low, high = wilson(hits, tries)
    share = f"{hits / tries:.1%}" if tries else "-"
    return str(hits), str(tries), share, f"{low:.1%} - {high:.1%}" if tries else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} per accepted"


def _groups(title: str, groups: Mapping[str, Tally]) -> Table:
    from rich.table import Table

    heads = ("cases", "accepted wrong", "straight through", "95 % Wilson", "right end", "false alarms", "median s")
    table = Table(title, *heads, box=None)
    for name, one in groups.items():
        low, high = wilson(one.straight_through, one.sound)
        table.add_row(
            *(name, str(one.cases), str(one.accepted_wrong), f"{one.straight_through}/{one.sound}"),
            *(f"{low:.1%} - {high:.1%}" if one.sound else "", f"{one.right_end}/{one.cases}"),
            *(str(one.false_alarms), f"{one.median_seconds:.3f}"),
        )
    return table


def _prose(prose: Mapping[str, Mapping[str, int]]) -> Table:
    from rich.table import Table

    table = Table("prose field 文字字段", "right", "wrong", "missing", box=None)
    for name, verdicts in prose.items():
        table.add_row(name, *(str(verdicts.get(verdict, 0)) for verdict in ("right", "wrong", "missing")))
    return table


def _worst(results: Sequence[Result]) -> Iterator[str]:
    wrong = [result for result in results if result.score and result.score.accepted_wrong]
    crashed = [result for result in results if result.score is None]
    for result in wrong[:_SHOWN]:
        cells = ", ".join(result.score.wrong[:4]) if result.score else ""
        yield f"accepted wrong: {result.name} (expected {result.expect}) {cells}"
    for result in crashed[:_SHOWN]:
        yield f"crashed: {result.name}: {result.error}"


def arms(runs: Sequence[tuple[Run, Tally]]) -> None:
    """The arms of one evaluation beside each other."""
    from rich.console import Console
    from rich.table import Table

    heads = ("cases", "accepted wrong", "straight through", "right end", "calls", "tokens / accepted", "seconds")
    by = runs[0][0].model_title
    table = Table("arm 对照组", *heads, box=None, title=by or None, title_justify="left")
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


def comparison(first: tuple[Run, Tally], second: tuple[Run, Tally], changed: Sequence[Change]) -> None:
    """What the second run does better and worse than the first."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    (before, one), (after, two) = first, second
    table = Table("", f"run {before.id}: {before.title}", f"run {after.id}: {after.title}", box=None)
    for name, (hits, tries) in one.rates().items():
        then = two.rates()[name]
        table.add_row(_RATES[name], f"{hits}/{tries}", f"{then[0]}/{then[1]}")
    console.print(table)
    gained = [change for change in changed if change.after == "right"]
    lost = [change for change in changed if change.before == "right"]
    other = [change for change in changed if change not in gained and change not in lost]
    for title, group in (("better 变好", gained), ("worse 变差", lost), ("other 其他", other)):
        console.print(f"{title}: {len(group)}", highlight=False)
        for change in group:
            console.print(f"  {change.name}: {change.before} → {change.after}", highlight=False, markup=False)
    p = chance(len(gained), len(lost))
    console.print(f"by chance alone 纯属偶然的概率 (McNemar): {p:.3f}", highlight=False)
