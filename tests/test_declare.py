"""Declaring a form: what a model's fields become, what identities say, and which mistakes are told where."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from schemas import load
from schemas.declare import declare, of_model
from schemas.form import FormError
from schemas.identity import identity, over, parse


class Line(BaseModel):
    """An entry."""

    text: str
    count: int | None = None
    price: Decimal | None = None
    amount: Decimal


class Slip(BaseModel):
    """A slip."""

    number: str = Field(description="as printed")
    day: date
    lines: list[Line]
    net: Decimal
    tax: Decimal | None = None
    total: Decimal


SUMS = ("sum(lines.amount) = net", "net + tax? = total", "each lines: count * price = amount")


def values(**given: str) -> dict[str, Decimal]:
    return {path.replace("__", "."): Decimal(value) for path, value in given.items()}


def test_the_fields_of_a_model_become_texts_figures_and_lists() -> None:
    free = declare(Slip, SUMS).free

    assert free is not None
    assert {figure.id: figure.required for figure in free.figures} == {"net": True, "tax": False, "total": True}
    assert [column.id for column in free.lists[0].columns] == ["text", "count", "price", "amount"]
    assert free.required == {"number", "day", "lines", "net", "total"}


def test_of_a_product_the_first_is_a_number_and_the_second_a_price() -> None:
    free = declare(Slip, SUMS).free

    assert free is not None
    assert {path: figure.kind for path, figure in free.by_id.items()} == {
        "net": "amount", "tax": "amount", "total": "amount", "lines.count": "count", "lines.price": "price",
        "lines.amount": "amount",
    }  # fmt: skip


def test_a_model_inside_a_model_stands_behind_its_name() -> None:
    class Shop(BaseModel):
        name: str
        balance: Decimal

    class Bill(BaseModel):
        shop: Shop
        total: Decimal

    form = declare(Bill, ("shop.balance = total",))

    assert [field.id for field in form.fields] == ["shop.name"]
    assert form.free is not None
    assert [figure.id for figure in form.free.figures] == ["shop.balance", "total"]


def test_a_bare_model_is_a_form_without_identities() -> None:
    free = of_model(Slip).free

    assert free is not None
    assert free.identities == ()
    assert {figure.stands for figure in free.by_id.values()} == {"proved"}


@pytest.mark.parametrize(
    ("sums", "settings", "told"),
    [
        (("sum(lines.amount) = nett",), {}, "there is no figure 'nett'; did you mean 'net'?"),
        (("lines.amount = net",), {}, "lines.amount is a list's column: write sum(lines.amount)"),
        (("sum(net) = total",), {}, "sum() adds a list's column up"),
        (("sum(lines.amounts) = net",), {}, "there is no figure 'lines.amounts'; did you mean 'lines.amount'?"),
        (("net + number = total",), {}, "number is a text, and only figures add up"),
        (("net tax = total",), {}, "cannot read 'tax"),
        (("net + tax",), {}, "it needs one '=' between its two sides"),
        (("each line: amount = price",), {}, "there is no list 'line'; did you mean 'lines'?"),
        (("sum(lines.amount) = net",), {}, "no identity covers tax, total, lines.count, lines.price"),
        (SUMS, {"as_read": ("tex",)}, "as_read: there is no figure 'tex'; did you mean 'tax'?"),
        (SUMS, {"labels": {"totl": ("Total",)}}, "labels: there is no figure or date 'totl'"),
        (SUMS, {"labels": {"lines.amount": ("Sum",)}}, "is a column of a list, which has no label on its line"),
        (SUMS, {"as_read": ("tax",), "if_proved": ("tax",)}, "tax stands both in as_read and in if_proved"),
        (SUMS, {"subject": "supplier"}, "subject: there is no field 'supplier'"),
    ],
)
def test_a_mistake_names_the_form_and_the_field(sums: tuple[str, ...], settings: dict[str, Any], told: str) -> None:
    with pytest.raises(FormError) as raised:
        declare(Slip, sums, **settings)

    assert str(raised.value).startswith("form slip: ") or told in str(raised.value)
    assert told in str(raised.value)


def test_a_tolerance_says_why() -> None:
    with pytest.raises(FormError, match=r"say why its sides may be 0\.05 apart"):
        identity("net = total", within="0.05")


@pytest.mark.parametrize("kind", [dict[str, int], bytes, list[int], set[str]])
def test_a_type_that_cannot_be_read_is_refused_with_its_field(kind: Any) -> None:
    from pydantic import create_model

    strange = create_model("Strange", odd=(kind, ...))

    with pytest.raises(FormError, match="form strange: field odd: "):
        of_model(strange)


def test_a_choice_is_a_text_and_told_as_such() -> None:
    class Coin(BaseModel):
        side: Literal["heads", "tails"]
        worth: Decimal

    assert [field.ask for field in of_model(Coin).fields] == ["one of heads, tails"]


def test_an_absent_figure_leaves_a_sum_unsaid_and_an_optional_one_counts_as_nothing() -> None:
    plain, optional = parse("net + tax = total"), parse("net + tax? = total")
    given = values(net="5", total="5")

    assert over(plain, given, {}) == []
    assert [held.difference for held in over(optional, given, {})] == [0]


def test_signs_absolutes_and_products_are_worked_out_exactly() -> None:
    found = parse("sum(lines.amount) - abs(off) = total")
    each = parse("each lines: count * price = amount")
    given = values(lines__0__amount="0.10", lines__1__amount="0.20", off="-0.05", total="0.25") | values(
        lines__0__count="1", lines__0__price="0.10", lines__1__count="2", lines__1__price="0.11"
    )

    assert [held.difference for held in over(found, given, {"lines": 2})] == [0]
    assert [held.difference for held in over(each, given, {"lines": 2})] == [0, Decimal("0.02")]


def test_a_sum_over_an_empty_list_says_nothing() -> None:
    assert over(parse("sum(lines.amount) = net"), values(net="0"), {"lines": 0}) == []


def test_a_form_in_a_file_is_loaded_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "slip.py"
    path.write_text(
        "from decimal import Decimal\nfrom pydantic import BaseModel\n\n\nclass Slip(BaseModel):\n    total: Decimal\n"
    )

    assert load(f"{path}:Slip").name == "slip"


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "slip.py"
    path.write_text(
        "from decimal import Decimal\nfrom pydantic import BaseModel\nfrom schemas.declare import declare\n\n\n"
        "class Slip(BaseModel):\n    total: Decimal\n\n\nFORM = declare(Slip, ('net = total',))\n"
    )

    with pytest.raises(FormError, match=r"slip\.py: form slip: identity 'net = total': there is no figure 'net'"):
        load(f"{path}:FORM")


SCHEMA = """{"title": "Slip", "type": "object", "required": ["lines", "total"], "$defs": {"line":
{"type": "object", "required": ["amount"], "properties": {"text": {"type": ["string", "null"]},
"amount": {"type": "number"}}}}, "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
"day": {"type": "string", "format": "date"}, "paid": {"type": "boolean"}, "total": {"type": "number"}}}"""


def from_toml(folder: Path, toml: str, schema: str = SCHEMA) -> Any:
    (folder / "slip.schema.json").write_text(schema)
    (folder / "slip.toml").write_text(f'schema = "slip.schema.json"\n{toml}')
    return load(str(folder / "slip.toml"))


def test_a_json_schema_and_a_file_of_identities_make_a_form(tmp_path: Path) -> None:
    form = from_toml(
        tmp_path, '[[identity]]\nany = ["sum(lines.amount) = total"]\nwithin = "0.02"\nbecause = "cash is rounded"\n'
    )

    assert [(field.id, field.kind) for field in form.fields] == [("day", "date"), ("paid", "flag")]
    assert form.free.identities[0].within == Decimal("0.02")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('identities = ["sum(lines.amount) = totl"]', "slip.toml: form slip: identity 'sum(lines.amount) = totl'"),
        ('identitys = ["a = b"]', "slip.toml: there is no setting 'identitys'"),
        ("identities = [", "slip.toml: "),
    ],
)
def test_a_mistake_beside_a_json_schema_names_the_file(toml: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(FormError) as raised:
        from_toml(tmp_path, toml)

    assert told in str(raised.value)


def test_a_schema_of_a_type_that_cannot_be_read_names_file_and_field(tmp_path: Path) -> None:
    schema = '{"title": "Slip", "properties": {"what": {"type": "null"}}}'

    with pytest.raises(FormError, match=r"slip\.schema\.json: field what: its type 'null' cannot be read"):
        from_toml(tmp_path, "", schema)


@pytest.mark.parametrize("text", ["total = total", "net + tax - tax = total", "a * b = b * a", "net = total + net"])
def test_a_figure_that_cancels_out_would_prove_itself_and_is_refused(text: str) -> None:
    with pytest.raises(FormError, match="cancels out"):
        identity(text)


def test_a_zero_is_not_proved_by_figures_that_are_absent() -> None:
    assert over(parse("tax? + service? = extra"), values(extra="0.00"), {}) == []
    assert over(parse("tax? + service? = extra"), values(extra="0.00", tax="0.00"), {})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"titles": "Slip"}, "titles: a list is expected, not 'Slip'"),
        ({"as_read": "total"}, "as_read: a list is expected, not 'total'"),
        ({"labels": {"total": "Total"}}, "labels: total: a list is expected, not 'Total'"),
        ({"identities": "net = total"}, "identities: a list is expected, not 'net = total'"),
        ({"account_for": "documents"}, "account_for: 'documents' is none of document, list, nothing"),
    ],
)
def test_words_where_a_list_is_expected_are_not_taken_letter_by_letter(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(FormError, match=told):
        declare(Slip, **({"identities": SUMS} | settings))


@pytest.mark.parametrize(
    ("toml", "schema", "told"),
    [
        ("identities = 3", None, "identities and [[identity]] are lists"),
        ("labels = 3", None, "slip.toml: "),
        ("", '{"title": "S", "properties": {"to tal": {"type": "number"}}}', "field to tal: the name needs letters"),
        ("", '{"title": "S", "properties": {"_x": {"type": "number"}}}', "field _x: the name needs letters"),
        ("", '{"title": "S", "properties": {"x": {"type": "string", "pattern": "("}}}', "the schema: "),
    ],
)
def test_what_no_schema_says_is_told_and_no_crash(toml: str, schema: str | None, told: str, tmp_path: Path) -> None:
    with pytest.raises(FormError) as raised:
        from_toml(tmp_path, toml, *([schema] if schema else []))

    assert told in str(raised.value)


def test_the_bounds_of_a_json_schema_hold(tmp_path: Path) -> None:
    schema = '{"title": "S", "properties": {"x": {"type": "number", "exclusiveMaximum": 3, "minimum": 1}}}'
    form = from_toml(tmp_path, 'as_read = ["all"]', schema)
    assert form.free.model

    model = form.free.model()

    assert model.model_validate({"x": 2})
    for wrong in (3, 0):
        with pytest.raises(ValueError, match="should be"):
            model.model_validate({"x": wrong})
