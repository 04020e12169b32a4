"""A scripted model server for tests, and a model that talks to it without waiting for real."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from agent.model import Answer, Budget, Call, Model, ModelSettings, Question
from eval.server import AnswerText, Server, script

CANARY = "sk-canary-5f1e2d"


@contextmanager
def serving(steps: str = "ok", answer: AnswerText | str = "{}") -> Iterator[Server]:
    """A server by script; ``answer`` is the text of every good answer, or makes it from the request."""
    fixed = answer
    with Server((lambda _: fixed) if isinstance(fixed, str) else fixed, script(steps)) as server:
        yield server


@dataclass
class FakeTime:
    """A clock that only sleeping moves, and the sleeps it was asked for."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """Seconds by this clock."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def settings_for(server: Server, **changes: Any) -> ModelSettings:
    """Settings of a model on that server."""
    return ModelSettings("scripted", server.base_url, SecretStr(CANARY), **changes)


@dataclass
class Asked:
    """What one or more questions came to: the answers, the calls journaled, the time slept."""

    answers: list[Answer]
    calls: list[Call]
    time: FakeTime

    @property
    def answer(self) -> Answer:
        """The only answer."""
        (answer,) = self.answers
        return answer


def ask(
    server: Server, *questions: Question, budget: Budget | None = None, time: FakeTime | None = None,
    calls: list[Call] | None = None, **settings: Any,
) -> Asked:  # fmt: skip
    """Ask one model questions, one after the other; ``calls`` fills also where it ends in an error."""
    time = time or FakeTime()
    journal: list[Call] = [] if calls is None else calls

    async def run() -> list[Answer]:
        model = Model(settings_for(server, **settings), on_call=journal.append, sleep=time.sleep, clock=time.clock)
        try:
            return [await model.ask(question, budget=budget) for question in questions]
        finally:
            await model.close()

    return Asked(asyncio.run(run()), journal, time)
