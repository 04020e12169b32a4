"""Words on a page as lines; where no rules are drawn, columns are told by what stands above each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from agent.document import CellPlace
from agent.loaders.blocks import Line, join

GAP = 1.2
"""Words further apart than this many heights of a line stand in different cells."""
GAP_OF_FIGURES = 0.5

_FIGURE = re.compile(r"[-－—]|[-－+]?\d[\d.,，]*%?")


@dataclass(frozen=True)
class Word:
    """A word with its box, in any unit from the upper left corner; ``confidence`` None = printed text."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    confidence: float | None = None

    @property
    def middle(self) -> float:
        """The height at which it stands."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Page:
    """A page's number from 1, its size in the unit of its words, and where its upper left corner lies."""

    number: int
    width: float
    height: float
    left: float = 0
    top: float = 0

    def place(self, box: tuple[float, float, float, float], confidence: float | None = None) -> CellPlace:
        """The place of a box on this page, as fractions of it."""
        x0, top, x1, bottom = box
        across, down = (
            ((x - self.left) / self.width for x in (x0, x1)),
            ((y - self.top) / self.height for y in (top, bottom)),
        )
        left, right, upper, lower = (round(min(max(share, 0.0), 1.0), 4) for share in (*across, *down))
        return CellPlace(self.number, (left, upper, right, lower), confidence)

    def place_of(self, words: Sequence[Word]) -> CellPlace | None:
        """The place of words that stand together."""
        if not words:
            return None
        box = (
            min(w.x0 for w in words),
            min(w.top for w in words),
            max(w.x1 for w in words),
            max(w.bottom for w in words),
        )
        return self.place(box, least(words))


def least(words: Iterable[Word]) -> float | None:
    """The confidence of the least sure of them; None where all are printed."""
    return min((w.confidence for w in words if w.confidence is not None), default=None)


def rows_of(words: Iterable[Word]) -> list[list[Word]]:
    """The words by line, each line from left to right."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: w.middle):
        if rows and _stands_in(word, rows[-1]):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda w: w.x0) for row in rows]


def _stands_in(word: Word, row: Sequence[Word]) -> bool:
    """Whether the word stands level with the line, and beside its words instead of under one."""
    height = median(w.bottom - w.top for w in row)
    if word.middle - median(w.middle for w in row) >= 0.5 * min(height, word.bottom - word.top) + 0.1 * height:
        return False
    return all(2 * (min(w.x1, word.x1) - max(w.x0, word.x0)) < min(w.x1 - w.x0, word.x1 - word.x0) for w in row)


def text_of(words: Iterable[Word]) -> str:
    """The words of one cell as its text."""
    return join(" ".join(w.text for w in row) for row in rows_of(words))


Chunks = list[list[Word]]


def lines(words: Iterable[Word], page: Page) -> list[tuple[float, Line]]:
    """Each line with the height at which it stands. Neighbouring lines of several cells share their columns."""
    found: list[tuple[float, Line]] = []
    rows = [_chunks(row) for row in rows_of(words)]
    at = 0
    while at < len(rows):
        end = _table_end(rows, at)
        if end > at:
            found += _table(rows[at:end], page)
        else:
            end = at + 1
            text = " ".join(w.text for chunk in rows[at] for w in chunk)
            place = page.place_of([w for chunk in rows[at] for w in chunk])
            found.append((_height(rows[at]), Line((text,), (place,))))
        at = end
    return found


def _height(row: Chunks) -> float:
    return median(w.middle for chunk in row for w in chunk)


def _chunks(row: list[Word]) -> Chunks:
    """The words of a line in groups that stand close together."""
    height = median(w.bottom - w.top for w in row)
    chunks: Chunks = [[row[0]]]
    for word in row[1:]:
        figures = _FIGURE.fullmatch(word.text) and _FIGURE.fullmatch(chunks[-1][-1].text)
        if word.x0 - max(w.x1 for w in chunks[-1]) > (GAP_OF_FIGURES if figures else GAP) * height:
            chunks.append([word])
        else:
            chunks[-1].append(word)
    return chunks


def _table_end(rows: Sequence[Chunks], start: int) -> int:
    """Where a table that begins at ``start`` ends; ``start`` itself where none does.

    A wrapped label between two rows of cells belongs to the table; prose across the page does not.
    """
    end, last = start, start
    while end < len(rows) and end - last <= 2:
        if len(rows[end]) > 1:
            last = end + 1
        elif not last > start or _width(rows[end]) > 0.6 * max(_width(row) for row in rows[start:last]):
            break
        end += 1
    several = [row for row in rows[start:last] if len(row) > 1]
    return last if len(several) > 1 or any(len(row) > 3 for row in several) else start


def _width(row: Chunks) -> float:
    return row[-1][-1].x1 - row[0][0].x0


def _table(rows: Sequence[Chunks], page: Page) -> list[tuple[float, Line]]:
    columns = _columns([chunk for row in rows for chunk in row])
    found = []
    for row in rows:
        cells: Chunks = [[] for _ in columns]
        for chunk in row:
            cells[_first_under(chunk, columns)] += chunk
        texts = tuple(" ".join(w.text for w in cell) for cell in cells)
        found.append((_height(row), Line(texts, tuple(map(page.place_of, cells)))))
    return found


def _columns(chunks: Chunks) -> list[tuple[float, float]]:
    """The columns, narrow cells first, so that a heading over several columns does not make them one."""
    columns: list[tuple[float, float]] = []
    for chunk in sorted(chunks, key=lambda c: c[-1].x1 - c[0].x0):
        x0, x1 = chunk[0].x0, chunk[-1].x1
        under = [c for c in columns if c[0] < x1 and x0 < c[1]]
        if not under:
            columns.append((x0, x1))
        elif len(under) == 1:
            columns.remove(under[0])
            columns.append((min(x0, under[0][0]), max(x1, under[0][1])))
    return sorted(columns)


def _first_under(chunk: list[Word], columns: Sequence[tuple[float, float]]) -> int:
    return next(i for i, (x0, x1) in enumerate(columns) if x0 < chunk[-1].x1 and chunk[0].x0 < x1)
