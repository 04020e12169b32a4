"""What a table's header says of its columns: where they begin, and why they cannot be told apart by position."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise, takewhile

from agent import namesakes
from agent.labels import Mark
from agent.namesakes import HARMLESS, TOLD_APART
from agent.segments import Span
from agent.squeeze import Squeezed, squeeze
from schemas.form import Grid, Row

_MONEY = r"(?P<{}>(?:[百千]?万|亿|[百千])?[美欧港日]?元)"
_UNIT = re.compile(
    rf"(?:单位|人民币|RMB)[ :：为是]*(?:人民币|RMB)?[ ]*{_MONEY.format('said')}"
    rf"|[(（](?:人民币|RMB)?[ :：]*{_MONEY.format('alone')}[)）]"
    rf"|[以按][ ]*{_MONEY.format('counted')}(?:为单位|计)"
)
_OTHERWISE = re.compile(
    r"(?:上一?年|去年|往年|历年|累计).*|.*(?:[十百千万亿]+[件条项个宗次起]|单位[十百千万亿]+|增减|占比)"
)
_LONGEST_HEAD = 20  # letters
_ALIKE = 88  # of 100
_MISPRINT = 80  # a letter of a short head misread
_NEARLY = 70  # of 100; a letter or two of a head misread
_LINES_BELOW = 2  # a unit may stand behind the label or under the row


def trouble(source: Squeezed, variants: Sequence[Grid], grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Why no figure of the table may be read by position; empty where nothing speaks against it."""
    return (
        _order(source, grid, marks, span)
        or _heads(source, variants, grid, marks, span)
        or _unknown_head(source, grid, marks, span)
        or _lone_head(source, grid, marks, span)
        or _lone_head(source, grid, marks, span)
        or _otherwise(source, variants, grid, marks, span)
        or _other_columns(source, grid, marks, span)
        or _turned(source, grid, marks, span)
        or namesakes.trouble(source, grid, marks, span)
    )


