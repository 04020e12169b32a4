"""The record of a receipt."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - a field has that name
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Item(BaseModel):
    """A line of what was bought."""

    model_config = ConfigDict(extra="forbid")

    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    discount: Decimal | None = None
    amount: Decimal = Field(description="what the line comes to")


class Receipt(BaseModel):
    """A receipt or a simplified invoice of a shop."""

    model_config = ConfigDict(extra="forbid")

    company: str = Field(description="the shop's full name")
    address: str | None = Field(None, description="the shop's address, all its lines")
    date: Date = Field(description="of the purchase")
    currency: str | None = Field(None, description="as printed: RM, $")
    items: list[Item] = Field(min_length=1, description="every line with an amount that was charged")
    subtotal: Decimal | None = None
    discount: Decimal | None = Field(None, description="off the whole bill")
    net: Decimal | None = Field(None, description="the total without tax")
    tax: Decimal | None = Field(None, description="its amount, not its rate")
    service: Decimal | None = Field(None, description="service charge")
    rounding: Decimal | None = None
    total: Decimal = Field(description="what is to be paid, after rounding")
    paid: Decimal | None = Field(None, description="what was handed over, in cash or by card")
    change: Decimal | None = None

    @model_validator(mode="after")
    def _tax_is_the_lesser_part(self) -> Self:
        """What two figures add up to does not say which is which."""
        if self.tax is not None and 2 * abs(self.tax) >= abs(self.total) > 0:
            raise ValueError(f"a tax of {self.tax} in {self.total}")
        return self
