"""A table that goes on over a page break keeps its columns, also where one page shows fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agent.loaders.blocks import Line

SHORT = 8  # characters: a line no longer, above or below a table, is a page's number
NEAR = 0.006  # of the table's width


def join(pages: Sequence[list[Line]]) -> None:
    """Cut the rows before and after each page break into the same columns, where one part shows fewer."""
    for above, below in pairwise(pages):
        last, first = _table(above, range(len(above) - 1, -1, -1)), _table(below, range(len(below)))
        if last and first:
            few, many = sorted(((above, last), (below, first)), key=lambda part: len(_lefts(*part)))
            _cut(*few, _lefts(*few), _lefts(*many))


def _table(lines: Sequence[Line], order: Sequence[int]) -> list[int]:
    """The rows of the table that ends or begins a page: nothing but its number stands on the far side."""
    found: list[int] = []
    for at in order:
        if len(lines[at].cells) > 1:
            found.append(at)
        elif found or len("".join(lines[at].cells)) > SHORT:
            break
    return found


def _lefts(lines: Sequence[Line], rows: Sequence[int]) -> list[float]:
    """Where each column begins, and the last ends, as shares of the table's width; empty where that is not known."""
    boxes = [(x, place.box) for at in rows for x, place in enumerate(lines[at].places) if place and place.box]
    width = max((len(lines[at].cells) for at in rows), default=0)
    lefts = [min((box[0] for x, box in boxes if x == column), default=-1.0) for column in range(width)]
    edges = [*lefts, max((box[2] for _, box in boxes), default=-1.0)]
    if min(edges) < 0 or edges[-1] <= edges[0] or edges != sorted(edges):
        return []
    return [(edge - edges[0]) / (edges[-1] - edges[0]) for edge in edges]


def _cut(lines: list[Line], rows: Sequence[int], few: Sequence[float], many: Sequence[float]) -> None:
    columns = [next((i for i, edge in enumerate(many) if abs(edge - left) <= NEAR), -1) for left in few]
    if not few or len(few) == len(many) or min(columns) < 0:
        return
    for at in rows:
        line = lines[at]
        texts = dict(zip(columns, line.cells, strict=False))
        places = dict(zip(columns, line.places, strict=False))
        whole = range(columns[len(line.cells)])
        lines[at] = Line(tuple(texts.get(x, "") for x in whole), tuple(places.get(x) for x in whole))
