"""Whom to ask about a report: each part of the contact behind its label, where the text gives only one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.compact import Compact

_ASK = re.compile(r"联系|咨询|疑问|意见|建议|垂询|办公地址|通讯地址")
_ADDRESS = re.compile(
    r"(?<!网站)(?<!下载)(?<!查询)(?<!链接)(?<!邮箱)(?<!查阅)(?<!浏览)(?<!网络)(?<!邮件)地址(?:为|是|在|位于)?:?"
)
_LABELLED = re.compile(r"[(,;。:](?:办公|联系)?地址|^(?:联系|办公|通讯|单位)|[:为是]$")
_NEXT = re.compile(
    r"[,;。:、]?(?:邮编|邮政|邮码|(?:联系|咨询|办公|值班|监督)?电话|电话|传真|电子|邮箱|网址|网站|E-?mail|联系|[一二三四五六七]、)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"[路街道巷弄号村镇乡区县市楼院园室厦厅层]")
_PLACE_END = re.compile(r"[号室楼层院幢栋座厅厦路街道村镇乡县区园心馆站所部门口旁侧内处社组局委府A-Za-z0-9)]$")
_POSTCODE = re.compile(r"(?:邮编|邮政编码|邮码)(?:号码)?(?:为|是)?:?(\d{6})(?!\d)")
_PHONE = re.compile(
    r"(?P<label>(?:监督|举报|投诉|服务|传真)?)(?:电话|联系方式|热线|手机)(?:号码)?(?:[(/、和及](?:兼)?传真\)?)?(?:为|是)?:?"
    r"(?P<value>1[3-9]\d{9}|(?:\(0\d{2,3}\)-?|0\d{2,3}-?)?[1-9]\d{6,7}(?:-\d{1,5}|\(?转\d{1,5}\)?)?)(?P<more>[、,/;或和]?\d)?"
)
_EMAIL = re.compile(
    r"(?:邮箱|邮件|e-?mail)[^@。;]{0,12}?(?<![\w.+-])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.IGNORECASE | re.ASCII
)
_WEBSITE = re.compile(
    r"(?<![\w@.-])(https?://[\w./:%?&=~#-]+|(?:[a-z0-9-]+\.){1,5}(?:cn|com|net|org)(?:/[\w./:%?&=~#-]*)?)(?!@)",
    re.IGNORECASE | re.ASCII,
)


def contact(text: Compact, limit: int) -> dict[str, tuple[int, int]]:
    """Where each part stands among the first ``limit`` letters; a part given twice and differently is left out."""
    found = {}
    for name, read in (("address", _addresses), ("postcode", _postcodes), ("phone", _phones), ("email", _emails)):
        places = {_same(text, at): at for at in read(text, limit)}
        if len(places) == 1:
            found[name] = next(iter(places.values()))
    if len(found) < 2 and not _ASK.search(text.text, 0, limit):
        return {}
    if found and (site := _website(text, limit)):
        found["website"] = site
    return found


def _same(text: Compact, at: tuple[int, int]) -> str:
    return re.sub(r"[-()]", "", text.text[slice(*at)]).lower()


def _addresses(text: Compact, limit: int) -> Iterator[tuple[int, int]]:
    for label in _ADDRESS.finditer(text.text, 0, limit):
        end = _address_end(text.text, label.end())
        value = text.text[label.end() : end]
        if not _LABELLED.search(text.text[max(0, label.start() - 2) : label.end()]):
            continue
        if not 4 <= len(value) <= 50 or not _PLACE.search(value) or re.search(r"[@《》]|www|http", value):
            continue
        if "\n" not in text.between(label.end(), end) or _PLACE_END.search(value):
            yield label.end(), end


def _address_end(text: str, start: int) -> int:
    """Where an address ends: at punctuation or the next label, outside the brackets it has itself."""
    depth = 0
    for at in range(start, min(len(text), start + 60)):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth < 0:
                return at
        elif not depth and (text[at] in ",;。:" or _NEXT.match(text, at)):
            return at
    return min(len(text), start + 60)


def _postcodes(text: Compact, limit: int) -> Iterator[tuple[int, int]]:
    for match in _POSTCODE.finditer(text.text, 0, limit):
        yield match.span(1)


def _phones(text: Compact, limit: int) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text.text, 0, limit):
        if not match["label"]:
            yield match.span("value")
            if match["more"] or not _one_number(text.between(*match.span("value"))):
                # A second number behind the same label: which is meant cannot be said.
                yield match.span()[0], match.end() - 1


def _one_number(printed: str) -> bool:
    """Whether the digits of a phone number stand together, in groups as they are printed."""
    number = re.split("转", printed)[0]
    groups = re.findall(r"\d+", number)
    apart = re.search(r"\d\s+\d", number) is not None
    plain = re.search(r"[^\d\s()（）—–‐―−-]|\n", number) is None
    return plain and not (apart and (len(groups[-1]) < 3 or any(len(group) > 6 for group in groups[:-1])))


def _emails(text: Compact, limit: int) -> Iterator[tuple[int, int]]:
    for match in _EMAIL.finditer(text.text, 0, limit):
        if not re.search(r"[\s|]", text.between(*match.span(1))):
            yield match.span(1)


def _website(text: Compact, limit: int) -> tuple[int, int] | None:
    found = {}
    for match in _WEBSITE.finditer(text.text, 0, limit):
        value = match[1].rstrip(".-")
        if not re.search(r"[\s|]", text.between(*match.span(1))):
            found[value.lower()] = (match.start(1), match.start(1) + len(value))
    return next(iter(found.values())) if len(found) == 1 else None
