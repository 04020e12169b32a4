"""What a gateway does wrong, by the command and on the wire: state, calls, exit code and message."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import instructor
import openai
import pytest
from pydantic import BaseModel, ConfigDict

from agent import cli
from agent.batch import Batch, Tally
from agent.batch_calls import Patience, Purse, StopError
from agent.batch_outbox import Outbox
from agent.batch_run import time_is_up
from agent.connections import LARGEST
from agent.errors import ModelError
from agent.ledger import Entry, Ledger
from agent.model import Call, ModelSettings, Question
from agent.provider_batch import Mail, Post
from agent.store import Store
from eval import tallies
from eval.server import Body, Reply, Server, Step, completion, error, fails, script
from tests.batch_world import World, entries, rows
from tests.scripted_server import FakeTime, ask
from tests.written import SAMPLE

assert instructor  # imported before any clock runs

FORM = ("--form", tallies.FORM_NAME)


class Figures(BaseModel):
    """A small answer."""

    model_config = ConfigDict(extra="forbid", strict=True)
    total: int


GOOD = '{"total": 3}'
QUESTION = Question("figures", "You read.", "How many?", Figures)


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command keeps what it reads; twelve reports beside it in ``stalls``."""
    monkeypatch.chdir(tmp_path)
    for name in ("GOUJI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GOUJI_DEADLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOUJI_CALL_TIMEOUT", "1")
    tallies.write(tmp_path / "stalls", 8)
    (tmp_path / "report.txt").write_text(SAMPLE, encoding="utf-8")
    return tmp_path / "gouji.db"


def stalls() -> list[Entry]:
    """The reports."""
    return entries(sorted(Path("stalls").iterdir()))


def batch(server: Server, *more: str) -> int:
    """The command over the reports, with a model."""
    return cli.run(["batch", "stalls", *FORM, "--model", "m", "--base-url", server.base_url, "--lang", "en", *more])


def stopped(capsys: pytest.CaptureFixture[str]) -> str:
    """Why a run says it ended early."""
    told = json.loads(capsys.readouterr().out.splitlines()[-1])["stopped"]
    assert isinstance(told, str)
    return told


def all_wait(db: Path) -> bool:
    """Whether no document is held to be at fault, and each will be read by the next run."""
    return rows(db, "select distinct status from jobs") == [("waiting",)]


# Told to wait.


@pytest.mark.fault(
    "retry-after", behaviour="A wait of a day ends the run after one call, with exit code 6, and says so."
)
def test_a_wait_of_a_day_ends_the_run(db: Path) -> None:
    with Server(tallies.answer, script("e429:86400")) as server:
        tally = World(db, server).read(stalls())

        assert server.calls == 1
    assert tally.stopped is not None
    assert tally.stopped.exit_code == 6
    assert "it asks to wait 86400 s: run again then, nothing is lost" in str(tally.stopped)
    assert all_wait(db)


@pytest.mark.fault("retry-after", behaviour="One document told to wait makes the calls of all others wait too.")
def test_nobody_in_a_batch_calls_before_the_time_one_of_them_was_told(db: Path) -> None:
    with Server(tallies.answer, script("ok,e429:1.5,ok")) as server:
        tally = World(db, server, concurrency=4).read(stalls())

        told = server.seen[1].at
        later = [seen.at - told for seen in server.seen[2:]]
    assert tally.settled == 8
    # What was on its way already is on its way; the next one leaves when the time is over.
    assert [pause for pause in later if 0.8 < pause < 1.5] == []


@pytest.mark.fault(
    "retry-after", behaviour="The provider's batch endpoint: a wait of hours ends the run after one call."
)
def test_a_batch_endpoint_that_asks_to_wait_for_hours_is_not_asked_again(db: Path) -> None:
    asked: list[str] = []

    def refuses(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.method)
        return httpx2.Response(429, headers={"retry-after": "7200"}, json={"error": "slow down"})

    settings = ModelSettings("m", "http://127.0.0.1:1/v1")
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(refuses))
    client = openai.AsyncOpenAI(api_key="none", base_url=settings.base_url, max_retries=0, http_client=http)
    with Store(db) as store:
        mail = Mail(client, settings, Outbox(Ledger(store), settings.base_url), Purse(), Post())
        with pytest.raises(StopError, match="run again when the server is back"):
            asyncio.run(mail._try(mail._known))

    assert asked == ["GET"]


