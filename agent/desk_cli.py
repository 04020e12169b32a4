"""Commands for reviewers: the desk in a browser, and the same decisions in a terminal."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import output
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.desk.desk import Desk
    from agent.language import Language
    from agent.review import Review

_REVIEWER = click.option(
    "--reviewer", metavar="NAME", help="Who decides; also GOUJI_REVIEWER; else your user name. 复核人"
)
_NOTE = click.option("--note", default="", help="Why; kept with the decision. 说明")
_ID = click.argument("id", type=int)


def _desk(db: Path, reviewer: str | None, form: str | None = None, **given: Any) -> Desk:
    """What a decision needs; the store is opened, and must exist."""
    from agent.desk.desk import Desk
    from agent.review import reviewer as called
    from agent.store import Store

    if not db.exists():
        raise UsageError(f"there is no database {db}; `gouji extract FILE` makes one, --db names another")
    name = reviewer or os.environ.get("GOUJI_REVIEWER") or getpass.getuser()
    return Desk(Store(db), called(name), form=output.form_named(form) if form else None, **given)


@contextmanager
def _in_words(lang: str | None) -> Iterator[None]:
    """What a reviewer may not do is told in the reviewer's language."""
    from agent.language import choose
    from agent.review import RefusedError

    try:
        yield
    except RefusedError as error:
        raise UsageError(error.told(choose(lang))) from error


@click.command()
@output.DB
@_REVIEWER
@output.FORM
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any free one unless told. 端口")
@click.option("--open", "open_", is_flag=True, help="Open it in the browser. 在浏览器中打开")
@click.option("--model", help="The model to ask again; also GOUJI_MODEL. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server; also OPENAI_BASE_URL. 模型服务地址")
@output.LANG
def serve(
    db: Path, reviewer: str | None, form: str | None, port: int, open_: bool,
    model: str | None, base_url: str | None, lang: str | None,
) -> None:  # fmt: skip
    """Open the review desk on this machine (127.0.0.1) · 在本机打开复核台。"""
    try:
        from agent.desk.serve import serve as run
    except ImportError as error:
        raise UsageError(f"the desk needs {error.name}: pip install 'gouji[desk]'") from error
    from agent.desk.texts import text
    from agent.language import choose
    from agent.settings import settings

    language = choose(lang)
    desk = _desk(db, reviewer, form, language=language, model=settings(model, base_url))

    def opened(address: str) -> None:
        click.echo(f"{text(language, 'desk')}: {address}")
        if open_:
            click.launch(address)

    with desk.store:
        run(desk, port, opened)


@click.command()
@_ID
@click.argument("figures", nargs=-1, required=True, metavar="PATH=VALUE...")
@output.DB
@_REVIEWER
@_NOTE
@output.FORM
@output.LANG
def correct(
    id: int, figures: tuple[str, ...], db: Path, reviewer: str | None, note: str, form: str | None, lang: str | None
) -> int:
    """Correct figures, and see what the checks say · 更正数字，立即核对。

    PATH is table.row.column, as `gouji forms NAME` lists them and `gouji review show ID` names one:
    table3.received.total=21. An empty VALUE is a blank.
    Exit code: 0 nothing is wrong any more, 3 something still is.
    """
    typed = {}
    for figure in figures:
        path, equals, value = figure.partition("=")
        if not equals:
            raise UsageError(f"{figure!r} is no PATH=VALUE, such as table3.received.total=21")
        typed[path.strip()] = value
    with (desk := _desk(db, reviewer, form)).store, _in_words(lang):
        desk.correct(desk.review(id), typed, note)
        return _told(desk, desk.review(id), lang)


@click.command()
@_ID
@output.DB
@_REVIEWER
@_NOTE
@output.FORM
@click.option("--as-published", is_flag=True, help="The report itself does not add up: keep it so, marked. 照原样接受")
@output.LANG
def accept(
    id: int, db: Path, reviewer: str | None, note: str, form: str | None, as_published: bool, lang: str | None
) -> None:
    """Store the record, marked by what it rests on · 接受：存入记录。

    A report whose own sums fail is accepted with --as-published only; a figure that differs from its place
    in the source needs a --note that says why.
    """
    with (desk := _desk(db, reviewer, form)).store, _in_words(lang):
        desk.accept(desk.review(id), as_published=as_published, note=note)
        _done(desk.review(id), lang)


