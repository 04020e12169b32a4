"""Controlled damage: what goes wrong with figures, labels and lines of a table, each kind by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from eval.figures import Figures
from eval.printed import Line, Lines
from eval.settle import figure
from schemas.form import Grid

Printed = dict[str, str]
"""What is printed in each cell by path; '' = blank."""

MARKS = ("-", "—", "/", "无")
_OCR = {"0": "OoＯ〇", "1": "lI｜"}
_FULL = str.maketrans("0123456789.", "０１２３４５６７８９．")


def print_figures(figures: Figures) -> Printed:
    """Every figure as plain digits."""
    return {path: f"{value:f}" if not isinstance(value, int) else str(value) for path, value in figures.items()}


def _zeros(printed: Printed) -> list[str]:
    return [path for path, text in printed.items() if text.strip("0.") == ""]


def blank_zeros(printed: Printed, grid: Grid, rng: Random) -> Printed:
    """Leave every zero blank, or those of rows that are all zero."""
    zeros = set(_zeros(printed))
    if rng.random() < 0.4:
        rows = [grid.paths(row) for row in grid.rows]
        zeros = {path for paths in rows if set(paths) <= zeros for path in paths}
    if len(zeros) == len(printed):
        return printed  # a table without any figure says nothing
    return {path: "" if path in zeros else text for path, text in printed.items()}


def dash_zeros(printed: Printed, grid: Grid, rng: Random) -> Printed:
    """Print a mark for every zero."""
    mark = rng.choice(MARKS)
    zeros = set(_zeros(printed))
    if len(zeros) == len(printed):
        return printed  # a table without any figure says nothing
    return {path: mark if path in zeros else text for path, text in printed.items()}


def blank_totals(printed: Printed, grid: Grid, rng: Random) -> Printed:
    """Leave the whole column of row totals blank, or one total."""
    totals = [path for path in printed if path.endswith(".total")]
    if totals and rng.random() < 0.5:
        totals = [rng.choice(totals)]
    return {path: "" if path in totals else text for path, text in printed.items()}


def full_width(printed: Printed, grid: Grid, rng: Random) -> Printed:
    """Print full-width digits."""
    return {path: text.translate(_FULL) for path, text in printed.items()}


def ocr(printed: Printed, grid: Grid, rng: Random) -> Printed:
    """Misread some zeros and ones as the letters and strokes they look like."""
    if grid.id == "table2":
        return printed  # no sum could tell the letter from the digit
    share = rng.choice((0.02, 0.1, 0.5))
    return {
        path: "".join(rng.choice(_OCR[c]) if c in _OCR and rng.random() < share else c for c in text)
        for path, text in printed.items()
    }


def thousands(printed: Printed, grid: Grid, rng: Random) -> Printed:
    """Separate the thousands."""
    comma = rng.choice((",", ",", "，"))

    def separated(text: str) -> str:
        whole, point, rest = text.partition(".")
        return f"{int(whole):,}".replace(",", comma) + point + rest if whole.isdigit() else text

    return {path: separated(text) for path, text in printed.items()}


FIGURES: Mapping[str, Callable[[Printed, Grid, Random], Printed]] = {
    "blank_zeros": blank_zeros,
    "dash_zeros": dash_zeros,
    "blank_totals": blank_totals,
    "thousands": thousands,
    "full_width": full_width,
    "ocr": ocr,
}
"""In the order in which they must be applied."""


def _own_label(line: Line) -> str:
    return line.labels[-1] if line.row and line.labels else ""


def misprinted(lines: Lines, rng: Random) -> Lines:
    """Drop two characters from the middle of a few labels."""
    return _relabelled(lines, rng, 8, lambda text, at: text[:at] + text[at + 2 :])


def truncated(lines: Lines, rng: Random) -> Lines:
    """Cut the end off a few labels."""
    return _relabelled(lines, rng, 11, lambda text, at: text[: max(8, at)])


def _relabelled(lines: Lines, rng: Random, least: int, change: Callable[[str, int], str]) -> Lines:
    long = [i for i, line in enumerate(lines) if len(_own_label(line)) >= least]
    chosen = set(rng.sample(long, min(len(long), rng.randint(1, 3))))
    return tuple(
        line.with_label(change(_own_label(line), rng.randint(4, len(_own_label(line)) - 4))) if i in chosen else line
        for i, line in enumerate(lines)
    )


def spaced_labels(lines: Lines, rng: Random) -> Lines:
    """Half-width brackets and a space behind the enumerator, as some word processors leave them."""
    change = str.maketrans({"（": "(", "）": ") ", "，": ", "})
    stop = rng.choice((". ", "、", ".", "．"))

    def respaced(cell: str | None) -> str | None:
        if cell and cell[0].isdigit() and cell[1:2] == ".":
            cell = cell[0] + stop + cell[2:]
        return cell.translate(change).strip() if cell else cell

    return tuple(
        replace(line, cells=(*map(respaced, line.cells[: line.at]), *line.cells[line.at :])) if line.row else line
        for line in lines
    )


def page_breaks(lines: Lines, rng: Random) -> Lines:
    """Break the table over pages: a footer, and a group's label torn in two."""
    style = rng.choice(("- {} -", "— {} —", "第{}页", "-{}-"))
    out: list[Line] = []
    page, torn = rng.randint(2, 5), ""
    first = next((i for i, line in enumerate(lines) if line.row), 0)
    for i, line in enumerate(lines):
        if torn and line.row and line.at == 3:
            line = replace(line, cells=(line.cells[0], torn, *line.cells[2:]))
            torn = ""
        out.append(line)
        if i < first or i == len(lines) - 1 or rng.random() > 0.12:
            continue
        group, below = line.cells[1] if line.at == 3 else None, lines[i + 1]
        if (
            group
            and len(group) > 4
            and line.cells[2]
            and below.at == 3
            and below.cells[1] is None
            and rng.random() < 0.7
        ):
            cut = rng.randint(4, len(group) - 1)
            out[-1] = replace(line, cells=(line.cells[0], group[:cut], *line.cells[2:]))
            torn = group[cut:]
        out.append(Line((style.format(page),), mark=True))
        page += 1
    return tuple(out)


