"""Generated reports: their tables add up, their damage is controlled, their truth says what is left to read."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from agent.document import load
from agent.solver import holds
from eval.cases import load_case, load_folder, save_case
from eval.cuts import splits
from eval.generator import DAMAGES, EDITIONS, excluded, generate
from eval.layouts import LAYOUTS
from eval.printed import Line
from eval.settle import row_choices, settle
from schemas import ogi_annual_report as ogi
from schemas.form import Column, Grid, Row

GRID = ogi.TABLE3_2019
EQUATIONS = ogi.FORM.equations(GRID)
COUNTS = tuple(Column(f"c{i}", (f"c{i}",)) for i in range(7))


def row(id: str) -> Row:
    return next(row for row in GRID.rows if row.id == id)


def line(id: str, *printed: str) -> Line:
    return Line((id, None, None, *printed), row(id), 3, len(printed))


def blank_table(**rows: str) -> tuple[Line, ...]:
    """The whole of table 3 glued, all zero but for the rows given."""
    return tuple(line(r.id, *rows.get(r.id, "0000000")) for r in GRID.rows)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_undamaged_report_adds_up_in_every_layout_and_edition(layout: str, edition: str) -> None:
    case = generate(7, layout=layout, edition=edition, damage=())

    figures = case.figures()

    for table in ("table2", "table3", "table4"):
        grid = fitting(table, figures)
        for equation in ogi.FORM.equations(grid):
            if not any(case.is_undetermined(path) for path in equation.paths):
                assert holds(equation, figures.get), equation.name
    assert (case.expect == "accepted") == case.decidable
    assert not case.violations


def fitting(table: str, figures: dict[str, int]) -> Grid:
    given = {path for path in figures if path.startswith(f"{table}.")}
    return next(grid for grid in ogi.FORM.tables[table] if set(grid.all_paths()) == given)


def test_the_same_seed_gives_the_same_report() -> None:
    assert generate(11) == generate(11)
    assert generate(11).text != generate(12).text


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_can_be_asked_for_alone(damage: str) -> None:
    layout = next(name for name in LAYOUTS if damage not in excluded(name))

    case = generate(3, layout=layout, size="county", damage=[damage])

    assert list(case.damage) == [damage]
    assert case.text != generate(3, layout=layout, size="county", damage=()).text


@pytest.mark.parametrize(
    ("damage", "left"), [("wrong_sum", "violations"), ("lost_row", "undetermined"), ("images", "undetermined")]
)
def test_harm_that_cannot_be_undone_waits_in_review_and_says_why(damage: str, left: str) -> None:
    case = generate(5, layout="tab", size="county", damage=[damage])

    assert case.expect == "review"
    assert getattr(case, left)


def test_a_layout_or_a_damage_that_is_unknown_is_refused() -> None:
    with pytest.raises(KeyError):
        generate(1, layout="papyrus")
    with pytest.raises(ValueError, match="no damage 'coffee'"):
        generate(1, damage=["coffee"])


@pytest.mark.parametrize("damage", [["gb18030", "crlf"], ["utf16", "cr"], ["radicals"]], ids=" ".join)
def test_a_saved_case_comes_back_whole(tmp_path: Path, damage: list[str]) -> None:
    case = generate(9, layout="tab", edition="2019", damage=damage)

    again = load_case(save_case(case, tmp_path))

    assert again.figures() == case.figures()
    assert again.data == case.data
    assert again.text == load(case.data).text
    assert (again.expect, again.layout, tuple(again.damage)) == (case.expect, case.layout, tuple(case.damage))


def test_amounts_stay_exact_in_the_json(tmp_path: Path) -> None:
    case = generate(21, layout="tab", edition="2021", size="city", damage=())
    amount = case.figures()["table2.fees.amount_10k_yuan"]

    again = load_case(save_case(case, tmp_path)).figures()["table2.fees.amount_10k_yuan"]

    assert type(amount) is Decimal
    assert again == amount


def test_the_command_writes_a_folder_of_cases(tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "eval.generator", str(tmp_path), "--count", "3", "--seed", "40"]
    subprocess.run(command, check=True, capture_output=True)

    assert [case.text for case in load_folder(tmp_path)] == [
        load(case.data).text for case in sorted((generate(s) for s in (40, 41, 42)), key=lambda case: case.name)
    ]


def test_a_glued_row_with_two_splits_is_open_until_a_column_settles_it() -> None:
    open_row = row_choices(line("received", *"1010000020"), "run", EQUATIONS, GRID)
    settled = settle(
        GRID,
        blank_table(received="1010000020", disclosed="1010000020", processed_total="1010000020"),
        "run",
        EQUATIONS,
    )

    assert open_row == [(10, 10, 0, 0, 0, 0, 20)]
    assert settled.values["table3.received.commercial_enterprise"] == 10


def test_rows_that_no_sum_tells_apart_stay_open() -> None:
    twins = "11110000112"  # 1 + 111 = 112 and 111 + 1 = 112
    settled = settle(GRID, blank_table(received=twins, disclosed=twins, processed_total=twins), "run", EQUATIONS)

    assert settled.solutions
    assert "table3.received.natural_person" in settled.open
    assert "table3.received.total" not in settled.open


def test_a_table_that_does_not_add_up_has_no_reading() -> None:
    settled = settle(GRID, blank_table(received="2000002", processed_total="1000001"), "run", EQUATIONS)

    assert not settled.solutions


def test_figures_whose_blanks_are_gone_are_placed_by_the_columns_alone() -> None:
    lost = [line(r.id, *([""] * 7)) for r in GRID.rows if r.id not in ("received", "disclosed", "processed_total")]
    told = [line(name, "0", "3", "0", "0", "0", "0", "3") for name in ("received", "processed_total")]

    settled = settle(GRID, (*lost, *told, line("disclosed", "3", "3")), "tokens", EQUATIONS)

    assert settled.values["table3.disclosed.commercial_enterprise"] == 3
    assert settled.values["table3.disclosed.total"] == 3
    assert not settled.open


def test_the_whole_length_of_a_run_with_marks_is_read() -> None:
    assert (3, None, None, None, None, None, 3) in set(splits("3-----3", COUNTS, (7,)))


def naive(run: str, width: int) -> set[tuple[int, ...]]:
    """All cuts with the total last, by trying every place."""
    found = set()
    for cuts in combinations(range(1, len(run)), width - 1):
        pieces = [run[a:b] for a, b in zip((0, *cuts), (*cuts, len(run)), strict=True)]
        if all(piece == "0" or piece[0] != "0" for piece in pieces):
            numbers = tuple(map(int, pieces))
            if sum(numbers[:-1]) == numbers[-1]:
                found.add(numbers)
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 120), min_size=6, max_size=6))
def test_the_search_over_splits_finds_what_trying_every_place_finds(parts: list[int]) -> None:
    run = "".join(map(str, [*parts, sum(parts)]))

    assert set(splits(run, COUNTS, (7,))) == naive(run, 7)
