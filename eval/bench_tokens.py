"""What a report costs in tokens: the wire form against a naive nested schema, a repair against a full re-ask.

    python -m eval.bench_tokens [FILE]

The answers are those of a model that reads everything right (and then one cell wrong), sent through
the real openai and instructor over a server on 127.0.0.1. Tokens are counted as o200k.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, create_model, model_validator

from agent.document import Document, load
from agent.evidence import Evidence, gather
from agent.extraction import PROSE, questions, repair_question
from agent.model import Model, ModelSettings, Question
from eval.oracle import Oracle
from eval.server import Body, Server
from eval.tokens import count
from schemas import Form, Grid, Row, load as load_form

_SHARED = Path(__file__).parent.parent.parent / "shared" / "reports" / "real_huaian_2024_cells.txt"
_SAMPLE = Path(__file__).parent.parent / "agent" / "sample"
_NAIVE = "Extract the tables and the other fields from this report, exactly as printed."


@dataclass(frozen=True)
class Cost:
    """Tokens of one way of asking. ``re_ask``: input of the call that asks again about one wrong cell."""

    way: str
    input: int
    output: int
    re_ask: int


@dataclass(frozen=True)
class Report:
    """A report with its truth and one of its rows."""

    document: Document
    form: Form
    evidence: Evidence
    oracle: Oracle

    @property
    def row(self) -> tuple[Grid, Row]:
        """The first row with a figure in it that a sum covers: the one that is misread."""
        for found in filter(None, self.evidence.tables.values()):
            covered = {path for equation in self.form.equations(found.grid) for path in equation.paths}
            for row in found.grid.rows:
                if covered.intersection(found.grid.paths(row)) and self.oracle.value(found.grid.paths(row)[0]):
                    return found.grid, row
        raise SystemExit("no row of this report is covered by a sum")

    @property
    def failed(self) -> list[str]:
        """The sums that fail when the first cell of that row is misread."""
        grid, row = self.row
        wrong = grid.paths(row)[0]
        return [equation.name for equation in self.form.equations(grid) if wrong in equation.paths]


def report(path: Path) -> Report:
    """A report; its truth is the JSON beside it, else what the offline reader finds."""
    document, form = load(path), load_form()
    beside = path.with_suffix(".json")
    if beside.exists():
        record = json.loads(beside.read_text(encoding="utf-8"), parse_float=Decimal)["record"]
    else:
        from agent import extract

        record = getattr(extract(path, reader="offline"), "record", {})
    return Report(document, form, gather(document, form), Oracle(record, form, document))


def size(body: Body) -> int:
    """Input tokens of a request: what is said, and the schema it must answer by."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", "")
    return sum(count(str(said["content"])) for said in body["messages"]) + count(json.dumps(schema, ensure_ascii=False))


def gouji(told: Report) -> Cost:
    """Our questions and our repair."""
    asked = questions(told.document, told.form, told.evidence.section_lines(), ModelSettings("counted").profile)
    grid, row = told.row
    place = told.evidence.place(grid.paths(row)[0])
    lines = place.lines if place else (1,)
    repair = repair_question(told.form, told.document, grid, [row], lines, told.failed)

    async def run(server: Server) -> None:
        model = Model(ModelSettings("counted", server.base_url))
        for question in (*asked, repair):
            await model.ask(question)
        await model.close()

    with Server(told.oracle) as server:
        asyncio.run(run(server))
        *whole, again = server.seen
    outputs = [count(told.oracle(seen.body)) for seen in whole]
    return Cost(
        "gouji: wire form, repair of the row", sum(size(seen.body) for seen in whole), sum(outputs), size(again.body)
    )


def wire_re_ask(told: Report) -> int:
    """Input of instructor's own re-ask about the tables in our wire form."""
    asked = questions(told.document, told.form, told.evidence.section_lines(), ModelSettings("counted").profile)
    tables = next(question for question in asked if question.name != PROSE)
    return _instructor(told, tables, told.oracle)


