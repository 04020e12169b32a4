"""A report read by a model on 127.0.0.1 that knows the truth, and what becomes of it when it answers otherwise."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.document import load
from agent.model import Call
from agent.outcome import Accepted, NeedsReview, Outcome
from agent.pipeline import Plan, ReaderName, run
from eval.oracle import Oracle, asked_rows
from eval.server import Body, Seen
from tests.scripted_server import serving, settings_for
from tests.written import OGI, SAMPLE, read

Answer = dict[str, Any]
Change = Callable[[Answer, Body], Answer]


@dataclass(frozen=True)
class Run:
    """How it ended, what the server saw, which calls were journaled."""

    outcome: Outcome
    seen: list[Seen]
    journal: list[Call]

    @property
    def accepted(self) -> Accepted:
        """The outcome, where the report was accepted."""
        assert isinstance(self.outcome, Accepted), self.outcome
        return self.outcome

    @property
    def review(self) -> NeedsReview:
        """The outcome, where it waits in review."""
        assert isinstance(self.outcome, NeedsReview), self.outcome
        return self.outcome

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return len(self.seen)

    @property
    def prompts(self) -> list[str]:
        """What was asked, question by question."""
        return [prompt(seen.body) for seen in self.seen]

    @property
    def repairs(self) -> list[str]:
        """The questions that went back."""
        return [asked for asked in self.prompts if asked.startswith("These rows")]


def prompt(body: Body) -> str:
    """The question in a request."""
    return str(body["messages"][1]["content"])


@cache
def truth(text: str = SAMPLE) -> Answer:
    """The true record of a text that the offline reader reads, and for the sample its prose."""
    record: Answer = json.loads(json.dumps(dict(read(text).record), default=float))
    parts = [{"name": "工作动态", "count": 131}, {"name": "通知公告", "count": 58}]
    record["published"] = [{"channel": "县政府门户网站", "count": 214, "approximate": False, "parts": parts}]
    record["published"][0]["parts"] = [*parts, {"name": "政策文件及解读", "count": 25}]
    record["problems"] = ["部分栏目更新不及时"]
    record["improvements"] = ["把栏目更新列入科室月度清单"]
    return record


def as_it_is(answer: Answer, _: Body) -> Answer:
    """The right answer."""
    return answer


def by_model(
    text: str = SAMPLE,
    change: Change = as_it_is,
    *,
    steps: str = "ok",
    record: Answer | None = None,
    reader: ReaderName = "model",
    escalate: str | None = None,
    max_attempts: int = 3,
    budget_tokens: int | None = None,
    **settings: Any,
) -> Run:
    """Read a text with a model that tells the truth but for ``change``; ``steps``: how its server answers."""
    document = load(text)
    oracle = Oracle(truth(text) if record is None else record, OGI, document)
    journal: list[Call] = []

    def answer(body: Body) -> str:
        return json.dumps(change(oracle.answer(body), body), ensure_ascii=False)

    with serving(steps, answer) as server:
        model = settings_for(server, **settings)
        stronger = settings_for(server, **settings) if escalate else None
        if stronger and escalate:
            object.__setattr__(stronger, "name", escalate)
        plan = Plan(OGI, reader, model, stronger, max_attempts, budget_tokens)
        return Run(asyncio.run(run(document, plan, on_call=journal.append)), server.seen, journal)


def number_of(row: str, table: str = "table3") -> int:
    """The number that a question gives a row."""
    from agent import wire

    return next(number for number, its in wire.table(OGI.tables[table]).rows if its.id == row)


def says_row(row: str, cells: str, *, always: bool = False, table: str = "table3") -> Change:
    """The model gives other cells for a row: in its first answer, or whenever it is asked."""

    def change(answer: Answer, body: Body) -> Answer:
        first = not prompt(body).startswith("These rows")
        if table in answer and (first or always):
            number = number_of(row, table)
            answer = {**answer, table: re.sub(rf"(?m)^{number}@(\d+) .*$", rf"{number}@\1 {cells}", answer[table])}
        return answer

    return change


def says(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(answer: Answer, body: Body) -> Answer:
        for one in changes:
            answer = one(answer, body)
        return answer

    return change


def says_prose(**fields: Any) -> Change:
    """The model gives other prose fields."""
    return lambda answer, _: {**answer, **fields} if "organization" in answer else answer


def rows_asked(asked: str) -> dict[str, list[int]]:
    """The rows that a question asks for."""
    return asked_rows(asked, OGI)
