"""Forms as data: the vocabulary of sums, the forms there are, a user's own, and what a form may not say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent import extract
from agent.outcome import Accepted, NeedsReview, NotThisForm, Reason
from schemas import (
    Balance,
    Column,
    ColumnSum,
    Equation,
    Form,
    FormError,
    Grid,
    Row,
    RowSum,
    Section,
    Total,
    forms,
    load,
)
from schemas.form import Identity
from tests.written import OGI, SAMPLE, outcome_of, read

AB_TOTAL = (Column("a", ("A",)), Column("b", ("B",)), Column("t", ("Total",)))
GRID = Grid("g", "s", (Row("x", ("X ray",), AB_TOTAL), Row("y", ("Yard",), AB_TOTAL), Row("z", ("Zone",), AB_TOTAL)))


def form(*identities: Identity, grid: Grid = GRID, **more: Any) -> Form:
    """A form of one table."""
    sections = (Section("s", ("Own table",)),)
    return Form("own", "Own", ("Own",), sections, {"g": (grid,)}, identities, **more)


def named(equations: list[Equation]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Equations by name: left, right."""
    return {equation.name: (equation.left, equation.right) for equation in equations}


# The vocabulary of sums.


def test_a_row_sum_is_one_equation_a_row() -> None:
    found = RowSum("g", ("a", "b"), "t", "sum").equations(GRID)

    assert named(found) == {f"sum: {row}": ((f"g.{row}.a", f"g.{row}.b"), (f"g.{row}.t",)) for row in "xyz"}
    assert all(equation.totals == {equation.right[0]} for equation in found)


def test_a_column_sum_is_one_equation_a_column_and_a_balance_has_no_total() -> None:
    sums = ColumnSum("g", ("x", "y"), "z", "sum").equations(GRID)
    balance = Balance("g", ("x",), ("y", "z"), "even").equations(GRID)

    assert named(sums)["sum: a"] == (("g.x.a", "g.y.a"), ("g.z.a",))
    assert named(balance)["even: t"] == (("g.x.t",), ("g.y.t", "g.z.t"))
    assert [equation.totals for equation in balance] == [frozenset()] * 3


def test_rows_that_a_variant_does_not_have_are_left_out_of_its_sums() -> None:
    found = ColumnSum("g", ("x", "w", "y"), "z", "sum").equations(GRID)

    assert {len(equation.left) for equation in found} == {2}


def test_a_flat_row_has_one_sum_for_each_of_its_blocks() -> None:
    columns = tuple(Column(f"{block}.{part}", (part,)) for block in ("one", "two") for part in ("a", "b", "t"))
    flat = Grid("g", "s", (Row("r", ("Cases",), columns, flat=True),))

    found = RowSum("g", ("a", "b"), "t", "sum").equations(flat)

    assert named(found) == {
        f"sum: {block}": ((f"g.{block}.a", f"g.{block}.b"), (f"g.{block}.t",)) for block in ("one", "two")
    }


def test_a_total_takes_every_entry_of_a_list_in() -> None:
    found = Total(("items.*.amount",), "g.x.a", "sum").over(
        ["items.0.amount", "items.10.amount", "items.0.price", "g.x.a"]
    )

    assert found.left == ("items.0.amount", "items.10.amount")
    assert found.right == ("g.x.a",)


def test_a_cell_that_states_a_sum_is_a_total_in_every_sum_it_takes_part_in() -> None:
    declared = form(RowSum("g", ("a", "b"), "t", "row"), ColumnSum("g", ("x", "y"), "z", "column"))

    by_name = {equation.name: equation.totals for equation in declared.equations(GRID)}

    assert by_name["column: t"] == {"g.x.t", "g.y.t", "g.z.t"}
    assert by_name["column: a"] == {"g.z.a"}


def test_paths_are_named_by_table_row_and_column() -> None:
    assert GRID.all_paths()[:4] == ("g.x.a", "g.x.b", "g.x.t", "g.y.a")
    assert set(GRID.kinds().values()) == {"count"}


# The annual report.


