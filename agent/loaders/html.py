"""A web page as blocks: tables with their spans, prose by line, navigation around the article left out.

The standard library's parser reads it. What is left out is only what cannot be the report: scripts,
what is hidden, elements that say they are navigation, and lines of links before and after the text.
No table is ever left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from agent.document import decode, fold
from agent.loaders.blocks import Block, Cell, Line, Table, lines, unwrap
from agent.loaders.sight import look
from agent.loaders.tree import Element

MAX_DEPTH = 150
PROSE = 30
"""A line with this many characters outside links is the article's, not navigation."""
MAX_SNIFF = 2**20

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_UNSEEN = frozenset(["script", "style", "template", "head"])
_DROPPED = frozenset(
    ["noscript", "select", "textarea", "button", "iframe", "object", "svg", "canvas", "nav", "aside", "footer"]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
# An opening tag ends these of its own kind where their end tag was left out.
_ENDS = {
    "li": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tr": {"td", "th", "tr"},
    "tbody": {"td", "th", "tr", "tbody", "thead", "tfoot"},
    "tfoot": {"td", "th", "tr", "tbody", "thead", "tfoot"},
}
_WALLS = {"li": {"ul", "ol", "table", "td"}, "dt": {"dl", "table", "td"}, "dd": {"dl", "table", "td"}}
_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,500}?(?:charset|encoding)\s*=\s*["']?\s*([\w:-]{2,30})""", re.I)
_START = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|meta|title|table|div)\b",
    re.I | re.S,
)


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a web page does, or are a text with HTML tables in it."""
    head = data[:4096].replace(b"\0", b"").decode("latin-1").lstrip("\xef\xbb\xbf\xff\xfe")
    return _START.match(head) is not None or _holds_table(data[:MAX_SNIFF].lower())


def _holds_table(data: bytes) -> bool:
    at = 0
    for tag in (b"<table", b"<tr", b"<t"):
        at = data.find(tag, at)
        if at < 0:
            return False
        at += len(tag)
    return True


def text_of(data: bytes, name: str) -> tuple[str, str]:
    """Text and encoding: what decodes as UTF-8 is UTF-8, whatever the page declares; then its own word."""
    declared = _CHARSET.search(data[:8192])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        for encoding in ("utf-8", _codec(declared[1].decode("ascii", "ignore"))):
            try:
                return data.decode(encoding), encoding
            except (UnicodeDecodeError, LookupError):
                continue
    return decode(data, name)


def _codec(declared: str) -> str:
    """The codec a browser takes: GB2312 and GBK are read as GB18030, which holds both."""
    name = declared.lower()
    return "gb18030" if name.startswith(("gb", "x-gb", "cp936", "hz")) else name


def read(data: bytes) -> Iterator[tuple[int, list[Line]]]:
    """The lines of a page given in UTF-8."""
    text = data.decode("utf-8", "surrogatepass")
    parser = _Parser()
    # A marked section such as <![if !supportLists]> says nothing here, and the parser trips over some;
    # a longer one is to it what it is to a browser: nothing up to the next ">".
    parser.feed(re.sub(r"<!\[[^>]{0,200}>", "", text).replace("<![", "<?"))
    parser.close()
    page = _START.match(text) is not None
    title = parser.title()
    look(parser.root)
    _prune(parser.root)
    flow = _Flow(keep_line_ends=not page)
    flow.element(parser.root)
    blocks = flow.finish()
    if page:
        blocks = _titled(_article(blocks), title)
    yield 1, lines([block if isinstance(block, Table) else block.text for block in blocks])


class _Parser(HTMLParser):
    """Builds the tree a browser would, as far as lines and tables need it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._end({"p"}, {"td", "th", "table"})
        if tag in _ENDS:
            self._end(_ENDS[tag], _WALLS.get(tag, {"table"}))
        element = Element(tag, {k: v or "" for k, v in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID and len(self._open) < MAX_DEPTH:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # "/>" closes nothing in HTML

    def handle_endtag(self, tag: str) -> None:
        walls = set() if tag in ("table", "body", "html") else {"table"}
        if tag not in ("td", "th", "tr", "tbody", "thead", "tfoot"):
            walls |= {"td", "th"} - ({"td", "th"} if tag == "table" else set())
        self._end({tag}, walls)

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def _end(self, tags: set[str], walls: set[str]) -> None:
        """Close the open elements down to the outermost of ``tags`` this side of a wall."""
        for depth in range(len(self._open) - 1, 0, -1):
            tag = self._open[depth].tag
            if tag in tags:
                del self._open[depth:]
            elif tag in walls:
                return

    def title(self) -> str:
        """What the page calls its article: the name a government site must give it, or the window's title."""
        found = {"": ""}
        for element in self.root.inner():
            if element.tag == "meta" and element.attributes.get("name", "").lower() == "articletitle":
                found["article"] = element.attributes.get("content", "")
            if element.tag == "title":
                found["title"] = "".join(c for c in element.children if isinstance(c, str))
        return " ".join(fold(found.get("article") or found.get("title") or "").split())


@dataclass(frozen=True)
class _Prose:
    text: str
    linked: int


class _Flow:
    """Turns elements into blocks: inline text gathers in a line until a block begins or ends."""

    def __init__(self, *, keep_line_ends: bool = False) -> None:
        self._keep = keep_line_ends
        self._blocks: list[_Prose | Table] = []
        self._line: list[tuple[str, bool]] = []
        self._spaced = False

    def finish(self) -> list[_Prose | Table]:
        """All blocks so far."""
        self._break()
        return self._blocks

    def element(self, element: Element, *, linked: bool = False) -> None:
        """The element with all that is in it."""
        if element.tag == "br":
            self._break(blank=True)
        elif element.tag == "table":
            self._break()
            self._blocks += _table(element)
        else:
            if element.tag in _BLOCKS:
                self._break()
            self._children(element, linked or element.tag == "a")
            if element.tag in _BLOCKS:
                self._break(blank=any("\xa0" in part for part, _ in self._line))

    def _children(self, element: Element, linked: bool) -> None:
        keep = self._keep or element.tag == "pre"
        for child in element.children:
            if isinstance(child, Element):
                self.element(child, linked=linked)
            elif keep:
                for number, part in enumerate(child.split("\n")):
                    if number:
                        self._break(blank=True)
                    self._line.append((part, linked))
                    self._spaced = True
            else:
                self._line.append((child, linked))

    def _break(self, *, blank: bool = False) -> None:
        """End the line; an empty one is a line where a reader sees it, ``blank``."""
        text = "".join(part for part, _ in self._line)
        text = text.replace("\xa0", " ").rstrip() if self._spaced else unwrap(text).strip()
        linked = len("".join("".join(part for part, is_link in self._line if is_link).split()))
        self._line, self._spaced = [], False
        if text or blank or self._keep:
            self._blocks.append(_Prose(text, linked))


def _prune(root: Element) -> None:
    """Take out what cannot be read by who looks at the page, or only leads elsewhere.

    Tables stay, save a hidden one beside tables that are seen: it is an older or another version.
    """
    _keep(root, lambda e: e.tag not in _UNSEEN and (e.tag not in _DROPPED or e.has("table")))
    if _has_seen_table(root):
        _keep(root, lambda e: "hidden" not in e.attributes)
    else:
        _keep(root, lambda e: "hidden" not in e.attributes or e.has("table"))


def _keep(root: Element, wanted: Callable[[Element], bool]) -> None:
    for element in root.inner():
        element.children = [c for c in element.children if isinstance(c, str) or wanted(c)]


def _has_seen_table(root: Element) -> bool:
    left = [root]
    while left:
        element = left.pop()
        if "hidden" not in element.attributes:
            if element.tag == "table":
                return True
            left += [c for c in element.children if isinstance(c, Element)]
    return False


def _table(table: Element) -> list[_Prose | Table]:
    """The table, after any text that stands in it outside its cells (its caption)."""
    loose = _Flow()
    rows = []
    for part in _parts(table, loose):
        # A row without cells counts too: cells merged from above reach into it.
        rows.append(tuple(_cell(c) for c in part.children if isinstance(c, Element) and c.tag in ("td", "th")))
    return [*loose.finish(), Table(tuple(rows))] if any(rows) else loose.finish()


def _parts(element: Element, loose: _Flow) -> list[Element]:
    """The rows of a table; text and elements that are none go to ``loose``."""
    found = []
    for child in element.children:
        if isinstance(child, str):
            loose.element(Element("span", {}, [child]))
        elif child.tag == "tr":
            found.append(child)
        elif child.tag != "table" and child.has("tr"):
            found += _parts(child, loose)
        else:
            loose.element(child)
    return found


def _cell(cell: Element) -> Cell:
    flow = _Flow()
    flow.element(Element("div", {}, cell.children))
    found = (block if isinstance(block, Table) else block.text for block in flow.finish())
    blocks: list[Block] = [block for block in found if block]
    rowspan = _number(cell.attributes.get("rowspan"))
    return Cell(tuple(blocks), _number(cell.attributes.get("colspan")) or 1, 65_534 if rowspan == 0 else rowspan or 1)


def _number(text: str | None) -> int | None:
    digits = re.match(r"\s*(\d{1,6})", text or "")
    return int(digits[1]) if digits else None


def _article(blocks: list[_Prose | Table]) -> list[_Prose | Table]:
    """The blocks without the lines of links before the article's first own line and after its last."""
    own = [i for i, block in enumerate(blocks) if isinstance(block, Table) or _own(block) >= PROSE]
    if not own:
        return blocks
    return [
        block
        for i, block in enumerate(blocks)
        if isinstance(block, Table) or own[0] <= i <= own[-1] or block.linked <= _own(block)
    ]


def _own(prose: _Prose) -> int:
    return len("".join(prose.text.split())) - prose.linked


def _titled(blocks: list[_Prose | Table], title: str) -> list[_Prose | Table]:
    """The blocks, under the page's title where they do not begin with it."""
    head = "".join(block.text for block in blocks[:10] if isinstance(block, _Prose))
    if not title or "".join(title.split()) in "".join(head.split()):
        return blocks
    return [_Prose(title, 0), *blocks]
