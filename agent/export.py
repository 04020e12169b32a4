"""Accepted figures as tables for other programs: a row a figure, or a row a report, as a stream."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from agent import decisions, serial
from agent.codebook import (
    Shape,
    Variable,
    codebook,
    figure_variables,
    long_variables,
    own_variables,
    parts,
    prose_variables,
    wide_variables,
)
from agent.database import open_for_reading
from agent.errors import StoreError, UsageError
from agent.outcome import TRUSTED, Grade, Number
from agent.output import beside
from agent.writers import WRITERS, Format, Write, whole, write_csv, write_parquet, write_workbook
from schemas.form import Form

_STANDS = TRUSTED | {Grade.ATTESTED, Grade.PUBLISHED}
_IN_REVIEW = "in_review"
_SHA256 = [variable.name for variable in long_variables()].index("sha256")
_CODEBOOK = tuple(Variable(field.name, "text", "", "") for field in fields(Variable))


@dataclass(frozen=True)
class Figure:
    """One figure of an export."""

    path: str
    value: Number | None
    printed: str
    grade: str
    line: int | None
    read_by: str


@dataclass(frozen=True)
class Report:
    """One report of an export: what is said of it, its prose, its figures by path, the user's own columns."""

    about: tuple[Any, ...]
    prose: Mapping[str, Any]
    figures: tuple[Figure, ...]
    own: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Exported:
    """What was written: how many rows, and where their codebook is."""

    rows: int
    codebook: Path


def export(
    database: Path, form: Form, out: Path, format: Format, shape: Shape, *, everything: bool = False
) -> Exported:
    """Write the accepted reports of a form to a file, and a codebook beside it (in it, for Excel).

    ``everything``: also what waits in review, marked so. The file appears whole or not at all.
    Raises UsageError where one of the two is the database itself.
    """
    book_file = out if format == "xlsx" else out.with_name(f"{out.stem}.codebook.csv")
    for file in (out, book_file):
        beside(file, database)
    with open_for_reading(database) as db:
        db.execute("begin")  # one moment in time, whatever is written meanwhile
        names = _own_names(db, form)
        found = _with_own(db, reports(db, database, form, everything=everything), names)
        rows = long_rows(found) if shape == "long" else wide_rows(found, form)
        own = own_variables(names)
        variables = (*(long_variables() if shape == "long" else wide_variables(form)), *own)
        book = [astuple(variable) for variable in (*codebook(form, shape), *own)]
        if format == "xlsx":
            with whole(out) as part:
                counts = write_workbook(part, {"data": (variables, rows), "codebook": (_CODEBOOK, book)})
            return Exported(counts["data"], out)
        write: Write = WRITERS[format]
        if format == "parquet":
            write = partial(write_parquet, scale=_places(db, form))
        with whole(out) as part:
            count = write(part, variables, rows)
            with whole(book_file) as book_part:
                write_csv(book_part, _CODEBOOK, book)
    return Exported(count, book_file)


def form_of(database: Path) -> str:
    """The form of the records in a database, where they are of one. Raises UsageError where they are not."""
    with open_for_reading(database) as db:
        names = [name for (name,) in db.execute("select distinct form from records order by form")]
    if len(names) != 1:
        told = f"holds records of {', '.join(names)}; name one with --form" if names else "holds no accepted record yet"
        raise UsageError(f"{database} {told}")
    return str(names[0])


def reports(db: sqlite3.Connection, database: Path, form: Form, *, everything: bool = False) -> Iterator[Report]:
    """The accepted reports of a form one after the other; with ``everything`` also those in review."""
    yield from _accepted(db, form)
    if everything:
        yield from _waiting(db, database, form)


def _own_names(db: sqlite3.Connection, form: Form) -> list[str]:
    """The columns that manifests brought for documents of the form, in the order of their first appearance."""
    rows = db.execute(
        "select columns from origins where columns <> '{}' and document in (select document from runs where form = ?)",
        (form.name,),
    )
    return list(dict.fromkeys(name for (columns,) in rows for name in serial.parse(columns)))


def _with_own(db: sqlite3.Connection, found: Iterable[Report], names: Sequence[str]) -> Iterator[Report]:
    for report in found:
        if not names:
            yield report
            continue
        rows = db.execute("select columns from origins where document = ?", (report.about[_SHA256],)).fetchall()
        said = [serial.parse(columns) for (columns,) in rows]
        yield replace(report, own=tuple(_joined(columns.get(name) for columns in said) for name in names))


def _joined(cells: Iterable[str | None]) -> str | None:
    return " | ".join(dict.fromkeys(cell for cell in cells if cell)) or None


