"""What of a PDF page's text layer is seen on the page as it is drawn, and where ink stands that no text says.

A text layer may hold what nobody sees: letters that are invisible, white, covered or cut off. And a page may show
what its text layer does not hold: figures as pictures, outlines or filled-in fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.loaders.columns import Page

if TYPE_CHECKING:
    from PIL.Image import Image

Char = dict[str, Any]
Box = tuple[float, float, float, float]

SCALE = 2.0  # pixels a point: strokes of the smallest print are about one pixel wide
CONTRAST = 24  # of 255, between ink and paper
DARK = 140
INSIDE = 2.5  # points between a cell's rule and what is looked at in it
LEAST = 6  # dark pixels that are more than dirt
MOST = 0.6  # of a cell's area: more is a background


class Drawn:
    """A page as it is drawn; boxes are in points from the upper left corner of what is shown of it."""

    def __init__(self, page: Any, cut: Box) -> None:
        self._image: Image = page.render(scale=SCALE, grayscale=True).to_pil().convert("L")
        self._cut = cut

    def page(self, number: int) -> Page:
        """The page as places on it are told."""
        left, top, right, bottom = self._cut
        return Page(number, right - left, bottom - top, left, top)

    def shows(self, char: Char) -> bool:
        """Whether there is ink where the letter should stand. Of a figure the middle counts: rules run beside it."""
        top, bottom = char["top"], char["bottom"]
        if char["text"].isdecimal():
            top, bottom = top + 0.3 * (bottom - top), bottom - 0.3 * (bottom - top)
        low, high = self._range((char["x0"], top, char["x1"], bottom))
        return high - low >= CONTRAST

    def is_inside(self, char: Char) -> bool:
        """Whether the letter stands on the part of the page that is shown."""
        x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        return bool(self._cut[0] <= x <= self._cut[2] and self._cut[1] <= y <= self._cut[3])

    def has_ink(self, cell: Box) -> bool:
        """Whether something is drawn in a cell, apart from its rules and its background."""
        x0, top, x1, bottom = cell
        found = self._part((x0 + INSIDE, top + INSIDE, x1 - INSIDE, bottom - INSIDE))
        if found is None:
            return False
        dark = sum(found.histogram()[:DARK])
        return LEAST <= dark <= MOST * found.width * found.height

    def _range(self, box: Box) -> tuple[int, int]:
        part = self._part(box)
        found: Any = (255, 255) if part is None else part.getextrema()
        return found[0], found[1]

    def _part(self, box: Box) -> Image | None:
        left, upper = self._cut[:2]
        x0, top, x1, bottom = (
            round(SCALE * edge) for edge in (box[0] - left, box[1] - upper, box[2] - left, box[3] - upper)
        )
        x0, top = max(0, x0), max(0, top)
        x1, bottom = min(self._image.width, max(x1, x0 + 1)), min(self._image.height, max(bottom, top + 1))
        return self._image.crop((x0, top, x1, bottom)) if x0 < x1 and top < bottom else None


def unseen(drawn: Drawn, chars: Sequence[Char]) -> tuple[set[int], float]:
    """The letters nobody sees, by ``id``, and their share of those that stand on the part of the page that is shown."""
    letters = [char for char in chars if char["text"].strip()]
    inside = [char for char in letters if drawn.is_inside(char)]
    hidden = [char for char in inside if not drawn.shows(char)]
    outside = {id(char) for char in letters} - {id(char) for char in inside}
    return outside | {id(char) for char in hidden}, len(hidden) / max(1, len(inside))
