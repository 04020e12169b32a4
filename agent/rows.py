"""The rows of a grid in the source: each label with the strip behind it, and what its header says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from agent import headers, labels
from agent.cells import Strip, strip_of
from agent.segments import Span
from agent.squeeze import Squeezed, squeeze
from agent.tokens import in_line, shape_of
from schemas.form import Form, Grid

_LONGEST_SECTION = 200_000  # characters; the longest of a real report has some thousands
_MOST_HEADERS = 50  # places where a header of one line may end


@dataclass(frozen=True)
class Row:
    """A row found: its index in the grid, the strip behind its label, from label to last cell."""

    index: int
    strip: Strip
    extent: tuple[int, int]
    misprinted: bool = False
    ordered: bool = False


_BLANK_SLASH = re.compile(r"\d/|//|/\s*[\n\t]")  # the table prints one where a cell is blank


@dataclass(frozen=True)
class Rows:
    """The rows of one grid. ``trouble``: why its columns cannot be told.

    ``first_cells``: in which cell its header has the first column, by width of the line; ``own_cells``: width and
    cell for a row whose own header has it further on; ``header_break``: line ends between two rows of its header.
    """

    grid: Grid
    strips: list[Row]
    trouble: str
    first_cells: Mapping[int, int]
    header_break: int | None
    own_cells: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def widths(self) -> Iterator[tuple[Strip, int]]:
        """Each row's strip with how many cells it should have."""
        for row in self.strips:
            yield row.strip, len(self.grid.rows[row.index].columns)


def find(source: Squeezed, words: str, variants: Sequence[Grid], spans: Mapping[str, Span]) -> Rows | None:
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
    if span.end - span.body > _LONGEST_SECTION:
        return Rows(grid, [], "its section is far longer than a report's", {}, None)
    if any(row.flat for row in grid.rows):
        strips = _flat_strips(source, grid, span, words)
    else:
        strips = _row_strips(source, grid, marks, span, words)
    trouble = headers.trouble(source, variants, grid, marks, span) or _unclaimed(source, grid, marks, span, words)
    return Rows(
        grid,
        _share(grid, strips),
        trouble,
        headers.first_cells(source, grid, marks, span),
        headers.header_break(source, grid, span),
        headers.own_cells(source, grid, marks, span),
    )


def _row_strips(
    source: Squeezed, grid: Grid, marks: Sequence[labels.Mark], span: Span, words: str
) -> list[tuple[labels.Mark, Strip]]:
    """The strip behind each row's label. One with too few cells, beside figures in no row, may have lost them."""
    found: list[tuple[labels.Mark, Strip]] = []
    loose, other = 0, ""
    lost = False
    blank_slash = _BLANK_SLASH.search(source.full, span.body, span.end) is not None
    for i, mark in enumerate(marks):
        behind = marks[i + 1] if i + 1 < len(marks) else None
        end = behind.start if behind else span.end
        if mark.row is None and not re.search(r"\d", source.full[mark.end : end]):
            continue
        slash = blank_slash or behind is None or behind.row is None
        strip = strip_of(source, mark.end, end, words, misprinted=mark.misprinted, slash=slash)
        if mark.row is None:
            loose += strip.loose + sum(token.shape in ("figure", "doubtful") for token in strip.tokens)
            continue
        split = behind is not None and _begins(source, grid, mark, strip, behind)
        short = len(strip.tokens) < len(grid.rows[mark.row].columns)
        twice = bool(other) and any(labels.parse_label(text).core == other for text in grid.rows[mark.row].labels)
        # Where no cells are seen, all rows since a loose figure may have the figures of the row before them.
        near = loose or strip.loose or (lost and strip.cells is None)
        found.append((mark, replace(strip, foreign=split or twice or (short and bool(near)))))
        lost = lost or bool(loose or strip.loose)
        loose = len(strip.tokens) if split else strip.loose
        other = strip.other if strip.loose else ""
    return found


def _begins(source: Squeezed, grid: Grid, mark: labels.Mark, strip: Strip, behind: labels.Mark) -> bool:
    """Whether the next label begins before the strip's figures, of which only the end was found behind them."""
    if behind.row is None or not strip.tokens:
        return False
    first = squeeze(source.full[mark.end : max(mark.end, source.line_start(strip.tokens[0].line))])
    return bool(first) and any(labels.parse_label(text).core.startswith(first) for text in grid.rows[behind.row].labels)