# Nothing to be had by asking again.


@pytest.mark.fault("quota", behaviour="One call, exit code 6, the reason with its way out, every document waits.")
@pytest.mark.parametrize(
    ("steps", "way_out"),
    [("quota", "no credit"), ("e401", "check the key"), ("e402", "no credit"), ("e403", "may not use"),
     ("e404", "check the model's name")],
)  # fmt: skip
def test_a_run_without_credit_or_key_is_one_call(db: Path, steps: str, way_out: str) -> None:
    with Server(tallies.answer, script(steps)) as server:
        tally = World(db, server).read(stalls())

        assert server.calls == 1
    assert tally.stopped is not None
    assert tally.stopped.exit_code == 6
    assert way_out in str(tally.stopped)
    assert all_wait(db)


@pytest.mark.fault("quota", behaviour="Credit that ends within a run: what was answered is kept, no more is asked.")
def test_credit_that_ends_within_a_run_loses_nothing(db: Path) -> None:
    with Server(tallies.answer, script("ok,ok,ok,quota")) as server:
        tally = World(db, server, concurrency=2).read(stalls())

        assert tally.stopped is not None
        assert tally.stopped.exit_code == 6
        assert server.calls <= 3 + 2
        refused = server.calls - 3
        server.steps = script("ok")

        assert World(db, server).read(stalls()).all_accepted
        assert server.calls - refused == 8


@pytest.mark.fault("quota", behaviour="One report: one call, exit code 6, the run is kept as failed with its reason.")
@pytest.mark.parametrize("steps", ["quota", "e401", "e404"])
def test_a_report_without_credit_or_key_is_one_call(db: Path, capsys: pytest.CaptureFixture[str], steps: str) -> None:
    with Server(steps=script(steps)) as server:
        code = cli.run(["extract", "report.txt", "--model", "m", "--base-url", server.base_url])

        assert server.calls == 1
    told = capsys.readouterr().err
    assert code == 6
    assert len(told.splitlines()) == 1
    assert f"model m at {server.base_url}: status" in told
    assert rows(db, "select status, outcome from runs") == [("failed", None)]


# A server that fails.


@pytest.mark.fault("gateway-5xx", behaviour="Ten documents that fail alike end the run with exit code 6 and say so.")
def test_a_run_that_only_fails_ends_and_says_so(db: Path) -> None:
    tallies.write(Path("stalls"), 30)
    with Server(steps=[fails(error(400, "this field is not allowed"))]) as server:
        tally = World(db, server).read(stalls())

        assert 10 <= server.calls < 20
    assert tally.stopped is not None
    assert tally.stopped.exit_code == 6
    assert "10 documents in a row failed, the last with: model scripted at" in str(tally.stopped)
    assert rows(db, "select count(*) from jobs where status = 'waiting'") == [(20,)]


@pytest.mark.fault("gateway-5xx", behaviour="A server that fails before it ever answered is borne for two minutes.")
def test_a_server_that_never_answers_a_call_ends_the_run_after_a_bounded_time(db: Path) -> None:
    with Server(tallies.answer, script("e503")) as server:
        world = World(db, server, patience=Patience(first=0.4))
        tally = world.read(stalls())

        assert server.calls < 12
    assert tally.stopped is not None
    assert tally.stopped.exit_code == 6
    assert "run again when the server is back" in str(tally.stopped)
    assert all_wait(db)
    assert Patience() == Patience(first=120, outage=3600, tries=6, failures=30)


@pytest.mark.fault("gateway-5xx", behaviour="One layer repeats a call: the client sends each but once.")
@pytest.mark.parametrize("steps", ["e500", "e503", "e429:0", "reset", "html"])
def test_calls_are_repeated_by_one_layer_alone(steps: str) -> None:
    journal: list[Call] = []
    with Server(steps=script(steps)) as server:
        with pytest.raises(ModelError, match="gave up after 3 calls"):
            ask(server, QUESTION, tries=3, calls=journal)

        assert server.calls == len(journal) == 3
        assert {seen.headers.get("x-stainless-retry-count", "0") for seen in server.seen} == {"0"}


# A server that holds us up.


