"""The one writer of a batch: together on the disk, each undone by its own fault alone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.batch_calls import Calls, Purse, Wanted
from agent.batch_writer import Writer
from agent.errors import StoreError
from agent.ledger import LeaseLostError
from agent.model import Call, Model, ModelSettings
from agent.pace import Limits, Pace
from agent.store import Store
from eval.server import completion
from tests.batch_world import rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "gouji.db") as opened:
        with opened.transaction() as db:
            db.execute("create table marks (n integer unique)")
        yield opened


def mark(store: Store, number: int, fault: Exception | None = None) -> Callable[[], int]:
    def work() -> int:
        with store.transaction() as db:
            db.execute("insert into marks values (?)", (number,))
        if fault:
            raise fault
        return number

    return work


def marks(store: Store) -> list[int]:
    return [number for (number,) in rows(store.path, "select n from marks order by n")]


def through(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_what_comes_while_another_is_written_goes_to_the_disk_together(store: Store) -> None:
    async def work() -> list[int]:
        writer = Writer(store)
        return await asyncio.gather(*(writer.write(mark(store, number)) for number in range(50)))

    commits: list[str] = []
    store._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    assert through(work()) == list(range(50))
    assert marks(store) == list(range(50))
    assert len(commits) <= 2


def test_a_work_that_raises_is_undone_alone(store: Store) -> None:
    async def work() -> list[Any]:
        writer = Writer(store)
        works = [mark(store, 1), mark(store, 2, LeaseLostError("gone")), mark(store, 3)]
        return await asyncio.gather(*map(writer.write, works), return_exceptions=True)

    first, second, third = through(work())

    assert (first, third) == (1, 3)
    assert isinstance(second, LeaseLostError)
    assert marks(store) == [1, 3]


@pytest.mark.fault("disk-full")
def test_a_database_that_fails_undoes_all_and_all_are_told(store: Store) -> None:
    async def work() -> list[Any]:
        writer = Writer(store)
        found = await asyncio.gather(*map(writer.write, [mark(store, 1), mark(store, 1)]), return_exceptions=True)
        return [*found, await writer.write(mark(store, 7))]

    first, second, later = through(work())

    assert isinstance(first, StoreError)
    assert isinstance(second, StoreError)
    assert later == 7
    assert marks(store) == [7]


def test_a_fault_of_our_own_is_told_to_who_waits(store: Store) -> None:
    async def work() -> None:
        await Writer(store).write(mark(store, 1, KeyError("ours")))

    with pytest.raises(KeyError, match="ours"):
        through(work())
    assert marks(store) == []


def test_what_nobody_waits_for_any_more_is_written_all_the_same(store: Store) -> None:
    async def work() -> None:
        writer = Writer(store)
        waiting = asyncio.create_task(writer.write(mark(store, 1)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await writer.drained()

        assert waiting.cancelled()

    through(work())

    assert marks(store) == [1]


def test_the_event_loop_goes_on_while_the_disk_is_slow(store: Store) -> None:
    held = threading.Event()

    def slow() -> None:
        held.wait(10)

    async def work() -> None:
        writer = Writer(store)
        waiting = asyncio.create_task(writer.write(slow))
        await asyncio.sleep(0.05)
        held.set()
        await waiting

    start = time.monotonic()
    through(work())

    assert time.monotonic() - start < 5


@pytest.mark.fault("db-locked")
def test_another_program_that_writes_is_waited_for(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    threading.Timer(0.3, lambda: other.execute("commit")).start()

    async def work() -> int:
        return await Writer(store).write(mark(store, 4))

    assert through(work()) == 4
    other.close()


@pytest.mark.fault("kill", behaviour="No answer is read before the disk has it: what was paid for is there.")
def test_an_answer_is_handed_on_when_it_is_journaled_and_not_before() -> None:
    told: list[str] = []

    async def send(request: dict[str, Any], seconds: float) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, completion("{}", request)

    async def journal(run_id: int, call: Call) -> None:
        await asyncio.sleep(0.1)  # a slow disk
        told.append("journaled")

    async def ask() -> None:
        model = Model(ModelSettings("m", "http://127.0.0.1:1/v1"), send=send)
        question = Wanted("figures", {"model": "m", "messages": [{"role": "user", "content": "How many?"}]})
        await Calls(model, journal, Pace(Limits(1)), Purse()).answer(1, question)
        told.append("handed on")

    through(ask())

    assert told == ["journaled", "handed on"]


@pytest.mark.fault("disk-full", behaviour="Where an answer could not be kept, no further call goes out to be paid.")
def test_after_an_answer_that_could_not_be_kept_nothing_more_is_asked() -> None:
    sent: list[str] = []

    async def send(request: dict[str, Any], seconds: float) -> tuple[int, dict[str, str], bytes]:
        sent.append(request["model"])
        return 200, {}, completion("{}", request)

    async def journal(run_id: int, call: Call) -> None:
        raise StoreError("the disk is full")

    async def ask() -> list[BaseException | object]:
        model = Model(ModelSettings("m", "http://127.0.0.1:1/v1"), send=send)
        calls = Calls(model, journal, Pace(Limits(1)), Purse())
        questions = [Wanted("figures", {"model": name, "messages": []}) for name in ("first", "second")]
        return await asyncio.gather(*(calls.answer(1, one) for one in questions), return_exceptions=True)

    ends = through(ask())

    assert sent == ["first"]
    assert all("the disk is full" in str(end) for end in ends)
