"""Words a model quotes, found in the source: what does not stand there was invented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from agent.document import Document
from agent.squeeze import Squeezed, normal, squeeze

_LONGEST = 1500
"""Letters between the first and the last words of a shortened quote; what is longer are two passages."""

_BEFORE = re.compile(r"^[^\w\s]*")
_AFTER = re.compile(r"[^\w\s]*$")
_NONE = re.compile(r"[未没無无零]|\b(?:no|not|none|nil|zero|without)\b", re.IGNORECASE)
_FIGURE = re.compile(r"(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?\s*([万亿]?)")
_TIMES = {"": 1, "万": 10_000, "亿": 100_000_000}
_CHINESE = re.compile("[〇○零一二三四五六七八九十]+")
_DIGIT = {char: value for value, chars in enumerate(["〇○零", *"一二三四五六七八九"]) for char in chars}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Quote:
    """A passage of the source as printed, line ends out; ``line`` is where it begins."""

    text: str
    line: int


class Source:
    """A document to find words in, whatever its spaces, line ends and widths of characters."""

    def __init__(self, document: Document) -> None:
        self._lines = document.lines
        self._squeezed = Squeezed.of(document.lines)

    @cached_property
    def _raw(self) -> str:
        return "\n".join(self._lines)

    def find(self, words: str) -> Quote | None:
        """The passage that says these words, as the source prints it; None where it does not."""
        wanted = squeeze(words)
        for at in self._places(wanted, 0):
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
        text = self._squeezed.text
        at = text.find(wanted, start) if wanted else -1
        while at >= 0:
            if self._whole(at, at + len(wanted)):
                yield at
            at = text.find(wanted, at + 1)

    def _whole(self, begin: int, end: int) -> bool:
        """Whether the passage cuts no number or Latin word in two: "0517" is not said by "10517"."""
        full, at = self._squeezed.full, self._squeezed.at
        first, last = at[begin], at[end - 1]
        before = full[first - 1 : first + 1] if first else ""
        return not _joined(before) and not _joined(full[last : last + 2])

    def _quote(self, begin: int, end: int, words: str) -> Quote:
        """The passage between two letters, with the punctuation around it that the words have as well."""
        at, raw, said = self._squeezed.at, self._raw, normal(words).strip()
        first, last = at[begin], at[end - 1] + 1
        for mark in _marks(_AFTER, said):
            if normal(raw[last : last + 1]) != mark:
                break
            last += 1
        for mark in reversed(_marks(_BEFORE, said)):
            if not first or normal(raw[first - 1]) != mark:
                break
            first -= 1
        return Quote(self._as_printed(first, last), self._squeezed.line(first))

    def _as_printed(self, first: int, last: int) -> str:
        # A footer stands in the raw text, and is spaces in the squeezed one.
        raw, full = self._raw[first:last].split("\n"), self._squeezed.full[first:last].split("\n")
        text = ""
        for line in (r.strip() for r, f in zip(raw, full, strict=True) if f.strip()):
            text += f" {line}" if text and _joined(normal(text[-1] + line[:1])) else line
        return text


def _marks(where: re.Pattern[str], said: str) -> str:
    found = where.search(said)
    return found[0] if found else ""


def _joined(two: str) -> bool:
    return len(two) == 2 and two.isascii() and two.isalnum()


def states(quote: str, count: int) -> bool:
    """Whether a quote says that count, in digits; or for 0, that there were none, and no other figure but a year."""
    said = figures(quote)
    none = count == 0 and _NONE.search(quote) is not None and all(1900 <= figure <= 2100 for figure in said)
    return none or Decimal(count) in said


def figures(quote: str) -> set[Decimal]:
    """The figures that a quote states in digits."""
    found = _FIGURE.findall(normal(quote))
    return {Decimal(whole.replace(",", "") + part) * _TIMES[times] for whole, part, times in found}


def states_date(quote: str, day: date) -> bool:
    """Whether a quote says that day: its year, month and day, in digits or in words."""
    said = {int(figure) for figure in figures(quote)} | set(_chinese_numbers(quote))
    months = {number for number, name in enumerate(_MONTHS, 1) if re.search(rf"(?i)\b{name}", quote)}
    return day.year in said and day.day in said and day.month in said | months


def states_year(quote: str, year: int) -> bool:
    """Whether a quote says that year."""
    return Decimal(year) in figures(quote) or year in _chinese_numbers(quote)


def _chinese_numbers(quote: str) -> list[int]:
    found = []
    for text in _CHINESE.findall(quote):
        tens, ten, ones = text.partition("十")
        if not ten:
            found.append(int("".join(str(_DIGIT[c]) for c in text)))
        elif len(tens) < 2 and len(ones) < 2:
            found.append(10 * _DIGIT.get(tens, 1) + _DIGIT.get(ones, 0))
    return found
