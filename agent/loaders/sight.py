"""What of a web page a reader sees: text that is hidden, struck out, raised or in a picture is no plain text.

What the page itself hides is left out; what may be hidden, and what a picture or a field shows, is a question mark:
a figure beside it is not taken for all that stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.loaders.blocks import UNREAD
from agent.loaders.tree import ADDED, Element, Styles, styled

_NOTHING = re.compile(r"0(?:\.0*)?(?:px|pt|em|rem|%)?")
_FAR = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|pt|em|rem|%)?")
_CUT = re.compile(r"rect\((?:[01](?:px)?,?){4}\)|inset\((?:50|100)%\)")
_TINY = re.compile(r"[12](?:\.\d+)?px|1(?:\.\d+)?pt")
_OFF_THE_LINE = re.compile(r"-?(?:[2-9]|\d\d)(?:\.\d+)?(?:pt|px)")
_WHITE = re.compile(r"#fff(?:f?|fff(?:ff)?)|#(?:f[\da-f]){3}|white|rgba?\((?:2[45]\d,?){3}(?:[,/]1)?\)")
_CLEAR = re.compile(r"transparent|rgba\(.*,0(?:\.0*)?\)")
_NO_BACKGROUND = re.compile(r"none|transparent|inherit|initial|unset|#fff(?:fff)?|white|rgb\(255,255,255\)|")
_SMALL = re.compile(r"[0-3](?:px)?")
_ESCAPED = re.compile(r"\\([0-9a-f]{1,6})")  # a letter by its number, mostly one of a font of pictures
_COUNTED = re.compile(r"\d|attr\(|counters?\(|url\(")
_STRUCK = frozenset(["del", "s", "strike"])
_PICTURES = frozenset(
    ["img", "select", "textarea", "svg", "canvas", "object", "embed", "iframe", "video", "picture", "image", "math"]
)
_VEILS = {
    "filter": re.compile(r".*(?:blur|opacity|brightness|contrast|invert).*"),
    "mask": re.compile(r"(?!none).+"),
    "-webkit-mask": re.compile(r"(?!none).+"),
    "-webkit-text-fill-color": re.compile(r".+"),
    "content-visibility": re.compile(r"hidden"),
    "transform": re.compile(r".*(?:scale|rotate|matrix|skew|perspective).*"),
    "zoom": re.compile(r"0?\.[0-3]\d*|[0-3]?\d%"),
    "letter-spacing": re.compile(r"-(?:[3-9]|\d\d+)(?:\.\d+)?(?:px|pt)|-(?:0?\.[3-9]|[1-9]).*em"),
    "margin-left": _FAR,
    "margin-top": _FAR,
}
"""Styles under which figures are not seen as they are written, or not at all, by property."""
_FIELDS = frozenset(["", "text", "number", "tel", "search"])
_GONE = frozenset(["rt", "rp"])
SHORT = 40  # characters: a cell with more is no figure, whatever pictures stand in it


def look(root: Element) -> None:
    """Mark what is hidden with the attribute ``hidden``, and put in place of text what is seen of it."""
    for element, styles, others in styled(root):
        if _is_doubtful(element, styles, others):
            element.children = [UNREAD]
        elif _is_added_to(element, styles):
            element.children.append(UNREAD)
        elif _is_gone(element, styles):
            element.attributes["hidden"] = ""
        elif _is_unseen(styles):
            if element.has("table"):
                element.attributes["hidden"] = ""
            else:
                element.children = []
        elif _is_out_of_sight(styles) and element.has("table"):
            element.attributes["hidden"] = ""
        elif _is_out_of_sight(styles):
            element.children = [child for child in element.children if isinstance(child, Element)]
        else:
            _show(element, styles)


def _is_doubtful(element: Element, styles: Styles, others: Iterable[Styles]) -> bool:
    """Whether figures in it are hidden, or shown, by what nobody here can tell."""
    told = _hides(element, styles)
    differ = any(_hides(element, one) != told for one in others)
    return differ and not element.has("table") and any(map(str.isdecimal, element.text()))


def _is_added_to(element: Element, styles: Styles) -> bool:
    """Whether a style sheet prints figures beside what may be one."""
    added = _ESCAPED.sub(
        lambda letter: chr(min(int(letter[1], 16), 0x10FFFF)), " ".join(styles.get(side, "") for side in ADDED)
    )
    text = element.text().strip()
    return bool(_COUNTED.search(added)) and len(text) <= SHORT and (not text or any(map(str.isdecimal, text)))


def _hides(element: Element, styles: Styles) -> bool:
    return _is_gone(element, styles) or _is_unseen(styles) or _is_out_of_sight(styles) or _is_struck(element, styles)


def _is_gone(element: Element, styles: Styles) -> bool:
    closed = "popover" in element.attributes or (element.tag == "dialog" and "open" not in element.attributes)
    return styles.get("display") == "none" or element.tag in _GONE or closed


def _show(element: Element, styles: Styles) -> None:
    _set_apart(element)
    if element.tag == "input":
        if element.attributes.get("type", "").lower() in _FIELDS:
            element.tag, element.children = "span", [element.attributes.get("value", "")]
    elif _is_struck(element, styles) and not element.has("table"):
        element.children = [UNREAD] if any(map(str.isdecimal, element.text())) else []
    elif _is_turned(element, styles) or _is_veiled(element, styles):
        element.children = [UNREAD]
    elif _is_raised(element, styles):
        if element.text().strip().isdecimal():
            element.children = [f"[{element.text().strip()}]"]
    elif _is_pale(styles) or _TINY.fullmatch(styles.get("font-size", "")):
        element.children = [UNREAD if isinstance(child, str) and child.strip() else child for child in element.children]
    elif element.tag in ("td", "th") and (_is_pictured(element) or _is_scripted(element)):
        element.children.append(UNREAD)


def _set_apart(element: Element) -> None:
    """A small figure beside another is the mark of a note."""
    for small in element.children:
        if isinstance(small, Element) and small.tag == "small" and (mark := small.text().strip()).isdecimal():
            others = (child.text() if isinstance(child, Element) else child for child in element.children)
            if any(map(str.isdecimal, "".join(others).replace(small.text(), "", 1))):
                small.children = [f"[{mark}]"]


def _is_out_of_sight(styles: Styles) -> bool:
    """Whether its text is hidden in a way that what stands in it may undo."""
    if styles.get("visibility") in ("hidden", "collapse") or _CLEAR.fullmatch(styles.get("color", "")):
        return True
    return any(
        pattern.fullmatch(styles.get(name, "")) for name, pattern in (("font-size", _NOTHING), ("text-indent", _FAR))
    )


def _is_unseen(styles: Styles) -> bool:
    if _NOTHING.fullmatch(styles.get("opacity", "1")) or _CUT.fullmatch(styles.get("clip-path", "")):
        return True
    sides = ("width", "height", "max-width", "max-height")
    if styles.get("overflow") == "hidden" and any(_NOTHING.fullmatch(styles.get(side, "1")) for side in sides):
        return True
    placed = styles.get("position") in ("absolute", "fixed", "relative")
    far = any(_FAR.fullmatch(styles.get(name, "")) for name in ("left", "top", "right"))
    return placed and (far or _CUT.fullmatch(styles.get("clip", "")) is not None)


def _is_raised(element: Element, styles: Styles) -> bool:
    """Whether it stands above or below its line, as the mark of a note does."""
    aligned = styles.get("vertical-align", "") if element.tag not in ("td", "th", "tr") else ""
    if element.tag in ("sup", "sub") or aligned in ("super", "sub"):
        return True
    return any(_OFF_THE_LINE.fullmatch(by) for by in (aligned, styles.get("mso-text-raise", "")))


def _is_struck(element: Element, styles: Styles) -> bool:
    lines = styles.get("text-decoration", "") + styles.get("text-decoration-line", "")
    return element.tag in _STRUCK or "line-through" in lines


def _is_turned(element: Element, styles: Styles) -> bool:
    """Whether it is written against its direction."""
    return element.tag == "bdo" or styles.get("unicode-bidi") in ("bidi-override", "isolate-override")


def _is_veiled(element: Element, styles: Styles) -> bool:
    """Whether a figure is drawn so that it cannot be seen, or not as it is written."""
    veiled = any(veil.fullmatch(styles.get(name, "")) for name, veil in _VEILS.items())
    text = element.text().strip()
    return veiled and len(text) <= SHORT and any(map(str.isdecimal, text))


def _is_pale(styles: Styles) -> bool:
    """Whether it is white on what nobody says is dark, or of the colour of what is behind it."""
    color, *backgrounds = (styles.get(name, "") for name in ("color", "background", "background-color"))
    backgrounds.append(styles.get("background-image", ""))
    return (_WHITE.fullmatch(color) is not None and all(map(_NO_BACKGROUND.fullmatch, backgrounds))) or (
        color != "" and color in backgrounds
    )


def _is_pictured(cell: Element) -> bool:
    """Whether a cell with little or no text shows a picture or a field."""
    if len(cell.text().strip()) > SHORT or cell.has("table"):
        return False
    pictures = (inner for inner in cell.inner() if inner.tag in _PICTURES or inner.attributes.get("type") == "image")
    return any(not _is_spacer(picture) for picture in pictures)


def _is_scripted(cell: Element) -> bool:
    """Whether a script writes what a cell shows."""
    return any(inner.tag == "script" and "write" in inner.text() for inner in cell.inner())


def _is_spacer(element: Element) -> bool:
    return any(_SMALL.fullmatch(element.attributes.get(side, "").strip()) for side in ("width", "height"))
