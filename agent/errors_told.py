"""What an error says, in Chinese. English is what is raised, stored and given to programs; here are its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.language import Language

CHINESE: Mapping[str, str] = {
    # The document.
    "no such file": "没有这个文件",
    "no such file or folder": "没有这个文件或文件夹",
    "a link to no file": "链接所指的文件不存在",
    "not a regular file": "不是普通文件",
    "a folder; `gouji batch` reads what is in one": "是文件夹；其中的文件用 `gouji batch` 读",
    "the file is empty": "文件是空的",
    "Is a directory": "是一个文件夹",
    "Permission denied": "没有访问权限",
    "larger than {} MiB; split it or convert it to text": "超过 {} MiB；请拆分，或转换成文本",
    "larger than {} MiB; split it": "超过 {} MiB；请拆分",
    "larger than {} MiB is no record": "超过 {} MiB，不会是一条记录",
    "a text larger than {} MiB is no report": "文本超过 {} MiB，不会是一份报告",
    "more than {} MiB of text is no report": "文本超过 {} MiB，不会是一份报告",
    "no document that gouji reads, nor text in UTF-8, UTF-16 or GB18030; fetch it again, or save it as UTF-8": (
        "不是 gouji 能读的文档，也不是 UTF-8、UTF-16 或 GB18030 编码的文本；请重新下载，或另存为 UTF-8"
    ),
    "the file is broken: {}": "文件已损坏：{}",
    "there is no text in it": "其中没有文字",
    "is encrypted; save it without a password": "已加密；请去掉密码后另存",
    "is protected with a password; save it without one": "有密码保护；请去掉密码后另存",
    "has {} scanned pages, more than {}": "有 {} 页扫描件，超过上限 {} 页",
    "has {} pages, more than {}": "有 {} 页，超过上限 {} 页",
    "takes longer than {} seconds to read": "读取超过 {} 秒",
    "an old Office file (.{}); save it as .{} or PDF": "旧版 Office 文件（.{}）；请另存为 .{} 或 PDF",
    "a packed file, but neither a Word document nor an Excel workbook; unpack it first": (
        "压缩文件，但不是 Word 或 Excel；请先解压"
    ),
    "reading it needs {}, which is not installed: {}": "读取它需要 {}，尚未安装：{}",
    "holds {} packed files, more than {}": "压缩了 {} 个文件，超过上限 {} 个",
    "changed while the batch ran; run it again": "批量运行期间文件有变；请再运行一次",
    "needs more memory to read than there is": "读取它所需的内存超过现有内存",
    "the process that read it died, or took longer than {} s": "读取它的进程异常终止，或超过 {} 秒",
    "no JSON record: {}": "不是 JSON 记录：{}",
    "no figure has more than 15 digits before its point or 12 behind it; set it right": (
        "数字在小数点前超过 15 位，或在小数点后超过 12 位；请改正"
    ),
    # The database.
    "{} is no SQLite database; it was left as it is; name another file with --db": (
        "{} 不是 SQLite 数据库；未作改动；请用 --db 指定另一个文件"
    ),
    "{} is damaged; what it holds was not overwritten. `gouji recover FILE NEW` takes out what can still be read; "
    "or name another file with --db": (
        "{} 已损坏；其中内容未被覆盖。`gouji recover 文件 新文件` 可取出尚能读出的内容；或用 --db 指定另一个文件"
    ),
    "{} is held by another program; close that, or try again": "{} 正被另一个程序占用；请关闭它，或稍后再试",
    "{} cannot grow: the disk is full; what was stored before is intact": "{} 无法写入：磁盘已满；此前存储的内容完好",
    "{} cannot be read or written: the disk reports an error; what was stored before is intact": (
        "{} 无法读写：磁盘报错；此前存储的内容完好"
    ),
    "{} may not be written; change its permissions, or name another file with --db": (
        "{} 不可写；请修改权限，或用 --db 指定另一个文件"
    ),
    "{} cannot be opened; look at its folder and permissions, or name another file with --db": (
        "{} 无法打开；请检查所在文件夹与权限，或用 --db 指定另一个文件"
    ),
    "{} cannot be opened: too many open files; allow more (ulimit -n) and run again": (
        "{} 无法打开：打开的文件过多；请提高上限（ulimit -n）后再运行"
    ),
    "{} belongs to another program; it was left as it is; name another file with --db": (
        "{} 属于另一个程序；未作改动；请用 --db 指定另一个文件"
    ),
    "there is no database {}; `gouji extract FILE` makes one, --db names another": (
        "没有数据库 {}；`gouji extract 文件` 会建立一个，--db 可指定另一个"
    ),
    "{} is empty: nothing was read into it yet; `gouji extract FILE` reads a report": (
        "{} 是空的：还没有读入任何报告；`gouji extract 文件` 读入一份"
    ),
    "{} holds no run {}": "{} 中没有编号为 {} 的结果",
    "{} holds no outcome for {}; read it with `gouji extract {}`": "{} 中没有 {} 的结果；请用 `gouji extract {}` 读入",
    "{} holds no report {} in review; `gouji review` lists them": (
        "{} 中没有编号为 {} 的待复核报告；`gouji review` 列出全部"
    ),
    "run {} is not in review but {}; `gouji show {}` shows it": (
        "编号 {} 不在待复核之列，状态为 {}；`gouji show {}` 可查看"
    ),
    # What was asked for.
    "no file fits this pattern": "没有文件符合这个模式",
    "no document in this folder ({}){}": "这个文件夹里没有可读的文件（{}）{}",
    "no column is called {}; it has {}": "没有名为 {} 的列；现有各列：{}",
    "{}, line {}: not as many cells as the first line has": "{} 第 {} 行：单元格数与首行不同",
    "{}, line {}: the column {} is empty": "{} 第 {} 行：{} 列是空的",
    "{} is there already; name a new file": "{} 已经存在；请换一个新文件名",
    "who decides? name the reviewer with --reviewer": "由谁复核？请用 --reviewer 写明复核人",
    "model {}: no key; set OPENAI_API_KEY, or name a server that needs none with --base-url": (
        "模型 {}：没有密钥；请设置 OPENAI_API_KEY，或用 --base-url 指定不需要密钥的服务"
    ),
    "the key (OPENAI_API_KEY) holds a character that no header may hold; set it anew": (
        "密钥（OPENAI_API_KEY）含有请求头中不允许的字符；请重新设置"
    ),
    "{} names no proxy that can be used; set it to http://HOST:PORT, or unset it "
    "(socks5:// needs `pip install socksio`)": (
        "{} 所写的代理无法使用；请改为 http://主机:端口，或取消设置（socks5:// 需要 `pip install socksio`）"
    ),
    "reader {} needs a model: give --model or set GOUJI_MODEL": "读法 {} 需要模型：请给出 --model，或设置 GOUJI_MODEL",
    "--scheduler names Dask's: give --engine dask as well": "--scheduler 是 Dask 的调度器：请同时给出 --engine dask",
    "--transport batch needs a model: give --model or set GOUJI_MODEL": (
        "--transport batch 需要模型：请给出 --model，或设置 GOUJI_MODEL"
    ),
    "the weights are not here; {}": "本机没有权重；{}",
    # The model and the network.
    "{}; run again: answers that were stored are not paid twice": "{}；请再运行一次：已存储的回答不会再次付费",
    "{}; gave up after {} calls": "{}；调用 {} 次后放弃",
    "model {} at {}: {}": "模型 {}（{}）：{}",
    "connection failed: {}": "连接失败：{}",
    "no whole answer within {} s": "{} 秒内没有完整的回答",
    "the budget is used up ({}); raise it and run again: nothing is lost": (
        "预算已用完（{}）；提高预算后再运行：什么都不会丢失"
    ),
    "the time is used up ({} s); run again: nothing is lost": "时间已用完（{} 秒）；请再运行：什么都不会丢失",
    "{} documents in a row failed, the last with: {}": "连续 {} 份文件失败，最后一份：{}",
    "{}; no answer for {} s: run again when the server is back": "{}；{} 秒没有回答：服务恢复后再运行",
    "{} (check the key (OPENAI_API_KEY))": "{}（请检查密钥 OPENAI_API_KEY）",
    "{} (the account has no credit)": "{}（账户余额不足）",
    "{} (the key may not use this model)": "{}（该密钥无权使用这个模型）",
    "{} (check the model's name (--model) and the address (--base-url))": (
        "{}（请检查模型名称 --model 与地址 --base-url）"
    ),
    # The machine.
    "too many open files; allow more (ulimit -n) and run again": "打开的文件过多；请提高上限（ulimit -n）后再运行",
    "standard output cannot be written: {}": "无法写入标准输出：{}",
    "No space left on device": "磁盘空间不足",
}
"""English with ``{}`` for what differs, and Chinese. What stands before with a colon, a file's name, needs no place."""


def told(error: object, language: Language) -> str:
    """What an error says, in the language of whoever reads it."""
    return in_chinese(str(error)) if language == "zh" else str(error)


def in_chinese(message: str) -> str:
    """An error's message in Chinese; what has no words here stays as it is, also inside one that has."""
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(message)
        if found:
            at, *values = found.groups(default="")
            return (f"{at}：" if at else "") + chinese.format(*map(in_chinese, values))
    return message


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(_compiled())


def _compiled() -> Iterator[tuple[re.Pattern[str], str]]:
    for english, chinese in CHINESE.items():
        body = "(.+?)".join(map(re.escape, english.split("{}")))
        before = "()" if english.startswith("{}") else "(?:(.+?): )?"
        yield re.compile(before + body, re.DOTALL), chinese
