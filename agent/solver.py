"""Which table of figures satisfies every sum: exactly one, several, or none.

Rows come with the ways each can be read. Where a row's ways and the sums leave one table, it is proved:
the search was run again with that table excluded. Where several are left, the cells on which all agree
are proved. Where none fits, the fewest cells whose change would make all sums hold are the suspects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from agent.fits import Cell, Way
from agent.outcome import Number
from schemas.form import Equation

WORK = 1.0
"""The bound of one table in the solver's deterministic units, about 2 s of one core; real ones need milliseconds."""
_SECONDS = 60.0  # by the clock: for a machine so busy that this work takes longer
_MOST_TABLES = 60
_LARGEST = 2**62  # the solver counts in 64 bits; sums that leave them it refuses itself


@dataclass(frozen=True)
class Table:
    """The rows of one grid: for each its paths and the ways it can be read."""

    rows: Mapping[str, tuple[tuple[str, ...], tuple[Way, ...]]]
    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class Solution:
    """``cells`` by path, where settled; ``undecided`` paths have several readings that fit.

    ``fits``: every sum can hold. ``suspects``: where none fits, the smallest set of cells whose change
    would satisfy all sums. ``bounded``: the search ended before it was complete.
    """

    cells: Mapping[str, Cell] = field(default_factory=dict)
    undecided: frozenset[str] = frozenset()
    fits: bool = True
    suspects: tuple[str, ...] = ()
    bounded: bool = False


def holds(equation: Equation, value: Callable[[str], Number | None]) -> bool | None:
    """Whether the sum holds; a blank part counts as 0; None where a total is blank and it says nothing."""
    if any(value(path) is None for path in equation.totals):
        return None
    left, right = sides(equation, value)
    return left == right


def sides(equation: Equation, value: Callable[[str], Number | None]) -> tuple[Number, Number]:
    """Both sides of the sum, blanks as 0."""
    left: Number = sum((value(p) or 0 for p in equation.left), 0)
    right: Number = sum((value(p) or 0 for p in equation.right), 0)
    return left, right


def solve(table: Table) -> Solution:
    """The table that satisfies every sum, if there is exactly one; what is settled otherwise."""
    if any(not found for _, found in table.rows.values()):
        return _without_unreadable(table)
    ways = {row: found for row, (_, found) in table.rows.items()}
    narrowed = _narrow(table, ways)
    if narrowed is None:
        return _search(table, ways, possible=False)
    if not _settled_hold(table, narrowed):
        return _search(table, narrowed, possible=False)
    if _unconstrained(table, narrowed):
        return _agreed(table, narrowed)
    return _search(table, narrowed, possible=True)


def _without_unreadable(table: Table) -> Solution:
    """The rows that can be read, by themselves; nothing is settled of the others."""
    rows = {row: pair for row, pair in table.rows.items() if pair[1]}
    readable = {path for paths, _ in rows.values() for path in paths}
    equations = tuple(e for e in table.equations if set(e.paths) <= readable)
    solution = solve(Table(rows, equations))
    lost = {path for row, (paths, ways) in table.rows.items() if not ways for path in paths}
    return replace(solution, undecided=solution.undecided | lost)


def _agreed(table: Table, ways: Mapping[str, Sequence[Way]], *, fits: bool = True, bounded: bool = False) -> Solution:
    """The cells on which all ways that are left agree."""
    cells: dict[str, Cell] = {}
    undecided: set[str] = set()
    for row, (paths, _) in table.rows.items():
        for i, path in enumerate(paths):
            choices = {(way[i].value, way[i].illegible) for way in ways[row]}
            if len(choices) == 1:
                cells[path] = ways[row][0][i]
            else:
                undecided.add(path)
    return Solution(cells, frozenset(undecided), fits, bounded=bounded)


def _settled_hold(table: Table, ways: Mapping[str, Sequence[Way]]) -> bool:
    """Whether no sum fails over rows that are read in one way alone."""
    settled = {row: paths for row, (paths, _) in table.rows.items() if len(ways[row]) == 1}
    cells = {path: ways[row][0][i] for row, paths in settled.items() for i, path in enumerate(paths)}
    return all(_may_hold(equation, cells) for equation in table.equations)


