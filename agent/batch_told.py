"""What is told of a batch: a bar while it runs, a summary at its end, the same as JSON, and the state of the ledger."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.batch_inputs import LINKS
from agent.batch_texts import STATUSES, say
from agent.database import open_for_reading
from agent.errors_told import told
from agent.ledger import here, is_gone, spent
from agent.outcome import NO_USAGE, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from agent.batch import Tally
    from agent.language import Language

_EVERY = 0.2


@dataclass(frozen=True)
class Summary:
    """What a run did. ``cut_off``: it did not wait for calls on their way."""

    tally: Tally
    usage: Usage
    seconds: float
    db: Path
    left_out: Counter[str] = field(default_factory=Counter)
    cut_off: bool = False

    def as_json(self) -> dict[str, Any]:
        """The summary for programs."""
        tally = self.tally
        return {
            "documents": tally.documents,
            **{status: tally.statuses[status] for status in STATUSES[:4]},
            "unfinished": unfinished(tally),
            "asked": tally.statuses["asked"],
            "with_another_run": tally.statuses["leased"],
            "copies": tally.copies,
            "changed": tally.changed,
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
        counts = {
            "waiting": unfinished(tally) - tally.statuses["leased"] - tally.statuses["asked"],
            "asked": tally.statuses["asked"],
            "with_another": tally.statuses["leased"],
            "copies": tally.copies,
            "before": tally.before,
        }
        rows += [[say(language, name), str(count)] for name, count in counts.items() if count]
        if tally.changed:
            rows.append([say(language, "changed"), say(language, "changed_what", count=tally.changed)])
        read = max(0, tally.settled - tally.before)
        rows.append([say(language, "seconds"), pace(read, self.seconds, language)])
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
        if self.usage.calls or not tally.statuses["asked"]:  # what was posted is told below
            yield Text(usage(self.usage, language))
        for problem in tally.problems:
            why = where(problem.path, problem.error, language)
            yield Text(safe(f"  {say(language, problem.status)}: {why}"), "yellow")
        if tally.stopped:
            yield Text(safe(say(language, "stopped", why=told(tally.stopped, language))), "bold red")
        for name, count in (
            ("review_them", tally.statuses["review"]),
            ("retry", tally.statuses["failed"]),
            ("at_provider", tally.statuses["asked"]),
            ("cut_off" if self.cut_off else "again", unfinished(tally) - tally.statuses["asked"]),
        ):
            if count:
                yield Text(say(language, name, count=count, db=output.option(self.db)))


def pace(read: int, seconds: float, language: Language) -> str:
    """The seconds of a run, and how many documents it read a second, or a minute where that is less than one."""
    if not (read and seconds):
        return say(language, "took", seconds=seconds)
    name, rate = ("a_second", read / seconds) if read >= seconds else ("a_minute", 60 * read / seconds)
    return say(language, "took", seconds=seconds) + say(language, name, rate=rate)


def unfinished(tally: Tally) -> int:
    """Documents without an outcome that did not fail."""
    return tally.documents - tally.copies - tally.settled


def where(path: str, error: str, language: Language) -> str:
    """What went wrong, after the whole path: names alone may be alike in many folders."""
    return told(f"{path}: {error.removeprefix(f'{path}: ').removeprefix(f'{Path(path).name}: ')}", language)


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
        seen = [status for status in STATUSES if any(status in counts for *_, counts in self.jobs)]
        heads = [say(language, name) for name in ("form", "reader", "model", *seen)]
        rows = [
            [form, reader, model or "", *(str(counts.get(status, 0)) for status in seen)]
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
        begun = db.execute("select id, host, process, beat from batches where finished is null").fetchall()
        gone = [batch for batch, *holder in begun if is_gone(*holder, here=here(), now=time.time())]
        last = db.execute("select id, started, finished, why from batches order by id desc limit 1").fetchone()
        running = last is not None and last["finished"] is None and last["id"] not in gone
        last_run = (last["started"], running, last["why"]) if last else (None, False, None)
        return State(tuple(_jobs(db, gone)), spent(db), *last_run)


def documents(path: Path, status: str) -> Iterator[dict[str, Any]]:
    """The documents of a status, at every place where they were found, and why they are in it.

    Raises UsageError where there is no database.
    """
    with open_for_reading(path) as db:
        if db.execute("select 1 from sqlite_master where name = 'jobs'").fetchone():
            rows = db.execute(
                "select coalesce(origins.path, jobs.path) as path, form, reader, run, error from jobs"
                " left join origins using (document) where status = ? order by 1",
                (status,),
            )
            yield from map(dict, rows)


def _jobs(db: sqlite3.Connection, gone: Sequence[int]) -> Iterator[tuple[str, str, str | None, Mapping[str, int]]]:
    """Documents by form, reader, model and status; what a run held that is gone waits."""
    found: dict[tuple[str, str, str | None], dict[str, int]] = {}
    counted = (
        "select form, reader, model, case when status = 'leased' and batch in (select value from json_each(?))"
        " then 'waiting' else status end as now, count(*) as many from jobs group by 1, 2, 3, 4 order by 1, 2, 3"
    )
    for row in db.execute(counted, (json.dumps(gone),)):
        found.setdefault((row["form"], row["reader"], row["model"]), {})[row["now"]] = row["many"]
    for (form, reader, model), counts in found.items():
        yield form, reader, model, counts
