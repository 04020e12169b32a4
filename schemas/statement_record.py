"""The prose fields of a statement."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Prose(BaseModel):
    """Who sent it to whom."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: str | None = None
    supplier: str | None = None