def naive(told: Report) -> Cost:
    """One nested schema with a field a cell, the whole text, instructor's own re-ask."""
    grids = [found.grid for found in told.evidence.tables.values() if found]
    shapes: dict[str, Any] = {grid.id: (_nested(grid), ...) for grid in grids}
    if told.form.record is not None:
        shapes |= {name: (its.annotation, its) for name, its in told.form.record.model_fields.items()}
    answer = create_model("Report", **shapes)
    truth: dict[str, Any] = {grid.id: {} for grid in grids}
    for path in (path for grid in grids for path in grid.all_paths()):
        table, row, column = path.split(".")
        truth[table].setdefault(row, {})[column] = told.oracle.value(path)
    prose = {field.id: told.oracle.record[field.id] for field in told.form.fields if told.oracle.record.get(field.id)}
    text = json.dumps(truth | prose, ensure_ascii=False, default=float, separators=(",", ":"))
    question = Question("naive", _NAIVE, told.document.text, answer)
    schema = json.dumps(answer.model_json_schema(), ensure_ascii=False)
    first = count(_NAIVE) + count(told.document.text) + count(schema)
    return Cost("naive: a field a cell, full re-ask", first, count(text), _instructor(told, question, lambda _: text))


def _nested(grid: Grid) -> type[BaseModel]:
    rows: dict[str, dict[str, Any]] = {}
    for path, kind in grid.kinds().items():
        _, row, column = path.split(".")
        rows.setdefault(row, {})[column] = (float | None if kind == "amount" else int | None, ...)
    # Rows of the same cells share a definition, as anybody would write them.
    shared: dict[tuple[str, ...], Any] = {}
    for cells in rows.values():
        shared.setdefault(tuple(cells), create_model(f"{grid.id}_row{len(shared)}", **cells))
    nested: dict[str, Any] = {row: (shared[tuple(cells)], ...) for row, cells in rows.items()}
    return create_model(grid.id, **nested)


def _instructor(told: Report, question: Question, answer: Any) -> int:
    """Input tokens of the second call, where the first answer's sums fail once."""
    import instructor
    from openai import AsyncOpenAI

    complained: list[bool] = []

    def sums(self: Any) -> Any:
        if not complained:
            complained.append(True)
            raise ValueError("; ".join(f"{name} does not hold" for name in told.failed))
        return self

    checked: Any = {"sums": model_validator(mode="after")(sums)}
    shape = create_model(question.answer.__name__, __base__=question.answer, __validators__=checked)

    async def run(server: Server) -> None:
        messages: Any = [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}]
        async with AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
            ask: Any = instructor.patch(create=client.chat.completions.create, mode=instructor.Mode.JSON_SCHEMA)
            await ask(model="counted", response_model=shape, max_retries=1, strict=False, messages=messages)

    with Server(answer) as server:
        asyncio.run(run(server))
        return size(server.seen[1].body)


def default() -> Path:
    """A real report where they are at hand, else the project's own sample."""
    if _SHARED.exists():
        return _SHARED
    return next(path for path in sorted(_SAMPLE.iterdir()) if path.suffix == ".txt")


def table(told: Report) -> str:
    """The figures of a report, as text."""
    own, other, wire = gouji(told), naive(told), wire_re_ask(told)
    figures: Mapping[str, tuple[int, int]] = {
        "input, whole report": (own.input, other.input),
        "output, whole report": (own.output, other.output),
        "input of asking again, one wrong cell": (own.re_ask, other.re_ask),
    }
    lines = [f"{told.document.name}: tokens (o200k)", f"{'':42}{'gouji':>8}{'naive':>8}{'ratio':>8}"]
    lines += [f"{name:42}{ours:8,}{theirs:8,}{ours / theirs:8.0%}" for name, (ours, theirs) in figures.items()]
    lines.append(f"{'the same, instructor over the wire form':42}{own.re_ask:8,}{wire:8,}{own.re_ask / wire:8.0%}")
    return "\n".join(lines)


def main() -> None:
    """Print the figures for the file named, or for the one at hand."""
    sys.stdout.write(table(report(Path(sys.argv[1]) if len(sys.argv) > 1 else default())) + "\n")


if __name__ == "__main__":
    main()