def repeated_header(lines: Lines, rng: Random) -> Lines:
    """Print the header again in the middle, as a table does on its next page."""
    rows = [i for i, line in enumerate(lines) if line.row]
    header = lines[: rows[0]]
    if len(rows) < 4 or not header:
        return lines
    at = rng.choice(rows[1:-1])
    return (*lines[:at], *header, *lines[at:])


def wrapped_labels(lines: Lines, rng: Random) -> Lines:
    """Break long labels over several text lines, as a narrow column does."""
    width = rng.randint(9, 18)

    def wrapped(cell: str | None) -> str | None:
        if not cell or len(cell) <= width + 2:
            return cell
        return "\n".join(cell[i : i + width] for i in range(0, len(cell), width))

    return tuple(
        replace(line, cells=(*map(wrapped, line.cells[: line.at]), *line.cells[line.at :])) if line.row else line
        for line in lines
    )


def extra_cell(lines: Lines, rng: Random) -> Lines:
    """Print a cell too many, a zero, in one row or in all rows of outcomes."""
    rows = [i for i, line in enumerate(lines) if line.row and line.printed == 7]
    chosen = set(rows[2:] if rng.random() < 0.4 else rng.sample(rows, min(1, len(rows))))
    at = rng.randint(0, 7)
    return tuple(
        line.with_figures((*line.figures[:at], "0", *line.figures[at:])) if i in chosen else line
        for i, line in enumerate(lines)
    )


def bare_page_number(lines: Lines, rng: Random) -> Lines:
    """Leave a page number standing alone behind a row, like a figure too many."""
    rows = [i for i, line in enumerate(lines) if line.row and line.printed == 7]
    if not rows:
        return lines
    at, page = rng.choice(rows), str(rng.randint(2, 9))
    return tuple(line.with_figures((*line.figures, page)) if i == at else line for i, line in enumerate(lines))


def lost_cell(lines: Lines, rng: Random) -> Lines:
    """Lose one cell of a row that is not all zero."""
    rows = [i for i, line in enumerate(lines) if line.row and line.printed == 7 and any(map(figure, line.figures))]
    if not rows:
        return lines
    at, cell = rng.choice(rows), rng.randint(0, 6)
    return tuple(
        line.with_figures((*line.figures[:cell], *line.figures[cell + 1 :])) if i == at else line
        for i, line in enumerate(lines)
    )


def lost_row(lines: Lines, rng: Random) -> Lines:
    """Lose a whole row."""
    rows = [i for i, line in enumerate(lines) if line.row and line.at == 3 and not (line.cells[0] or line.cells[1])]
    at = rng.choice(rows) if rows else -1
    return tuple(line for i, line in enumerate(lines) if i != at)


LINES: Mapping[str, Callable[[Lines, Random], Lines]] = {
    "misprinted": misprinted,
    "truncated": truncated,
    "spaced_labels": spaced_labels,
    "extra_cell": extra_cell,
    "bare_page_number": bare_page_number,
    "lost_cell": lost_cell,
    "lost_row": lost_row,
    "page_breaks": page_breaks,
    "repeated_header": repeated_header,
    "wrapped_labels": wrapped_labels,
}
"""In the order in which they must be applied."""

_RADICALS = str.maketrans("一人行门见民公", "⼀⼈⾏⻔⻅⺠公")


def radicals(text: str) -> str:
    """Print Kangxi and CJK radicals for the characters they look like."""
    return text.translate(_RADICALS)
