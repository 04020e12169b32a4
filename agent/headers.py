"""What a table's header says of its columns: where they begin, and why they cannot be told apart by position."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from agent.labels import Mark, parse_label
from agent.segments import Span
from agent.squeeze import Squeezed, squeeze
from schemas.form import Grid, Row

_UNIT = re.compile(r"单位\s*[:：]?\s*(万元|亿元|千元|元)")
_TOLD_APART = 3  # letters; a shorter label stands in other words too
_TWICE = 3  # rows whose label stands twice with a figure behind it


def trouble(source: Squeezed, variants: Sequence[Grid], grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Why no figure of the table may be read by position; empty where nothing speaks against it."""
    return (
        _order(source, grid, marks, span) or _heads(source, variants, grid, marks, span) or _twice(source, grid) or ""
    )


def first_cells(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> dict[int, int]:
    """By width of a line of cells: in which cell the header has the first column."""
    found: dict[int, int] = {}
    for row, low, high in _gaps(source, grid, marks, span):
        for cells in _header_lines(source, low, high):
            at = _cell_of(cells, row.labels[:1] if row.flat else row.columns[0].labels)
            if at is not None:
                found.setdefault(len(cells), at)
    return found


def header_break(source: Squeezed, grid: Grid, span: Span) -> int | None:
    """Line ends between two rows of the header of a table printed in one line."""
    row = grid.rows[0]
    if not row.flat or not row.groups:
        return None
    last, first = squeeze(row.groups[-1]), squeeze(row.labels[0])
    at = source.text.find(last + first, source.index(span.body), source.index(span.end))
    if at < 0:
        return None
    between = source.full[source.at[at + len(last) - 1] : source.at[at + len(last)]]
    return between.count("\n") or None


def _gaps(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> Iterator[tuple[Row, int, int]]:
    """Each row found with the stretch before its label, back to the label before it, where that holds words."""
    low = span.body
    for mark in marks:
        if mark.row is not None:
            between = source.text[source.index(low) : source.index(mark.start)]
            if between and not between.isdigit():
                yield grid.rows[mark.row], low, mark.start
            low = mark.end


def _header_lines(source: Squeezed, low: int, high: int) -> Iterator[list[str]]:
    for line in range(source.line(low), source.line(high) + 1):
        start = source.line_start(line)
        text = source.full[start:].partition("\n")[0]
        if "\t" in text and start + len(text) > low:
            yield [squeeze(cell) for cell in text.split("\t")]


def _cell_of(cells: Sequence[str], labels: Sequence[str]) -> int | None:
    wanted = {squeeze(label) for label in labels}
    return next((i for i, cell in enumerate(cells) if cell in wanted), None)


def _order(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Column labels in another order than the form's, in the text or in the cells of a header line."""
    for row, low, high in _gaps(source, grid, marks, span):
        if row.flat:
            continue
        lines = list(_header_lines(source, low, high))
        placed = [(at, c.labels[0]) for c in row.columns if (at := _column_cell(lines, c.labels)) is not None]
        if placed != sorted(placed, key=lambda pair: pair[0]):
            return _swapped(name for _, name in sorted(placed))
    flat = next((row for row in grid.rows if row.flat), None)
    if flat:
        return _text_order(source, grid, _behind_prose(source, flat, span), span.end) or _blocks(source, flat, span)
    begins = next((m.start for m in marks if m.row is not None), span.end)
    return _text_order(source, grid, span.body, begins)


def _behind_prose(source: Squeezed, row: Row, span: Span) -> int:
    """Where the header begins, behind any sentence before it."""
    at = source.text.find(squeeze(row.labels[0]), source.index(span.body), source.index(span.end))
    stop = source.full.rfind("。", span.body, source.at[at]) if at >= 0 else -1
    return max(span.body, stop + 1)


def _blocks(source: Squeezed, row: Row, span: Span) -> str:
    """The labels of a header with several blocks: each block has them in the form's order."""
    cores = [squeeze(label) for label in row.labels]
    text = source.text[source.index(span.body) : source.index(span.end)]
    found = [cores.index(m.group()) for m in re.finditer("|".join(sorted(cores, key=len, reverse=True)), text)]
    blocks = len(row.columns) // len(cores)
    header = found[-blocks * len(cores) :]
    if len(header) == blocks * len(cores) and header != [*range(len(cores))] * blocks:
        return _swapped(row.labels[at] for at in header)
    return ""


def _column_cell(lines: Sequence[Sequence[str]], labels: Sequence[str]) -> int | None:
    found = [at for cells in lines if (at := _cell_of(cells, labels)) is not None]
    return max(found, default=None)


def _text_order(source: Squeezed, grid: Grid, low: int, high: int) -> str:
    places: list[tuple[int, str]] = []
    first, last = source.index(low), source.index(high)
    for names in grid.header:
        found = [at for at in (source.text.find(squeeze(name), first, last) for name in names) if at >= 0]
        if found:
            places.append((min(found), names[0]))
    return "" if places == sorted(places) else _swapped(name for _, name in sorted(places))


def _swapped(names: Iterable[str]) -> str:
    return f"columns stand in another order: {', '.join(names)}"


def _heads(source: Squeezed, variants: Sequence[Grid], grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Column heads of a row in another order, of another edition, or with another unit."""
    for row, low, high in _gaps(source, grid, marks, span):
        text = source.text[source.index(low) : source.index(high)]
        places = [(at, c.labels[0]) for c in row.columns if (at := _find(text, c.labels)) is not None]
        if not row.flat and places != sorted(places):
            return _swapped(name for _, name in sorted(places))
        others = [r for other in variants if other is not grid for r in other.rows if r.id == row.id]
        foreign = [c.labels[0] for r in others for c in r.columns if _find(text, c.labels) is not None]
        if not places and foreign and len(row.columns) > 1:
            return f"{row.labels[0]}: the column heads are of another edition: {', '.join(foreign)}"
        unit = _UNIT.search(source.full, low, high)
        wanted = {c.unit for c in row.columns if c.unit}
        if unit and wanted and unit[1] not in wanted:
            return f"{row.labels[0]}: its unit is {unit[1]}, not {', '.join(sorted(wanted))}"
    return ""


def _find(text: str, labels: Sequence[str]) -> int | None:
    found = [text.rfind(squeeze(label)) for label in labels if len(squeeze(label)) >= _TOLD_APART]
    return max((at for at in found if at >= 0), default=None)


def _twice(source: Squeezed, grid: Grid) -> str:
    """Rows whose label stands more than once with a figure behind it: last year's table, or a second report."""
    if any(row.flat for row in grid.rows):
        names = "".join(squeeze(label) for label in grid.rows[0].labels)
        blocks = len(grid.rows[0].columns) // len(grid.rows[0].labels)
        return "the table stands more than once" if source.text.count(names) > blocks else ""
    double = 0
    for row in grid.rows:
        core = parse_label(row.labels[0]).core
        at = [m.end() for m in re.finditer(re.escape(core), source.text)] if len(core) > _TOLD_APART else []
        double += sum(source.text[end : end + 1].isdigit() for end in at) > 1
    return "the table stands more than once" if double >= _TWICE else ""
