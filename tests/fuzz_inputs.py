"""Inputs for fuzzing: words to put in, pieces to move about, the reports to begin with, tables out of bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from agent.fits import Cell
from agent.solver import Table
from eval.cases import Case, load_folder
from schemas.form import Equation

ROOT = Path(__file__).parent.parent
FIGURES = ("0", "1", "12", "99999999999999999999", "1,234", "１２", "0.000000000000000001", "-3", "1e9", "O", "〇", "²")
_LAYOUT = ("\t", " ", "\n", "|", "-", "—", "无", "\u3000", "(", "）", "@", "1\t2\t3", "\t\t\t\t\t\t\t")
_HOSTILE = (
    "\0",
    "\u202e",
    "\u2028",
    "\ufeff",
    "\ud800",
    "\x1b[2J",
    "=1+1",
    "<table>",
    "```",
    "&nbsp;",
    "\r",
    "\U000e0041",
)
_LABELS = ("总计", "其他", "（七）总计", "二、", "三、收到和处理政府信息公开申请情况", "合计", "TOTAL", "万元")
TEXT = (*FIGURES, *_LAYOUT, *_HOSTILE, *_LABELS)
MARKUP = ("<td>", "</td>", "<tr>", "<table>", "</table>", 'rowspan="9999"', 'colspan="70000"', "<p>", "<style>", "{",
          "}", "<![if x>", "&#0;", "&#x110000;", "<w:p>", "<w:tc>", "<w:gridSpan w:val='99999'/>", "<w:vMerge/>",
          "</w:tbl>", "display:none", "<!--", "]]>", "&lol;", *FIGURES)  # fmt: skip
JSON = ('"', "{", "}", "[", "]", ",", ":", "null", "NaN", "1e999", "true", "-0", "\\ud800", "\\u0000", "\\", "9" * 30,
        "[" * 3000, '{"a":' * 500, '"content":', '"choices":', '"usage":{"prompt_tokens":', '"error":', '"code":429',
        '"_fields_set":', '"self":', '"message":{', *FIGURES)  # fmt: skip

LIES = ("0", "1", "7", "12", " ", "\\n", "@4", "_", "|", ".", "0 0", *_LABELS)


def mutated(data: bytes, rng: Random, words: Sequence[str], *, text: bool = True) -> bytes:
    """The input changed in a few places: a piece taken out, put in, doubled, moved, or a word for it."""
    if not text:
        return bytes(_changed(list(data), rng, [list(word.encode("utf-8", "surrogatepass")) for word in words]))
    letters = list(data.decode("utf-8", "surrogatepass"))
    return "".join(_changed(letters, rng, [list(word) for word in words])).encode("utf-8", "surrogatepass")


def _changed(items: list[Any], rng: Random, words: Sequence[list[Any]]) -> list[Any]:
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 20))):
        at = rng.randrange(len(items) + 1)
        end = min(len(items), at + rng.choice((0, 1, 1, 2, 4, 10, 100, 1000)))
        piece = items[at:end]
        how = rng.randrange(7)
        if how == 0:
            items[at:end] = []
        elif how == 1:
            items[at:end] = rng.choice(words)
        elif how == 2:
            items[at:at] = rng.choice(words)
        elif how == 3:
            items[at:at] = piece * rng.choice((1, 1, 2, 50))
        elif how == 4 and items:
            to = rng.randrange(len(items))
            items[at:end] = []
            items[to:to] = piece
        elif how == 5:  # what a careless pattern tries again and again
            items[at:at] = rng.choice(words) * rng.choice((30, 300, 3000)) + rng.choice(words)
        elif items:
            items[at % len(items)] = rng.choice(items)
    return items[:200_000]


@cache
def cases() -> tuple[Case, ...]:
    """The gold reports of this project."""
    return tuple(load_folder(ROOT / "eval" / "gold"))


@cache
def receipts() -> tuple[Case, ...]:
    """The gold receipts of this project."""
    return tuple(load_folder(ROOT / "eval" / "gold_receipts"))


@cache
def reports() -> tuple[bytes, ...]:
    """Texts of reports: the gold ones, and generated ones of every layout."""
    from eval.generator import generate
    from eval.layouts import LAYOUTS

    made = (generate(seed, layout=layout).text for layout in LAYOUTS for seed in range(2))
    return tuple(text.encode("utf-8", "surrogatepass") for text in (*(case.text for case in cases()), *made))


def encodings() -> list[bytes]:
    """A text in all encodings that are read, and one that is not."""
    text = cases()[0].text[:1500]
    marked = [text.encode(code) for code in ("utf-8-sig", "utf-16", "gb18030")]
    return [*marked, text.encode("utf-16-le"), text.encode("utf-16-be"), "年度報告".encode("big5"), text.encode()]


def pages() -> list[bytes]:
    """Web pages."""
    from eval.render import html

    return [html(case.text) for case in cases()[:6]]


def word_parts() -> list[bytes]:
    """Main parts of Word documents."""
    from eval.render import docx

    packed = [docx(case.text) for case in cases()[:3]]
    return [zipfile.ZipFile(BytesIO(data)).read("word/document.xml") for data in packed]


# The solver: a table out of bytes.


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.left = data

    def below(self, bound: int) -> int:
        """A small number; 0 where the bytes have run out."""
        taken, self.left = self.left[:2], self.left[2:]
        return int.from_bytes(taken, "big") % bound

    def value(self) -> int | Decimal | None:
        """A figure as a cell may hold it."""
        how = self.below(12)
        if how == 0:
            return None
        if how == 1:
            return self.below(2**16) * 10**11
        if how == 2:
            return Decimal(self.below(10**4)).scaleb(-self.below(22))
        return self.below(9)


def table_of(data: bytes) -> Table:
    """A table of some rows that can each be read in some ways."""
    source = _Bytes(data)
    width, names = 2 + source.below(7), [f"r{n}" for n in range(2 + source.below(10))]
    rows = {}
    for name in names:
        paths = tuple(f"t.{name}.c{i}" for i in range(width))
        ways = []
        for _ in range(source.below(9)):
            way = [source.value() for _ in paths]
            if source.below(3):
                way[-1] = sum((value or 0 for value in way[:-1]), 0)
            ways.append(
                tuple(Cell(value, str(value), 1, i, illegible=source.below(30) == 1) for i, value in enumerate(way))
            )
        rows[name] = (paths, tuple(ways))
    across = [Equation(n, p[:-1], p[-1:], frozenset(p[-1:])) for n, (p, _) in rows.items()]
    down = [
        Equation(f"c{i}", tuple(f"t.{n}.c{i}" for n in names[:-1]), (f"t.{names[-1]}.c{i}",), frozenset())
        for i in range(width)
    ]
    return Table(rows, tuple(across + down))
