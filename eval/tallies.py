"""A small form, its reports and a model that reads them: for batches measured where reading must cost little."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

from eval.server import Body
from schemas.form import Column, ColumnSum, Form, Grid, Row, RowSum, Section

FORM_NAME = f"{__file__}:FORM"

_COLUMNS = (
    Column("morning", ("morning",)),
    Column("evening", ("evening",)),
    Column("total", ("total",)),
)
_SOLD = Grid(
    id="sold",
    section="sold",
    rows=(
        Row("apples", ("Apples sold",), _COLUMNS),
        Row("pears", ("Pears sold",), _COLUMNS),
        Row("all", ("All fruit sold",), _COLUMNS),
    ),
)
FORM = Form(
    name="fruit-stall",
    title="Tally of a fruit stall",
    titles=(r"(?i)tally of a fruit stall",),
    sections=(Section("sold", ("What was sold",), ("Apples sold",)),),
    tables={"sold": (_SOLD,)},
    identities=(
        RowSum("sold", ("morning", "evening"), "total", "morning + evening = total"),
        ColumnSum("sold", ("apples", "pears"), "all", "fruit by fruit = all"),
    ),
)

_LINE = re.compile(r"^(\d+)\|(Apples|Pears|All fruit) sold\t(\d+)\t(\d+)\t(\d+)$", re.MULTILINE)
_NUMBERS = {"Apples": 1, "Pears": 2, "All fruit": 3}


def tally(number: int, *, wrong: bool = False) -> str:
    """The report of one stall. A ``wrong`` one was printed with a sum that fails."""
    draw = Random(number)  # noqa: S311 - reports, not secrets
    apples, pears = ((draw.randint(0, 99), draw.randint(0, 99)) for _ in range(2))
    everything = (apples[0] + pears[0], apples[1] + pears[1] + wrong)
    rows = (("Apples", *apples), ("Pears", *pears), ("All fruit", *everything))
    lines = "".join(f"{name} sold\t{a}\t{b}\t{a + b}\n" for name, a, b in rows)
    return f"Tally of a fruit stall, number {number}\nWhat was sold\nFruit\tmorning\tevening\ttotal\n{lines}"


def write(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    """So many reports in a folder; every tenth does not add up."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"stall_{number:06}.txt" for number in range(first, first + count)]
    for number, path in enumerate(paths, first):
        path.write_text(tally(number, wrong=number % 10 == 9), encoding="utf-8")
    return paths


def answer(body: Body) -> str:
    """What a careful model says to the question in a request: every row as it is printed."""
    prompt = str(body["messages"][1]["content"])
    rows = [f"{_NUMBERS[name]}@{line} {a} {b} {total}" for line, name, a, b, total in _LINE.findall(prompt)]
    return json.dumps({"sold": "\n".join(rows)})