def first_cells(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> dict[int, int]:
    """By width of a line of cells: in which cell the header has the first column."""
    found: dict[int, int] = {}
    for row, low, high in _gaps(source, grid, marks, span):
        for cells in _header_lines(source, low, high):
            at = _cell_of(cells, row.labels[:1] if row.flat else row.columns[0].labels)
            if at is not None:
                found.setdefault(len(cells), at)
    return found


def own_cells(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> dict[str, tuple[int, int]]:
    """Rows whose header has more heads than their columns': width of that line, and the cell of the first column."""
    found: dict[str, tuple[int, int]] = {}
    for row, low, high in _gaps(source, grid, marks, span):
        for cells in _header_lines(source, low, high):
            at = None if row.flat else _cell_of(cells, row.columns[0].labels)
            if at is not None and (sum(map(bool, cells[:at])) > 1 or sum(map(bool, cells[at:])) > len(row.columns)):
                found[row.id] = len(cells), at
    return found


def _unknown_head(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """A head, in a row of as many as there are columns, that has no letter of its own column's alone."""
    for row, low, high in _gaps(source, grid, marks, span):
        own = _own_letters(row)
        for cells in _worded_lines(source, low, high):
            heads = [cell for cell in cells if cell][1:]
            words = all(len(head) > 1 for head in heads)  # 无 is a blank cell
            if row.flat or not words or len(heads) != len(row.columns) or len(heads) < 2:
                continue
            for head, letters, column in zip(heads, own, row.columns, strict=True):
                if letters and not letters & set(head):
                    return f"{row.labels[0]}: the head of {column.labels[0]} is {head}"
    return ""


def _lone_head(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """The head of a row's only column, behind the last words that stand above the row, that is none of the form's."""
    from rapidfuzz import fuzz

    for row, low, high in _gaps(source, grid, marks, span):
        if len(row.columns) > 1:
            continue
        unit = re.compile(rf"(?:单位)?{row.columns[0].unit or ''}$")
        labels = [unit.sub("", squeeze(label)) for label in row.columns[0].labels]
        text = source.text[source.index(low) : source.index(high)]
        above = [squeeze(word) for word in row.groups if not any(label in squeeze(word) for label in labels)][-1:]
        head = unit.sub("", text.rpartition(above[0])[2]) if above and above[0] in text else ""
        known = any(label in head or _within(head, label) or fuzz.ratio(head, label) >= _MISPRINT for label in labels)
        if len(head) <= _LONGEST_HEAD and not known:
            return f"{row.labels[0]}: a column head is {head}"
    return ""


def _within(head: str, label: str) -> bool:
    """Whether the letters of a head all stand in a label, in order."""
    letters = iter(label)
    return all(letter in letters for letter in head)


def _otherwise(source: Squeezed, variants: Sequence[Grid], grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """A head of another year, of what has grown or of thousands at a time, where the form has none such."""
    own, known = _heads_of(tuple(variants))
    letters = _letters_of(tuple(variants))
    for row, low, high in _gaps(source, grid, marks, span):
        for head in (cell for cells in _worded_lines(source, low, high) for cell in cells):
            another = _OTHERWISE.fullmatch(known.sub("", head)) or _is_parted(head, own, letters)
            if len(head) <= _LONGEST_HEAD and another:
                return f"{row.labels[0]}: a column head is {head}"
    return ""


@lru_cache(maxsize=64)
def _heads_of(variants: tuple[Grid, ...]) -> tuple[frozenset[str], re.Pattern[str]]:
    """The heads of all editions, and a pattern of them: heads may run together."""
    own = {squeeze(label) for its in variants for row in its.rows for c in row.columns for label in c.labels} - {""}
    return frozenset(own), re.compile("|".join(map(re.escape, sorted(own, key=len, reverse=True))))


@lru_cache(maxsize=64)
def _letters_of(variants: tuple[Grid, ...]) -> frozenset[str]:
    """The letters that make a head no other: of other heads, and of what stands in a grid of one line."""
    rows = [row for its in variants for row in its.rows]
    words = [label for row in rows for column in row.columns for label in column.labels]
    words += [word for row in rows if row.flat for word in (*row.labels, *row.groups)]
    return frozenset("".join([*words, *(word for its in variants for word in its.words)]))


@lru_cache(maxsize=1024)
def _is_parted(head: str, own: frozenset[str], letters: frozenset[str]) -> bool:
    """Whether a head is one of the form's with words put into it, as 本年减免收费金额 is."""
    told = [label for label in own if len(label) > TOLD_APART]
    if any(label in head for label in told):
        return False
    return any(set(HARMLESS.sub("", _put_into(label, head))) - letters for label in told)


def _put_into(label: str, head: str) -> str:
    """What stands in a head between the letters of a label; nothing where they do not all stand there in order."""
    found: list[str] = []
    at = 0
    for letter in head:
        if letter == label[at]:
            at += 1
            if at == len(label):
                return "".join(found)
        elif at:
            found.append(letter)
    return ""


def _other_columns(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """A head that has letters of another column's, none of the one it stands over; or a head too few.

    Which one it stands over is counted from a head beside it that the form knows; where it knows none, from the last.
    """
    for row, low, high in _gaps(source, grid, marks, span):
        n, own = len(row.columns), _own_letters(row)
        for cells in (*_worded_lines(source, low, high), _stacked(source, low, high)) if n > 1 and not row.flat else ():
            heads = [(at, cell, _column(cell, row)) for at, cell in enumerate(cells) if cell]
            beside = [(b, a[2] + 1) for a, b in pairwise(heads) if a[2] is not None]
            beside += [(a, b[2] - 1) for a, b in pairwise(heads) if b[2] is not None]
            broken = any(squeeze(label) in "".join(cells) for column in row.columns for label in column.labels)
            if not beside and not broken and len(heads) >= n:
                beside = [(head, i) for i, head in enumerate(heads[-n:])]
            for (_, head, known), column in beside:
                if known is not None or not 0 <= column < n or _heads_many(head, grid):
                    continue
                if not own[column] & set(head) and any(letters & set(head) for letters in own):
                    return f"{row.labels[0]}: the head of {row.columns[column].labels[0]} is {head}"
            for (at, _, first), (behind, head, second) in pairwise(head for head in heads if head[2] is not None):
                between = cells[at + 1 : behind]
                columns = (second or 0) - (first or 0)
                few = behind - at < columns and "" in between  # merged cells are shown, so each column has one
                if few or (columns > 1 and not between):
                    return f"{row.labels[0]}: a column is missing before {head}"
    return ""


def _column(head: str, row: Row) -> int | None:
    return next((i for i, column in enumerate(row.columns) if head in map(squeeze, column.labels)), None)


def _heads_many(head: str, grid: Grid) -> bool:
    """Whether a head, or what a line holds of it, stands over several columns: a word of the form, but no column's."""
    from rapidfuzz import fuzz

    groups = (group for row in grid.rows for group in row.groups)  # they stand before rows, as heads do
    return any(head in word or fuzz.ratio(head, word) >= _NEARLY for word in map(squeeze, (*grid.words, *groups)))


def _stacked(source: Squeezed, low: int, high: int) -> list[str]:
    """The words before a row that stand each on a line of its own."""
    lines = [line.strip() for line in source.full[low:high].split("\n") if line.strip()]
    alone = takewhile(lambda line: not re.search(r"[\d\s]", line), reversed(lines))
    return [squeeze(line) for line in alone][::-1]


def _own_letters(row: Row) -> list[set[str]]:
    """For each column the letters that no other column's labels have."""
    letters = [set("".join(squeeze(label) for label in column.labels)) for column in row.columns]
    return [mine - set().union(*(o for o in letters if o is not mine)) for mine in letters]


def _worded_lines(source: Squeezed, low: int, high: int) -> Iterator[list[str]]:
    """Lines of words alone, cut at cells or spaces."""
    for line in source.full[low:high].split("\n"):
        if not re.search(r"\d", line):
            yield [squeeze(cell) for cell in (line.split("\t") if "\t" in line else line.split())]


def _turned(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Column labels among the figures, so that the table's columns are printed as rows."""
    row = next((r for r in grid.rows if r.flat), max(grid.rows, key=lambda r: len(r.columns)))
    names = [squeeze(x) for x in (row.labels if row.flat else [c.labels[0] for c in row.columns])]
    told = [name for name in names if len(name) >= TOLD_APART]
    if row.flat:
        first = source.text.find(names[0], source.index(_behind_prose(source, row, span)), source.index(span.end))
    else:
        first = source.index(max((mark.end for mark in marks if mark.row is not None), default=span.end))
    figure = re.compile(r"\d").search(source.text, max(first, 0), source.index(span.end)) if first >= 0 else None
    behind = source.text[figure.start() : source.index(span.end)] if figure else ""
    among = [
        name
        for name in told
        if (at := behind.find(name)) >= 0 and behind[at + len(name) : at + len(name) + 1].isdigit()
    ]
    return "its columns are printed as rows" if len(among) > 1 else ""


def header_break(source: Squeezed, grid: Grid, span: Span) -> int | None:
    """Line ends between two rows of the header of a table printed in one line."""
    row = grid.rows[0]
    if not row.flat or not row.groups:
        return None
    last, first = squeeze(row.groups[-1]), squeeze(row.labels[0])
    at = source.text.find(last + first, source.index(span.body), source.index(span.end))
    if at < 0:
        return None
    between = source.full[source.at[at + len(last) - 1] : source.at[at + len(last)]]
    return between.count("\n") or None


def _gaps(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> Iterator[tuple[Row, int, int]]:
    """Each row found with the stretch before its label, back to the label before it, where that holds words."""
    low = span.body
    for mark in marks:
        if mark.row is not None:
            between = source.text[source.index(low) : source.index(mark.start)]
            if between and not between.isdigit():
                yield grid.rows[mark.row], low, mark.start
            low = mark.end


def _header_lines(source: Squeezed, low: int, high: int) -> Iterator[list[str]]:
    for line in range(source.line(low), source.line(high) + 1):
        start = source.line_start(line)
        text = source.rest_of_line(start)
        if "\t" in text and start + len(text) > low:
            yield [squeeze(cell) for cell in text.split("\t")]


def _cell_of(cells: Sequence[str], labels: Sequence[str]) -> int | None:
    wanted = {squeeze(label) for label in labels}
    return next((i for i, cell in enumerate(cells) if cell in wanted), None)


def _order(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Column labels in another order than the form's, in the text or in the cells of a header line."""
    for row, low, high in _gaps(source, grid, marks, span):
        if row.flat:
            continue
        lines = list(_header_lines(source, low, high))
        placed = [(at, c.labels[0]) for c in row.columns if (at := _column_cell(lines, c.labels)) is not None]
        if placed != sorted(placed, key=lambda pair: pair[0]):
            return _swapped(name for _, name in sorted(placed))
    flat = next((row for row in grid.rows if row.flat), None)
    if flat:
        return _text_order(source, grid, _behind_prose(source, flat, span), span.end) or _blocks(source, flat, span)
    begins = next((m.start for m in marks if m.row is not None), span.end)
    return _text_order(source, grid, span.body, begins) or _short_labels(source, grid, span.body, begins)


def _short_labels(source: Squeezed, grid: Grid, low: int, high: int) -> str:
    """Labels too short to be told from other words: what is left of the header without those has them in order."""
    text = source.text[source.index(low) : source.index(high)]
    for word in grid.words:
        text = text.replace(squeeze(word), "\0" * len(squeeze(word)))
    columns = max(grid.rows, key=lambda row: len(row.columns)).columns
    for i, column in enumerate(columns[:-1]):
        name = squeeze(column.labels[0])
        before = [at for c in columns[:i] for label in c.labels if (at := text.find(squeeze(label))) >= 0]
        if len(name) < TOLD_APART and text.count(name) == 1 and before and text.find(name) < max(before):
            return _swapped([column.labels[0], columns[i - 1].labels[0]])
    return ""


def _behind_prose(source: Squeezed, row: Row, span: Span) -> int:
    """Where the header begins, behind any sentence before it."""
    at = source.text.find(squeeze(row.labels[0]), source.index(span.body), source.index(span.end))
    stop = source.full.rfind("。", span.body, source.at[at]) if at >= 0 else -1
    return max(span.body, stop + 1)


def _blocks(source: Squeezed, row: Row, span: Span) -> str:
    """The labels of a header with several blocks: each block has them in the form's order."""
    cores = [squeeze(label) for label in row.labels]
    text = source.text[source.index(span.body) : source.index(span.end)]
    found = [cores.index(m.group()) for m in re.finditer("|".join(sorted(cores, key=len, reverse=True)), text)]
    blocks = len(row.columns) // len(cores)
    header = found[-blocks * len(cores) :]
    if len(header) == blocks * len(cores) and header != [*range(len(cores))] * blocks:
        return _swapped(row.labels[at] for at in header)
    begun = 1 + sum(second <= first for first, second in pairwise(header))
    if begun > blocks and len(cores) > 1:  # a block whose labels stand in another order looks like two
        return _swapped(row.labels[at] for at in header)
    whole = len(header) == blocks * len(cores) or len(cores) == 1  # a lone label heads no columns
    return "" if whole or not header else _unlike(text, row, blocks)


def _unlike(text: str, row: Row, blocks: int) -> str:
    """The heads of a header in which not all labels stand, where they are too unlike the form's for a misprint."""
    from rapidfuzz import fuzz

    wanted = "".join(squeeze(label) for label in row.labels) * blocks
    first = text.find(squeeze(row.labels[0]))
    printed = re.match(r"\D*", text[max(first, 0) :])
    heads = printed.group() if printed else ""
    for group in row.groups:
        heads = heads.replace(squeeze(group), "")
    return "" if fuzz.ratio(heads, wanted) >= _ALIKE else f"column heads that the form does not have: {heads[:40]}"


def _column_cell(lines: Sequence[Sequence[str]], labels: Sequence[str]) -> int | None:
    found = [at for cells in lines if (at := _cell_of(cells, labels)) is not None]
    return max(found, default=None)


def _text_order(source: Squeezed, grid: Grid, low: int, high: int) -> str:
    places: list[tuple[int, str]] = []
    first, last = source.index(low), source.index(high)
    for names in grid.header:
        found = [at for at in (source.text.find(squeeze(name), first, last) for name in names) if at >= 0]
        found = found or [source.text.find(head, first, last) for head in _misread(source, names, low, high)][:1]
        if found:
            places.append((min(found), names[0]))
    return "" if places == sorted(places) else _swapped(name for _, name in sorted(places))


def _misread(source: Squeezed, names: Sequence[str], low: int, high: int) -> list[str]:
    """The heads that are nearly one of these names, the nearest first."""
    from rapidfuzz import fuzz

    heads = [cell for cells in _worded_lines(source, low, high) for cell in cells]
    likeness = {head: max(fuzz.ratio(head, squeeze(name)) for name in names) for head in heads}
    return sorted((head for head in likeness if likeness[head] >= _NEARLY), key=lambda head: -likeness[head])


def _swapped(names: Iterable[str]) -> str:
    return f"columns stand in another order: {', '.join(names)}"


def _heads(source: Squeezed, variants: Sequence[Grid], grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Column heads of a row in another order, of another edition, or with another unit."""
    for row, low, high in _gaps(source, grid, marks, span):
        text = source.text[source.index(low) : source.index(high)]
        places = [(at, c.labels[0]) for c in row.columns if (at := _find(text, c.labels)) is not None]
        if not row.flat and places != sorted(places):
            return _swapped(name for _, name in sorted(places))
        others = [r for other in variants if other is not grid for r in other.rows if r.id == row.id]
        foreign = [c.labels[0] for r in others for c in r.columns if _find(text, c.labels) is not None]
        if not places and foreign:
            return f"{row.labels[0]}: the column heads are of another edition: {', '.join(foreign)}"
    return _unit(source, grid, marks, span)


def _unit(source: Squeezed, grid: Grid, marks: Sequence[Mark], span: Span) -> str:
    """Another unit than the column's only one: before the label, behind it, or under the row."""
    low = span.body
    ends = [mark.start for mark in marks[1:]] + [span.end]
    for mark, end in zip(marks, ends, strict=True):
        row = grid.rows[mark.row] if mark.row is not None else None
        wanted = {c.unit for c in row.columns if c.unit} if row else set()
        if row and wanted:
            below = source.line_start(min(source.line(mark.end) + _LINES_BELOW + 1, source.line(end)))
            for found in _UNIT.finditer(source.full, low, max(mark.end, below if below < end else end)):
                unit = found["said"] or found["alone"] or found["counted"]
                if unit not in wanted:
                    return f"{row.labels[0]}: its unit is {unit}, not {', '.join(sorted(wanted))}"
        if row:
            low = mark.end
    return ""


def _find(text: str, labels: Sequence[str]) -> int | None:
    found = [text.rfind(squeeze(label)) for label in labels if len(squeeze(label)) >= TOLD_APART]
    return max((at for at in found if at >= 0), default=None)
