"""Find the printed rows of a grid in its section: exact labels in order first, misprinted ones in the gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from agent.squeeze import Squeezed, normal, opened, squeeze
from schemas.form import Grid, Row

_NUMBERED = re.compile(
    r"^\s*(?:\((?P<a>[一二三四五六七八九十\d]{1,2})\)|(?P<b>[一二三四五六七八九十\d]{1,2})[.、])\s*(?=\S)"
)
# A number that was misread stands in the label's own cell and is no end of a figure before it.
_STRAY_NUMBER = re.compile(
    r"(?:\(?(?<!\d)[一二三四五六七八九十\dlIoO]{1,2}[)）.、]|\([ ]?[一二三四五六七八九十])[.、]?[ ]*$"
)
_WORDS = re.compile(r"[㐀-鿿](?:[^\t\n\d]*[㐀-鿿])?|[A-Za-z](?:[^\t\n\d]*[A-Za-z])?")
_CLOSING = ")]】》〉”’\"'：:、,，。;；"
_SHORT = 4  # a label of fewer letters is only believed behind its number
_FUZZY = 72.0
_NEARLY_WHOLE = 90.0  # two letters of twenty lost or misread
_MOST_CANDIDATES = 600


@dataclass(frozen=True)
class Label:
    """A label without its number: ``core`` squeezed, ``number`` as in （七） or 2."""

    core: str
    number: str | None

    @property
    def needs_number(self) -> bool:
        """Whether the label is too common to be believed without its number."""
        return self.number is not None and len(self.core) < _SHORT


@dataclass(frozen=True)
class Mark:
    """A label found: the row it names (None: a group label), offsets into ``Squeezed.full``."""

    row: int | None
    order: int
    start: int
    end: int
    score: float
    misprinted: bool = False


@lru_cache(maxsize=2048)
def parse_label(text: str) -> Label:
    """The label's core and number."""
    folded = normal(text)
    match = _NUMBERED.match(folded)
    if not match or not squeeze(folded[match.end() :]):
        return Label(squeeze(folded), None)
    return Label(squeeze(folded[match.end() :]), match["a"] or match["b"])


def find(source: Squeezed, grid: Grid, start: int, end: int) -> list[Mark]:
    """The grid's labels between two offsets, in printed order; rows not found have no mark."""
    found = sorted(_all_candidates(source, grid, start, end), key=lambda m: m.start)
    chain = _best_chain(found[:_MOST_CANDIDATES])
    return _with_misprinted(source, grid, chain, start, end)


def rows_found(marks: Iterable[Mark]) -> int:
    """How many rows have a label."""
    return sum(mark.row is not None for mark in marks)


def _sequence(grid: Grid) -> list[tuple[int | None, tuple[str, ...]]]:
    sequence: list[tuple[int | None, tuple[str, ...]]] = []
    for index, row in enumerate(grid.rows):
        sequence += [(None, (group,)) for group in row.groups]
        sequence.append((index, row.labels))
    return sequence


def _all_candidates(source: Squeezed, grid: Grid, start: int, end: int) -> Iterator[Mark]:
    low, high = source.index(start), source.index(end)
    for order, (row, texts) in enumerate(_sequence(grid)):
        taken: set[int] = set()
        labels = sorted({parse_label(t) for t in texts}, key=lambda label: -len(label.core))
        for label in labels:
            longer = [other.core for other in labels if other.core.startswith(label.core) and other != label]
            for at in _occurrences(source.text, label.core, low, high):
                if at in taken:
                    continue
                mark = _candidate(source, label, at, row, order)
                mark = mark and _to_the_end(source, mark, at, longer)
                if mark and mark.start >= start:
                    taken.add(at)
                    yield mark


def _candidate(source: Squeezed, label: Label, at: int, row: int | None, order: int) -> Mark | None:
    begin, end = source.at[at], _closed(source.full, source.at[at + len(label.core) - 1] + 1)
    number = _number_before(source.full, begin, label.number)
    score = len(label.core) * (0.6 if row is None else 1.0)
    if label.number and number is not None:
        return Mark(row, order, number, end, score + 2)
    if label.needs_number:
        opens = begin == 0 or source.full[begin - 1] in "\t\n"
        return Mark(row, order, begin, end, 0.5) if opens and row is not None else None
    return Mark(row, order, _without_stray_number(source.full, begin), end, score)


def _to_the_end(source: Squeezed, mark: Mark, at: int, longer: Sequence[str]) -> Mark:
    """The mark with the rest of a longer label of its row, where that is misprinted: it stands in no figure's cell."""
    if not longer:
        return mark
    from rapidfuzz import fuzz

    last = next((i for i in range(mark.end, len(source.full)) if source.full[i] in "\t\n"), len(source.full))
    letters = re.match(r"[^\d\W]+", source.text[at : source.index(last)])
    if letters is None or all(fuzz.ratio(letters[0], core) < _NEARLY_WHOLE for core in longer):
        return mark
    return replace(mark, end=_closed(source.full, source.at[at + letters.end() - 1] + 1))


def _closed(full: str, end: int) -> int:
    """The label's end with the brackets and quotes that close it."""
    while end < len(full) and full[end] in _CLOSING:
        end += 1
    return end


