"""A page image as lines: the cells of its ruled tables, each figure read twice, and the text around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from agent.document import CellPlace
from agent.loaders import columns
from agent.loaders.blocks import EMPTY, UNREAD, Line, join
from agent.loaders.columns import Page, Word
from agent.loaders.grid import Box, Grid, dark, sized, straightened, tables
from agent.loaders.image import picture
from agent.loaders.ocr import NOTHING, Engine, Reading
from agent.loaders.turn import Reader, upright
from agent.outcome import BLANKS

Picture = NDArray[Any]

DOUBTFUL = 0.3
SURE = 0.8
"""Two readings that agree count for no more than doubtful where the engine was less sure of one of them."""
BLANK = 0.95
MARGIN = 6  # pixels between a rule's middle and what is looked at in a cell
SPECK = 10  # pixels; ink smaller than this both ways is dirt
APART = 0.8  # of a figure's height: digits of one figure stand closer
FAR = 1.5  # of a line's height: words of one sentence stand closer
TIGHT, LOOSE = 4, 12  # pixels of paper around the ink of the first and of the second reading

_FIGURE = re.compile(r"[-－]?[\d０-９][\d０-９.,，]*")
_LABEL = re.compile(r"[⺀-鿿㐀-䶿豈-﫿]")
_DIRT = ".,，。:：;'‘’`·"


def read(data: bytes, pages: Sequence[int], threads: int) -> Iterator[tuple[int, list[Line]]]:
    """The lines of those pages of an image or a PDF."""
    import numpy

    engine = Engine(threads)
    for number in pages:
        yield number, lines(numpy.asarray(picture(data, number)), number, engine)


def lines(grey: Picture, number: int, engine: Reader) -> list[Line]:
    """The lines of a page image, places as fractions of the page set straight."""
    grey, boxes = upright(straightened(sized(grey)), engine)
    page = Page(number, grey.shape[1], grey.shape[0])
    ink = dark(grey)
    grids = tables(grey)
    found: list[tuple[float, list[Line]]] = []
    for grid in grids:
        sheet = _Sheet(grey, ink, [box for box in boxes if _overlap(box, grid.box)], engine, page)
        found.append((grid.box[1], [EMPTY, *sheet.rows(grid), EMPTY]))
    cells = [cell for grid in grids for row in grid.rows for cell in row if cell]
    loose = [box for box in boxes if not any(_is_inside(box, cell) for cell in cells)]
    words = [word for box in loose for word in _line(grey, ink, box, engine)]
    found += [(height, [line]) for height, line in columns.lines([w for w in words if w.text], page)]
    return [line for _, part in sorted(found, key=lambda f: f[0]) for line in part]


def _line(grey: Picture, ink: Picture, box: Box, engine: Reader) -> list[Word]:
    """A line outside of tables, parted where columns are; figures are read again, and doubted where these differ."""
    first = engine.read(_strip(grey, box, 0))
    figures = _is_figure("".join(first.text.split()))
    spots = _spots(ink, (box[0] - TIGHT, box[1] - TIGHT, box[2] + TIGHT, box[3] + TIGHT))
    parts = _parted(spots, APART * _height(spots) if figures else FAR * (box[3] - box[1]))
    parts = pointed(parts, first.text) if figures else parts
    if len(parts) > 1:
        boxes = ((min(spot[0] for spot in part), box[1], max(spot[2] for spot in part), box[3]) for part in parts)
        return [word for part in boxes for word in _line(grey, ink, part, engine)]
    if _digits(first):
        second = engine.read(_enlarged(_strip(grey, box, TIGHT)))
        first = first if _digits(first) == _digits(second) else _doubted(first)
    return [_word(box, first)]


def _doubted(reading: Reading) -> Reading:
    return Reading(reading.text, min(reading.score, DOUBTFUL))


def _digits(reading: Reading) -> str:
    return "".join(c for c in reading.text if c.isdecimal() or c in ".-")


def _word(box: Box, reading: Reading) -> Word:
    return Word(reading.text, *box, confidence=reading.score)


def _strip(grey: Picture, box: Box, around: int) -> Picture:
    x0, top, x1, bottom = box
    return grey[max(0, top - around) : bottom + around, max(0, x0 - around) : x1 + around]


def _overlap(a: Box, b: Box) -> Box | None:
    x0, top, x1, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, top, x1, bottom) if x1 > x0 and bottom > top else None


def _is_inside(box: Box, area: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return area[0] <= x <= area[2] and area[1] <= y <= area[3]


class _Sheet:
    """A page whose cells are being read."""

    def __init__(self, grey: Picture, ink: Picture, boxes: Sequence[Box], engine: Reader, page: Page) -> None:
        self._grey, self._ink, self._boxes, self._engine, self._page = grey, ink, boxes, engine, page

    def rows(self, grid: Grid) -> Iterator[Line]:
        """The rows of a table."""
        for row in grid.rows:
            cells = [self._cell(box) if box else ("", None) for box in row]
            yield Line(tuple(text for text, _ in cells), tuple(place for _, place in cells))

    def _cell(self, box: Box) -> tuple[str, CellPlace]:
        reading = self._reading(box)
        return reading.text, self._page.place(box, reading.score)

    def _reading(self, cell: Box) -> Reading:
        """What stands in the cell. Ink that could not be read is a question mark, never a blank."""
        inside = (cell[0] + MARGIN, cell[1] + MARGIN, cell[2] - MARGIN, cell[3] - MARGIN)
        spots = _spots(self._ink, inside)
        if not spots:
            return Reading("", BLANK)
        first = self._first(inside, spots)
        if _LABEL.search(first.text) and len(first.text) > 1:
            return first
        second = self._engine.read(_enlarged(_strip(self._grey, _around(spots), LOOSE)))
        found = agreed(first, second, lambda: self._engine.read(_strip(self._grey, inside, 0)))
        # Two figures whose rule between them was too faint look like one.
        apart = len(_parted(spots, APART * _height(spots))) > 1 and len(_stacked(spots)) == 1
        return _doubted(found) if _is_figure(found.text) and apart else found

    def _first(self, inside: Box, spots: Sequence[Box]) -> Reading:
        """The reading line by line, at the size of the page."""
        pieces = [piece for box in self._boxes if (piece := _overlap(box, inside)) and _holds(piece, spots)]
        area = _around(spots)
        if area[3] - area[1] > 2 * (area[2] - area[0]) or not pieces:
            pieces = _stacked(spots)
        words = [_word(piece, self._engine.read(_strip(self._grey, piece, TIGHT))) for piece in pieces]
        words = [word for word in words if word.text]
        if not words:
            return NOTHING
        text = join("".join(w.text for w in row) for row in columns.rows_of(words))
        return Reading(text, columns.least(words) or 0.0)


def agreed(first: Reading, second: Reading, third: Callable[[], Reading]) -> Reading:
    """One reading of two that were made apart: sure where they agree, the best of three and doubtful where not."""
    a, b = _plain(first), _plain(second)
    score = min(a.score, b.score)
    if a.text == b.text and a.text and score >= SURE and _is_plausible(a.text):
        return Reading(a.text, score)
    options = [r for r in (a, b, _plain(third())) if r.text]
    if not options:
        return Reading(UNREAD, 0.0)
    best = max(options, key=lambda r: (sum(o.text == r.text for o in options), _is_figure(r.text), r.score))
    return _doubted(best)


def _parted(spots: Sequence[Box], gap: float) -> list[list[Box]]:
    """The marks of a line in groups that stand further apart than ``gap``."""
    found: list[list[Box]] = []
    for spot in sorted(spots):
        if found and spot[0] - max(other[2] for other in found[-1]) <= gap:
            found[-1].append(spot)
        else:
            found.append([spot])
    return found


def pointed(parts: Sequence[list[Box]], text: str) -> list[list[Box]]:
    """The groups, with those made one between which the engine reads a point: a typewriter's is a digit wide."""
    digits = [c for c in text if c.isdecimal() or c in ".,，"]
    points = {sum(c.isdecimal() for c in digits[:at]) for at, c in enumerate(digits) if not c.isdecimal()}
    if sum(map(len, parts)) != sum(c.isdecimal() for c in digits):
        return list(parts)
    found: list[list[Box]] = []
    before = 0
    for part in parts:
        if found and before in points:
            found[-1] = [*found[-1], *part]
        else:
            found.append(part)
        before += len(part)
    return found


