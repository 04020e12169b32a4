"""The commands about many reports at once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import output
from agent.batch_texts import STATUSES, say
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.batch import Batch, Tally
    from agent.batch_inputs import Found
    from agent.batch_run import Options
    from agent.language import Language

_NOT_ALL = 3


@click.group("batch", cls=output.WithDefault, default="run")
def command() -> None:
    """Read many reports: folders, globs, a manifest; stopped, it goes on where it was · 成批阅读，可续跑。"""


@command.command("run")
@click.argument("paths", nargs=-1, metavar="PATH…")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="A CSV file with a column path; its other columns are kept. 清单文件，其余各列一并保存",
)
@output.FORM
@click.option("--reader", type=click.Choice(["offline", "model", "thrifty"]), help="Who reads. 读法")
@click.option("--model", help="The model; also GOUJI_MODEL. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server; also OPENAI_BASE_URL. 模型服务地址")
@output.DB
@click.option("--max-attempts", type=click.IntRange(1), default=3, show_default=True, help="Rounds at most. 最多轮数")
@click.option("--escalate", metavar="MODEL", help="A stronger model for the last rounds. 更强的模型")
@click.option(
    "--concurrency", type=click.IntRange(1, 10_000), default=16, show_default=True, help="Calls in flight. 同时调用数"
)
@click.option("--rpm", type=click.IntRange(1), help="Requests a minute at most. 每分钟请求上限")
@click.option("--tpm", type=click.IntRange(1), help="Tokens a minute at most. 每分钟词元上限")
@click.option("--budget-tokens", type=click.IntRange(1), help="Tokens this run may take. 本次运行词元上限")
@click.option("--budget-usd", type=output.Amount(), help="US dollars this run may cost. 费用上限")
@click.option("--budget-seconds", type=output.Amount(), help="Seconds this run may take. 本次运行时间上限")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Who reads: this machine's cores, or Dask's workers. 由谁执行",
)
@click.option(
    "--transport",
    type=click.Choice(["live", "batch"]),
    default="live",
    show_default=True,
    help="batch: the provider's batch endpoint, half the price, hours to days. 批量接口，半价",
)
@click.option("--poll", type=output.Amount(), default=60.0, help="Seconds between looks there. 查询间隔")
@click.option("--file-requests", type=click.IntRange(1), default=50_000, help="Requests in one file. 单个文件请求上限")
@click.option("--file-mb", type=click.IntRange(1), default=190, help="Megabytes of one file. 单个文件大小上限")
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler; without one, workers here. Dask 调度器地址")
@output.JSON
@output.LANG
def run(
    paths: Sequence[str],
    manifest: Path | None,
    db: Path,
    as_json: bool,
    lang: str | None,
    budget_usd: float | None,
    **options: Any,
) -> int:
    """Read reports: files, folders, quoted globs, the rows of a manifest · 成批阅读。

    Exit code: 0 all accepted, 3 not all, 6 stopped by the model's server or the budget, 130 by Ctrl-C.
    """
    from agent.batch_inputs import find
    from agent.batch_run import Options

    chosen = Options(budget_usd=None if budget_usd is None else str(budget_usd), **options)
    return _read(find(paths, manifest), chosen, db, as_json, lang)


def _read(found: Found, options: Options, db: Path, as_json: bool, lang: str | None) -> int:
    import asyncio

    from agent import batch_run
    from agent.batch_told import Summary, bar, left_out
    from agent.language import choose
    from agent.outcome import NO_USAGE, Usage
    from agent.tables import safe

    language = choose(lang)
    batches: list[Batch] = []

    def used() -> Usage:
        return batches[0].spent if batches else NO_USAGE

    if found.left_out.total():
        click.echo(f"gouji: {safe(left_out(found.left_out, language))}", err=True)
    start = time.monotonic()
    with bar(len(found.entries), language, used) as tell, _ending(batches, language) as began:
        tally = asyncio.run(batch_run.run(found.entries, options, db, tell=tell, began=began))
    cut_off = bool(batches and batches[0].flying)
    summary = Summary(tally, used(), time.monotonic() - start, db, found.left_out, cut_off)
    if as_json:
        output.write(summary.as_json())
    else:
        output.show(summary.plain(language))
    return _exit_code(tally)


def _exit_code(tally: Tally) -> int:
    if tally.stopped:
        return tally.stopped.exit_code
    return 0 if tally.all_accepted else _NOT_ALL


@contextmanager
def _ending(batches: list[Batch], language: Language) -> Iterator[Callable[[Batch], None]]:
    """Let Ctrl-C, and the machine going down, end the run in order; gives what names the batch once it begins."""
    import asyncio

    from agent.batch import InterruptError

    early: list[InterruptError] = []

    def began(batch: Batch) -> None:
        batches.append(batch)
        if early:
            batch.stop(early[0])

    def end(number: int, _: object) -> None:
        if early and not batches:
            os._exit(InterruptError.exit_code)  # nothing was begun yet, and our reading processes leave with us
        why = InterruptError(say(language, "interrupt") if number == signal.SIGINT else signal.Signals(number).name)
        click.echo(say(language, "interrupted", count=batches[0].flying if batches else 0), err=True)
        if batches:
            batches[0].stop_soon(why)
        else:
            early.append(why)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield began
    except asyncio.CancelledError as error:
        raise click.Abort from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@command.command("status")
@output.DB
@output.JSON
@output.LANG
def status(db: Path, as_json: bool, lang: str | None) -> None:
    """Show how far the documents of all batches are, and what was paid · 查看进度与费用。"""
    from agent.batch_told import state
    from agent.language import choose

    found = state(db)
    if as_json:
        output.write(found.as_json())
    else:
        output.show(found.plain(choose(lang)))


@command.command("list")
@click.option(
    "--status", "wanted", type=click.Choice(STATUSES), default="failed", show_default=True, help="Which. 哪一类"
)
@output.DB
@output.JSON
@output.LANG
def listed(wanted: str, db: Path, as_json: bool, lang: str | None) -> None:
    """List the documents of one status, a line each, and why they failed or wait · 逐份列出文件。"""
    from agent.batch_told import documents, where
    from agent.language import choose
    from agent.tables import safe

    found = documents(db, wanted)
    if as_json:
        output.write({"documents": list(found)})
        return
    for document in found:
        click.echo(safe(where(document["path"], document["error"] or "", choose(lang)).removesuffix(": ")))


@command.command("retry")
@click.option("--failed", "status", flag_value="failed", help="Those that failed. 失败的文件")
@click.option(
    "--asked",
    "status",
    flag_value="asked",
    help="Those whose answers a provider's batch endpoint no longer has; paid again. 服务方已无回答的文件（重新付费）",
)
@output.DB
@output.JSON
@output.LANG
def retry(status: str | None, db: Path, as_json: bool, lang: str | None) -> int:
    """Read again what failed or is answered no more, with the options it had · 重试失败的文件。

    A run and a summary for each set of options. Exit code as of run.
    """
    from agent.batch import InterruptError
    from agent.batch_inputs import Found
    from agent.batch_run import Options
    from agent.database import open_for_reading
    from agent.language import choose
    from agent.ledger import Ledger
    from agent.store import Store

    if status is None:
        raise UsageError("say what to retry: --failed or --asked")
    with open_for_reading(db), Store(db) as store:  # a mistyped name is told, and makes no database
        ledger = Ledger(store)
        found = ledger.of(status)
        ledger.put_back(status)
    language, count = choose(lang), sum(map(len, found.values()))
    told = say(language, f"put_back_{status}", count=count) if found else say(language, f"none_{status}")
    click.echo(f"gouji: {told}", err=True)
    worst = 0
    for text, entries in found.items():
        code = _read(Found(entries, Counter()), Options.of(text), db, as_json, lang)
        worst = max(worst, code)
        if code == InterruptError.exit_code:
            break
    return worst
