"""The command that looks at what this installation stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent import output

if TYPE_CHECKING:
    from agent.doctor_packages import Line
    from agent.language import Language

_BROKEN = 3
_MARKS = {"ok": "✓", "absent": "·", "warning": "!", "broken": "✗"}


@click.command("doctor")
@click.option("--model", help="The model; also GOUJI_MODEL. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server; also OPENAI_BASE_URL. 模型服务地址")
@click.option("--ask", is_flag=True, help="Ask the model one small question, a paid call. 向模型提一个小问题（付费）")
@output.DB
@output.JSON
@output.LANG
def command(model: str | None, base_url: str | None, ask: bool, db: Path, as_json: bool, lang: str | None) -> int:
    """Look at what gouji stands on: packages, database, disk, model · 检查运行环境。

    No key is shown and no database changed. Exit code: 0 all of it works, 3 something is broken.
    """
    from agent.doctor_texts import say
    from agent.language import choose

    language: Language = "en" if as_json else choose(lang)
    lines = list(_looked(db, model, base_url, ask, language))
    broken = [line.name for line in lines if line.state == "broken"]
    if as_json:
        output.write({"broken": broken, "checks": [asdict(line) for line in lines]})
    else:
        for line in lines:
            _tell(line, language)
        names = ", ".join(_named(name, language) for name in broken)
        fine = "all_well" if all(line.state != "warning" for line in lines) else "well_but"
        click.echo(say(language, "broken", names=names) if broken else say(language, fine))
    return _BROKEN if broken else 0


def _looked(db: Path, name: str | None, base_url: str | None, ask: bool, language: Language) -> Iterator[Line]:
    from agent import doctor, doctor_packages

    yield from doctor_packages.packages(language)
    yield doctor.libreoffice(language)
    yield from doctor_packages.sqlite(language)
    yield doctor.database(db, language)
    yield doctor.journal(db, language)
    yield doctor.disk(db, language)
    yield doctor.weights(language)
    line, settings = doctor.model(name, base_url, language)
    yield line
    if ask:
        yield doctor.ask(settings, language)


def _tell(line: Line, language: Language) -> None:
    from agent.terminal import safe

    colon = ": " if language == "en" else "："
    click.echo(safe(f"{_MARKS[line.state]} {_named(line.name, language)}{colon}{line.found}"))
    if line.way_out:
        click.echo(safe(f"  → {line.way_out}"))


def _named(name: str, language: Language) -> str:
    from agent.doctor_texts import say

    kind, _, extra = name.partition(" ")
    return say(language, kind, extra=extra)
