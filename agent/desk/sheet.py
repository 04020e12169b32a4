"""From a report in review to what its page shows: tables as the form prints them, what is wrong, the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.checks import ROWS_LOST
from agent.desk.texts import by, text
from agent.document import Document
from agent.language import GRADES, RULES, Language, message, of_table
from agent.outcome import Figure, Finding, Grade, Number, Reading
from agent.review import Review, Reviewed
from agent.squeeze import normal_line
from agent.summary import in_words
from agent.sums import equations, grid_of
from agent.tables import Labels, blank, row_label, safe
from schemas.form import Form

MARKS = {
    Grade.PROVED: "✓",
    Grade.READ: "·",
    Grade.ATTESTED: "✎",
    Grade.DERIVED: "≈",
    Grade.CONTRADICTED: "✗",
    Grade.UNREAD: "?",
    Grade.PUBLISHED: "!",
}
_SHORT = 2500  # lines that are shown whole; of a longer text only what stands around figures
_AROUND = 20
_MOST_TERMS = 6


@dataclass(frozen=True)
class Cell:
    """A figure as the page shows it. ``doubt``: its turn among the figures to look at, 0 = none."""

    path: str
    shown: str
    grade: Grade
    told: str
    line: int | None
    cell: int | None
    doubt: int
    suspect: bool


@dataclass(frozen=True)
class Row:
    """A printed row: the label of the group that begins with it, its own label, its cells."""

    group: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Block:
    """Rows under one header. ``heads``: labels over several columns, each with their number."""

    heads: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A table of the form as the report has it; without blocks where it was not found."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Term:
    """A figure in a sum."""

    path: str
    shown: str


@dataclass(frozen=True)
class Problem:
    """One thing wrong: for a sum both sides and the difference, for anything else what is told."""

    what: str
    rule: str
    left: tuple[Term, ...] = ()
    right: tuple[Term, ...] = ()
    difference: str = ""
    lines: tuple[int, ...] = ()
    suspects: tuple[Term, ...] = ()
    cells: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of the source in parts; a part that is a cell has its number. ``left_out``: lines skipped before it."""

    number: int
    parts: tuple[tuple[int | None, str], ...]
    figures: bool
    left_out: int = 0


