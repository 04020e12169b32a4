"""How a Word document shows a stretch of text: hidden, struck out, raised or white text is no plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from agent.errors import InputError
from agent.loaders.blocks import UNREAD

TINY = 5  # half points
RAISED = 4
_MOST_STYLES = 20  # that are based on each other: Word allows ten

Look = Mapping[str, ElementTree.Element]
"""What is said of a run's look, by the names of its properties."""

_WHITE = frozenset(["FFFFFF", "background1", "bg1", "white"])
_NO_SHADING = frozenset([None, "auto", "FFFFFF", "none", "white"])


def name_of(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def value_of(element: ElementTree.Element | None, name: str = "val") -> str | None:
    """An attribute of the element, by its name without namespace."""
    if element is None:
        return None
    return next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == name), None)


def find(element: ElementTree.Element, *path: str) -> ElementTree.Element | None:
    """The first descendant along a path of names."""
    found: ElementTree.Element | None = element
    for step in path:
        found = None if found is None else next((c for c in found if name_of(c) == step), None)
    return found


@dataclass(frozen=True)
class Runs:
    """What decides how a run is shown besides itself: the styles by name, those around it, and whether it is shaded."""

    styles: Mapping[str, Look] = field(default_factory=dict)
    around: Look = field(default_factory=dict)
    shaded: bool = False

    @classmethod
    def of(cls, styles: bytes | None) -> Runs:
        """By the document's sheet of styles."""
        return cls(_looks(styles) if styles else {})

    def inside(self, element: ElementTree.Element, properties: str, style: str) -> Runs:
        """The same within a paragraph or a cell."""
        shaded = self.shaded or not _is_plain(find(element, properties, "shd"))
        named = self.styles.get(value_of(find(element, properties, style)) or "", {})
        return Runs(self.styles, {**self.around, **named}, shaded)

    def seen(self, run: ElementTree.Element, text: str) -> str:
        """What a reader sees of a run's text; a question mark where that is in doubt."""
        own = find(run, "rPr")
        named = self.styles.get(value_of(find(run, "rPr", "rStyle")) or "", {})
        look = {**self.around, **named, **({} if own is None else _look(own))}
        if not text.strip():
            return text
        if _is_on(look.get("vanish")):
            return ""
        if _is_on(look.get("strike")) or _is_on(look.get("dstrike")):
            return UNREAD if any(map(str.isdecimal, text)) else ""
        if self._is_faint(look):
            return UNREAD
        return f"[{text.strip()}]" if _is_raised(look) and text.strip().isdecimal() else text

    def _is_faint(self, look: Look) -> bool:
        """Whether it is too small to be seen, or white on what nobody says is dark."""
        if _number(look.get("sz")) in range(1, TINY):
            return True
        color = look.get("color")
        if value_of(color) not in _WHITE and value_of(color, "themeColor") not in _WHITE:
            return False
        return not self.shaded and _is_plain(look.get("shd")) and value_of(look.get("highlight")) in _NO_SHADING


def _look(properties: ElementTree.Element) -> Look:
    return {name_of(mark): mark for mark in properties}


def _looks(xml: bytes) -> dict[str, Look]:
    """What each style says of its text, also by the style it is based on."""
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - expat fetches nothing and refuses entity bombs
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: its encoding is none we know
        raise InputError(f"the file is broken: its styles are no XML ({error})") from error
    styles = {value_of(style, "styleId") or "": style for style in root if name_of(style) == "style"}
    found: dict[str, Look] = {}
    for key in styles:
        look: dict[str, ElementTree.Element] = {}
        at, left = styles.get(key), _MOST_STYLES
        while at is not None and left:
            properties = find(at, "rPr")
            look = {**(_look(properties) if properties is not None else {}), **look}
            at, left = styles.get(value_of(find(at, "basedOn")) or ""), left - 1
        found[key] = look
    return found


def _is_on(mark: ElementTree.Element | None) -> bool:
    return mark is not None and value_of(mark) not in ("0", "false", "off")


def _is_plain(shading: ElementTree.Element | None) -> bool:
    return value_of(shading, "fill") in _NO_SHADING and value_of(shading, "themeFill") is None


def _is_raised(look: Look) -> bool:
    aligned = value_of(look.get("vertAlign")) in ("superscript", "subscript")
    return aligned or abs(_number(look.get("position"))) >= RAISED


def _number(element: ElementTree.Element | None) -> int:
    value = (value_of(element) or "0").lstrip("+")
    return int(value) if value.removeprefix("-").isdecimal() and len(value) < 8 else 0
