"""How a Word document shows a stretch of text: hidden, struck out, raised or white text is no plain text."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from agent.errors import InputError
from agent.loaders.blocks import UNREAD

TINY = 5  # half points
RAISED = 4
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
    """What decides how a run is shown: the styles that hide, and whether the place around it is shaded."""

    hiding: frozenset[str] = frozenset()
    shaded: bool = False
    hidden: bool = False

    @classmethod
    def of(cls, styles: bytes | None) -> Runs:
        """By the document's sheet of styles."""
        return cls(_hiding(styles) if styles else frozenset())

    def inside(self, element: ElementTree.Element, properties: str, style: str) -> Runs:
        """The same within a paragraph or a cell."""
        shaded = self.shaded or not _is_plain(find(element, properties, "shd"))
        return Runs(self.hiding, shaded, self.hidden or value_of(find(element, properties, style)) in self.hiding)

    def seen(self, run: ElementTree.Element, text: str) -> str:
        """What a reader sees of a run's text; a question mark where that is in doubt."""
        look = find(run, "rPr")
        hidden = self.hidden or (look is not None and value_of(find(look, "rStyle")) in self.hiding)
        if look is None or not text.strip():
            return "" if hidden else text
        mark = find(look, "vanish")
        if _is_on(mark) or (hidden and mark is None):
            return ""
        if _is_on(find(look, "strike")) or _is_on(find(look, "dstrike")):
            return UNREAD if any(map(str.isdecimal, text)) else ""
        if self._is_faint(look):
            return UNREAD
        return f"[{text.strip()}]" if _is_raised(look) and text.strip().isdecimal() else text

    def _is_faint(self, look: ElementTree.Element) -> bool:
        """Whether it is too small to be seen, or white on what nobody says is dark."""
        if _number(find(look, "sz")) in range(1, TINY):
            return True
        color = find(look, "color")
        if value_of(color) not in _WHITE and value_of(color, "themeColor") not in _WHITE:
            return False
        return not self.shaded and _is_plain(find(look, "shd")) and value_of(find(look, "highlight")) in _NO_SHADING


def _hiding(xml: bytes) -> frozenset[str]:
    """The styles whose text is hidden, also by the style they are based on."""
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - expat fetches nothing and refuses entity bombs
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: its encoding is none we know
        raise InputError(f"the file is broken: its styles are no XML ({error})") from error
    styles = {value_of(style, "styleId"): style for style in root if name_of(style) == "style"}
    found: set[str] = set()
    for key, style in styles.items():
        at: ElementTree.Element | None = style
        for _ in range(len(styles)):
            mark = find(at, "rPr", "vanish") if at is not None else None
            if at is None or mark is not None:
                found |= {key} if key and _is_on(mark) else set()
                break
            at = styles.get(value_of(find(at, "basedOn")))
    return frozenset(found)


def _is_on(mark: ElementTree.Element | None) -> bool:
    return mark is not None and value_of(mark) not in ("0", "false", "off")


def _is_plain(shading: ElementTree.Element | None) -> bool:
    return value_of(shading, "fill") in _NO_SHADING and value_of(shading, "themeFill") is None


def _is_raised(look: ElementTree.Element) -> bool:
    aligned = value_of(find(look, "vertAlign")) in ("superscript", "subscript")
    return aligned or abs(_number(find(look, "position"))) >= RAISED


def _number(element: ElementTree.Element | None) -> int:
    value = (value_of(element) or "0").lstrip("+")
    return int(value) if value.removeprefix("-").isdecimal() and len(value) < 8 else 0