@click.command()
@_ID
@output.DB
@_REVIEWER
@_NOTE
@output.LANG
def reject(id: int, db: Path, reviewer: str | None, note: str, lang: str | None) -> None:
    """Close the report without a record · 退回：不存入记录。"""
    from agent import decisions

    with (desk := _desk(db, reviewer)).store, _in_words(lang):
        decisions.reject(desk.store, desk.review(id), desk.by, note)
        _done(desk.review(id), lang)


@click.command()
@_ID
@output.DB
@_REVIEWER
@_NOTE
@output.LANG
def undo(id: int, db: Path, reviewer: str | None, note: str, lang: str | None) -> None:
    """Take back the last decision about a report · 撤销上一次处理。"""
    from agent import decisions

    with (desk := _desk(db, reviewer)).store, _in_words(lang):
        decisions.undo(desk.store, desk.review(id), desk.by, note)
        _done(desk.review(id), lang)


@click.command()
@_ID
@output.DB
@_REVIEWER
@_NOTE
@output.FORM
@click.option("--model", help="The model; also GOUJI_MODEL. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server; also OPENAI_BASE_URL. 模型服务地址")
@output.LANG
def retry(
    id: int, db: Path, reviewer: str | None, note: str, form: str | None,
    model: str | None, base_url: str | None, lang: str | None,
) -> int:  # fmt: skip
    """Ask the model to read the report again · 再问模型。

    Exit code as of extract: 0 accepted, 3 in review, 4 not this form.
    """
    import asyncio

    from agent.desk.texts import text
    from agent.language import choose, say
    from agent.settings import settings
    from agent.stored import by_id

    language = choose(lang)
    with (desk := _desk(db, reviewer, form, model=settings(model, base_url))).store, _in_words(lang):
        again = asyncio.run(desk.ask_again(desk.review(id), note))
    outcome = by_id(db, again).outcome
    click.echo(text(language, "read_again", id=again, status=say(language, outcome.status)))
    return {"accepted": 0, "review": 3}.get(outcome.status, 4)


@click.command()
@_ID
@output.DB
@output.JSON
@output.LANG
def history(id: int, db: Path, as_json: bool, lang: str | None) -> None:
    """Show who decided what, when and why · 处理经过。"""
    from dataclasses import asdict

    from agent import decisions
    from agent.desk.texts import by, local, text
    from agent.language import choose

    language = choose(lang)
    review = decisions.load(db, id)
    if as_json:
        output.write({"id": id, "history": [asdict(decision) for decision in review.history]})
        return
    undone = {decision.undoes for decision in review.history}
    rows = [
        [
            local(decision.at),
            by(decision.by, language),
            text(language, f"kind_{decision.kind}") + (text(language, "undone") if decision.id in undone else ""),
            "; ".join(f"{path}: {before} → {after}" for path, (before, after) in (decision.cells or {}).items()),
            decision.note,
        ]
        for decision in review.history
    ]
    output.show([output.listing(["", "", "", "", ""], rows)])


def _told(desk: Desk, review: Review, lang: str | None) -> int:
    """What the checks say of a report now; its exit code."""
    from agent import review as reviews, review_told
    from agent.language import choose

    lines = desk.document(review).lines
    output.show(review_told.plain(review, lines, desk.form_of(review), choose(lang), output.option(desk.path)))
    return 3 if reviews.hindrances(review.current) else 0


def _done(review: Review, lang: str | None) -> None:
    from agent.desk.texts import text
    from agent.desk.views import title
    from agent.language import choose
    from agent.tables import safe

    language: Language = choose(lang)
    click.echo(safe(text(language, f"done_{review.history[-1].kind}", title=title(review))))


COMMANDS = (serve, correct, accept, reject, undo, retry, history)
