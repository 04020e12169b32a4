"""How a conversion leaves a report's text: each layout turns printed lines into text, and says what stays in sight."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from eval.printed import Line, Lines
from eval.settle import Sight

Render = Callable[[Lines, Random], str]


@dataclass(frozen=True)
class Layout:
    """``paragraph``: what stands between paragraphs; ``sight``: what a reader of table 3 can still see.

    ``sights`` overrules it for the tables that this layout leaves otherwise.
    """

    name: str
    render: Mapping[str, Render]
    sight: Sight
    paragraph: str = "\n\n"
    around: str = "\n\n"
    heading: str = ""
    sights: tuple[tuple[str, Sight], ...] = ()

    def sees(self, table: str) -> Sight:
        """What this layout shows of the rows of ``table``."""
        return dict(self.sights).get(table, self.sight)


def _everywhere(render: Render) -> dict[str, Render]:
    return {"table2": render, "table3": render, "table4": render}


def _shown(line: Line) -> list[str]:
    """Cells with text, merged and blank ones gone."""
    return [cell for cell in line.cells if cell]


def tab(lines: Lines, rng: Random) -> str:
    """Cells in their columns between tabs, merged ones empty."""
    return "\n".join("\t".join(cell or "" for cell in line.cells) for line in lines)


def tab_ragged(lines: Lines, rng: Random) -> str:
    """Tabs whose number before and behind the figures differs between kinds of rows."""
    habits = {depth: (rng.randint(0, 4), rng.randint(0, 2)) for depth in range(4)}
    return "\n".join(_ragged(line, habits) for line in lines)


def _ragged(line: Line, habits: Mapping[int, tuple[int, int]]) -> str:
    if line.row is None or line.at == 0:
        return "\t".join(cell or "" for cell in line.cells)
    before = line.cells[: line.at]
    depth = max(i for i, cell in enumerate(before) if cell)
    lead, trail = habits[depth if line.at == 3 else 3]
    cells = [*(cell or "" for cell in before[: depth + 1]), *[""] * lead, *line.figures, *[""] * trail]
    return "\t".join(cells)


def pipe(lines: Lines, rng: Random) -> str:
    """A Markdown table; a converter may repeat the separator, bold the labels, escape the enumerators."""
    bold, escaped, close = rng.random() < 0.3, rng.random() < 0.3, rng.random() < 0.5
    width = max(len(line.cells) for line in lines)
    out = []
    for number, line in enumerate(lines):
        cells = [*(cell or "" for cell in line.cells), *[""] * (width - len(line.cells))]
        if line.row and line.at:
            cells[: line.at] = [_marked_label(cell, bold, escaped) for cell in cells[: line.at]]
        out.append("|" + "|".join(f" {cell} " if not close else cell for cell in cells) + "|")
        if number == 0:
            out.append("|" + " --- |" * width)
    return "\n".join(out)


def _marked_label(cell: str, bold: bool, escaped: bool) -> str:
    if escaped and cell[:1].isdigit():
        cell = f"{cell[0]}\\{cell[1:]}"
    return f"**{cell}**" if bold and cell else cell


def lines(lines: Lines, rng: Random) -> str:
    """One cell a line, blanks gone."""
    return "\n".join(text for line in lines for text in _shown(line))


def vertical(lines: Lines, rng: Random) -> str:
    """One cell a line; the label merged over many rows runs down, a character a line."""
    out: list[str] = []
    for line in lines:
        cells = _shown(line)
        if line.row and line.at == 3 and line.cells[0] and line.cells[1] and cells:
            out += [*cells[0]]
            cells = cells[1:]
        out += cells
    return "\n".join(out)


def gaps(lines: Lines, rng: Random) -> str:
    """Cells n newlines apart, rows m: a blank cell is only to be seen in a longer gap."""
    between, rows = rng.choice(((2, 3), (3, 4), (3, 5), (4, 6), (2, 5)))
    row_texts = []
    for line in lines:
        before = [cell for cell in line.cells[: line.at] if cell]
        figures = list(line.figures) if line.row else [cell for cell in line.cells if cell]
        row_texts.append(("\n" * between).join([*before, *figures]))
    return ("\n" * rows).join(row_texts)


def glued(lines: Lines, rng: Random) -> str:
    """No separator at all."""
    return "".join(text for line in lines for text in _shown(line))


def glued_rows(lines: Lines, rng: Random) -> str:
    """A line a row, no separator inside it."""
    return "\n".join("".join(_shown(line)) for line in lines)


def spaces(lines: Lines, rng: Random) -> str:
    """A line a row, cells between spaces, blanks gone."""
    return "\n".join(" ".join(_shown(line)) for line in lines)


def ideographic(lines: Lines, rng: Random) -> str:
    """Everything in one line between ideographic spaces."""
    return "\u3000\u3000".join(text for line in lines for text in _shown(line))


def aligned(lines: Lines, rng: Random) -> str:
    """Columns kept by spaces, as a text dump of a page does."""
    width = max(len(line.cells) for line in lines)
    sizes = [
        max((_wide(line.cells[i]) for line in lines if i < len(line.cells) and _single(line)), default=0) + 2
        for i in range(width)
    ]
    return "\n".join(_laid(line, sizes) for line in lines)


def _single(line: Line) -> bool:
    return line.row is not None


def _wide(text: str | None) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text or "")


def _laid(line: Line, sizes: list[int]) -> str:
    out, at = "", 0
    for cell, size in zip(line.cells, sizes, strict=False):
        out += " " * max(0 if not out else 1, at - _wide(out)) + (cell or "") if cell else ""
        at += size
    return out.rstrip()


def labels_first(lines: Lines, rng: Random) -> str:
    """All labels, then all rows of figures in the same order."""
    separator = rng.choice((" ", "\t"))
    figures = [separator.join(line.figures) for line in lines if line.row]
    return "\n".join([text for line in lines for text in line.labels] + figures)


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("tab", _everywhere(tab), "cells"),
        Layout("tab_ragged", _everywhere(tab_ragged), "windows", sights=(("table4", "cells"),)),
        Layout("pipe", _everywhere(pipe), "cells", heading="## "),
        Layout("lines", _everywhere(lines), "tokens", "\n", "\n"),
        Layout("vertical", _everywhere(vertical), "tokens", "\n", "\n"),
        Layout("gaps", _everywhere(gaps), "cells", "\n", "\n\n\n\n\n\n"),
        Layout("glued", _everywhere(glued), "run", "", ""),
        Layout("glued_rows", _everywhere(glued_rows), "run", "\n", "\n"),
        Layout("spaces", _everywhere(spaces), "tokens", "\n", "\n"),
        Layout("ideographic", _everywhere(ideographic), "tokens", "\u3000\u3000", "\u3000\u3000"),
        Layout(
            "half_glued",
            {"table2": ideographic, "table3": glued, "table4": glued},
            "run",
            "\u3000\u3000",
            "\u3000\u3000",
            sights=(("table2", "tokens"),),
        ),
        Layout("aligned", _everywhere(aligned), "tokens"),
        Layout("labels_first", _everywhere(labels_first), "cells", "\n", "\n"),
    )
}
