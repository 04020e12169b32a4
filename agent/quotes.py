"""Words a model quotes, found in the source: what does not stand there was invented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from agent.days import days, number
from agent.document import Document
from agent.squeeze import Squeezed, normal, squeeze

_LONGEST = 1500
"""Letters between the first and the last words of a shortened quote; what is longer are two passages."""

_BEFORE = re.compile(r"^[^\w\s]*")
_AFTER = re.compile(r"[^\w\s]*$")
_NONE = re.compile(
    r"未(?![来來])|[没沒無无零免]|不(?![断斷少仅僅但同])|\b(?:no|not|none|nil|zero|without|waived)\b", re.IGNORECASE
)
_FIGURE = re.compile(r"(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?\s*([万亿]?)")
_TIMES = {"": 1, "万": 10_000, "亿": 100_000_000}
_CHINESE = re.compile("[〇○零一二三四五六七八九十]+")
_CLAUSE = re.compile(r"[,;。!?\n]")
_ENTRY = re.compile(r"[,;。!?\n、]")
_NAMED = re.compile("《[^《》]*》")
_SPACES = re.compile(r"(?<![^\W_])\s+|\s+(?![^\W_])|(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
_UNITS = "[件条份项宗次起个篇期]"
_BETWEEN_DIGITS = frozenset("-()")
_OF_A_TABLE = re.compile(r"\t|[\d/-][ ]*$", re.MULTILINE)


@dataclass(frozen=True)
class Quote:
    """A passage of the source as printed, line ends out; ``line`` is where it begins."""

    text: str
    line: int


class Source:
    """A document to find words in, whatever its spaces, line ends and widths of characters."""

    def __init__(self, document: Document) -> None:
        self._lines = document.lines
        self._tables: Sequence[tuple[int, int]] = ()
        self.squeezed = Squeezed.of(document.lines)

    def beside(self, tables: Sequence[tuple[int, int]]) -> Source:
        """The same source where no figure is found in tables: from where to where, as offsets into the full text."""
        source = copy(self)
        source._tables = tables
        return source

    @property
    def text(self) -> str:
        """The whole text."""
        return self._raw

    @cached_property
    def _raw(self) -> str:
        return "\n".join(self._lines)

    def find(self, words: str) -> Quote | None:
        """The passage that says these words, as the source prints it; None where it does not."""
        wanted = squeeze(words)
        for at in self._places(wanted, 0):
            if self._as_said(at, at + len(wanted), words):
                return self._quote(at, at + len(wanted), words)
        return None

    def find_shortened(self, words: str) -> Quote | None:
        """The same for a passage of which only the first and the last words are given, … between them."""
        found = self.find(words)
        first, *_, last = re.split(r"…+|\.{3,}", words) if re.search(r"…|\.{3}", words) else (words, "")
        if found or not squeeze(first) or not squeeze(last):
            return found
        for begin in self._places(squeeze(first), 0):
            after = begin + len(squeeze(first))
            for end in self._places(squeeze(last), after):
                if end - after <= _LONGEST:
                    return self._quote(begin, end + len(squeeze(last)), last)
                break
        return None

    def _places(self, wanted: str, start: int) -> Iterator[int]:
        text = self.squeezed.text
        at = text.find(wanted, start) if wanted else -1
        while at >= 0:
            if self._whole(at, at + len(wanted)):
                yield at
            at = text.find(wanted, at + 1)

    def _whole(self, begin: int, end: int) -> bool:
        """Whether the passage cuts no number or Latin word in two: "0517" is not said by "10517"."""
        full, at = self.squeezed.full, self.squeezed.at
        first, last = at[begin], at[end - 1]
        before = full[first - 1 : first + 1] if first else ""
        return not _joined(before) and not _joined(full[last : last + 2])

    def _as_said(self, begin: int, end: int, words: str) -> bool:
        """Whether digits stand together as they are said, not gathered from the cells of a table."""
        full, at = self.squeezed.full, self.squeezed.at
        said = iter(_gaps(normal(words)))
        for first, second in pairwise(at[begin:end]):
            gap, apart = full[first + 1 : second], next(said)
            if gap and full[first].isdigit() and full[second].isdigit() and not _alike(gap, apart):
                return False
        return not self._in_table(at[begin], at[end - 1] + 1)

    def _in_table(self, first: int, last: int) -> bool:
        """Whether figures stand in a table: alone in its section, or on a line that is one of a table."""
        full = self.squeezed.full
        if not any(start <= first < end for start, end in self._tables):
            return False
        words = full[first:last]
        if not any(c.isdigit() for c in words):
            return False
        ends = full.find("\n", last)
        lines = full[full.rfind("\n", 0, first) + 1 : ends if ends >= 0 else len(full)]
        return not any(c.isalpha() for c in words) or _OF_A_TABLE.search(lines) is not None

    def _quote(self, begin: int, end: int, words: str) -> Quote:
        """The passage between two letters, with the punctuation around it that the words have as well."""
        at, raw, said = self.squeezed.at, self._raw, normal(words).strip()
        first, last = at[begin], at[end - 1] + 1
        for mark in _marks(_AFTER, said):
            if normal(raw[last : last + 1]) != mark:
                break
            last += 1
        for mark in reversed(_marks(_BEFORE, said)):
            if not first or normal(raw[first - 1]) != mark:
                break
            first -= 1
        return Quote(self._as_printed(first, last), self.squeezed.line(first))

    def _as_printed(self, first: int, last: int) -> str:
        # A footer stands in the raw text, and is spaces in the squeezed one.
        raw, full = self._raw[first:last].split("\n"), self.squeezed.full[first:last].split("\n")
        text = ""
        for line in (r.strip() for r, f in zip(raw, full, strict=True) if f.strip()):
            text += f" {line}" if text and _joined(normal(text[-1] + line[:1])) else line
        return text


def _marks(where: re.Pattern[str], said: str) -> str:
    found = where.search(said)
    return found[0] if found else ""


def _joined(two: str) -> bool:
    return len(two) == 2 and two.isascii() and two.isalnum()


def _gaps(words: str) -> list[str]:
    """What stands between each letter or digit and the next."""
    at = [i for i, c in enumerate(words) if c.isalnum()]
    return [words[first + 1 : second] for first, second in pairwise(at)]


def _alike(gap: str, said: str) -> bool:
    """Whether two digits that stand apart in the source are said so; a dash or a bracket may be left out."""
    if "\t" in gap or "\n" in gap:
        return False
    marks = set(gap.replace(" ", ""))
    return marks <= _BETWEEN_DIGITS | set(said) and (bool(marks) or bool(said))


def states(quote: str, count: int, of: Sequence[str] = ()) -> bool:
    """Whether a quote says that count, in digits; or for 0, that there were none, and no other figure but a year.

    ``of``: words of what is counted, one of which must stand with the figure, or with the word for none.
    """
    text = normal(quote)
    said = [(match, _value(match)) for match in _figures(text)]
    if not of:
        none = count == 0 and _NONE.search(text) is not None and not said
        return none or Decimal(count) in figures(quote)
    if count == 0 and any(
        _NONE.search(clause) and not _figures(clause) and _holds(clause, of) for clause in _CLAUSE.split(text)
    ):
        return True
    ends = [0, *(match.end() for match, _ in said)]
    starts = [*(match.start() for match, _ in said[1:]), len(text)]
    return any(
        value == count and _holds(text[before : match.end()] + _ENTRY.split(text[match.end() : after])[0], of)
        for before, (match, value), after in zip(ends, said, starts, strict=False)
    )


def counts(quote: str, count: int, name: str = "", unless: Sequence[str] = ()) -> bool:
    """Whether a quote gives that count: to ``name``, where there is one; with none of the words ``unless`` about it.

    What stands behind a figure, its unit between them, is not the name of the next one.
    """
    text, name = _SPACES.sub("", normal(quote)), _SPACES.sub("", normal(name))
    said = [match for match in _FIGURE.finditer(text) if text[match.end() : match.end() + 1] not in ("年", "月")]
    ends = [0, *(match.end() for match in said)]
    starts = [*(match.start() for match in said[1:]), len(text)]
    for last, match, following in zip(ends, said, starts, strict=False):
        before, behind = text[last : match.start()], _ENTRY.split(text[match.end() : following])[0]
        if last and name and re.match(rf"\W*(?:{_UNITS})?的?{re.escape(name)}", before):
            before = ""
        if _value(match) == count and name in before + "\n" + behind and not _holds(before + "\n" + behind, unless):
            return True
    return not name and count == 0 and states(quote, 0)


def denies(quote: str, of: Sequence[str]) -> bool | None:
    """Whether a quote says that something was not so, or came to nothing; None where it says both.

    ``of``: words of what is asked, one of which stands in the clause that says so.
    """
    clauses = _clauses(quote, of)
    denied = [_denied(_NAMED.sub("", clause)) for clause in clauses]
    if not any(denied):
        return False
    affirmed = any(_positive(clause) and not its for clause, its in zip(clauses, denied, strict=True))
    return None if affirmed else True


def affirms(quote: str, of: Sequence[str]) -> bool:
    """Whether a clause of a quote says by a figure above zero that something was so."""
    return any(_positive(clause) and not _denied(_NAMED.sub("", clause)) for clause in _clauses(quote, of))


def _clauses(quote: str, of: Sequence[str]) -> list[str]:
    """The clauses of a quote that hold one of those words; all of them where none are given."""
    return [clause for clause in _CLAUSE.split(normal(quote)) if not of or _holds(clause, of)]


def _holds(text: str, of: Sequence[str]) -> bool:
    return any(word in text for word in of)


def _denied(clause: str) -> bool:
    return _NONE.search(clause) is not None or Decimal(0) in figures(clause)


def _positive(clause: str) -> bool:
    return any(_value(figure) > 0 for figure in _figures(clause))


def _figures(text: str) -> list[re.Match[str]]:
    """The figures of a text that are no years."""
    return [match for match in _FIGURE.finditer(text) if not _is_year(text, match)]


def _is_year(text: str, figure: re.Match[str]) -> bool:
    return 1900 <= _value(figure) <= 2100 and not re.match(r"\s*[件条份项宗次起个元]", text[figure.end() :])


def figures(quote: str) -> set[Decimal]:
    """The figures that a quote states in digits."""
    return {_value(figure) for figure in _FIGURE.finditer(normal(quote))}


def _value(figure: re.Match[str]) -> Decimal:
    whole, part, times = figure[1], figure[2] or "", figure[3]
    return Decimal(whole.replace(",", "") + part) * _TIMES[times]


def states_date(quote: str, day: date) -> bool:
    """Whether a quote names that day as a whole."""
    return day in days(quote)


def states_year(quote: str, year: int) -> bool:
    """Whether a quote says that year."""
    return Decimal(year) in figures(quote) or any(number(words) == year for words in _CHINESE.findall(quote))