@dataclass(frozen=True)
class Box:
    """Where a cell stands on a page, in thousandths of it."""

    line: int
    cell: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Sheet:
    """All that the page of one report shows of it. ``first_page``: where the first figure in doubt stands."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    tables: tuple[Table, ...]
    fields: tuple[tuple[str, str, int | None], ...]
    lines: tuple[Line, ...]
    boxes: Mapping[int, tuple[Box, ...]]
    grades: tuple[tuple[Grade, str, int], ...]
    first_page: int | None = None


def sheet(review: Review, document: Document, form: Form, language: Language) -> Sheet:
    """The page of one report."""
    outcome = review.current
    labels = Labels(form, outcome.reading.variants, language)
    failing = sorted((f for f in outcome.findings if not f.warning), key=lambda f: (not f.suspects, f.rule != "sum"))
    cells = _Cells(review, document, failing, labels, language)
    first = min(cells.turn, key=lambda path: cells.turn[path], default=None)
    counts = [(grade, GRADES[grade][language == "en"]) for grade in Grade]
    return Sheet(
        tuple(_problem(f, outcome, form, labels, language) for f in failing),
        tuple(_problem(f, outcome, form, labels, language) for f in outcome.findings if f.warning),
        tuple(_tables(outcome, form, labels, cells, language)),
        tuple(_fields(outcome.reading, labels, language)),
        tuple(_lines(document, _figure_lines(outcome))),
        _boxes(document),
        tuple((g, name, n) for g, name in counts if (n := list(outcome.grades.values()).count(g))),
        _page(document, cells.cell(first).line) if first else None,
    )


class _Cells:
    """Makes the cells of one report: which are in doubt, and what is told of each."""

    def __init__(
        self, review: Review, document: Document, failing: Sequence[Finding], labels: Labels, language: Language
    ) -> None:
        self.outcome = review.current
        self.second = review.original.second
        self.document = document
        self.language = language
        self.labels = labels
        self.suspects = {path for finding in failing for path in finding.suspects}
        told = [path for finding in failing for path in (*finding.suspects, *finding.cells)]
        order = [*(p for p in told if p in self.suspects), *told]
        self.turn = {path: i for i, path in enumerate(dict.fromkeys(order), 1)}
        self.lines = {path: f.lines[0] for f in reversed(failing) if f.lines for path in f.cells}

    def cell(self, path: str) -> Cell:
        figure = self.outcome.reading.figures.get(path)
        grade = self.outcome.grades.get(path, Grade.UNREAD)
        place = self._place(path, figure)
        line = place.line if place and place.line else self.lines.get(path)
        return Cell(
            path,
            shown(figure, self.language),
            grade,
            " · ".join((self.labels.figure(path), *self._told(path, figure, grade, place, line))),
            line,
            place.cell if place else None,
            self.turn.get(path, 0),
            path in self.suspects,
        )

    def _place(self, path: str, figure: Figure | None) -> Figure | None:
        """The figure, or what the offline reader found at its place where a model named no more than a line."""
        other = self.second.figures.get(path) if self.second else None
        return other if other and other.line and (figure is None or figure.cell is None) else figure

    def _told(
        self, path: str, figure: Figure | None, grade: Grade, place: Figure | None, line: int | None
    ) -> Iterator[str]:
        yield GRADES[grade][self.language == "en"]
        if line:
            yield text(self.language, "line", line=line)
        if figure:
            who = "typed_by" if figure.by.startswith("reviewer ") else "read_by"
            yield text(self.language, who, by=by(figure.by, self.language))
            if figure.printed != shown(figure, self.language):
                yield text(self.language, "printed", printed=figure.printed)
        at = self.document.cells.get((line or 0, -1 if place is None or place.cell is None else place.cell))
        if at and at.confidence is not None:
            yield text(self.language, "ocr", percent=round(100 * at.confidence))
        other = self.second.figures.get(path) if self.second else None
        if other and (figure is None or other.value != figure.value):
            yield text(self.language, "other_reading", value=shown(other, self.language))


def shown(figure: Figure | None, language: Language) -> str:
    """A figure as a cell shows it: its number, or the blank as it was printed."""
    if figure is None:
        return ""
    return blank(figure) if figure.value is None else number(figure.value)


def number(value: Number | None) -> str:
    """An exact number without exponent."""
    return "" if value is None else f"{value:f}" if value % 1 else str(value)


def _problem(finding: Finding, outcome: Reviewed, form: Form, labels: Labels, language: Language) -> Problem:
    terms = {path: Term(path, number(outcome.reading.value(path) or 0)) for path in finding.cells}
    suspects = tuple(Term(path, labels.figure(path)) for path in finding.suspects)
    difference = text(language, "difference", difference=abs(finding.difference)) if finding.difference else ""
    if finding.rule == "sum":
        what, rule = labels.sum(finding.message, finding.cells)
        known = equations(form, outcome.reading.variants, outcome.reading.figures)
        found = next((e for e in known if e.paths == finding.cells), None)
        sides = [[terms[path] for path in side] for side in (found.left, found.right)] if found else [[], []]
        left, right = (_counting(side) for side in sides)
        return Problem(what, rule, left, right, difference, finding.lines, suspects)
    told = _message(finding.message, labels, language)
    rows = labels.figures(finding.cells)
    if told.endswith(of_table(language, ROWS_LOST)):
        told = f"{told}{'：' if language == 'zh' else ': '}{rows}"
    if finding.left is not None:
        told = f"{told} ({number(finding.left)} ≠ {number(finding.right)})"
    cells = tuple(Term(path, labels.figure(path)) for path in finding.cells if "." in path or form.free)
    return Problem(told, RULES[finding.rule][language == "en"], (), (), difference, finding.lines, suspects, cells)


def _message(told: str, labels: Labels, language: Language) -> str:
    """What a finding says; of a whole table by its title."""
    table, _, rest = told.partition(": ")
    if not labels.names(table) or language == "en":
        return message(language, told)
    return f"{labels.table(table)}：{of_table(language, rest)}"


def _counting(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms of a side; where there are many, those that count."""
    if len(terms) <= _MOST_TERMS:
        return tuple(terms)
    return tuple(term for term in terms if term.shown != "0") or (terms[0],)


