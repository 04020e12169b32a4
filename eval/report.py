"""A whole report's text from its prose and its printed tables."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from eval.damage import radicals
from eval.layouts import Layout
from eval.prose import Prose

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "overview": ("总体情况", "总体情况", "基本情况"),
    "table2": ("主动公开政府信息情况",),
    "table3": ("收到和处理政府信息公开申请情况",),
    "table4": (
        "政府信息公开行政复议、行政诉讼情况",
        "政府信息公开行政复议、行政诉讼情况",
        "因政府信息公开工作被申请行政复议、提起行政诉讼情况",
    ),
    "problems": ("存在的主要问题及改进情况", "存在的主要问题及改进情况", "存在主要问题及改进情况"),
    "other": ("其他需要报告的事项",),
}
_STATEMENTS = {
    "table3": (
        "{year}年，本机关未收到政府信息公开申请，办理情况无从列表。",
        "本年度没有收到公民、法人或者其他组织提出的政府信息公开申请。",
    ),
    "table4": (
        "{year}年，本机关没有因政府信息公开引起的行政复议和行政诉讼。",
        "本年度未发生与政府信息公开有关的行政复议、行政诉讼案件。",
    ),
}
_NUMBERS = "一二三四五六七"


def compose(
    rng: Random, words: Prose, tables: Mapping[str, str], layout: Layout, year: int, damage: frozenset[str]
) -> tuple[str, str]:
    """The report's text and the encoding of its file. A table that is not in ``tables`` was lost."""
    blocks: dict[str, list[str]] = {
        "overview": words.overview,
        "table2": _table("table2", tables, rng, year, damage),
        "table3": _table("table3", tables, rng, year, damage),
        "table4": _table("table4", tables, rng, year, damage),
        "problems": words.problems,
        "other": words.other,
    }
    headings = _headings(rng, layout, damage)
    parts = [*words.intro]
    text = words.title + "\n\n" + layout.paragraph.join(parts)
    for section, content in blocks.items():
        heading = headings[section]
        around = layout.around if section in tables else layout.paragraph
        text += layout.paragraph + heading if heading else ""
        text += (around if heading else layout.paragraph) + layout.paragraph.join(content) if content else ""
        text += layout.around if section in tables and layout.around != layout.paragraph else ""
    if "attachments" in damage:
        title = words.title.replace("\n", "")
        text += layout.paragraph + f"附件：1、{title}.doc　2、{title}.pdf"
    return _encoded(text + "\n", damage)


def _table(section: str, tables: Mapping[str, str], rng: Random, year: int, damage: frozenset[str]) -> list[str]:
    if section in tables:
        return [tables[section]]
    if "images" in damage:
        return []
    return [rng.choice(_STATEMENTS[section]).format(year=year)]


def _headings(rng: Random, layout: Layout, damage: frozenset[str]) -> dict[str, str]:
    mark = layout.heading
    if "markdown" in damage:
        mark = rng.choice(("#### ", "## ", "**"))
    style = rng.choice(("", "第{}部分　", "（{}）", "shifted")) if "renumbered" in damage else "{}、"
    missing = rng.choice(("table2", "table3", "table4")) if "missing_heading" in damage else ""
    found = {}
    for i, (section, titles) in enumerate(_HEADINGS.items()):
        number = f"{_NUMBERS[i + 1]}、" if style == "shifted" else style.format(_NUMBERS[i])
        heading = number + rng.choice(titles)
        found[section] = "" if section == missing else mark + heading + ("**" if mark == "**" else "")
    return found


def _encoded(text: str, damage: frozenset[str]) -> tuple[str, str]:
    if "radicals" in damage:
        text = radicals(text)
    if "cr" in damage:
        text = text.replace("\n", "\r")
    if "crlf" in damage:
        text = text.replace("\n", "\r\n")
    encoding = "gb18030" if "gb18030" in damage else "utf-16" if "utf16" in damage else "utf-8"
    return text, encoding
