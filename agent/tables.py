"""A reading as the form prints it: what each figure is called, and tables with failing cells marked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from os.path import commonprefix
from typing import TYPE_CHECKING

from agent.language import Language, say
from agent.outcome import BLANKS, Figure, Grade, Reading
from agent.squeeze import normal
from agent.sums import grid_of
from agent.terminal import safe as safe
from schemas.form import Form, Grid, Row

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from schemas.free import Free

_MARKS = {Grade.CONTRADICTED: "✗", Grade.DERIVED: "≈", Grade.UNREAD: "?"}
_STYLES = {Grade.CONTRADICTED: "bold red", Grade.DERIVED: "yellow", Grade.UNREAD: "yellow"}


class Labels:
    """What tables, rows and columns are called: in Chinese as the form prints them, in English by their ids.

    Without a form, as for a stored outcome of a form that is gone, ids are all there is.
    """

    def __init__(self, form: Form | None, variants: Mapping[str, str | None], language: Language) -> None:
        self.form = form
        self._printed = language == "zh"
        self._tables: dict[str, str] = {}
        self._cells: dict[str, tuple[str, str]] = {}
        self._groups: dict[str, str] = {}
        self._fields = {field.id: field.label for field in form.fields} if form and self._printed else {}
        self._grids = {table: grid_of(form, table, variants) for table in form.tables} if form else {}
        for table, grid in self._grids.items():
            if form and self._printed:
                section = form.tables[table][0].section
                self._tables[table] = next(its.titles[0] for its in form.sections if its.id == section)
                if grid:
                    self._learn(grid)

    def _learn(self, grid: Grid) -> None:
        for row in grid.rows:
            columns = [label for column in row.columns for label in column.labels]
            groups = [] if row.flat else [g for g in row.groups if not g.startswith(tuple(columns))]
            if groups:
                self._groups[f"{grid.id}.{row.id}"] = " ".join(groups)
            for path, names in zip(grid.paths(row), _printed(row), strict=True):
                self._cells[path] = names

    def names(self, table: str) -> bool:
        """Whether the form has a table or list of this id."""
        form = self.form
        return form is not None and (table in form.tables or table in {items.id for items in form.items})

    def table(self, table: str) -> str:
        """The title of a table."""
        return self._tables.get(table, _words(table))

    def row(self, path: str) -> str:
        """What the row of a figure is called."""
        if path in self._cells:
            return self._cells[path][0]
        _, dot, rest = path.partition(".")
        row = rest.split(".")[0]
        return str(int(row) + 1) if row.isdecimal() else _words(row) if dot else ""

    def column(self, path: str) -> str:
        """What the column of a figure is called, with its unit where the form has one."""
        name = self._cells[path][1] if path in self._cells else _words(path.rpartition(".")[2])
        unit = self.form.units.get(path) if self.form else None
        if unit and " / " in unit:
            unit = unit.split(" / ")[not self._printed]
        return f"{name} ({unit})" if unit else name

    def group(self, path: str) -> str | None:
        """The label printed before the row of a figure, where a group of rows begins."""
        return self._groups.get(path.rpartition(".")[0])

    def figure(self, path: str) -> str:
        """A figure by its row and column; a prose field by its name."""
        if "." in path:
            return f"{self.row(path)} · {self.column(path)}"
        return self._fields.get(path) or _words(path)

    def parts(self, field: str) -> Mapping[str, str]:
        """What the parts of a composed prose field are called, where that is other than their names."""
        known = self.form.fields if self.form and self._printed else ()
        return dict(next((its.parts for its in known if its.id == field), ()))

    def figures(self, paths: Collection[str]) -> str:
        """Many figures in few words: a whole table by its title, a whole row by its label."""
        told: list[str] = []
        for path in paths:
            table, _, rest = path.partition(".")
            row = path.rpartition(".")[0]
            told.append(
                self.figure(path)
                if not rest
                else self.table(table)
                if self._whole(f"{table}.", paths)
                else self.row(path)
                if self._whole(f"{row}.", paths)
                else self.figure(path)
            )
        return ", ".join(dict.fromkeys(told))

    def _whole(self, start: str, paths: Collection[str]) -> bool:
        grid = self._grids.get(start.partition(".")[0])
        inside = [path for path in grid.all_paths() if path.startswith(start)] if grid else []
        return len(inside) > 1 and set(inside) <= set(paths)

    def sum(self, name: str, paths: tuple[str, ...]) -> tuple[str, str]:
        """Which row or column a sum is over, and the rule it comes from."""
        rule, _, target = name.rpartition(": ")
        rule, over = (rule, target) if rule else (target, "")
        chinese, slash, english = rule.partition(" / ")
        told = (chinese if self._printed else english) if slash else rule
        for path in paths:
            _, row, column = path.split(".") if path.count(".") == 2 else ("", "", "")
            if over and over in (row, column):
                return (self.row(path) if over == row else self.column(path)), told
        return over or told, told

    def paths(self, reading: Reading) -> dict[str, list[str]]:
        """The figures of a reading by table, in printed order."""
        if self.form and self.form.free:
            return _free_paths(self.form.name, self.form.free, reading)
        found: dict[str, list[str]] = {name: list(grid.all_paths()) for name, grid in self._grids.items() if grid}
        for path in reading.figures:
            table = found.setdefault(path.split(".")[0], [])
            if path not in table:
                table.append(path)
        return found


def _free_paths(name: str, free: Free, reading: Reading) -> dict[str, list[str]]:
    """The figures of a reading without a grid: those that stand once, then each list."""
    found = {name: [figure.id for figure in free.figures if figure.required or figure.id in reading.figures]}
    for listed in free.lists:
        numbers = sorted({int(p.split(".")[1]) for p in reading.figures if p.startswith(f"{listed.id}.")})
        paths = [f"{listed.id}.{number}.{column.id}" for number in numbers for column in listed.figures]
        found[listed.id] = [path for path in paths if any(p.endswith(path.rpartition(".")[2]) for p in reading.figures)]
    return {title: paths for title, paths in found.items() if paths}


def row_label(path: str, reading: Reading, labels: Labels) -> str:
    """What the row of a figure is called: the texts of its entry, where it is one of a list."""
    start = path.rpartition(".")[0]
    texts = [str(words.value) for name, words in reading.words.items() if start and name.startswith(f"{start}.")]
    return ", ".join(texts) or labels.row(path)


def _printed(row: Row) -> list[tuple[str, str]]:
    if not row.flat:
        return [(row.labels[0], column.labels[0]) for column in row.columns]
    blocks: dict[str, list[str]] = {}
    for column in row.columns:
        blocks.setdefault(column.id.rpartition(".")[0], []).append(column.labels[0])
    # Letters in common are meant, whatever the function was made for.
    heads = {block: commonprefix(labels) for block, labels in blocks.items()}  # noqa: RUF071
    return [
        (head, column.labels[0].removeprefix(head))
        for column in row.columns
        for head in [heads[column.id.rpartition(".")[0]]]
    ]


def _words(id: str) -> str:
    return safe(id.replace("_", " "))


def figure_tables(reading: Reading, grades: Mapping[str, Grade], labels: Labels) -> Iterator[Table]:
    """The tables of a reading; rows with the same columns stand in one.

    What a form without a grid leaves out of the record has no grade, and is not shown as if it stood there.
    """
    if labels.form and labels.form.free:
        reading = replace(reading, figures={path: its for path, its in reading.figures.items() if path in grades})
    for table, paths in labels.paths(reading).items():
        rows = [list(cells) for _, cells in groupby(paths, lambda path: path.rpartition(".")[0])]
        title = labels.table(table)
        for columns, block in groupby(rows, lambda row: [labels.column(path) for path in row]):
            yield _table(title, columns, list(block), reading, grades, labels)
            title = ""


def _table(
    title: str,
    columns: list[str],
    rows: list[list[str]],
    reading: Reading,
    grades: Mapping[str, Grade],
    labels: Labels,
) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heading = Text(f"\n{title}", "bold") if title else None
    made = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    made.add_column("", max_width=36, overflow="fold")
    marked = any(grades.get(path) in _MARKS for row in rows for path in row)
    narrow = 12 if len(columns) > 3 else None
    for column in columns:
        made.add_column(Text(safe(column)), justify="right", overflow="fold", max_width=narrow)
    for row in rows:
        group = labels.group(row[0])
        if group:
            made.add_row(Text(safe(group), style="italic"))
        made.add_row(
            Text(safe(row_label(row[0], reading, labels))),
            *(cell(reading.figures.get(p), grades.get(p), " " if marked else "") for p in row),
        )
    return made


def cell(figure: Figure | None, grade: Grade | None = None, no_mark: str = "") -> Text:
    """A figure as a cell, marked where it is not trusted; a blank as it was printed."""
    from rich.text import Text

    if figure is None:
        return Text(_MARKS[Grade.UNREAD], _STYLES[Grade.UNREAD])
    value = figure.value
    shown = safe(blank(figure)) if value is None else f"{value:f}" if value % 1 else str(value)
    style = _STYLES.get(grade, "" if figure.value else "dim") if grade else ""
    return Text(shown + (_MARKS.get(grade, no_mark) if grade else no_mark), style)


def blank(figure: Figure) -> str:
    """A figure without a value as it was printed; where a reviewer says blank, not what else stands there."""
    return "" if figure.by.startswith("reviewer ") and normal(figure.printed).strip() not in BLANKS else figure.printed


def of_form(form: Form, language: Language) -> Iterator[RenderableType]:
    """What a form asks for: its tables by row and column, its lists, its prose fields, what must add up."""
    from rich.text import Text

    yield Text(f"{form.name}　{form.title}", "bold")
    for variants in form.tables.values():
        for grid in variants:
            title = next(section.titles[0] for section in form.sections if section.id == grid.section)
            yield _grid_table(f"{grid.id}{f' {grid.variant}' if grid.variant else ''}　{title}", grid, language)
    for items in form.items:
        columns = ", ".join([items.text, *(column.id for column in items.columns)])
        yield Text(say(language, "lists", id=items.id, columns=columns))
    if form.free:
        yield Text(", ".join(figure.id for figure in form.free.figures))
        for listed in form.free.lists:
            yield Text(say(language, "lists", id=listed.id, columns=", ".join(c.id for c in listed.columns)))
    if form.fields:
        yield Text(say(language, "fields"), "bold")
        yield Text("  " + ", ".join(f"{field.id} {field.label}".strip() for field in form.fields))
    yield Text(say(language, "identities"), "bold")
    for identity in (*form.identities, *(form.free.identities if form.free else ())):
        yield Text(f"  {identity.name}")


def form_as_json(form: Form) -> dict[str, object]:
    """What a form asks for, for programs: row and column ids of each table by variant, lists, fields, sums by name."""
    lists = {items.id: [items.text, *(column.id for column in items.columns)] for items in form.items}
    free = form.free
    if free:
        lists |= {listed.id: [column.id for column in listed.columns] for listed in free.lists}
    return {
        "name": form.name,
        "title": form.title,
        "tables": {
            table: {
                grid.variant: {row.id: [column.id for column in row.columns] for row in grid.rows} for grid in grids
            }
            for table, grids in form.tables.items()
        },
        "figures": [figure.id for figure in free.figures] if free else [],
        "lists": lists,
        "fields": [field.id for field in form.fields],
        "sums": [identity.name for identity in (*form.identities, *(free.identities if free else ()))],
    }


def _grid_table(title: str, grid: Grid, language: Language) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"\n{title}", "bold"), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for head in ("row", "label", "columns"):
        table.add_column(say(language, head), overflow="fold")
    for row in grid.rows:
        table.add_row(row.id, Text(row.labels[0]), Text(", ".join(column.id for column in row.columns)))
    return table