def _narrow(table: Table, ways: Mapping[str, Sequence[Way]]) -> dict[str, tuple[Way, ...]] | None:
    """Ways that satisfy the sums within their row; None where a row has none left."""
    narrowed: dict[str, tuple[Way, ...]] = {}
    for row, (paths, _) in table.rows.items():
        if len(ways[row]) == 1:
            narrowed[row] = tuple(ways[row])
            continue
        inside = [e for e in table.equations if set(e.paths) <= set(paths)]
        found = tuple(way for way in ways[row] if _adds_up(way, paths, inside))
        if not found:
            return None
        narrowed[row] = found
    return narrowed


def _adds_up(way: Way, paths: Sequence[str], inside: Sequence[Equation]) -> bool:
    cells = dict(zip(paths, way, strict=True))
    return all(_may_hold(equation, cells) for equation in inside)


def _may_hold(equation: Equation, cells: Mapping[str, Cell]) -> bool:
    """Whether nothing speaks against a sum: one over a cell that cannot be read says nothing."""
    if any(path not in cells or cells[path].illegible for path in equation.paths):
        return True
    return holds(equation, lambda path: cells[path].value) is not False


def _unconstrained(table: Table, ways: Mapping[str, Sequence[Way]]) -> bool:
    """Whether no sum reaches from one open row to another row."""
    open_paths = {p for row, (paths, _) in table.rows.items() if len(ways[row]) > 1 for p in paths}
    return not any(
        open_paths & set(e.paths) and not any(set(e.paths) <= set(paths) for paths, _ in table.rows.values())
        for e in table.equations
    )


@dataclass
class _Budget:
    """The work left for one table, counted and not timed: a busy machine must not change an outcome."""

    left: float = WORK


class _TooLargeError(Exception):
    """The figures, with all their decimals, are too large for the solver's integers."""


class _Model:
    """The table as a constraint problem: a choice per row, a number per cell, the sums over numbers."""

    def __init__(self, table: Table, ways: Mapping[str, Sequence[Way]], budget: _Budget, *, repairable: bool) -> None:
        from ortools.sat.python import cp_model

        self.cp = cp_model
        self.budget = budget
        self.model: Any = cp_model.CpModel()
        self.scale: int = _scale(way for found in ways.values() for way in found)
        # No cell of a table that adds up with the fewest changes is larger than all that is printed together.
        self.largest = sum(max(abs(self._int(c.value)) for w in found for c in w) for found in ways.values()) * 10 + 1
        if self.largest >= _LARGEST:
            raise _TooLargeError
        self.choice: dict[str, list[Any]] = {}
        self.number: dict[str, Any] = {}
        self.blank: dict[str, Any] = {}
        self.changed: dict[str, Any] = {}
        for row, (paths, _) in table.rows.items():
            self._row(row, paths, ways[row], repairable)
        for equation in table.equations:
            self._sum(equation)

    def _row(self, row: str, paths: Sequence[str], ways: Sequence[Way], repairable: bool) -> None:
        model = self.model
        chosen = [model.new_bool_var("") for _ in ways]
        self.choice[row] = chosen
        model.add_exactly_one(chosen)
        for i, path in enumerate(paths):
            values = [self._int(way[i].value) for way in ways]
            printed = sum(v * c for v, c in zip(values, chosen, strict=True))
            illegible = any(way[i].illegible for way in ways)
            number = model.new_int_var(0 if min(values) >= 0 else -self.largest, self.largest, "")
            self.number[path] = number
            if repairable:
                changed = model.new_bool_var("")
                self.changed[path] = changed
                model.add(number == printed).only_enforce_if(~changed)
            elif not illegible:
                model.add(number == printed)
            blanks = [c for way, c in zip(ways, chosen, strict=True) if way[i].value is None and not way[i].illegible]
            if blanks:
                self.blank[path] = sum(blanks)

    def _sum(self, equation: Equation) -> None:
        if not all(path in self.number for path in equation.paths):
            return
        held = self.model.add(sum(self.number[p] for p in equation.left) == sum(self.number[p] for p in equation.right))
        silent = [self.blank[p] for p in equation.totals if p in self.blank]
        if silent:
            stated = self.model.new_bool_var("")
            self.model.add(sum(silent) == 0).only_enforce_if(stated)
            self.model.add(sum(silent) >= 1).only_enforce_if(~stated)
            held.only_enforce_if(stated)

    def _int(self, value: Number | None) -> int:
        return int(Decimal(value or 0) * self.scale)

    def run(self) -> dict[str, int] | Literal[False] | None:
        """The way chosen for each row; None if nothing fits, False if the work ran out before that was sure."""
        solver = self.cp.CpSolver()
        if self.budget.left <= 0:
            return False
        solver.parameters.max_deterministic_time = self.budget.left
        solver.parameters.max_time_in_seconds = _SECONDS
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        # It would swallow a Ctrl-C, and end a program that ignores them: an ignored signal is not set back.
        solver.parameters.catch_sigint_signal = False
        solver.parameters.linearization_level = 2  # sums are all there is: suspects are found 3 to 10 times sooner
        status = solver.solve(self.model)
        self.budget.left -= solver.deterministic_time
        if status == self.cp.INFEASIBLE:
            return None
        if status != self.cp.OPTIMAL:  # a reading that may not be the one with the fewest changes is none
            return False
        self.last = solver
        return {row: next(i for i, c in enumerate(cs) if solver.value(c)) for row, cs in self.choice.items()}


