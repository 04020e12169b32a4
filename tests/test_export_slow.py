"""Exports of ten thousand reports, opened with the programs that people use, and compared figure by figure."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent import pipeline
from agent.codebook import figure_variables
from agent.document import load
from agent.outcome import Accepted, Figure, Grade
from agent.records import put_accepted
from agent.store import Store
from schemas import load as load_form
from tests.test_export import number

FORM = load_form("ogi-annual-report")
SAMPLE = (Path(__file__).parent.parent / "agent" / "sample" / "qinglan_2023.txt").read_text(encoding="utf-8")
REPORTS = 10_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand reports of some 240 figures each."""
    path = tmp_path_factory.mktemp("many") / "gouji.db"
    chance = Random(1)
    variables = figure_variables(FORM)
    sample = pipeline.extract(SAMPLE, name="a.txt")
    assert isinstance(sample, Accepted)
    grades = dict.fromkeys((variable.name for variable in variables), Grade.PROVED)
    with Store(path) as store, store.transaction() as db:
        for report in range(REPORTS):
            figures = {}
            for variable in variables:
                value: Any = chance.choice((0, 0, 0, None, chance.randrange(10**6)))
                if value is not None and variable.type == "decimal":
                    value = Decimal(value).scaleb(-chance.randrange(7))
                figures[variable.name] = Figure(value, "-" if value is None else str(value), 7, "offline")
            source = load(f"report {report}", name=f"{report}.txt")
            outcome = replace(
                sample,
                document=source.source,
                record={},
                reading=replace(sample.reading, figures=figures),
                grades=grades,
                subject=f"第{report}局",
                period=2019 + report % 6,
            )
            put_accepted(db, store.begin(str(report), source, "offline", None), outcome, store.now())
    return path


def exported(path: Path, out: Path, shape: str) -> int:
    """Export in a process of its own; gives the most memory it held, in MB."""
    code = (
        "from agent.export_cli import command;"
        f"command.main([{str(out)!r}, '--db', {str(path)!r}, '--shape', {shape!r}], standalone_mode=False);"
        "import re, pathlib; print(re.search('VmHWM.*?([0-9]+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) // 1024


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in Linux's unit")
@pytest.mark.parametrize(
    ("format_", "shape", "most"),
    [
        ("csv", "long", 100),
        ("jsonl", "wide", 100),
        ("parquet", "long", 350),
        ("parquet", "wide", 350),
        ("xlsx", "wide", 200),
    ],
)
def test_ten_thousand_reports_arrive_figure_by_figure_in_bounded_memory(
    many: Path, tmp_path: Path, format_: str, shape: str, most: int
) -> None:
    out = tmp_path / f"out.{format_}"

    held = exported(many, out, shape)

    print(f"{format_} {shape}: {held} MB of memory, a file of {out.stat().st_size / 2**20:.0f} MB")
    assert held < most
    assert compared(many, out, format_, shape) == REPORTS * len(figure_variables(FORM))


def compared(path: Path, out: Path, format_: str, shape: str) -> int:
    """How many figures are equal in the database and in the file, as other programs read it; fails at the first not."""
    paths = [variable.name for variable in figure_variables(FORM)]
    equal = 0
    db = sqlite3.connect(path)
    kept = iter(db.execute("select record, path, value from figures order by record, path"))
    for report, name, value in _others(out, format_, shape, paths):
        record, known, text = next(kept)
        assert (report, name) == (record, known)
        assert number(value) == number(text), (report, name)
        equal += 1
    assert next(kept, None) is None
    db.close()
    return equal


def _others(out: Path, format_: str, shape: str, paths: list[str]) -> Iterator[tuple[int, str, Any]]:
    if format_ == "xlsx":
        yield from _by_openpyxl(out, paths)
        return
    import pandas

    duckdb = pytest.importorskip("duckdb")
    table = {"csv": f"read_csv('{out}', all_varchar=true)", "jsonl": f"read_json('{out}')"}.get(format_, f"'{out}'")
    if shape == "long":
        names = ["path", "value"]
        read = pandas.read_csv(out, usecols=names) if format_ == "csv" else pandas.read_parquet(out, columns=names)
        assert len(read) == REPORTS * len(paths)
        found = duckdb.execute(f"select report::int, path, value from {table} order by 1, 2")
        while some := found.fetchmany(50_000):
            yield from some
        return
    columns = ", ".join(f'"{name}"' for name in sorted(paths))
    found = duckdb.execute(f"select report::int, {columns} from {table} order by 1")
    while some := found.fetchmany(500):
        for report, *values in some:
            yield from ((report, name, value) for name, value in zip(sorted(paths), values, strict=True))


def _by_openpyxl(out: Path, paths: list[str]) -> Iterator[tuple[int, str, Any]]:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(out, read_only=True)
    names, *found = book["data"].iter_rows(values_only=True)
    for row in found:
        values = dict(zip_longest(names, row))
        yield from ((values["report"], name, values[name]) for name in sorted(paths))
    book.close()
