"""What is told of a batch: a bar while it runs, a summary at its end, the same as JSON, and the state of the ledger."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.batch_inputs import LINKS
from agent.database import open_for_reading
from agent.ledger import spent
from agent.outcome import NO_USAGE, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from agent.batch import Problem, Tally
    from agent.language import Language

_EVERY = 0.2
STATUSES = ("accepted", "review", "not_this_form", "failed", "waiting", "leased", "asked")

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
    "before": ("此前已完成", "settled before"),
    "seconds": ("用时", "time"),
    "took": ("{seconds:.1f} 秒，每秒 {rate:.1f} 份", "{seconds:.1f} s, {rate:.1f} documents a second"),
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
    "retry": (
        "{count} 份失败；重试：gouji batch retry --failed{db}",
        "{count} failed; to try them again: gouji batch retry --failed{db}",
    ),
    "review_them": ("{count} 份待复核：gouji review{db}", "{count} wait in review: gouji review{db}"),
    "left_out": (
        "文件夹中有 {count} 个文件因扩展名未读：{which}；要读请直接写出文件名",
        "{count} files in folders were left out for their endings: {which}; name them to have them read",
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
    "put_back": ("{count} 份失败的文件将重试", "documents that failed, tried again: {count}"),
    "none_failed": ("没有失败的文件", "nothing failed"),
}


def say(language: Language, text: str, **values: object) -> str:
    """The text called ``text`` in one language."""
    return TEXTS[text][language == "en"].format(**values)


@dataclass(frozen=True)
class Summary:
    """What a run did."""

    tally: Tally
    usage: Usage
    seconds: float
    db: Path
    left_out: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The summary for programs."""
        tally = self.tally
        return {
            "documents": tally.documents,
            **{status: tally.statuses[status] for status in STATUSES[:4]},
            "unfinished": unfinished(tally),
            "copies": tally.copies,
            "left_out": dict(self.left_out),
            "settled_before": tally.before,
            "usage": asdict(self.usage),
            "spared": asdict(tally.spared),
            "seconds": round(self.seconds, 3),
            "all_accepted": tally.all_accepted,
            "stopped": tally.stopped and str(tally.stopped),
            "problems": [asdict(problem) for problem in tally.problems],
        }

    def plain(self, language: Language) -> Iterator[RenderableType]:
        """The summary for a person."""
        from agent import output

        tally = self.tally
        rows = [[say(language, "documents"), str(tally.documents)]]
        rows += [
            [say(language, s), str(tally.statuses[s])] for s in STATUSES[:4] if tally.statuses[s] or s == "accepted"
        ]
        for name, count in (("waiting", unfinished(tally)), ("copies", tally.copies), ("before", tally.before)):
            if count:
                rows.append([say(language, name), str(count)])
        read = max(0, tally.settled - tally.before)
        took = say(language, "took", seconds=self.seconds, rate=read / self.seconds if self.seconds else 0)
        rows.append([say(language, "seconds"), took])
        if tally.spared.calls:
            rows.append([say(language, "spared"), _spared(tally.spared, language)])
        yield output.listing(["", ""], rows)
        yield from self._more(language)

    def _more(self, language: Language) -> Iterator[RenderableType]:
        from rich.text import Text

        from agent import output
        from agent.summary import usage
        from agent.tables import safe

        tally = self.tally
        yield Text(usage(self.usage, language))
        for problem in tally.problems:
            yield Text(safe(f"  {say(language, problem.status)}: {_where(problem)}"), "yellow")
        if tally.stopped:
            yield Text(safe(say(language, "stopped", why=tally.stopped)), "bold red")
        for name, count in (
            ("review_them", tally.statuses["review"]),
            ("retry", tally.statuses["failed"]),
            ("again", unfinished(tally)),
        ):
            if count:
                yield Text(say(language, name, count=count, db=output.option(self.db)))


def unfinished(tally: Tally) -> int:
    """Documents without an outcome that did not fail."""
    return tally.documents - tally.copies - tally.settled


