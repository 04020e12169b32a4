"""A report's text as patterns read it: white space and Markdown marks out, every letter's place kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.fold import Fold
from schemas.form import Quoted

_FOLD = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FOLD.update({ord(a): b for a, b in ("〔(", "〕)", "【(", "】)", "—-", "–-", "‐-", "―-", "−-")})
_TABLE = Fold(_FOLD)
_DROPPED = frozenset([*"#*|`\\", *(chr(code) for code in range(0x3001) if chr(code).isspace())])
_GAP = re.compile(r"\n|\t|\||[ 　]{4,}|　{2,}")
_DIGITS = str.maketrans("〇○零Oo一二三四五六七八九", "00000123456789")

YEAR = r"(?:20\d\d|[二2][〇○零0Oo][〇○零一二三四五六七八九0-9Oo]{2})"
"""A year, in digits or in words."""


@dataclass(frozen=True)
class Compact:
    """``text``: the letters of ``source``, full width folded; ``at``: where each stands in ``source``."""

    source: str
    text: str
    at: tuple[int, ...]

    @classmethod
    def of(cls, source: str) -> Compact:
        """The compact form of a text."""
        folded = source.translate(_TABLE)
        at = tuple([i for i, c in enumerate(folded) if c not in _DROPPED])
        return cls(source, "".join([folded[i] for i in at]), at)

    def between(self, start: int, end: int) -> str:
        """The source from one letter to before another, as it stands."""
        return self.source[self.at[start] : self.at[end - 1] + 1]

    def printed(self, start: int, end: int) -> str:
        """The same as printed, line ends joined."""
        return re.sub(r"\s*\n\s*", "", self.between(start, end))

    def quoted(self, value: object, start: int, end: int) -> Quoted:
        """``value`` with the words between two letters."""
        return Quoted(value, self.printed(start, end), self.at[start])

    def pieces(self, limit: int) -> list[tuple[int, int]]:
        """Lines and cells with anything in them, as pairs of letters, among the first ``limit`` letters."""
        found = [0]
        for i in range(1, min(limit, len(self.at))):
            if self.at[i] - self.at[i - 1] > 1 and _GAP.search(self.source, self.at[i - 1] + 1, self.at[i]):
                found.append(i)
        ends = [*found[1:], min(limit, len(self.at))]
        return [(start, end) for start, end in zip(found, ends, strict=True) if end > start]


def year_of(words: str) -> int:
    """The year that words of the form ``YEAR`` say."""
    return int(words.translate(_DIGITS))
