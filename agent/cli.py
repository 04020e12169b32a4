"""The command line: parse, run, tell. The exit code is decided here and nowhere else."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import errors_told, output
from agent.errors import NO_HANDLES, GoujiError, InputError, UsageError
from agent.language import Language, choose, say  # at once: where an error is told, no file may be left to open
from agent.review_cli import review
from agent.terminal import safe

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from agent.outcome import Outcome
    from agent.stored import Stored
    from schemas.form import Form

EXIT_CODES = {"accepted": 0, "review": 3, "not_this_form": 4}
_INTERRUPTED = 130
_NOT_HEARD = 141
"""As a shell tells of a program whose pipe was closed: 0 would say accepted."""
_NO_SUCH_PLACE = frozenset({errno.ENAMETOOLONG, errno.ELOOP})
_LARGEST_RECORD = 10 * 2**20


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter still gets the rest
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; gives its exit code. Errors are one line on stderr, with --json an object on stdout too."""
    try:
        code = gouji.main(list(arguments), prog_name="gouji", standalone_mode=False)
    except GoujiError as error:
        return _failed(type(error).__name__, str(error), error.exit_code, arguments)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and not isinstance(error, click.exceptions.NoArgsIsHelpError):
            return _failed(
                "UsageError", f"{error.format_message()} (see `{_command(error)} --help`)", error.exit_code, arguments
            )
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("gouji: interrupted; run again, it goes on · 已中断，再运行即可继续", err=True)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our pipe went away: nothing is left to say, nor anyone to say it to.
        sys.stdout = None
        return _NOT_HEARD
    except OSError as error:
        if error.errno in NO_HANDLES:
            return _failed("OSError", "too many open files; allow more (ulimit -n) and run again", 1, arguments)
        if error.errno in _NO_SUCH_PLACE:
            return _failed("UsageError", f"{str(error.filename)!r:.80}: {error.strerror}; name another", 2, arguments)
        if error.filename is not None:
            raise
        # A full disk behind `gouji show 1 > file`: what was to be stored is stored.
        sys.stdout = None
        return _failed("OSError", f"standard output cannot be written: {error.strerror}", GoujiError.exit_code, [])
    return code if isinstance(code, int) else 0


def _command(error: click.UsageError) -> str:
    """The command whose help tells what was wrong."""
    return error.ctx.command_path if error.ctx else "gouji"


def _failed(kind: str, message: str, code: int, arguments: Sequence[str]) -> int:
    told = safe(" ".join(message.split()))
    click.echo(f"gouji: {_in_their_language(told, arguments)}", err=True)
    if "--json" in arguments:
        try:
            output.write({"error": {"kind": kind, "message": told, "exit_code": code}})
        except OSError:  # a closed pipe, a full disk: standard error has it
            sys.stdout = None
    return code


def _in_their_language(message: str, arguments: Sequence[str]) -> str:
    spread = [part for argument in arguments for part in argument.split("=", 1)]
    asked = dict(pairwise(spread)).get("--lang")
    return errors_told.told(message, choose(asked))


