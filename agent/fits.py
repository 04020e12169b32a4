"""Every way the cells behind a label can be the cells of its row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import NamedTuple

from agent.cells import Strip
from agent.gaps import Gaps, gaps, placed
from agent.outcome import Number
from agent.splits import Blanks, Bound, BoundError, LocalSum, splits
from agent.tokens import Token, extent, look_alike, value_of
from schemas.form import Kind

MOST_WAYS = 4000
_WORDS = re.compile(r"[^\d?]+|(?:.*[㐀-鿿A-Za-z]){2}.*")
_AT_A_TIME = re.compile("[十百千万亿]+[件条项个宗次起]?")
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
    first, unless many rows that have all their cells begin in one other cell, every one.
    ``blanks``: which blank cells may have vanished from glued digits. ``inline``: figures stand on their label's line.
    ``own``: ``first_cell`` is what the header of the very row says, among other heads.
    """

    glued: bool
    apart: bool
    blanks: Blanks
    first_cell: Mapping[int, int | None]
    gaps: Gaps = field(default_factory=Gaps)
    inline: bool = False
    own: bool = False


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
        gaps=gaps(rows),
        inline=sum(bool(strip.gaps) and not strip.gaps[0] for strip, _ in rows) >= max(_MANY, 0.75 * len(rows)),
    )


def _majority(starts: Counter[int]) -> int | None:
    start, count = starts.most_common(1)[0]
    return start if 2 * count > starts.total() else None


def fits(strip: Strip, kinds: Sequence[Kind], sums: Sequence[LocalSum], habit: Habits, *, flat: bool = False) -> Fits:
    """The ways ``strip`` can fill a row of cells of ``kinds``; ``flat``: a row break stands before its first cell."""
    found = _fits(strip, kinds, sums, habit, flat=flat)
    if strip.broken or (strip.stray and any(not way[-1].text for way in found.ways)):
        # A lone figure behind the last cell: a page number, or that cell broken off.
        return replace(found, unseen=True)
    return found


def _fits(strip: Strip, kinds: Sequence[Kind], sums: Sequence[LocalSum], habit: Habits, *, flat: bool) -> Fits:
    n, tokens = len(kinds), strip.tokens
    if strip.foreign or (not tokens and strip.stray):
        return Fits(())
    if len(tokens) > n and _AT_A_TIME.fullmatch(tokens[n].text):
        return Fits(())  # the figure before it is in another unit than the column's
    while len(tokens) > n and tokens[-1].shape != "blank" and _WORDS.fullmatch(tokens[-1].text):
        tokens = tokens[:-1]  # words behind a whole row belong to what comes next; a dash is a cell of its own
    if not tokens:
        shown = strip.empties >= n
        return Fits((tuple(Cell(None, "", strip.line, None) for _ in kinds),), sure=shown, lost=not shown)
    if len(tokens) == n:
        way = tuple(_cell(t, k) for t, k in zip(tokens, kinds, strict=True))
        return Fits((way,), sure=True, shifted=_shifted(strip, n, habit))
    if len(tokens) > n:
        return _too_many(tokens, kinds)
    if strip.cells is not None:
        run = len(tokens) == 1 and habit.glued and extent(tokens) >= n
        return _run(strip, kinds, sums, habit) if run else _placed(strip, kinds, habit)
    seen = placed(strip, n, habit.gaps, flat=flat)
    if seen is not None:
        return Fits((_spread(tokens, seen.at, kinds, strip.line),), sure=True, unseen=not seen.shown)
    return _run(strip, kinds, sums, habit)


def _shifted(strip: Strip, n: int, habit: Habits) -> bool:
    """Whether a line of cells has its figures elsewhere than the header or the other rows."""
    if all(token.shape == "blank" for token in strip.tokens):
        return False  # blank, wherever it begins
    if strip.cells is None or strip.first_cell is None:
        return habit.inline and strip.gaps[0] > 0
    if n == 1 and not habit.own:
        return False  # under a lone head a figure may stand anywhere
    span = _printed(strip.cells)
    if span[-1] - span[0] + 1 != len(span):
        return True  # an empty cell among them: one of the others is another column's
    return strip.first_cell + span[0] != habit.first_cell.get(strip.width, strip.first_cell + span[0])


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
        # Where the line ends before the row does, a column is missing, and which one is not shown.
        within = begins - strip.first_cell + n <= len(strip.cells)
        return Fits((_window(strip, begins - strip.first_cell, kinds),), sure=within, unseen=not within)
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
