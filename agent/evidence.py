"""What the source itself shows of each figure: its row, its line, the ways its cells can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from agent import labels
from agent.cells import Strip, strip_of
from agent.document import Document
from agent.fits import Cell, Fits, Habits, fits, habits
from agent.items import Listed, find as find_items
from agent.segments import Span, segment
from agent.solver import Solution, Table, solve
from agent.splits import LocalSum
from agent.squeeze import Squeezed, normal, squeeze
from schemas.form import Equation, Form, Grid, Items, Row, Section, Total


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
    """A grid found in the source: the variant, its places by row id, and what the sums settle."""

    grid: Grid
    places: Mapping[str, Place]
    solution: Solution
    swapped: tuple[str, ...] = ()

    @cached_property
    def by_path(self) -> Mapping[str, Place]:
        """The place of each figure's row."""
        return {path: place for place in self.places.values() for path in self.grid.paths(place.row)}


@dataclass(frozen=True)
class _Row:
    index: int
    strip: Strip
    extent: tuple[int, int]
    misprinted: bool = False
    ordered: bool = False


@dataclass(frozen=True)
class _Rows:
    grid: Grid
    strips: list[_Row]
    swapped: tuple[str, ...]

    def widths(self) -> Iterator[tuple[Strip, int]]:
        """Each row's strip with how many cells it should have."""
        for row in self.strips:
            yield row.strip, len(self.grid.rows[row.index].columns)


@dataclass(frozen=True)
class Evidence:
    """All that the source shows of a form. ``tables``: by table id, None where it was not found."""

    form: Form
    source: Squeezed
    spans: Mapping[str, Span]
    tables: Mapping[str, Found | None]
    recognised: bool
    why: str = ""
    statements: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    items: Mapping[str, Listed | None] = field(default_factory=dict)

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """Every cell the source settles, by path."""
        settled: dict[str, Cell] = {}
        for found in self.tables.values():
            if found and not found.swapped:
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

    def equations(self) -> list[Equation]:
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
    spans = segment(source, form)
    words = vocabulary(form)
    strips = {table: _strips(source, words, variants, spans) for table, variants in form.tables.items()}
    why = _not_this_form(document, form, spans, [rows for rows in strips.values() if rows])
    if why:
        return Evidence(form, source, spans, {}, False, why)
    own = {table: habits(rows.widths()) for table, rows in strips.items() if rows}
    rhythms = tuple(dict.fromkeys(rhythm for habit in own.values() for rhythm in habit.rhythms))
    tables: dict[str, Found | None] = {}
    for table, rows in strips.items():
        tables[table] = None
        if rows:
            # A table of one row shows no rhythm of its own; the document's other tables do.
            habit = replace(own[table], rhythms=own[table].rhythms or rhythms)
            tables[table] = _settle(form, rows, habit)
    missing = {grid.section for table, (grid, *_) in form.tables.items() if tables[table] is None}
    statements = {
        section.id: said
        for section in form.sections
        if section.id in missing and (said := _statement(source, section, spans))
    }
    listed = {items.id: find_items(document, items) for items in form.items}
    return Evidence(form, source, spans, tables, True, "", statements, listed)


def _not_this_form(document: Document, form: Form, spans: Mapping[str, Span], tables: Sequence[_Rows]) -> str:
    """Why the document is not of this form; empty where it is.

    Its sections must look like headings, or a table of the form must really be there: a letter that names
    the sections of the form is not the form.
    """
    beginning = normal(document.text[:20000])
    titled = any(re.search(title, text) for title in form.titles for text in (beginning, re.sub(r"\s+", "", beginning)))
    headed = sum(span.headed for span in spans.values())
    printed = any(2 * sum(bool(row.strip.tokens) for row in rows.strips) >= len(rows.grid.rows) > 1 for rows in tables)
    shown = len(spans) if printed else headed
    if shown < form.minimum_sections:
        return f"{shown} of the {form.minimum_sections} sections a {form.name} shows at least"
    if not titled and shown < len(form.sections):
        return f"no title of a {form.name}"
    return ""


def _statement(source: Squeezed, section: Section, spans: Mapping[str, Span]) -> tuple[str, int] | None:
    """The sentence that says there was nothing, and its line: in the section itself, or before it."""
    span = spans.get(section.id)
    for low, high in ((span.body, span.end), (0, span.start)) if span else ((0, len(source.full)),):
        text = source.full[low:high].replace("\n", " ")
        for pattern in section.none_stated:
            match = re.search(rf"[^。；;]{{0,80}}(?:{pattern})[^。；;]{{0,80}}", text)
            if match:
                return re.sub(r"\s+", "", match.group()), source.line(low + match.start())
    return None


def _strips(source: Squeezed, words: str, variants: Sequence[Grid], spans: Mapping[str, Span]) -> _Rows | None:
    """The variant whose labels fit best, with the strip behind each of its labels."""
    best: tuple[float, Grid, list[labels.Mark]] | None = None
    for grid in variants:
        span = spans.get(grid.section)
        if span is None:
            continue
        marks = labels.find(source, grid, span.body, span.end)
        score = sum(mark.score for mark in marks) - 3 * (len(grid.rows) - labels.rows_found(marks))
        if labels.rows_found(marks) and (best is None or score > best[0]):
            best = (score, grid, marks)
    if best is None:
        return None
    _, grid, marks = best
    span = spans[grid.section]
    if any(row.flat for row in grid.rows):
        strips = _flat_strips(source, grid, span, words)
    else:
        ends = [mark.start for mark in marks[1:]] + [span.end]
        strips = [
            (mark, strip_of(source, mark.end, end, words))
            for mark, end in zip(marks, ends, strict=True)
            if mark.row is not None
        ]
    return _Rows(grid, _share(grid, strips), _swapped(source, grid, marks, span))


