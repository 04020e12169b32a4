"""The words in which an evaluation is told, Chinese and English; the rates' own names stand in both alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.language import Language

TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("gouji 评测", "gouji eval"),
    "accepted_wrong": ("误收", "accepted but wrong"),
    "straight_through": ("直通", "straight through"),
    "right_end": ("结局正确", "right end"),
    "cells_right": ("单元格正确", "cells right"),
    "false_alarms": ("误报", "false alarms"),
    "crashed": ("崩溃", "crashed"),
    "wrong_prose": ("接受而文字有误", "accepted with wrong prose"),
    "run": ("评测", "run"),
    "ran": ("{folder}，{when}", "{folder}, {when}"),
    "unfinished": ("{started} 起，未完成", "{started}, not finished"),
    "calls": ("调用", "calls"),
    "rounds": ("{count} 轮", "{count} rounds"),
    "tokens": ("词元", "tokens"),
    "tokens_in": ("输入词元", "tokens in"),
    "tokens_out": ("输出词元", "tokens out"),
    "tokens_each": ("词元 / 每份接受", "tokens / accepted"),
    "per_accepted": ("每份接受 {count:,.0f}", "{count:,.0f} per accepted"),
    "cost": ("费用（美元）", "cost US$"),
    "unknown": ("未知", "unknown"),
    "seconds": ("秒", "seconds"),
    "median": ("中位 {seconds:.3f}", "median {seconds:.3f}"),
    "median_seconds": ("中位秒数", "median s"),
    "number": ("数", "n"),
    "of": ("共", "of"),
    "rate": ("比率", "rate"),
    "interval": ("95 % Wilson 区间", "95 % Wilson"),
    "layout": ("版式", "layout"),
    "edition": ("版本", "edition"),
    "cases": ("案例", "cases"),
    "prose_field": ("文字字段", "prose field"),
    "right": ("正确", "right"),
    "wrong": ("错误", "wrong"),
    "missing": ("缺少", "missing"),
    "reasons": ("复核原因", "reasons for review"),
    "arm": ("对照组", "arm"),
    "was_wrong": ("误收：{name}（应为 {expect}）{cells}", "accepted wrong: {name} (expected {expect}) {cells}"),
    "was_crash": ("崩溃：{name}：{error}", "crashed: {name}: {error}"),
    "better": ("变好：{count}", "better: {count}"),
    "worse": ("变差：{count}", "worse: {count}"),
    "other": ("其他变化：{count}", "other: {count}"),
    "chance": ("纯属偶然的概率（McNemar）：{p:.3f}", "by chance alone (McNemar): {p:.3f}"),
    "shared": ("两次都有的案例：{count}", "cases of both: {count}"),
    "nothing_shared": (
        "两次评测没有共同的案例，无从比较；用同一文件夹再评测一次",
        "the two runs have no case in common: nothing can be compared; run both over the same folder",
    ),
    "simulated": ("模拟", "simulated"),
    "simulated_note": (
        "标有“模拟”的评测，问的是照标准答案作答、按种子出错的模拟模型。其数字说明核对如何起作用，不说明真实模型好坏。",
        "Runs so labelled asked a simulated model that answers from the truth with seeded faults. Its figures say how "
        "the checking behaves, not how good a real model is.",
    ),
    "intervals_note": ("比率附 95 % Wilson 区间。", "Rates with 95 % Wilson intervals."),
    "against_cost": ("准确与成本", "Accuracy against cost"),
    "each_report": ("每份通过报告的词元", "tokens per accepted report"),
    "against_faults": ("错误回答与误收（模拟）", "Faulty answers against accepted but wrong (simulated)"),
    "faulty": ("错误回答", "faulty answers"),
    "expected": ("应为 {expect}", "expected {expect}"),
    "wrong_cells": ("{count} 个单元格有误", "{count} wrong cells"),
    "seconds_of": ("{seconds:.2f} 秒", "{seconds:.2f} s"),
    "gone": ("（文件夹已不在）", "(its folder is gone)"),
    "blank": ("空白", "blank"),
    "unread": ("未读", "unread"),
    "open": ("{shown}（不定）", "{shown} (open)"),
    "not": ("{shown} ≠ {truth}", "{shown} ≠ {truth}"),
    "left_out": (
        "另有 {count} 例未显示；有误的排在前面。",
        "{count} more cases are not shown; those that ended wrong come first.",
    ),
    "accepted": ("已接受", "accepted"),
    "review": ("待复核", "in review"),
    "not_this_form": ("不是这种报告", "not this form"),
    "accepted wrong": ("误收", "accepted wrong"),
    "right, accepted": ("正确：已接受", "accepted, right"),
    "right, review": ("正确：待复核", "in review, right"),
    "right, not_this_form": ("正确：不是这种报告", "not this form, right"),
}


def say(language: Language, text: str, **values: object) -> str:
    """The text called ``text`` in one language."""
    return TEXTS[text][language == "en"].format(**values)
