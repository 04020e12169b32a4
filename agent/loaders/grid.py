"""The ruled tables of a page image: set straight, lines found, cells between them, merged where a line is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

Picture = NDArray[Any]
Sides = list[list[bool]]
Box = tuple[int, int, int, int]
"""x0, top, x1, bottom in pixels."""

SHORT_SIDE = 2_000
"""Pixels along a page's shorter side; lengths below are for pages of this size, about 240 dpi on A4."""
LINE_ACROSS = 70
LINE_DOWN = 42
NEAR = 9
GAP = 5
COVERED = 0.85
"""A side of a cell is there when a line runs along this much of it."""


@dataclass(frozen=True)
class Grid:
    """A table's cells by row and column; None where a cell above or to the left reaches."""

    box: Box
    rows: tuple[tuple[Box | None, ...], ...]


def sized(grey: Picture) -> Picture:
    """The page with its shorter side as long as everything here expects."""
    import cv2

    factor = SHORT_SIDE / min(grey.shape)
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return cv2.resize(grey, None, fx=factor, fy=factor, interpolation=how)


def straightened(grey: Picture) -> Picture:
    """The page turned so that its lines lie level."""
    import cv2

    angle = _skew(grey)
    if abs(angle) < 0.02:
        return grey
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    return cv2.warpAffine(grey, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255,))


def _skew(grey: Picture) -> float:
    """The turn, in degrees, at which the ink gathers most in lines across the page."""
    import cv2
    import numpy

    best = 0.0
    for width, reach, step in ((600, 5.0, 0.5), (600, 0.5, 0.1), (1400, 0.1, 0.02)):
        factor = width / grey.shape[1]
        small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        ink = dark(small)
        middle = (ink.shape[1] / 2, ink.shape[0] / 2)

        def gathered(angle: float, ink: Picture = ink, middle: tuple[float, float] = middle) -> float:
            turn = cv2.getRotationMatrix2D(middle, angle, 1)
            rows = cv2.warpAffine(ink, turn, ink.shape[::-1]).sum(axis=1, dtype=float)
            return float(numpy.square(numpy.diff(rows)).sum())

        best = max((best + k * step for k in range(-round(reach / step), round(reach / step) + 1)), key=gathered)
    return best


def dark(grey: Picture) -> Picture:
    """Ink as 255, paper as 0, whatever the light on the page."""
    import cv2

    return cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 15)


def tables(grey: Picture) -> list[Grid]:
    """The ruled tables of a straight page, from top to bottom."""
    across, down = lines(dark(grey))
    found = [grid for box in _regions(across, down) if (grid := _grid(across, down, box))]
    return sorted(found, key=lambda grid: grid.box[1])


def lines(ink: Picture) -> tuple[Picture, Picture]:
    """The page's level and upright lines, gaps closed, everything else gone."""
    import cv2

    def only(width: int, height: int) -> Picture:
        gap = cv2.getStructuringElement(cv2.MORPH_RECT, (min(width, GAP), min(height, GAP)))
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (width, height))
        return cv2.morphologyEx(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, gap), cv2.MORPH_OPEN, kernel)

    return only(LINE_ACROSS, 1), only(1, LINE_DOWN)


def _regions(across: Picture, down: Picture) -> Iterator[Box]:
    """Where lines of both kinds hang together."""
    import cv2

    both = cv2.dilate(cv2.bitwise_or(across, down), cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(both)
    for x, y, width, height, _ in stats[1:count]:
        if width > 2 * LINE_ACROSS and height > LINE_DOWN:
            yield int(x), int(y), int(x + width), int(y + height)


def _grid(across: Picture, down: Picture, box: Box) -> Grid | None:
    x0, top, x1, bottom = box
    level, upright = across[top:bottom, x0:x1], down[top:bottom, x0:x1]
    ys, xs = _positions(level, 1, LINE_ACROSS), _positions(upright, 0, LINE_DOWN)
    _close(ys, upright, xs)
    _close(xs, level.T, ys)
    ys, xs, above, beside = _sides(level, upright, ys, xs)
    if len(ys) < 2 or len(xs) < 3:  # one column is a frame around prose
        return None
    return Grid(box, _cells(beside, above, [x + x0 for x in xs], [y + top for y in ys]))


def _close(positions: list[int], mask: Picture, lines: Sequence[int]) -> None:
    """End the table where most lines across end, if past the outermost line: a page break leaves that side open."""
    import numpy

    there = sum(
        (mask[:, max(0, x - NEAR) : x + NEAR + 1].any(axis=1).astype(int) for x in lines), numpy.zeros(len(mask))
    )
    reach = numpy.flatnonzero(there >= max(2, len(lines) / 2))
    if positions and reach.size:
        first, last = int(reach[0]), int(reach[-1])
        positions[:0] = [first] if positions[0] - first > LINE_DOWN // 2 else []
        positions += [last] if last - positions[-1] > LINE_DOWN // 2 else []


def _sides(level: Picture, upright: Picture, ys: list[int], xs: list[int]) -> tuple[list[int], list[int], Sides, Sides]:
    """The sides of cells that are there, once strokes of letters are gone: a line is the whole side of some cell."""
    while True:
        above = [[_covered(level.T, y, start, end) for start, end in pairwise(xs)] for y in ys]
        beside = [[_covered(upright, x, start, end) for start, end in pairwise(ys)] for x in xs]
        real_ys = [y for y, sides in zip(ys, above, strict=True) if any(sides) or y in (ys[0], ys[-1])]
        real_xs = [x for x, sides in zip(xs, beside, strict=True) if any(sides) or x in (xs[0], xs[-1])]
        if (real_ys, real_xs) == (ys, xs) or not (real_ys and real_xs):
            return real_ys, real_xs, above, beside
        ys, xs = real_ys, real_xs


def _positions(mask: Picture, axis: int, least: int) -> list[int]:
    """Where lines lie, each once, at the middle of its thickness."""
    import numpy

    length = (mask > 0).sum(axis=axis)
    found: list[list[int]] = []
    for at in numpy.flatnonzero(length >= least):
        if found and at - found[-1][-1] <= NEAR:
            found[-1].append(int(at))
        else:
            found.append([int(at)])
    return [round(float(numpy.average(run, weights=length[run]))) for run in found]


def _covered(upright: Picture, x: int, start: int, end: int) -> bool:
    """Whether a line runs along the upright side at x. A line reaches into both corners, letters do not."""
    strip = upright[start + 3 : end - 2, max(0, x - NEAR) : x + NEAR + 1]
    if strip.shape[0] < 2 * NEAR:
        return True
    there = strip.max(axis=1) > 0
    return bool(there.mean() >= COVERED and min(there[:NEAR].mean(), there[-NEAR:].mean()) >= COVERED)


def _cells(beside: Sides, above: Sides, xs: Sequence[int], ys: Sequence[int]) -> tuple[tuple[Box | None, ...], ...]:
    """Cells grown from their upper left corner to the right and down until a line ends them."""
    height, width = len(ys) - 1, len(xs) - 1
    taken = [[False] * width for _ in range(height)]
    rows: list[tuple[Box | None, ...]] = []
    for y in range(height):
        row: list[Box | None] = []
        for x in range(width):
            if taken[y][x]:
                row.append(None)
                continue
            right, below = x + 1, y + 1
            while right < width and not beside[right][y] and not taken[y][right]:
                right += 1
            while below < height and not any(above[below][x:right]):
                below += 1
            for j in range(y, below):
                taken[j][x:right] = [True] * (right - x)
            row.append((xs[x], ys[y], xs[right], ys[below]))
        rows.append(tuple(row))
    return tuple(rows)
