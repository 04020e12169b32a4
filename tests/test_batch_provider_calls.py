"""What a provider's batch endpoint is asked: nothing of a call goes on when it is over, nothing is sent unbudgeted."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.batch_calls import FIRST_GUESS, StopError
from agent.model import asked_tokens
from agent.provider_batch import unless
from eval import tallies
from eval.batch_server import BatchServer
from tests.mail_world import Sender


@pytest.mark.fault("hang", behaviour="Of a call to a provider's endpoint nothing goes on when it is over or given up.")
@pytest.mark.parametrize("given_up", [False, True])
def test_nothing_of_a_call_goes_on(given_up: bool) -> None:
    async def call() -> set[asyncio.Task[Any]]:
        ending = asyncio.Event()
        if given_up:
            asyncio.get_running_loop().call_later(0.05, ending.set)
        with suppress(StopError):
            await unless(ending, asyncio.sleep(30 if given_up else 0))
        await asyncio.sleep(0)
        return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(call()) == set()


def test_before_an_answer_was_seen_a_budget_counts_a_guess(tmp_path: Path) -> None:
    with BatchServer(tallies.answer) as server:
        Sender(tmp_path / "gouji.db", server, budget=3000).read(tallies.write(tmp_path / "stalls", 10))

        first = server.batches[0].lines
    asked = [asked_tokens(line["body"]) for line in first]
    assert first
    assert sum(asked) + FIRST_GUESS * len(first) <= 3000 < sum(asked) + FIRST_GUESS * (len(first) + 1) + max(asked)