def _scale(ways: Iterable[Way]) -> int:
    places = [-int(cell.value.as_tuple().exponent) for way in ways for cell in way if isinstance(cell.value, Decimal)]
    return int(10 ** max([0, *places]))


def _search(table: Table, ways: Mapping[str, Sequence[Way]], *, possible: bool) -> Solution:
    try:
        return _searched(table, ways, possible=possible)
    except _TooLargeError:
        return _agreed(table, ways, fits=possible, bounded=True)


def _searched(table: Table, ways: Mapping[str, Sequence[Way]], *, possible: bool) -> Solution:
    budget = _Budget()
    if possible:
        model = _Model(table, ways, budget, repairable=False)
        first = model.run()
        if first is False:
            return _agreed(table, ways, bounded=True)
        if isinstance(first, dict):
            return _backbone(table, ways, model, first)
    return _least_change(table, ways, budget)


def _backbone(table: Table, ways: Mapping[str, Sequence[Way]], model: _Model, first: Mapping[str, int]) -> Solution:
    """The cells equal in every table that fits: ask for one that differs in any cell still common, until none does."""
    common: dict[str, set[int]] = {}
    for row, (paths, _) in table.rows.items():
        common[row] = set(range(len(paths)))
    seen: dict[str, set[int]] = {row: {index} for row, index in first.items()}
    for _ in range(_MOST_TABLES):
        differing = [
            model.choice[row][w]
            for row, places in common.items()
            for w, way in enumerate(ways[row])
            if any(way[i].value != ways[row][first[row]][i].value for i in places)
        ]
        if not differing:
            return _agreed(table, _ways_seen(ways, seen))
        model.model.add_bool_or(differing)
        other = model.run()
        if other is None:
            return _agreed(table, _ways_seen(ways, seen))
        if other is False:
            break
        assert isinstance(other, dict)
        for row, w in other.items():
            seen[row].add(w)
            common[row] = {i for i in common[row] if ways[row][w][i].value == ways[row][first[row]][i].value}
    return _agreed(table, ways, bounded=True)


def _ways_seen(ways: Mapping[str, Sequence[Way]], seen: Mapping[str, set[int]]) -> dict[str, list[Way]]:
    return {row: [ways[row][w] for w in sorted(found)] for row, found in seen.items()}


def _least_change(table: Table, ways: Mapping[str, Sequence[Way]], budget: _Budget) -> Solution:
    """No table fits: the reading that needs the fewest cells changed, if there is one such reading."""
    model = _Model(table, ways, budget, repairable=True)
    cost = sum(model.changed.values())
    model.model.minimize(cost)
    best = model.run()
    if not isinstance(best, dict):
        return _agreed(table, ways, fits=False, bounded=True)
    fewest = round(model.last.objective_value)
    suspects = tuple(path for path, changed in model.changed.items() if model.last.value(changed))
    again = _Model(table, ways, budget, repairable=True)
    again.model.add(sum(again.changed.values()) <= fewest)
    readings = _backbone(table, ways, again, best)
    return Solution(readings.cells, readings.undecided, False, suspects, readings.bounded)
