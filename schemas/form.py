"""The vocabulary a form is declared in: grids of printed rows, prose fields, sums that must hold.

A figure is named by its path in the record: ``table3.received.total``. Everything here is data;
nothing reads a file or knows a particular form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from schemas.free import Free

Kind = Literal["count", "change", "amount"]
"""count: whole and not negative; change: whole; amount: exact decimal, not negative."""

FieldKind = Literal["text", "count", "year", "date", "flag", "texts", "structure"]


class FormError(Exception):
    """A form that cannot be found, or contradicts itself."""


@dataclass(frozen=True)
class Column:
    """A column of a printed row. ``id`` is its part of the figure's path; ``unit``: the only one it may stand in."""

    id: str
    labels: tuple[str, ...]
    kind: Kind = "count"
    unit: str = ""


@dataclass(frozen=True)
class Row:
    """A printed row: a label (official first, aliases after) with its cells behind it.

    ``groups`` are the labels printed before this row where a group begins, outermost first.
    ``flat``: the row carries the whole grid in one line, so the column ids are the whole path
    and the label is the end of the header instead of a label of its own.
    """

    id: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    groups: tuple[str, ...] = ()
    flat: bool = False


@dataclass(frozen=True, eq=False)
class Grid:
    """One variant of a table: its rows in printed order, and where its section begins.

    ``header`` holds column labels in printed order where that order can be seen in the source;
    a header in another order means the columns were swapped, and nothing may be read by position.
    ``words``: what else is printed in the table and is no figure.
    """

    id: str
    section: str
    rows: tuple[Row, ...]
    variant: str = ""
    header: tuple[tuple[str, ...], ...] = ()
    words: tuple[str, ...] = ()

    def path(self, row: Row, column: Column) -> str:
        """The figure's path in the record, e.g. ``table3.received.total``."""
        return f"{self.id}.{column.id}" if row.flat else f"{self.id}.{row.id}.{column.id}"

    @lru_cache(maxsize=4096)  # noqa: B019 - grids are few and live as long as the process
    def paths(self, row: Row) -> tuple[str, ...]:
        """Paths of the row's figures in printed order."""
        return tuple(self.path(row, column) for column in row.columns)

    @lru_cache(maxsize=256)  # noqa: B019
    def all_paths(self) -> tuple[str, ...]:
        """Paths of all figures of the grid in printed order."""
        return tuple(path for row in self.rows for path in self.paths(row))

    def kinds(self) -> dict[str, Kind]:
        """Cell type of every figure by path."""
        return {self.path(row, c): c.kind for row in self.rows for c in row.columns}


