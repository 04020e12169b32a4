"""政府信息公开工作年度报告: the annual report on open government information.

Sources of the rules: the form of 国办公开办函〔2019〕60号 (edition 2019, reports for 2019 and 2020) and
of 国办公开办函〔2021〕30号 (edition 2021, reports for 2021 on). The balance of table 3 is printed on the
form itself (勾稽关系); the other sums follow from its layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from schemas.form import (
    Agreement,
    Balance,
    Column,
    ColumnSum,
    Form,
    Grid,
    Link,
    Quoted,
    Row,
    RowSum,
    Section,
    Stated,
)
from schemas.ogi_fields import FIELDS

if TYPE_CHECKING:
    from pydantic import BaseModel


def _prose() -> type[BaseModel]:
    from schemas.ogi_record import Prose

    return Prose


def _read_prose(text: str) -> Mapping[str, Quoted]:
    from schemas.ogi_prose import read_prose

    return read_prose(text)


_ISSUED_2021 = (
    Column("issued", ("本年制发件数",)),
    Column("repealed", ("本年废止件数",)),
    Column("in_force", ("现行有效件数",)),
)
_ISSUED_2019 = (
    Column("newly_made", ("本年新制作数量",)),
    Column("newly_published", ("本年新公开数量",)),
    Column("published_total", ("对外公开总数量",)),
)
_DECISIONS_2021 = (Column("decisions", ("本年处理决定数量", "本年度处理决定数量")),)
_DECISIONS_2019 = (
    Column("previous_items", ("上一年项目数量",)),
    Column("change", ("本年增/减",), "change"),
    Column("decisions", ("处理决定数量",)),
)
_NORMATIVE = ("行政规范性文件", "规范性文件")

TABLE2_2021 = Grid(
    id="table2",
    section="table2",
    variant="2021",
    rows=(
        Row(
            "regulations",
            ("规章",),
            _ISSUED_2021,
            ("第二十条第（一）项", "信息内容", "本年制发件数", "本年废止件数", "现行有效件数"),
        ),
        Row("normative_documents", _NORMATIVE, _ISSUED_2021),
        Row(
            "administrative_licences",
            ("行政许可",),
            _DECISIONS_2021,
            ("第二十条第（五）项", "信息内容", "本年处理决定数量"),
        ),
        Row(
            "administrative_penalties",
            ("行政处罚",),
            _DECISIONS_2021,
            ("第二十条第（六）项", "信息内容", "本年处理决定数量"),
        ),
        Row("compulsory_measures", ("行政强制",), _DECISIONS_2021),
        Row(
            "fees",
            ("行政事业性收费",),
            (Column("amount_10k_yuan", ("本年收费金额",), "amount", "万元"),),
            ("第二十条第（八）项", "信息内容", "本年收费金额（单位：万元）"),
        ),
    ),
    header=(("本年制发件数", "本年度制发件数"), ("本年废止件数", "本年度废止件数"), ("现行有效件数",)),
)
TABLE2_2019 = Grid(
    id="table2",
    section="table2",
    variant="2019",
    rows=(
        Row(
            "regulations",
            ("规章",),
            _ISSUED_2019,
            ("第二十条第（一）项", "信息内容", "本年新制作数量", "本年新公开数量", "对外公开总数量"),
        ),
        Row("normative_documents", _NORMATIVE, _ISSUED_2019),
        Row(
            "administrative_licences",
            ("行政许可",),
            _DECISIONS_2019,
            ("第二十条第（五）项", "信息内容", "上一年项目数量", "本年增/减", "处理决定数量"),
        ),
        Row("other_services", ("其他对外管理服务事项",), _DECISIONS_2019),
        Row(
            "administrative_penalties",
            ("行政处罚",),
            _DECISIONS_2019,
            ("第二十条第（六）项", "信息内容", "上一年项目数量", "本年增/减", "处理决定数量"),
        ),
        Row("compulsory_measures", ("行政强制",), _DECISIONS_2019),
        Row(
            "fees",
            ("行政事业性收费",),
            _DECISIONS_2019[:2],
            ("第二十条第（八）项", "信息内容", "上一年项目数量", "本年增/减"),
        ),
        Row(
            "government_procurement",
            ("政府集中采购",),
            (Column("items", ("采购项目数量",)), Column("amount", ("采购总金额",), "amount")),
            ("第二十条第（九）项", "信息内容", "采购项目数量", "采购总金额"),
        ),
    ),
    header=(("本年新制作数量",), ("本年新公开数量",), ("对外公开总数量",)),
)

_APPLICANTS = (
    Column("natural_person", ("自然人",)),
    Column("commercial_enterprise", ("商业企业",)),
    Column("research_institution", ("科研机构",)),
    Column("social_welfare_organization", ("社会公益组织", "社会组织")),
    Column("legal_service_organization", ("法律服务机构",)),
    Column("other_organization", ("其他",)),
    Column("total", ("总计", "合计")),
)


def _row3(id: str, *labels: str, groups: tuple[str, ...] = ()) -> Row:
    return Row(id, labels, _APPLICANTS, groups)


_TABLE3_HEAD = (
    _row3("received", "一、本年新收政府信息公开申请数量"),
    _row3("carried_in", "二、上年结转政府信息公开申请数量"),
    _row3("disclosed", "（一）予以公开", groups=("三、本年度办理结果",)),
    _row3("partially_disclosed", "（二）部分公开（区分处理的，只计这一情形，不计其他情形）", "（二）部分公开"),
    _row3("refused_state_secret", "1.属于国家秘密", groups=("（三）不予公开",)),
    _row3("refused_other_law", "2.其他法律行政法规禁止公开"),
    _row3("refused_three_securities", "3.危及“三安全一稳定”"),
    _row3("refused_third_party_rights", "4.保护第三方合法权益"),
    _row3("refused_internal_affairs", "5.属于三类内部事务信息"),
    _row3("refused_process_information", "6.属于四类过程性信息"),
    _row3("refused_enforcement_file", "7.属于行政执法案卷"),
    _row3("refused_administrative_query", "8.属于行政查询事项"),
    _row3("unavailable_not_held", "1.本机关不掌握相关政府信息", groups=("（四）无法提供",)),
    _row3("unavailable_needs_creation", "2.没有现成信息需要另行制作"),
    _row3("unavailable_unclear", "3.补正后申请内容仍不明确"),
    _row3("not_processed_petition", "1.信访举报投诉类申请", groups=("（五）不予处理",)),
    _row3("not_processed_repeat", "2.重复申请"),
    _row3("not_processed_publication", "3.要求提供公开出版物"),
    _row3("not_processed_excessive", "4.无正当理由大量反复申请"),
    _row3("not_processed_reconfirmation", "5.要求行政机关确认或重新出具已获取信息"),
)
_TABLE3_OTHER_2021 = (
    _row3(
        "other_overdue_correction",
        "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
        "1.申请人无正当理由逾期不补正",
        groups=("（六）其他处理",),
    ),
    _row3(
        "other_unpaid_fee",
        "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请",
        "2.申请人逾期未按收费通知要求缴纳费用",
    ),
    _row3("other_reasons", "3.其他"),
)
_TABLE3_OTHER_2019 = (_row3("other", "（六）其他处理"),)
_TABLE3_FOOT = (
    _row3("processed_total", "（七）总计", "（七）合计"),
    _row3("carried_out", "四、结转下年度继续办理"),
)
_TABLE3_HEADER = tuple(c.labels for c in _APPLICANTS[:5])
_TABLE3_WORDS = (
    "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",
    "申请人情况",
    "法人或其他组织",
    "三、本年度办理结果",
)

TABLE3_2021 = Grid(
    "table3", "table3", _TABLE3_HEAD + _TABLE3_OTHER_2021 + _TABLE3_FOOT, "2021", _TABLE3_HEADER, _TABLE3_WORDS
)
TABLE3_2019 = Grid(
    "table3", "table3", _TABLE3_HEAD + _TABLE3_OTHER_2019 + _TABLE3_FOOT, "2019", _TABLE3_HEADER, _TABLE3_WORDS
)

_RESULTS = {
    "upheld": "结果维持",
    "corrected": "结果纠正",
    "other": "其他结果",
    "pending": "尚未审结",
    "total": "总计",
}
_BLOCKS = {
    "reconsideration": "行政复议",
    "litigation_direct": "未经复议直接起诉",
    "litigation_after_reconsideration": "复议后起诉",
}

TABLE4 = Grid(
    id="table4",
    section="table4",
    rows=(
        Row(
            "cases",
            tuple(_RESULTS.values()),
            tuple(
                Column(f"{block}.{result}", (f"{name}{label}",))
                for block, name in _BLOCKS.items()
                for result, label in _RESULTS.items()
            ),
            tuple(_BLOCKS.values()),
            flat=True,
        ),
    ),
    header=(("行政复议",), ("行政诉讼",), ("未经复议直接起诉",), ("复议后起诉",)),
    words=("行政诉讼",),
)

_OUTCOMES = (*(row.id for row in TABLE3_2021.rows[2:-2]), "other")
_SIX_KINDS = tuple(c.id for c in _APPLICANTS[:-1])


def _edition(variants: Mapping[str, str | None], prose: Mapping[str, object]) -> str | None:
    """Table 2 shows the edition; without it the year decides (the form of 2021 serves reports for 2021 on)."""
    if variants.get("table2"):
        return variants["table2"]
    year = prose.get("year")
    return ("2021" if year >= 2021 else "2019") if isinstance(year, int) else variants.get("table3")


FORM = Form(
    name="ogi-annual-report",
    title="政府信息公开工作年度报告 · annual report on open government information",
    titles=(r"政府信息(与政务)?公开(工作)?(的)?(年度)?(工作)?(年度)?(年)?报",),
    sections=(
        Section("overview", ("总体情况", "基本情况")),
        Section(
            "table2",
            ("主动公开政府信息情况", "主动公开政府信息的情况"),
            ("第二十条第（一）项", "信息内容本年制发件数", "信息内容本年新制作数量"),
        ),
        Section(
            "table3",
            ("收到和处理政府信息公开申请情况", "收到和处理政府信息公开申请的情况", "依申请公开政府信息情况"),
            ("（本列数据的勾稽关系为", "申请人情况自然人", "一、本年新收政府信息公开申请数量"),
            (
                r"(?:未|没有)(?:收到|接到|受理)[^。；;]{0,30}申请",
                r"(?:收到|接到|受理)[^。；;]{0,20}申请\s*0\s*[件条项]",
            ),
        ),
        Section(
            "table4",
            (
                "政府信息公开行政复议、行政诉讼情况",
                "因政府信息公开工作被申请行政复议、提起行政诉讼情况",
                "因政府信息公开被申请行政复议、提起行政诉讼情况",
                "行政复议、行政诉讼情况",
            ),
            ("行政复议行政诉讼结果维持", "结果维持结果纠正其他结果尚未审结"),
            (
                r"(?:未|没有|无)[^。；;]{0,30}(?:行政复议|行政诉讼)[^。；;]{0,20}",
                r"(?:行政复议|行政诉讼)[^。；;]{0,20}(?:均为|为)\s*0",
            ),
        ),
        Section(
            "problems",
            (
                "存在的主要问题及改进情况",
                "存在主要问题及改进情况",
                "存在的主要问题和改进情况",
                "存在的问题及改进情况",
                "主要问题及改进情况",
            ),
        ),
        Section("other", ("其他需要报告的事项", "需要报告的其他事项", "其他需要说明的事项")),
    ),
    tables={
        "table2": (TABLE2_2021, TABLE2_2019),
        "table3": (TABLE3_2021, TABLE3_2019),
        "table4": (TABLE4,),
    },
    identities=(
        RowSum("table3", _SIX_KINDS, "total", "六类申请人之和＝总计 / six kinds of applicant = total"),
        ColumnSum(
            "table3", _OUTCOMES, "processed_total", "三（一）至（六）之和＝（七）总计 / outcomes = processed total"
        ),
        Balance(
            "table3",
            ("received", "carried_in"),
            ("processed_total", "carried_out"),
            "一＋二＝三（七）＋四 / received + carried in = processed + carried out",
        ),
        RowSum("table4", tuple(_RESULTS)[:-1], "total", "四种结果之和＝总计 / four results = total"),
    ),
    fields=FIELDS,
    prose=_prose,
    minimum_sections=4,
    stated=(Stated("published", "count", "parts", "count"),),
    agreements=(Agreement("requests_received", "table3.received.total"),),
    units={
        "table2.fees.amount_10k_yuan": "万元 / 10,000 yuan",
        "table2.government_procurement.amount": "单位照原文 / as printed",
    },
    edition=_edition,
    read_prose=_read_prose,
    subject="organization",
    period="year",
    region=r"^.{1,9}?(?:省|自治区|特别行政区|市|自治州|地区|盟|县|区|旗)",
    links=(
        Link(
            ("table3.carried_out.*",),
            ("table3.carried_in.*",),
            "上年结转下年＝本年上年结转 / carried out last year = carried in this year",
        ),
        Link(
            ("table2.*.in_force",),
            ("table2.*.repealed", "table2.*.in_force"),
            "上年现行有效＋本年制发＝本年废止＋本年现行有效 / in force last year + issued = repealed + in force",
            plus=("table2.*.issued",),
        ),
    ),
    headlines=(
        "table3.received.total",
        "table3.processed_total.total",
        "table3.disclosed.total",
        "table3.carried_out.total",
        "table4.reconsideration.total",
        "table4.litigation_direct.total",
        "table4.litigation_after_reconsideration.total",
    ),
)
