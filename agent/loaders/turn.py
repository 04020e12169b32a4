"""Which way up a page lies: sideways where its lines of text stand, upside down where they cannot be read so."""

from __future__ import annotations

from statistics import fmean
from typing import Any, Protocol

from numpy.typing import NDArray

from agent.loaders.ocr import Box, Reading

Picture = NDArray[Any]

LONG = 4  # a line of text is this many times as long as high; a lone figure tells nothing
SAMPLE = 6
READABLE = 0.8


class Reader(Protocol):
    """An OCR engine."""

    def find(self, grey: Picture) -> list[Box]:
        """The boxes of the lines of text."""

    def read(self, strip: Picture) -> Reading:
        """What the strip says."""


def upright(grey: Picture, engine: Reader) -> tuple[Picture, list[Box]]:
    """The page with its text the right way up, and the boxes of its lines."""
    import numpy

    boxes = engine.find(grey)
    standing = [b for b in boxes if b[3] - b[1] > LONG * (b[2] - b[0])]
    lying = [b for b in boxes if b[2] - b[0] > LONG * (b[3] - b[1])]
    sideways = len(standing) > len(lying)
    sample = sorted(standing if sideways else lying, key=_length)[-SAMPLE:]
    if not sample:
        return grey, boxes

    def legible(turns: int) -> float:
        strips = (grey[b[1] : b[3], b[0] : b[2]] for b in sample)
        return fmean(engine.read(numpy.rot90(strip, turns)).score for strip in strips)

    if not sideways and legible(0) >= READABLE:
        return grey, boxes
    turns = max((1, 3) if sideways else (0, 2), key=legible)
    if turns == 0:
        return grey, boxes
    grey = numpy.ascontiguousarray(numpy.rot90(grey, turns))
    return grey, engine.find(grey)


def _length(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])
