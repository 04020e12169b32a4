"""The faults gouji must survive, the tests that show it, and docs/faults.md made from both.

A test shows a row by its mark: ``@pytest.mark.fault("quota")``. Where the test's name, read as a sentence, does
not say what it shows, the mark does: ``@pytest.mark.fault("quota", behaviour="One call, and the run ends.")``.
``python -m tests.faults`` writes the tables of docs/faults.md anew.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "faults.md"


@dataclass(frozen=True)
class Fault:
    """A row: what goes wrong, and what gouji does then, in both languages."""

    id: str
    title: str
    title_zh: str
    behaviour: str
    behaviour_zh: str


FAULTS: tuple[Fault, ...] = (
    Fault(
        "retry-after",
        "429 with `Retry-After`: seconds, milliseconds, a date, a huge one",
        "429 带 `Retry-After`：秒、毫秒、日期、过大的值",
        "Nobody calls before the time told, no other document either; a longer wait than allowed ends at once.",
        "所告时间之前谁也不再调用，不只是这一份；超过允许的等待则立即结束。",
    ),
    Fault(
        "quota",
        "An account without money, a wrong key, a forbidden or unknown model (429 `insufficient_quota`, 401, 403, 404)",
        "账户欠费、密钥错误、无权或没有这个模型（429 `insufficient_quota`、401、403、404）",
        "One call, the run ends with exit code 6; no document is marked as failed, the same command goes on later.",
        "一次调用即结束运行，退出码 6；没有文件记为失败，修好后同一命令接着读。",
    ),
    Fault(
        "gateway-5xx",
        "500, 502, 503, 504, 529, now and then or always",
        "500、502、503、504、529，偶发或一直如此",
        "Asked again after growing pauses, so often and no more; the pool slows down; "
        "a server that only fails ends the run with exit code 6.",
        "隔越来越长的间隔再问，次数有限；全体放慢；一直失败的服务使运行结束，退出码 6。",
    ),
    Fault(
        "hang",
        "A server that never answers, or drips a byte at a time",
        "不回答、或一次只吐一个字节的服务",
        "Every call, question and run has a deadline that holds.",
        "每次调用、每个问题、每次运行都有期限，且守得住。",
    ),
    Fault(
        "reset",
        "A connection that is reset or closed before or within the answer",
        "回答之前或中途断开的连接",
        "Asked again; the try is journaled as one that may have been paid.",
        "再问一次；这次尝试记入日志，注明可能已付费。",
    ),
    Fault(
        "garbage-200",
        "Status 200 with HTML, nothing, cut JSON, no choices, an error object, bytes that are no UTF-8",
        "状态 200，内容却是 HTML、空、截断的 JSON、没有 choices、错误对象、不是 UTF-8 的字节",
        "A fault of the gateway: asked again after a pause, in the same words; the model is not told of it.",
        "算网关的错：停顿后原样再问，绝不当作模型的错去追问。",
    ),
    Fault(
        "cut-answer",
        "An answer cut at its limit (`finish_reason: length`)",
        "到达上限而被截断的回答（`finish_reason: length`）",
        "Asked once more with a higher limit, then in smaller parts or told as incomplete; what came is kept.",
        "提高上限再问一次，之后分小或报告为不完整；已收到的都保留。",
    ),
    Fault(
        "refusal",
        "A refusal, a content filter",
        "拒绝回答、内容过滤",
        "Final with its reason after one call; the document waits in review.",
        "一次调用后即为定论并附原因；文件待复核。",
    ),
    Fault(
        "wrong-tool",
        "A wrong tool, none, two, a fence, prose around or instead of the answer",
        "工具不对、没有、两个，代码围栏，回答前后或本身只是闲话",
        "What can be read without guessing is read; anything else is asked once more, then failed.",
        "不用猜就能读的就读；其余再问一次，然后算失败。",
    ),
    Fault(
        "odd-json",
        "Doubled keys, NaN, surrogates, NUL, huge integers, booleans, depth",
        "重复的键、NaN、代理字符、NUL、极大整数、布尔值、极深嵌套",
        "Refused or cleaned before anything is stored; no other document notices.",
        "在存储之前拒绝或清理；不影响其他文件。",
    ),
    Fault(
        "row-set",
        "Rows doubled, missing or too many",
        "行重复、缺失或多余",
        "Told once; then rows nobody asked for are left out, of a row given twice the first counts, and one that "
        "is missing was not read: accepted are all rows as the source has them, or none.",
        "指出一次；之后多余的行不取，重复的行以第一次为准，缺失的算未读：各行都与原文相符才接受。",
    ),
    Fault(
        "invented-totals",
        "Figures invented so that every total holds",
        "编造得处处平衡的数字",
        "A figure that is not in the source at its own place is contradicted, however well it adds up.",
        "原文该处没有的数字，再平衡也判为不符。",
    ),
    Fault(
        "injection",
        "A document that tells the model what to answer",
        "文件中写着要模型怎样回答",
        "The text is delimited data; an answer that obeys it is contradicted by the source.",
        "正文只作为有界限的数据；照它回答的结果与原文不符，不予接受。",
    ),
    Fault(
        "nul-input",
        "NUL, control and bidirectional characters in a document",
        "文件中的 NUL、控制字符、双向字符",
        "Made harmless where they are read; places stay right.",
        "读入时即消除其作用；位置不变。",
    ),
    Fault(
        "huge-file",
        "A file of a gigabyte, a folder, a pipe, a circle of links",
        "1 GB 的文件、文件夹、管道、循环链接",
        "Refused before it is read, with the limit and the way out.",
        "读之前就拒绝，说明上限与办法。",
    ),
    Fault(
        "encodings",
        "GBK, GB18030, UTF-16, Big5, a byte order mark, a cut character",
        "GBK、GB18030、UTF-16、Big5、字节序标记、半个字符",
        "Read right, or told what was guessed; nothing is dropped silently.",
        "读对，或说明是猜的；不悄悄丢弃任何字。",
    ),
    Fault(
        "zip-bomb",
        "A small office file that unpacks to gigabytes",
        "解压后极大的小文档",
        "Refused by declared and by actual size before anything parses it.",
        "解析之前按声明与实际大小拒绝。",
    ),
    Fault(
        "malicious-pdf",
        "A PDF that loops, allocates or kills its reader",
        "使读取程序死循环、耗内存或崩溃的 PDF",
        "Read in a process of its own with limits; it costs itself alone.",
        "在另设的有限额的进程中读；只损失它自己。",
    ),
    Fault(
        "xml-entities",
        "XML entities that multiply or fetch",
        "会膨胀或向外取内容的 XML 实体",
        "Refused; nothing is fetched.",
        "拒绝；不向外取任何内容。",
    ),
    Fault(
        "odd-names",
        "Names with `../`, newlines, terminal codes",
        "含 `../`、换行、终端控制码的文件名",
        "A name is data: it leads nowhere and moves no terminal.",
        "名字只是数据：不指向别处，不控制终端。",
    ),
    Fault(
        "csv-formula",
        "Texts that a spreadsheet, a browser or a terminal would obey",
        "会被表格软件、浏览器或终端执行的文字",
        "Made harmless where they are written.",
        "写出时即消除其作用。",
    ),
    Fault(
        "key-leak",
        "The key, or words of a document, where they do not belong",
        "密钥或文件内容出现在不该出现之处",
        "They reach no log, traceback, database, page, export or message.",
        "不进入日志、回溯、数据库、页面、导出或消息。",
    ),
    Fault(
        "kill",
        "Killed at any moment",
        "在任何时刻被杀",
        "Run again it goes on: nothing lost, nothing doubled, at most the calls in flight are paid again.",
        "再运行即接着读：不丢、不重，最多重付在途的调用。",
    ),
    Fault(
        "two-processes",
        "Two processes on one database",
        "两个进程用同一个数据库",
        "Each document is read by one of them; readers see whole outcomes.",
        "每份文件只由其中一个读；旁观者只看到完整的结果。",
    ),
    Fault(
        "disk-full",
        "A full disk, an input/output error, a folder that cannot be written",
        "磁盘写满、读写错误、不可写的文件夹",
        "A clean end with exit code 7; what was stored before is intact; the same command goes on.",
        "有序结束，退出码 7；此前所存完好；同一命令接着读。",
    ),
    Fault(
        "db-locked",
        "A database locked by another program",
        "数据库被其他程序锁住",
        "Waited for a bounded time, then exit code 7 with the file and the way out.",
        "等待有限的时间，然后以退出码 7 结束，说明文件与办法。",
    ),
    Fault(
        "corrupt-db",
        "A damaged database, a flipped byte within an answer",
        "损坏的数据库、回答中翻转的一个字节",
        "Told and never overwritten, with a way out that works.",
        "如实说明、绝不覆盖，并给出可行的办法。",
    ),
    Fault(
        "concurrent-migration",
        "Several first starts at once",
        "几个进程同时首次启动",
        "One makes the tables, the others wait; all succeed.",
        "一个建表，其余等待；全部成功。",
    ),
    Fault(
        "sqlite-values",
        "What SQLite would bend: integers over 2^63, surrogates, NaN, NUL, exact decimals",
        "SQLite 会改动的值：超过 2^63 的整数、代理字符、NaN、NUL、精确小数",
        "Kept to the last digit or refused; nothing is stored bent.",
        "一位不差地保存，或拒绝；不存走样的值。",
    ),
)


@dataclass(frozen=True)
class Shown:
    """A test that shows a row."""

    row: str
    test: str
    file: str
    behaviour: str
    slow: bool

    @property
    def sentence(self) -> str:
        """What it shows."""
        return self.behaviour or self.test.removeprefix("test_").replace("_", " ")


@cache
def shown() -> tuple[Shown, ...]:
    """Every test that is marked, file by file; read and not run, so that slow ones count too."""
    texts = ((path.name, path.read_text(encoding="utf-8")) for path in sorted(TESTS.glob("test_*.py")))
    return tuple(found for name, text in texts if "mark.fault(" in text for found in _of_file(name, text))


def _of_file(name: str, text: str) -> Iterator[Shown]:
    tree = ast.parse(text)
    whole = [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_named(node, "pytestmark")]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            marks = [mark for part in (*node.decorator_list, *whole) for mark in ast.walk(part)]
            slow = any(isinstance(mark, ast.Attribute) and mark.attr == "slow" for mark in marks)
            for mark in marks:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "fault":
                    row, *more = [ast.literal_eval(said) for said in (*mark.args, *(k.value for k in mark.keywords))]
                    yield Shown(row, node.name, name, more[0] if more else "", slow)


def _is_named(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def table(tests: Sequence[Shown], *, chinese: bool = False) -> str:
    """The table of all rows: fault, behaviour, tests."""
    head = ("故障", "做法", "测试") if chinese else ("fault", "what gouji does", "shown by")
    rows = [_row(fault, [test for test in tests if test.row == fault.id], chinese) for fault in FAULTS]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * 3, *rows))


def _row(fault: Fault, tests: Sequence[Shown], chinese: bool) -> tuple[str, str, str]:
    if chinese:
        files = Counter(test.file for test in tests)
        told = "<br>".join(f"`{file}` {count}" for file, count in files.items())
        return (fault.title_zh, fault.behaviour_zh, told)
    told = "<br>".join(f"`{t.file}`: {t.sentence}{' (slow)' if t.slow else ''}" for t in tests)
    return (fault.title, fault.behaviour, told)


def page(text: str, tests: Sequence[Shown]) -> str:
    """The page with both its tables as the marks have them."""
    for name, chinese in (("faults", False), ("故障", True)):
        begin, end = f"<!-- {name}: made by python -m tests.faults -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}{table(tests, chinese=chinese)}{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), shown()), encoding="utf-8")
