"""The reader that needs no model: what the evidence settles, and the prose that patterns settle."""

from __future__ import annotations

from agent.evidence import Evidence
from agent.outcome import Figure, Reading, Words

NAME = "offline"


def read(evidence: Evidence) -> Reading:
    """The reading that the source alone settles; nothing is guessed."""
    figures = {
        path: Figure(cell.value, cell.text, cell.line, NAME, cell.cell)
        for path, cell in evidence.cells.items()
        if not cell.illegible
    }
    variants = {table: found.grid.variant if found else None for table, found in evidence.tables.items()}
    return Reading(figures, read_words(evidence), variants)


def read_words(evidence: Evidence) -> dict[str, Words]:
    """The prose fields that the form's own patterns settle."""
    return {
        name: Words(quoted.value, quoted.quote, evidence.source.line(quoted.at), NAME)
        for name, quoted in evidence.prose.items()
    }