def _tables(outcome: Reviewed, form: Form, labels: Labels, cells: _Cells, language: Language) -> Iterator[Table]:
    known = labels.paths(outcome.reading)
    names = {
        f"{items.id}.{i}.{column.id}": str(entry.get(items.text) or "")
        for items in form.items
        for i, entry in enumerate(outcome.record.get(items.id) or [])
        for column in items.columns[:1]
    }
    if form.free:
        names |= {path: row_label(path, outcome.reading, labels) for paths in known.values() for path in paths}
    flat = {
        table for table in form.tables if (grid := grid_of(form, table, outcome.reading.variants)) and grid.rows[0].flat
    }
    for table in known if form.free else [*form.tables, *(items.id for items in form.items)]:
        paths = known.get(table, [])
        title = labels.table(table)
        yield Table(title, tuple(_blocks(paths, table in flat, names, labels, cells)))


def _blocks(
    paths: Sequence[str], flat: bool, names: Mapping[str, str], labels: Labels, cells: _Cells
) -> Iterator[Block]:
    if flat:
        heads = tuple((head, len(list(some))) for head, some in groupby(paths, labels.row))
        row = Row("", "", tuple(map(cells.cell, paths)))
        yield Block(heads, tuple(map(labels.column, paths)), (row,))
        return
    rows = [list(row) for _, row in groupby(paths, lambda path: path.rpartition(".")[0])]
    for columns, block in groupby(rows, lambda row: tuple(map(labels.column, row))):
        yield Block(
            (),
            columns,
            tuple(
                Row(labels.group(row[0]) or "", names.get(row[0]) or labels.row(row[0]), tuple(map(cells.cell, row)))
                for row in block
            ),
        )


def _fields(reading: Reading, labels: Labels, language: Language) -> Iterator[tuple[str, str, int | None]]:
    for name, words in reading.words.items():
        if name.count(".") == 2:
            continue  # a text of a list's entry stands in its row
        told = safe(words.quote) if words.value is None else in_words(words.value, labels.parts(name), language)
        yield labels.figure(name), told, words.line


def _figure_lines(outcome: Reviewed) -> set[int]:
    found = {figure.line for figure in outcome.reading.figures.values() if figure.line}
    found |= {words.line for words in outcome.reading.words.values() if words.line}
    return found | {line for finding in outcome.findings for line in finding.lines}


def _lines(document: Document, figures: set[int]) -> Iterator[Line]:
    wanted: Sequence[int] = range(1, len(document.lines) + 1)
    if len(document.lines) > _SHORT:
        near = {number for line in figures for number in range(line - _AROUND, line + _AROUND + 1)}
        wanted = sorted(near & set(wanted)) or wanted[:_SHORT]
    before = 0
    for number_ in wanted:
        parts = tuple(_parts(document.lines[number_ - 1]))
        yield Line(number_, parts, number_ in figures, number_ - before - 1)
        before = number_


def _parts(line: str) -> Iterator[tuple[int | None, str]]:
    """The cells of a line, numbered as figures name them; a line without cells as it is."""
    seen = normal_line(line)
    if "\t" not in seen:
        yield None, line
        return
    start = 0
    for index, piece in enumerate(seen.split("\t")):
        yield index, line[start : start + len(piece)].strip()
        start += len(piece) + 1


def _page(document: Document, line: int | None) -> int | None:
    """The page on which a line stands."""
    return next((place.page for (at, _), place in document.cells.items() if at == line), None)


def _boxes(document: Document) -> dict[int, tuple[Box, ...]]:
    pages: dict[int, list[Box]] = {}
    for (line, cell), place in document.cells.items():
        if place.box:
            x0, y0, x1, y1 = (round(1000 * part, 1) for part in place.box)
            pages.setdefault(place.page, []).append(Box(line, cell, x0, y0, round(x1 - x0, 1), round(y1 - y0, 1)))
    return {page: tuple(boxes) for page, boxes in pages.items()}