@pytest.mark.fault(
    "hang", behaviour="A question has its time, with all its tries, however long a single call may take."
)
@pytest.mark.parametrize("steps", ["hang", "drip"])
def test_a_question_ends_with_its_deadline(steps: str) -> None:
    began = time.monotonic()
    with Server(lambda _: GOOD, script(steps)) as server:
        with pytest.raises(ModelError, match="no whole answer within 0 s; gave up after 1 calls"):
            ask(server, QUESTION, deadline=0.4, time=_Real())

        assert server.calls == 1
    assert time.monotonic() - began < 3


class _Real(FakeTime):
    def clock(self) -> float:
        return time.monotonic()


@pytest.mark.fault(
    "hang", behaviour="`--budget-seconds` bounds a report: exit code 6, and what was paid is used later."
)
def test_a_report_ends_with_its_time_and_goes_on_where_it_was(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with Server(lambda _: "{}", script("refusal,hang")) as server:
        asked = ["extract", "report.txt", "--model", "m", "--base-url", server.base_url, "--lang", "en"]
        code = cli.run([*asked, "--budget-seconds", "1.5"])

        assert time.monotonic() - began < 8
        assert (code, server.calls) == (6, 2)
        assert "report.txt: no outcome within 1.5 s (--budget-seconds); run again" in capsys.readouterr().err
        assert rows(db, "select status from runs") == [("failed",)]

        server.steps = script("refusal")
        assert cli.run(asked) == 3
        assert server.calls == 3  # the question that was answered is not asked again


@pytest.mark.fault("hang", behaviour="`--budget-seconds` bounds a run: exit code 6, all that is left waits.")
def test_a_run_ends_with_its_time(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(tallies.answer, script("hang")) as server:
        code = batch(server, "--budget-seconds", "0.4", "--json")

    assert code == 6
    assert "the time is used up (0.4 s); run again: nothing is lost" in stopped(capsys)
    assert rows(db, "select count(*) from jobs where status <> 'waiting'") == [(0,)]


@pytest.mark.fault("hang", behaviour="A run whose time was used up goes on later and pays nothing twice.")
def test_a_run_whose_time_was_used_up_goes_on_later(db: Path) -> None:
    runs: list[Batch] = []

    def soon_over(tally: Tally) -> None:
        if tally.statuses["accepted"] == 2:
            asyncio.get_running_loop().call_later(0.2, time_is_up, runs[0], 0.2)

    with Server(tallies.answer, script("ok,ok,hang")) as server:
        world = World(db, server, began=runs.append, tell=soon_over, settings={"call_timeout": 1.0})
        tally = world.read(stalls())

        assert "the time is used up" in str(tally.stopped)
        assert tally.statuses == {"accepted": 2}
        hung = server.calls - 2
        server.steps = script("ok")

        assert World(db, server).read(stalls()).all_accepted
        assert server.calls - hung == 8


# A connection that breaks, a body that is none.


@pytest.mark.fault("reset", behaviour="Cut after any byte of a body: asked again once, both tries are in the journal.")
def test_an_answer_cut_after_any_byte_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"choices": [{"message": {"content": GOOD}, "finish_reason": "stop"}]}).encode()
    cuts: list[Step] = []
    for at in range(len(body)):
        cuts += [fails(Reply(body=body, cut=at)), fails(Reply(body=body))]
    journal: list[Call] = []
    with Server(steps=cuts) as server:
        asked = ask(server, *[QUESTION] * len(body), calls=journal, call_timeout=5.0)

        assert server.calls == len(journal) == 2 * len(body)
        assert not any("idempotency-key" in seen.headers for seen in server.seen)
    assert all(answer.value == Figures(total=3) for answer in asked.answers)
    assert {(call.status, call.raw) for call in journal[::2]} == {(None, None)}
    assert all("connection failed" in (call.error or "") for call in journal[::2])


