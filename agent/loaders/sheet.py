"""A printed page of a PDF: its ruled tables by their rules, the rest by position, and what a page or cell broke."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from agent.loaders import columns, rules
from agent.loaders.blocks import EMPTY, UNREAD, Line, join
from agent.loaders.columns import Page, Word
from agent.loaders.seen import Drawn

if TYPE_CHECKING:
    from pdfplumber.page import Page as Sheet
    from pdfplumber.table import Table

Char = dict[str, Any]
Box = tuple[float, float, float, float]
THICK = 3  # points: a filled box thicker than this is a background, thinner it is a rule
DOUBTFUL = 0.4
HANGING = 0.006  # of the page's height below a table
SHORT = 8  # characters: a line no longer, above or below a table, is a page's number

_FIGURE = re.compile(r"[-－—+/]?[\d.,，%]*|无")


@dataclass
class Printed:
    """A page's lines. ``first``, ``last``: the rows that begin and end it, where these are of a table.

    ``full``: columns of the last row whose text fills its cell, so that more of it may follow on the next page.
    """

    lines: list[Line]
    first: int | None = None
    last: int | None = None
    full: frozenset[int] = frozenset()


def printed(sheet: Sheet, number: int, drawn: Drawn, hidden: Container[int]) -> Printed:
    """The page's text, without the ``hidden`` letters."""
    page = drawn.page(number)
    clean = sheet.filter(lambda item: id(item) not in hidden and _is_seen(item)).dedupe_chars()
    _set_apart(clean.chars)
    parts: list[tuple[float, list[Line], frozenset[int] | None]] = []
    loose: list[Char] = clean.chars
    for table in rules.tables(clean):
        if max(len(row.cells) for row in table.rows) > 1:  # one column is a frame around prose
            cells, loose = _Cells.of(table, loose, drawn)
            parts.append((table.bbox[1], cells.lines(page), cells.full()))
    parts += [(height, [line], None) for height, line in columns.lines(_words(loose), page)]
    return _assembled(sorted(parts, key=lambda part: part[0]))


def _assembled(parts: Sequence[tuple[float, list[Line], frozenset[int] | None]]) -> Printed:
    found = Printed([])
    seen = False
    for _, lines, full in parts:
        if full is not None:
            found.first = found.first if seen else len(found.lines) + 1
            found.lines += [EMPTY, *lines, EMPTY]
            found.last, found.full = len(found.lines) - 2, full
            seen = True
        elif found.last is None or not _hangs(found, lines):
            found.lines += lines
            if any(len("".join(line.cells)) > SHORT for line in lines):
                seen, found.last = True, None
    return found


def _hangs(found: Printed, lines: Sequence[Line]) -> bool:
    """Whether a line hangs out below a full label of a table's last row, where the page ended; it is joined to it."""
    (line,), at = lines, found.last or 0
    row = found.lines[at]
    here = line.places[0] if len(line.cells) == 1 else None
    for x in sorted(found.full):
        cell = row.places[x]
        if here and here.box and cell and cell.box and not _FIGURE.fullmatch(row.cells[x]):
            (x0, top, x1, _), (left, _, right, bottom) = here.box, cell.box
            if left <= x0 and x1 <= right and top - bottom < HANGING:
                texts = (*row.cells[:x], join((row.cells[x], line.cells[0])), *row.cells[x + 1 :])
                found.lines[at] = Line(texts, row.places)
                return True
    return False


def rejoin(above: Printed, below: Printed) -> None:
    """Put a row back together whose label goes on at the head of the next page, under its figures."""
    if above.last is None or below.first is None:
        return
    row, rest = above.lines[above.last], below.lines[below.first]
    going_on = [(_under(row, rest, x), text) for x, text in enumerate(rest.cells) if text]
    figures = {x for x, text in enumerate(row.cells) if text and _FIGURE.fullmatch(text)}
    if not figures or not going_on or not {x for x, _ in going_on} <= above.full - figures:
        return
    texts = list(row.cells)
    for x, text in going_on:
        texts[x] = join((texts[x], text))
    above.lines[above.last] = Line(tuple(texts), row.places)
    del below.lines[below.first]
    below.last = None if below.last in (None, below.first) else below.last - 1


