"""Rows that go by the name of a row of the form and are another: its label within other words, or printed twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.labels import Mark, parse_label
from agent.segments import Span
from agent.squeeze import Squeezed, squeeze
from schemas.form import Grid

HARMLESS = re.compile(r"[^㐀-鿿]|(?:件|总)?数量?|情况|事项|度|性")
"""Letters that make a label no other."""
TOLD_APART = 3
"""Letters; a shorter label stands in other words too."""
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]?")
_TWICE = 3  # rows whose label stands twice with a figure behind it


def trouble(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Why a figure behind a label of the form may be another row's; empty where nothing speaks for it."""
    return _called(source, grid, marks) or _twice(source, grid) or _doubled(source, grid, span)


def _called(source: Squeezed, grid: Grid, marks: Sequence[Mark]) -> str:
    """A row whose label's own cell holds other words besides: 不予行政许可 is no row of 行政许可."""
    for mark in marks:
        row = grid.rows[mark.row] if mark.row is not None else None
        begins = source.line_start(source.line(mark.start))
        line = source.rest_of_line(begins)
        start, end = mark.start - begins, mark.end - begins
        if row is None or row.flat or "\t" not in line or end > len(line):
            continue
        before, behind = line[:start].rpartition("\t")[2], line[end:].partition("\t")[0]
        for words in (squeeze(_BRACKETS.sub("", part)) for part in (before, behind)):
            if HARMLESS.sub("", words) and not any(words in squeeze(label) for label in row.labels):
                return f"{row.labels[0]}: its label reads {squeeze(before + line[start:end] + behind)}"
    return ""


def _doubled(source: Squeezed, grid: Grid, span: Span) -> str:
    """A row of which no sum tells, printed more than once with other figures: last year's, or a part's."""
    text = source.text[source.index(span.body) : source.index(span.end)]
    for row in grid.rows:
        core = parse_label(row.labels[0]).core
        behind = {m[1] for m in re.finditer(rf"{re.escape(core)}(\d+)", text)} if len(core) >= TOLD_APART else set()
        if len(behind) > 1 and not row.flat:
            return f"{row.labels[0]} stands more than once, with other figures"
    return ""


def _twice(source: Squeezed, grid: Grid) -> str:
    """Rows whose label stands more than once with a figure behind it: last year's table, or a second report."""
    if any(row.flat for row in grid.rows):
        names = "".join(squeeze(label) for label in grid.rows[0].labels)
        blocks = len(grid.rows[0].columns) // len(grid.rows[0].labels)
        return "the table stands more than once" if source.text.count(names) > blocks else ""
    double = 0
    for row in grid.rows:
        core = parse_label(row.labels[0]).core
        at = [m.end() for m in re.finditer(re.escape(core), source.text)] if len(core) > TOLD_APART else []
        double += sum(source.text[end : end + 1].isdigit() for end in at) > 1
    return "the table stands more than once" if double >= _TWICE else ""
