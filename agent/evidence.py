"""What the source itself shows of each figure: its row, its line, the ways its cells can be read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from agent.document import Document
from agent.fits import Cell, Fits, Habits, fits, habits
from agent.items import Listed, find as find_items
from agent.rows import Rows, find as find_rows, vocabulary
from agent.segments import Span, segment
from agent.solver import Solution, Table, solve
from agent.splits import LocalSum
from agent.squeeze import Squeezed, normal
from schemas.form import Equation, Form, Grid, Items, Quoted, Row, Section, Total

_LONGEST_HEADING = 40  # letters
_YEAR = re.compile(r"(?<!\d)(20\d\d) ?年(?! ?\d{1,2} ?月|修|版|第|起|以)")
_NOTE = re.compile(r"^\W*(?:备?注|说明)|(?<!\d)(?!20\d\d ?年|\d{1,2}[.、)])\d")  # what compares with another year


@dataclass(frozen=True)
class Place:
    """Where a printed row stands: its lines, and its ``extent`` in ``Squeezed.full`` from label to last cell.

    ``ordered``: its label is lost or stands apart, its order says which row it is.
    """

    row: Row
    line: int
    lines: tuple[int, ...]
    extent: tuple[int, int]
    fits: Fits
    misprinted: bool = False
    ordered: bool = False


@dataclass(frozen=True)
class Found:
    """A grid found in the source: the variant, its places by row id, and what the sums settle.

    ``trouble``: why its columns cannot be told, so that no figure of it may be trusted.
    """

    grid: Grid
    places: Mapping[str, Place]
    solution: Solution
    trouble: str = ""

    @cached_property
    def by_path(self) -> Mapping[str, Place]:
        """The place of each figure's row."""
        return {path: place for place in self.places.values() for path in self.grid.paths(place.row)}


@dataclass(frozen=True)
class Evidence:
    """All that the source shows of a form. ``tables``: by table id, None where it was not found.

    ``prose``: the fields that the form's own patterns read.
    """

    form: Form
    source: Squeezed
    spans: Mapping[str, Span]
    tables: Mapping[str, Found | None]
    recognised: bool
    why: str = ""
    statements: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    items: Mapping[str, Listed | None] = field(default_factory=dict)
    prose: Mapping[str, Quoted] = field(default_factory=dict)

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """Every cell the source settles, by path."""
        settled: dict[str, Cell] = {}
        for found in self.tables.values():
            if found and not found.trouble:
                settled.update(found.solution.cells)
        for name, listed in self.items.items():
            for i, entry in enumerate(listed.entries if listed else ()):
                for cell, column in zip(entry.cells, self.form_items[name].columns, strict=True):
                    settled[f"{name}.{i}.{column.id}"] = cell
        return settled

    @property
    def form_items(self) -> Mapping[str, Items]:
        """The form's lists by id."""
        return {items.id: items for items in self.form.items}

    def place(self, path: str) -> Place | None:
        """Where the printed row of a figure stands."""
        found = self.tables.get(path.split(".")[0])
        if found is None:
            return None
        return found.by_path.get(path)

    @cached_property
    def sums(self) -> list[Equation]:
        """Every sum of the form over what was found."""
        found = [e for f in self.tables.values() if f for e in self.form.equations(f.grid)]
        totals = [i.over(self.cells) for i in self.form.identities if isinstance(i, Total)]
        stated = frozenset(path for e in totals for path in e.totals)
        return found + [replace(e, totals=stated & frozenset(e.paths)) for e in totals if e.left]

    def section_lines(self) -> dict[str, tuple[int, int]]:
        """First and last line of each section found, from 1."""
        return {
            name: (self.source.line(span.start), self.source.line(max(span.start, span.end - 1)))
            for name, span in self.spans.items()
        }


def gather(document: Document, form: Form) -> Evidence:
    """The evidence a document holds for a form."""
    source = Squeezed.of(document.lines)
    if form.free:
        from agent.free_evidence import not_this_form

        why = not_this_form(document, form)
        return Evidence(form, source, {}, {}, not why, why, prose=_prose(document, form))
    spans = segment(source, form)
    words = vocabulary(form)
    strips = {table: find_rows(source, words, variants, spans) for table, variants in form.tables.items()}
    why = _not_this_form(document, form, spans, [rows for rows in strips.values() if rows])
    if why:
        return Evidence(form, source, spans, {}, False, why)
    own = {table: habits(rows.widths(), rows.first_cells) for table, rows in strips.items() if rows}
    steps = tuple(dict.fromkeys(step for habit in own.values() for step in habit.gaps.steps))
    glued = any(habit.glued for habit in own.values())
    prose = _prose(document, form)
    year = _year(form, prose)
    tables: dict[str, Found | None] = {}
    for table, rows in strips.items():
        tables[table] = None
        if rows:
            # A small table shows no habit of its own; the document's other tables do.
            habit = replace(
                own[table],
                gaps=replace(
                    own[table].gaps,
                    steps=own[table].gaps.steps or steps,
                    ends=frozenset(h.gaps.tail for name, h in own.items() if name != table and h.gaps.tail is not None),
                    header_break=rows.header_break,
                ),
                glued=glued and not own[table].apart,
            )
            tables[table] = _of_its_year(_settle(form, rows, habit), source, spans, year)
    missing = {grid.section for table, (grid, *_) in form.tables.items() if tables[table] is None}
    statements = {
        section.id: said
        for section in form.sections
        if section.id in missing and (said := _statement(source, section, spans))
    }
    listed = {items.id: find_items(document, items) for items in form.items}
    return Evidence(form, source, spans, tables, True, "", statements, listed, prose)


