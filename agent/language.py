"""What a person is told, in Chinese and in English."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from agent.outcome import Grade, Reason

Language = Literal["zh", "en"]


def choose(asked: str | None = None, environ: Mapping[str, str] = os.environ) -> Language:
    """The language asked for, else that of GOUJI_LANG, else that of the locale, else English."""
    for wish in (asked, *(environ.get(name) for name in ("GOUJI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))):
        if wish:
            return "zh" if wish.lower().startswith("zh") else "en"
    return "en"


TEXTS: Mapping[str, tuple[str, str]] = {
    "accepted": ("已接受", "accepted"),
    "review": ("待复核", "in review"),
    "not_this_form": ("不是这种报告", "not this form"),
    "edition": ("{edition} 版", "edition {edition}"),
    "why": ("理由：{why}", "why: {why}"),
    "reasons": ("复核理由：", "Why it waits in review:"),
    "holding": ("成立的勾稽关系：{count} 项", "Sums that hold: {count}"),
    "failing": ("不成立的勾稽关系：{count} 项", "Sums that fail: {count}"),
    "unchecked": ("无法核对的勾稽关系：{count} 项", "Sums that could not be checked: {count}"),
    "unsure": ("；未能确定读出：{cells}", "; not read for sure: {cells}"),
    "failed_sum": (
        "{what}：{left} ≠ {right}，差 {difference}（{rule}）",
        "{what}: {left} ≠ {right}, difference {difference} ({rule})",
    ),
    "at_lines": ("，第 {lines} 行", ", line {lines}"),
    "findings": ("其他问题：", "Also found:"),
    "warnings": ("提示：", "Warnings:"),
    "heads_way_out": (
        "    办法：对照 gouji forms {form} 的表头；换一份表头完整的报告，或对着原文逐格填写：gouji review serve",
        "    way out: compare its heads with `gouji forms {form}`; read a copy that has them whole, "
        "or type the figures beside the source: gouji review serve",
    ),
    "suspects": ("，最可疑：{cells}", ", suspect: {cells}"),
    "unread": ("未读：{what}", "Unread: {what}"),
    "legend": (
        "✗ 与原文或合计不符　≈ 仅由推算得出　? 未读　空白单元格照原样显示",
        "✗ contradicted   ≈ only derived   ? unread   blank cells as printed",
    ),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "reader": ("读法：{reader}", "Reader: {reader}"),
    "no_calls": ("未调用模型，没有费用", "no model was called, nothing was paid"),
    "calls": (
        "调用模型 {calls} 次，输入 {input} 词元，输出 {output} 词元，{cost}",
        "model calls: {calls}, tokens: {input} in, {output} out, {cost}",
    ),
    "cost": ("费用 {cost} 美元", "{cost} US dollars"),
    "cost_unknown": ("单价未知", "price unknown"),
    "stored": (
        "已存入 {path}，编号 {id}：gouji show {id}{option}",
        "Stored in {path} as {id}: gouji show {id}{option}",
    ),
    "stored_before": (
        "此前已存入 {path}，编号 {id}（{when}）；这次没有重读，没有费用",
        "Stored before in {path} as {id} ({when}); not read again, nothing was paid",
    ),
    "decided": (
        "读出之后已由复核人处理（{status}），现状见：gouji review show {id}{option}",
        "A reviewer has settled it since ({status}); how it stands now: gouji review show {id}{option}",
    ),
    "not_stored": ("未存储", "Not stored"),
    "settle": ("详情：gouji review show {id}{option}", "More: gouji review show {id}{option}"),
    "no_model": (
        "未配置模型：由离线读法阅读，只有模型能读的文字字段列为未读。配置方法：--model 或 GOUJI_MODEL",
        "no model configured: the offline reader reads, and prose only a model can read is listed as unread; "
        "--model or GOUJI_MODEL names one",
    ),
    "source_lines": ("原文：", "The source:"),
    "readings": ("两种读数：", "Both readings:"),
    "one_reading": ("读数：", "The reading:"),
    "figure": ("数字", "figure"),
    "printed": ("原文", "printed"),
    "line": ("行", "line"),
    "grade": ("等级", "grade"),
    "nothing_waits": ("没有待复核的报告", "Nothing waits in review"),
    "id": ("编号", "id"),
    "document": ("文件", "document"),
    "form": ("报告种类", "form"),
    "why_head": ("理由", "reasons"),
    "problems": ("问题", "findings"),
    "since": ("时间", "since"),
    "all_hold": ("全部 {count} 项勾稽关系成立", "All {count} sums hold"),
    "not_checked": ("未核对，记录中没有：{tables}", "Not checked, not in the record: {tables}"),
    "nothing_to_sum": ("没有可核对的勾稽关系", "No sum can be checked"),
    "only_sums": (
        "只核对了加总：没有与任何原文比对，数字是否照原文读出无从得知",
        "Only sums were checked: nothing was matched to a source, so nothing says the figures were read right",
    ),
    "identities": ("勾稽关系：", "What must add up:"),
    "fields": ("文字字段：", "Prose fields:"),
    "lists": ("清单 {id}：{columns}", "list {id}: {columns}"),
    "variant": ("{title}（{variant} 版）", "{title} ({variant})"),
    "row": ("行", "row"),
    "label": ("标签", "label"),
    "columns": ("列", "columns"),
}

REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.SOURCE_DOES_NOT_ADD_UP: (
        "原文本身加总不符：照原文读出，但合计不成立",
        "the report itself does not add up: read as printed, and a sum fails",
    ),
    Reason.NOT_FOUND_IN_SOURCE: (
        "有数字在原文的相应位置找不到",
        "a figure was not found at its place in the source",
    ),
    Reason.UNREADABLE: ("有内容无法确定辨读", "something cannot be read for sure"),
    Reason.INCOMPLETE: ("读得不全", "not all of it was read: something is missing, or left over"),
    Reason.NOT_PROVED: ("没有勾稽关系可以证实", "figures stand at their place, and no identity proves them"),
    Reason.MODEL_GAVE_UP: ("模型没有给出可用的答案", "the model gave no usable answer"),
}

GRADES: Mapping[Grade, tuple[str, str]] = {
    Grade.PROVED: ("已证实", "proved"),
    Grade.READ: ("已读出", "read"),
    Grade.DERIVED: ("仅推算", "derived"),
    Grade.CONTRADICTED: ("不符", "contradicted"),
    Grade.UNREAD: ("未读", "unread"),
    Grade.ATTESTED: ("凭复核人", "by a reviewer's word"),
    Grade.PUBLISHED: ("照原样", "as published"),
}

RULES: Mapping[str, tuple[str, str]] = {
    "source": ("与原文不符", "not as in the source"),
    "sum": ("加总不符", "does not add up"),
    "complete": ("缺项", "missing"),
    "plausible": ("不合常理", "not plausible"),
    "undecided": ("无法判定", "undecided"),
    "agreement": ("文字与表格不一致", "prose and table differ"),
    "parts": ("分项之和不符", "parts do not add up"),
    "layout": ("版式", "layout"),
    "model": ("模型", "model"),
    "unproved": ("未证实", "not proved"),
    "leftover": ("未用到", "not accounted for"),
}


MESSAGES: Mapping[str, str] = {
    "its row was not found in the source": "原文中找不到这一行",
    "does not stand at its place": "原文该处不是这个数字",
    "the source has no such row": "原文没有这一行",
    "cannot be read": "无法辨读",
    "not read": "没有读出",
    "several readings fit": "有几种读法都成立",
    "its cells cannot be told from what stands beside them": "它的单元格与旁边的内容分不清",
    "the search ended at its bound": "可能的读法太多，已停止搜索",
    "read with doubt, and no sum proves it": "读得不确定，又没有合计可以证实",
    "larger than any count": "大得不合常理",
    "is not printed on the line it cites": "所引的行没有印这个数字",
    "is counted twice: the line prints it once": "重复计算：这一行只印了一次",
    "stands behind the label of another figure": "位于另一项的标签之后",
    "stands behind no label of its own, and the text has one": "不在自己的标签之后，而原文有这个标签",
    "is printed as no amount is": "不像金额的写法",
    "stands on the line of another entry": "位于另一条目的行上",
    "the form has no identity, so nothing could be proved": "表式没有勾稽关系，无从证实",
    "no identity over it could be checked": "没有可核对的勾稽关系",
    "left out of the record: no identity proves it": "未计入记录：没有勾稽关系证实",
    "its separator or its sign leaves open what it says, and no sum settles that": "分隔符或正负号有歧义，合计定不了",
    "an amount is printed here that nothing accounts for": "这里印有没有用到的金额",
}
"""The plain messages of findings in Chinese."""

TABLE_PATTERNS: Sequence[tuple[str, str]] = (
    (r"rows not found", "原文中找不到这些行"),
    (r"no figure is printed", "没有印出任何数字"),
    (r"no list found", "找不到清单"),
    (r"lines not read as entries", "有的行读不成条目"),
    (r"no table: its section is there without a table", "有这一部分，没有表格"),
    (r"no table: its section was not found", "找不到这一部分"),
    (
        r"no table; the text says: (?P<words>.+) \(a statement that there were none is no table of zeros\)",
        "没有表格；原文说：{words}（说没有，不等于一张全为零的表）",
    ),
    (r"columns stand in another order: (?P<names>.+)", "各列的顺序与表式不同：{names}"),
    (r"(?P<row>.+): the head of (?P<column>.+) is (?P<head>.+)", "{row}的“{column}”一列，表头印的是{head}"),
    (r"(?P<row>.+): a column head is (?P<head>.+)", "{row}有一列的表头印的是{head}"),
    (r"(?P<row>.+): a column is missing before (?P<head>.+)", "{row}在“{head}”之前少一列"),
    (r"(?P<row>.+): its label reads (?P<label>.+)", "{row}的标签印的是{label}"),
    (r"(?P<row>.+) stands more than once, with other figures", "{row}不止出现一次，数字不同"),
    (r"its heading is of (?P<year>.+), and the report of (?P<own>.+)", "表题是 {year} 年的，而报告是 {own} 年的"),
    (r"column heads that the form does not have: (?P<heads>.+)", "表头与表式不同：{heads}"),
    (r"its columns are printed as rows", "行与列印反了"),
    (r"the table stands more than once", "这张表不止出现一次"),
    (r"figures stand before the first label", "第一个标签之前就有数字"),
    (r"(?P<row>.+): the column heads are of another edition: (?P<names>.+)", "{row}的表头是另一版的：{names}"),
    (r"(?P<row>.+): its unit is (?P<unit>\S+), not (?P<wanted>.+)", "{row}的单位是{unit}，不是{wanted}"),
)
"""What is said of a whole table or list, behind its id, with what it says in Chinese."""

PATTERNS: Sequence[tuple[str, str]] = (
    (
        r"(?P<field>\S+) in prose differs from (?P<path>\S+); its scope may be another",
        "文字中的 {field} 与 {path} 不同；统计口径可能不同",
    ),
    (r"(?P<field>\S+): the parts of (?P<whole>\S+) add up to (?P<sum>\S+)", "{field}：{whole} 的分项之和是 {sum}"),
    (
        r"(?P<shown>\d+) of the form's sections found, (?P<least>\d+) are needed",
        "只找到 {shown} 个部分，至少要有 {least} 个",
    ),
    (r"no title of the form (?P<form>\S+)", "没有 {form} 的标题"),
)
"""Patterns of the messages that carry values, with what they say in Chinese."""


def reason(language: Language, code: str) -> str:
    """A reason in a word or two: in English its code, by which it is known elsewhere."""
    known = {str(one): chinese for one, (chinese, _) in REASONS.items()}
    return known.get(code, code).partition("：")[0] if language == "zh" else code


def message(language: Language, english: str) -> str:
    """What a finding says, in one language where that is known."""
    if language == "en" or english in MESSAGES:
        return english if language == "en" else MESSAGES[english]
    table, _, rest = english.partition(": ")
    return _chinese(PATTERNS, english) or _of_table(table, rest) or english


def of_table(language: Language, told: str) -> str:
    """What is said of a whole table, without its name."""
    return told if language == "en" else _chinese(TABLE_PATTERNS, told) or told


def _of_table(table: str, told: str) -> str | None:
    chinese = _chinese(TABLE_PATTERNS, told)
    return f"{table}：{chinese}" if chinese else None


def _chinese(patterns: Sequence[tuple[str, str]], english: str) -> str | None:
    for pattern, chinese in patterns:
        if found := re.fullmatch(pattern, english):
            return chinese.format(**found.groupdict())
    return None


def say(language: Language, text: str, **values: object) -> str:
    """The text called ``text`` in one language, with its values filled in."""
    return TEXTS[text][language == "en"].format(**values)
