"""Figures as a text prints them: where each stands in its line, what it says, what it may be meant to say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from agent.squeeze import normal

CODES = "MYR|SGD|USD|EUR|GBP|CNY|RMB|JPY|HKD|TWD|NTD|IDR|THB|AUD|CAD|NZD|CHF|INR|KRW|PHP|VND|BND"
_MARK = rf"RM|Rp|Rs|US\$|S\$|HK\$|NT\$|{CODES}|[$€£¥￥₹]"
_DIGITS = r"\d{1,3}(?:[,.'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+"
_FIGURE = re.compile(
    rf"[(<\[\"]*(?P<before>-|\+)?(?P<mark>{_MARK})?(?P<sign>-|\+)?(?P<digits>{_DIGITS})(?P<after>-)?"
    r"(?P<unit>/?[A-Za-z]{1,6}\.?|元|圆|円|%)?[)>\]\"]*[.,;]*"
)
_ALONE = re.compile(rf"[(=]*-?(?:{_MARK})[.:)]*")
_GLUED = re.compile(rf"[^\W\d]{{2,}}[.#]*(?P<rest>(?:{_MARK})?-?\d[\d,]*[.,]\d\d[元圆円]?)")
_MAYBE_BELOW = re.compile(r"\([^()]*\)[.,;]*|.*\d[Cc][Rr]\.?")
_THOUSANDS = re.compile(r"(?<![\w.,/-])\d{1,3}(?: \d{3})* $")
_LOOKS = re.compile(r"[\dOoQIl|SBZ.,]{2,15}")
_AS_DIGIT = str.maketrans("OoQIl|SBZ", "000111582")
_SPLIT = re.compile(r"(?<![\d.,])\d{1,6}(?:\s[.,]\s?|[.,]\s)\d{2}(?![\d.,%])")
_TIMES = re.compile(r"(?<=[\dA-Za-z])[xX×@](?=[\d$R.])|(?<=\d)[xX×](?![A-Za-z])")
_TIMES_BEFORE = re.compile(rf"(?<![\w.,/-])@?(\d{{1,6}}(?:\.\d{{1,4}})?)\s*[xX×*@]\s*(?:(?:{_MARK})[.:]?\s*)?$")
_TIMES_BEHIND = re.compile(rf"\s*[xX×*@]\s*(?:{_MARK})?(\d{{1,6}}(?:\.\d{{1,4}})?)(?![\w.,/%-])")
_COLON = re.compile(r"[:=@](?=\D|$)|(?<!\d)[:=@]")
_NOT_MONEY = re.compile(r"\s*(?:%|[AaPp]\.?[Mm]\b)")
_DAY = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{2,4}")
_LONGEST = 15


@dataclass(frozen=True)
class Style:
    """Which sign parts whole from part in a document, None where it shows neither or both."""

    point: str | None = "."


@dataclass(frozen=True)
class Printed:
    """A figure at its place. ``line`` from 1, ``start``/``end`` in it; ``text`` as printed.

    ``value`` is what it says, ``other`` what it may be meant to say where its separator leaves that open.
    ``doubtful``: letters that look like digits, or digits broken apart. ``places``: decimals; ``marked``:
    with a currency; ``rate``: a percentage or a time of day, and no amount; ``odd``: its separator is not
    the document's; ``times``: the number that it is multiplied by there, with a sign between them.
    """

    line: int
    start: int
    end: int
    text: str
    value: Decimal
    other: Decimal | None = None
    doubtful: bool = False
    places: int = 0
    marked: bool = False
    rate: bool = False
    odd: bool = False
    times: Decimal | None = None

    @property
    def money(self) -> bool:
        """Whether it looks like an amount: two decimals behind the document's own separator, or a currency."""
        return not self.rate and ((self.places == 2 and not self.odd) or self.marked)


@lru_cache(maxsize=64)
def printed(lines: tuple[str, ...]) -> tuple[tuple[Printed, ...], ...]:
    """The figures of every line of a document."""
    style = _style(lines)
    return tuple(tuple(_of_line(line, number, style)) for number, line in enumerate(lines, 1))


@lru_cache(maxsize=64)
def style_of(lines: tuple[str, ...]) -> Style:
    """How a document parts whole from part."""
    return _style(lines)


