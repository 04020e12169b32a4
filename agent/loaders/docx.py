"""A Word document (.docx) as blocks: paragraphs, text boxes, tables with their merges and tables inside cells.

The standard library reads it: the parts of the format that hold text are few, and its XML parser
fetches nothing and refuses entity bombs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from xml.etree import ElementTree

from agent.errors import InputError
from agent.loaders.blocks import UNREAD, Block, Cell, Line, Table, lines
from agent.loaders.limits import MAX_SPAN, open_zip, unpack
from agent.loaders.runs import Runs, find, name_of, value_of

BODY = "word/document.xml"
MAX_DEPTH = 150
SLIVER = 60  # twentieths of a point
SHORT = 40  # characters: a cell with more is no figure, whatever pictures stand in it
STYLES = "word/styles.xml"

# Not part of what a reader sees: deleted and moved text, field codes, the second copy of a drawing.
_UNSEEN = frozenset({"del", "moveFrom", "instrText", "delText", "Fallback", "rPr", "pPr", "tblPr", "tcPr", "trPr"})
_AS_TEXT = {"sym": "□", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "tab": "\t", "ptab": "\t"}


def _raised(text: str) -> str:
    return f"[{text}]"


# What is set otherwise than letter after letter: what is raised or under a bar in a formula, text turned round.
_SET: Mapping[str, Callable[[str], str]] = {
    "sup": _raised,
    "sub": _raised,
    "den": lambda text: f"/{text}",
    "bdo": lambda text: UNREAD if any(map(str.isdecimal, text)) else text,
}
_PICTURES = ("blip", "imagedata", "chart", "contentPart")


def read(data: bytes) -> Iterator[tuple[int, list[Line]]]:
    """The document's lines, as one page: where pages end is only known once it is laid out."""
    with open_zip(data) as archive:
        names = archive.namelist()
        xml = unpack(archive, _main_part(names))
        styles = unpack(archive, STYLES) if STYLES in names else None
    yield 1, lines(blocks(xml, Runs.of(styles)))


def _main_part(names: list[str]) -> str:
    """Word names it so; some converters number it."""
    return next((n for n in names if n.startswith("word/document") and n.endswith(".xml")), BODY)


def blocks(xml: bytes, runs: Runs) -> list[Block]:
    """The blocks of the main part."""
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - expat fetches nothing and refuses entity bombs
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: its encoding is none we know
        raise InputError(f"the file is broken: its text is no XML ({error})") from error
    return [block for body in root if name_of(body) == "body" for block in _blocks(body, 0, runs)]


def _blocks(parent: ElementTree.Element, depth: int, runs: Runs) -> list[Block]:
    if depth > MAX_DEPTH:
        raise InputError(f"nests more than {MAX_DEPTH} levels deep")
    found: list[Block] = []
    for child in parent:
        name = name_of(child)
        if name == "p":
            found += _paragraph(child, depth, runs.inside(child, "pPr", "pStyle"))
        elif name == "tbl":
            found.append(Table(tuple(_rows(child, depth, runs))))
        elif name not in _UNSEEN:  # content controls and the like only wrap
            found += _blocks(child, depth + 1, runs)
    return found


def _paragraph(paragraph: ElementTree.Element, depth: int, runs: Runs) -> list[Block]:
    text: list[str] = []
    boxes: list[Block] = []
    _collect(paragraph, text, boxes, depth, runs)
    return [_spaced("".join(text)), *boxes]


def _spaced(text: str) -> str:
    """Tabs stand between cells only where a line has several of them; one is an indent or a leader."""
    return "\n".join(
        line if line.strip().count("\t") > 1 else line.replace("\t", " ") for line in text.strip("\n").split("\n")
    ).strip()


def _collect(element: ElementTree.Element, text: list[str], boxes: list[Block], depth: int, runs: Runs) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"nests more than {MAX_DEPTH} levels deep")
    for child in element:
        name = name_of(child)
        if name == "t":
            text.append(child.text or "")
        elif name in _AS_TEXT:
            text.append(_AS_TEXT[name])
        elif name == "txbxContent":
            boxes += _blocks(child, depth + 1, runs)
        elif name == "r":
            inner: list[str] = []
            _collect(child, inner, boxes, depth + 1, runs)
            text.append(runs.seen(child, "".join(inner)))
        elif name in _SET:
            inner = []
            _collect(child, inner, boxes, depth + 1, runs)
            text.append(_SET[name]("".join(inner)))
        elif name not in _UNSEEN:
            _collect(child, text, boxes, depth + 1, runs)


def _rows(table: ElementTree.Element, depth: int, runs: Runs) -> Iterator[tuple[Cell, ...]]:
    slivers = _slivers(table)
    for row in _inside(table, "tr"):
        if _is_hidden(row):
            continue
        before = _count(find(row, "trPr", "gridBefore"))
        cells = [
            *_gap(before),
            *(_cell(cell, depth, runs) for cell in _inside(row, "tc") if find(cell, "tcPr", "cellDel") is None),
        ]
        yield tuple(_without(cells, slivers))


def _is_hidden(row: ElementTree.Element) -> bool:
    """Whether a row was deleted or hidden, or is too low to hold a line."""
    height = find(row, "trPr", "trHeight")
    low = value_of(height, "hRule") == "exact" and _count(height) < SLIVER
    return low or any(find(row, "trPr", name) is not None for name in ("del", "hidden"))


def _slivers(table: ElementTree.Element) -> set[int]:
    """Columns too narrow to hold anything: converters leave them where edges of rows miss each other."""
    grid = find(table, "tblGrid")
    widths = [value_of(column, "w") or "" for column in (() if grid is None else grid)]
    return {at for at, width in enumerate(widths) if width.isdecimal() and len(width) < 9 and int(width) < SLIVER}


def _without(cells: Iterable[Cell], slivers: set[int]) -> Iterator[Cell]:
    """The cells of a row with their spans as if those columns were not there."""
    at = 0
    for cell in cells:
        across = sum(column not in slivers for column in range(at, at + cell.colspan))
        at += cell.colspan
        if across or any(cell.blocks):
            yield replace(cell, colspan=max(1, across))


def _inside(parent: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Children called ``name``, also through content controls and tracked changes around them."""
    for child in parent:
        if name_of(child) == name:
            yield child
        elif name_of(child) in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
            yield from _inside(child, name)


def _gap(columns: int) -> tuple[Cell, ...]:
    return (Cell(colspan=columns),) if columns else ()


def _count(element: ElementTree.Element | None) -> int:
    value = value_of(element) or "0"
    return int(value) if value.isdecimal() and len(value) < 6 else 0


def _cell(cell: ElementTree.Element, depth: int, runs: Runs) -> Cell:
    """A cell; one merged from above holds nothing, whatever is left in it out of sight. A picture is not read."""
    across = min(max(1, _count(find(cell, "tcPr", "gridSpan"))), MAX_SPAN)
    for merge in (find(cell, "tcPr", "vMerge"), find(cell, "tcPr", "hMerge")):
        if merge is not None and value_of(merge) in (None, "continue"):
            return Cell(colspan=across)
    found = _blocks(cell, depth + 1, runs.inside(cell, "tcPr", "tcStyle"))
    short = all(isinstance(block, str) for block in found) and sum(map(len, map(str, found))) <= SHORT
    pictured = short and any(name_of(inner) in _PICTURES for inner in cell.iter())
    return Cell((*found, UNREAD) if pictured else tuple(found), colspan=across)
