"""The values that travel: figures, readings, findings, outcomes. Plain, frozen, picklable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

Number = int | Decimal

BLANKS = frozenset({"", "-", "－", "—", "–", "――", "/", "／", "无", "_", "…"})
"""What is printed where no figure is: each a fact of its own, none of them a zero."""


class Grade(StrEnum):
    """What stands behind a figure."""

    PROVED = "proved"  # matches its place in the source, and a sum over it holds
    READ = "read"  # matches its place, no sum covers it
    DERIVED = "derived"  # only arithmetic says so
    CONTRADICTED = "contradicted"  # its place says otherwise, or a sum over it fails
    UNREAD = "unread"
    ATTESTED = "attested"  # a reviewer's word, where its place says otherwise or cannot be read
    PUBLISHED = "published"  # matches its place; a reviewer accepted that the report's own sum over it fails


TRUSTED = frozenset({Grade.PROVED, Grade.READ})


class Reason(StrEnum):
    """Why a report waits in review, gravest first."""

    MODEL_GAVE_UP = "model_gave_up"
    INCOMPLETE = "incomplete"
    NOT_FOUND_IN_SOURCE = "not_found_in_source"
    UNREADABLE = "unreadable"
    SOURCE_DOES_NOT_ADD_UP = "source_does_not_add_up"
    NOT_PROVED = "not_proved"


@dataclass(frozen=True)
class Figure:
    """A figure as read: ``value`` None = blank; ``printed`` as in the source; ``line`` counts from 1."""

    value: Number | None
    printed: str
    line: int | None
    by: str
    cell: int | None = None  # index of the cell in a line of cells


@dataclass(frozen=True)
class Words:
    """A prose value with its quote from the source; ``line`` is where the quote begins."""

    value: Any
    quote: str
    line: int | None
    by: str


@dataclass(frozen=True, repr=False)
class Reading:
    """A candidate record: figures by path, prose fields by name, the variant of each table."""

    figures: Mapping[str, Figure]
    words: Mapping[str, Words]
    variants: Mapping[str, str | None]

    def __repr__(self) -> str:
        """In a line: hundreds of figures help nobody."""
        return f"Reading({len(self.figures)} figures, words: {', '.join(self.words) or 'none'})"

    def value(self, path: str) -> Number | None:
        """The figure at ``path``, None where blank or unread."""
        figure = self.figures.get(path)
        return figure.value if figure else None


Rule = Literal[
    "source",
    "sum",
    "complete",
    "plausible",
    "undecided",
    "agreement",
    "parts",
    "layout",
    "model",
    "unproved",
    "leftover",
]


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a reading.

    ``cells``: paths. ``left``/``right``: both sides of a failed sum, ``difference`` = left - right.
    ``lines``: 1-based lines of the source. ``suspects``: cells whose change alone would satisfy
    all sums (never applied). ``warning``: told, but no reason for review.
    """

    rule: Rule
    message: str
    cells: tuple[str, ...] = ()
    left: Number | None = None
    right: Number | None = None
    difference: Number | None = None
    lines: tuple[int, ...] = ()
    suspects: tuple[str, ...] = ()
    reason: Reason | None = None
    warning: bool = False


@dataclass(frozen=True)
class Usage:
    """What the model calls of a run took. ``cost`` in US dollars, None where the price is unknown."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None

    def __add__(self, other: Usage) -> Usage:
        """Both together; the cost is known only where every part's is."""
        known = [u.cost for u in (self, other) if u.calls]
        cost = None if None in known or not known else sum((c for c in known if c is not None), Decimal(0))
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            cost,
        )


NO_USAGE = Usage()


@dataclass(frozen=True)
class Source:
    """Which document an outcome is about."""

    sha256: str
    name: str
    encoding: str | None
    kind: str = "text"


@dataclass(frozen=True, repr=False)
class _Read:
    """``subject`` and ``period``: who reports and for which year, where the form says which fields tell."""

    form: str
    edition: str | None
    reading: Reading
    record: Mapping[str, Any]
    findings: tuple[Finding, ...]
    grades: Mapping[str, Grade]
    unread: tuple[str, ...]
    reader: str
    usage: Usage
    document: Source
    attempts: int = 0
    holding: tuple[str, ...] = field(default=())
    subject: str | None = None
    period: int | None = None

    def __repr__(self) -> str:
        """In a line: whose report it is and why it waits, if it does; ``record`` and ``findings`` say the rest."""
        why = "; ".join(f.message for f in self.findings if not f.warning)
        return f"{type(self).__name__}({self.document.name}, {self.subject}, {self.period}, {self.reading}, {why!r})"


@dataclass(frozen=True, repr=False)
class Accepted(_Read):
    """Every required figure stands at its place in the source and every sum holds.

    Only the pipeline makes one.
    """

    status: Literal["accepted"] = "accepted"


@dataclass(frozen=True, repr=False)
class NeedsReview(_Read):
    """The best reading, with what is not trusted left out of ``record``, and the reasons.

    ``second``: what the offline reader made of it, where a model read it.
    """

    status: Literal["review"] = "review"
    reasons: tuple[Reason, ...] = ()
    second: Reading | None = None


Standing = Literal["checked", "attested", "as_published"]
"""What a record rests on: its source and sums alone; a reviewer's word for some figures; a reviewer's word
that the report itself does not add up."""


@dataclass(frozen=True)
class Settled:
    """A reading that a reviewer accepted, with what it rests on and the sums it violates.

    Only the review makes one.
    """

    outcome: Accepted | NeedsReview
    standing: Standing
    grades: Mapping[str, Grade]
    violations: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class NotThisForm:
    """The document is another kind of report."""

    form: str
    why: str
    document: Source
    reader: str = "offline"
    usage: Usage = NO_USAGE
    status: Literal["not_this_form"] = "not_this_form"


Outcome = Accepted | NeedsReview | NotThisForm