def read(text: str, style: Style) -> Printed | None:
    """The one figure in a few words, as a model copies them; None where there is none, or more than one."""
    found = _of_line(re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", text), 0, style)
    return found[0] if len(found) == 1 else None


def _style(lines: Sequence[str]) -> Style:
    text = "\n".join(_DAY.sub(" ", normal(line)) for line in lines)
    both = re.findall(r"\d[.,]\d{3}([.,])\d{1,2}(?!\d)", text)
    points = len(re.findall(r"\d\.\d\d(?![\d.,])", text)) + 5 * both.count(".")
    commas = len(re.findall(r"\d,\d\d(?![\d.,])", text)) + 5 * both.count(",")
    if points and points >= 3 * commas:
        return Style(".")
    return Style("," if commas and commas >= 3 * points else None)


def _of_line(line: str, number: int, style: Style) -> list[Printed]:
    text = normal(line)
    found: list[Printed] = []
    broken = [match.span() for match in _SPLIT.finditer(text) if match[0].count(" ") and not _DAY.search(match[0])]
    for start, end in broken:
        digits = re.sub(r"\s", "", text[start:end])
        found.append(_made(number, start, end, text[start:end], digits, style, doubtful=True))
        text = text[:start] + " " * (end - start) + text[end:]
    mark: re.Match[str] | None = None
    for match in re.finditer(r"\S+", _apart(text)):
        word = match[0]
        if alone := _ALONE.fullmatch(word):
            mark = alone
            continue
        one = _word(word, number, match.start(), style, mark is not None)
        if one:
            one = _grouped(_signed(one, f"{mark[0] if mark else ''}{word}"), text)
            rate = one.rate or _NOT_MONEY.match(text, one.end) is not None
            found.append(replace(one, rate=rate, times=_times(line, one)))
        mark = None
    return sorted(found, key=lambda one: one.start)


_YUAN = ("元", "圆", "円")


def _signed(one: Printed, word: str) -> Printed:
    """The figure below zero where a minus stands before its currency; maybe below zero in brackets or before CR."""
    if one.value > 0 and re.match(rf"[(=]*-(?:{_MARK})", word):
        return replace(one, value=-one.value, other=None if one.other is None else -one.other)
    if one.value > 0 and one.other is None and one.places == 2 and _MAYBE_BELOW.fullmatch(word):
        return replace(one, other=-one.value)
    return one


def _grouped(one: Printed, text: str) -> Printed:
    """The figure with the thousands that may stand before it: 1 234.50 is one of 234.50, or a thousand more."""
    before = _THOUSANDS.search(text, max(0, one.start - 12), one.start)
    if before is None or one.other is not None or not re.fullmatch(r"\d{3}[.,]\d\d", one.text):
        return one
    return replace(one, other=Decimal(before[0].replace(" ", "")) * 1000 + one.value)


def _times(text: str, one: Printed) -> Decimal | None:
    """The number that a price is multiplied by where it stands."""
    if one.places < 2:
        return None
    times = _TIMES_BEFORE.search(text, max(0, one.start - 20), one.start) or _TIMES_BEHIND.match(text, one.end)
    return Decimal(times[1]) if times else None


def _apart(text: str) -> str:
    """The line with signs between words and figures as spaces, as long as before; clock times stay whole."""
    spaced = _TIMES.sub(lambda match: " " * len(match[0]), text)
    return _COLON.sub(" ", spaced)


def _word(word: str, line: int, start: int, style: Style, marked: bool) -> Printed | None:
    matched = _FIGURE.fullmatch(word)
    if matched is None and (glued := _GLUED.fullmatch(word)):
        start += glued.start("rest")
        word = glued["rest"]
        matched = _FIGURE.fullmatch(word)
    if matched is None:
        return _look_alike(word, line, start, style, marked)
    if len(matched["digits"]) > _LONGEST:
        return None
    sign = "-" if "-" in (matched["before"], matched["sign"], matched["after"]) else ""
    mark = matched["mark"] or ""
    unit = matched["unit"] or ""
    at = start + (matched.start("before") if matched["before"] else matched.start("mark") if mark else
                  matched.start("sign") if matched["sign"] else matched.start("digits"))  # fmt: skip
    end = start + matched.end("after" if matched["after"] else "digits")
    money = marked or bool(mark) or unit in _YUAN
    made = _made(line, at, end, word[at - start : end - start], sign + matched["digits"], style, marked=money)
    if unit == "%":
        return replace(made, rate=True)
    if unit and unit.translate(_AS_DIGIT).isdigit() and made.places < 2:
        return _look_alike(word, line, start, style, marked) or replace(made, doubtful=True)
    return made


def _look_alike(word: str, line: int, start: int, style: Style, marked: bool) -> Printed | None:
    """An amount with letters in it that look like digits."""
    bare = re.sub(r"^[(]*(?:RM|[$€£¥￥])?", "", word).rstrip(").;")
    sign = "-" if bare.startswith("-") else ""
    bare = bare.removeprefix("-")
    if not _LOOKS.fullmatch(bare) or not any(c.isdigit() for c in bare):
        return None
    digits = bare.translate(_AS_DIGIT)
    if not re.fullmatch(_DIGITS, digits) or not re.search(r"[.,]\d\d$", digits):
        return None
    at = start + word.find(bare) - len(sign)
    return _made(line, at, at + len(sign + bare), sign + bare, sign + digits, style, doubtful=True, marked=marked)


def _made(
    line: int, start: int, end: int, text: str, digits: str, style: Style, *, doubtful: bool = False,
    marked: bool = False,
) -> Printed:  # fmt: skip
    sign, bare = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, part, other, odd = _parted(bare.replace("'", "").replace("’", ""), style)
    value = Decimal(f"{sign}{whole or 0}{f'.{part}' if part else ''}")
    meant = None if other is None else Decimal(sign + other)
    return Printed(line, start, end, text, value, meant, doubtful or odd, len(part), marked, odd=odd)


def _parted(digits: str, style: Style) -> tuple[str, str, str | None, bool]:
    """Whole, part, what else the figure may be, and whether its separator is not the document's own."""
    seps = [c for c in digits if c in ".,"]
    if not seps:
        return digits, "", None, False
    last = seps[-1]
    whole, _, part = digits.rpartition(last)
    bare = re.sub(r"[.,]", "", whole)
    if len(set(seps)) == 2:
        return bare, part, None, False
    if len(seps) > 1:
        return bare + part, "", None, False
    if len(part) != 3 or not bare or len(bare) > 3 or bare.startswith("0"):
        return bare, part, None, style.point is not None and last != style.point
    if style.point is None:
        # 12.500 is twelve and a half here and twelve thousand five hundred there.
        return (bare + part, "", f"{bare}.{part}", False) if last == "," else (bare, part, bare + part, False)
    return (bare, part, None, False) if last == style.point else (bare + part, "", None, False)
