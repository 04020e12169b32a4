"""The command that takes out of a damaged database what can still be read."""

from __future__ import annotations

from pathlib import Path

import click

from agent import output

_TEXTS = {
    "whole": ("{new}：全部取出", "{new}: all of it was taken out"),
    "damaged": ("已损坏、未取出", "damaged and left out"),
    "torn": ("有一部分无法读出：{tables}", "A part could not be read at all: {tables}"),
    "next": (
        "{old} 原样未动。接着用原来的命令加 --db {new}：缺的重读，已付费的回答直接取用。",
        "{old} was left as it is. Go on with the commands you used and --db {new}: what is missing is read again, "
        "answers that were paid for are used.",
    ),
}


@click.command("recover")
@click.argument("damaged", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@output.JSON
@output.LANG
def command(damaged: Path, new: Path, as_json: bool, lang: str | None) -> int:
    """Take out of a DAMAGED database what can still be read, into a NEW one · 从损坏的数据库中取出仍可读的内容。

    Exit code: 0 all of it, 3 not all.
    """
    from agent import recover
    from agent.language import choose
    from agent.terminal import safe

    found, english = recover.recover(damaged, new), choose(lang) == "en"
    if as_json:
        output.write(recover.as_json(found))
        return 0 if found.whole else 3
    rows = [[table, str(count), str(found.damaged[table] or "")] for table, count in found.taken.items()]
    output.show([output.listing(["", "", _TEXTS["damaged"][english] if found.damaged else ""], rows)])
    if found.whole:
        click.echo(safe(_TEXTS["whole"][english].format(new=new)))
    if found.torn:
        click.echo(_TEXTS["torn"][english].format(tables=", ".join(sorted(found.torn))))
    click.echo(safe(_TEXTS["next"][english].format(old=damaged, new=new)))
    return 0 if found.whole else 3
