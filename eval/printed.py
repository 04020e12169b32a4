"""A table as it is printed: lines of cells, some merged; what a layout then makes of it is another's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from schemas.form import Grid, Row

NOTE = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"


@dataclass(frozen=True)
class Line:
    """One printed line of a table.

    ``cells``: text by column; None = covered by a merged cell, '' = a cell left blank.
    ``row``: the row of the grid whose figures begin at column ``at``; None for headers and page marks.
    ``printed``: how many cells of figures stand there (one more or less than the row has, where damaged).
    """

    cells: tuple[str | None, ...]
    row: Row | None = None
    at: int = 0
    printed: int = 0
    mark: bool = False

    @property
    def figures(self) -> tuple[str, ...]:
        """The printed figures, blanks as ''."""
        return tuple(cell or "" for cell in self.cells[self.at : self.at + self.printed])

    @property
    def labels(self) -> tuple[str, ...]:
        """The label texts before the figures."""
        return tuple(cell for cell in (self.cells[: self.at] if self.row else self.cells) if cell)

    def with_figures(self, figures: tuple[str, ...]) -> Line:
        """The line with other figures in place of its own."""
        rest = self.cells[self.at + self.printed :]
        return replace(self, cells=(*self.cells[: self.at], *figures, *rest), printed=len(figures))

    def with_label(self, label: str) -> Line:
        """The line with its own label (the last before the figures) printed as ``label``."""
        place = max(i for i, cell in enumerate(self.cells[: self.at]) if cell)
        return replace(self, cells=(*self.cells[:place], label, *self.cells[place + 1 :]))


Lines = tuple[Line, ...]


def lines_of(grid: Grid, figures: Mapping[str, str], label: Mapping[str, str]) -> Lines:
    """The grid printed with these figures; ``label``: the wording chosen for a row or column label."""
    build = {"table2": _table2, "table3": _table3, "table4": _table4}[grid.id]
    return build(grid, figures, label)


def _padded(cells: list[str | None], width: int) -> tuple[str | None, ...]:
    return (*cells, *[None] * (width - len(cells)))


def _table2(grid: Grid, figures: Mapping[str, str], label: Mapping[str, str]) -> Lines:
    lines: list[Line] = []
    for row in grid.rows:
        if row.groups:
            group, content, *_ = row.groups
            heads = [row.groups[-1]] if len(row.columns) == 1 else [column.labels[0] for column in row.columns]
            heads = [label.get(head, head) for head in heads]
            lines.append(Line(_padded([group], 4)))
            lines.append(Line(_padded([content, *heads], 4)))
        own = label.get(row.id, row.labels[0])
        printed = [figures[path] for path in grid.paths(row)]
        lines.append(Line(_padded([own, *printed], 4), row, 1, len(printed)))
    return tuple(lines)


def _table3(grid: Grid, figures: Mapping[str, str], label: Mapping[str, str]) -> Lines:
    kinds = [label.get(column.id, column.labels[0]) for column in grid.rows[0].columns]
    lines = [
        Line(_padded([NOTE, None, None, "申请人情况"], 10)),
        Line((None, None, None, kinds[0], "法人或其他组织", None, None, None, None, kinds[6])),
        Line((None, None, None, None, *kinds[1:6], None)),
    ]
    for row in grid.rows:
        own = label.get(row.id, row.labels[0])
        depth = 2 if own[0].isdigit() else 1 if own[0] in "（(" else 0
        before: list[str | None] = [None, None, None]
        before[depth] = own
        if row.groups:
            before[depth - 1] = label.get(row.groups[-1], row.groups[-1])
        lines.append(Line((*before, *(figures[path] for path in grid.paths(row))), row, 3, len(row.columns)))
    return tuple(lines)


def _table4(grid: Grid, figures: Mapping[str, str], label: Mapping[str, str]) -> Lines:
    row = grid.rows[0]
    results: tuple[str | None, ...] = tuple(label.get(text, text) for text in row.labels)
    review, direct, after = row.groups
    pad = (None,) * 4
    return (
        Line((review, *pad, "行政诉讼", *pad, *pad, None)),
        Line((*results, direct, *pad, after, *pad)),
        Line((*(None,) * 5, *results, *results)),
        Line(tuple(figures[path] for path in grid.paths(row)), row, 0, len(row.columns)),
    )
