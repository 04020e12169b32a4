"""What of a web page a reader sees: text that is hidden, struck out, raised or in a picture is no plain text.

What the page itself hides is left out; what may be hidden, and what a picture or a field shows, is a question mark:
a figure beside it is not taken for all that stands there.
"""

from __future__ import annotations

import re

from agent.loaders.blocks import UNREAD
from agent.loaders.tree import Element, Styles, styled

_NOTHING = re.compile(r"0(?:\.0*)?(?:px|pt|em|rem|%)?")
_FAR = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|pt|em|rem|%)?")
_WHITE = re.compile(r"#fff(?:f?|fff(?:ff)?)|white|rgba?\(255,255,255(?:,1)?\)")
_CLEAR = re.compile(r"transparent|rgba\(.*,0(?:\.0*)?\)")
_NO_BACKGROUND = re.compile(r"none|transparent|inherit|initial|unset|#fff(?:fff)?|white|rgb\(255,255,255\)|")
_SMALL = re.compile(r"[0-3](?:px)?")
_STRUCK = frozenset(["del", "s", "strike"])
_PICTURES = frozenset(["img", "select", "textarea", "svg", "canvas", "object", "embed", "iframe", "video", "picture"])
_FIELDS = frozenset(["", "text", "number", "tel", "search"])
_GONE = frozenset(["rt", "rp"])
SHORT = 40  # characters: a cell with more is no figure, whatever pictures stand in it


def look(root: Element) -> None:
    """Mark what is hidden with the attribute ``hidden``, and put in place of text what is seen of it."""
    for element, styles in styled(root):
        if styles.get("display") == "none" or element.tag in _GONE:
            element.attributes["hidden"] = ""
        elif _is_unseen(styles):
            if element.has("table"):
                element.attributes["hidden"] = ""
            else:
                element.children = []
        else:
            _show(element, styles)


def _show(element: Element, styles: Styles) -> None:
    if element.tag == "input":
        if element.attributes.get("type", "").lower() in _FIELDS:
            element.tag, element.children = "span", [element.attributes.get("value", "")]
    elif _is_struck(element, styles) and not element.has("table"):
        element.children = [UNREAD] if any(map(str.isdecimal, element.text())) else []
    elif element.tag == "bdo" or styles.get("unicode-bidi") == "bidi-override":
        element.children = [UNREAD]
    elif element.tag in ("sup", "sub") or styles.get("vertical-align") in ("super", "sub"):
        if element.text().strip().isdecimal():
            element.children = [f"[{element.text().strip()}]"]
    elif _is_pale(styles):
        element.children = [UNREAD if isinstance(child, str) and child.strip() else child for child in element.children]
    elif element.tag in ("td", "th") and _is_pictured(element):
        element.children.append(UNREAD)


def _is_unseen(styles: Styles) -> bool:
    if styles.get("visibility") in ("hidden", "collapse") or _CLEAR.fullmatch(styles.get("color", "")):
        return True
    if any(_NOTHING.fullmatch(styles.get(name, "1")) for name in ("opacity", "font-size")):
        return True
    if styles.get("overflow") == "hidden" and any(_NOTHING.fullmatch(styles.get(n, "1")) for n in ("width", "height")):
        return True
    if _FAR.fullmatch(styles.get("text-indent", "")):
        return True
    placed = styles.get("position") in ("absolute", "fixed")
    return placed and any(_FAR.fullmatch(styles.get(name, "")) for name in ("left", "top"))


def _is_struck(element: Element, styles: Styles) -> bool:
    lines = styles.get("text-decoration", "") + styles.get("text-decoration-line", "")
    return element.tag in _STRUCK or "line-through" in lines


def _is_pale(styles: Styles) -> bool:
    """Whether it is white on what nobody says is dark."""
    backgrounds = (styles.get(name, "") for name in ("background", "background-color", "background-image"))
    return _WHITE.fullmatch(styles.get("color", "")) is not None and all(map(_NO_BACKGROUND.fullmatch, backgrounds))


def _is_pictured(cell: Element) -> bool:
    """Whether a cell with little or no text shows a picture or a field."""
    if len(cell.text().strip()) > SHORT or cell.has("table"):
        return False
    return any(inner.tag in _PICTURES and not _is_spacer(inner) for inner in cell.inner())


def _is_spacer(element: Element) -> bool:
    return any(_SMALL.fullmatch(element.attributes.get(side, "").strip()) for side in ("width", "height"))
