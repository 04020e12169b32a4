"""Where the figures of a reading stand in a text without a grid: the line they cite, the label before them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from agent.amounts import CODES, Printed, printed
from agent.checks import SURE
from agent.document import Document
from agent.outcome import Figure, Reading
from agent.squeeze import normal
from schemas.free import FigureKind, Free, FreeFigure, FreeList, Standing

NOT_THERE = "is not printed on the line it cites"
TWICE = "is counted twice: the line prints it once"
OTHER_LABEL = "stands behind the label of another figure"
NO_LABEL = "stands behind no label of its own, and the text has one"
NO_LABEL_AT_ALL = "stands behind no label of its own"
NO_AMOUNT = "is printed as no amount is"
OTHER_ENTRY = "stands on the line of another entry"
APART = "stands beside another entry, or too far from its own"

NEAR = 4
"""Lines around an entry's own on which what belongs to it may stand."""

_WORD = re.compile(rf"(?!(?:{CODES})\b)(?<![^\W\d_])(?:[^\W\d_]{{3,}}|[一-鿿]{{2,}})")


@dataclass(frozen=True)
class Match:
    """A figure of a reading beside the source: what is printed there, what is wrong, what leaves it in doubt."""

    figure: Figure
    printed: Printed | None = None
    problem: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Text:
    """A document as a form without a grid sees it."""

    document: Document
    free: Free

    @cached_property
    def printed(self) -> tuple[tuple[Printed, ...], ...]:
        """The figures of every line."""
        return printed(self.document.lines)

    def on(self, line: int | None) -> tuple[Printed, ...]:
        """The figures of one line."""
        return self.printed[line - 1] if line and 1 <= line <= len(self.printed) else ()

    @cached_property
    def unsure(self) -> frozenset[int]:
        """Lines that were read by OCR, and not surely."""
        places = self.document.cells.items()
        return frozenset(line for (line, _), at in places if at.confidence is not None and at.confidence < SURE)

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str], re.Pattern[str] | None]]:
        return [(f.id, _any(f.labels), _any(f.unless) if f.unless else None) for f in self.free.figures if f.labels]

    @cached_property
    def labelled(self) -> tuple[frozenset[str], ...]:
        """By line, the figures whose label it carries."""
        lines = map(normal, self.document.lines)
        return tuple(
            frozenset(name for name, own, no in self._patterns if own.search(line) and not (no and no.search(line)))
            for line in lines
        )

    def labels(self, line: int) -> frozenset[str]:
        """The figures whose label a line carries."""
        return self.labelled[line - 1] if 1 <= line <= len(self.labelled) else frozenset()

    def mentions(self, line: int) -> bool:
        """Whether a line carries a label, even where that means something else there."""
        said = normal(self.document.lines[line - 1])
        return any(own.search(said) for _, own, _ in self._patterns)

    def label_alone(self, line: int) -> frozenset[str]:
        """The labels of a line that carries no amount of its own: a header, or a label set apart."""
        return frozenset() if any(one.money for one in self.on(line)) else self.labels(line)

    @cached_property
    def opened(self) -> tuple[frozenset[str], ...]:
        """By line, the figures with whose label it begins, or with whose its words end if they add up with entries."""
        beside = {
            name
            for its in self.free.identities
            for one in its.sums
            if any(term.summed for term in one.terms)
            for name in one.names()
        }
        return tuple(
            frozenset(
                name
                for name, own, no in self._patterns
                if (own.match(bare) or (name in beside and any(m.end() == len(words) for m in own.finditer(words))))
                and not (no and no.search(bare))
            )
            for bare, words in map(self._bared, range(1, len(self.document.lines) + 1))
        )

    def _bared(self, line: int) -> tuple[str, str]:
        """A line from its first word on, and its words before its first amount."""
        text = normal(self.document.lines[line - 1])
        bare = re.sub(r"^[\W\d_]+", "", text)
        first = next((one.start for one in self.on(line) if one.money), len(text))
        return bare, re.sub(r"(?:[\W\d_]|\b(?:RM|[A-Za-z]))+$", "", text[:first])

    def wordless(self, line: int) -> bool:
        """Whether a line says in no word what its figures are: then a label may stand beside it."""
        return not _WORD.search(normal(self.document.lines[line - 1]))

    def has_place(self, figure: FreeFigure) -> bool:
        """Whether some line carries both the label of a figure and what could be the figure."""
        return any(
            figure.id in labels and any(one.money if figure.kind == "amount" else not one.rate for one in here)
            for labels, here in zip(self.labelled, self.printed, strict=True)
        )


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def entries(reading: Reading, listed: FreeList) -> int:
    """How many entries a reading has of a list."""
    pattern = re.compile(rf"{re.escape(listed.id)}\.(\d+)\.")
    found = (pattern.match(path) for path in reading.figures)
    return 1 + max((int(match[1]) for match in found if match), default=-1)


