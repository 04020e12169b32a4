"""The sums of a record without a grid, by itself: which hold and which fail, whatever it was read from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from agent.errors import InputError
from agent.free_sums import Figures, add_up, name_of
from agent.outcome import Finding, Number
from agent.sums import Checked, number
from schemas.form import Equation
from schemas.free import Free
from schemas.identity import over


def check(record: Mapping[str, Any], free: Free) -> Checked:
    """Check the sums of a public record. Raises InputError where it has not the shape of the form."""
    figures = dict(_figures(record, free))
    values = {path: Decimal(value) for path, value in figures.items() if value is not None}
    counts = {listed.id: len(record.get(listed.id) or []) for listed in free.lists}
    sums = add_up(free.identities, Figures(values, values, counts))
    failing = []
    for its, group in sums.broken:
        if not its.only_proves:
            held = min(group, key=lambda one: abs(one.difference))
            sides = (held.left.value, held.right.value, held.difference)
            failing.append(Finding("sum", name_of(its, held), held.paths, *sides))
    return Checked(figures, {}, sums.holding, tuple(failing))


def _figures(record: Mapping[str, Any], free: Free) -> Iterator[tuple[str, Number | None]]:
    for figure in free.figures:
        inside: Any = record
        for step in figure.id.split("."):
            inside = inside.get(step) if isinstance(inside, Mapping) else None
        yield figure.id, number(figure.id, inside)
    for listed in free.lists:
        entries = record.get(listed.id) or []
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise InputError(f"{listed.id}: a list of objects is expected here")
        for index, entry in enumerate(entries):
            for column in listed.figures:
                path = f"{listed.id}.{index}.{column.id}"
                yield path, number(path, entry.get(column.id))


def equations(free: Free, paths: Collection[str]) -> list[Equation]:
    """The sums over those figures that are plain: figures added on both sides, none taken off or multiplied."""
    ones = dict.fromkeys(paths, Decimal(1))
    counts = {
        listed.id: 1 + max((int(p.split(".")[1]) for p in paths if p.startswith(f"{listed.id}.")), default=-1)
        for listed in free.lists
    }
    found = []
    for its in free.identities:
        for one in its.sums:
            if any(term.sign < 0 or len(term.names) > 1 for term in one.terms):
                continue
            for held in over(one, ones, counts):
                found.append(Equation(name_of(its, held), held.left.paths, held.right.paths))
    return found
