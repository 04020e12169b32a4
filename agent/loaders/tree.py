"""The tree of a web page, as far as lines and tables need it, and how the page's own styles show each element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Styles = Mapping[str, str]
"""What is declared for an element, property by property, in lower case."""

MAX_RULES = 2_000
ADDED = ("::before", "::after")
"""Under these an element's styles have what is printed before and behind its own text, as a style sheet writes it."""
_BACKGROUNDS = ("background", "background-color", "background-image")
_INHERITED = ("color", "visibility", "font-size", "text-indent", *_BACKGROUNDS)
_UNDONE = ("visibility", "font-size", "text-indent")  # a table in what these hide is another version of it
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.S)
_RULE = re.compile(r"([^{}]{1,2000})\{([^{}]{0,20000})\}")
_MEDIA = re.compile(
    r"@media\s*(?:all|(?:only\s+)?screen)\s*\{((?:[^{}]|\{[^{}]*\})*)\}|@[a-z-]+[^{;]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})",
    re.I,
)
_SIMPLE = re.compile(r"(?:[a-z][\w-]*)?(?:[.#][\w-]+|\[[\w-]+(?:=[\w-]+)?\])*", re.I)
_NAME = re.compile(r"[.#]?[\w-]+|\[[^\]]+\]")
_QUOTES = re.compile("[\"']")
# What a selector asks besides names: where an element stands, what is said of it, or is not.
_ASKS = re.compile(
    r"::?(?:not|is|where|has|nth-[\w-]+)\([^()]*\)|:(?:first|last|only)-(?:child|of-type)|:empty|\[[^\]]*[~|^$*]=[^\]]*\]|\*"
)
_RELATIVE = re.compile(r"inherit|smaller|larger|(?!0(?:\.0*)?[e%])[\d.]+(?:em|%)|")  # a part of nothing is nothing
_ADDED = re.compile(r"::?(before|after)\s*$", re.I)
_BESIDE = re.compile(r"(?:[^\s>+~]+\s*[+~]\s*)+")


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
    """A rule of a style sheet: names an element must have, those some element around it must have, and its styles.

    ``sure``: its selector asks for nothing else.
    """

    own: frozenset[str]
    around: tuple[frozenset[str], ...]
    styles: Styles
    sure: bool = True

    @property
    def weight(self) -> tuple[int, int, int]:
        """Which of two rules counts: ids before classes and attributes before tags."""
        starts = [name[0] for step in (*self.around, self.own) for name in step]
        ids, others = starts.count("#"), starts.count(".") + starts.count("[")
        return ids, others, len(starts) - ids - others

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


def styled(root: Element) -> Iterator[tuple[Element, Styles, Sequence[Styles]]]:
    """Every element with what the page itself declares for it, colours and the like also from around it.

    Style sheets of other files are not fetched. Last, the styles it may have instead: by selectors that ask for
    more than names.
    """
    rules = sorted(_rules(root), key=lambda rule: rule.weight)
    left: list[tuple[Element, tuple[frozenset[str], ...], Styles]] = [(root, (), {})]
    while left:
        element, around, inherited = left.pop()
        names = (*around, _names(element))
        fitting = [rule for rule in rules if rule.fits(names)]
        styles = _together(element, [rule.styles for rule in fitting if rule.sure], inherited)
        own = _declared(element.attributes.get("style", ""))
        others = [{**styles, **_plain(rule.styles), **_plain(own)} for rule in fitting if not rule.sure]
        yield element, styles, others
        passed = {k: v for k, v in styles.items() if k in _INHERITED}
        if any(k in passed for k in _UNDONE) and element.has("table"):
            passed = {k: v for k, v in passed.items() if k not in _UNDONE}
        left += [(child, names, passed) for child in reversed(element.children) if isinstance(child, Element)]


def _plain(styles: Styles) -> Styles:
    return {name.rstrip("!"): value for name, value in styles.items()}


