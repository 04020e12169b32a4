"""The local model measured on this machine: ``python -m eval.bench_live [--repeat N] [--json]``.

Time to ready, time to the first token, tokens per second of prompt and answer, memory. The prompt is a
question about rows as gouji asks it; figures are its own invention. Other processes on the machine show
in the spread between the slowest and the fastest of the repeats.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from statistics import median
from typing import Any

import click

from agent.errors import UsageError
from agent.local import serve, weights_file

_ROWS = 8
_CELLS = "ABCDEFG"


@dataclass(frozen=True)
class Asked:
    """One question: seconds to its first token and to its end, and the server's own counters."""

    first_seconds: float
    seconds: float
    prompt_tokens: int
    answer_tokens: int
    prompt_per_second: float
    answer_per_second: float
    rows_right: int


@dataclass(frozen=True)
class Bench:
    """All questions, the server's start and its highest memory."""

    machine: str
    ready_seconds: float
    memory_mib: int
    asked: tuple[Asked, ...]


def measure(spec: str, repeat: int) -> Bench:
    """The figures of one server start and ``repeat`` questions, each about other rows."""
    began = time.perf_counter()
    with serve(spec) as base_url:
        ready = time.perf_counter() - began
        asked = tuple(_ask(base_url, seed) for seed in range(repeat))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    memory = peak // (2**20 if sys.platform == "darwin" else 2**10)
    return Bench(f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}", ready, memory, asked)


def _ask(base_url: str, seed: int) -> Asked:
    from openai import OpenAI

    rows = dict(_rows(seed))
    shape = {"type": "string", "pattern": "^" + " ".join(f"{cell}=[0-9]+" for cell in _CELLS) + "$"}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": list(rows),
        "properties": dict.fromkeys(rows, shape),
    }
    shown = "\n".join(f"{name} kind {seed}.{number}\n{cells}" for number, (name, cells) in enumerate(rows.items()))
    messages: Any = [{"role": "user", "content": f"Copy the cells of each row as printed.\n\n{shown}"}]
    client = OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=1800)
    began, first, text, last = time.perf_counter(), 0.0, "", None
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "rows", "strict": True, "schema": schema}}
    for chunk in client.chat.completions.create(
        model="local", messages=messages, response_format=wanted, temperature=0, max_tokens=1024, stream=True
    ):
        if chunk.choices and chunk.choices[0].delta.content:
            first = first or time.perf_counter() - began
            text += chunk.choices[0].delta.content
        last = chunk
    assert last is not None
    counted = last.model_dump()["timings"]
    said = json.loads(text)
    return Asked(
        first,
        time.perf_counter() - began,
        counted["prompt_n"],
        counted["predicted_n"],
        counted["prompt_per_second"],
        counted["predicted_per_second"],
        sum(said.get(name) == cells for name, cells in rows.items()),
    )


def _rows(seed: int) -> Iterator[tuple[str, str]]:
    draw = Random(seed)  # noqa: S311 - figures, not secrets
    for number in range(1, _ROWS + 1):
        parts = [draw.choice((0, 0, 1, 7, 34, 215)) for _ in _CELLS[:-1]]
        figures = [*parts, sum(parts)]
        yield f"row{number}", " ".join(f"{cell}={figure}" for cell, figure in zip(_CELLS, figures, strict=True))


def told(bench: Bench) -> str:
    """The figures as lines for a person: the median, the spread in brackets."""

    def spread(values: Sequence[float]) -> str:
        return f"{median(values):.1f} ({min(values):.1f}-{max(values):.1f})"

    asked = bench.asked
    right = sum(one.rows_right for one in asked)
    return "\n".join(
        (
            bench.machine,
            f"ready after {bench.ready_seconds:.1f} s, highest memory {bench.memory_mib} MiB",
            f"first token after {spread([one.first_seconds for one in asked])} s",
            f"prompt {spread([one.prompt_per_second for one in asked])} tokens a second",
            f"answer {spread([one.answer_per_second for one in asked])} tokens a second",
            f"a question of {_ROWS} rows {spread([one.seconds for one in asked])} s",
            f"rows right {right} of {_ROWS * len(asked)}",
        )
    )


@click.command(help="Measure the local model on this machine.")
@click.option("--model", "spec", default="local", show_default=True)
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(spec: str, repeat: int, as_json: bool) -> None:
    """Measure and tell; where the weights are absent, say so and leave."""
    try:
        weights_file(spec)
    except UsageError as error:
        click.echo(f"skipped: {error}", err=True)
        return
    bench = measure(spec, repeat)
    click.echo(json.dumps(asdict(bench), indent=2) if as_json else told(bench))


if __name__ == "__main__":
    main()
