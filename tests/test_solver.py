"""The table that satisfies every sum: compared, on small tables, with trying every reading of every row."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product

from hypothesis import given, settings, strategies as st

from agent.fits import Cell, Way
from agent.outcome import Number
from agent.solver import Solution, Table, holds, sides, solve
from schemas.form import Equation

Values = tuple[Number | None, ...]
COLUMNS = ("a", "b", "t")
SMALL = st.sampled_from([0, 1, 2, 3])


def cell(value: Number | None, **flags: bool) -> Cell:
    return Cell(value, "" if value is None else str(value), 1, None, **flags)


def way(*values: Number | None) -> Way:
    return tuple(cell(value) for value in values)


def paths(row: str, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    return tuple(f"t.{row}.{column}" for column in columns)


def table(rows: Mapping[str, Sequence[Values]]) -> Table:
    """Rows of parts a, b and total t; the last row is the sum of those before it, in every column."""
    names = list(rows)
    equations = [
        Equation(row, (f"t.{row}.a", f"t.{row}.b"), (f"t.{row}.t",), frozenset({f"t.{row}.t"})) for row in names
    ]
    for column in COLUMNS:
        parts, total = tuple(f"t.{row}.{column}" for row in names[:-1]), f"t.{names[-1]}.{column}"
        totals = {f"t.{names[-1]}.{column}"} | ({f"t.{row}.t" for row in names} if column == "t" else set())
        equations.append(Equation(column, parts, (total,), frozenset(totals)))
    ways = {row: (paths(row), tuple(way(*values) for values in found)) for row, found in rows.items()}
    return Table(ways, tuple(equations))


def by_force(made: Table) -> list[dict[str, Number | None]]:
    """Every table that satisfies every sum."""
    found = []
    for chosen in product(*(ways for _, ways in made.rows.values())):
        values = {
            path: one.value
            for (its, _), picked in zip(made.rows.values(), chosen, strict=True)
            for path, one in zip(its, picked, strict=True)
        }
        if all(holds(equation, values.get) is not False for equation in made.equations):
            found.append(values)
    return found


def settled(solution: Solution) -> dict[str, Number | None]:
    return {path: one.value for path, one in solution.cells.items()}


def tables() -> st.SearchStrategy[Table]:
    """Tables of three rows, each with a few ways to be read; some of them have no solution, some several."""
    values = st.tuples(SMALL | st.none(), SMALL, st.integers(0, 6) | st.none())
    rows = st.lists(values, min_size=1, max_size=4, unique=True)
    return st.tuples(rows, rows, rows).map(lambda three: table(dict(zip("xyz", three, strict=True))))


def true_tables() -> st.SearchStrategy[tuple[Table, dict[str, Number]]]:
    """A table that adds up, its rows mixed with ways that may not; and its true values."""

    def make(drawn: tuple[int, int, int, int, list[Values], list[Values]]) -> tuple[Table, dict[str, Number]]:
        a, b, c, d, more, others = drawn
        rows = {"x": (a, b, a + b), "y": (c, d, c + d), "z": (a + c, b + d, a + b + c + d)}
        ways = {row: [rows[row], *(m for m in more if m != rows[row])] for row in "xy"}
        made = table({**ways, "z": [rows["z"], *(o for o in others if o != rows["z"])]})
        return made, {path: v for row, vs in rows.items() for path, v in zip(paths(row), vs, strict=True)}

    some = st.lists(st.tuples(SMALL, SMALL, st.integers(0, 6)), max_size=3, unique=True)
    return st.tuples(SMALL, SMALL, SMALL, SMALL, some, some).map(make)


# One table, several, none.


@settings(deadline=None, max_examples=120)
@given(tables())
def test_what_is_settled_is_what_every_fitting_table_says(made: Table) -> None:
    fitting = by_force(made)

    solution = solve(made)

    assert solution.fits == bool(fitting)
    if fitting:
        agreed = {p: v for p, v in fitting[0].items() if all(other[p] == v for other in fitting)}
        assert settled(solution) == agreed
        assert solution.undecided == fitting[0].keys() - agreed.keys()


@settings(deadline=None, max_examples=80)
@given(true_tables())
def test_no_cell_is_ever_settled_otherwise_than_the_truth(made: tuple[Table, dict[str, Number]]) -> None:
    solution = solve(made[0])

    assert solution.fits
    assert all(made[1][path] == value for path, value in settled(solution).items())


def test_one_fitting_table_is_the_table() -> None:
    solution = solve(table({"x": [(1, 2, 3), (12, 0, 3)], "y": [(4, 0, 4)], "z": [(5, 2, 7)]}))

    assert settled(solution) == dict(
        zip([*paths("x"), *paths("y"), *paths("z")], (1, 2, 3, 4, 0, 4, 5, 2, 7), strict=True)
    )
    assert (solution.undecided, solution.fits, solution.suspects) == (frozenset(), True, ())


def test_several_fitting_tables_leave_undecided_only_where_they_differ() -> None:
    solution = solve(table({"x": [(1, 0, 1), (0, 1, 1)], "y": [(1, 0, 1), (0, 1, 1)], "z": [(1, 1, 2)]}))

    assert solution.undecided == {"t.x.a", "t.x.b", "t.y.a", "t.y.b"}
    assert settled(solution)["t.x.t"] == 1


def test_a_search_that_ends_at_its_bound_settles_only_what_every_reading_of_a_row_has() -> None:
    rows = [f"r{i}" for i in range(80)]
    one = Equation("one of them", tuple(f"t.{row}.a" for row in rows), ("t.all.a",), frozenset({"t.all.a"}))
    ways = {row: (paths(row, "ab"), (way(0, 7), way(1, 7))) for row in rows}

    solution = solve(Table({**ways, "all": (paths("all", "a"), (way(1),))}, (one,)))

    assert solution.undecided == {f"t.{row}.a" for row in rows}
    assert {solution.cells[f"t.{row}.b"].value for row in rows} == {7}


def test_a_row_that_cannot_be_read_leaves_the_others_settled() -> None:
    solution = solve(table({"x": [], "y": [(4, 0, 4), (4, 1, 4)], "z": [(5, 2, 7)]}))

    assert solution.undecided == set(paths("x"))
    assert settled(solution)["t.y.b"] == 0


def test_a_sum_that_fails_in_a_row_is_seen_also_where_nothing_joins_it_to_the_open_ones() -> None:
    found = solve(table({"x": [], "y": [(6, 6, 9)], "s": [(1, 2, 3), (2, 1, 3)]}))

    assert not found.fits
    assert set(found.suspects) & set(paths("y"))
    assert set(paths("s")[:2]) <= found.undecided


def test_rows_that_no_sum_reaches_are_settled_only_where_one_way_is_left() -> None:
    made = Table({"x": (paths("x"), (way(1, 2, 3), way(12, 3, 0))), "y": (paths("y"), (way(1, 1, 1),))}, ())

    solution = solve(made)

    assert solution.undecided == set(paths("x"))
    assert solution.cells.keys() == set(paths("y"))


# Blanks.


def test_a_blank_part_is_zero_and_a_blank_total_says_nothing() -> None:
    sum_of = Equation("s", ("a", "b"), ("t",), frozenset({"t"}))

    told = [
        holds(sum_of, dict(zip("abt", values, strict=True)).get) for values in [(2, None, 2), (2, 1, None), (2, 1, 2)]
    ]

    assert told == [True, None, False]


def test_both_sides_are_exact_also_with_decimals() -> None:
    sum_of = Equation("s", ("a", "b"), ("t",))
    values = {"a": Decimal("0.1"), "b": Decimal("0.2"), "t": Decimal("0.3")}

    assert sides(sum_of, values.get) == (Decimal("0.3"), Decimal("0.3"))
    assert holds(sum_of, values.get)


def test_a_blank_total_never_settles_its_row() -> None:
    solution = solve(table({"x": [(1, 2, None), (2, 1, None)], "y": [(0, 0, 0)], "z": [(None, None, None)]}))

    assert {"t.x.a", "t.x.b"} <= solution.undecided


# No table fits.


def test_a_misprinted_cell_is_the_only_suspect() -> None:
    solution = solve(table({"x": [(1, 2, 3)], "y": [(9, 0, 4)], "z": [(5, 2, 7)]}))

    assert not solution.fits
    assert solution.suspects == ("t.y.a",)


@settings(deadline=None, max_examples=40)
@given(st.tuples(SMALL, SMALL, SMALL, SMALL), st.sampled_from(range(9)), st.integers(1, 5))
def test_one_changed_cell_of_a_table_that_added_up_is_found_as_the_suspect(
    parts: tuple[int, int, int, int], changed: int, by: int
) -> None:
    a, b, c, d = parts
    values = [a, b, a + b, c, d, c + d, a + c, b + d, a + b + c + d]
    values[changed] += by
    made = table({row: [tuple(values[3 * i : 3 * i + 3])] for i, row in enumerate("xyz")})

    solution = solve(made)

    assert not solution.fits
    assert solution.suspects == ([*paths("x"), *paths("y"), *paths("z")][changed],)
    assert list(settled(solution).values()) == values  # what was printed, not what would balance


def test_suspects_are_told_and_never_applied() -> None:
    made = table({"x": [(1, 2, 3)], "y": [(9, 0, 4)], "z": [(5, 2, 7)]})

    assert settled(solve(made))["t.y.a"] == 9


def test_glued_rows_that_fit_no_sum_keep_only_what_every_reading_has() -> None:
    solution = solve(table({"x": [(1, 2, 30), (12, 3, 0)], "y": [(0, 0, 0)], "z": [(0, 0, 0)]}))

    assert not solution.fits
    assert settled(solution)["t.y.t"] == 0


def test_an_illegible_cell_is_not_taken_for_a_blank() -> None:
    made = table({"x": [(1, 2, 3)], "y": [(4, 0, 4)], "z": [(5, 2, 7)]})
    unread = (cell(None, illegible=True), cell(0), cell(4))

    solution = solve(Table({**made.rows, "y": (paths("y"), (unread,))}, made.equations))

    assert solution.cells["t.y.a"].illegible


_INTERRUPTED = """
import os, signal
from agent import extract
from eval import tallies

signal.signal(signal.SIGINT, signal.SIG_IGN)
extract(tallies.tally(9, wrong=True), reader="offline", form=tallies.FORM)
os.kill(os.getpid(), signal.SIGINT)
print("lives")
"""


def test_a_program_that_ignores_ctrl_c_still_does_so_after_a_search() -> None:
    ended = subprocess.run([sys.executable, "-c", _INTERRUPTED], capture_output=True, text=True, check=False)

    assert (ended.stdout, ended.returncode) == ("lives\n", 0), ended.stderr