def _unclaimed(source: Squeezed, grid: Grid, marks: Sequence[labels.Mark], span: Span, words: str) -> str:
    """Figures of a whole row between the header and the first label: then labels may stand behind their figures."""
    first = next((mark for mark in marks if mark.row is not None), None)
    if first is None or first.row is None or grid.rows[first.row].flat or len(grid.rows[first.row].columns) < 2:
        return ""
    lines = source.full[span.body : first.start].split("\n")
    figures = sum(
        token.shape in ("figure", "doubtful")
        for line in lines
        if "\t" not in line
        for token in in_line(line, 0, words) or ()
    ) + sum(shape_of(cell.strip()) == "figure" for line in lines if "\t" in line for cell in line.split("\t"))
    return "figures stand before the first label" if figures >= len(grid.rows[first.row].columns) else ""


@lru_cache(maxsize=64)
def vocabulary(form: Form) -> str:
    """Every official word of the form, squeezed: pieces of them in or around a table are no cells."""
    grids = [grid for variants in form.tables.values() for grid in variants]
    words = [word for grid in grids for row in grid.rows for word in (*row.labels, *row.groups)]
    words += [label for grid in grids for row in grid.rows for c in row.columns for label in c.labels]
    words += [word for section in form.sections for word in (*section.titles, *section.anchors)]
    words += [word for grid in grids for word in grid.words]
    return "\0".join(["", *dict.fromkeys(squeeze(word) for word in words), ""])


def _flat_strips(source: Squeezed, grid: Grid, span: Span, words: str) -> list[tuple[labels.Mark, Strip]]:
    """The cells of a grid printed in one line stand behind the last label of its header."""
    index, row = next((i, r) for i, r in enumerate(grid.rows) if r.flat)
    low, high = source.index(span.body), source.index(span.end)
    best: tuple[int, labels.Mark, Strip] | None = None
    looked_at = 0
    for label in row.labels:
        core = squeeze(label)
        at = source.text.find(core, low, high)
        while at >= 0:
            end = at + len(core)
            begin, stop = source.at[at], source.at[end - 1] + 1
            if (
                end >= high
                or source.text[end].isdigit()
                or not any(source.text.find(squeeze(x), end, high) >= 0 for x in row.labels)
            ):
                looked_at += 1
                if looked_at > _MOST_HEADERS:
                    return []
                mark = labels.Mark(index, 0, begin, stop, 1)
                strip = _whole_line(strip_of(source, stop, span.end, words, flat=True), len(row.columns))
                rank = len(strip.tokens) + sum(len(t.text) for t in strip.tokens if t.shape == "figure")
                if best is None or rank > best[0]:
                    best = (rank, mark, strip)
            at = source.text.find(core, at + 1, high)
    return [best[1:]] if best else []


def _whole_line(strip: Strip, n: int) -> Strip:
    """The strip, without what stands behind a line that has all of the row's cells: notes, dates, links."""
    by_line = Counter(token.line for token in strip.tokens)
    first = strip.tokens[0].line if strip.tokens else 0
    if by_line[first] != n or len(strip.tokens) >= 2 * n:
        return strip
    return replace(strip, tokens=strip.tokens[:n], gaps=strip.gaps[:n])


def _share(grid: Grid, strips: list[tuple[labels.Mark, Strip]]) -> list[Row]:
    """Rows whose figures stand behind another row's label: labels first and numbers after, or a label lost."""
    shared: list[Row] = []
    waiting: list[Row] = []
    for position, (mark, strip) in enumerate(strips):
        assert mark.row is not None
        own = Row(mark.row, strip, (mark.start, strip.end), mark.misprinted)
        if not strip.tokens and not strip.empties:
            waiting.append(own)
            continue
        following = strips[position + 1][0].row if position + 1 < len(strips) else len(grid.rows)
        group = [*(row.index for row in waiting), *range(mark.row, following or 0)]
        parts = _parts(grid, group, strip)
        shared += parts or [*waiting, own]
        waiting = []
    return shared + waiting


def _parts(grid: Grid, group: Sequence[int], strip: Strip) -> list[Row]:
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
        parts.append(Row(i, part, (strip.end, strip.end), ordered=not (apart and len(group) == len(grid.rows))))
    return parts