def _under(row: Line, rest: Line, x: int) -> int:
    """The cell of ``row`` above a cell of the next page, where the columns may be cut otherwise; -1 where none is."""
    if len(row.cells) == len(rest.cells):
        return x
    here = rest.places[x]
    boxes = [place.box if place else None for place in row.places]
    if here is None or here.box is None:
        return -1
    middle = (here.box[0] + here.box[2]) / 2
    return next((at for at, box in enumerate(boxes) if box and row.cells[at] and box[0] <= middle <= box[2]), -1)


def _is_seen(item: dict[str, Any]) -> bool:
    """Whether a drawn thing can be a rule or a letter of the text: white backgrounds are none, nor is a watermark."""
    if item["object_type"] == "char":
        return not _is_slanted(item["matrix"])
    if item["object_type"] != "rect" or min(item["width"], item["height"]) <= THICK:
        return True
    return bool(item.get("stroke")) or (bool(item.get("fill")) and not _is_white(item.get("non_stroking_color")))


def _set_apart(chars: Sequence[Char]) -> None:
    """Put the mark of a note in brackets where it is a figure beside a larger one."""
    digits = [char for char in chars if char["text"].isdecimal()]
    largest = max((char["size"] for char in digits), default=0)
    small = [char for char in digits if char["size"] < 0.8 * largest]
    for mark in small:
        size = mark["size"]
        if any(
            abs(mark["x0"] - char["x1"]) < 0.3 * char["size"]
            and size < 0.8 * char["size"]
            and char["top"] - size < mark["top"]
            and mark["bottom"] < char["bottom"] + size
            for char in digits
        ):
            mark["text"] = f"[{mark['text']}]"


def _is_slanted(matrix: Sequence[float]) -> bool:
    """Whether a letter stands neither level nor upright, as those of a watermark do."""
    along, across = sorted((abs(matrix[0]), abs(matrix[1])))
    return along > 0.1 * across


def _is_white(color: Any) -> bool:
    parts = color if isinstance(color, tuple | list) else (color,)
    if not all(isinstance(part, int | float) for part in parts):
        return False
    return all(p == 0 for p in parts) if len(parts) == 4 else all(p >= 0.99 for p in parts)


def _words(chars: Sequence[Char]) -> list[Word]:
    from pdfplumber.utils.text import extract_words

    found = extract_words(list(chars), x_tolerance_ratio=0.3, y_tolerance=2)
    return [Word(w["text"], w["x0"], w["top"], w["x1"], w["bottom"]) for w in found]


At = tuple[int, int]


