"""What patterns can settle in the prose of an annual report: organ, year, period, contact, two plain facts.

Each value comes with the words that carry it. Where two places of the text disagree, or no pattern
fits, the field stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.form import Quoted

_FOLD = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_DROPPED = frozenset("#*|`")
_INTRO = 3000  # letters in which title, period and contact stand
_CHINESE_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")

_TITLE = re.compile(r"政府信息(?:与政务)?公开(?:工作)?(?:的)?(?:年度)?(?:工作)?(?:情况)?(?:的)?(?:年度)?(?:年)?报")
_YEAR = re.compile(r"(20\d\d|二[〇○零]\w\w)年")
_ORGAN = re.compile(r"[㐀-鿿()·]{2,40}")
_ORGAN_END = "局厅委府办处院会部社队站所中心公司学校馆团区市县乡镇室司署行"
_PREFIX = re.compile(r"((?:[㐀-鿿]{2,7}?(?:自治区|自治州|省|市|州|盟|地区))+)$")
_NO_NAME = re.compile(r"^.*(?:报告由|[由与和及在请对为是经按据将向同现])")
_DAY = r"(\d{1,2})月(\d{1,2})日"
_PERIOD = re.compile(rf"(20\d\d)年{_DAY}(?:起|开始)?[,，]?(?:至|到|-|—|–|~|～)+(?:(20\d\d)年|同年|当年)?{_DAY}")
_CONTACT = {
    "address": re.compile(
        r"地址(?:为|是)?[::]?([^,，;；。:：]{4,60}?)(?=[,，;；。]|\)[.。,，]|\)$|邮编|邮政编码|联系电话|电话|电子邮|传真)"
    ),
    "postcode": re.compile(r"邮(?:政)?编(?:码)?(?:为|是)?[::]?(\d{6})(?!\d)"),
    "phone": re.compile(
        r"电话(?:号码)?(?:为|是)?[::]?((?:\(?0\d{2,3}\)?[-—–]*)?\d{7,8}(?:[-—转]\d{1,5})?|1\d{10}|\d{5})(?!\d)"
    ),
    "email": re.compile(
        r"(?:邮箱|邮件|e-?mail)[^@。;；]{0,12}?([\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.IGNORECASE | re.ASCII
    ),
    "website": re.compile(r"((?:https?://|www\.)[\w./:%?&=~-]+)", re.IGNORECASE | re.ASCII),
}
_UNIT = "(?:件|条|份|宗|项|次|起|个)"
_RECEIVED = re.compile(
    rf"(?:收到|受理|接收|接到)[^。;；\d]{{0,30}}?(?:申请|依申请公开政府信息)[^。;；\d,，]{{0,6}}(\d{{1,8}}){_UNIT}"
)
_NONE_RECEIVED = re.compile(r"(?:未|没有)(?:收到|接到|受理)(?:过)?(?!因|由)[^。;；,，]{0,30}(?:申请|依申请公开)")
_NO_FEE = re.compile(r"(?:未|没有|无|不存在|没)[^。;；]{0,12}(?:收取|产生|收)[^。;；]{0,24}(?:信息处理费|费用|收费)")
_FEE = re.compile(r"收取[^。;；\d]{0,24}信息处理费[^。;；\d]{0,6}(\d+(?:\.\d+)?)(?:万)?元")


@dataclass(frozen=True)
class _Compact:
    """The text without white space and Markdown marks, and where each letter stands in the source."""

    source: str
    text: str
    at: tuple[int, ...]

    @classmethod
    def of(cls, source: str) -> _Compact:
        folded = source.translate(_FOLD)
        at = tuple(i for i, c in enumerate(folded) if not c.isspace() and c not in _DROPPED)
        return cls(source, "".join([folded[i] for i in at]), at)

    def printed(self, start: int, end: int) -> str:
        """The words as printed, line ends joined."""
        return re.sub(r"\s*\n\s*", "", self.source[self.at[start] : self.at[end - 1] + 1])

    def quoted(self, value: object, start: int, end: int) -> Quoted:
        """``value`` with the words between two offsets of the compact text."""
        return Quoted(value, self.printed(start, end), self.at[start])


def read_prose(text: str) -> Mapping[str, Quoted]:
    """Fields of the record by name, for those that the text states in a form a pattern settles."""
    compact = _Compact.of(text)
    return {name: quoted for name, quoted in _fields(compact) if quoted is not None}


def _fields(text: _Compact) -> Iterator[tuple[str, Quoted | None]]:
    start, end = _period(text)
    yield "organization", _organization(text)
    yield "year", _year(text) or _year_of(start)
    yield "period_start", start
    yield "period_end", end
    yield "contact", _contact(text)
    yield "requests_received", _received(text)
    yield "information_fee_charged", _fee(text)


def _title(text: _Compact) -> re.Match[str] | None:
    return _TITLE.search(text.text, 0, _INTRO)


def _title_start(text: _Compact, title: re.Match[str]) -> int:
    """Offset of the title's first letter: its own line, or the lines before it that name the organ."""
    offset = text.at[title.start()]
    begins = text.source.rfind("\n", 0, offset) + 1
    line = re.sub(r"[\s#*\d年度关于的〇二三四五六七八九]", "", text.source[begins:offset])
    if len(line) < 3:
        before = text.source[:begins].rstrip(" \n\t#*")
        begins = before.rfind("\n") + 1
    return next((i for i, at in enumerate(text.at) if at >= begins), title.start())


