"""What the desk says, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agent.language import Language

TEXTS: Mapping[str, tuple[str, str]] = {
    "desk": ("复核台", "Review desk"),
    "queue": ("待复核", "Waiting"),
    "decided": ("已处理", "Decided"),
    "audit": ("跨年核对", "Across years"),
    "other_language": ("English", "中文"),
    "help": ("按键", "Keys"),
    "reason": ("理由", "Reason"),
    "subject": ("机关", "Organ"),
    "period": ("年度", "Year"),
    "form": ("报告种类", "Form"),
    "document": ("文件", "Document"),
    "findings": ("问题", "Findings"),
    "since": ("等待自", "Since"),
    "decision": ("处理", "Decision"),
    "search": ("查找机关或文件", "Find an organ or a file"),
    "find": ("查找", "Find"),
    "found": ("共 {count} 份", "{count} reports"),
    "nothing_waits": ("没有待复核的报告。", "Nothing waits in review."),
    "nothing_found": ("没有符合条件的报告。", "No report fits."),
    "page_of": ("第 {page} / {pages} 页", "page {page} of {pages}"),
    "previous": ("上一页", "Previous"),
    "next": ("下一页", "Next"),
    "previous_report": ("上一份", "Previous"),
    "next_report": ("下一份", "Next"),
    "place_in_queue": ("第 {at} / {count} 份", "{at} of {count}"),
    "source": ("原文", "Source"),
    "text": ("文字", "Text"),
    "pages": ("页面", "Pages"),
    "page": ("第 {page} 页", "Page {page}"),
    "drawing": ("正在画第 {page} 页……", "Drawing page {page}…"),
    "edition": ("{edition} 版", "edition {edition}"),
    "page_missing": (
        "看不到页面图像：原文件已不在 {path}。",
        "The pages cannot be drawn: the file is no longer at {path}.",
    ),
    "lines_left_out": ("…… 略去 {count} 行 ……", "… {count} lines left out …"),
    "wrong": ("不符之处", "What is wrong"),
    "nothing_is_wrong": ("没有不符之处。", "Nothing is wrong."),
    "nothing_wrong": ("没有不符之处，可以接受。", "Nothing is wrong any more; it can be accepted."),
    "warnings": ("提示", "Warnings"),
    "difference": ("差 {difference}", "difference {difference}"),
    "suspects": ("可疑", "suspects"),
    "line": ("第 {line} 行", "line {line}"),
    "lines": ("第 {first}–{last} 行", "lines {first}–{last}"),
    "fields": ("文字字段", "Prose"),
    "no_table": ("没有找到这张表", "this table was not found"),
    "history": ("处理经过", "History"),
    "neighbours": ("相邻年度", "Neighbouring years"),
    "holds": ("相符", "holds"),
    "take": ("采用", "Take it"),
    "which_day": ("原文的日期可指几天，是哪一天？", "the date of the source can mean several days; which is it?"),
    "offer": (
        "只有 {value} 与相邻年度（{years}）相符：推算所得，未经原文证实",
        "only {value} fits beside {years}: derived, not proved by the source",
    ),
    "offer_note": ("按 {years} 年报告推算", "derived from {years}"),
    "rule": ("勾稽关系", "Rule"),
    "links_checked": ("核对了 {count} 项跨年关系", "{count} links between years were checked"),
    "doubles": ("同一年度有几份报告，只比对它们一致的数字：{who}", "Several reports for one year: {who}"),
    "accept": ("接受", "Accept"),
    "publish": ("照原样接受", "Accept as published"),
    "reject": ("退回", "Reject"),
    "retry": ("再问模型", "Ask the model again"),
    "undo": ("撤销", "Undo"),
    "correct": ("更正", "Correct"),
    "note": ("说明", "Note"),
    "note_optional": ("说明（可不填）", "note (may stay empty)"),
    "note_needed": ("说明理由（必填）", "say why (needed)"),
    "accept_all": (
        "每个数字都已在原文的位置上证实或读出。",
        "Every figure is proved or read at its own place in the source.",
    ),
    "accept_attested": (
        "{count} 个数字凭复核人的话存入，并注明如此。",
        "{count} figures go in by the reviewer's word, and are marked so.",
    ),
    "accept_against": (
        "其中 {count} 个与原文该处的数字不同。",
        "For {count} of them the source shows another figure.",
    ),
    "accept_against_note": (
        "其中 {count} 个与原文该处的数字不同，接受时须写明理由（--note）。",
        " For {count} of them the source shows another figure: say why (--note).",
    ),
    "read_again": ("模型已重读，编号 {id}：{status}", "Read again as {id}: {status}"),
    "figure_here": ("数字", "FIGURE"),
    "ways": ("处理：{ways}", "To settle it:{ways}"),
    "see_history": ("处理经过：gouji review history {id}{option}", "Decided so far: gouji review history {id}{option}"),
    "accept_not": ("还不能接受：仍有不符之处。", "It cannot be accepted yet: something is still wrong."),
    "publish_what": (
        "数字照原文读出无误，是报告本身有误。记录注明“照原样”，并记下 {count} 项不符。",
        'Read as it stands; the report itself is wrong. The record is marked "as published", with {count} findings.',
    ),
    "publish_scanned": (
        "这是扫描件，数字由文字识别读出：请先对照图像，看清不符的每个数字。",
        " This is a scan, read by OCR: look at each figure of a failed sum on the page first.",
    ),
    "publish_not": (
        "不能照原样接受：还有数字没有从原文读准。",
        "It cannot be accepted as published: some figures were not read right from the source.",
    ),
    "reject_what": ("不存入记录；这份报告和读数仍然保留。", "No record is made; the report and its reading are kept."),
    "retry_what": (
        "模型重读整份报告；更正过的数字不带过去。",
        "The model reads it anew; corrections do not carry over.",
    ),
    "retry_not": ("没有配置模型（--model 或 GOUJI_MODEL）。", "No model is configured (--model or GOUJI_MODEL)."),
    "asking": ("正在处理……", "Working…"),
    "closed": ("已处理：{how}", "Decided: {how}"),
    "done_accept": ("已接受：{title}", "Accepted: {title}"),
    "done_accept_as_published": ("已照原样接受：{title}", "Accepted as published: {title}"),
    "done_reject": ("已退回：{title}", "Rejected: {title}"),
    "done_correct": ("已更正：{title}", "Corrected: {title}"),
    "done_retry": ("模型已重读：{title}", "Read again: {title}"),
    "done_undo": ("已撤销：{title}", "Undone: {title}"),
    "kind_accept": ("接受", "accepted"),
    "kind_accept_as_published": ("照原样接受", "accepted as published"),
    "kind_reject": ("退回", "rejected"),
    "kind_correct": ("更正", "corrected"),
    "kind_retry": ("再问模型", "asked the model again"),
    "kind_undo": ("撤销", "undone"),
    "undone": ("（已撤销）", " (undone)"),
    "blank": ("空白", "blank"),
    "read_by": ("{by} 读出", "read by {by}"),
    "typed_by": ("{by} 填写", "typed by {by}"),
    "by_offline": ("离线读法", "the offline reader"),
    "by_reviewer": ("复核人 {name}", "reviewer {name}"),
    "printed": ("原文“{printed}”", "printed “{printed}”"),
    "ocr": ("文字识别 {percent}%", "OCR {percent}%"),
    "other_reading": ("另一读法：{value}", "the other reading: {value}"),
    "taken": (
        "没有保存：{who} 刚才已经处理了这份报告（{what}）。下面是现在的样子。",
        "Not saved: {who} decided about this report just now ({what}). Here is how it stands.",
    ),
    "taken_otherwise": (
        "没有保存：这份报告刚才已有变动。下面是现在的样子。",
        "Not saved: this report changed just now. Here is how it stands.",
    ),
    "failed": ("没有成功：{why}", "It did not work: {why}"),
    "short_source_does_not_add_up": ("原文加总不符", "does not add up"),
    "short_not_found_in_source": ("原文中找不到", "not in the source"),
    "short_unreadable": ("无法辨读", "unreadable"),
    "short_incomplete": ("缺项", "incomplete"),
    "short_model_gave_up": ("模型未能作答", "the model gave up"),
    "breaks": ("跨年不符：{count} 处", "Breaks across years: {count}"),
    "no_breaks": ("没有发现跨年不符。", "No break across years was found."),
    "key_move": ("在数字之间移动", "move among the figures"),
    "key_next": ("下一个可疑的数字 / 上一个", "next suspect figure / previous"),
    "key_edit": (
        "更正（或直接输入数字）；回车保存，Esc 放弃",
        "correct (or just type digits); Enter saves, Esc gives up",
    ),
    "key_confirm": ("照原数确认这个数字", "confirm this figure as it stands"),
    "key_view": ("文字 / 页面", "text / pages"),
    "key_reports": ("上一份 / 下一份", "previous / next report"),
    "key_queue": ("回到待复核清单", "back to the queue"),
    "key_help": ("显示或收起按键说明", "show or hide the keys"),
    "key_list": ("在清单中移动；回车打开", "move in the list; Enter opens"),
    "key_find": ("查找", "find"),
}


def text(language: Language, name: str, /, **values: object) -> str:
    """The text called ``name`` in one language, with its values filled in."""
    return TEXTS[name][language == "en"].format(**values)


def local(at: str) -> str:
    """A time of the store as the clock of this machine shows it."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"


def by(reader: str, language: Language) -> str:
    """Who read a figure or decided, in words."""
    if reader == "offline":
        return text(language, "by_offline")
    name = reader.removeprefix("reviewer ")
    return text(language, "by_reviewer", name=name) if name != reader else reader


def how(decision: str, language: Language) -> str:
    """How a report was decided, in words."""
    kind, _, who = decision.partition(" by ")
    if not who or f"kind_{kind}" not in TEXTS:
        return decision
    return f"{text(language, f'kind_{kind}')} · {by(who, language)}"