class _Commands(click.Group):
    """The commands of this package, and those that other packages add by the entry point group ``gouji.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_others().names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in _others().names:
            found = _loaded(cmd_name)
        return found


def _others() -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group="gouji.commands")


def _loaded(name: str) -> click.Command:
    try:
        found = _others()[name].load()
    except ImportError as error:
        why = f"not available: {error}"

        def refuse() -> None:
            raise UsageError(f"{name} is {why}")

        return click.Command(name, callback=refuse, help=why)
    assert isinstance(found, click.Command)
    return found


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"gouji {version('gouji')}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="The version. 版本")
def gouji() -> None:
    """Read figures out of messy reports and keep only what adds up.

    从杂乱的报告中读出数字，只保留勾稽相符的结果。
    """


@gouji.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@output.FORM
@click.option("--reader", type=click.Choice(["offline", "model", "thrifty"]), help="Who reads. 读法")
@click.option("--model", help="The model; also GOUJI_MODEL. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server; also OPENAI_BASE_URL. 模型服务地址")
@output.DB
@click.option("--no-store", is_flag=True, help="Keep nothing. 不存储")
@output.JSON
@click.option("--max-attempts", type=click.IntRange(1), default=3, show_default=True, help="Rounds at most. 最多轮数")
@click.option("--escalate", metavar="MODEL", help="A stronger model for the last rounds. 更强的模型")
@click.option("--budget-tokens", type=click.IntRange(1), help="Tokens the report may take. 词元上限")
@click.option("--budget-seconds", type=output.Amount(), help="Seconds its calls may take. 时间上限")
@output.LANG
def extract(
    file: Path, form: str | None, db: Path, no_store: bool, as_json: bool, lang: str | None, **settings: Any
) -> int:
    """Read one report; FILE - is standard input · 读一份报告。

    Exit code: 0 accepted, 3 in review, 4 not this form.
    """
    from agent import pipeline
    from agent.store import utc

    started, language = utc(), choose(lang)
    source, name = (_stdin(), "stdin") if str(file) == "-" else (file, None)
    outcome = pipeline.extract(source, form=form, store=None if no_store else db, name=name, **settings)
    if settings["reader"] is None and outcome.reader == "offline":
        click.echo(f"gouji: {say(language, 'no_model')}", err=True)
    if as_json:
        return _told_as_json(outcome)
    found = None
    if not no_store:
        from agent.stored import latest

        found = latest(db, outcome.document.sha256, outcome.form)
    return _told(outcome, output.form_as(form, outcome.form), language, [_stored_line(found, db, started, language)])


def _stdin() -> bytes:
    from agent.document import MAX_BYTES

    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"standard input: larger than {MAX_BYTES // 2**20} MiB; split it")
    return data


def _stored_line(found: Stored | None, db: Path, started: str, language: Language) -> str:
    if found is None:
        return say(language, "not_stored")
    if found.finished < started:
        return say(language, "stored_before", path=db, id=found.id, when=found.finished)
    option = "" if db == output.DEFAULT else f" --db {db}"
    more = "" if found.outcome.status != "review" else "　" + say(language, "settle", id=found.id, option=option)
    return say(language, "stored", path=db, id=found.id, option=option) + more


@gouji.command()
@click.argument("record", type=click.Path(path_type=Path, allow_dash=True))
@output.FORM
@output.JSON
@output.LANG
def check(record: Path, form: str | None, as_json: bool, lang: str | None) -> int:
    """Check the sums of a record, without its source · 核对一条记录的勾稽关系。

    RECORD is a JSON file: the public record, or what `gouji extract --json` printed.
    Exit code: 0 every sum holds, 3 one fails or a table has no figure to check.
    """
    from agent import sums

    content = _record(record)
    chosen = _form_of(content, form)
    checked = sums.check(content, chosen)
    if as_json:
        from dataclasses import asdict

        failing = [asdict(finding) for finding in checked.failing]
        told = {"form": chosen.name, "holding": checked.holding, "failing": failing, "missing": checked.missing}
        output.write({**told, "matched_to_source": False})
    else:
        from agent.summary import of_check

        output.show(of_check(checked, chosen, choose(lang)))
    return 3 if checked.failing or checked.missing else 0


def _form_of(content: dict[str, Any], asked: str | None) -> Form:
    """The form asked for, else the one that a record names, else the first."""
    named = content.get("form")
    return output.form_named(asked) if asked or named in (None, "") else output.form_told(named)


def _record(path: Path) -> dict[str, Any]:
    from agent import serial

    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
            data = file.read(_LARGEST_RECORD + 1)  # a pipe does not tell its size before
        if len(data) > _LARGEST_RECORD:
            raise InputError(f"{path}: larger than {_LARGEST_RECORD // 2**20} MiB is no record")
        found = serial.parse(data)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON record: {error}") from error
    if isinstance(found, dict) and isinstance(found.get("record"), dict):
        found = found["record"]
    if not isinstance(found, dict):
        raise InputError(f"{path}: no JSON object; `gouji extract FILE --json` shows a record")
    return found


@gouji.command()
@click.argument("target", metavar="ID|FILE")
@output.DB
@output.FORM
@output.JSON
@output.LANG
def show(target: str, db: Path, form: str | None, as_json: bool, lang: str | None) -> int:
    """Show a stored outcome: by its id, or the last of a file, by its name also where it is gone · 显示已存储的结果。

    Exit code as of extract: 0 accepted, 3 in review, 4 not this form.
    """
    from agent.stored import decided

    found = _found(target, db, output.form_named(form).name if form else None)
    known = output.form_as(form, found.outcome.form)
    if as_json:
        return _told_as_json(found.outcome)
    language = choose(lang)
    more = [_stored_line(found, db, "", language)]
    settled = decided(db, found.id)
    if settled:
        more.append(say(language, "decided", status=settled, id=found.id, option=output.option(db)))
    return _told(found.outcome, known, language, more)


def _found(target: str, db: Path, form: str | None) -> Stored:
    from agent.stored import by_id, by_name, latest

    if target.isdecimal():
        return by_id(db, int(target))
    from agent.document import fingerprint

    try:
        sha256 = fingerprint(Path(target))
    except InputError as error:
        named = by_name(db, target, form) if not os.path.lexists(target) and db.exists() else None
        if named is None:
            raise InputError(f"{error}, nor an outcome of it in {db}; give a run's id, or the file it read") from error
        return named
    found = latest(db, sha256, form)
    if found is None:
        raise UsageError(f"{db} holds no outcome for {target}; read it with `gouji extract {target}`")
    return found


@gouji.group(cls=output.WithDefault, default="show")
def forms() -> None:
    """List the forms; with a NAME, one form's rows, columns and sums · 报告种类。"""


