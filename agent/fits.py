"""Every way the cells behind a label can be the cells of its row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations, pairwise
from math import gcd
from typing import NamedTuple

from agent.cells import Strip
from agent.outcome import Number
from agent.splits import Blanks, Bound, BoundError, LocalSum, splits
from agent.tokens import Token, extent, look_alike, value_of
from schemas.form import Kind

MOST_WAYS = 4000
_NO_FIGURE = re.compile(r"0[\d无/-]|.*[\d][-/无]|.{10}")  # a run that can be no single figure
_MANY = 4  # rows that agree on their first cell against the header
_MOST_EXTRA = 2  # more cells too many than that is no row


class Cell(NamedTuple):
    """A cell of a way: its value (None: blank or illegible) and where it is printed."""

    value: Number | None
    text: str
    line: int
    cell: int | None
    doubtful: bool = False
    illegible: bool = False


Way = tuple[Cell, ...]


@dataclass(frozen=True)
class Fits:
    """``ways`` the row can be read. ``sure``: one, and the source shows each cell by itself.

    ``lost``: nothing is printed behind the label and no cells are seen. ``shifted``: its cells do not begin
    where the header or the other rows have theirs. ``unseen``: fewer figures than cells, and no blank cell is
    seen: which one is blank is but a choice, so only a sum may vouch for it. ``bounded``: there are more ways
    than may be looked at.
    """

    ways: tuple[Way, ...]
    sure: bool = False
    lost: bool = False
    shifted: bool = False
    unseen: bool = False
    bounded: bool = False


@dataclass(frozen=True)
class Habits:
    """What the other rows of the table show: how cells are set apart, and where in a line they begin.

    ``glued``: a row of several cells is one run of digits that can be no single figure, and no row has its
    cells ``apart``. Without that a lone figure may be one cell as well as several.
    ``first_cell``: by width of the line, None where rows of that width disagree; what the header says goes
    first, unless many rows that have all their cells begin in one other cell, every one. ``steps``: line ends from
    cell to cell, where blanks leave gaps; a table that shows none borrows the others'. ``header_break``: line
    ends between the rows of its header. ``blanks``: which blank cells may have vanished from glued digits.
    """

    glued: bool
    apart: bool
    blanks: Blanks
    first_cell: Mapping[int, int | None]
    steps: tuple[int, ...] = ()
    header_break: int | None = None


def habits(strips: Iterable[tuple[Strip, int]], header: Mapping[int, int] | None = None) -> Habits:
    """The habits of a table, from its strips and how many cells each should have, and from its header."""
    rows = [(strip, n) for strip, n in strips if strip.tokens]
    runs = [(s, n) for s, n in rows if n > 1 and len(s.tokens) == 1]
    starts: dict[int, Counter[int]] = {}
    full: list[int] = []
    for strip, n in rows:
        if strip.cells is not None and strip.first_cell is not None:
            span = _printed(strip.cells)
            if span[-1] - span[0] + 1 == n:
                starts.setdefault(strip.width, Counter()).update([strip.first_cell + span[0]])
                full += [strip.first_cell + span[0]] if n > 1 else []
    told = dict(header or {})
    if len(full) >= _MANY and len(set(full)) == 1:
        told = dict.fromkeys(told, full[0])
    short = any(strip.cells is None and len(strip.tokens) < n and extent(strip.tokens) < n for strip, n in rows)
    apart = any(len(strip.tokens) >= n > 1 for strip, n in rows)
    return Habits(
        glued=not apart and any(_NO_FIGURE.match(strip.tokens[0].text) for strip, _ in runs),
        apart=apart,
        blanks="parts" if short else "none",
        first_cell={width: _majority(seen) for width, seen in starts.items()} | told,
        steps=_steps(rows),
    )


def _steps(rows: Sequence[tuple[Strip, int]]) -> tuple[int, ...]:
    """Line ends from cell to cell: as in the rows that have all their cells, or else as the gaps of all have it."""
    apart = [(strip, n) for strip, n in rows if strip.cells is None]
    full = {gap for strip, n in apart if len(strip.tokens) == n > 1 for gap in strip.gaps[1:]}
    if full:
        return tuple(full) if len(full) == 1 and 0 not in full else ()
    gaps = {gap for strip, _ in apart for gap in strip.gaps}
    return (min(gaps),) if len(apart) > 1 and 0 not in gaps and gcd(*gaps) == min(gaps) else ()


def _majority(starts: Counter[int]) -> int | None:
    start, count = starts.most_common(1)[0]
    return start if 2 * count > starts.total() else None


def fits(strip: Strip, kinds: Sequence[Kind], sums: Sequence[LocalSum], habit: Habits, *, flat: bool = False) -> Fits:
    """The ways ``strip`` can fill a row of cells of ``kinds``; ``flat``: a row break stands before its first cell."""
    found = _fits(strip, kinds, sums, habit, flat=flat)
    if strip.stray and any(not way[-1].text for way in found.ways):
        # A lone figure behind an empty last cell: a page number, or that cell broken off.
        return replace(found, unseen=True)
    return found


def _fits(strip: Strip, kinds: Sequence[Kind], sums: Sequence[LocalSum], habit: Habits, *, flat: bool) -> Fits:
    n, tokens = len(kinds), strip.tokens
    if not tokens and strip.stray:
        return Fits(())
    if not tokens:
        shown = strip.empties >= n
        return Fits((tuple(Cell(None, "", strip.line, None) for _ in kinds),), sure=shown, lost=not shown)
    if len(tokens) == n:
        way = tuple(_cell(t, k) for t, k in zip(tokens, kinds, strict=True))
        return Fits((way,), sure=True, shifted=n > 1 and _shifted(strip, habit))
    if len(tokens) > n:
        return _too_many(tokens, kinds)
    if strip.cells is not None:
        run = len(tokens) == 1 and habit.glued and extent(tokens) >= n
        return _run(strip, kinds, sums, habit) if run else _placed(strip, kinds, habit)
    seen = _by_gaps(strip, n, habit, flat=flat)
    if seen is not None:
        return Fits((_spread(tokens, seen, kinds, strip.line),), sure=True)
    return _run(strip, kinds, sums, habit)


def _shifted(strip: Strip, habit: Habits) -> bool:
    """Whether a line of cells has its figures elsewhere than the header or the other rows."""
    if strip.cells is None or strip.first_cell is None or strip.width not in habit.first_cell:
        return False
    if all(token.shape == "blank" for token in strip.tokens):
        return False  # blank, wherever it begins
    return strip.first_cell + _printed(strip.cells)[0] != habit.first_cell[strip.width]


def _cell(token: Token, kind: Kind) -> Cell:
    text, line, cell = token.text, token.line, token.cell
    if token.shape == "blank":
        return Cell(None, text, line, cell)
    value = value_of(look_alike(text) if token.shape == "doubtful" else text, kind)
    if token.shape == "illegible" or value is None:
        return Cell(None, text, line, cell, illegible=True)
    return Cell(value, text, line, cell, doubtful=token.shape == "doubtful")


def _too_many(tokens: Sequence[Token], kinds: Sequence[Kind]) -> Fits:
    """One or two cells too many: every choice of those that count."""
    n = len(kinds)
    if len(tokens) - n > _MOST_EXTRA:
        return Fits(())
    chosen = [*combinations(tokens, n), *_joined(tokens, n)]
    return _of(tuple(_cell(t, k) for t, k in zip(some, kinds, strict=True)) for some in chosen)


def _joined(tokens: Sequence[Token], n: int) -> Iterator[tuple[Token, ...]]:
    """The tokens with some joined to figures whose thousands are set apart by a space."""
    pairs = [i for i, (a, b) in enumerate(pairwise(tokens)) if _thousands(a, b)]
    for some in combinations(pairs, len(tokens) - n):
        if all(b - a > 1 for a, b in pairwise(some)):
            whole = [t._replace(text=t.text + tokens[i + 1].text) if i in some else t for i, t in enumerate(tokens)]
            yield tuple(t for i, t in enumerate(whole) if i - 1 not in some)


def _thousands(first: Token, second: Token) -> bool:
    """Whether two tokens may be one figure, its thousands set apart by a space."""
    return (
        first.cell is None
        and first.line == second.line
        and re.fullmatch(r"[1-9]\d{0,2}", first.text) is not None
        and re.fullmatch(r"\d{3}", second.text) is not None
    )


def _of(ways: Iterable[Way]) -> Fits:
    distinct: dict[tuple[object, ...], Way] = {}
    for way in ways:
        distinct.setdefault(tuple((c.value, c.illegible) for c in way), way)
        if len(distinct) > MOST_WAYS:
            return Fits((), bounded=True)
    return Fits(tuple(distinct.values()), sure=len(distinct) == 1)


def _placed(strip: Strip, kinds: Sequence[Kind], habit: Habits) -> Fits:
    """A line of cells with empty ones: where the other rows have their cells, or every window that holds all."""
    assert strip.cells is not None
    assert strip.first_cell is not None
    n = len(kinds)
    span = _printed(strip.cells)
    low, high = span[0], span[-1]
    begins = habit.first_cell.get(strip.width)
    if begins is not None and begins - strip.first_cell <= low and high < begins - strip.first_cell + n:
        return Fits((_window(strip, begins - strip.first_cell, kinds),), sure=True)
    starts = range(max(0, high - n + 1), min(low, len(strip.cells) - n) + 1)
    if starts:
        return _of(_window(strip, start, kinds) for start in starts)
    return _inserted(strip, kinds)


def _printed(cells: Sequence[Token | None]) -> list[int]:
    return [i for i, token in enumerate(cells) if token is not None]


def _window(strip: Strip, start: int, kinds: Sequence[Kind]) -> Way:
    assert strip.cells is not None
    row = [strip.cells[i] if 0 <= i < len(strip.cells) else None for i in range(start, start + len(kinds))]
    first = (strip.first_cell or 0) + start
    line = strip.tokens[0].line
    return tuple(
        _cell(token, kind) if token else Cell(None, "", line, first + i)
        for i, (token, kind) in enumerate(zip(row, kinds, strict=True))
    )


def _by_gaps(strip: Strip, n: int, habit: Habits, *, flat: bool) -> tuple[int, ...] | None:
    """Positions of the tokens where blank cells show as longer gaps between lines; None where they do not."""
    inner = strip.gaps[1:]
    if any(gap == 0 for gap in strip.gaps):
        return None
    known = [step for step in habit.steps if not any(gap % step for gap in inner)]
    found = {_places(strip, n, step, habit.header_break, flat=flat) for step in known} - {None}
    own = gcd(*inner) if inner else 0
    if not found and own and own == min(inner):
        found = {_places(strip, n, own, habit.header_break, flat=flat)}
    return found.pop() if len(found) == 1 else None


def _places(strip: Strip, n: int, step: int, header_break: int | None, *, flat: bool) -> tuple[int, ...] | None:
    """Positions of the tokens if cells are ``step`` line ends apart."""
    places = list(accumulate((gap // step for gap in strip.gaps[1:]), initial=0))
    spare = n - 1 - places[-1]
    first = _first_place(strip, spare, step, header_break) if flat else _leading(strip, step)
    if first is None or not 0 <= first <= spare or not _tail_fits(strip, spare - first, step):
        return None
    return tuple(first + place for place in places)


def _leading(strip: Strip, step: int) -> int | None:
    """Blank cells between a label and the first token."""
    return None if strip.gaps[0] % step else strip.gaps[0] // step - 1


def _first_place(strip: Strip, spare: int, step: int, header_break: int | None) -> int | None:
    """The same behind a header, where a row break stands before the first cell, as between the header's rows."""
    if spare == 0:
        return 0
    if header_break is not None and header_break >= step:
        blanks, rest = divmod(strip.gaps[0] - header_break, step)
        return None if rest else blanks
    most = (strip.gaps[0] - step) // step
    least = max(0, spare - strip.tail // step)
    return least if least == most else None


def _tail_fits(strip: Strip, trailing: int, step: int) -> bool:
    """Whether the blank cells behind the last token have room before the next label."""
    return strip.tail - 1 == trailing if step == 1 else strip.tail >= step * (trailing + 1)


def _spread(tokens: Sequence[Token], places: Sequence[int], kinds: Sequence[Kind], line: int) -> Way:
    by_place = dict(zip(places, tokens, strict=True))
    return tuple(
        _cell(by_place[i], kind) if i in by_place else Cell(None, "", tokens[0].line if tokens else line, None)
        for i, kind in enumerate(kinds)
    )


def _inserted(strip: Strip, kinds: Sequence[Kind]) -> Fits:
    """Blank cells were lost: the tokens in order at every choice of places."""
    places = combinations(range(len(kinds)), len(strip.tokens))
    return replace(_of(_spread(strip.tokens, some, kinds, strip.line) for some in places), sure=False, unseen=True)


def _run(strip: Strip, kinds: Sequence[Kind], sums: Sequence[LocalSum], habit: Habits) -> Fits:
    """Fewer tokens than cells and no cells seen: glued digits, or blanks lost on the way, or both."""
    runs = _runs(strip)
    if runs is None or (len(strip.tokens) > 1 and not habit.glued):
        return _inserted(strip, kinds)
    try:
        ways = _ways(strip, runs, kinds, sums, habit.blanks)
        if not ways:
            # No cut adds up: the row is wrong as published, and every cut stays possible.
            ways = _ways(strip, runs, kinds, (), habit.blanks)
    except BoundError:
        return Fits((), bounded=True)
    if not habit.glued:
        ways += _inserted(strip, kinds).ways
    found = _of(ways)
    whole = habit.blanks == "none" and habit.glued
    return replace(found, sure=found.sure and whole, unseen=not whole)


def _ways(
    strip: Strip, runs: Sequence[str], kinds: Sequence[Kind], sums: Sequence[LocalSum], blanks: Blanks
) -> list[Way]:
    bound = Bound(MOST_WAYS)
    return [_glued(strip, kinds, texts) for texts in splits(runs, kinds, sums, bound, blanks)]


def _runs(strip: Strip) -> list[str] | None:
    """The tokens as runs of digits; None if one of them cannot be read."""
    if any(t.shape == "illegible" for t in strip.tokens):
        return None
    return [(look_alike(t.text) if t.shape == "doubtful" else t.text).replace(",", "") for t in strip.tokens]


def _glued(strip: Strip, kinds: Sequence[Kind], texts: Sequence[str]) -> Way:
    line, doubtful = strip.tokens[0].line, any(t.shape == "doubtful" for t in strip.tokens)
    return tuple(
        Cell(value_of(text, kind), text, line, None, doubtful and bool(text))
        for text, kind in zip(texts, kinds, strict=True)
    )
