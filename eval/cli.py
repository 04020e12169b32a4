"""``gouji eval``: measure a reader over cases, compare two runs, make the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from agent import output


class _DefaultCommand(click.Group):
    """A group whose first command need not be named: ``gouji eval FOLDER`` is ``gouji eval run FOLDER``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["run", *args]
        return super().parse_args(ctx, args)


_DB = click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("gouji-eval.db"),
    show_default=True,
    help="Where results are kept. 结果数据库",
)


@click.group("eval", cls=_DefaultCommand)
def command() -> None:
    """评测: measure how good reading is, over cases whose truth is known.

    `gouji eval [FOLDER]` is `gouji eval run [FOLDER]`; see `gouji eval run --help` for its options.
    """


@command.command("run")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--form", help="The form of cases that name none. 报告种类")
@click.option("--reader", type=click.Choice(["offline", "model", "thrifty"]), help="Who reads. 读法")
@click.option("--arm", "arms", multiple=True, metavar="ARM", help="One arm, again for more, or `all`. 对照组")
@click.option("--model", help="The model; `simulated` answers from the truth. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server. 模型服务地址")
@click.option("--fault-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of faulty simulated answers.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulated faults. 随机种子")
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Times each case is read.")
@click.option("--max-attempts", type=click.IntRange(1), default=3, show_default=True, help="Rounds at most. 最多轮数")
@click.option("--concurrency", type=click.IntRange(1), default=2, show_default=True, help="Cases at a time. 并发")
@click.option(
    "--answers",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the model's answers in this file, and ask nothing twice that is in it. 保存并重用模型的回答",
)
@click.option("--fail-on", type=click.Choice(["accepted-wrong"]), help="Exit 3 where one was accepted wrong.")
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), help="Exit 3 where worse than this JSON.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--markdown", is_flag=True, help="The rates as a Markdown table on stdout.")
@_DB
@output.LANG
def run_command(**options: Any) -> int:
    """Read every case of FOLDER (NAME.txt with NAME.json; without FOLDER: the gold fixtures) and count.

    评测一个文件夹中的全部案例。An interrupted run goes on where it stopped.
    """
    from eval import evaluation

    return evaluation.run(evaluation.Options(**options))


@command.command()
@click.argument("before")
@click.argument("after")
@_DB
@output.LANG
def compare(before: str, after: str, db: Path, lang: str | None) -> int:
    """Show which cases changed sides between two runs (their numbers, or `last`) · 比较两次评测."""
    from eval import evaluation

    return evaluation.compare(db, before, after, lang)


@command.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("eval.html"), show_default=True)
@_DB
@output.LANG
def page(runs: tuple[str, ...], out: Path, db: Path, lang: str | None) -> int:
    """Write one self-contained HTML page about RUNS (numbers, or `last`) · 生成网页."""
    from eval import evaluation

    return evaluation.page(db, runs, out, lang)