@dataclass(frozen=True)
class _Cells:
    """A table's cells by row and column: where each stands, and the lines of words in it.

    ``ends``: how many columns each row reaches over. ``unread``: cells without text in which something is drawn.
    """

    ends: list[int]
    boxes: dict[At, Box]
    words: dict[At, list[list[Word]]]
    doubtful: set[At]
    unread: set[At]

    @classmethod
    def of(cls, table: Table, chars: Sequence[Char], drawn: Drawn) -> tuple[_Cells, list[Char]]:
        """The table's cells, and the characters that stand outside of it."""
        held: dict[At, list[Char]] = {}
        closed = {(y, x): box for y, row in enumerate(table.rows) for x, box in enumerate(row.cells) if box}
        boxes = _boxes(table, closed)
        loose = []
        for char in chars:
            at = _cell_at(boxes, (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2)
            held.setdefault(at, []).append(char) if at else loose.append(char)
        words = {at: columns.rows_of(_words(inside)) for at, inside in held.items()}
        ends = [max(_reach(closed, y), *(x + 1 for row, x in words if row == y), 0) for y in range(len(table.rows))]
        doubtful = _over_borders(held) | {at for at, inside in held.items() if _is_piled(inside)}
        unread = {at for at, box in closed.items() if at not in words and drawn.has_ink(box)}
        return cls(ends, boxes, words, doubtful, unread), loose

    def lines(self, page: Page) -> list[Line]:
        """The rows of the table."""
        return [self._line(y, page) for y in range(len(self.ends))]

    def _line(self, y: int, page: Page) -> Line:
        texts, places = [], []
        for at in ((y, x) for x in range(self.ends[y])):
            text, broken = self._text(at)
            texts.append(UNREAD if at in self.unread else text)
            doubt = 0.0 if at in self.unread else DOUBTFUL if broken or at in self.doubtful else None
            places.append(page.place(self.boxes[at], doubt) if at in self.boxes else None)
        return Line(tuple(texts), tuple(places))

    def _text(self, at: At) -> tuple[str, bool]:
        """The cell's text, and whether a figure in it was too wide for one line and is put together again."""
        rows = self.words.get(at, [])
        texts = [" ".join(word.text for word in row) for row in rows]
        broken = False
        for i in range(len(rows) - 1, 0, -1):
            figures = _FIGURE.fullmatch(texts[i - 1]) and _FIGURE.fullmatch(texts[i])
            if figures and self._room(at, rows[i - 1]) < _letter(rows[i][0]):
                texts[i - 1 : i + 1] = [texts[i - 1] + texts[i]]
                broken = True
        return join(texts), broken

    def full(self) -> frozenset[int]:
        """The columns of the last row whose text leaves no room for one more letter."""
        y = len(self.ends) - 1
        ends = {x: self.words[y, x][-1] for x in range(self.ends[y]) if self.words.get((y, x))}
        return frozenset(x for x, row in ends.items() if self._room((y, x), row) < _letter(row[-1]))

    def _room(self, at: At, row: Sequence[Word]) -> float:
        """The width a line of a cell leaves free between the paddings of this table's cells."""
        padding = min(r[0].x0 - self.boxes[a][0] for a, rows in self.words.items() for r in rows)
        x0, _, x1, _ = self.boxes[at]
        return x1 - x0 - 2 * max(padding, 0) - (row[-1].x1 - row[0].x0)


def _letter(word: Word) -> float:
    return (word.x1 - word.x0) / len(word.text)


def _boxes(table: Table, closed: dict[At, Box]) -> dict[At, Box]:
    """The cells by row and column; last those that no rule closes, as far as the rules of others reach."""
    lefts = sorted({box[0] for box in closed.values()})
    rights = [*lefts[1:], table.bbox[2]]
    open_ = {
        (y, x): (lefts[x], row.bbox[1], rights[x], row.bbox[3])
        for y, row in enumerate(table.rows)
        for x, box in enumerate(row.cells)
        if not box
    }
    return closed | open_


def _reach(closed: dict[At, Box], y: int) -> int:
    """How many columns a row has cells in; it may end before the table's last."""
    own = [box for (row, _), box in closed.items() if row == y]
    middle = (max(box[1] for box in own) + min(box[3] for box in own)) / 2
    edge = max(box[2] for box in closed.values() if box[1] <= middle <= box[3])
    return sum(left < edge - 1 for left in {box[0] for box in closed.values()})


def _cell_at(boxes: dict[At, Box], x: float, y: float) -> At | None:
    return next((at for at, (x0, top, x1, bottom) in boxes.items() if x0 <= x <= x1 and top <= y <= bottom), None)


def _is_piled(chars: Sequence[Char]) -> bool:
    """Whether two figures are printed over each other: which of them is seen, the text does not say."""
    digits = sorted((c for c in chars if c["text"].isdecimal()), key=lambda c: (round(c["bottom"]), c["x0"]))
    return any(
        right["x0"] - left["x0"] < 0.4 * left["width"] and abs(right["bottom"] - left["bottom"]) < 0.5 * left["size"]
        for left, right in pairwise(digits)
    )


def _over_borders(held: dict[At, list[Char]]) -> set[At]:
    """Cells whose figure runs on in the cell beside it: one figure printed over the rule, or two too close to tell."""
    found = set()
    ends: dict[int, list[tuple[Char, At]]] = {}
    for at, chars in held.items():
        for char in chars:
            if char["text"].isdecimal():
                ends.setdefault(round(char["bottom"]), []).append((char, at))
    for line in ends.values():
        line.sort(key=lambda end: end[0]["x0"])
        for (left, here), (right, there) in pairwise(line):
            if here != there and right["x0"] - left["x1"] < 0.2 * left["size"]:
                found |= {here, there}
    return found
