"""A batch: every document to its own outcome, none lost, none paid twice."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.batch import Batch, InterruptError
from agent.batch_calls import Patience, StopError
from agent.batch_inputs import job_of
from agent.batch_step import Setup, step
from agent.document import load
from agent.errors import StoreError
from agent.ledger import Entry, Ledger
from agent.model import Call
from agent.outcome import Usage
from agent.pipeline import extract
from agent.store import Store
from eval import tallies
from eval.server import Body, Server, completion, error, fails, script
from tests.batch_world import InThread, World, entries, rows


@pytest.fixture
def stalls(tmp_path: Path) -> list[Path]:
    return tallies.write(tmp_path / "stalls", 10)


def stored(db: Path) -> list[tuple[Any, ...]]:
    """Outcomes by document name: each must stand exactly once."""
    return rows(
        db, "select name, status from runs join documents on sha256 = document where outcome is not null order by 1"
    )


def test_every_document_comes_to_its_own_outcome(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer) as server:
        tally = World(db, server).read(entries(stalls))

        assert server.calls == 10
    assert tally.statuses == {"accepted": 9, "review": 1}
    assert stored(db) == [(path.name, "review" if path == stalls[9] else "accepted") for path in stalls]
    assert rows(db, "select count(*) from records") == [(9,)]
    assert not tally.all_accepted


def test_the_same_batch_again_makes_no_call_and_reads_nothing(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer) as server:
        World(db, server).read(entries(stalls))
        again = World(db, server)
        tally = again.read(entries(stalls))

        assert server.calls == 10
    assert again.readers is not None
    assert again.readers.asked == []
    assert (tally.before, tally.statuses["accepted"]) == (10, 9)
    assert len(stored(db)) == 10


def test_what_was_read_one_by_one_is_not_read_again(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer) as server:
        world = World(db, server)
        plan = world.plan()
        extract(stalls[0], form=plan.form, model=plan.model, store=db)
        tally = world.read(entries(stalls[:2]))

        assert server.calls == 2
    assert (tally.before, tally.statuses["accepted"]) == (1, 2)


def test_offline_no_model_is_asked(db: Path, stalls: list[Path]) -> None:
    tally = World(db, reader="offline").read(entries(stalls))

    assert tally.settled == 10
    assert rows(db, "select count(*) from calls") == [(0,)]


def test_documents_that_cannot_be_read_change_no_other(db: Path, stalls: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    broken = [tmp_path / "empty.txt", tmp_path / "missing.txt", tmp_path]
    with Server(tallies.answer) as server:
        tally = World(db, server).read(entries([*broken, *stalls]))

    assert tally.statuses == {"accepted": 9, "review": 1, "failed": 3}
    told = {problem.path: problem.error for problem in tally.problems}
    assert "empty" in told[str(broken[0])]
    assert "no such file" in told[str(broken[1])]
    assert "a folder" in told[str(broken[2])]
    assert tally.stopped is None


def test_a_file_that_could_be_read_at_last_is_read(db: Path, stalls: list[Path]) -> None:
    text = stalls[0].read_text(encoding="utf-8")
    stalls[0].unlink()
    World(db, reader="offline").read(entries(stalls))
    stalls[0].write_text(text, encoding="utf-8")
    tally = World(db, reader="offline").read(entries(stalls))

    assert tally.statuses["failed"] == 0
    assert rows(db, "select count(*) from jobs where status = 'failed'") == [(0,)]


def refusing(number: int) -> Any:
    """An answer that refuses one stall only."""

    def answer(body: Body, _: Any) -> Any:
        if f"{tallies.tally(number).splitlines()[3][12:]}" in str(body["messages"][1]["content"]):
            return error(400, "this text is filtered", code="content_filter")
        return replace(fails(error(200))(body, tallies.answer), body=completion(tallies.answer(body), body))

    return answer


@pytest.mark.fault("refusal")
def test_a_document_the_model_refuses_waits_in_review_and_is_not_asked_again(db: Path, stalls: list[Path]) -> None:
    with Server(steps=[refusing(4)]) as server:
        tally = World(db, server).read(entries(stalls))

        assert tally.statuses == {"accepted": 8, "review": 2}
        assert tally.stopped is None


@pytest.mark.fault("quota")
@pytest.mark.parametrize("steps", ["e401", "quota", "e403", "e404"])
def test_what_asking_again_cannot_help_stops_the_run_at_once(db: Path, stalls: list[Path], steps: str) -> None:
    with Server(tallies.answer, script(steps)) as server:
        tally = World(db, server, concurrency=2).read(entries(stalls))

        assert server.calls <= 2
    assert isinstance(tally.stopped, StopError)
    assert tally.stopped.exit_code == 6
    assert rows(db, "select distinct status from jobs") == [("waiting",)]


@pytest.mark.fault("quota")
def test_after_the_key_was_mended_the_run_goes_on(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer, script("e401")) as server:
        World(db, server).read(entries(stalls))
        server.steps = script("ok")
        tally = World(db, server).read(entries(stalls))

    assert tally.settled == 10
    assert len(stored(db)) == 10


@pytest.mark.fault("gateway-5xx")
def test_documents_that_all_fail_alike_stop_the_run(db: Path, tmp_path: Path) -> None:
    many = tallies.write(tmp_path / "many", 40)
    with Server(steps=[fails(error(400, "this field is not allowed"))]) as server:
        tally = World(db, server).read(entries(many))

        assert 10 <= server.calls < 30
    assert "10 documents in a row failed" in str(tally.stopped)


@pytest.mark.fault("gateway-5xx")
@pytest.mark.parametrize(
    "steps", ["e503,e429:0.2,ok", "reset,close,cut,ok", "html,empty,cutjson,badutf8,ok", "e529,ok"]
)
def test_what_the_network_breaks_is_asked_again(db: Path, stalls: list[Path], steps: str) -> None:
    with Server(tallies.answer, script(steps)) as server:
        tally = World(db, server).read(entries(stalls))

    assert tally.settled == 10
    assert tally.stopped is None
    assert len(stored(db)) == 10


@pytest.mark.fault("reset")
def test_every_call_is_kept_also_one_that_failed(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer, script("e503,e429,ok")) as server:
        World(db, server).read(entries(stalls))

        assert rows(db, "select count(*) from calls") == [(server.calls,)]
    assert rows(db, "select status, count(*) from calls group by 1") == [(200, 10), (429, 1), (503, 1)]


@pytest.mark.fault("gateway-5xx")
def test_a_server_that_stays_away_stops_the_run_and_loses_nothing(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer, script("e503")) as server:
        tally = World(db, server, patience=Patience(first=0.5)).read(entries(stalls))

    assert "no answer for" in str(tally.stopped)
    assert rows(db, "select distinct status from jobs") == [("waiting",)]


@pytest.mark.fault("gateway-5xx")
def test_a_request_that_fails_while_others_are_answered_gives_up_alone(db: Path, stalls: list[Path]) -> None:
    poison = tallies.tally(4).splitlines()[3]

    def answer(body: Body, _: Any) -> Any:
        if poison in str(body["messages"][1]["content"]):
            return error(500, "crashed over this text")
        return replace(fails(error(200))(body, tallies.answer), body=completion(tallies.answer(body), body))

    with Server(steps=[answer]) as server:
        tally = World(db, server, patience=Patience(tries=1, failures=4)).read(entries(stalls))

    assert tally.statuses == {"accepted": 8, "review": 1, "waiting": 1}
    assert [problem.status for problem in tally.problems] == ["waiting"]
    assert rows(db, "select path, status from jobs where status not in ('accepted', 'review')") == [
        (str(stalls[4]), "waiting")
    ]


def test_a_budget_is_kept_and_the_rest_waits(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer) as server:
        tally = World(db, server, budget=3000).read(entries(stalls))
        paid = rows(db, "select sum(input_tokens + output_tokens) from calls")[0][0]

        assert 0 < paid <= 3000
        assert "budget" in str(tally.stopped)
        assert rows(db, "select count(*) from jobs where status = 'failed'") == [(0,)]

        rest = World(db, server).read(entries(stalls))

        assert server.calls == 10
    assert rest.settled == 10


def journal_only(world: World, path: Path, raw: str | None = None) -> None:
    """What a run leaves that was killed between an answer and its reading."""
    plan, document = world.plan(), load(path)
    (wanted,) = step(Setup.of(plan, world.form), str(path), document.sha256, {}).wanted
    body = completion(tallies.answer(wanted.request), wanted.request).decode() if raw is None else raw
    with Store(world.db) as store:
        run = store.begin(plan.run_key(document.sha256), document, "model", "scripted")
        store.journal(run, Call("tables", "scripted", wanted.sha256, body, Usage(1, 9, 9), 0, None, 1, 200))


@pytest.mark.fault("kill")
def test_an_answer_that_was_journaled_and_not_read_is_not_paid_again(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer) as server:
        world = World(db, server)
        journal_only(world, stalls[0])
        tally = world.read(entries(stalls[:1]))

        assert server.calls == 0
    assert tally.statuses == {"accepted": 1}
    assert rows(db, "select input_tokens > 0 from runs where outcome is not null") == [(1,)]


@pytest.mark.fault("garbage-200")
@pytest.mark.parametrize("damage", ["{", '{"choices": []}', ""])
def test_a_journaled_answer_that_is_none_is_asked_for_again(db: Path, stalls: list[Path], damage: str) -> None:
    with Server(tallies.answer) as server:
        world = World(db, server)
        journal_only(world, stalls[0], damage)
        tally = world.read(entries(stalls[:1]))

        assert server.calls == 1
    assert tally.statuses == {"accepted": 1}


def test_asked_to_end_it_lets_calls_land_and_goes_on_later(db: Path, stalls: list[Path]) -> None:
    def slow(body: Body) -> str:
        time.sleep(0.4)
        return tallies.answer(body)

    def end_soon(batch: Batch) -> None:
        asyncio.get_running_loop().call_later(0.6, batch.stop, InterruptError("SIGINT"))

    with Server(slow) as server:
        tally = World(db, server, concurrency=3, began=end_soon).read(entries(stalls))
        answered = rows(db, "select count(*) from calls where status = 200")[0][0]

        assert tally.stopped is not None
        assert tally.stopped.exit_code == 130
        assert 0 < answered == server.calls < 10
        assert rows(db, "select count(*) from jobs where status = 'leased'") == [(0,)]

        World(db, server).read(entries(stalls))

        assert server.calls == 10
    assert len(stored(db)) == 10


def test_a_server_without_schemas_is_found_out_and_served(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer, script("noschema")) as server:
        tally = World(db, server).read(entries(stalls))

    assert tally.statuses == {"accepted": 9, "review": 1}


def test_a_wrong_answer_is_asked_again_about_its_rows(db: Path, stalls: list[Path]) -> None:
    def careless(body: Body) -> str:
        said = tallies.answer(body)
        return said if "failed" in str(body) or len(said) < 45 else said.replace("1@4 ", "1@4 9", 1)

    with Server(careless) as server:
        tally = World(db, server).read(entries(stalls[:3]))

        assert server.calls == 6
    assert tally.statuses == {"accepted": 3}
    assert rows(db, "select question, count(*) from calls group by 1") == [("repair", 3), ("tables", 3)]


def test_the_same_text_twice_is_read_once_and_both_places_are_kept(db: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(tallies.tally(1), encoding="utf-8")
    documents = [Entry(str(tmp_path / "a.txt"), {"county": "青岚"}), Entry(str(tmp_path / "b.txt"), {"county": "=1+1"})]
    with Server(tallies.answer) as server:
        tally = World(db, server).read(documents)

        assert server.calls == 1
    assert (tally.copies, tally.statuses["accepted"], tally.all_accepted) == (1, 1, True)
    assert rows(db, "select path, columns from origins order by path") == [
        (str(tmp_path / "a.txt"), '{"county": "青岚"}'),
        (str(tmp_path / "b.txt"), '{"county": "=1+1"}'),
    ]


@pytest.mark.fault("two-processes")
def test_two_batches_at_once_share_the_documents(db: Path, stalls: list[Path]) -> None:
    async def both(server: Server) -> None:
        one, two = World(db, server, concurrency=2), World(db, server, concurrency=2)
        await asyncio.gather(one._read(entries(stalls)), two._read(entries(stalls)))

    with Server(tallies.answer) as server:
        asyncio.run(both(server))

        assert server.calls == 10
    assert len(stored(db)) == 10


@pytest.mark.fault("two-processes")
def test_an_outcome_whose_document_was_taken_over_is_not_stored(db: Path, stalls: list[Path]) -> None:
    def take_over(_: str) -> None:
        with Store(db) as store, store.transaction() as connection:
            connection.execute("update jobs set batch = null where status = 'leased'")

    world = World(db, reader="offline")
    world.readers = InThread(Setup.of(world.plan(), world.form), before=take_over)
    tally = world.read(entries(stalls[:1]))

    assert stored(db) == []
    assert tally.settled == 0


@pytest.mark.fault("disk-full")
def test_a_database_that_fails_ends_the_run_and_blames_no_document(db: Path, stalls: list[Path]) -> None:
    def drop(_: str) -> None:
        with Store(db) as store, store.transaction() as connection:
            connection.execute("create trigger full before insert on runs begin select raise(abort, 'disk full'); end")

    world = World(db, reader="offline")
    world.readers = InThread(Setup.of(world.plan(), world.form), before=drop)
    with pytest.raises(StoreError, match="disk full"):
        world.read(entries(stalls[:1]))

    assert rows(db, "select count(*) from jobs where status = 'failed'") == [(0,)]


def test_what_thrifty_did_not_ask_is_told(db: Path, stalls: list[Path]) -> None:
    with Server(tallies.answer) as server:
        tally = World(db, server, reader="thrifty").read(entries(stalls))

        assert server.calls == 0
    assert tally.spared.calls == 10
    assert tally.spared.input_tokens > 10 * 200


@pytest.mark.fault("kill")
def test_a_lease_of_the_dead_is_taken_and_of_the_living_is_not(db: Path, stalls: list[Path]) -> None:
    now = [1000.0]
    with Store(db) as store:
        mine, theirs = (
            Ledger(store, clock=lambda: now[0], host="here"),
            Ledger(store, clock=lambda: now[0], host="there"),
        )
        for ledger in (mine, theirs):
            ledger.open("{}")
        plan = World(db, reader="offline").plan()
        job = job_of(Entry(str(stalls[0])), plan)
        theirs.enrol([job])

        assert theirs.lease([job.key]) == {job.key: 1}
        assert mine.lease([job.key]) == {}
        now[0] += 20
        theirs.beat()
        now[0] += 20
        assert mine.lease([job.key]) == {}
        now[0] += 20
        assert mine.lease([job.key]) == {job.key: 2}
