"""Line items: a list of unknown length, one entry a line, its figures last."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.document import Document
from agent.fits import Cell
from agent.squeeze import normal
from agent.tokens import NUMBER, value_of
from schemas.form import Items

_FIGURE = re.compile(rf"(?:[A-Z]{{2,3}}|RM|[$€£¥])?\s*(?P<number>{NUMBER})")


@dataclass(frozen=True)
class Entry:
    """An entry of the list: its text and its figures, on one line."""

    text: str
    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Listed:
    """The entries between the list's begin and end; ``unread``: lines in between that are no entry."""

    entries: tuple[Entry, ...]
    unread: tuple[int, ...]


def find(document: Document, items: Items) -> Listed | None:
    """The list in a document; None where it does not begin or end."""
    begin = _first(document, items.begins, 0)
    end = _first(document, items.ends, begin or 0) if begin is not None else None
    if begin is None or end is None:
        return None
    entries: list[Entry] = []
    unread: list[int] = []
    for number in range(begin + 1, end):
        text = document.lines[number - 1] if number > begin else ""
        if not re.search(r"\w", text):
            continue
        entry = _entry(text, number, items)
        if entry:
            entries.append(entry)
        else:
            unread.append(number)
    return Listed(tuple(entries), tuple(unread))


def _first(document: Document, patterns: tuple[str, ...], after: int) -> int | None:
    for number, line in enumerate(document.lines, 1):
        if number > after and any(re.search(pattern, line) for pattern in patterns):
            return number
    return None


def _entry(text: str, number: int, items: Items) -> Entry | None:
    parts = [p.strip() for p in re.split(r"\t|\||\s{2,}", normal(text)) if p.strip()]
    figures, n = parts[-len(items.columns) :], len(items.columns)
    if len(parts) <= n:
        return None
    cells = []
    for figure, column in zip(figures, items.columns, strict=True):
        match = _FIGURE.fullmatch(figure)
        value = value_of(match["number"], column.kind) if match else None
        if value is None:
            return None
        cells.append(Cell(value, figure, number, None))
    return Entry(" ".join(parts[:-n]), number, tuple(cells))
