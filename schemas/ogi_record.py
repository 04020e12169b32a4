"""The prose fields of an annual report on open government information."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from pydantic import BaseModel, ConfigDict, Field as Bounded, ValidationInfo, field_validator

from schemas.compact import Compact
from schemas.ogi_title import is_organ

# A number of zeros alone comes out of a table's cells.
_SHAPES = {
    "address": r"(?=.*[省市区县旗镇乡村路街道巷弄号楼院园室厦厅层里组]|.*[A-Za-z]{3}).{3,}",
    "postcode": r"(?!0+$)[0-9]{6}",
    "phone": r"(?=(?:\D*\d){5})(?![\D0]*$)[\d\s()+/、,.;:‐-―−-]*(?:(?:转|分机|ext\.?)[\d\s、/()-]*)*",
    "email": r"[^\s@]+@[^\s@]+\.[^\s@]+",
    "website": r"(?!.*@)[!-~]*[A-Za-z0-9-]\.[A-Za-z]{2}[!-~]*",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Contact(_Strict):
    """Whom to ask, as printed."""

    address: str | None = None
    postcode: str | None = None
    phone: str | None = None
    email: str | None = None
    website: str | None = None

    @field_validator("*")
    @classmethod
    def _looks_like_it(cls, printed: str | None, info: ValidationInfo) -> str | None:
        shape = _SHAPES[str(info.field_name)]
        if printed is not None and not re.fullmatch(shape, unicodedata.normalize("NFKC", printed).strip()):
            raise ValueError(f"is no {info.field_name}")
        return printed


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

    @field_validator("organization")
    @classmethod
    def _names_an_organ(cls, printed: str | None) -> str | None:
        if printed is not None and not is_organ(Compact.of(printed).text):
            raise ValueError("is no name of an organ")
        return printed
