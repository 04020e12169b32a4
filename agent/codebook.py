"""What each column of an export means: ids, official labels, units, and the rules a figure is under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.form import Form, Grid, Identity, Items, Total
from schemas.free import Free, FreeFigure

Type = Literal["text", "whole", "decimal", "flag", "date"]
Shape = Literal["long", "wide"]


@dataclass(frozen=True)
class Variable:
    """A column of an export, or in the long shape a figure by its path."""

    name: str
    type: Type
    label: str
    meaning: str
    table: str = ""
    row: str = ""
    column: str = ""
    unit: str = ""
    rules: str = ""


_REPORT = (
    Variable("report", "whole", "记录编号", "id of the record in the database; empty for a report in review"),
    Variable("document", "text", "文件", "name of the file the report was read from"),
    Variable("sha256", "text", "文件指纹", "SHA-256 of that file"),
    Variable("form", "text", "报告种类", "the form"),
    Variable("edition", "text", "版本", "the edition of the form"),
    Variable("subject", "text", "机关", "who reports"),
    Variable("period", "whole", "年度", "for which year"),
    Variable(
        "standing",
        "text",
        "依据",
        "checked: every figure was read at its own place in the source and every total holds; attested: some figures "
        "are a reviewer's word; as_published: read as printed, the report's own sums fail (see violations); "
        "in_review: not accepted",
    ),
    Variable("accepted", "text", "接受时间", "when the record was accepted (UTC)"),
    Variable("violations", "whole", "不符之处", "how many of the report's own sums fail"),
)
_FIGURE = (
    Variable("table", "text", "表", "id of the table"),
    Variable("row", "text", "行", "id of the row"),
    Variable("column", "text", "列", "id of the column"),
    Variable("path", "text", "数字", "the figure: table, row and column; what follows lists them all"),
    Variable("value", "decimal", "数值", "the figure, exact; empty = blank in the source, or not trusted"),
    Variable("printed", "text", "原文", "what is printed at its place: 0, blank, - and 无 are different facts"),
    Variable(
        "grade",
        "text",
        "等级",
        "proved: at its place, and a sum over it holds; read: at its place, no sum covers it; attested: a reviewer's "
        "word; published: at its place, the report's own sum over it fails; others: not trusted",
    ),
    Variable("line", "whole", "行号", "line of the source, from 1"),
    Variable("read_by", "text", "读法", "who read it: offline, a model, or a reviewer"),
)
OWN = "own."
"""What the names of a manifest's columns begin with, so that they are no others."""
_FIELD_TYPES: Mapping[str, Type] = {"count": "whole", "year": "whole", "date": "date", "flag": "flag"}


def long_variables() -> tuple[Variable, ...]:
    """The columns of the long shape: a row for each figure."""
    return (*_REPORT, *_FIGURE)


def wide_variables(form: Form) -> tuple[Variable, ...]:
    """The columns of the wide shape: a row for each report, its prose fields, and a column for each figure.

    Lists of unknown length have no columns; the long shape holds them.
    """
    return (*_REPORT, *prose_variables(form), *figure_variables(form))


def own_variables(names: Sequence[str]) -> tuple[Variable, ...]:
    """The columns of the user's own that manifests brought, by their names there."""
    meaning = "your own column of this name, from the manifest; where files of one content differ: ' | ' between them"
    return tuple(Variable(f"{OWN}{name}", "text", name, meaning) for name in names)


def prose_variables(form: Form) -> tuple[Variable, ...]:
    """The prose fields of a form."""
    return tuple(
        Variable(
            field.id,
            _FIELD_TYPES.get(field.kind, "text"),
            field.label or field.id,
            f"{field.ask}{' (as JSON)' if field.kind in ('texts', 'structure') else ''}",
        )
        for field in form.fields
    )


def figure_variables(form: Form) -> tuple[Variable, ...]:
    """Every figure that any variant of the form's tables has, in printed order."""
    if form.free:
        return tuple(_free_variable(figure.id, figure, form.free) for figure in form.free.figures)
    found: dict[str, Variable] = {}
    for variants in form.tables.values():
        for grid in variants:
            for variable in _figures(form, grid):
                found.setdefault(variable.name, variable)
    return tuple(found.values())


def _free_variable(name: str, figure: FreeFigure, free: Free) -> Variable:
    """A figure that stands in no grid, with the identities it is in; ``name``: of a list's, with ``*``."""
    id_ = name.replace(".*.", ".")
    rules = [its.name for its in free.identities if any(id_ in one.names() for one in its.sums)]
    type_: Type = "whole" if figure.kind == "count" else "decimal"
    return Variable(name, type_, figure.ask or figure.id, id_.replace("_", " "), *parts(name), "", "; ".join(rules))


def _free_lists(free: Free) -> Iterator[Variable]:
    for listed in free.lists:
        for column in listed.figures:
            yield _free_variable(f"{listed.id}.*.{column.id}", column, free)


def _figures(form: Form, grid: Grid) -> Iterator[Variable]:
    title = next(section.titles[0] for section in form.sections if section.id == grid.section)
    rules = _rules(form, grid)
    for row in grid.rows:
        for column in row.columns:
            path = grid.path(row, column)
            label = column.labels[0] if row.flat else f"{row.labels[0]} · {column.labels[0]}"
            table, row_id, column_id = parts(path)
            yield Variable(
                path,
                "decimal" if column.kind == "amount" else "whole",
                f"{title}：{label}",
                f"{row_id} · {column_id}".replace("_", " "),
                table,
                row_id,
                column_id,
                form.units.get(path, ""),
                "; ".join(rules.get(path, ())),
            )


def figure_names(form: Form, *, printed: bool) -> dict[str, str]:
    """What each figure is called in few words: its row and column, as printed or by their ids."""
    return {v.name: v.label.partition("：")[2] if printed else v.meaning for v in figure_variables(form)}


def list_variables(items: Items) -> Iterator[Variable]:
    """The figures of a list, with ``*`` for the number of the entry."""
    for column in items.columns:
        type_: Type = "decimal" if column.kind == "amount" else "whole"
        yield Variable(
            f"{items.id}.*.{column.id}", type_, column.labels[0], f"{column.id} of entry *", items.id, "*", column.id
        )


def codebook(form: Form, shape: Shape) -> tuple[Variable, ...]:
    """What stands in an export: its columns, and for the long shape each figure by its path."""
    if shape == "wide":
        return wide_variables(form)
    if form.free:
        return (*long_variables(), *figure_variables(form), *_free_lists(form.free))
    return (*long_variables(), *figure_variables(form), *(v for items in form.items for v in list_variables(items)))


def parts(path: str) -> tuple[str, str, str]:
    """Table, row and column of a figure's path."""
    table, _, rest = path.partition(".")
    row, _, column = rest.rpartition(".")
    return table, row, column


def _rules(form: Form, grid: Grid) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for identity in form.identities:
        for path in _under(identity, grid):
            names = found.setdefault(path, [])
            if identity.name not in names:
                names.append(identity.name)
    return found


def _under(identity: Identity, grid: Grid) -> set[str]:
    if isinstance(identity, Total):
        return {*identity.parts, identity.total} & set(grid.all_paths())
    return {path for e in identity.equations(grid) for path in e.paths} if identity.grid == grid.id else set()
