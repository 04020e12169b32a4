"""How many items were published, where the overview counts them in plain clauses and in no other words."""

from __future__ import annotations

import re
from typing import Any

from schemas.compact import Compact

_COUNT = r"(\d{1,3}(?:,\d{3})+|\d{1,8})"
_SITE = (
    r"(?:(?:(?![通过在另由与和及为我本全各])[㐀-鿿]){2,6}(?:省|市|州|县|区|镇|乡))?[省市州县区镇乡局厅委办院馆]?(?:人民)?(?:政府)?(?:门户|官方)?网站"
    r"|(?:政务|官方)?(?:微信)?公众号|(?:政务|官方)?微博|政务新媒体|(?:社区|政务|政务公开|村务)?(?:公告栏|公示栏|宣传栏|公开栏|专栏)"
)
_LEAD = (
    r"(?:[^,]*\)主动公开(?:政府信息)?(?:情况|方面)?[:.]?)?"
    r"(?:20\d\d年(?:度|以来)?|全年|一年来|本年度?|我[局厅委办市县区镇乡]|本[局厅委办]|共|累计)*"
)
_DONE = r"(?:共|累计|共计|全年|主动)*(?:公开|发布|公布|推送|更新)了?"
_MORE = r"(?:共计|共|累计|合计)?"
_PLAIN = re.compile(rf"{_LEAD}{_DONE}(?:各类|各种)?(?:政府|政务|工作)?信息{_MORE}{_COUNT}(余|多)?[条篇]")
_THROUGH = re.compile(
    rf"{_LEAD}(?:通过|在|利用|依托)?({_SITE})上?{_DONE}(?:[^,。;\d“”《》]{{0,30}}?(?:信息|文章))?{_MORE}{_COUNT}(余|多)?[条篇]"
)
_PART = re.compile(rf"([㐀-鿿]{{2,16}}){_COUNT}[条篇件]")
_NO_PART = re.compile(r"通过|发布|公开|推送|以及|其中|微信|网站")
_ITEMS = re.compile(rf"{_COUNT}(?:余|多)?(?:条|篇|则)")
_OTHER_ITEMS = re.compile(
    r"(?:公开|发布|公布|推送|刊登|转载|上传|更新)[^。;,]{0,30}?\d+(?:余|多)?(?:件|份|期|部|个|项|次|幅|场|批|套|种)"
)
_NO_PUBLICATION = re.compile(r"申请|建议|提案|复议|诉讼|答复")
_A_CHANNEL = re.compile(r"网|微信|公众号|平台|栏|微博|媒体|抖音|视频|公报|广播|报纸|渠道")
_SENTENCE = re.compile(r"[^。;]+")
_CLAUSE = re.compile(r"(?:[^,。;]|,(?=\d{3}(?!\d)))+")
_OTHER_TIME = re.compile(r"上一?年|[去前]年|同期|半年|季度|\d月(?!\d)|近[^,]{1,3}年|(?<!年)(?<!年度)以来|累计")
_A_PART = re.compile(r"(?:平台|网上|网络|渠道|乡镇|部门|街道|系统|科室)(?:看|来看|上|统计)?$")
_LAST_WORDS = 12  # letters; before them may stand a heading, whose line ends nowhere here
_OF_WHICH = re.compile(r"[,。;]其中[:,]?([^。;]*)")


def of_another_scope(before: str) -> bool:
    """Whether a clause before a count, in its sentence, says that it is of another time or of a part."""
    ends = (clause[-_LAST_WORDS:] for clause in before.split(",")[:-1])
    return any(_OTHER_TIME.search(end) or _A_PART.search(end) for end in ends)


def published(text: Compact, low: int, high: int, year: object) -> tuple[list[dict[str, Any]], tuple[int, int]] | None:
    """The entries that the clauses between two letters state, and where; None where any count is not plain."""
    overview = text.text[low:high]
    if any(not _NO_PUBLICATION.search(other[0]) for other in _OTHER_ITEMS.finditer(overview)):
        return None
    entries = {clause.end(): (clause, entry) for clause, entry in _entries(overview, year)}
    taken = [clause.span() for clause, _ in entries.values()]
    for which in _OF_WHICH.finditer(overview):
        of = entries.get(which.start())
        if of is None:
            before = _CLAUSE.findall(overview[max(0, which.start() - 60) : which.start()])
            if not before or not _NO_PUBLICATION.search(before[-1]):
                return None
        elif not _add_parts(of[1], which[1]):
            return None
        taken.append(which.span())
    found = _without_repetition([entry for _, entry in entries.values()])
    if not found or not _one_each(found) or _counted_besides(overview, taken, {str(entry["count"]) for entry in found}):
        return None
    return found, (low + min(start for start, _ in taken), low + max(entries))


def _entries(overview: str, year: object) -> list[tuple[re.Match[str], dict[str, Any]]]:
    found = []
    for sentence in _SENTENCE.finditer(overview):
        if set(re.findall(r"(20\d\d)年", sentence[0])) - {str(year)}:
            # Another year's count: what is left of the sentence is counted besides.
            continue
        for clause in _CLAUSE.finditer(overview, *sentence.span()):
            entry = _entry(clause[0], sentence[0])
            if entry and not of_another_scope(overview[sentence.start() : clause.start()]):
                found.append((clause, entry))
    return found


def _entry(clause: str, sentence: str) -> dict[str, Any] | None:
    through, plain = _THROUGH.fullmatch(clause), _PLAIN.fullmatch(clause)
    if through:
        channel, count, more = through.groups()
    elif plain and not _A_CHANNEL.search(sentence):
        channel, (count, more) = None, plain.groups()
    else:
        return None
    return {"channel": channel, "count": _number(count), "approximate": bool(more), "parts": []}


def _add_parts(entry: dict[str, Any], listed: str) -> bool:
    """Whether a list is plain parts that add up to the entry's count; then they are its parts."""
    parts = [_PART.fullmatch(part) for part in re.split(r"[,、]", listed)]
    if not all(part and not _NO_PART.search(part[1]) for part in parts):
        return False
    entry["parts"] = [{"name": part[1], "count": _number(part[2])} for part in parts if part]
    return bool(sum(part["count"] for part in entry["parts"]) == entry["count"])


def _without_repetition(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries without a count that is said again, with no channel."""
    named = {entry["count"] for entry in entries if entry["channel"]}
    return [entry for entry in entries if entry["channel"] or entry["count"] not in named]


def _one_each(entries: list[dict[str, Any]]) -> bool:
    """Whether each channel is counted once, or no channel is named at all."""
    channels = [entry["channel"] for entry in entries]
    return len(set(channels)) == len(channels) and (None not in channels or len(channels) == 1)


def _counted_besides(overview: str, taken: list[tuple[int, int]], counts: set[str]) -> bool:
    """Whether items are counted anywhere else, unless it is the same count again."""
    return any(
        match[1].replace(",", "") not in counts and not any(start <= match.start() < end for start, end in taken)
        for match in _ITEMS.finditer(overview)
    )


def _number(words: str) -> int:
    return int(words.replace(",", ""))
