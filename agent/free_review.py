"""A reviewer's correction in a text without a grid: the figure typed, at its place where one bears it out."""

from __future__ import annotations

import re
from datetime import date

from agent.amounts import printed, read, style_of
from agent.dates import dates
from agent.document import Document
from agent.errors import UsageError
from agent.outcome import BLANKS, Figure, Reading, Words
from agent.places import Text, fits
from schemas.free import Free


def corrected(path: str, typed: str, by: str, reading: Reading, free: Free, document: Document) -> Figure | None:
    """The figure a reviewer typed; None where it is to be left out. Raises UsageError where it is none of the form."""
    declared = free.figure(path)
    if declared is None or not _has(path, reading, free):
        raise UsageError(f"this report has no figure {path}; `gouji forms` shows the figures of a form")
    if typed.strip() in BLANKS:
        return None
    found = read(typed, style_of(document.lines))
    if found is None or (declared.kind == "count" and found.value % 1):
        raise UsageError(f"{typed.strip()!r} is no {'whole ' if declared.kind == 'count' else ''}number, nor blank")
    value = int(found.value) if declared.kind == "count" else found.value
    before = reading.figures.get(path)
    text = Text(document, free)
    for line in _lines(before, path == declared.id, document):
        for one in printed(document.lines)[line - 1]:
            if one.value == value and fits(path, declared, one, text):
                return Figure(value, one.text, line, by)
    return Figure(value, typed.strip(), before.line if before else None, by)


def dated(name: str, typed: str, by: str, document: Document) -> Words:
    """The day that a reviewer says a date of the text means. Raises UsageError where the text prints no such day."""
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError as error:
        raise UsageError(f"{name}: {typed.strip()!r} is no day; write it as 2024-05-31") from error
    printed_days = dates(document.lines)
    found = next((one for one in printed_days if day in one.can_be), None)
    if found is None:
        known = "; ".join(f"line {one.line}: {' or '.join(map(str, one.can_be))}" for one in printed_days[:3])
        raise UsageError(f"{name}: the text prints no date that can be {day} ({known or 'it prints none'})")
    return Words(day, found.text, found.line, by)


def _has(path: str, reading: Reading, free: Free) -> bool:
    """Whether a figure can be corrected: one that stands once, or a cell of an entry that was read."""
    entry = re.match(r"(\w+\.\d+)\.", path)
    return entry is None or any(known.startswith(f"{entry[1]}.") for known in reading.figures)


def _lines(before: Figure | None, scalar: bool, document: Document) -> list[int]:
    """Where to look for it: the line it was read from; for what stands once, then every other."""
    own = [before.line] if before and before.line else []
    return own + (list(range(1, len(document.lines) + 1)) if scalar else [])