def _settle(form: Form, rows: _Rows, habit: Habits) -> Found:
    """The ways each row can be read, and what the sums leave of them."""
    grid = rows.grid
    equations = tuple(form.equations(grid))
    places = _fitted(rows, habit, equations)
    if habit.blanks == "parts" and any(not place.fits.ways for place in places.values()):
        places = _fitted(rows, replace(habit, blanks="any"), equations)
    solution = solve(Table({name: (grid.paths(p.row), p.fits.ways) for name, p in places.items()}, equations))
    return Found(grid, places, solution, rows.swapped)


def _fitted(rows: _Rows, habit: Habits, equations: Sequence[Equation]) -> dict[str, Place]:
    """The places of a grid's rows, with the ways each can be read."""
    places: dict[str, Place] = {}
    for found in rows.strips:
        row, strip = rows.grid.rows[found.index], found.strip
        kinds = [column.kind for column in row.columns]
        lines = tuple(sorted({strip.line, *(t.line for t in strip.tokens)}))
        fit = fits(strip, kinds, local_sums(rows.grid.paths(row), equations), habit, flat=row.flat)
        places[row.id] = Place(row, strip.line, lines, found.extent, fit, found.misprinted, found.ordered)
    return places


def vocabulary(form: Form) -> str:
    """Every official word of the form, squeezed: pieces of them in or around a table are no cells."""
    grids = [grid for variants in form.tables.values() for grid in variants]
    words = [word for grid in grids for row in grid.rows for word in (*row.labels, *row.groups)]
    words += [label for grid in grids for row in grid.rows for c in row.columns for label in c.labels]
    words += [word for section in form.sections for word in (*section.titles, *section.anchors)]
    words += [word for grid in grids for word in grid.words]
    return "\0".join(["", *dict.fromkeys(squeeze(word) for word in words), ""])


def local_sums(paths: Sequence[str], equations: Sequence[Equation]) -> list[LocalSum]:
    """The sums that lie within one row, by position."""
    at = {path: i for i, path in enumerate(paths)}
    return [
        LocalSum(tuple(at[p] for p in e.left), at[e.right[0]])
        for e in equations
        if len(e.right) == 1 and all(p in at for p in e.paths)
    ]


def _flat_strips(source: Squeezed, grid: Grid, span: Span, words: str) -> list[tuple[labels.Mark, Strip]]:
    """The cells of a grid printed in one line stand behind the last label of its header."""
    index, row = next((i, r) for i, r in enumerate(grid.rows) if r.flat)
    low, high = source.index(span.body), source.index(span.end)
    best: tuple[int, labels.Mark, Strip] | None = None
    for label in row.labels:
        core = squeeze(label)
        at = source.text.find(core, low, high)
        while at >= 0:
            end = at + len(core)
            begin, stop = source.at[at], source.at[end - 1] + 1
            if (
                end >= high
                or source.text[end].isdigit()
                or not any(squeeze(x) in source.text[end:high] for x in row.labels)
            ):
                mark = labels.Mark(index, 0, begin, stop, 1)
                strip = strip_of(source, stop, span.end, words)
                rank = len(strip.tokens) + sum(len(t.text) for t in strip.tokens if t.shape == "figure")
                if best is None or rank > best[0]:
                    best = (rank, mark, strip)
            at = source.text.find(core, at + 1, high)
    return [best[1:]] if best else []


def _share(grid: Grid, strips: list[tuple[labels.Mark, Strip]]) -> list[_Row]:
    """Rows whose figures stand behind another row's label: labels first and numbers after, or a label lost."""
    shared: list[_Row] = []
    waiting: list[_Row] = []
    for position, (mark, strip) in enumerate(strips):
        assert mark.row is not None
        own = _Row(mark.row, strip, (mark.start, strip.end), mark.misprinted)
        if not strip.tokens and not strip.empties:
            waiting.append(own)
            continue
        following = strips[position + 1][0].row if position + 1 < len(strips) else len(grid.rows)
        group = [*(row.index for row in waiting), *range(mark.row, following or 0)]
        parts = _parts(grid, group, strip)
        shared += parts or [*waiting, own]
        waiting = []
    return shared + waiting


def _parts(grid: Grid, group: Sequence[int], strip: Strip) -> list[_Row]:
    """The strip cut into the rows of ``group``, where it holds exactly their cells; else nothing."""
    widths = [len(grid.rows[i].columns) for i in group]
    together = list(group) == list(range(group[0], group[0] + len(group)))
    if len(group) < 2 or not together or len(strip.tokens) != sum(widths):
        return []
    parts, start = [], 0
    for i, width in zip(group, widths, strict=True):
        tokens = strip.tokens[start : start + width]
        start += width
        apart = len({t.line for t in tokens}) == 1 and len({t.line for t in strip.tokens}) == len(group)
        part = replace(strip, line=tokens[0].line, tokens=tokens, cells=None, gaps=(1,) * width, empties=0)
        parts.append(_Row(i, part, (strip.end, strip.end), ordered=not (apart and len(group) == len(grid.rows))))
    return parts


def _swapped(source: Squeezed, grid: Grid, marks: list[labels.Mark], span: Span) -> tuple[str, ...]:
    """Column labels that stand in another order than the form's: then no figure may be read by position."""
    end = next((m.start for m in marks if m.row is not None), span.end)
    low, high = source.index(span.body), source.index(end)
    places = []
    for names in grid.header:
        found = [at for at in (source.text.find(squeeze(name), low, high) for name in names) if at >= 0]
        if found:
            places.append((min(found), names[0]))
    return tuple(name for _, name in sorted(places)) if places != sorted(places) else ()
