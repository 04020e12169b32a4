"""What a form without a grid asks for: figures and lists anywhere in a text, each cited where it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from schemas.identity import Identity

if TYPE_CHECKING:
    from pydantic import BaseModel

FigureKind = Literal["amount", "price", "number", "count"]
"""amount: money, exact; price: money with any decimals; number: exact, as a quantity; count: whole."""

Standing = Literal["proved", "read", "if_proved"]
"""What a figure needs to be kept: a sum over it; its place alone; a sum, or else it is left out of the record."""


@dataclass(frozen=True)
class FreeFigure:
    """A figure of the form. ``labels``: patterns of what is printed before it, one of which must be there.

    ``unless``: patterns of lines where that is no label of it. ``in_lists``: its label may also stand on a
    line of a list.
    """

    id: str
    kind: FigureKind
    ask: str = ""
    labels: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    required: bool = True
    stands: Standing = "proved"
    in_lists: bool = False


@dataclass(frozen=True)
class FreeText:
    """A text column of a list."""

    id: str
    ask: str = ""
    required: bool = True


@dataclass(frozen=True)
class FreeList:
    """A list of like entries: the columns in the order of its model, texts and figures."""

    id: str
    columns: tuple[FreeFigure | FreeText, ...]
    ask: str = ""
    required: bool = True

    @property
    def figures(self) -> tuple[FreeFigure, ...]:
        """Its figure columns."""
        return tuple(column for column in self.columns if isinstance(column, FreeFigure))

    @property
    def texts(self) -> tuple[FreeText, ...]:
        """Its text columns."""
        return tuple(column for column in self.columns if isinstance(column, FreeText))


@dataclass(frozen=True)
class Free:
    """How figures are read where no grid says where they stand.

    ``account_for``: which amounts of the text must be used or explained: all of the document, those
    around its lists, or none. ``ignored``: patterns of lines whose amounts are no part of the form, with the reason.
    ``date_labels``: by date field, ``date_unless``: what makes those another date's.
    ``day_first``: why every ambiguous date is day first; '' = the text must show it.
    """

    figures: tuple[FreeFigure, ...]
    lists: tuple[FreeList, ...] = ()
    identities: tuple[Identity, ...] = ()
    required: frozenset[str] = frozenset()
    ignored: tuple[tuple[str, str], ...] = ()
    account_for: Literal["document", "list", "nothing"] = "document"
    date_labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    day_first: str = ""
    model: Callable[[], type[BaseModel]] | None = None
    date_unless: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_property
    def by_id(self) -> dict[str, FreeFigure]:
        """Its figures by name, those of lists as ``list.column``."""
        return {f.id: f for f in self.figures} | {f"{one.id}.{f.id}": f for one in self.lists for f in one.figures}

    def figure(self, path: str) -> FreeFigure | None:
        """The declared figure that a path of a reading is of."""
        return self.by_id.get(re.sub(r"^(\w+)\.\d+\.", r"\1.", path))

    def required_figures(self) -> Iterator[str]:
        """Scalar figures that the form must have."""
        yield from (figure.id for figure in self.figures if figure.required)
