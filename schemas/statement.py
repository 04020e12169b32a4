"""A statement of line items with subtotal, tax and total: a second, tiny form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.form import Column, Field, Form, Grid, Items, Row, Section, Total

if TYPE_CHECKING:
    from pydantic import BaseModel


def _prose() -> type[BaseModel]:
    from schemas.statement_record import Prose

    return Prose


_AMOUNT = (Column("amount", ("Amount",), "amount"),)

SUMS = Grid(
    id="sums",
    section="items",
    rows=(
        Row("subtotal", ("Subtotal", "Sub-total", "Net total"), _AMOUNT),
        Row("tax", ("Tax", "VAT", "Sales tax"), _AMOUNT),
        Row("total", ("Total due", "Amount due", "Grand total", "Total"), _AMOUNT),
    ),
)

FORM = Form(
    name="statement",
    title="Statement of line items",
    titles=(r"(?i)\bstatement\b",),
    sections=(Section("items", ("Description",), ("Item",)),),
    tables={"sums": (SUMS,)},
    items=(
        Items("items", (r"(?i)description.*amount",), (r"(?i)^\W*(sub-?total|net total)",), "description", _AMOUNT),
    ),
    identities=(
        Total(("items.*.amount",), "sums.subtotal.amount", "line items = subtotal"),
        Total(("sums.subtotal.amount", "sums.tax.amount"), "sums.total.amount", "subtotal + tax = total"),
    ),
    fields=(
        Field("number", "text", "the statement's number as printed"),
        Field("supplier", "text", "who issued the statement"),
    ),
    prose=_prose,
)
