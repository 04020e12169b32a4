"""Whose report it is and for which year: the title, told from links to other reports and from mentions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schemas.compact import YEAR, Compact, year_of

INTRO = 3000
"""Letters in which title, period and contact stand."""

_LONGEST = 80
_YEAR = re.compile(rf"\(?(?<!\d)({YEAR})(?:年度?|(?=政府信息))\)?")
_ALWAYS = "政府信息"  # in every title
_CORE = re.compile(
    rf"{_ALWAYS}(?:与政务)?公开(?:工作)?(?:情况)?的?(?:{YEAR}年)?度?(?:工作)?(?:情况)?的?(?:年度|年)?(?:工作)?(?:情况)?的?(?:年报|报告?)"
)
_LABEL = re.compile(r"^(?:标题|名称|题名|题目|信息名称|文件名称):")
_BEHIND = re.compile(rf"(?:\(?{YEAR}年度?\)?)?(?:\([^()]{{1,12}}\))?")
_SENTENCE = re.compile(r"[。;,!?:>→《》…]")
_LINK = re.compile(
    r"^(?:\d{1,2}[.、]|[·●■◆>-]|(?:上|下|前|后)一?(?:篇|条|页|则|个)|附件|附:|附\d|相关|链接|返回|更多|往年|往期|历年|历史|推荐|热门|"
    r"阅读|查看|下载|点击|首页|您?(?:现在|当前|所在)|当前|位置|来源|解读|转发|另见|参见|同类)"
)
_HAN = r"㐀-鿿"
_NAME = re.compile(rf"[{_HAN}·、]{{2,40}}(?:\([{_HAN}、]{{2,20}}\))?")
_NO_NAME = re.compile(
    r"信息公开|年度|年报|报告|首页|通知|目录|指南|栏目|专栏|网站|网$|印发|公布|发布|转发|编制|做好|无障碍|字体"
)
_ORGAN_END = re.compile(
    r"(?:局|厅|委|府|办|处|院|会|部|社|队|站|所|中心|公司|学校|大学|学院|中学|小学|馆|团|区|市|县|乡|镇|街道|省|旗|盟|州|室|司|署|行)"
    rf"(?:\([{_HAN}、]{{2,20}}\))?$"
)
_RELATIVE = re.compile(r"^(?:[省县区州旗盟我本各该]|市(?![中南北]区))")
_NO_PLACE = re.compile(
    r"^(?:人民政府|政府|办公室|办公厅|办事处|街道办事处|管理委员会|管委会|委员会)+(?:办公室|办公厅)?$"
)
_PLACE_ALONE = re.compile(r"(?:省|自治区|市|州|盟|县|区|旗|镇|乡|街道)$")
_STEM = "[㐀-鿿]"
_PREFIX = (
    rf"(?:(?:{_STEM}{{2,3}}省|(?:内蒙古|广西壮族|西藏|宁夏回族|新疆维吾尔)自治区))?"
    rf"(?:{_STEM}{{2,5}}?市|{_STEM}{{2,12}}?自治州|{_STEM}{{2,5}}?(?:州|盟|地区))?(?:{_STEM}{{2,5}}?(?:县|区|旗))?"
)
# What a name follows at once. Behind a comma a verb may stand before it.
_BEFORE = r"(?:^|[《(“\":]|由|与|联系|发布|公布|编制|编写|现将)"
_WHOSE = re.compile(rf"{_BEFORE}({_PREFIX})$")
_GOVERNMENT = re.compile("人民政府|街道办事处|办事处")
_VAGUE = re.compile(
    r"^[省市县区州旗盟我本各该两全]|[的和及与或由在对向按]|[全各两]省|[全各两省我本]市|[全各两市我本]县"
)
_NAMED = re.compile(r"(?:发布|公布|公开|编制|编写|制作|撰写)了?(?:本|我)?(?:单位|机关|局)?《([^《》]{8,80})》")


@dataclass(frozen=True)
class Title:
    """A title: the organ and the year it names, each with where it stands among the letters."""

    organ: tuple[int, int] | None
    year: int | None
    year_at: tuple[int, int]

    @property
    def whole(self) -> int:
        """How much of a title it is."""
        return (self.organ is not None) + (self.year is not None)


def titles(text: Compact) -> list[Title]:
    """The titles that stand on lines of their own; where none does, one that the text says it publishes."""
    pieces = text.pieces(INTRO)
    found: dict[int, Title] = {}
    for first, last in _around(_ALWAYS, text, pieces):
        start, end = pieces[first][0], pieces[last][1]
        read = _title(text, start, end) if end - start <= _LONGEST else None
        if read and (read[1] not in found or read[0].whole > found[read[1]].whole):
            found[read[1]] = read[0]
    named = [] if found else [_title(text, *match.span(1)) for match in _NAMED.finditer(text.text, 0, INTRO)]
    return [*found.values(), *(read[0] for read in named if read)]


def _around(words: str, text: Compact, pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last piece of each stretch of up to four pieces with those words in it, short ones first."""
    holding = {bisect_right(pieces, (match.start(), INTRO)) - 1 for match in re.finditer(words, text.text[:INTRO])}
    stretches = {(at - k, at - k + size - 1) for at in holding for size in range(1, 5) for k in range(size)}
    return sorted(((a, b) for a, b in stretches if a >= 0 and b < len(pieces)), key=lambda ab: (ab[1] - ab[0], ab[0]))


