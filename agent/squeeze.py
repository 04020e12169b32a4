"""The text as labels are looked for in it: full width folded, spaces and punctuation out, places kept."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache

from schemas.fold import Fold

_FOLD = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF5C}
_FOLD.update({ord(a): b for a, b in ("　 ", "〔(", "〕)", "【(", "】)", "−-", "–-", "—-", "―-", "﹣-", "‐-", "‑-")})
_FOLD.update(dict.fromkeys((0xA0, 0x2002, 0x2003, 0x2009, 0x202F), " "))
_FOLD.update({ord(mark): " " for mark in "*#`\\"})
_TABLE = Fold(_FOLD)
_LOWER = {code: chr(code + 32) for code in range(65, 91)}

_RULE = re.compile(r"(?=.*--)[\s|:+=-]*")
_FOOTER = re.compile(
    r"^[\s|]*(?:-\s*\d{1,3}\s*-|第\s*\d{1,3}\s*页(?:[,，/\s]*共\s*\d{1,3}\s*页)?|(?i:page)\s*\d+(?:\s*(?:of|/)\s*\d+)?)[\s|]*$"
)


# A cell, or a word behind a figure, of nothing but these marks is a figure that cannot be read, no Markdown.
_MASKED = re.compile(
    r"(?:(?<=[\t|])|(?<=\d ))[ ]*[#*＊＃]+(?=[ ]*(?:[\t|\n]|$))|(?<=[㐀-鿿] )[#*]{3,}(?=[ ]*(?:\n|$))"
    r"|(?<=\n)#{2,}(?=\n)|(?<=[^\n]\n)\*{3,}(?=\n)"
)
_FOOTER_INSIDE = re.compile(r"(?<=[ \t]{2})(?:- ?\d{1,3} ?-|第 ?\d{1,3} ?页(?: ?共 ?\d{1,3} ?页)?)(?=[ \t]{2})")

_LAST_BAR = re.compile(r"\|\s*$")


def normal(text: str) -> str:
    """The text of one line or label, character for character: full width as ASCII, Markdown marks as spaces."""
    return text.translate(_TABLE)


def normal_line(line: str) -> str:
    """A line of the source, same length: pipes of a table row as tabs; rulers and page footers as spaces."""
    return _rows_and_footers(normal(line))


def _rows_and_footers(folded: str) -> str:
    suspect = "-" in folded or "页" in folded or "age" in folded
    if suspect and (_FOOTER.match(folded) or ("|" in folded and _RULE.fullmatch(folded))):
        return " " * len(folded)
    if suspect and "  " in folded:  # a document in one line
        folded = _FOOTER_INSIDE.sub(lambda footer: " " * len(footer.group()), folded)
    if folded.count("|") < 2 and " | " not in folded:
        return folded
    # The last bar of a row ends a cell, it begins none.
    return _LAST_BAR.sub(lambda end: " " * len(end[0]), folded).replace("|", "\t")


@lru_cache(maxsize=4096)
def squeeze(text: str) -> str:
    """A label as it is looked for: letters and digits only."""
    return "".join(c for c in normal(text).translate(_LOWER) if c.isalnum())


def opened(full: str, begin: int) -> int:
    """``begin`` with the brackets and quotes that open what stands there."""
    while begin > 0 and full[begin - 1] in "([{<《〈“‘【「":
        begin -= 1
    return begin


@dataclass(frozen=True)
class Squeezed:
    """``full``: the whole text, as long as the source; ``text``: its letters and digits; ``at``: where each stands."""

    full: str
    text: str
    at: tuple[int, ...]

    @classmethod
    def of(cls, lines: tuple[str, ...]) -> Squeezed:
        """The squeezed form of a document's lines."""
        text = _MASKED.sub(lambda mask: "?".rjust(len(mask[0])), "\n".join(lines))
        full = "\n".join(_rows_and_footers(line) for line in normal(text).split("\n"))
        at = tuple([i for i, c in enumerate(full) if c.isalnum()])
        return cls(full, "".join([full[i] for i in at]).translate(_LOWER), at)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.full))]

    def line(self, offset: int) -> int:
        """Number of the line, from 1, on which the character at ``offset`` of ``full`` stands."""
        return bisect_right(self._starts, offset)

    def line_start(self, line: int) -> int:
        """Offset of the first character of ``line`` (from 1)."""
        return self._starts[line - 1]

    def rest_of_line(self, offset: int) -> str:
        """What stands from ``offset`` of ``full`` to the end of its line."""
        end = self.full.find("\n", offset)
        return self.full[offset:] if end < 0 else self.full[offset:end]

    def index(self, offset: int) -> int:
        """Index into ``text`` of the first kept character at or after ``offset`` of ``full``."""
        return bisect_right(self.at, offset - 1)
