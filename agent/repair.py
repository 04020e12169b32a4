"""From what is wrong with a reading to the question that goes back: those rows, their lines, the failed sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agent.checks import Verdict
from agent.document import Document
from agent.evidence import Evidence, Found, Place
from agent.outcome import Figure, Grade, Reading
from agent.solver import holds
from schemas.form import Items, Row

_LONG_LINE = 400  # letters; of a longer line only the row's own part goes back


def rows_to_ask(reading: Reading, evidence: Evidence) -> dict[str, list[Row]]:
    """For each table the rows with a figure that is not read, or not as the source shows it.

    A figure that several readings fit is not asked again: no answer could be proved. One that stands at
    its place is not asked again either, whatever its sums do: then the source itself does not add up.
    """
    asked: dict[str, list[Row]] = {}
    for table, found in evidence.tables.items():
        if found is None or found.trouble:
            continue
        rows = [place.row for place in found.places.values() if _misread(reading, evidence, found, place)]
        if rows:
            asked[table] = rows
    return asked


def lists_to_ask(reading: Reading, evidence: Evidence) -> list[Items]:
    """The lists with an entry that is not read, not as the source shows it, or not there."""
    asked = []
    for name, listed in evidence.items.items():
        shown = {path: cell.value for path, cell in evidence.cells.items() if path.startswith(f"{name}.")}
        read = {path: f.value for path, f in reading.figures.items() if path.startswith(f"{name}.")}
        if listed and listed.entries and read != shown:
            asked.append(evidence.form_items[name])
    return asked


def entry_lines(evidence: Evidence, items: Items) -> list[int]:
    """The lines of a list, from its first entry to its last."""
    listed = evidence.items[items.id]
    lines = [entry.line for entry in listed.entries] if listed else []
    return list(range(lines[0], lines[-1] + 1)) if lines else []


def relisted(reading: Reading, items: Items, again: Mapping[str, Figure]) -> Reading:
    """The reading with a list as it was given again; as it was where nothing was."""
    start = f"{items.id}."
    given = {path: figure for path, figure in again.items() if path.startswith(start)}
    kept = {path: figure for path, figure in reading.figures.items() if not path.startswith(start)}
    return replace(reading, figures=kept | given) if given else reading


def _misread(reading: Reading, evidence: Evidence, found: Found, place: Place) -> bool:
    for path in found.grid.paths(place.row):
        cell = evidence.cells.get(path)
        if cell is None or cell.illegible or path in found.solution.undecided:
            continue
        figure = reading.figures.get(path)
        if figure is None or figure.value != cell.value:
            return True
    return False


def failed(reading: Reading, evidence: Evidence, found: Found, rows: Sequence[Row]) -> list[str]:
    """What is wrong with those rows, in words: sums by name, and never a value that would balance one."""
    asked = {path for row in rows for path in found.grid.paths(row)}
    told = [
        equation.name
        for equation in evidence.form.equations(found.grid)
        if asked & set(equation.paths)
        and all(path in reading.figures for path in equation.paths)
        and holds(equation, reading.value) is False
    ]
    return told or ["the figures do not stand like this behind their label"]


def excerpt(document: Document, evidence: Evidence, found: Found, rows: Sequence[Row]) -> tuple[Document, list[int]]:
    """The document with long lines cut to the rows' own parts, and the lines those rows stand on."""
    lines: set[int] = set()
    cut: dict[int, list[str]] = {}
    for row in rows:
        place = found.places[row.id]
        lines.update(range(place.line, max(place.lines) + 1) if not place.ordered else place.lines)
        if len(document.lines[place.line - 1]) > _LONG_LINE:
            cut.setdefault(place.line, []).append(evidence.source.full[slice(*place.extent)].partition("\n")[0])
    shortened = tuple(
        " … ".join(cut[number]) if number in cut else text for number, text in enumerate(document.lines, 1)
    )
    return replace(document, lines=shortened), sorted(lines)


def merged(reading: Reading, verdict: Verdict, again: Mapping[str, Figure], paths: set[str]) -> Reading:
    """The reading with the figures of the rows asked again; what was proved stays as it was."""
    figures = dict(reading.figures)
    for path, figure in again.items():
        if path in paths and verdict.grades.get(path) != Grade.PROVED:
            figures[path] = figure
    return replace(reading, figures=figures)


def located(reading: Reading, evidence: Evidence) -> Reading:
    """The reading with each figure that stands at its place shown there: the line a model names is but its word."""
    figures = {
        path: replace(figure, printed=cell.text, line=cell.line, cell=cell.cell)
        if (cell := evidence.cells.get(path)) and cell.value == figure.value and not cell.illegible
        else figure
        for path, figure in reading.figures.items()
    }
    return replace(reading, figures=figures)


def paths_of(found: Found, rows: Sequence[Row]) -> Iterator[str]:
    """The figures of those rows."""
    for row in rows:
        yield from found.grid.paths(row)