_WHOLE = completion(GOOD, {})
_GARBAGE = {
    "bytes that are not packed as it says": Reply(body=_WHOLE, headers=(("Content-Encoding", "gzip"),)),
    "a packed body that is cut": Reply(body=gzip.compress(_WHOLE)[:60], headers=(("Content-Encoding", "gzip"),)),
    "the way to another server that is not there": Reply(307, headers=(("Location", "http://127.0.0.1:1/v1"),)),
    "a log-in page": Reply(203, b"<html>log in</html>", kind="text/html"),
    "nothing, said to be nothing": Reply(204),
    "a list": Reply(body=b"[]"),
    "a number": Reply(body=b"7"),
    "choices that are none": Reply(body=b'{"choices": {"0": {}}}'),
    "an answer that is a list": Reply(body=b'{"choices": [{"message": {"content": [1]}}]}'),
    "NaN": Reply(body=b"NaN"),
    "depth without end": Reply(body=b"[" * 100_000),
    "more than memory bears": Reply(body=b" " * (LARGEST + 1) + _WHOLE),
    "packed, more than memory bears": Reply(
        body=gzip.compress(b" " * (LARGEST + 1) + _WHOLE), headers=(("Content-Encoding", "gzip"),)
    ),
    "a refusal, more than memory bears": Reply(503, b" " * (LARGEST + 1)),
    "a refusal in letters that do not fit": Reply(503, b"no \xff", kind="application/json; charset=utf-16"),
    "a refusal in letters that are none": Reply(503, b"no", kind="text/plain; charset=hex"),
}


@pytest.mark.fault("garbage-200", behaviour="Also what only looks like an answer: same words again after a pause.")
@pytest.mark.parametrize("garbage", _GARBAGE)
def test_what_is_no_answer_is_a_fault_of_the_gateway(garbage: str) -> None:
    with Server(lambda _: GOOD, [fails(_GARBAGE[garbage]), *script("ok")]) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value == Figures(total=3)
        assert len(asked.time.slept) == 1
        assert all(seen.body == server.seen[0].body for seen in server.seen)
    assert [call.error is None for call in asked.calls] == [False, True]


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_comes_packed_or_in_parts_is_read(packed: bool) -> None:
    body = gzip.compress(_WHOLE) if packed else b"%x\r\n%s\r\n0\r\n\r\n" % (len(_WHOLE), _WHOLE)
    name = ("Content-Encoding", "gzip") if packed else ("Transfer-Encoding", "chunked")
    with Server(lambda _: GOOD, [fails(Reply(body=body, headers=(name,)))]) as server:
        assert ask(server, QUESTION).answer.value == Figures(total=3)


@pytest.mark.fault("garbage-200", behaviour="Garbage without end slows the whole pool and ends the run; no re-ask.")
def test_garbage_without_end_ends_the_run(db: Path) -> None:
    with Server(steps=script("html,empty,cutjson,nochoices,badutf8")) as server:
        tally = World(db, server, patience=Patience(first=0.6)).read(stalls())

        asked = {json.dumps(seen.body, sort_keys=True) for seen in server.seen}
        assert server.calls < 12
        assert len(asked) <= 8
        assert all(len(seen.body["messages"]) == 2 for seen in server.seen)
    assert "status 200" in str(tally.stopped)
    assert all_wait(db)


def _for_some(poisoned: Callable[[str], bool], reply: Reply) -> Step:
    def step(body: Body, _: Any) -> Reply:
        if poisoned(str(body["messages"][1]["content"])):
            return reply
        return Reply(body=completion(tallies.answer(body), body))

    return step


@pytest.mark.fault("garbage-200", behaviour="Garbage for one document alone: that one waits, all others are read.")
@pytest.mark.fault("hang", behaviour="A byte at a time for one document alone: that one waits, all others are read.")
@pytest.mark.parametrize(
    ("reply", "why"),
    [(Reply(body=b"<html>"), "no whole JSON: '<html>'"), (Reply(body=_WHOLE, pause=0.1), "no whole answer within 2 s")],
    ids=["garbage", "drip"],
)
def test_a_fault_of_one_document_holds_up_no_other(db: Path, reply: Reply, why: str) -> None:
    line = tallies.tally(3).splitlines()[3]
    with Server(steps=[_for_some(lambda text: line in text, reply)]) as server:
        patience = Patience(tries=1, failures=3)
        tally = World(db, server, patience=patience, settings={"call_timeout": 2.0}).read(stalls())

    assert tally.statuses == {"accepted": 7, "waiting": 1}
    assert why in tally.problems[0].error
    assert rows(db, "select count(*) from jobs where status = 'waiting'") == [(1,)]