def _where(problem: Problem) -> str:
    """What went wrong, after the whole path: names alone may be alike in many folders."""
    path = problem.path
    return f"{path}: {problem.error.removeprefix(f'{path}: ').removeprefix(f'{Path(path).name}: ')}"


def left_out(counts: Counter[str], language: Language) -> str:
    """How many files were passed over, and what kinds."""
    names = {"": say(language, "no_ending"), LINKS: say(language, "links")}
    which = ", ".join(f"{names.get(ending, ending)} {count}" for ending, count in counts.most_common())
    return say(language, "left_out", count=counts.total(), which=which)


def _spared(usage: Usage, language: Language) -> str:
    cost = f" ({_cost(usage, language)})" if usage.cost is not None else ""
    return say(language, "spared_what", calls=usage.calls, tokens=usage.input_tokens, cost=cost)


def _cost(usage: Usage, language: Language) -> str:
    if usage.cost is None:
        return say(language, "no_price") if usage.calls else ""
    return say(language, "dollars", cost=f"{usage.cost:.4f}")


@contextmanager
def bar(total: int, language: Language, usage: Callable[[], Usage]) -> Iterator[Callable[[Tally], None]]:
    """A bar on standard error; gives what moves it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, refresh_per_second=4, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)
        last = 0.0

        def tell(tally: Tally) -> None:
            nonlocal last
            if time.monotonic() - last < _EVERY and tally.settled + tally.copies < total:
                return
            last = time.monotonic()
            used = usage()
            counts = {name: tally.statuses[name] for name in ("accepted", "review", "failed")}
            tokens = f"{used.input_tokens + used.output_tokens:,}"
            described = say(language, "bar", **counts, tokens=tokens, cost=_cost(used, language))
            progress.update(task, completed=tally.settled + tally.copies, description=described)

        yield tell


@dataclass(frozen=True)
class State:
    """What a ledger holds: documents by form, reader, model and status; what all calls took; the last run."""

    jobs: tuple[tuple[str, str, str | None, Mapping[str, int]], ...]
    usage: Usage = NO_USAGE
    last: str | None = None
    running: bool = False
    why: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The state for programs."""
        jobs = [{"form": form, "reader": reader, "model": model, **counts} for form, reader, model, counts in self.jobs]
        return {
            "jobs": jobs,
            "usage": asdict(self.usage),
            "last_run": self.last,
            "running": self.running,
            "stopped": self.why,
        }

    def plain(self, language: Language) -> Iterator[RenderableType]:
        """The state for a person."""
        from rich.text import Text

        from agent import output
        from agent.summary import usage
        from agent.tables import safe

        if not self.jobs:
            yield Text(say(language, "nothing"))
            return
        heads = [say(language, name) for name in ("form", "reader", "model", *STATUSES)]
        rows = [
            [form, reader, model or "", *(str(counts.get(status, 0)) for status in STATUSES)]
            for form, reader, model, counts in self.jobs
        ]
        yield output.listing(heads, rows)
        yield Text(usage(self.usage, language))
        state = say(language, "running") if self.running else self.why or say(language, "ended")
        yield Text(safe(say(language, "last", when=self.last, state=state)))


def state(path: Path) -> State:
    """The state of the ledger in a store. Raises UsageError where there is no file."""
    with open_for_reading(path) as db:
        if not db.execute("select 1 from sqlite_master where name = 'jobs'").fetchone():
            return State(())
        last = db.execute("select started, finished, why from batches order by id desc limit 1").fetchone()
        told = (last["started"], last["finished"] is None, last["why"]) if last else (None, False, None)
        return State(tuple(_jobs(db)), spent(db), *told)


def _jobs(db: sqlite3.Connection) -> Iterator[tuple[str, str, str | None, Mapping[str, int]]]:
    found: dict[tuple[str, str, str | None], dict[str, int]] = {}
    counted = "select form, reader, model, status, count(*) as many from jobs group by 1, 2, 3, 4 order by 1, 2, 3"
    for row in db.execute(counted):
        found.setdefault((row["form"], row["reader"], row["model"]), {})[row["status"]] = row["many"]
    for (form, reader, model), counts in found.items():
        yield form, reader, model, counts
