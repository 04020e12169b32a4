"""Rows that go by the name of a row of the form and are another: its label within other words, or printed twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from agent.labels import Mark, parse_label
from agent.segments import Span
from agent.squeeze import Squeezed, squeeze
from schemas.form import Grid

HARMLESS = re.compile(r"[^㐀-鿿]|(?:件|总)?数量?|件|情况|事项|度|性")
"""Letters that make a label no other."""
TOLD_APART = 3
"""Letters; a shorter label stands in other words too."""
_LETTERS_BEFORE = re.compile(r"(?:[㐀-鿿]+|其中[：: ]*)$")
_LETTERS_BEHIND = re.compile(r"(?!无)[㐀-鿿]+")  # 无 is a blank cell
_MOST_LETTERS = 6  # of words that make a label another
_FAR = 80  # characters; letters that reach farther are a cell of their own
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]?")
_TWICE = 3  # rows whose label stands twice with a figure behind it


def trouble(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Why a figure behind a label of the form may be another row's; empty where nothing speaks for it."""
    return _called(source, grid, marks) or _twice(source, grid) or _doubled(source, grid, span)


def _called(source: Squeezed, grid: Grid, marks: Sequence[Mark]) -> str:
    """A row whose label stands among other words: 不予行政许可 is no row of 行政许可.

    In a line of cells among those of its own cell, else among the letters beside it.
    """
    own = _words(grid)
    for mark in marks:
        row = grid.rows[mark.row] if mark.row is not None else None
        begins = source.line_start(source.line(mark.start))
        line = source.rest_of_line(begins)
        start, end = mark.start - begins, mark.end - begins
        if row is None or row.flat or end > len(line):
            continue
        before, behind = line[:start], line[end:]
        if "\t" in line:
            before, behind = before.rpartition("\t")[2], behind.partition("\t")[0]
        else:
            before, behind = _beside(source, mark, own)
        for words in (squeeze(_BRACKETS.sub("", part)) for part in (before, behind)):
            if HARMLESS.sub("", words) and not any(words in squeeze(label) for label in row.labels):
                return f"{row.labels[0]}: its label reads {squeeze(before + line[start:end] + behind)}"
    return ""


@lru_cache(maxsize=64)
def _words(grid: Grid) -> tuple[str, ...]:
    """What stands before and behind a label where a table's cells run together."""
    words = [word for row in grid.rows for word in (*row.labels, *row.groups)]
    words += [label for row in grid.rows for column in row.columns for label in column.labels]
    words += grid.words
    return tuple({*map(squeeze, words), *(parse_label(word).core for word in words)} - {""})


def _beside(source: Squeezed, mark: Mark, own: tuple[str, ...]) -> tuple[str, str]:
    """The letters that touch a label, where they are no words of the form that run together with it."""
    begins = source.line_start(source.line(mark.start))
    ends = begins + len(source.rest_of_line(begins))
    first = _LETTERS_BEFORE.search(source.full[max(begins, mark.start - _FAR) : mark.start])
    last = _LETTERS_BEHIND.match(source.full[mark.end : ends])
    left, right = first[0] if first else "", last[0] if last else ""
    text, index = source.text, source.index
    if left and (text.endswith(own, index(begins), index(mark.start)) or _are_cells(left, own)):
        left = ""
    if right and (text.startswith(own, index(mark.end), index(ends)) or _are_cells(right, own)):
        right = ""
    return left, right


def _are_cells(letters: str, own: Sequence[str]) -> bool:
    """Whether it is a cell, or several, that run together with a label: long, or a part or misprint of the form's."""
    return len(letters) > _MOST_LETTERS or any(
        letters in word or len(set(letters) & set(word)) >= TOLD_APART for word in own
    )


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
    behind = []
    for row in grid.rows:
        core = parse_label(row.labels[0]).core
        behind.append(re.findall(rf"{re.escape(core)}(\d+)", source.text) if len(core) > TOLD_APART else [])
    double = sum(len(figures) > 1 for figures in behind)
    # The same figures again throughout are the overview's, which sums the table up.
    differ = any(len(set(figures)) > 1 for figures in behind)
    return "the table stands more than once" if double >= _TWICE and differ else ""
