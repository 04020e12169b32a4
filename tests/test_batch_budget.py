"""A budget of tokens or dollars holds whatever the answers take, and so does a limit of tokens a minute."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent.pace import Limits, Pace
from eval import tallies
from eval.server import Body, Reply, Server, completion
from tests.batch_world import World, entries, rows


def takes(*outputs: int) -> Any:
    """Answers that are told to have so many tokens, the last again and again."""
    told = list(outputs)

    def step(body: Body, answer: Any) -> Reply:
        said = json.loads(completion(answer(body), body))
        output = told.pop(0) if len(told) > 1 else told[0]
        said["usage"] = {"prompt_tokens": 500, "completion_tokens": output, "total_tokens": 500 + output}
        return Reply(body=json.dumps(said).encode(), wait=0.05)

    return step


@pytest.mark.parametrize("outputs", [(4000,), (40, 40, 4000)])
def test_answers_longer_than_expected_exceed_no_budget(tmp_path: Path, outputs: tuple[int, ...]) -> None:
    stalls = tallies.write(tmp_path / "stalls", 40)
    with Server(tallies.answer, [takes(*outputs)]) as server:
        tally = World(tmp_path / "gouji.db", server, concurrency=16, budget=60_000).read(entries(stalls))

    (paid,) = rows(tmp_path / "gouji.db", "select sum(input_tokens + output_tokens) from calls")[0]
    assert 45_000 < paid <= 60_000
    assert "budget" in str(tally.stopped)


def test_calls_that_waited_are_counted_at_what_is_known_when_they_go() -> None:
    async def scenario() -> list[int]:
        pace, known = Pace(Limits(8, tokens=10**6)), 100
        counted: list[int] = []

        async def one() -> None:
            nonlocal known
            async with pace.turn(lambda: known) as tokens:
                await asyncio.sleep(0.01)
            counted.append(tokens)
            known = 5000
            pace.good(tokens, 5000)

        await asyncio.gather(*(one() for _ in range(4)))
        return counted

    assert asyncio.run(scenario()) == [100, 5000, 5000, 5000]