def _prose(document: Document, form: Form) -> Mapping[str, Quoted]:
    return form.read_prose(document.text) if form.read_prose else {}


def _year(form: Form, prose: Mapping[str, Quoted]) -> object:
    """The year that the form's own patterns read; None where they read none."""
    field = next((field.id for field in form.fields if field.kind == "year"), "")
    return prose[field].value if field in prose else None


def _of_its_year(found: Found, source: Squeezed, spans: Mapping[str, Span], year: object) -> Found:
    """The table, in doubt where its heading and what stands between its rows name years, all before the report's."""
    span = spans.get(found.grid.section)
    last = max((place.extent[1] for place in found.places.values()), default=0)
    if found.trouble or span is None or not isinstance(year, int):
        return found
    text = source.full[source.line_start(source.line(span.start)) : last]
    heads = [line for line in text.split("\n") if len(line.strip()) <= _LONGEST_HEADING and not _NOTE.search(line)]
    named = {int(its) for line in heads for its in _YEAR.findall(line)}
    if not named or max(named) >= year:
        return found
    return replace(found, trouble=f"its heading is of {max(named)}, and the report of {year}")


def _not_this_form(document: Document, form: Form, spans: Mapping[str, Span], tables: Sequence[Rows]) -> str:
    """Why the document is not of this form; empty where it is.

    Its sections must look like headings, or a table of the form must really be there: a letter that names
    the sections of the form is not the form.
    """
    beginning = normal(document.text[:20000])
    titled = any(re.search(title, text) for title in form.titles for text in (beginning, re.sub(r"\s+", "", beginning)))
    headed = sum(span.headed for span in spans.values())
    printed = any(2 * sum(bool(row.strip.tokens) for row in rows.strips) >= len(rows.grid.rows) > 1 for rows in tables)
    if titled and printed:  # though the rest of it be lost
        return ""
    shown = len(spans) if printed else headed
    if shown < form.minimum_sections:
        return f"{shown} of the form's sections found, {form.minimum_sections} are needed"
    if not titled and shown < len(form.sections):
        return f"no title of the form {form.name}"
    return ""


def _statement(source: Squeezed, section: Section, spans: Mapping[str, Span]) -> tuple[str, int] | None:
    """The sentence that says there was nothing, and its line: in the section itself, or before it."""
    span = spans.get(section.id)
    for low, high in ((span.body, span.end), (0, span.start)) if span else ((0, len(source.full)),):
        text = source.full[low:high].replace("\n", " ")
        for pattern in section.none_stated:
            match = re.search(rf"[^。；;]{{0,80}}(?:{pattern})[^。；;]{{0,80}}", text)
            if match:
                begins = match.end() - len(match.group().lstrip())
                return re.sub(r"\s+", "", match.group()), source.line(low + begins)
    return None


def _settle(form: Form, rows: Rows, habit: Habits) -> Found:
    """The ways each row can be read, and what the sums leave of them."""
    grid = rows.grid
    equations = form.equations(grid)
    places = _fitted(form, rows, habit)
    if habit.blanks == "parts" and any(not place.fits.ways for place in places.values()):
        places = _fitted(form, rows, replace(habit, blanks="any"))
    solution = solve(Table({name: (grid.paths(p.row), p.fits.ways) for name, p in places.items()}, equations))
    return Found(grid, places, solution, rows.trouble)


def _fitted(form: Form, rows: Rows, habit: Habits) -> dict[str, Place]:
    """The places of a grid's rows, with the ways each can be read."""
    places: dict[str, Place] = {}
    for found in rows.strips:
        row, strip = rows.grid.rows[found.index], found.strip
        kinds = [column.kind for column in row.columns]
        lines = tuple(sorted({strip.line, *(t.line for t in strip.tokens)}))
        own = rows.own_cells.get(row.id)
        habits_here = replace(habit, first_cell={**habit.first_cell, own[0]: own[1]}, own=True) if own else habit
        fit = fits(strip, kinds, _row_sums(form, rows.grid)[row.id], habits_here, flat=row.flat)
        if any(_other_unit(cell.text, c.unit) for way in fit.ways for cell, c in zip(way, row.columns, strict=True)):
            fit = Fits(())
        places[row.id] = Place(row, strip.line, lines, found.extent, fit, found.misprinted, found.ordered)
    return places


def _other_unit(text: str, unit: str) -> bool:
    """Whether a cell states its amount in another unit than its column's only one."""
    return (
        bool(unit) and text.endswith("元") and not text.removesuffix(unit).replace(",", "").replace(".", "").isdigit()
    )


@lru_cache(maxsize=256)
def _row_sums(form: Form, grid: Grid) -> dict[str, list[LocalSum]]:
    """The sums that lie within one row, by position, for each row."""
    return {row.id: local_sums(grid.paths(row), form.equations(grid)) for row in grid.rows}


def local_sums(paths: Sequence[str], equations: Sequence[Equation]) -> list[LocalSum]:
    """The sums that lie within one row, by position."""
    at = {path: i for i, path in enumerate(paths)}
    return [
        LocalSum(tuple(at[p] for p in e.left), at[e.right[0]])
        for e in equations
        if len(e.right) == 1 and all(p in at for p in e.paths)
    ]