def _together(element: Element, rules: Iterable[Styles], inherited: Styles) -> Styles:
    """What those rules and the element's own attributes come to."""
    own = (
        {"color": element.attributes["color"].lower()}
        if element.tag == "font" and "color" in element.attributes
        else {}
    )
    for styles in (*rules, _declared(element.attributes.get("style", ""))):
        own.update(styles)
    if "bgcolor" in element.attributes:
        own["background"] = element.attributes["bgcolor"]
    own.update({name[:-1]: value for name, value in own.items() if name.endswith("!")})
    if "font-size" in own and _RELATIVE.fullmatch(own["font-size"]):
        del own["font-size"]
    return {**inherited, **own}


def _names(element: Element) -> frozenset[str]:
    classes = (f".{name}" for name in element.attributes.get("class", "").split())
    attributes = (said for name, value in element.attributes.items() for said in (f"[{name}]", f"[{name}={value}]"))
    return frozenset((element.tag, *classes, f"#{element.attributes.get('id', '')}", *attributes))


def _rules(root: Element) -> Iterator[Rule]:
    count = 0
    for sheet in (element for element in root.inner() if element.tag == "style"):
        for selectors, body in _RULE.findall(_MEDIA.sub(r"\1", _COMMENT.sub(" ", sheet.text()))):
            styles = _declared(body)
            for selector in selectors.split(",") if _matters(styles) else ():
                rule = _rule(selector, styles)
                if rule and count < MAX_RULES:
                    count += 1
                    yield rule


def _rule(selector: str, styles: Styles) -> Rule | None:
    """The rule for a selector, by the names it asks for; None where it asks for none, or for what the page is not."""
    plain = _QUOTES.sub("", selector)
    if added := _ADDED.search(plain):
        plain, styles = plain[: added.start()], {f"::{added[1].lower()}": styles.get("content", "")}
    asked = _BESIDE.sub(" ", _ASKS.sub("", plain))
    steps = asked.replace(">", " ").split()
    if not steps or asked.rstrip().endswith(">") or not all(map(_SIMPLE.fullmatch, steps)):
        return None
    if not re.split(r"[\s>+~]+", _ASKS.sub("", plain).rstrip())[-1]:
        return None
    sure = asked.split() == plain.split() == steps
    if not sure and not added and not any(name.rstrip("!") in _HIDE for name in styles):
        return None
    *around, own = [_step(step) for step in steps]
    return Rule(own, tuple(around), styles, sure or added is not None)


def _step(step: str) -> frozenset[str]:
    return frozenset(part if part[0] in ".#[" else part.lower() for part in _NAME.findall(step))


_MATTER = frozenset(
    ["display", "visibility", "opacity", "font-size", "color", "text-decoration", "text-decoration-line",
     "vertical-align", "position", "left", "top", "right", "text-indent", "width", "height", "overflow", "unicode-bidi",
     "content", "max-width", "max-height", "clip", "clip-path", "mso-text-raise",
     "filter", "mask", "-webkit-mask", "-webkit-text-fill-color", "content-visibility", "transform", "zoom",
     "letter-spacing", "margin-left", "margin-top",
     *_BACKGROUNDS]
)  # fmt: skip


_HIDE = frozenset(
    ["display", "visibility", "opacity", "font-size", "text-indent", "clip", "clip-path", "text-decoration",
     "text-decoration-line"]
)  # fmt: skip


def _matters(styles: Iterable[str]) -> bool:
    return any(name.rstrip("!") in _MATTER for name in styles)


def _declared(styles: str) -> dict[str, str]:
    """Each property with its value; one that is important counts over all others, and is marked with ``!``."""
    found = {}
    for declaration in _COMMENT.sub("", styles).split(";"):
        name, _, value = declaration.partition(":")
        value, important, _ = "".join(value.lower().split()).partition("!important")
        found[name.strip().lower() + ("!" if important else "")] = value
    found.pop("", None)
    return found