def of_period(found: Sequence[Title], years: frozenset[int]) -> tuple[Sequence[Title], Title | None]:
    """The titles of the year that the figures cover (``years``, where stated), and one that names it.

    Titles of other years are links to other reports; where none agrees with the period, no year is read.
    """
    named = [title for title in found if title.year]
    agreeing = [title for title in named if not years or title.year in years]
    if len({title.year for title in agreeing}) != 1:
        return found, None
    return agreeing, agreeing[0]


def _title(text: Compact, start: int, end: int) -> tuple[Title, int] | None:
    """The title that these letters are, with where its last word ends; None where they are anything else."""
    words = text.text[start:end]
    if words.startswith("《") and words.endswith("》"):
        start, words = start + 1, words[1:-1]
    if label := _LABEL.match(words):
        start, words = start + label.end(), words[label.end() :]
    core = _CORE.search(words)
    if core is None or _SENTENCE.search(words) or _LINK.match(words) or not _BEHIND.fullmatch(words, core.end()):
        return None
    years = list(_YEAR.finditer(words))
    if len({year_of(year[1]) for year in years}) > 1:
        return None
    organ = _organ(words[: core.start()])
    if organ is None:
        return None
    name = (start + organ[0], start + organ[1]) if organ[1] else None
    if not years:
        return Title(name, None, (0, 0)), start + core.end()
    at = (start + years[0].start(1), start + years[0].end())
    return Title(name, year_of(years[0][1]), at), start + core.end()


def _organ(head: str) -> tuple[int, int] | None:
    """Where the organ stands in the words before a title; (0, 0) where there is none, None where they are no title."""
    # Years and 关于 as blanks, so that places stay.
    blanked = _YEAR.sub(lambda year: " " * len(year[0]), head).replace("关于", "  ")
    name = blanked.strip().removesuffix("的")
    if not name:
        return 0, 0
    if not is_organ(name):
        return None
    begin = blanked.index(name)
    return begin, begin + len(name)


def is_organ(name: str) -> bool:
    """Whether words look like the name of an organ."""
    return bool(_NAME.fullmatch(name) and _ORGAN_END.search(name) and not _NO_NAME.search(name))


def organ_of(text: Compact, chosen: Sequence[Title]) -> tuple[int, int] | None:
    """The organ that these titles name, by its fullest name in the text; None where they differ, or name a place alone."""
    names = {text.text[slice(*title.organ)]: title.organ for title in chosen if title.organ}
    below = _below(text, chosen) if not names else None
    if below:
        names[text.text[slice(*below)]] = below
    name = max(names, key=len, default="")
    if not name or not all(name.endswith(other) for other in names) or _NO_PLACE.match(name):
        return None
    at = names[name]
    if _PLACE_ALONE.search(name):
        government = _government(text, name)
        if government is None and not name.endswith(("镇", "乡", "街道")):
            return None
        at = government or at
        name = text.text[slice(*at)]
    at = _fullest(text, name) or at
    return None if _RELATIVE.match(text.text[slice(*at)]) else at


def _government(text: Compact, place: str) -> tuple[int, int] | None:
    """Where the text names the government of a place."""
    for start in _all(text, place):
        if behind := _GOVERNMENT.match(text.text, start + len(place)):
            return start, behind.end()
    return None


def _all(text: Compact, name: str) -> Iterator[int]:
    """Where a name stands among the first letters."""
    at = text.text.find(name, 0, INTRO)
    while at >= 0:
        yield at
        at = text.text.find(name, at + 1, INTRO)


def _below(text: Compact, chosen: Iterable[Title]) -> tuple[int, int] | None:
    """The organ on the line under a title that names none."""
    pieces = text.pieces(INTRO)
    ends = {title.year_at[0] for title in chosen if title.year}
    for (start, end), (below, after) in pairwise(pieces):
        name = text.text[below:after]
        if any(start <= at < end for at in ends) and is_organ(name) and not _PLACE_ALONE.search(name):
            return None if _RELATIVE.match(name) or _NO_PLACE.match(name) else (below, after)
    return None


def _fullest(text: Compact, name: str) -> tuple[int, int] | None:
    """The name with the province, city or county that the text itself puts before it, always the same."""
    found: dict[str, tuple[int, int]] = {}
    for at in _all(text, name):
        before = _WHOSE.search(text.text, max(0, at - _LONGEST), at)
        if before and before[1] and not _VAGUE.match(before[1]):
            found.setdefault(before[1], (before.start(1), at + len(name)))
    longest = max(found, key=len, default="")
    return found[longest] if longest and all(longest.endswith(one) for one in found) else None