def anchor(reading: Reading, listed: FreeList, index: int) -> int | None:
    """The line that an entry is known by: that of its first figure that must be there."""
    for column in sorted(listed.figures, key=lambda column: (not column.required, column.kind != "amount")):
        figure = reading.figures.get(f"{listed.id}.{index}.{column.id}")
        if figure and figure.line:
            return figure.line
    return None


def match(reading: Reading, text: Text) -> dict[str, Match]:
    """Every figure of a reading that the form knows, beside its place; each printed figure is used once.

    Where two want the same one, it is the figure's that must be proved: the other counts it twice.
    """
    declared = {path: its for path in reading.figures if (its := text.free.figure(path))}
    taken: set[tuple[int, int]] = set()
    found: dict[str, Match] = {}
    for path in sorted(declared, key=lambda path: (_RANK[declared[path].stands], not declared[path].required)):
        one = _first(path, reading.figures[path], declared[path], text, taken)
        if one.printed:
            taken.add((one.printed.line, one.printed.start))
        found[path] = one
    found = _without_odd(found, declared)
    return found | dict(_on_other_entries(reading, found, text.free))


_RANK: Mapping[Standing, int] = {"proved": 0, "read": 1, "if_proved": 2}


def _first(path: str, figure: Figure, declared: FreeFigure, text: Text, taken: set[tuple[int, int]]) -> Match:
    standing = list(_standing(figure, text))
    if not standing:
        return Match(figure, None, NOT_THERE)
    free = [(one, doubt) for one, doubt in standing if (one.line, one.start) not in taken]
    if not free:
        return Match(figure, None, TWICE)
    one, doubt = free[0]
    if one.rate:
        return Match(figure, None, NO_AMOUNT)
    problem, apart = _label(declared, one.line, text) if path == declared.id else _entry_label(one.line, text)
    return Match(figure, one, problem, doubt or ("look" if one.line in text.unsure else apart))


def _standing(figure: Figure, text: Text) -> Iterator[tuple[Printed, str]]:
    """What stands on the line cited and says this figure, the surest first; then what may be meant to say it."""
    digits = re.sub(r"[^\d.,]", "", figure.printed)
    here = sorted(text.on(figure.line), key=lambda one: (digits not in one.text, not one.money, one.times is not None))
    yield from ((one, "") for one in here if one.value == figure.value and not one.doubtful and one.other is None)
    yield from ((one, "scale") for one in here if figure.value in (one.value, one.other) and one.other is not None)
    yield from ((one, "look") for one in here if one.value == figure.value and one.doubtful)


def _label(declared: FreeFigure, line: int, text: Text) -> tuple[str, str]:
    """What is wrong with the label a figure stands behind; and whether it is in doubt for want of one."""
    here = text.labels(line)
    if declared.id in here or not declared.labels:
        return "", ""
    if here:
        return OTHER_LABEL, ""
    beside = text.label_alone(line - 1) | text.label_alone(line + 1)
    if declared.id in beside and text.wordless(line):
        return "", "label"
    if text.has_place(declared):
        return NO_LABEL, ""
    # What must be there may have its label misspelt; what need not is not there.
    return ("", "label") if declared.required else (NO_LABEL_AT_ALL, "")


def _entry_label(line: int, text: Text) -> tuple[str, str]:
    """An entry of a list stands behind the label of no figure outside it."""
    foreign = [name for name in text.opened[line - 1] if not text.free.by_id[name].in_lists]
    return (OTHER_LABEL, "") if foreign else ("", "")


def fits(path: str, declared: FreeFigure, one: Printed, text: Text) -> bool:
    """Whether a figure could be what is printed there, by its look and its label."""
    if one.rate or not _looks(one, declared.kind):
        return False
    problem, _ = _label(declared, one.line, text) if path == declared.id else _entry_label(one.line, text)
    return not problem


