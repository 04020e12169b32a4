"""Models of one's own that say more than types: aliases, strictness, validators, marks beside a type."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Optional

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent import Accepted, NeedsReview
from schemas.declare import declare, of_model
from schemas.form import FormError
from tests.test_free_attacks import ended

TEXT = "Day 24/03/2018\nTotal 5.00\n"
READ = "day@1 24/03/2018\ntotal@2 5.00"


class Slip(BaseModel):
    """A slip."""

    day: date
    total: Decimal


def outcome_of(model: type[BaseModel]) -> Any:
    return ended(TEXT, READ, form=declare(model, as_read=("total",), labels={"total": ("Total",)}))


def test_a_strict_model_takes_the_day_as_a_day() -> None:
    class Strict(Slip):
        model_config = ConfigDict(strict=True)

    outcome = outcome_of(Strict)

    assert isinstance(outcome, Accepted), outcome.findings
    assert outcome.record["day"] == "2018-03-24"


def test_what_a_model_says_of_a_field_with_an_alias_is_heard() -> None:
    class Small(Slip):
        total: Decimal = Field(lt=3, alias="Sum")

    outcome = outcome_of(Small)

    assert isinstance(outcome, NeedsReview)
    assert any("less than 3" in finding.message for finding in outcome.findings)


def test_a_validator_that_fails_of_itself_stops_its_report_alone() -> None:
    class Divides(Slip):
        @model_validator(mode="after")
        def _check(self) -> Divides:
            assert 1 / (self.total - 5)
            return self

    outcome = outcome_of(Divides)

    assert isinstance(outcome, NeedsReview)
    assert any("DivisionByZero" in finding.message for finding in outcome.findings)


def test_a_mark_inside_a_type_is_read_through() -> None:
    class Marked(BaseModel):
        total: Optional[Annotated[Decimal, Field(gt=0)]] = None  # noqa: UP045 - as people write it

    free = of_model(Marked).free

    assert free is not None
    assert [(figure.id, figure.required) for figure in free.figures] == [("total", False)]


class Endless(BaseModel):
    """A model inside itself."""

    total: Decimal
    inner: Endless | None = None


def test_a_model_inside_itself_is_told() -> None:
    with pytest.raises(FormError, match="field inner: Endless stands inside itself"):
        of_model(Endless)


class Named(BaseModel):
    """A field with a name that a record has of its own."""

    form: str
    total: Decimal


class Listed(BaseModel):
    """A list with a name that an answer has of its own."""

    fields: list[Slip]


@pytest.mark.parametrize("model", [Named, Listed])
def test_a_name_that_is_taken_is_told(model: type[BaseModel]) -> None:
    with pytest.raises(FormError, match="the name is taken"):
        of_model(model)
