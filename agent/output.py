"""How things are printed: JSON for programs, tables for a person."""

from __future__ import annotations

import math
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from schemas.form import Form

DEFAULT = Path("gouji.db")
_NARROWEST = 80
DB = click.option(
    "--db",
    type=click.Path(path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="The database. 数据库文件",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object. 输出一个 JSON 对象")
LANG = click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is told. 输出语言")
FORM = click.option("--form", help="A form by name, or path.py:Name. 报告种类")


class Amount(click.FloatRange):
    """A number above zero that is one: nan and inf bound nothing."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or a refusal."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no number to count with", param, ctx)
        return number


class WithDefault(click.Group):
    """A group that runs its ``default`` command where no other is named."""

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before arguments that name none."""
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else [self._default, *args])


def form_named(name: str | None) -> Form:
    """The form called ``name``. Raises UsageError where there is none."""
    from schemas import FormError, load

    try:
        return load(name)
    except FormError as error:
        raise UsageError(str(error)) from error


def form_told(name: object) -> Form:
    """The form that a record or a database names, which runs no file. Raises UsageError where there is none."""
    from schemas import FormError, own

    try:
        return own(name)
    except FormError as error:
        raise UsageError(str(error)) from error


def form_of(name: str) -> Form | None:
    """The form of a stored outcome; None where it is a user's own."""
    try:
        return form_told(name)
    except UsageError:
        return None


def form_as(asked: str | None, stored: str) -> Form | None:
    """The form of a stored outcome, asked for by name or not. Raises UsageError where it is of another."""
    if asked is None:
        return form_of(stored)
    form = form_named(asked)
    if form.name != stored:
        raise UsageError(f"this report was read as {stored}, not as {form.name}; leave --form out, or name that form")
    return form


def option(db: Path) -> str:
    """How a command says which database, where it must."""
    return "" if db == DEFAULT else f" --db {shlex.quote(str(db))}"


def beside(file: Path, db: Path) -> Path:
    """A file that may be written: not the database or what SQLite keeps beside it, nor a device. Raises UsageError."""
    kept = db.resolve()
    if file.resolve() in {kept.with_name(kept.name + end) for end in ("", "-wal", "-shm", "-journal")}:
        raise UsageError(f"{file} is the database itself; name another file")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is not a regular file; name another file")
    return file


def write(value: object) -> None:
    """Print one JSON object on one line."""
    from agent import serial

    # Bytes: JSON is UTF-8 whatever the terminal's own encoding.
    click.echo(serial.write(value).encode())


def show(parts: Iterable[RenderableType]) -> None:
    """Print tables and words; in a pipe wide enough for the tables of a form."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            """Whose pipe it is ends the command (agent.cli), and not rich with a code that says failed."""
            raise BrokenPipeError

    wide = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Piped(highlight=False, markup=False, emoji=False)
    # Never so narrow that a table would lose its last figures; a terminal wraps what is too long.
    console.width = max(console.width, _NARROWEST) if wide else 120
    for part in parts:
        console.print(part)


def listing(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    """A table of texts that may come from anywhere."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from agent.tables import safe

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=any(heads))
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    return table