def _looks(one: Printed, kind: FigureKind) -> bool:
    if kind == "amount" and one.times not in (None, 1):
        return False  # of 3 x 2.00 the 2.00 is no amount
    return one.money or kind in ("number", "count") or (kind == "price" and one.places >= 2)


def _without_odd(found: Mapping[str, Match], declared: Mapping[str, FreeFigure]) -> dict[str, Match]:
    """Amounts printed without decimals where others have them are counts, not amounts."""
    amounts = {p: one for p, one in found.items() if declared[p].kind in ("amount", "price") and one.printed}
    if not any(one.printed and one.printed.money for one in amounts.values()):
        return dict(found)
    odd = {path for path, one in amounts.items() if one.printed and not _looks(one.printed, declared[path].kind)}
    return {path: Match(one.figure, None, NO_AMOUNT) if path in odd else one for path, one in found.items()}


def _on_other_entries(reading: Reading, found: Mapping[str, Match], free: Free) -> Iterator[tuple[str, Match]]:
    """What stands on the line of an entry that is not its own: a cell of another, a figure without a label there."""
    for listed in free.lists:
        anchors = {index: anchor(reading, listed, index) for index in range(entries(reading, listed))}
        for path, one in found.items():
            if one.printed and one.doubt == "label" and one.printed.line in anchors.values():
                yield path, Match(one.figure, None, OTHER_ENTRY)
        strange = set(_beyond_others(found, listed, anchors))
        strange |= set(_between_like(found, listed, anchors, strange))
        yield from ((path, Match(found[path].figure, None, OTHER_ENTRY)) for path in sorted(strange))


def _beyond_others(found: Mapping[str, Match], listed: FreeList, anchors: Mapping[int, int | None]) -> Iterator[str]:
    """Cells that do not stand between the entry before their own and the one behind it."""
    lines = sorted({line for line in anchors.values() if line})
    for index, own in anchors.items():
        for column in listed.figures:
            path = f"{listed.id}.{index}.{column.id}"
            cell = found.get(path)
            if cell and cell.printed and own and not _near(cell.printed.line, own, lines):
                yield path


def _between_like(
    found: Mapping[str, Match], listed: FreeList, anchors: Mapping[int, int | None], strange: Collection[str]
) -> Iterator[str]:
    """Cells between two entries that come to the same, of which the other has none: they may be its own."""

    def said(index: int, column: str) -> Decimal | int | None:
        path = f"{listed.id}.{index}.{column}"
        return found[path].figure.value if path in found and path not in strange else None

    needed = [column.id for column in listed.figures if column.required]
    order = sorted((at, index) for index, at in anchors.items() if at)
    for (low, first), (high, second) in pairwise(order):
        if [said(first, name) for name in needed] != [said(second, name) for name in needed]:
            continue
        for index, other in ((first, second), (second, first)):
            for column in listed.figures:
                one = found.get(f"{listed.id}.{index}.{column.id}")
                if one and one.printed and low < one.printed.line < high and said(other, column.id) is None:
                    yield f"{listed.id}.{index}.{column.id}"


def strayed(reading: Reading, listed: FreeList) -> Iterator[str]:
    """The words of entries that do not stand with their own amount: a figure under another's name is misread.

    Where entries have one text it names them: between the entry before and the one behind, and near. Of
    several one may be a heading over more entries: it stands on no other entry's line, and in their order.
    """
    anchors = {index: at for index in range(entries(reading, listed)) if (at := anchor(reading, listed, index))}
    lines = sorted(set(anchors.values()))
    known = frozenset(lines)
    for column in listed.texts:
        last = 0
        for index in sorted(anchors, key=anchors.__getitem__):
            path, own = f"{listed.id}.{index}.{column.id}", anchors[index]
            words = reading.words.get(path)
            if words is None or words.line is None:
                continue
            names = len(listed.texts) == 1
            if _near(words.line, own, lines) if names else _in_order(words.line, own, last, known):
                last = words.line
            else:
                yield path


def _in_order(line: int, own: int, last: int, known: Collection[int]) -> bool:
    return line >= last and (line == own or line not in known)


def _near(line: int, own: int, lines: Sequence[int]) -> bool:
    """Whether a line stands around an entry's own, and between those of the entries beside it."""
    at = bisect_left(lines, own)
    before, behind = (lines[at - 1] if at else 0), (lines[at + 1] if at + 1 < len(lines) else line + 1)
    return max(before + 1, own - NEAR) <= line <= min(behind - 1, own + NEAR)