@forms.command("new")
@click.argument("name")
@output.LANG
def new_form(name: str, lang: str | None) -> None:
    """Write NAME.py, a commented form to start from · 新建自己的报告种类。"""
    from agent import forms_cli

    click.echo(forms_cli.written(forms_cli.new(name), choose(lang)))


@forms.command("check")
@click.argument("file")
@click.argument("samples", nargs=-1, type=click.Path(path_type=Path))
@click.option("--model", help="A model to read the samples with; also GOUJI_MODEL. 模型名称")
@click.option("--base-url", help="An OpenAI-compatible server; also OPENAI_BASE_URL. 模型服务地址")
@output.LANG
def check_form(file: str, samples: tuple[Path, ...], model: str | None, base_url: str | None, lang: str | None) -> int:
    """Check a form of your own, and run it on SAMPLES · 检查自己的报告种类并试读样本。

    FILE is path.py (its FORM), path.py:Name or path.toml.
    """
    from agent import forms_cli, pipeline
    from agent.tables import of_form, safe

    form, language = forms_cli.load(file), choose(lang)
    output.show(of_form(form, language))
    plan = pipeline.make_plan(form, model, base_url)
    ends = set()
    for path in samples:
        for line in forms_cli.on_sample(form, path, language):
            click.echo(safe(line))
        if plan.model:
            outcome = pipeline.extract(path, form=form, model=plan.model)
            ends.add(outcome.status)
            for line in forms_cli.told(outcome, language):
                click.echo(safe(line))
    return max((EXIT_CODES[end] for end in ends), default=0)


@forms.command("show")
@click.argument("name", required=False)
@output.JSON
@output.LANG
def show_form(name: str | None, as_json: bool, lang: str | None) -> None:
    """Show one form, or the names of all · 显示一种报告的行、列与勾稽关系。"""
    import schemas
    from agent.tables import form_as_json, of_form

    if name is not None:
        form = output.form_named(name)
        output.write(form_as_json(form)) if as_json else output.show(of_form(form, choose(lang)))
        return
    titles = {known: schemas.load(known).title for known in schemas.forms()}
    output.write(titles) if as_json else output.show([output.listing(["", ""], list(titles.items()))])


gouji.add_command(review)


def _told(outcome: Outcome, form: Form | None, language: Language, more: list[str]) -> int:
    from rich.text import Text

    from agent.summary import plain

    output.show([*plain(outcome, form, language), *map(Text, more)])
    return EXIT_CODES[outcome.status]


def _told_as_json(outcome: Outcome) -> int:
    from agent.summary import as_json

    output.write(as_json(outcome))
    return EXIT_CODES[outcome.status]