def _height(spots: Sequence[Box]) -> int:
    return max((spot[3] - spot[1] for spot in spots), default=0)


def _is_figure(text: str) -> bool:
    return _FIGURE.fullmatch(text) is not None


def _is_plausible(text: str) -> bool:
    """A figure, a mark for none, or words; letters among digits are a misreading."""
    return _is_figure(text) or text in BLANKS or _LABEL.search(text) is not None


def _plain(reading: Reading) -> Reading:
    """A figure without the specks at its ends that look like stops; a lone round letter is a zero."""
    text = "".join(reading.text.split())
    bare = text.strip(_DIRT)
    if _is_figure(bare):
        return Reading(bare, reading.score)
    return Reading("0" if bare in ("O", "o", "〇", "○") else text, reading.score)


def _spots(ink: Picture, area: Box) -> list[Box]:
    """The marks in an area that are more than dirt or what is left of a rule along its sides."""
    import cv2

    x0, top, x1, bottom = area
    if x1 - x0 < SPECK or bottom - top < SPECK:
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink[top:bottom, x0:x1])
    found = []
    for x, y, width, height, _ in stats[1:count].tolist():
        edge = x == 0 or y == 0 or x + width == x1 - x0 or y + height == bottom - top
        if max(width, height) >= SPECK and not (edge and min(width, height) <= MARGIN):
            found.append((x0 + x, top + y, x0 + x + width, top + y + height))
    return found


def _around(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _holds(piece: Box, spots: Sequence[Box]) -> bool:
    return any(_is_inside(spot, piece) for spot in spots)


def _stacked(spots: Sequence[Box]) -> list[Box]:
    """The lines the marks stand in, one above the other."""
    found: list[list[Box]] = []
    for spot in sorted(spots, key=lambda b: b[1]):
        if found and spot[1] < max(b[3] for b in found[-1]) + 2:
            found[-1].append(spot)
        else:
            found.append([spot])
    return [_around(line) for line in found]


def _enlarged(strip: Picture) -> Picture:
    import cv2

    return cv2.resize(cv2.GaussianBlur(strip, (3, 3), 0), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