@pytest.mark.parametrize(("variant", "rows"), [("2021", 25), ("2019", 23)])
def test_both_editions_of_table_3_have_their_rows_and_sums(variant: str, rows: int) -> None:
    grid = next(grid for grid in OGI.tables["table3"] if grid.variant == variant)

    assert len(grid.rows) == rows
    assert len(OGI.equations(grid)) == rows + 7 + 7
    assert {path for equation in OGI.equations(grid) for path in equation.paths} == set(grid.all_paths())


def test_table_2_has_no_sum_and_every_block_of_table_4_has_one() -> None:
    assert not any(OGI.equations(grid) for grid in OGI.tables["table2"])
    assert len(OGI.equations(OGI.tables["table4"][0])) == 3


# What a form may not say.


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Form("own", "", (), (), {"g": (GRID,)}, ()), "no section s"),
        (lambda: Form("own", "", (), (Section("s", ()),), {"h": (GRID,)}, ()), "grid g stands under h"),
        (lambda: form(RowSum("h", ("a",), "t", "sum")), "no grid h"),
        (lambda: form(RowSum("g", ("a",), "u", "sum")), "matches no row or column"),
        (lambda: form(ColumnSum("g", ("u", "v"), "w", "sum")), "matches no row or column"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(make: Any, told: str) -> None:
    with pytest.raises(FormError, match=f"form own: .*{told}"):
        make()


@pytest.mark.parametrize(
    "identity",
    [
        RowSum("g", ("a", "bb"), "t", "sum"),
        Total(("g.x.aa", "g.x.b"), "g.x.t", "sum"),
        Total(("g.x.a",), "g.x.tt", "sum"),
        ColumnSum("g", ("x", "yy"), "z", "sum"),
        Balance("g", ("x", "y"), ("zz", "z"), "sum"),
    ],
    ids=["a row sum", "a part", "a total", "a column sum", "a balance"],
)
def test_a_misspelt_part_of_a_sum_is_refused(identity: Identity) -> None:
    with pytest.raises(FormError, match=r"form own: sum is over no (bb|g\.x\.aa|g\.x\.tt|yy|zz)$"):
        form(identity)


def test_no_form_of_that_name_says_which_there_are() -> None:
    with pytest.raises(FormError, match=r"no form 'x'; there are ogi-annual-report, statement.*path\.py:Name"):
        load("x")


def test_the_first_form_is_the_one_used_where_none_is_named() -> None:
    assert load().name == forms()[0] == "ogi-annual-report"


# A user's own form.

OWN = """
from schemas import Column, ColumnSum, Form, Grid, Row, RowSum, Section

CELLS = (Column("in_house", ("In house",)), Column("abroad", ("Abroad",)), Column("total", ("All",)))
SALES = Grid("sales", "sales", (
    Row("north", ("Northern region",), CELLS), Row("south", ("Southern region",), CELLS),
    Row("sum", ("All regions",), CELLS),
))
Sales = Form(
    name="sales", title="Sales", titles=("Sales report",), sections=(Section("sales", ("Sales by region",)),),
    tables={"sales": (SALES,)},
    identities=(
        RowSum("sales", ("in_house", "abroad"), "total", "row"),
        ColumnSum("sales", ("north", "south"), "sum", "column"),
    ),
)
"""
SALES = (
    "Sales report\nSales by region\n\tIn house\tAbroad\tAll\n"
    "Northern region\t3\t4\t7\nSouthern region\t0\t0\t0\nAll regions\t3\t4\t7\n"
)


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A user's own form in a file."""
    path = tmp_path / "my forms.py"
    path.write_text(OWN, encoding="utf-8")
    return f"{path}:Sales"


def test_a_form_of_the_users_own_reads_and_checks(own: str) -> None:
    outcome = read(SALES, own)

    assert isinstance(outcome, Accepted)
    assert outcome.record == {"form": "sales", "sales": {
        "north": {"in_house": 3, "abroad": 4, "total": 7}, "south": {"in_house": 0, "abroad": 0, "total": 0},
        "sum": {"in_house": 3, "abroad": 4, "total": 7}}}  # fmt: skip
    assert isinstance(read(SALES.replace("4\t7", "5\t7"), own), NeedsReview)
    assert isinstance(outcome_of(SAMPLE, own), NotThisForm)


@pytest.mark.parametrize("layout", ["\t", " ", "\n", ""], ids=["tab", "spaces", "lines", "glued"])
def test_it_reads_every_layout(own: str, layout: str) -> None:
    text = "\n".join(line.replace("\t", layout) if line[-1:].isdigit() else line for line in SALES.split("\n"))

    outcome = read(text, own)

    assert isinstance(outcome, Accepted)
    assert outcome.record == read(SALES, own).record


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("FORM = 3", "holds no form"),
        ("OTHER = 1", "holds no form"),
        ("import nothing_there", "nothing_there"),
        ("def (", "syntax"),
        ("{}['x']", "KeyError: 'x'"),
        ("1 / 0", "division by zero"),
    ],
)
def test_a_file_that_holds_no_form_is_refused_by_name(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "own.py"
    path.write_text(content)

    with pytest.raises(FormError, match=rf"own\.py.*{told}"):
        load(f"{path}:FORM")


@pytest.mark.parametrize("name", ["missing.py:FORM", ":", "/:FORM"])
def test_a_file_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(FormError):
        load(name)


def test_a_flat_row_without_blocks_can_be_read() -> None:
    flat = Grid("g", "s", (Row("r", ("Cases",), AB_TOTAL, flat=True),))

    outcome = outcome_of("Own\nOwn table\nCases\n1\t2\t3\n", form(RowSum("g", ("a", "b"), "t", "sum"), grid=flat))

    assert isinstance(outcome, Accepted)


# The statement: a second form, in English, over a list.

STATEMENT = (
    "Statement No. 7\nAcme Ltd\n\nDescription\tAmount\nBolts\t1,010.00\nNuts, steel\t5.50\n"
    "Subtotal\t1,015.50\nTax\t101.55\nTotal due\t1,117.05\n"
)


def test_a_statement_is_read_exactly() -> None:
    outcome = read(STATEMENT, "statement")

    assert isinstance(outcome, Accepted)
    assert outcome.record["items"] == [
        {"description": "Bolts", "amount": Decimal("1010.00")},
        {"description": "Nuts, steel", "amount": Decimal("5.50")},
    ]
    assert {row: cells["amount"] for row, cells in outcome.record["sums"].items()} == {
        "subtotal": Decimal("1015.50"),
        "tax": Decimal("101.55"),
        "total": Decimal("1117.05"),
    }
    assert outcome.holding == ("line items = subtotal", "subtotal + tax = total")


@pytest.mark.parametrize(
    ("printed", "instead"), [("5.50", "5.60"), ("1,015.50", "1,015.60"), ("101.55", "101.5"), ("1,117.05", "1,117")]
)
def test_a_statement_that_does_not_add_up_waits_in_review(printed: str, instead: str) -> None:
    outcome = read(STATEMENT.replace(printed, instead), "statement")

    assert isinstance(outcome, NeedsReview)
    assert outcome.reasons == (Reason.SOURCE_DOES_NOT_ADD_UP,)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(("Nuts, steel\t5.50", "Nuts, steel\tn/a"), id="unread"),
        pytest.param(("Nuts, steel\t5.50\n", ""), id="left out"),
        pytest.param(("Subtotal", "Discount\t-1.00\nSubtotal"), id="a discount"),
        pytest.param(("Bolts\t1,010.00\nNuts, steel\t5.50\n", ""), id="no list"),
        pytest.param(("Tax\t101.55\n", ""), id="no tax"),
    ],
)
def test_a_line_that_is_no_entry_or_a_row_that_is_missing_is_never_passed_over(changed: tuple[str, str]) -> None:
    assert isinstance(read(STATEMENT.replace(*changed), "statement"), NeedsReview)


def test_a_sum_over_a_row_that_was_not_found_is_not_said_to_fail() -> None:
    outcome = read(STATEMENT.replace("Tax\t101.55\n", ""), "statement")

    assert isinstance(outcome, NeedsReview)
    assert Reason.SOURCE_DOES_NOT_ADD_UP not in outcome.reasons


def test_other_documents_are_no_statement() -> None:
    assert isinstance(outcome_of(SAMPLE, "statement"), NotThisForm)
    assert isinstance(extract(STATEMENT, reader="offline"), NotThisForm)