@dataclass(frozen=True)
class Items:
    """A list of like entries of unknown length (line items): one text, then figures, a line each.

    ``begins``/``ends``: patterns of the lines around the list. Figures of entry 0 are
    ``items.0.<column id>``.
    """

    id: str
    begins: tuple[str, ...]
    ends: tuple[str, ...]
    text: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Equation:
    """left = right, over paths. ``totals`` are those that state a sum: blank, they say nothing."""

    name: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    totals: frozenset[str] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path the sum is over."""
        return self.left + self.right


@dataclass(frozen=True)
class RowSum:
    """In every row of the grid that has them, the ``parts`` columns add up to ``total``."""

    grid: str
    parts: tuple[str, ...]
    total: str
    name: str

    def equations(self, grid: Grid) -> list[Equation]:
        """One equation a row; for a flat row, one a block of its columns."""
        found = []
        for row in grid.rows:
            for block in dict.fromkeys(c.id.rpartition(".")[0] for c in row.columns):
                prefix = f"{block}." if block else ""
                ids = {c.id: grid.path(row, c) for c in row.columns}
                parts = tuple(ids[prefix + p] for p in self.parts if prefix + p in ids)
                total = ids.get(prefix + self.total)
                if parts and total:
                    name = f"{self.name}: {block or row.id}"
                    found.append(Equation(name, parts, (total,), frozenset({total})))
        return found


@dataclass(frozen=True)
class ColumnSum:
    """In every column of the grid, the ``parts`` rows (those this variant has) add up to ``total``."""

    grid: str
    parts: tuple[str, ...]
    total: str
    name: str

    def equations(self, grid: Grid) -> list[Equation]:
        """One equation a column."""
        return _by_column(grid, self.name, self.parts, (self.total,), {self.total})


@dataclass(frozen=True)
class Balance:
    """In every column of the grid, the ``left`` rows and the ``right`` rows have one sum."""

    grid: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    name: str

    def equations(self, grid: Grid) -> list[Equation]:
        """One equation a column."""
        return _by_column(grid, self.name, self.left, self.right, set())


@dataclass(frozen=True)
class Total:
    """Named figures add up: paths, or ``items.*.amount`` for a column of a list."""

    parts: tuple[str, ...]
    total: str
    name: str

    def over(self, paths: Iterable[str]) -> Equation:
        """The equation, with each entry that a reading really has; a named part is in it, read or not."""
        have = list(paths)
        parts = tuple(p for part in self.parts for p in (have if "*" in part else [part]) if _matches(part, p))
        return Equation(self.name, parts, (self.total,), frozenset({self.total}))


Identity = RowSum | ColumnSum | Balance | Total


def _matches(part: str, path: str) -> bool:
    head, star, tail = part.partition(".*.")
    if not star:
        return part == path
    return re.fullmatch(rf"{re.escape(head)}\.\d+\.{re.escape(tail)}", path) is not None


def _by_column(grid: Grid, name: str, left: Sequence[str], right: Sequence[str], totals: set[str]) -> list[Equation]:
    rows = {row.id: row for row in grid.rows}
    columns = dict.fromkeys(c.id for row in grid.rows for c in row.columns)
    found = []
    for column in columns:
        sides = [
            tuple(f"{grid.id}.{r}.{column}" for r in side if r in rows and _has(rows[r], column))
            for side in (left, right)
        ]
        if all(sides):
            marked = frozenset(f"{grid.id}.{r}.{column}" for r in totals)
            found.append(Equation(f"{name}: {column}", sides[0], sides[1], marked))
    return found


def _has(row: Row, column: str) -> bool:
    return any(c.id == column for c in row.columns)


@dataclass(frozen=True)
class Section:
    """A part of the report. ``titles``: heading texts without number; ``anchors``: how its content begins.

    ``none_stated``: patterns of a sentence saying there was nothing to report. Such a sentence is
    not a table of zeros; it is quoted in the finding.
    """

    id: str
    titles: tuple[str, ...]
    anchors: tuple[str, ...] = ()
    none_stated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """A prose field of the record. ``ask`` is the question put to a model, ``label`` what the form calls it.

    ``says``: words one of which a passage must hold that states the field; a count stands together with one.
    ``unless``: words that a count of a structure does not stand with: then it is one of something else.
    ``parts``: the names of a structure's parts, each with what it is called.
    """

    id: str
    kind: FieldKind
    ask: str
    sections: tuple[str, ...] = ()
    label: str = ""
    says: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quoted:
    """A prose value with the words of the source that carry it. ``at``: offset of the quote."""

    value: object
    quote: str
    at: int


@dataclass(frozen=True)
class Pattern:
    """A prose field that a pattern settles: group 1 is the value, searched in ``section`` ('' = all)."""

    field: str
    pattern: str
    section: str = ""


@dataclass(frozen=True)
class Agreement:
    """A prose count that usually equals a figure of a table: a warning where it does not."""

    field: str
    path: str


@dataclass(frozen=True)
class Stated:
    """Entries of a prose list that state a total and its parts: where parts are given, they add up."""

    field: str
    total: str
    parts: str
    part: str


@dataclass(frozen=True)
class Link:
    """What two successive reports of one subject say of each other: ``before`` + ``plus`` = ``after``.

    ``before`` are figures of the earlier report, ``plus`` and ``after`` of the later one. A ``*`` stands
    for one name, the same in every path of the link.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    name: str
    plus: tuple[str, ...] = ()

    def over(self, paths: Iterable[str]) -> list[Link]:
        """The link for each name that ``*`` stands for in those paths; itself where it has none."""
        first, star, last = self.after[0].partition("*")
        if not star:
            return [self]
        pattern = re.compile(rf"{re.escape(first)}([^.]+){re.escape(last)}")
        names = dict.fromkeys(match[1] for path in paths if (match := pattern.fullmatch(path)))
        return [self._for(name) for name in names]

    def _for(self, name: str) -> Link:
        before, plus, after = (
            tuple(path.replace("*", name) for path in side) for side in (self.before, self.plus, self.after)
        )
        return Link(before, after, f"{self.name}: {name}", plus)


