"""The rules of a PDF page's tables; where a page break or a style leaves a side open, it is closed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pdfplumber.page import Page as Sheet
    from pdfplumber.table import Table

Edge = dict[str, Any]
NEAR = 3  # points


def tables(sheet: Sheet) -> list[Table]:
    """The ruled tables of the page, each by its own rules: those of another would draw them away."""
    found = sorted(_found(sheet), key=lambda table: float(table.bbox[1]))
    left, top, right, bottom = sheet.bbox
    gaps = [(above.bbox[3], below.bbox[1]) for above, below in pairwise(found)]
    if len(found) < 2 or any(end >= start for end, start in gaps):
        return found
    cuts = [top, *((end + start) / 2 for end, start in gaps), bottom]
    return [table for upper, lower in pairwise(cuts) for table in _found(sheet.crop((left, upper, right, lower)))]


def _found(sheet: Sheet) -> list[Table]:
    return sheet.find_tables(
        {
            "explicit_horizontal_lines": _closing(sheet.edges, "v", "x0", ("top", "bottom")),
            "explicit_vertical_lines": _closing(sheet.edges, "h", "top", ("x0", "x1")),
        }
    )


def _closing(edges: list[Edge], along: str, at: str, ends: tuple[str, str]) -> list[Edge]:
    """A rule across the ends of rules that end together, where one of them ends with none to close it."""
    from pdfplumber.table import merge_edges

    merged = [edge for edge in merge_edges(edges, NEAR, NEAR, NEAR, NEAR) if _length(edge) > NEAR]
    running = [edge for edge in merged if edge["orientation"] == along]
    crossing = [edge for edge in merged if edge["orientation"] != along]
    closing = []
    for end in ends:
        for group in _together(running, end):
            closed = all(any(_meets(edge, end, at, other) for other in crossing) for edge in group)
            if len(group) > 1 and not closed:
                closing.append(_rule(along, group[0][end], [edge[at] for edge in group]))
    return closing


def _length(edge: Edge) -> float:
    """A rule drawn as a thin box has short edges of its own, which close nothing."""
    return float(max(edge["x1"] - edge["x0"], edge["bottom"] - edge["top"]))


def _meets(edge: Edge, end: str, at: str, other: Edge) -> bool:
    """Whether the rule across stands at this end and reaches it."""
    across, (low, high) = ("top", ("x0", "x1")) if at == "x0" else ("x0", ("top", "bottom"))
    return bool(abs(other[across] - edge[end]) <= NEAR and other[low] - NEAR <= edge[at] <= other[high] + NEAR)


def _together(edges: Iterable[Edge], end: str) -> list[list[Edge]]:
    groups: list[list[Edge]] = []
    for edge in sorted(edges, key=lambda e: float(e[end])):
        if groups and edge[end] - groups[-1][0][end] <= NEAR:
            groups[-1].append(edge)
        else:
            groups.append([edge])
    return groups


def _rule(along: str, position: float, reach: list[float]) -> Edge:
    low, high = min(reach), max(reach)
    if along == "v":
        box = {"x0": low, "x1": high, "top": position, "bottom": position}
    else:
        box = {"x0": position, "x1": position, "top": low, "bottom": high}
    size = {"width": box["x1"] - box["x0"], "height": box["bottom"] - box["top"]}
    return {"object_type": "line", **box, **size}
