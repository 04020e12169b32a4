"""The days that a passage names, each as a whole: its own year, month and day, or those of the range it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from agent.squeeze import normal

_DIGIT = {char: value for value, chars in enumerate(["〇○零", *"一二三四五六七八九"]) for char in chars}
_FIGURE = "[0-9〇○零一二三四五六七八九]"
_SMALL = "(?:[0-9]{1,2}|[〇○零一二三四五六七八九十]{1,3})"
_CHINESE = re.compile(rf"(?:(?<!{_FIGURE})({_FIGURE}{{4}})年度?[(,]?({_SMALL})月|({_SMALL})月)?({_SMALL})[日号]")
_NUMERIC = re.compile(
    r"(?<![0-9])([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])"
    r"(?:(?:至|到|-|~|to)([0-9]{1,2})\2([0-9]{1,2})(?![0-9]|\2[0-9]))?"
)
_UNTIL = re.compile(r"(?:起|开始|始)?,?(?:截?至|到|止于|-|~)+(?:同年|当年|本年)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DAY = r"([0-9]{1,2})(?:st|nd|rd|th)?"
_ENGLISH = re.compile(
    rf"(?:{_DAY}(?: {_MONTH})? ?(?:to|until|through|-) ?)?\b{_DAY} (?:of )?{_MONTH},? ([0-9]{{4}})"
    rf"|(?:{_MONTH} {_DAY} ?(?:to|until|through|-) ?)?\b{_MONTH} {_DAY},? ([0-9]{{4}})",
    re.IGNORECASE,
)


def days(passage: str) -> set[date]:
    """The days a passage names; one without a year of its own has that of the first day of its range."""
    text = normal(passage)
    dense = re.sub(r"\s", "", text)
    found = [*_chinese(dense), *_numeric(dense), *_english(re.sub(r"\s+", " ", text))]
    return {day for day in found if day}


def _chinese(text: str) -> Iterator[date | None]:
    before: date | None = None
    end = 0
    for match in _CHINESE.finditer(text):
        year, month, later, day = match.groups()
        ranged = before if before and _UNTIL.fullmatch(text, end, match.start()) else None
        named = number(year) if year else ranged.year if ranged else None
        of = month or later
        before = _date(named, number(of) if of else ranged.month if ranged else None, number(day))
        end = match.end()
        yield before


def _numeric(text: str) -> Iterator[date | None]:
    for match in _NUMERIC.finditer(text):
        year, _, month, day, last_month, last_day = match.groups()
        yield _date(int(year), int(month), int(day))
        if last_month:
            yield _date(int(year), int(last_month), int(last_day))


def _english(text: str) -> Iterator[date | None]:
    for match in _ENGLISH.finditer(text):
        first, first_month, day, month, year, from_month, from_day, to_month, to_day, to_year = match.groups()
        last = to_month or month
        yield _date(int(year or to_year), _month(last), int(day or to_day))
        if first or from_day:
            yield _date(int(year or to_year), _month(first_month or from_month or last), int(first or from_day))


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def _date(year: int | None, month: int | None, day: int | None) -> date | None:
    try:
        return date(year, month, day) if year and month and day else None
    except ValueError:
        return None


def number(words: str) -> int | None:
    """A whole number in digits or in Chinese: 2023, 二〇二三, 三十一; None for what is none, or too long for one."""
    if len(words) > 15:
        return None
    if words.isascii() and words.isdigit():
        return int(words)
    tens, ten, ones = words.partition("十")
    if not ten:
        return int("".join(c if c.isascii() else str(_DIGIT[c]) for c in words)) if words else None
    if len(tens) > 1 or len(ones) > 1:
        return None
    return 10 * _DIGIT.get(tens, 1) + _DIGIT.get(ones, 0)
