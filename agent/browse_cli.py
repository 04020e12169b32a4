"""The command that opens the database in Datasette."""

from __future__ import annotations

from pathlib import Path

import click

from agent import output
from agent.errors import UsageError


@click.command("browse")
@output.FORM
@output.DB
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any free one unless told. 端口")
@click.option("--open", "open_", is_flag=True, help="Open it in the browser. 在浏览器中打开")
def command(form: str | None, db: Path, port: int, open_: bool) -> None:
    """Open the database in Datasette on this machine, read only · 在浏览器中浏览数据库。"""
    try:
        import datasette  # noqa: F401 - what is missing is told at once

        from agent.desk.serve import listen
    except ImportError as error:
        raise UsageError(f"browsing needs {error.name}: pip install 'gouji[browse]'") from error
    from agent.browse import application
    from agent.stats import only_form
    from agent.store import Store

    if not db.exists():
        raise UsageError(f"there is no database {db}; `gouji extract FILE` makes one, --db names another")
    with Store(db):
        pass  # brings an older database up to date
    name = form or only_form(db)
    wanted = output.form_named(form) if form else output.form_told(name) if name else None

    def opened(address: str) -> None:
        click.echo(address)
        if open_:
            click.launch(address)

    listen(lambda key: application(db, wanted, key), port, opened)
