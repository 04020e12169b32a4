"""The sums of a record by itself: which hold and which fail, whatever its figures were read from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from agent.errors import InputError
from agent.outcome import Finding, Number
from schemas.form import Equation, Form, Grid, Total

_WHOLE, _PART = 15, 12  # digits: what is read in a document has no more, and the sums of such figures are exact


@dataclass(frozen=True)
class Checked:
    """The figures of a record by path, the sums that hold and a finding for each that does not.

    ``missing``: tables and lists of the form that the record has no figure of, so that nothing checked them.
    """

    figures: Mapping[str, Number | None]
    variants: Mapping[str, str | None]
    holding: tuple[str, ...]
    failing: tuple[Finding, ...]
    missing: tuple[str, ...] = ()


def equations(form: Form, variants: Mapping[str, str | None], paths: Collection[str]) -> list[Equation]:
    """Every sum of the form over the tables and list entries that a reading has."""
    if form.free:
        from agent.free_check import equations as of_free

        return of_free(form.free, paths)
    grids = [grid for grid in (grid_of(form, table, variants) for table in form.tables) if grid]
    found = [equation for grid in grids for equation in form.equations(grid) if set(equation.paths) & set(paths)]
    totals = [identity.over(paths) for identity in form.identities if isinstance(identity, Total)]
    stated = frozenset(path for equation in totals for path in equation.totals)
    return found + [replace(e, totals=stated & frozenset(e.paths)) for e in totals if e.left]


def grid_of(form: Form, table: str, variants: Mapping[str, str | None]) -> Grid | None:
    """The variant of a table that a reading has, None where it has none of it."""
    return next((grid for grid in form.tables[table] if grid.variant == variants.get(table)), None)


def check(record: Mapping[str, Any], form: Form) -> Checked:
    """Check the sums of a public record. Raises InputError where it has not the shape of the form."""
    from agent.solver import holds, sides

    if form.free:
        from agent.free_check import check as of_free

        return of_free(record, form.free)
    figures: dict[str, Number | None] = {}
    variants: dict[str, str | None] = {}
    for table, grids in form.tables.items():
        found = dict(_figures(table, record.get(table)))
        grid = _fitting(table, grids, found)
        variants[table] = grid.variant if found else None
        _refuse_kinds(grid, found)
        figures.update(found)
    for items in form.items:
        columns = {column.id for column in items.columns}
        for i, entry in enumerate(record.get(items.id) or []):
            figures.update(
                _entry(f"{items.id}.{i}", {k: v for k, v in _mapping(items.id, entry).items() if k in columns})
            )
    holding, failing = [], []
    for equation in equations(form, variants, figures):
        held = holds(equation, figures.get)
        if held:
            holding.append(equation.name)
        elif held is False and None not in map(figures.get, equation.paths):
            # A null may stand for what nobody could read: such a sum neither holds nor fails.
            left, right = sides(equation, figures.get)
            failing.append(Finding("sum", equation.name, equation.paths, left, right, left - right))
    named = [*form.tables, *(items.id for items in form.items)]
    missing = tuple(name for name in named if not any(path.startswith(f"{name}.") for path in figures))
    return Checked(figures, variants, tuple(holding), tuple(failing), missing)


def _figures(table: str, content: object) -> Iterator[tuple[str, Number | None]]:
    for row, cells in _mapping(table, content or {}).items():
        if cells is not None:
            yield from _entry(f"{table}.{row}", _mapping(f"{table}.{row}", cells)).items()


def _entry(place: str, cells: Mapping[str, object]) -> dict[str, Number | None]:
    return {f"{place}.{column}": number(f"{place}.{column}", value) for column, value in cells.items()}


def number(path: str, value: object) -> Number | None:
    """A figure of a record. Raises InputError where it is none, or none that a document can hold."""
    if value is None:
        return None
    if type(value) is not int and not isinstance(value, Decimal):
        raise InputError(f"{path}: {value!r} is no number; figures are numbers or null")
    figure = Decimal(value)
    # Beyond, a sum would be rounded, or have no end: 1e999999999 is a number in JSON.
    if not figure.is_finite() or figure.adjusted() >= _WHOLE or -int(figure.as_tuple().exponent) > _PART:
        raise InputError(f"{path}: no figure has more than 15 digits before its point or 12 behind it; set it right")
    return value


def _mapping(place: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InputError(f"{place}: an object is expected here, not {value!r}")
    return value


def _fitting(table: str, grids: tuple[Grid, ...], found: Mapping[str, object]) -> Grid:
    """The variant that has all the figures, and of those the one that asks for fewest more."""
    fitting = [grid for grid in grids if set(found) <= set(grid.all_paths())]
    if not fitting:
        known = {path for grid in grids for path in grid.all_paths()}
        strange = next((path for path in found if path not in known), "a mixture of variants")
        raise InputError(f"{table}: the form has no place for {strange}; `gouji forms` shows its rows and columns")
    return min(fitting, key=lambda grid: len(grid.all_paths()))


def _refuse_kinds(grid: Grid, found: Mapping[str, Number | None]) -> None:
    kinds = grid.kinds()
    for path, value in found.items():
        if value is None:
            continue
        if kinds[path] != "amount" and value != int(value):
            raise InputError(f"{path}: {value} is no whole number")
        if kinds[path] != "change" and value < 0:
            raise InputError(f"{path}: {value} is negative")
