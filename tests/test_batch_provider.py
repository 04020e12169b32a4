"""A provider's batch endpoint: rounds of questions, posted and collected over restarts, each paid once."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.batch_calls import StopError
from agent.batch_outbox import FileLimits
from agent.provider_batch import Mail, Rounds
from eval import tallies
from eval.batch_server import BatchServer, Posted, at_once
from eval.server import Body
from tests.batch_world import rows
from tests.mail_world import COUNT, KilledError, Sender, check_whole, stalls

__all__ = ["stalls"]  # a fixture


def test_all_questions_go_in_one_file_and_come_back_answered(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer) as server:
        tally = Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT]
    assert tally.statuses == {"accepted": 9, "review": 1}
    assert tally.stopped is None
    check_whole(db)


def test_the_journal_tells_half_the_price(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer) as server:
        Sender(db, server).read(stalls)

    told = rows(db, "select input_tokens, output_tokens, cost from calls")
    assert len(told) == COUNT
    assert all(Decimal(cost) == (read + 4 * written) * Decimal("0.000001") for read, written, cost in told)
    assert rows(db, "select count(*) from runs where cost is null and outcome is not null") == [(0,)]


def careless(body: Body) -> str:
    said = tallies.answer(body)
    return said if len(said) < 45 else said.replace("1@4 ", "1@4 9", 1)


def test_only_the_questions_that_failed_go_in_the_next_round(db: Path, stalls: list[Path]) -> None:
    wrong = {line for path in stalls[:3] for line in path.read_text().splitlines()[3:4]}

    def sometimes(body: Body) -> str:
        asked = str(body["messages"][1]["content"])
        return careless(body) if any(line in asked for line in wrong) else tallies.answer(body)

    with BatchServer(sometimes) as server:
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT, 3]
    check_whole(db)


@pytest.mark.parametrize(("limits", "files"), [(FileLimits(requests=4), [4, 4, 2]), (FileLimits(size=9_000), [5, 5])])
def test_files_keep_within_the_limits_of_requests_and_bytes(
    db: Path, stalls: list[Path], limits: FileLimits, files: list[int]
) -> None:
    with BatchServer(tallies.answer, most_requests=limits.requests, most_bytes=limits.size) as server:
        Sender(db, server, limits).read(stalls)

        sent = [len(posted.lines) for posted in server.batches]
        assert sent == files
        assert all(len(data) <= limits.size for data in server.files.values())
    check_whole(db)


def some(first: int, status: str = "expired") -> Callable[[Posted], None]:
    return lambda posted: posted.finish(status, first)


def test_what_expired_is_posted_again_and_what_was_answered_is_kept(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, [some(6), at_once]) as server:
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT, 4]
        assert server.paid == COUNT
    check_whole(db)


def test_what_an_earlier_round_settled_is_no_work_of_an_earlier_run(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, [lambda posted: posted.finish("expired", first=4), at_once]) as server:
        first, again = (Sender(db, server).read(stalls) for _ in range(2))

    assert (first.before, first.settled) == (0, COUNT)
    assert (again.before, again.settled) == (COUNT, COUNT)


def test_a_batch_that_leaves_lines_out_is_filled_up(db: Path, stalls: list[Path]) -> None:
    def leave_out(posted: Posted) -> None:
        posted.finish()
        del posted.output[2:5]

    with BatchServer(tallies.answer, [leave_out, at_once]) as server:
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT, 3]
    check_whole(db)


def test_lines_that_failed_are_asked_again_and_a_refusal_is_not(db: Path, stalls: list[Path]) -> None:
    def mixed(posted: Posted) -> None:
        posted.finish()
        posted.output[0] = posted.refused(posted.lines[0], 500, "crashed")
        posted.output[1] = posted.refused(posted.lines[1], 429, "slow down")

    with BatchServer(tallies.answer, [mixed, at_once]) as server:
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT, 2]
    check_whole(db)


def test_a_question_that_never_gets_an_answer_fails_alone(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, [lambda posted: posted.finish("expired", len(posted.lines) - 1)]) as server:
        Sender(db, server).read(stalls)

        assert len(server.batches) == 6 - 1
    assert rows(db, "select count(*) from jobs where status = 'failed' and error like '%unanswered 5 times'") == [(1,)]


def test_a_server_without_schemas_takes_one_round_more(db: Path, stalls: list[Path]) -> None:
    def no_schema(posted: Posted) -> None:
        for line in posted.lines:
            kind = line["body"].get("response_format", {}).get("type")
            refused = posted.refused(line, 400, "This response_format type is unavailable now")
            posted.output.append(refused if kind == "json_schema" else posted.answered(line))
        posted.status = "completed"

    with BatchServer(tallies.answer, [no_schema]) as server:
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT, COUNT]
    check_whole(db)


def later(looks: int) -> Callable[[Posted], None]:
    return lambda posted: posted.finish() if posted.looks >= looks else None


def test_stopped_while_it_waits_it_collects_another_day(db: Path, stalls: list[Path]) -> None:
    def soon(rounds: Rounds) -> None:
        asyncio.get_running_loop().call_later(0.5, rounds.stop, StopError("enough"))

    with BatchServer(tallies.answer, [later(10_000)]) as server:
        tally = Sender(db, server, began=soon).read(stalls)
        assert str(tally.stopped) == "enough"
        assert tally.statuses == {"asked": COUNT}
        server.fates = [at_once]
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT]
    check_whole(db)


@pytest.mark.fault("hang", behaviour="A provider's endpoint that is away or never answers keeps no run from ending.")
@pytest.mark.parametrize("hangs", [False, True], ids=["away", "silent"])
def test_asked_to_end_while_the_provider_does_not_answer_it_ends(db: Path, stalls: list[Path], hangs: bool) -> None:
    over = threading.Event()
    ended: list[float] = []

    async def end(rounds: Rounds) -> None:
        while len(server.asked) < 4 and not any(posted.looks for posted in server.batches):
            await asyncio.sleep(0.05)
        ended.append(time.monotonic())
        rounds.stop(StopError("enough"))

    def soon(rounds: Rounds) -> None:
        ending.append(asyncio.get_running_loop().create_task(end(rounds)))

    def late(_: Posted) -> None:
        over.wait(20)

    ending: list[asyncio.Task[None]] = []
    with BatchServer(tallies.answer, [late], faults=[] if hangs else [503] * 1000) as server:
        tally = Sender(db, server, began=soon).read(stalls)
        took = time.monotonic() - ended[0]
        over.set()
        server.fates, server.faults = [at_once], []
        Sender(db, server).read(stalls)

        assert server.paid == COUNT
    assert str(tally.stopped) == "enough"
    assert took < 3
    check_whole(db)


def dying(where: str, *, after: bool) -> type[Mail]:
    """Mail whose process dies before or after one of its steps, the first time."""
    died: list[bool] = []

    class Dying(Mail):
        """Dies once."""

    step = getattr(Mail, where)

    async def once(self: Mail, *arguments: Any) -> Any:
        if died:
            return await step(self, *arguments)
        died.append(True)
        if after:
            await step(self, *arguments)
        raise KilledError

    setattr(Dying, where, once)
    return Dying


def without_listing() -> type[Mail]:
    """Mail to a provider that is away as soon as it was sent a file."""

    class Away(Mail):
        """Hears nothing of what it sent."""

        async def _known(self) -> dict[str, str]:
            raise StopError("the provider is away")

    return Away


@pytest.mark.fault("kill")
@pytest.mark.parametrize("where", ["_upload", "_take_in", "send", "collect"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_it_goes_on_and_pays_once(db: Path, stalls: list[Path], where: str, after: bool) -> None:
    with BatchServer(tallies.answer) as server:
        sender = Sender(db, server, mail=dying(where, after=after))
        with pytest.raises(KilledError):
            sender.read(stalls)
        sender.read(stalls)

        assert server.paid == COUNT
    check_whole(db)
    assert rows(db, "select count(*) from calls") == [(COUNT,)]


@pytest.mark.fault("gateway-5xx")
@pytest.mark.parametrize("lost", [1, 2])
def test_a_file_whose_arrival_was_not_heard_of_is_not_posted_again(db: Path, stalls: list[Path], lost: int) -> None:
    with BatchServer(tallies.answer, lost=lost) as server:
        Sender(db, server, FileLimits(requests=4)).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [4, 4, 2]
    check_whole(db)


@pytest.mark.fault("gateway-5xx")
def test_a_file_whose_arrival_was_never_heard_of_is_found_by_the_next_run(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, lost=1) as server:
        stopped = Sender(db, server, mail=without_listing()).read(stalls)
        assert stopped.stopped
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT]
    check_whole(db)


@pytest.mark.fault("gateway-5xx")
def test_a_network_that_fails_now_and_then_is_borne(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, faults=[503, 429, 500]) as server:
        Sender(db, server).read(stalls)

        assert server.paid == COUNT
    check_whole(db)


@pytest.mark.fault("quota")
@pytest.mark.parametrize(("status", "told"), [(401, "check the key"), (403, "may not use")])
def test_what_asking_again_cannot_help_stops_the_run(db: Path, stalls: list[Path], status: int, told: str) -> None:
    with BatchServer(tallies.answer, faults=[status] * 3) as server:
        tally = Sender(db, server).read(stalls)

        assert told in str(tally.stopped)
        server.faults.clear()
        Sender(db, server).read(stalls)
    check_whole(db)


def test_a_batch_that_the_provider_refuses_stops_the_run_with_its_reason(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, most_requests=3) as server:
        tally = Sender(db, server).read(stalls)

        assert "failed: 10 requests" in str(tally.stopped)
        assert rows(db, "select count(*) from jobs where status = 'failed'") == [(0,)]


def test_a_budget_holds_back_what_it_does_not_cover(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer) as server:
        tally = Sender(db, server, budget=3000).read(stalls)

        assert 0 < server.paid < COUNT
        assert "budget" in str(tally.stopped)
        Sender(db, server).read(stalls)

        assert server.paid == COUNT
    check_whole(db)


def test_a_budget_counts_an_answer_by_those_that_came(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer) as server:
        Sender(db, server).read(stalls[:1])
        with closing(sqlite3.connect(db)) as store, store:
            store.execute("update calls set output_tokens = 2000")
        Sender(db, server, budget=3000).read(stalls)

        assert [len(posted.lines) for posted in server.batches][:2] == [1, 1]


def test_the_command_posts_and_collects(
    db: Path, stalls: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with BatchServer(tallies.answer) as server:
        arguments = ["batch", str(stalls[0].parent), "--db", str(db), "--form", tallies.FORM_NAME, "--json"]
        arguments += ["--model", "m", "--base-url", server.base_url, "--transport", "batch", "--poll", "0.05"]
        code = cli.run(arguments)

    assert code == 3
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["accepted"], told["review"], told["usage"]["calls"]) == (9, 1, COUNT)