def _accepted(db: sqlite3.Connection, form: Form) -> Iterator[Report]:
    order = {variable.name: i for i, variable in enumerate(figure_variables(form))}
    figures = db.execute(
        "select record, path, value, count, printed, line, grade, read_by from figures"
        " where record in (select id from records where form = ?) order by record, path",
        (form.name,),
    )
    by_record = groupby(figures, lambda row: row["record"])
    record, group = next(by_record, (None, iter(())))
    for row in db.execute(
        "select records.id, name, sha256, edition, subject, period, standing, accepted, violations, record"
        " from records join documents on sha256 = document where form = ? order by records.id",
        (form.name,),
    ):
        found: Iterable[Any] = ()
        if record == row["id"]:
            found = list(group)
            record, group = next(by_record, (None, iter(())))
        try:
            report = _report(
                row, form, sorted(map(_figure, found), key=lambda f: (order.get(f.path, len(order)), f.path))
            )
        except (ValueError, ArithmeticError) as error:
            raise _damaged(row, str(error)) from error
        yield report


def _report(row: sqlite3.Row, form: Form, figures: Sequence[Figure]) -> Report:
    about = (
        row["id"], row["name"], row["sha256"], form.name, row["edition"], row["subject"], row["period"],
        row["standing"], row["accepted"], len(serial.parse(row["violations"])),
    )  # fmt: skip
    content = serial.parse(row["record"])
    # A figure stands twice in the database, and SQLite does not notice a flipped byte.
    for figure in figures:
        kept = _at(content, figure.path)
        if isinstance(kept, int | Decimal) and figure.value is not None and kept != figure.value:
            raise _damaged(row, f"{figure.path} is {figure.value} and {kept}")
    return Report(about, content, tuple(figures))


def _damaged(row: sqlite3.Row, why: str) -> StoreError:
    told = f"record {row['id']} of {row['name']} is damaged: {why}; nothing was exported"
    return StoreError(f"{told}. `gouji recover` makes the records anew")


def _at(content: Any, path: str) -> Any:
    """What a record holds at a path; None where it has no such place."""
    for step in path.split("."):
        if isinstance(content, Mapping):
            content = content.get(step)
        elif isinstance(content, list) and step.isdecimal() and int(step) < len(content):
            content = content[int(step)]
        else:
            return None
    return content


def _figure(row: sqlite3.Row) -> Figure:
    value: Number | None = row["count"]
    if value is None and row["value"] is not None:
        value = Decimal(row["value"])
    return Figure(row["path"], value, row["printed"], row["grade"], row["line"], row["read_by"])


def _waiting(db: sqlite3.Connection, database: Path, form: Form) -> Iterator[Report]:
    waiting = db.execute("select run from reviews where form = ? and status = 'open' order by run", (form.name,))
    for (run,) in waiting.fetchall():
        outcome = decisions.load(database, run).current
        wrong = sum(not finding.warning for finding in outcome.findings)
        about = (
            None, outcome.document.name, outcome.document.sha256, form.name, outcome.edition, outcome.subject,
            outcome.period, _IN_REVIEW, None, wrong,
        )  # fmt: skip
        figures = tuple(
            Figure(path, f.value, f.printed, outcome.grades.get(path, Grade.UNREAD), f.line, f.by)
            for path, f in outcome.reading.figures.items()
        )
        yield Report(about, outcome.record, figures)


def long_rows(found: Iterable[Report]) -> Iterator[tuple[Any, ...]]:
    """A row for each figure of each report."""
    for report in found:
        for f in report.figures:
            figure = (*parts(f.path), f.path, f.value, f.printed, str(f.grade), f.line, f.read_by)
            yield (*report.about, *figure, *report.own)


def wide_rows(found: Iterable[Report], form: Form) -> Iterator[tuple[Any, ...]]:
    """A row for each report; a figure that is not trusted is left empty."""
    prose, figures = prose_variables(form), figure_variables(form)
    for report in found:
        values = {figure.path: figure.value for figure in report.figures if figure.grade in _STANDS}
        yield (
            *report.about,
            *(_said(report.prose.get(variable.name), variable) for variable in prose),
            *(values.get(variable.name) for variable in figures),
            *report.own,
        )


def _said(value: Any, variable: Variable) -> Any:
    if value is None:
        return None
    if variable.type == "date":
        return date.fromisoformat(value)
    if variable.type == "text":
        return value if isinstance(value, str) else serial.write(value)
    return value


def _places(db: sqlite3.Connection, form: Form) -> int:
    """How many decimal places the amounts of a form have at most."""
    amounts = db.execute(
        "select distinct value from figures where count is null and value is not null"
        " and record in (select id from records where form = ?)",
        (form.name,),
    )
    return max((-int(Decimal(value).as_tuple().exponent) for (value,) in amounts), default=0)
