"""The project's own sample report, and ways to write it otherwise: a cell, a row, a layout changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent import extract, offline
from agent.document import Document, load
from agent.evidence import Evidence, gather
from agent.outcome import Accepted, NeedsReview, NotThisForm, Outcome, Reading
from schemas import Form, load as load_form

SAMPLE = (Path(__file__).parent.parent / "agent" / "sample" / "qinglan_2023.txt").read_text(encoding="utf-8")
OGI = load_form("ogi-annual-report")
CASES = "2\t1\t0\t1\t4\t1\t0\t0\t1\t2\t0\t0\t1\t0\t1"

_FIGURES_3 = re.compile(r"(?:\t\d+){7}$")


def but(*changes: tuple[str, str], text: str = SAMPLE) -> str:
    """The text with each of those words replaced, where it stands first."""
    for printed, instead in changes:
        assert printed in text, f"{printed!r} does not stand in the text"
        text = text.replace(printed, instead, 1)
    return text


def with_row(label: str, cells: str, text: str = SAMPLE) -> str:
    """The text with other figures in the row of table 3 that has this in its label; blanks between the cells."""
    lines = text.split("\n")
    (at,) = [i for i, line in enumerate(lines) if label in line and _FIGURES_3.search(line)]
    lines[at] = _FIGURES_3.sub("\t" + "\t".join(cells.split(" ")), lines[at])
    return "\n".join(lines)


def zeros(text: str = SAMPLE) -> str:
    """The text with every figure of table 3 as zero."""
    lines = [line if line[:1].isdigit() else _FIGURES_3.sub("\t0" * 7, line) for line in text.split("\n")]
    return "\n".join(lines)


def glued(text: str = SAMPLE) -> str:
    """The text with the cells of every row of table 3 run together, and with their label."""
    lines = text.split("\n")
    return "\n".join(
        line.replace("\t", "") if not line[:1].isdigit() and _FIGURES_3.search(line) else line for line in lines
    )


def one_cell_a_line(text: str = SAMPLE) -> str:
    """The text with every cell on a line of its own."""
    return re.sub(r"\t+", "\n", text)


def spaced(text: str = SAMPLE) -> str:
    """The text with spaces for the tabs between cells."""
    return re.sub(r"\t+", " ", text)


def piped(text: str = SAMPLE) -> str:
    """The text with its rows as those of a Markdown table."""
    return "\n".join("| " + " | ".join(line.split("\t")) + " |" if "\t" in line else line for line in text.split("\n"))


LAYOUTS: dict[str, Callable[[str], str]] = {
    "tab": lambda text: text,
    "lines": one_cell_a_line,
    "spaces": spaced,
    "pipe": piped,
    "glued": glued,
}


def read(source: str | bytes | Path, form: Form | str = OGI) -> Accepted | NeedsReview:
    """What the offline reader makes of a report."""
    outcome = outcome_of(source, form)
    assert not isinstance(outcome, NotThisForm), outcome.why
    return outcome


def outcome_of(source: str | bytes | Path, form: Form | str = OGI) -> Outcome:
    """The same where it may be no report of the form."""
    return extract(source, form=form, reader="offline")


def evidence_of(text: str, form: Form = OGI) -> tuple[Document, Evidence, Reading]:
    """A text as document, what it shows, and the offline reading of it."""
    document = load(text)
    evidence = gather(document, form)
    return document, evidence, offline.read(evidence)


def at(record: Mapping[str, Any], path: str) -> Any:
    """The figure at a path of a public record."""
    found: Any = record
    for step in path.split("."):
        found = found[step]
    return found


def row_of(outcome: Accepted | NeedsReview, row: str) -> list[Any]:
    """The figures of a row of a record, in printed order."""
    return list(at(outcome.record, row).values())