def _number_before(full: str, begin: int, number: str | None) -> int | None:
    if number is None:
        return None
    before = full[max(0, begin - 10) : begin]
    bare = rf"{number}[)）.、,，:：]|(?<!\d){number} [)）.、,，:：]"  # a line end between: a figure, then another label
    match = re.search(rf"(?:\(\s*{number}\s*\)?|{bare})\s*[.、]?\s*$", before)
    return begin - len(before) + match.start() if match else None


def _without_stray_number(full: str, begin: int) -> int:
    """The label's start with a misread number (``l.``, ``（匹）``) counted as its own, not as a cell before it."""
    before = full[max(0, begin - 6) : begin]
    match = _STRAY_NUMBER.search(before)
    return begin - len(before) + match.start() if match else opened(full, begin)


def _best_chain(found: list[Mark]) -> list[Mark]:
    best: list[tuple[float, int | None]] = []
    before: list[tuple[int, int, float]] = []  # the same, as the innermost loop of a report needs it
    for i, mark in enumerate(found):
        order, start, score, previous = mark.order, mark.start, 0.0, None
        for j in range(i - 1, -1, -1):
            its_order, its_end, its_score = before[j]
            if its_order < order and its_end <= start:
                reached = its_score - (start - its_end) / 4000
                if reached > score:
                    score, previous = reached, j
        best.append((score + mark.score, previous))
        before.append((order, mark.end, score + mark.score))
    chain: list[Mark] = []
    at = max(range(len(best)), key=lambda i: best[i][0], default=None)
    while at is not None:
        chain.append(found[at])
        at = best[at][1]
    return chain[::-1]


def _with_misprinted(source: Squeezed, grid: Grid, chain: list[Mark], start: int, end: int) -> list[Mark]:
    """The chain with rows added whose label is misprinted or broken off, looked for between their neighbours."""
    have = {mark.row for mark in chain if mark.row is not None}
    if not have or len(have) == len(grid.rows):
        return chain
    sequence = _sequence(grid)
    for order, (row, _) in enumerate(sequence):
        if row is None or row in have:
            continue
        low = max((m.end for m in chain if m.order < order), default=start)
        high = min((m.start for m in chain if m.order > order), default=end)
        mark = _misprinted(source, grid.rows[row], row, order, low, high)
        if mark:
            chain = sorted([*chain, mark], key=lambda m: m.start)
    return chain


def _misprinted(source: Squeezed, row: Row, index: int, order: int, low: int, high: int) -> Mark | None:
    best: Mark | None = None
    cores = [label for label in (parse_label(text) for text in row.labels) if len(label.core) >= _SHORT]
    runs = [*_runs(source, low, high), *_beginnings(source, cores, low, high)]
    for begin, end, run in runs:
        for label in cores:
            score = _likeness(run, label.core)
            if score >= _FUZZY and (best is None or len(label.core) * score / 100 > best.score):
                number = _number_before(source.full, begin, label.number)
                opens = number if number is not None else _without_stray_number(source.full, begin)
                closes = _closed(source.full, end)
                best = Mark(index, order, max(opens, low), closes, len(label.core) * score / 100, True)
    return best


def _runs(source: Squeezed, low: int, high: int) -> Iterator[tuple[int, int, str]]:
    """Stretches of letters, across line ends and within a cell or line: start, end, letters."""
    first, last = source.index(low), source.index(high)
    for run in re.finditer(r"[^\d\W]{3,}", source.text[first:last]):
        yield source.at[first + run.start()], source.at[first + run.end() - 1] + 1, run.group()
    for piece in re.finditer(r"[^\t\n]{3,}", source.full[low:high]):
        letters = _WORDS.search(piece.group())
        if letters and len(squeeze(letters.group())) >= 3:
            label = parse_label(letters.group())
            begin = low + piece.start() + letters.start() + letters.group().find(label.core[0])
            yield begin, low + piece.start() + letters.end(), label.core


def _beginnings(source: Squeezed, cores: Sequence[Label], low: int, high: int) -> Iterator[tuple[int, int, str]]:
    """Stretches that end in the beginning of a label, with figures behind it."""
    first, last = source.index(low), source.index(high)
    # Begun only where letters begin: from each letter anew it would take hours over a long text.
    for run in re.finditer(r"(?<![^\d\W])[^\d\W]{5,}(?=\d)", source.text[first:last]):
        for label in cores:
            size = next((k for k in range(len(label.core), 4, -1) if run.group().endswith(label.core[:k])), 0)
            if size:
                at = first + run.end() - size
                yield source.at[at], source.at[first + run.end() - 1] + 1, label.core[:size]


def _likeness(run: str, core: str) -> float:
    """How much a run looks like a label, 0-100: misprinted letters, or the label broken off."""
    from rapidfuzz import fuzz

    if len(run) >= _SHORT and (core.startswith(run) or core.endswith(run)):
        return 90
    part = fuzz.partial_ratio(run, core) - 8 if len(run) >= _SHORT else 0  # three letters stand in many labels
    return max(fuzz.ratio(run, core), part)


def _occurrences(text: str, part: str, low: int, high: int) -> Iterator[int]:
    at = text.find(part, low, high)
    while at >= 0:
        yield at
        at = text.find(part, at + 1, high)
