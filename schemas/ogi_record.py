"""The prose fields of an annual report on open government information."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field as Bounded


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Contact(_Strict):
    """Whom to ask, as printed."""

    address: str | None = None
    postcode: str | None = None
    phone: str | None = None
    email: str | None = None
    website: str | None = None


class Part(_Strict):
    """A part of a published count, from a list behind 其中."""

    name: str
    count: int = Bounded(ge=0)


class Published(_Strict):
    """How many items one channel published, as the prose of section 一 says."""

    channel: str | None = None
    count: int = Bounded(ge=0)
    approximate: bool = False
    parts: list[Part] = []


class Prose(_Strict):
    """The fields of the record that stand in prose. None = the text is silent."""

    organization: str | None = None
    year: int | None = None
    period_start: date | None = None
    period_end: date | None = None
    contact: Contact | None = None
    published: list[Published] = []
    requests_received: int | None = Bounded(default=None, ge=0)
    information_fee_charged: bool | None = None
    problems: list[str] = []
    improvements: list[str] = []
