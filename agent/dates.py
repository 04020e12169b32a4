"""Dates as a text prints them: what each can mean, and which it means where the text itself shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from agent.squeeze import normal

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_IN_FULL = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    *("december", "januari", "februari", "juni", "juli", "julai"),
)
_NAME = rf"(?P<name>(?:{'|'.join(_MONTHS)})[a-z]*)"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(
    r"(?i)(?<![a-z])(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs?|ur)?(?:day)?(?![a-z])|(?:周|星期)([一二三四五六日天])"
)
_LETTERS = re.compile(r"(?i)(?![ap]\.?m\b)[^\W\d_]")
_CENTURY = 70
"""From this two-digit year on it is one of the century before: no date is so far ahead."""
_SHAPES = tuple(
    re.compile(rf"(?i)(?<![\d.,/-]){shape}(?:(?=(?<=\d{{4}})\d{{1,2}}:\d\d)|(?![\d/-]|[.,:]\d))")
    for shape in (
        r"(?P<year>\d{4})\s?(?P<sep>[-/.])\s?(?P<second>\d{1,2})\s?(?P=sep)\s?(?P<day>\d{1,2})",
        r"(?P<year>\d{4})\s*年\s*(?P<second>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日?",
        r"(?P<first>\d{1,2})\s?(?P<sep>[-/.])\s?(?P<second>\d{1,2})\s?(?P=sep)\s?(?P<year>\d{4}|\d{2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s.,/-]*{_NAME}[\s.,/'-]*(?P<year>\d{{4}}|\d{{2}})",
        rf"{_NAME}[\s.]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,/'-]+(?P<year>\d{{4}}|(?<=')\d{{2}})",
    )
)


@dataclass(frozen=True)
class Day:
    """A date at its place, with every day it can mean, day first before month first."""

    line: int
    start: int
    text: str
    can_be: tuple[date, ...]
    separator: str = ""


@lru_cache(maxsize=64)
def dates(lines: tuple[str, ...]) -> tuple[Day, ...]:
    """Every date that a document prints."""
    return tuple(day for number, line in enumerate(lines, 1) for day in _of_line(normal(line), number))


def _of_line(text: str, number: int) -> Iterator[Day]:
    taken = bytearray(len(text))
    for shape in _SHAPES:
        for match in shape.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            can_be = tuple(dict.fromkeys(_meanings(match)))
            if can_be:
                taken[match.start() : match.end()] = b"1" * len(match[0])
                yield Day(number, match.start(), match[0], can_be, match.groupdict().get("sep") or "")


def _meanings(match: re.Match[str]) -> Iterator[date]:
    found = match.groupdict()
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 2000 if year < _CENTURY else 1900
    if name := (found.get("name") or "").lower():
        if not any(month.startswith(name) for month in _IN_FULL):
            return  # 12 MARKET 50
        pairs = [(_MONTHS.index(name[:3]) + 1, int(found["day"]))]
    elif found.get("first"):
        first, second = int(found["first"]), int(found["second"])
        pairs = [(second, first), (first, second)]
    else:
        pairs = [(int(found["second"]), int(found["day"]))]
    for month, day in pairs:
        try:
            yield date(year, month, day)
        except ValueError:
            continue


def settled(day: Day, lines: Sequence[str]) -> date | None:
    """The day that a date means, where the text shows it; None where it stays open.

    It shows it by the same day in another notation, by a weekday, or by how the dates beside it are written.
    """
    if len(day.can_be) == 1:
        return day.can_be[0]
    others = [other for other in dates(tuple(lines)) if other is not day and len(other.can_be) == 1]
    again = {other.can_be[0] for other in others} & set(day.can_be)
    if len(again) == 1:
        return again.pop()
    named = _weekdays(lines[day.line - 1], day)
    by_name = [one for one in day.can_be if one.weekday() in named]
    if len(by_name) == 1:
        return by_name[0]
    orders = {_day_first(other) for other in others if other.separator == day.separator} - {None}
    if len(orders) == 1:
        return day.can_be[0] if orders == {True} else day.can_be[1]
    return None


def _day_first(day: Day) -> bool | None:
    """Whether a date that can mean but one day is written day first; None where it is written otherwise."""
    numbers = [int(number) for number in re.findall(r"\d+", day.text)]
    its = day.can_be[0]
    if not day.separator or numbers[0] > 31 or its.day == its.month:
        return None
    return numbers[0] == its.day


def _weekdays(line: str, day: Day) -> set[int]:
    """The weekdays that stand by a date, with no word between them: SUNWAY is none, and no shop's name is one."""
    found = set()
    text = normal(line)
    for match in _WEEKDAY.finditer(text):
        between = text[match.end() : day.start] or text[day.start + len(day.text) : match.start()]
        if _LETTERS.search(between):
            continue
        name, chinese = match.groups()
        found.add("一二三四五六日".index(chinese.replace("天", "日")) if chinese else _WEEKDAYS.index(name.lower()))
    return found
