"""The command that takes accepted figures to where people work."""

from __future__ import annotations

from pathlib import Path

import click

from agent import output
from agent.errors import UsageError

_FORMATS = ("csv", "xlsx", "parquet", "jsonl")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "format_", type=click.Choice(_FORMATS), help="As FILE ends unless told. 格式")
@click.option(
    "--shape",
    type=click.Choice(["long", "wide"]),
    default="long",
    show_default=True,
    help="A row a figure, or a row a report. 每个数字一行，或每份报告一行",
)
@click.option("--all", "everything", is_flag=True, help="Also what waits in review, marked so. 连同待复核的")
@output.FORM
@output.DB
@output.LANG
def command(
    file: Path, format_: str | None, shape: str, everything: bool, form: str | None, db: Path, lang: str | None
) -> None:
    """Write accepted figures to FILE, with a codebook · 导出已接受的数字，附数据说明。"""
    from agent.export import export, form_of
    from agent.language import choose

    chosen = format_ or file.suffix.lstrip(".").lower()
    if chosen not in _FORMATS:
        raise UsageError(f"{file}: say how to write it with --format {'|'.join(_FORMATS)}")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.parent}")
    wanted = output.form_named(form) if form else output.form_told(form_of(db))
    done = export(db, wanted, file, chosen, shape, everything=everything)  # type: ignore[arg-type]
    told = ("{rows} 行写入 {file}；数据说明：{book}", "{rows} rows written to {file}; codebook: {book}")
    english = choose(lang) == "en"
    click.echo(told[english].format(rows=done.rows, file=file, book=done.codebook))
