"""The tree of a web page, as far as lines and tables need it, and how the page's own styles show each element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Styles = Mapping[str, str]
"""What is declared for an element, property by property, in lower case."""

MAX_RULES = 2_000
_BACKGROUNDS = ("background", "background-color", "background-image")
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.S)
_RULE = re.compile(r"([^{}]{1,2000})\{([^{}]{0,20000})\}")
_MEDIA = re.compile(
    r"@media\s*(?:all|screen)\s*\{((?:[^{}]|\{[^{}]*\})*)\}|@[a-z-]+[^{;]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})", re.I
)
_SIMPLE = re.compile(r"(?:[a-z][\w-]*)?(?:[.#][\w-]+)*", re.I)


@dataclass
class Element:
    """An element; ``children`` are elements and the texts between them."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def inner(self) -> Iterator[Element]:
        """The element and all in it; what is taken out while walking is not entered."""
        left = [self]
        while left:
            here = left.pop()
            yield here
            left += [child for child in reversed(here.children) if isinstance(child, Element)]

    def has(self, *tags: str) -> bool:
        """Whether it or an element in it is one of those."""
        return any(inner.tag in tags for inner in self.inner())

    def text(self) -> str:
        """All text in it."""
        return "".join(child for inner in self.inner() for child in inner.children if isinstance(child, str))


@dataclass(frozen=True)
class Rule:
    """A rule of a style sheet: names an element must have, those some element around it must have, and its styles."""

    own: frozenset[str]
    around: tuple[frozenset[str], ...]
    styles: Styles

    def fits(self, names: Sequence[frozenset[str]]) -> bool:
        """Whether it holds for the last of ``names``, the others being those of the elements around it."""
        if not self.own <= names[-1]:
            return False
        left = list(names[:-1])
        for wanted in reversed(self.around):
            while left and not wanted <= left[-1]:
                left.pop()
            if not left:
                return False
            left.pop()
        return True


def styled(root: Element) -> Iterator[tuple[Element, Styles]]:
    """Every element with what the page itself declares for it, colours also from around it.

    Style sheets of other files are not fetched; selectors that ask for more than names are left out.
    """
    rules = list(_rules(root))
    left: list[tuple[Element, tuple[frozenset[str], ...], Styles]] = [(root, (), {})]
    while left:
        element, around, inherited = left.pop()
        names = (*around, _names(element))
        own: dict[str, str] = {}
        for rule in rules:
            if rule.fits(names):
                own.update(rule.styles)
        own.update(_declared(element.attributes.get("style", "")))
        if "bgcolor" in element.attributes:
            own["background"] = element.attributes["bgcolor"]
        styles = {**inherited, **own}
        yield element, styles
        passed = {k: v for k, v in styles.items() if k == "color" or k in _BACKGROUNDS}
        left += [(child, names, passed) for child in reversed(element.children) if isinstance(child, Element)]


def _names(element: Element) -> frozenset[str]:
    classes = (f".{name}" for name in element.attributes.get("class", "").split())
    return frozenset((element.tag, *classes, f"#{element.attributes.get('id', '')}"))


def _rules(root: Element) -> Iterator[Rule]:
    count = 0
    for sheet in (element for element in root.inner() if element.tag == "style"):
        for selectors, body in _RULE.findall(_MEDIA.sub(r"\1", _COMMENT.sub(" ", sheet.text()))):
            styles = _declared(body)
            for selector in selectors.split(",") if _matters(styles) else ():
                steps = selector.split()
                if steps and all(map(_SIMPLE.fullmatch, steps)) and count < MAX_RULES:
                    count += 1
                    *around, own = [_step(step) for step in steps]
                    yield Rule(own, tuple(around), styles)


def _step(step: str) -> frozenset[str]:
    parts = re.findall(r"[.#]?[\w-]+", step)
    return frozenset(part if part[0] in ".#" else part.lower() for part in parts)


_MATTER = frozenset(
    ["display", "visibility", "opacity", "font-size", "color", "text-decoration", "text-decoration-line",
     "vertical-align", "position", "left", "top", "text-indent", "width", "height", "overflow", "unicode-bidi",
     *_BACKGROUNDS]
)  # fmt: skip


def _matters(styles: Iterable[str]) -> bool:
    return any(name in _MATTER for name in styles)


def _declared(styles: str) -> dict[str, str]:
    found = {}
    for declaration in styles.split(";"):
        name, _, value = declaration.partition(":")
        value = value.replace("!important", "")
        found[name.strip().lower()] = "".join(value.lower().split())
    found.pop("", None)
    return found
