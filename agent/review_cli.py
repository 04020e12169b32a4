"""The commands about what waits in review."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from agent import desk_cli, output
from agent.errors import UsageError


@click.group(cls=output.WithDefault, default="list")
def review() -> None:
    """List what waits in review, and show it · 待复核的报告。"""


@review.command("list")
@output.DB
@output.FORM
@output.JSON
@output.LANG
def list_waiting(db: Path, form: str | None, as_json: bool, lang: str | None) -> None:
    """List what waits, oldest first · 列出待复核的报告。"""
    from agent.desk.texts import local
    from agent.language import choose, reason, say
    from agent.stored import waiting

    wanted = output.form_named(form).name if form else None
    reports = [report for report in waiting(db) if wanted in (None, report.form)]
    if as_json:
        output.write({"waiting": [asdict(report) for report in reports]})
        return
    language = choose(lang)
    if not reports:
        click.echo(say(language, "nothing_waits"))
        return
    heads = [say(language, head) for head in ("id", "document", "form", "why_head", "problems", "since")]
    rows = [
        [
            str(r.id),
            r.name,
            r.form,
            ", ".join(reason(language, its) for its in r.reasons),
            str(r.findings),
            local(r.opened),
        ]
        for r in reports
    ]
    output.show([output.listing(heads, rows)])


@review.command("show")
@click.argument("id", type=int)
@output.DB
@output.FORM
@output.JSON
@output.LANG
def show(id: int, db: Path, form: str | None, as_json: bool, lang: str | None) -> None:
    """Show one: what is wrong, the source, the readings · 显示一份。

    As it stands now, with the commands that may settle it.
    """
    from agent import decisions, review_told
    from agent.language import choose
    from agent.outcome import NeedsReview
    from agent.stored import by_id, lines

    outcome = by_id(db, id).outcome
    if not isinstance(outcome, NeedsReview):
        raise UsageError(f"run {id} is not in review but {outcome.status}; `gouji show {id}` shows it")
    known = output.form_as(form, outcome.form)
    report = decisions.load(db, id)
    if as_json:
        output.write(review_told.as_json(report))
        return
    source = lines(db, outcome.document.sha256)
    output.show(review_told.plain(report, source, known, choose(lang), output.option(db)))


for command in desk_cli.COMMANDS:
    review.add_command(command)