@dataclass(frozen=True, eq=False)
class Form:
    """A kind of report.

    ``tables``: for each table id its variants, likeliest first.
    ``titles``: patterns, one of which the first lines must match; ``minimum_sections``: how many
    section headings (of ``sections``) a document of this form shows at least.
    ``edition``: (variant by table id, prose values) -> edition.
    ``prose``: gives the model of the prose fields.
    ``read_prose``: prose fields a pure function of the form can settle from the text, quoted.
    ``subject``/``period``: the prose fields that say who reports, and for which year (a whole number);
    ``region``: the pattern of a subject's name that is its region. ``links`` hold between the reports of
    one subject; ``headlines`` are the figures a collection is summed up by.
    ``free``: how figures are read that stand in no grid.
    """

    name: str
    title: str
    titles: tuple[str, ...]
    sections: tuple[Section, ...]
    tables: Mapping[str, tuple[Grid, ...]]
    identities: tuple[Identity, ...]
    fields: tuple[Field, ...] = ()
    prose: Callable[[], type[BaseModel]] | None = None
    minimum_sections: int = 1
    items: tuple[Items, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    stated: tuple[Stated, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    edition: Callable[[Mapping[str, str | None], Mapping[str, object]], str | None] | None = None
    read_prose: Callable[[str], Mapping[str, Quoted]] | None = None
    subject: str = ""
    period: str = ""
    region: str = ""
    links: tuple[Link, ...] = ()
    headlines: tuple[str, ...] = ()
    free: Free | None = None

    @property
    def record(self) -> type[BaseModel] | None:
        """The model of the prose fields, imported on first use: pydantic takes longer than the rest of a form."""
        return self.prose() if self.prose else None

    def __post_init__(self) -> None:
        """Refuse a form that names grids, sections or rows it does not have."""
        sections = {section.id for section in self.sections}
        for table, variants in self.tables.items():
            for grid in variants:
                if grid.id != table:
                    raise FormError(f"form {self.name}: grid {grid.id} stands under {table}")
                if grid.section not in sections:
                    raise FormError(f"form {self.name}: {table} names no section {grid.section}")
        unknown = {self.subject, self.period} - {field.id for field in self.fields} - {""}
        if unknown:
            raise FormError(f"form {self.name}: it has no field {', '.join(sorted(unknown))}")
        for identity in self.identities:
            self._known(identity)

    def _known(self, identity: Identity) -> None:
        """Refuse a sum over rows, columns or figures that no variant of a table has."""
        if isinstance(identity, Total):
            named = {*identity.parts, identity.total}
            have = {path for variants in self.tables.values() for grid in variants for path in grid.all_paths()}
            have |= {f"{items.id}.*.{column.id}" for items in self.items for column in items.columns}
        else:
            if identity.grid not in self.tables:
                raise FormError(f"form {self.name}: {identity.name} is over no grid {identity.grid}")
            variants = self.tables[identity.grid]
            if not any(identity.equations(grid) for grid in variants):
                raise FormError(f"form {self.name}: {identity.name} matches no row or column")
            sides = (
                (identity.left, identity.right)
                if isinstance(identity, Balance)
                else (identity.parts, (identity.total,))
            )
            named = {name for side in sides for name in side}
            rows = [row for grid in variants for row in grid.rows]
            columns = {part for row in rows for c in row.columns for part in (c.id, c.id.rpartition(".")[2])}
            have = columns if isinstance(identity, RowSum) else {row.id for row in rows}
        if named - have:
            raise FormError(f"form {self.name}: {identity.name} is over no {', '.join(sorted(named - have))}")

    @lru_cache(maxsize=256)  # noqa: B019 - forms are few and live as long as the process
    def equations(self, grid: Grid) -> tuple[Equation, ...]:
        """The sums of the form over one variant of a table.

        A cell that states the sum of another equation is a total in every equation it takes part in.
        """
        found = [
            equation
            for identity in self.identities
            if not isinstance(identity, Total) and identity.grid == grid.id
            for equation in identity.equations(grid)
        ]
        totals = frozenset(path for equation in found for path in equation.totals)
        return tuple(Equation(e.name, e.left, e.right, totals & frozenset(e.paths)) for e in found)
