"""What goes wrong in a model's answers: each kind changes a right answer as real models do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from agent import wire
from schemas.form import Form


@dataclass
class Line:
    """One line of a table's answer."""

    number: int
    at: str
    cells: list[str]


Lines = list[Line]


class Sheet:
    """A table's answer as lines of cells, shorthands written out."""

    def __init__(self, text: str, widths: Mapping[int, int]) -> None:
        self.lines = [_line(row, widths) for row in text.split("\n") if row]

    def __str__(self) -> str:
        return "\n".join(f"{line.number}@{line.at} {' '.join(line.cells)}" for line in self.lines)


def _line(row: str, widths: Mapping[int, int]) -> Line:
    place, *cells = row.split(" ")
    number, _, at = place.partition("@")
    width = widths[int(number)]
    return Line(int(number), at, cells * width if len(cells) == 1 else cells)


def _filled(lines: Lines, rng: Random) -> tuple[Line, int] | None:
    """A cell with a figure in it, one that is not 0 where there is one."""
    cells = [(line, i) for line in lines for i, cell in enumerate(line.cells) if cell.isdigit()]
    telling = [(line, i) for line, i in cells if line.cells[i] != "0"]
    return rng.choice(telling or cells) if cells else None


def replaced_digit(lines: Lines, rng: Random) -> None:
    """Read one digit as another."""
    found = _filled(lines, rng)
    if found:
        line, i = found
        digits = [*line.cells[i]]
        at = rng.randrange(len(digits))
        digits[at] = rng.choice([d for d in "123456789" if d != digits[at]])
        line.cells[i] = "".join(digits)


def swapped_digits(lines: Lines, rng: Random) -> None:
    """Exchange two digits of a figure."""
    pairs = [
        (line, i, at)
        for line in lines
        for i, cell in enumerate(line.cells)
        if cell.isdigit()
        for at in range(len(cell) - 1)
        if cell[at] != cell[at + 1] and not (at == 0 and cell[1] == "0")
    ]
    if not pairs:
        return replaced_digit(lines, rng)
    line, i, at = rng.choice(pairs)
    cell = line.cells[i]
    line.cells[i] = cell[:at] + cell[at + 1] + cell[at] + cell[at + 2 :]
    return None


def dropped_digit(lines: Lines, rng: Random) -> None:
    """Lose the last digit of a figure."""
    long = [(line, i) for line in lines for i, cell in enumerate(line.cells) if cell.isdigit() and len(cell) > 1]
    if not long:
        return replaced_digit(lines, rng)
    line, i = rng.choice(long)
    line.cells[i] = line.cells[i][:-1]
    return None


def column_shift(lines: Lines, rng: Random) -> None:
    """Read a row one column to the side."""
    wide = [line for line in lines if len(line.cells) > 1 and len(set(line.cells)) > 1]
    if not wide:
        return replaced_digit(lines, rng)
    line = rng.choice(wide)
    line.cells = ["0", *line.cells[:-1]] if rng.random() < 0.5 else [*line.cells[1:], "0"]
    return None


def row_swap(lines: Lines, rng: Random) -> None:
    """Exchange the figures of two rows."""
    pairs = [(a, b) for a in lines for b in lines if len(a.cells) == len(b.cells) and a.cells != b.cells]
    if not pairs:
        return replaced_digit(lines, rng)
    a, b = rng.choice(pairs)
    a.cells, b.cells = b.cells, a.cells
    return None


def missing_row(lines: Lines, rng: Random) -> None:
    """Leave a row out."""
    if lines:
        del lines[rng.randrange(len(lines))]


def doubled_row(lines: Lines, rng: Random) -> None:
    """Read a row's figures for the next row too."""
    pairs = [(a, b) for a, b in pairwise(lines) if len(a.cells) == len(b.cells)]
    telling = [(a, b) for a, b in pairs if a.cells != b.cells]
    if not telling:
        return replaced_digit(lines, rng)
    a, b = rng.choice(telling)
    b.cells = [*a.cells]
    return None


def made_to_fit(lines: Lines, rng: Random) -> None:
    """Move some applications from one outcome to another, the totals adjusted: every sum still holds."""
    rows = [line for line in lines if len(line.cells) == 7 and all(cell.isdigit() for cell in line.cells)]
    full = [(a, i) for a in rows[2:-2] for i in range(6) if a.cells[i] != "0"]
    if len(rows) < 6 or not full:
        return _invented_application(rows, lines, rng)
    giver, i = rng.choice(full)
    taker = rng.choice([line for line in rows[2:-2] if line is not giver])
    moved = rng.randint(1, int(giver.cells[i]))
    for line, by in ((giver, -moved), (taker, moved)):
        for cell in (i, 6):
            line.cells[cell] = str(max(0, int(line.cells[cell]) + by))
    return None


def _invented_application(rows: Lines, lines: Lines, rng: Random) -> None:
    if len(rows) < 6:
        return replaced_digit(lines, rng)
    i = rng.randrange(6)
    for line in (rows[0], rng.choice(rows[2:-2]), rows[-2]):
        for cell in (i, 6):
            line.cells[cell] = str(int(line.cells[cell]) + 1)
    return None


TABLE_FAULTS: tuple[Callable[[Lines, Random], None], ...] = (
    *(swapped_digits, dropped_digit, replaced_digit, column_shift, row_swap),
    *(missing_row, doubled_row, made_to_fit),
)


def in_tables(answer: Mapping[str, Any], form: Form, rng: Random) -> dict[str, Any]:
    """The answer with one fault in one of its tables."""
    spoilt = dict(answer)
    given = [name for name, text in answer.items() if name in form.tables and text]
    if given:
        name = rng.choice(given)
        widths = {number: len(row.columns) for number, row in wire.table(form.tables[name]).rows}
        sheet = Sheet(str(answer[name]), widths)
        rng.choice(TABLE_FAULTS)(sheet.lines, rng)
        spoilt[name] = str(sheet)
    return spoilt


def in_prose(answer: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    """The answer with something in it that the report does not say."""
    spoilt = dict(answer)
    if "contact" in answer and rng.random() < 0.6:
        invented = {"phone": "12345678", "email": "example@example.com", "website": "www.example.com"}
        spoilt["contact"] = {"address": "", "postcode": ""} | dict(answer["contact"] or {}) | invented
    elif "organization" in answer:
        spoilt["organization"] = rng.choice(("某某人民政府", str(answer["organization"])[:-1]))
    return spoilt
