"""What a cell of a workbook shows: its value as its number format prints it, and nothing where it is hidden."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from agent.loaders.blocks import UNREAD, join

_DECORATION = re.compile(r'"[^"0-9.,]*"|\\[^0-9.,]|_.|\*.|\[[^\]]*\]|[-+() ¥￥$€£]')
_PLAIN = re.compile(r"[#,0?]*[#0?](?:\.([0#?]+))?")
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_HOLDS = {"<": lt, ">": gt, "=": eq, "<=": le, ">=": ge, "<>": ne}
_UNIT = re.compile("[十百千万亿元%‰]")  # words of a format that say how much its figure is
_WHITE = "FFFFFF"
_WHITES = (("theme", 0), ("indexed", 1), ("indexed", 9))
_RAISED = frozenset(["superscript", "subscript"])


def shown(cell: Any, formula: Any) -> str:
    """The text a person sees in a cell; a question mark where that is in doubt."""
    value, dark = cell.value, cell.fill is not None and cell.fill.fill_type is not None
    if isinstance(value, list | tuple):  # stretches of text, each with a look of its own or with the cell's
        parts = ((str(part), getattr(part, "font", None) or cell.font) for part in value)
        return join("".join(_seen(text, font, dark=dark) for text, font in parts).splitlines())
    return _seen(_printed(value, formula, cell.number_format or "General"), cell.font, dark=dark, alone=True)


def _seen(text: str, font: Any, *, dark: bool, alone: bool = False) -> str:
    """What is seen of a text in that font. ``alone``: nothing stands beside it that it could be raised over."""
    if not text.strip() or font is None:
        return text
    if not dark and _is_white(font.color):
        return UNREAD
    if font.strike and any(map(str.isdecimal, text)):
        return UNREAD
    raised = not alone and font.vertAlign in _RAISED and text.strip().isdecimal()
    return f"[{text.strip()}]" if raised else text


def _is_white(color: Any) -> bool:
    if color is None or color.tint < 0:  # a tint below zero darkens
        return False
    if color.type == "rgb":
        return isinstance(color.rgb, str) and color.rgb.endswith(_WHITE)
    return (color.type, color.value) in _WHITES


def _printed(value: Any, formula: Any, layout: str) -> str:
    """A value as a person would type it; a formula whose result was never saved stays a formula."""
    if value is None:
        return "" if formula is None else join(str(formula).splitlines())
    if isinstance(value, datetime):
        value = value.date() if (value.hour, value.minute, value.second) == (0, 0, 0) else value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, layout)
    return "" if layout == ";;;" else join(str(value).splitlines())


def _number(value: float, layout: str) -> str:
    plain = _typed(value)
    sections = layout.split(";")
    which = _under_a_condition(value, sections) if _CONDITION.search(layout) else _by_sign(value, len(sections))
    if which is None:
        return UNREAD
    section, unit = _DECORATION.sub("", sections[which]), "".join(_UNIT.findall(sections[which]))
    if section.lower() in ("general", "@"):
        return plain + unit
    if not section:
        return "-" if '"-"' in sections[which] else "" if sections[which].strip() in ("", '""') else UNREAD
    if value < 0 and which == 1 and not set("-(") & set(sections[1]):
        return UNREAD  # a negative without its sign
    match = _PLAIN.fullmatch(section)
    if match is None or section.endswith(","):
        return UNREAD  # a percentage, a share or thousands: what is shown is not what is held
    if value == 0 and "0" not in section:
        return ""
    return _rounded(plain, len(match[1] or "")) + unit


def _by_sign(value: float, sections: int) -> int:
    """Which section of a format shows a value: those for more, less than and zero."""
    if value > 0 or sections == 1 or (value == 0 and sections == 2):
        return 0
    return 1 if value < 0 else 2


def _under_a_condition(value: float, sections: Sequence[str]) -> int | None:
    """Which section shows a value where one says for what it is, as in ``[=0]"-";0``; None where that is in doubt."""
    for at, section in enumerate(sections):
        condition = _CONDITION.search(section)
        if condition is None:
            return at if at == len(sections) - 1 and value >= 0 else None
        if _HOLDS[condition[1]](value, float(condition[2])):
            return at
    return None


def _typed(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    # 15 digits are what Excel shows; the binary rest behind them was never typed.
    return format(float(f"{value:.15g}"), "f").rstrip("0").rstrip(".") if abs(value) < 1e15 else repr(value)


def _rounded(plain: str, places: int) -> str:
    """The number as so many decimals show it."""
    number = Decimal(plain)
    exact = -int(number.as_tuple().exponent) <= places
    return plain if exact else format(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")
