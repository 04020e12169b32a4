"""What patterns can settle in the prose of an annual report: organ, year, period, contact, three plain facts.

Each value comes with the words that carry it. Where two places of the text disagree, or no pattern
fits, the field stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from schemas import ogi_contact, ogi_published, ogi_title
from schemas.compact import YEAR, Compact, year_of
from schemas.form import Quoted
from schemas.ogi_title import INTRO

_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_DAY = rf"({_NUMBER})月({_NUMBER})日"
_PERIOD = re.compile(
    rf"(?<!\d)({YEAR})年{_DAY}(?:起|开始)?,?(?:至|到|止于|-|~)+(?:(?<!\d)({YEAR})年|同年|当年|本年)?{_DAY}(?!以前|之前)"
)
_OF_THE_FIGURES = re.compile(r"统计|数据|期限|时限|时段|周期|所列|报告期")
_ONES = "〇一二三四五六七八九"
_FIRST_SECTION = re.compile(r"一、[^。;,]{0,12}(?:总体|基本|工作|概)[^。;,]{0,4}(?:情况|概况)")

_WITHIN = r"[^。;,]"
_UNIT = "(?:件|条|份|宗|项|次|起|个|例)"
_TAKEN = r"(?:收到|受理|接收|接到)"
_REQUEST = r"(?:政府信息公开申请|信息公开申请|依申请公开|申请)"
_FILLING = r"(?:政府信息|信息|事项|件数|办件|申请|数量|总数|总量|来信|来函|共计|总计|合计|累计|件|数|的|共|为|有|:)*"
_AFTER = r"(?=[。;,()]|(?:政府)?信息|情况|事项|件|[的]?(?:要求|请求|来信)|且|也|和|及|或|[一二三四五六]、|$)"
_RECEIVED = re.compile(
    rf"{_TAKEN}(?P<what>[^。;,\d]{{0,30}}?{_REQUEST}){_FILLING}(?P<count>\d{{1,3}}(?:,\d{{3}})+|\d{{1,8}}){_UNIT}"
    r"(?!\([^()]*(?:上年|结转|上一年))"
)
_RECEIVED_FIRST = re.compile(
    rf"{_TAKEN}(?:各类|共计|共)?(?P<count>\d{{1,8}}){_UNIT}(?P<what>[^。;,\d]{{0,20}}?{_REQUEST}){_AFTER}"
)
_NONE_RECEIVED = re.compile(
    rf"(?:未|没有|尚未|从未|没){_TAKEN}(?:过|任何)?(?P<what>[^。;,\d]{{0,40}}?{_REQUEST}){_AFTER}"
    r"(?!(?:情况|事项|件)?(?:引|导致|被|提起|行政|复议|诉讼|产生|发生|办结|答复))"
)
_NO_REQUEST = re.compile(
    r"(?:没有|无)(?P<what>政府信息公开申请|依申请公开(?:政府信息|事项|申请|件)?)(?=[。;,]|情况|事项|$)"
)
_OF_INFORMATION = re.compile(r"信息公开|公开信息|政府信息|政务信息|依申请|申请公开")
# What makes it another count: one channel or applicant only, another year, another kind of application.
_PARTIAL = re.compile(
    r"因|由|引起|复议|诉讼|信访|投诉|举报|许可|救助|补助|补贴|登记|网络|网上|网站|网页|线上|在线|线下|平台|当面|现场|窗口|信函|邮寄|邮件|邮箱|传真|电话|"
    r"书面|口头|渠道|自然人|企业|上年|上一年|去年|结转|增|减|较|比|其中|答复|办结|办理|处理|转办|撤回|不予|重复|更正|涉及|要求提供|逾期|超|部门|单位|"
    r"季度|半年|约|近|余"
)
_ANYBODY = re.compile(r"公民|法人|其他组织|群众|公众|社会|各界|提交|提出|任何|各类|有效|依|的|、|和|或|及|申请")
_ALSO_DONE = re.compile(r"(?:并|和|及|、)(?:依法|及时|按时|按期)?(?:答复|处理|办理|办结|受理)")
_WHOLE = re.compile(r"公民、?法人|法人(?:和|或|及|或者)?其他组织|向?我?[局办委镇乡县区市]?(?:机关|单位|部门)")
_PART_OF_YEAR = re.compile(r"季度|半年|\d月份|月至|月起|期间|[上去]一?年|同期|其中|比")
# Right before it: one channel of several that are counted one by one, or no more than a case that may come.
_ONE_CHANNEL = re.compile(
    r"(?:^|[^、和及])(?:网上|网络|线上|线下|当面|现场|窗口|信函|邮寄|书面|传真|口头)$|^[如若](?!下)|^假如|^如果"
)
# Anywhere in its sentence, what makes it a count of something else.
_OTHER_SCOPE = re.compile(r"平均|每[年月季周日]|目标|计划|历年|下属|所属|季度|年\d{1,2}月(?!\d)")
_HEADING = re.compile(
    r"(?:[(][一二三四五六七八九十]{1,2}[)]|[一二三四五六七八九十]{1,2}、|(?<!\d)\d{1,2}[.、]|[一二三四五]是)([^。;:,\d]{2,20})"
)

_FEE_NAME = r"(?:信息(?:公开)?处理费|政府信息公开处理费|信息公开(?:工作)?(?:的|相关)?(?:收费|费用))"
_NOT = r"(?:未(?!来)|没有|没|无(?![锡为棣极])|不存在)"
_NO_FEE = re.compile(
    rf"{_NOT}(?:{_WITHIN}{{0,24}}?(?:收取|征收|收缴|产生|发生|涉及|有){_WITHIN}{{0,20}}?|(?:政府信息公开)?){_FEE_NAME}"
)
_NO_COST = re.compile(
    rf"(?:申请|信息公开)[^。;]{{0,30}}{_NOT}{_WITHIN}{{0,20}}?收取(?:过)?(?:任何|其他|相关)?(?:的)?(?:费用|收费)"
)
_FEE = re.compile(
    rf"{_FEE_NAME}(?:收取|收费|总?金额|总额|情况|共计|总计|合计|累计|共|为|:)*(\d+(?:\.\d+)?)(?:万)?元(?!/)"
)
_FEE_FIRST = re.compile(rf"收取{_WITHIN}{{0,20}}?(\d+(?:\.\d+)?)(?:万)?元的?{_FEE_NAME}")
_FEE_NOUGHT = re.compile(rf"{_FEE_NAME}(?:的)?(?:收取|收费)?(?:情况|金额)?(?:为|:)(?:无|零)(?=[。;,]|$)")
_LAST_YEAR = re.compile(r"上一?年|[去前]年|半年|季度")
_WITH_EXCEPTIONS = re.compile(r"除|但|足额|下属|所属|该[件项笔次]|另有|(?:不存在|没有|无|不是|并非)(?:未|没有)")
_OF_A_RULE = re.compile(
    r"违规|违法|乱|擅自|减免|缴|交纳|逾期|不得|严禁|禁止|防止|应当|按规定|除|外|以下|以上|超过|检索|复制|邮寄|标准|规范|公示|及时|按时"
)


def read_prose(text: str) -> Mapping[str, Quoted]:
    """Fields of the record by name, for those that the text states in a form a pattern settles."""
    compact = Compact.of(text)
    return {name: quoted for name, quoted in _fields(compact) if quoted is not None}


def _fields(text: Compact) -> Iterator[tuple[str, Quoted | None]]:
    start, end = _period(text)
    covered = frozenset(q.value.year for q in (start, end) if q and isinstance(q.value, date))
    titles, dated = ogi_title.of_period(ogi_title.titles(text), covered)
    organ = ogi_title.organ_of(text, titles)
    year = _year(text, titles, dated, start if len(covered) == 1 else None)
    yield "organization", text.quoted(re.sub(r"[\s|*#`\\]", "", text.between(*organ)), *organ) if organ else None
    yield "year", year
    yield "period_start", start
    yield "period_end", end
    yield "contact", _contact(text)
    yield "published", _published(text, year)
    yield "requests_received", _received(text, year)
    yield "information_fee_charged", _fee(text, year)


def _year(
    text: Compact, titles: Sequence[ogi_title.Title], dated: ogi_title.Title | None, start: Quoted | None
) -> Quoted | None:
    """The year of the title; of the period where no title names one. Titles of another year alone leave it unread."""
    if dated:
        return text.quoted(dated.year, *dated.year_at)
    if start is None or any(title.year for title in titles):
        return None
    assert isinstance(start.value, date)
    return Quoted(start.value.year, start.quote, start.at)


def _period(text: Compact) -> tuple[Quoted | None, Quoted | None]:
    """First and last day that the figures cover, where the text names only one such period."""
    found: dict[tuple[date, date], tuple[int, int]] = {}
    for match in _PERIOD.finditer(text.text, 0, INTRO):
        first, month, day, last, last_month, last_day = match.groups()
        sentence = re.split("[。;]", text.text[max(0, match.start() - 40) : match.start()])[-1]
        try:
            start = date(year_of(first), _number(month), _number(day))
            end = date(year_of(last or first), _number(last_month), _number(last_day))
        except ValueError:
            return None, None
        whole_year = (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
        if start < end and (whole_year or _OF_THE_FIGURES.search(sentence)):
            found.setdefault((start, end), match.span())
    if len(found) != 1:
        return None, None
    ((start, end), at), *_ = found.items()
    return text.quoted(start, *at), text.quoted(end, *at)


def _number(words: str) -> int:
    if words.isdigit():
        return int(words)
    tens, ten, ones = words.partition("十")
    if not ten:
        return _ONES.index(words)
    return 10 * (_ONES.index(tens) if tens else 1) + (_ONES.index(ones) if ones else 0)


def _contact(text: Compact) -> Quoted | None:
    section = _FIRST_SECTION.search(text.text, 0, INTRO)
    places = ogi_contact.contact(text, section.start() if section else min(INTRO, _tables_begin(text)))
    if not places:
        return None
    found = dict.fromkeys(("address", "postcode", "phone", "email", "website"))
    parts = found | {name: text.printed(*at) for name, at in places.items()}
    return text.quoted(parts, min(at[0] for at in places.values()), max(at[1] for at in places.values()))


def _published(text: Compact, year: Quoted | None) -> Quoted | None:
    section = _FIRST_SECTION.search(text.text, 0, INTRO)
    if section is None:
        return None
    second = re.compile(r"二、[^。;,]{0,6}主动公开").search(text.text, section.end())
    high = min(second.start() if second else len(text.text), _tables_begin(text))
    found = ogi_published.published(text, section.end(), high, year.value if year else None)
    return text.quoted(found[0], *found[1]) if found else None


def _received(text: Compact, year: Quoted | None) -> Quoted | None:
    """Applications received, where every sentence that counts them says the same."""
    said: dict[int, re.Match[str]] = {}
    for pattern in (_RECEIVED, _RECEIVED_FIRST, _NONE_RECEIVED, _NO_REQUEST):
        for match in pattern.finditer(text.text, 0, _tables_begin(text)):
            if _counts_all(text.text, match, year):
                count = match.groupdict().get("count") or "0"
                said.setdefault(int(count.replace(",", "")), match)
    if len(said) != 1:
        return None
    ((count, match),) = said.items()
    return text.quoted(count, match.start(), match.end())


def _counts_all(text: str, match: re.Match[str], year: Quoted | None) -> bool:
    """Whether a count is of all applications for information of the report's year."""
    what = _WHOLE.sub("", _ALSO_DONE.sub("", match["what"]))
    before = re.split("[。;,]", text[max(0, match.start() - 30) : match.start()])[-1]
    heading = [h[1] for h in _HEADING.finditer(text, max(0, match.start() - 400), match.start())]
    anybody = heading and "申请" in heading[-1] and not _ANYBODY.sub("", what)
    about = _OF_INFORMATION.search(match["what"]) or anybody
    if ogi_published.of_another_scope(_clauses_before(text, match)):
        return False
    whole = not (_PARTIAL.search(what) or _PART_OF_YEAR.search(before) or _ONE_CHANNEL.search(before))
    return bool(about and whole and not _OTHER_SCOPE.search(_sentence(text, match))) and _of_year(text, match, year)


