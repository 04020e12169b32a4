"""The words in which batches are told of, Chinese and English; light to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.language import Language

STATUSES = ("accepted", "review", "not_this_form", "failed", "waiting", "leased", "asked")
"""What a document of a batch can be."""

TEXTS: Mapping[str, tuple[str, str]] = {
    "accepted": ("已接受", "accepted"),
    "review": ("待复核", "in review"),
    "not_this_form": ("不是这种报告", "not this form"),
    "failed": ("失败", "failed"),
    "waiting": ("等待", "waiting"),
    "leased": ("处理中", "being read"),
    "asked": ("已提交模型服务", "asked, not answered yet"),
    "bar": (
        "已接受 {accepted}　待复核 {review}　失败 {failed}　{tokens} 词元　{cost}",
        "accepted {accepted}  in review {review}  failed {failed}  {tokens} tokens  {cost}",
    ),
    "documents": ("文件", "documents"),
    "copies": ("内容相同的副本", "copies of others"),
    "with_another": ("由另一个运行处理中", "with another run"),
    "changed": ("内容已变", "changed since"),
    "changed_what": ("{count}（此前内容的结果仍保留）", "{count} (what was read from them before is kept too)"),
    "interrupt": ("按了 Ctrl-C", "by Ctrl-C"),
    "before": ("此前已完成", "settled before"),
    "seconds": ("用时", "time"),
    "took": ("{seconds:.1f} 秒", "{seconds:.1f} s"),
    "a_second": ("，每秒 {rate:.1f} 份", ", {rate:.1f} documents a second"),
    "a_minute": ("，每分钟 {rate:.1f} 份", ", {rate:.1f} documents a minute"),
    "spared": ("节省", "spared"),
    "spared_what": (
        "至少 {calls} 次调用，约 {tokens} 输入词元{cost}",
        "at least {calls} calls and about {tokens} input tokens{cost}",
    ),
    "stopped": ("中止：{why}", "Stopped: {why}"),
    "again": (
        "还有 {count} 份未完成；再次运行同一命令即可继续，不会重复付费",
        "{count} are still to be read: run the same command again, nothing is paid twice",
    ),
    "at_provider": (
        "{count} 份等待批量接口的回答：请加上 --transport batch 再次运行",
        "{count} wait for a provider's batch endpoint: run again with --transport batch",
    ),
    "cut_off": (
        "还有 {count} 份未完成；再次运行同一命令即可继续；被中断的调用可能再次付费",
        "{count} are still to be read: run the same command again; the calls that were cut off may be paid again",
    ),
    "retry": (
        "{count} 份失败；重试：gouji batch retry --failed{db}",
        "{count} failed; to try them again: gouji batch retry --failed{db}",
    ),
    "review_them": ("{count} 份待复核：gouji review{db}", "{count} wait in review: gouji review{db}"),
    "left_out": (
        "文件夹中未读的文件：{which}（按扩展名，共 {count} 个）；要读请直接写出文件名",
        "left out of folders, by their endings: {which} (in all {count}); name them to have them read",
    ),
    "no_ending": ("无扩展名", "none"),
    "links": ("指向文件夹的链接", "links to folders"),
    "dollars": ("{cost} 美元", "{cost} US dollars"),
    "no_price": ("单价未知", "price unknown"),
    "model": ("模型", "model"),
    "reader": ("读法", "reader"),
    "form": ("报告种类", "form"),
    "interrupted": (
        "正在结束：等待 {count} 个已发出的调用（再按一次 Ctrl-C 立即退出）",
        "ending: waiting for calls on their way ({count}); Ctrl-C again leaves at once",
    ),
    "nothing": ("账本中没有任务", "the ledger holds no documents"),
    "last": ("最近一次运行：{when}，{state}", "last run: {when}, {state}"),
    "running": ("进行中", "running"),
    "ended": ("已结束", "ended"),
    "put_back_failed": ("{count} 份失败的文件将重试", "documents that failed, tried again: {count}"),
    "put_back_asked": ("{count} 份文件的问题将重新提交", "documents whose questions are asked again: {count}"),
    "none_failed": ("没有失败的文件", "nothing failed"),
    "none_asked": ("没有等待回答的文件", "no document waits for answers"),
}


def say(language: Language, text: str, **values: object) -> str:
    """The text called ``text`` in one language."""
    return TEXTS[text][language == "en"].format(**values)