def _year(text: _Compact) -> Quoted | None:
    title = _title(text)
    if title is None:
        return None
    start = _title_start(text, title)
    match = _YEAR.search(text.text, start, title.end() + 14)
    if match is None:
        return None
    return text.quoted(int(match[1].translate(_CHINESE_DIGITS)), match.start(), match.end())


def _year_of(start: Quoted | None) -> Quoted | None:
    return Quoted(start.value.year, start.quote, start.at) if start and isinstance(start.value, date) else None


def _organization(text: _Compact) -> Quoted | None:
    title = _title(text)
    if title is None:
        return None
    start = _title_start(text, title)
    head = re.sub(r"\(?(?:20\d\d|二[〇○零]\w\w)年(?:度)?\)?", "\n", text.text[start : title.start()])
    names = [n for n in re.findall(_ORGAN, head.replace("关于", "\n")) if n[-1] in _ORGAN_END]
    if not names:
        return None
    name = max(names, key=len)
    at = text.text.find(name, start)
    full, at = _full_name(text, name, at)
    return text.quoted(full, at, at + len(full))


def _full_name(text: _Compact, name: str, at: int) -> tuple[str, int]:
    """The name with the province or city that the text itself puts before it."""
    for match in re.finditer(re.escape(name), text.text[:_INTRO]):
        before = _NO_NAME.sub("", text.text[max(0, match.start() - 16) : match.start()])
        before = re.split(r"[^㐀-鿿]", before)[-1]
        prefix = _PREFIX.search(before)
        if prefix and prefix[1] == before:
            return prefix[1] + name, match.start() - len(prefix[1])
    return name, at


def _period(text: _Compact) -> tuple[Quoted | None, Quoted | None]:
    match = _PERIOD.search(text.text, 0, _INTRO)
    if match is None:
        return None, None
    first, month, day, last, last_month, last_day = match.groups()
    try:
        start = date(int(first), int(month), int(day))
        end = date(int(last or first), int(last_month), int(last_day))
    except ValueError:
        return None, None
    return text.quoted(start, match.start(), match.end()), text.quoted(end, match.start(), match.end())


def _contact(text: _Compact) -> Quoted | None:
    found: dict[str, str | None] = dict.fromkeys(_CONTACT)
    places: list[int] = []
    for name, pattern in _CONTACT.items():
        match = pattern.search(text.text, 0, _INTRO)
        if match:
            found[name] = text.printed(match.start(1), match.end(1))
            places += [match.start(1), match.end(1)]
    if not places or not any(found[name] for name in ("address", "postcode", "phone", "email")):
        return None
    return text.quoted(found, min(places), max(places))


def _received(text: _Compact) -> Quoted | None:
    """Applications received, where every sentence that counts them says the same."""
    body = text.text[: _tables_begin(text)]
    said = [(int(m[1]), m) for m in _RECEIVED.finditer(body)]
    said += [(0, m) for m in _NONE_RECEIVED.finditer(body)]
    if len({count for count, _ in said}) != 1:
        return None
    count, match = said[0]
    return text.quoted(count, match.start(), match.end())


def _fee(text: _Compact) -> Quoted | None:
    """Whether a fee was charged, where every sentence before and behind the tables says the same."""
    said: list[tuple[bool, re.Match[str]]] = []
    for low, high in ((0, _tables_begin(text)), (_tables_end(text), len(text.text))):
        said += [(float(m[1]) > 0, m) for m in _FEE.finditer(text.text, low, high)]
        said += [(False, m) for m in _NO_FEE.finditer(text.text, low, high)]
    if len({charged for charged, _ in said}) != 1:
        return None
    charged, match = said[0]
    return text.quoted(charged, match.start(), match.end())


def _tables_begin(text: _Compact) -> int:
    match = re.search(r"第二十条第\(一\)项|信息内容本年|主动公开政府信息情况第二十条", text.text)
    return match.start() if match else len(text.text)


def _tables_end(text: _Compact) -> int:
    ends = [match.end() for match in re.finditer(r"结转下年度继续办理|尚未审结", text.text)]
    return max(ends, default=0)