def _clauses_before(text: str, match: re.Match[str]) -> str:
    """What stands before a match in its sentence."""
    return re.split("[。;]", text[max(0, match.start() - 60) : match.start()])[-1]


def _sentence(text: str, match: re.Match[str]) -> str:
    """The sentence a match stands in."""
    before, behind = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 40]
    return before.rpartition("。")[2] + match[0] + behind.partition("。")[0]


def _of_year(text: str, match: re.Match[str], year: Quoted | None) -> bool:
    """Whether the clause names no other year than the report's."""
    clause = re.split("[。;]", text[max(0, match.start() - 40) : match.end()])[-1]
    named = {year_of(one) for one in re.findall(rf"(?<!\d)({YEAR})年", clause)}
    return not named or (year is not None and named == {year.value})


def _fee(text: Compact, year: Quoted | None) -> Quoted | None:
    """Whether a fee was charged, where every sentence before and behind the tables says the same."""
    said: dict[bool, re.Match[str]] = {}
    for low, high in ((0, _tables_begin(text)), (_tables_end(text), len(text.text))):
        for pattern in (_FEE, _FEE_FIRST, _NO_FEE, _NO_COST, _FEE_NOUGHT):
            for match in pattern.finditer(text.text, low, high):
                excepted = not pattern.groups and _WITH_EXCEPTIONS.search(_sentence(text.text, match))
                before = _clauses_before(text.text, match)
                other = ogi_published.of_another_scope(before) or _LAST_YEAR.search(
                    before.rpartition(",")[2] + match[0]
                )
                if not (excepted or other or _OF_A_RULE.search(match[0])) and _of_year(text.text, match, year):
                    said.setdefault(bool(pattern.groups and float(match[1])), match)
    if len(said) != 1:
        return None
    ((charged, match),) = said.items()
    return text.quoted(charged, match.start(), match.end())


def _tables_begin(text: Compact) -> int:
    match = re.search(r"第二十条第\(一\)项|信息内容本年|主动公开政府信息情况第二十条", text.text)
    return match.start() if match else len(text.text)


def _tables_end(text: Compact) -> int:
    ends = [match.end() for match in re.finditer(r"结转下年度继续办理|尚未审结", text.text)]
    return max(ends, default=0)
