"""From a reading to what is wrong with it: the source first, the sums second.

Pure: nothing is asked, changed or stored here. A figure that does not stand at its place is
contradicted whatever it adds up to; a sum over faithful figures that fails says that the source
itself does not add up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from agent.document import CellPlace, Document
from agent.evidence import Evidence, Found, Place
from agent.outcome import Figure, Finding, Grade, Number, Reading, Reason, Words
from agent.solver import holds, sides
from schemas.form import Equation, Form

SURE = 0.8
"""Two readings of a cell that agree, and an engine sure of both: counted as read where no sum covers it."""

ROWS_LOST = "rows not found"

LARGEST_COUNT = 10**9
"""No organ counts as many; a figure above it is two cells run together."""


@dataclass(frozen=True)
class Verdict:
    """What the checks say: findings, the grade of each figure, which sums hold.

    ``untrusted``: figures that do not stand at their place or cannot be told; a record leaves them out.
    """

    findings: tuple[Finding, ...]
    grades: Mapping[str, Grade]
    holding: tuple[str, ...]
    untrusted: frozenset[str]

    @property
    def failing(self) -> tuple[Finding, ...]:
        """Findings that keep the reading from being accepted."""
        return tuple(f for f in self.findings if not f.warning)


def check(reading: Reading, evidence: Evidence, document: Document, attested: Collection[str] = frozenset()) -> Verdict:
    """The verdict on a reading, given what the source shows.

    ``attested``: figures a reviewer vouches for. Where its place does not bear one out, that is told and the
    figure is graded by the reviewer's word: never proved, and no sum over it proves another.
    """
    if evidence.form.free:
        from agent import free

        return free.check(reading, evidence, document, attested)
    paths = list(_expected(evidence))
    findings = list(_completeness(evidence))
    matched: dict[str, Figure] = {}
    spoken: set[str] = set()
    for path in paths:
        finding = _match(path, reading.figures.get(path), evidence)
        if finding and path in attested and path in reading.figures:
            finding = replace(finding, warning=True)
            spoken.add(path)
        if finding:
            findings.append(finding)
        if finding is None or path in spoken:
            matched[path] = reading.figures[path]
    findings += _invented(reading, paths, evidence)
    sums, holding, covered, failed = _sums(evidence, matched, spoken)
    doubtful = _doubtful(evidence, document, matched.keys() - spoken) - covered
    spoken |= doubtful & set(attested)
    doubtful -= spoken
    findings += [_over_doubt(finding, doubtful) for finding in sums]
    findings += _unproved(doubtful - failed, matched)
    graded = {path: _grade(path, matched, covered, failed, doubtful, reading) for path in paths}
    grades = graded | dict.fromkeys(spoken, Grade.ATTESTED)
    findings += _prose(reading, evidence.form)
    untrusted = frozenset(p for p in paths if p not in matched or (p in doubtful and p not in failed))
    return Verdict(tuple(_together(findings)), grades, holding, untrusted)


def _expected(evidence: Evidence) -> Iterator[str]:
    for found in evidence.tables.values():
        if found:
            yield from found.grid.all_paths()
    for name in evidence.items:
        yield from (path for path in evidence.cells if path.startswith(f"{name}."))


def _completeness(evidence: Evidence) -> Iterator[Finding]:
    for table, found in evidence.tables.items():
        section = evidence.form.tables[table][0].section
        if found is None:
            yield _no_table(table, evidence, section)
            continue
        whole = all(row.id in found.places for row in found.grid.rows)
        if whole and _all_blank(found) and not _any_figure(evidence):
            yield _finding("complete", f"{table}: no figure is printed", Reason.INCOMPLETE)
    for name, listed in evidence.items.items():
        if listed is None or not listed.entries:
            yield _finding("complete", f"{name}: no list found", Reason.INCOMPLETE)
        elif listed.unread:
            yield _finding("complete", f"{name}: lines not read as entries", Reason.INCOMPLETE, lines=listed.unread)


def _no_table(table: str, evidence: Evidence, section: str) -> Finding:
    said = evidence.statements.get(section)
    if said:
        words, line = said
        return _finding(
            "complete",
            f"{table}: no table; the text says: {words} (a statement that there were none is no table of zeros)",
            Reason.INCOMPLETE,
            lines=(line,),
        )
    why = "its section is there without a table" if section in evidence.spans else "its section was not found"
    return _finding("complete", f"{table}: no table: {why}", Reason.INCOMPLETE)


def _all_blank(found: Found) -> bool:
    return all(cell.value is None for cell in found.solution.cells.values()) and not found.solution.undecided


def _any_figure(evidence: Evidence) -> bool:
    return any(cell.value is not None for cell in evidence.cells.values())


def _match(path: str, figure: Figure | None, evidence: Evidence) -> Finding | None:
    """None where the figure stands at its place; else what is wrong with it."""
    found = evidence.tables.get(path.split(".")[0])
    place = evidence.place(path)
    lines = place.lines if place else ()
    if found and found.trouble:
        return _finding("layout", f"{found.grid.id}: {found.trouble}", Reason.UNREADABLE, (path,), lines)
    if found and place is None and figure is None:
        return _finding("complete", f"{found.grid.id}: {ROWS_LOST}", Reason.INCOMPLETE, (path,))
    if found and place is None:
        return _finding("source", "its row was not found in the source", Reason.NOT_FOUND_IN_SOURCE, (path,))
    if found and path in found.solution.undecided:
        lost = place is not None and not place.fits.ways and not place.fits.bounded
        why = "the search ended at its bound" if found.solution.bounded else "several readings fit"
        why = "its cells cannot be told from what stands beside them" if lost else why
        return _finding("undecided", why, Reason.UNREADABLE, (path,), lines)
    cell = evidence.cells.get(path)
    if cell is None or cell.illegible:
        return _finding("source", "cannot be read", Reason.UNREADABLE, (path,), lines)
    if figure is None:
        return _finding("complete", "not read", Reason.INCOMPLETE, (path,), lines)
    if figure.value != cell.value:
        return _finding("source", "does not stand at its place", Reason.NOT_FOUND_IN_SOURCE, (path,), lines)
    if isinstance(cell.value, int) and abs(cell.value) > LARGEST_COUNT:
        return _finding("plausible", "larger than any count", Reason.UNREADABLE, (path,), lines)
    return None


def _invented(reading: Reading, paths: list[str], evidence: Evidence) -> Iterator[Finding]:
    """Figures for rows or entries that the source does not have."""
    known = set(paths)
    for path in reading.figures:
        table = path.split(".")[0]
        if path not in known and (evidence.tables.get(table) or evidence.items.get(table)):
            yield _finding("source", "the source has no such row", Reason.NOT_FOUND_IN_SOURCE, (path,))


def _sums(
    evidence: Evidence, matched: Mapping[str, Figure], spoken: Collection[str]
) -> tuple[list[Finding], tuple[str, ...], frozenset[str], frozenset[str]]:
    """Failed sums, names of those that hold, the figures the holding ones cover and the failed ones touch."""
    findings: list[Finding] = []
    holding: list[str] = []
    covered: set[str] = set()
    failed: set[str] = set()
    blank: list[Equation] = []

    def value(path: str) -> Number | None:
        return matched[path].value

    for equation in evidence.sums:
        if not all(path in matched for path in equation.paths):
            continue
        held = holds(equation, value)
        if held:
            holding.append(equation.name)
            if not set(equation.paths) & set(spoken):
                covered.update(equation.paths)
        elif held is False:
            failed.update(equation.paths)
            findings.append(_failed_sum(equation, matched, evidence))
        elif all(value(path) is None for path in equation.paths):
            blank.append(equation)
    for equation in blank:  # a blank total over parts that are proved blank is proved with them
        parts = set(equation.paths) - equation.totals
        if parts and covered >= parts:
            covered.update(equation.paths)
    return findings, tuple(holding), frozenset(covered - failed), frozenset(failed)


def _failed_sum(equation: Equation, matched: Mapping[str, Figure], evidence: Evidence) -> Finding:
    left, right = sides(equation, lambda path: matched[path].value)
    lines = tuple(sorted({line for p in equation.paths if (line := matched[p].line)}))
    found = evidence.tables.get(equation.left[0].split(".")[0])
    suspects = tuple(s for s in found.solution.suspects if s in equation.paths) if found else ()
    return Finding(
        "sum",
        equation.name,
        equation.paths,
        left,
        right,
        left - right,
        lines,
        suspects,
        Reason.SOURCE_DOES_NOT_ADD_UP,
    )


def _over_doubt(finding: Finding, doubtful: Collection[str]) -> Finding:
    """A failed sum over figures read with doubt says nothing of the report: it could not be checked."""
    unsure = tuple(path for path in finding.cells if path in doubtful)
    return replace(finding, reason=Reason.UNREADABLE, suspects=unsure) if unsure else finding


def _doubtful(evidence: Evidence, document: Document, matched: Iterable[str]) -> frozenset[str]:
    """Figures that count only where a sum holds over them: look-alikes, OCR, rows without label or place."""
    read = {line for (line, _), place in document.cells.items() if _unsure(place)}
    totals = {path for equation in evidence.sums for path in equation.totals}
    doubtful: set[str] = set()
    for path in matched:
        cell, place = evidence.cells[path], evidence.place(path)
        at = document.cells.get((cell.line, cell.cell)) if cell.cell is not None else None
        by_ocr = _unsure(at) if at else cell.line in read
        if cell.doubtful or by_ocr or (place and _unplaced(evidence, path, place, totals)):
            doubtful.add(path)
    return frozenset(doubtful)


def _unsure(place: CellPlace) -> bool:
    """Whether a cell was read by OCR, and its two readings did not surely agree."""
    return place.confidence is not None and place.confidence < SURE


def _unplaced(evidence: Evidence, path: str, place: Place, totals: Collection[str]) -> bool:
    """Whether only sums can say that this is the row, or that nothing was lost behind its label.

    A label with nothing behind it, where other rows have figures, is a blank row; a blank total would
    silence the sums over it, so that is never taken on trust.
    """
    if place.ordered or place.fits.shifted or place.fits.unseen:
        return True
    if not place.fits.lost:
        return False
    found = evidence.tables[path.split(".")[0]]
    others = found is not None and any(cell.value is not None for cell in found.solution.cells.values())
    return path in totals or not others


def _unproved(doubtful: Iterable[str], matched: Mapping[str, Figure]) -> Iterator[Finding]:
    for path in sorted(doubtful):
        line = matched[path].line
        yield _finding(
            "source",
            "read with doubt, and no sum proves it",
            Reason.UNREADABLE,
            (path,),
            (line,) if line else (),
        )


def _grade(
    path: str,
    matched: Mapping[str, Figure],
    covered: frozenset[str],
    failed: frozenset[str],
    doubtful: frozenset[str],
    reading: Reading,
) -> Grade:
    if path not in matched:
        return Grade.CONTRADICTED if path in reading.figures else Grade.UNREAD
    if path in failed:
        return Grade.CONTRADICTED
    if path in covered:
        return Grade.PROVED
    return Grade.UNREAD if path in doubtful else Grade.READ


def _prose(reading: Reading, form: Form) -> Iterator[Finding]:
    for agreement in form.agreements:
        words, value = reading.words.get(agreement.field), reading.value(agreement.path)
        if words is not None and value is not None and isinstance(words.value, int) and words.value != value:
            yield Finding(
                "agreement",
                f"{agreement.field} in prose differs from {agreement.path}; its scope may be another",
                (agreement.path,),
                words.value,
                value,
                words.value - value,
                (words.line,) if words.line else (),
                warning=True,
            )
    for stated in form.stated:
        words = reading.words.get(stated.field)
        if words is not None:
            yield from _parts(words, stated.field, stated.total, stated.parts, stated.part)


def _parts(words: Words, field: str, total: str, parts: str, part: str) -> Iterator[Finding]:
    for entry in words.value if isinstance(words.value, list) else []:
        given = entry.get(parts) or []
        added = sum(p[part] for p in given)
        if given and added != entry[total] and not entry.get("approximate"):
            yield Finding(
                "parts",
                f"{field}: the parts of {entry[total]} add up to {added}",
                (field,),
                added,
                entry[total],
                added - entry[total],
                (words.line,) if words.line else (),
                reason=Reason.SOURCE_DOES_NOT_ADD_UP,
            )


def _finding(
    rule: str, message: str, reason: Reason, cells: tuple[str, ...] = (), lines: tuple[int, ...] = ()
) -> Finding:
    return Finding(rule, message, cells, lines=lines, reason=reason)  # type: ignore[arg-type]


def _together(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings that differ only in their cell, as one for each row, or for the table where they tell of that."""
    groups: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        if len(finding.cells) != 1 or finding.warning:
            groups[(len(groups),)] = finding
            continue
        key = _alike(finding)
        before = groups.get(key)
        groups[key] = _both(before, finding) if before else finding
    return iter(groups.values())


def _alike(finding: Finding) -> tuple[object, ...]:
    row, table = finding.cells[0].rpartition(".")[0], finding.cells[0].partition(".")[0]
    if finding.message.startswith(f"{table}: "):
        return (finding.rule, finding.message, finding.reason)
    return (row, finding.rule, finding.message, finding.reason, finding.lines, finding.left, finding.right)


def _both(before: Finding, finding: Finding) -> Finding:
    lines = before.lines if before.lines == finding.lines else tuple(sorted({*before.lines, *finding.lines}))
    return replace(before, cells=(*before.cells, *finding.cells), lines=lines)
