"""Random tables that add up: figures by path, for every size of organ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from schemas.form import Column, Grid

Figures = dict[str, int | Decimal]
"""The true figure at each path of the record."""


@dataclass(frozen=True)
class Size:
    """How large an organ's figures are. ``quiet``: how likely it had no application at all."""

    applications: int
    decisions: int
    cases: int
    quiet: float


SIZES: Mapping[str, Size] = {
    "village": Size(3, 20, 1, 0.7),
    "bureau": Size(40, 2_000, 4, 0.3),
    "county": Size(300, 50_000, 20, 0.05),
    "city": Size(4_000, 4_000_000, 300, 0.0),
    "province": Size(60_000, 10_000_000, 5_000, 0.0),
}

# Natural persons file most applications; some kinds of applicant hardly ever appear.
_KIND_WEIGHTS = (70, 12, 1, 2, 6, 2)
_FEET = ("processed_total", "carried_out")


def table3(rng: Random, grid: Grid, size: Size) -> Figures:
    """A table of applications in which every row, column and the printed balance hold."""
    kinds = [column.id for column in grid.rows[0].columns[:-1]]
    outcomes = [row.id for row in grid.rows if row.id not in ("received", "carried_in", *_FEET)]
    weights = [rng.random() ** 3 for _ in outcomes]
    count = 0 if rng.random() < size.quiet else rng.randint(1, size.applications)
    figures = dict.fromkeys(grid.all_paths(), 0)
    for number, kind in _spread(rng, count, kinds, _KIND_WEIGHTS):
        for part, row in _spread(rng, number, outcomes, weights):
            figures[f"{grid.id}.{row}.{kind}"] += part
    for kind in kinds:
        processed = sum(figures[f"{grid.id}.{row}.{kind}"] for row in outcomes)
        carried_out = rng.randint(0, max(1, count // 20)) if count and rng.random() < 0.4 else 0
        carried_in = rng.randint(0, (processed + carried_out) // 8) if rng.random() < 0.5 else 0
        figures[f"{grid.id}.processed_total.{kind}"] = processed
        figures[f"{grid.id}.carried_out.{kind}"] = carried_out
        figures[f"{grid.id}.carried_in.{kind}"] = carried_in
        figures[f"{grid.id}.received.{kind}"] = processed + carried_out - carried_in
    for printed in grid.rows:
        *parts, total = grid.paths(printed)
        figures[total] = sum(figures[path] for path in parts)
    return dict(figures)


def _spread(rng: Random, count: int, keys: list[str], weights: tuple[int, ...] | list[float]) -> list[tuple[int, str]]:
    """``count`` shared out over the keys: one by one where few, in proportion where many."""
    if count <= 0:
        return []
    if count <= 400:
        drawn = rng.choices(keys, weights, k=count)
        return [(drawn.count(key), key) for key in keys]
    whole = sum(weights)
    shares = [int(count * weight / whole * rng.uniform(0.6, 1.4)) for weight in weights]
    return list(zip(shares, keys, strict=True))


def table4(rng: Random, grid: Grid, size: Size) -> Figures:
    """Three blocks of results with their totals."""
    figures: Figures = {}
    row = grid.rows[0]
    for block in dict.fromkeys(column.id.partition(".")[0] for column in row.columns):
        quiet = rng.random() < max(size.quiet, 0.3)
        parts = [0 if quiet else int(rng.triangular(0, size.cases, 0)) for _ in range(4)]
        ids = [column.id for column in row.columns if column.id.startswith(f"{block}.")]
        figures.update({f"{grid.id}.{i}": value for i, value in zip(ids, [*parts, sum(parts)], strict=True)})
    return figures


def table2(rng: Random, grid: Grid, size: Size) -> Figures:
    """Counts, changes and amounts; no sum ties them."""
    return {grid.path(row, column): _figure2(rng, row.id, column, size) for row in grid.rows for column in row.columns}


def one_digit_rows(rng: Random, grid: Grid, figures: Figures) -> Figures:
    """Give every cell of a row of several one digit: glued, such rows can still be cut."""
    small = {
        path: rng.choice((0, 0, rng.randint(0, 9)))
        for row in grid.rows
        if len(row.columns) > 1
        for path in grid.paths(row)
    }
    return figures | small


def _figure2(rng: Random, row: str, column: Column, size: Size) -> int | Decimal:
    if rng.random() < max(0.15, size.quiet):
        return 0
    if column.kind == "amount":
        places = rng.choice((0, 1, 2, 2, 4, 6))
        units = rng.randint(0, max(1, size.decisions // 40) * 10**places)
        return Decimal(units).scaleb(-places)
    if column.kind == "change":
        return rng.randint(-30, 30)
    if row in ("regulations", "normative_documents", "fees", "government_procurement"):
        return int(rng.triangular(0, 200, 0))
    return int(rng.triangular(0, size.decisions, 0))
