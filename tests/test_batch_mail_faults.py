"""What goes wrong at a provider's batch endpoint: no answer is paid twice, and none that came is lost."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent import cli
from agent.batch import InterruptError
from agent.batch_outbox import Letter, Outbox
from agent.model import Call
from agent.provider_batch import Rounds
from eval import tallies
from eval.batch_server import BatchServer, Posted, at_once
from tests.batch_world import SECRET, rows
from tests.mail_world import COUNT, KilledError, Sender, check_whole, stalls

__all__ = ["stalls"]  # a fixture


@dataclass
class Odd(BatchServer):
    """An endpoint whose next answers to some requests come otherwise; ``odd``: so many of them."""

    where: str = "GET /v1/files/"
    spoil: Callable[[bytes], bytes] = field(default=bytes)
    odd: int = 1
    status: int = 200

    def handle(self, method: str, path: str, kind: str, data: bytes) -> tuple[int, bytes]:
        """Status and body of one HTTP answer."""
        status, body = super().handle(method, path, kind, data)
        if f"{method} {path}".startswith(self.where) and self.odd > 0:
            self.odd -= 1
            return self.status, self.spoil(body)
        return status, body


def half(body: bytes) -> bytes:
    return b"".join(body.splitlines(keepends=True)[: COUNT // 2])


def nothing(_: bytes) -> bytes:
    return b""


def nameless(body: bytes) -> bytes:
    return json.dumps(json.loads(body) | {"output_file_id": None, "error_file_id": None}).encode()


@pytest.mark.fault("garbage-200", behaviour="A file of answers that comes empty, in part or late is fetched again.")
@pytest.mark.parametrize(
    ("where", "spoil"), [("GET /v1/files/", nothing), ("GET /v1/files/", half), ("GET /v1/batches/batch_0", nameless)]
)
def test_answers_that_come_late_or_in_part_are_waited_for_and_not_paid_again(
    db: Path, stalls: list[Path], where: str, spoil: Callable[[bytes], bytes]
) -> None:
    with Odd(tallies.answer, [at_once], where=where, spoil=spoil) as server:
        Sender(db, server).read(stalls)

        assert server.paid == COUNT
    check_whole(db)


_NO_ANSWERS = {
    "a page": b"<html>502</html>",
    "nothing": b"",
    "half": b'{"id": "batc',
    "an error": b'{"error": {"message": "upstream", "code": 504}}',
    "a list": b"[]",
}


@pytest.mark.fault("garbage-200", behaviour="At a provider's batch endpoint too: asked again, paid once.")
@pytest.mark.parametrize("where", ["GET /v1/batches/batch_0", "POST /v1/files", "POST /v1/batches", "GET /v1/batches"])
@pytest.mark.parametrize("kind", _NO_ANSWERS)
def test_what_is_no_answer_of_the_endpoint_is_borne(db: Path, stalls: list[Path], where: str, kind: str) -> None:
    with Odd(tallies.answer, where=where, spoil=lambda _: _NO_ANSWERS[kind]) as server:
        assert Sender(db, server).read(stalls).stopped is None

        assert server.paid == COUNT
    check_whole(db)


@pytest.mark.fault("gateway-5xx", behaviour="At a batch endpoint, whatever its words: asked again, the run goes on.")
def test_a_fault_that_speaks_of_schemas_is_borne_as_any_other(db: Path, stalls: list[Path]) -> None:
    with BatchServer(tallies.answer, faults=[500] * 3, fault="no schema registry") as server:
        assert Sender(db, server).read(stalls).stopped is None

        assert server.paid == COUNT
    check_whole(db)


@pytest.mark.parametrize(("status", "fault"), [(400, "line 1: invalid json_schema"), (413, "too many tokens")])
def test_a_file_that_is_refused_ends_the_run_in_order(
    db: Path,
    stalls: list[Path],
    status: int,
    fault: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with BatchServer(tallies.answer, faults=[status], fault=fault) as server:
        asked = ["batch", str(stalls[0].parent), "--form", tallies.FORM_NAME, "--model", "m", "--db", str(db)]
        code = cli.run([*asked, "--base-url", server.base_url, "--transport", "batch", "--lang", "en"])

    assert code == 6
    assert f"status {status}: " in capsys.readouterr().out
    assert rows(db, "select count(*) from batches where why like '%status%' and finished is not null") == [(1,)]


def in_part(posted: Posted) -> None:
    posted.finish("cancelled", COUNT // 2)


@pytest.mark.fault("garbage-200", behaviour="What a cancelled batch has answered is fetched again too, and paid once.")
@pytest.mark.parametrize(("where", "spoil"), [("GET /v1/files/output", nothing), ("GET /v1/batches/batch_0", nameless)])
def test_the_answers_of_a_cancelled_batch_are_waited_for(
    db: Path, stalls: list[Path], where: str, spoil: Callable[[bytes], bytes]
) -> None:
    with Odd(tallies.answer, [in_part, at_once], where=where, spoil=spoil) as server:
        assert "cancelled" in str(Sender(db, server).read(stalls).stopped)
        Sender(db, server).read(stalls)

        assert server.paid == COUNT
    check_whole(db)


def named(name: str, value: object) -> Callable[[bytes], bytes]:
    return lambda body: json.dumps(json.loads(body) | {name: value}).encode()


@pytest.mark.fault("garbage-200", behaviour="At a batch endpoint, names that are none: asked again, paid once.")
@pytest.mark.parametrize(
    ("where", "name"),
    [("POST /v1/files", "id"), ("POST /v1/batches", "id"), ("GET /v1/batches/batch_0", "output_file_id")],
)
@pytest.mark.parametrize("told", ["..", "\ud800", "b" * 100_000, "a\nb", 7])
def test_a_name_that_is_none_is_no_answer(db: Path, stalls: list[Path], where: str, name: str, told: object) -> None:
    with Odd(tallies.answer, where=where, spoil=named(name, told)) as server:
        assert Sender(db, server).read(stalls).stopped is None

        assert server.paid == COUNT
    check_whole(db)


@pytest.mark.fault("key-leak", behaviour="A provider that names a batch by the key: told, and the name is not kept.")
@pytest.mark.parametrize("where", ["POST /v1/files", "POST /v1/batches"])
def test_a_name_that_holds_the_key_is_not_kept(db: Path, stalls: list[Path], where: str) -> None:
    key = SECRET.get_secret_value()
    with Odd(tallies.answer, where=where, spoil=named("id", f"batch-{key}")) as server:
        stopped = Sender(db, server).read(stalls).stopped

    assert "it names a batch or a file by the key that it was sent" in str(stopped)
    assert key not in str(stopped)
    assert not any(key.encode() in path.read_bytes() for path in db.parent.glob(f"{db.name}*"))


def test_answers_are_journaled_before_they_fill_the_memory(
    db: Path, stalls: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    journaled: list[int] = []
    answer = Outbox.answer

    def counted(outbox: Outbox, answers: Sequence[tuple[Letter, Call]]) -> list[Call]:
        journaled.append(len(answers))
        return answer(outbox, answers)

    monkeypatch.setattr(Outbox, "answer", counted)
    monkeypatch.setattr("agent.provider_batch.LARGEST", 1000)
    with BatchServer(tallies.answer) as server:
        Sender(db, server).read(stalls)

    assert sum(journaled) == COUNT
    assert max(journaled) < COUNT
    check_whole(db)


_POISON: dict[str, Callable[[bytes], bytes]] = {
    "words": lambda body: b"oops\n" + body,
    "bytes": lambda body: b"\xff\xfe\n" + body,
    "a number beyond all": lambda body: (
        b'{"custom_id": "99999999999999999999", "response": {"status_code": 200}}\n' + body
    ),
    "a number of thousands of digits": lambda body: b'{"custom_id": "%s", "response": {}}\n' % (b"9" * 5000) + body,
    "a status beyond all": lambda body: b'{"custom_id": "1", "response": {"status_code": -%s}}\n' % (b"9" * 30) + body,
    "depth": lambda body: b'{"custom_id": "1", "response": ' + b"[" * 200_000 + b"\n" + body,
    "a line that is too long": lambda body: b" " * (33 * 2**20) + b"\n" + body,
    "a separator that is none": lambda body: body.replace(b'"id": "', '"id": "\u2028\u0085'.encode(), 1),
    "numbers of nobody": lambda body: b"".join(b'{"custom_id": "%d"}\n' % one for one in range(900, 1500)) + body,
    "every line twice": lambda body: body + body,
}


@pytest.mark.fault("odd-json", behaviour="A line of a provider's file that is none costs no answer beside it.")
@pytest.mark.parametrize("poison", _POISON)
def test_a_line_that_is_none_costs_no_answer_beside_it(db: Path, stalls: list[Path], poison: str) -> None:
    with Odd(tallies.answer, spoil=_POISON[poison], odd=1000) as server:
        tally = Sender(db, server).read(stalls)

        assert tally.stopped is None
        assert server.paid == COUNT
    check_whole(db)
    assert rows(db, "select count(*) from calls") == [(COUNT,)]


def test_an_answer_that_stands_twice_is_counted_once(db: Path, stalls: list[Path]) -> None:
    spent = []

    def told(rounds: Rounds) -> None:
        spent.append(rounds)

    with Odd(tallies.answer, spoil=_POISON["every line twice"]) as server:
        Sender(db, server, began=told).read(stalls)

    (tokens,) = rows(db, "select sum(input_tokens + output_tokens) from calls")[0]
    assert (spent[0].spent.calls, spent[0].spent.input_tokens + spent[0].spent.output_tokens) == (COUNT, tokens)


@pytest.mark.fault("hang", behaviour="At a provider's batch endpoint: an hour, and the run ends and says so.")
def test_an_endpoint_that_never_comes_to_an_end_ends_the_run(db: Path, stalls: list[Path]) -> None:
    over = threading.Event()

    def endless(_: bytes) -> bytes:
        over.wait(20)
        return b"{}"

    with Odd(tallies.answer, where="GET /v1/batches/batch_0", spoil=endless) as server:
        tally = Sender(db, server, outage=1.0).read(stalls)
        over.set()
        assert "no whole answer within 1 s; run again when the server is back" in str(tally.stopped)
        Sender(db, server).read(stalls)

        assert server.paid == COUNT
    check_whole(db)


@dataclass
class Slow(BatchServer):
    """An endpoint that takes a second to make its first batch. ``making``: it was asked to; ``made``: it is there."""

    making: threading.Event = field(default_factory=threading.Event)
    made: threading.Event = field(default_factory=threading.Event)

    def handle(self, method: str, path: str, kind: str, data: bytes) -> tuple[int, bytes]:
        """Status and body of one HTTP answer."""
        if method == "POST" and path.endswith("/batches") and not self.making.is_set():
            self.making.set()
            time.sleep(1)
            answered = super().handle(method, path, kind, data)
            self.made.set()
            return answered
        return super().handle(method, path, kind, data)


@pytest.mark.fault("kill", behaviour="Ended while a file is posted: the next run finds its batch.")
@pytest.mark.parametrize("times", [1, 2])
def test_ended_while_it_posts_a_file_is_not_posted_again(db: Path, stalls: list[Path], times: int) -> None:
    async def end(rounds: Rounds) -> None:
        await asyncio.to_thread(server.making.wait, 20)
        for _ in range(times):
            rounds.stop(InterruptError("enough"))

    def soon(rounds: Rounds) -> None:
        ending.append(asyncio.get_running_loop().create_task(end(rounds)))

    ending: list[asyncio.Task[None]] = []
    with Slow(tallies.answer) as server:
        tally = Sender(db, server, began=soon, settles=3.0).read(stalls)
        Sender(db, server, settles=3.0).read(stalls)

        assert server.made.wait(20)
        assert [len(posted.lines) for posted in server.batches] == [COUNT]
        assert server.paid == COUNT
    assert str(tally.stopped) == "enough"
    check_whole(db)


@pytest.mark.fault("kill", behaviour="A file collected twice undoes no question that was posted anew meanwhile.")
def test_a_file_collected_again_leaves_what_was_posted_anew(
    db: Path, stalls: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(posted: Posted) -> None:
        posted.output = [posted.refused(posted.lines[0], 500, "x"), *map(posted.answered, posted.lines[1:])]
        posted.status = "completed"

    def slow(posted: Posted) -> None:
        if posted.looks > 3:
            posted.finish()

    def die(_: Outbox, __: object) -> None:
        raise KilledError

    with BatchServer(tallies.answer, [first, slow]) as server:
        with monkeypatch.context() as patched:
            patched.setattr(Outbox, "end", die)
            with pytest.raises(KilledError):
                Sender(db, server).read(stalls)
        Sender(db, server).read(stalls)

        assert [len(posted.lines) for posted in server.batches] == [COUNT, 1]
    check_whole(db)
    assert rows(db, "select status, count(*) from calls group by 1") == [(200, COUNT), (500, 1)]


@pytest.mark.parametrize("gone", ["GET /v1/batches/batch_0", "GET /v1/files/"])
def test_answers_that_are_gone_are_asked_again_when_a_person_says_so(
    db: Path, stalls: list[Path], gone: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with Odd(
        tallies.answer, where=gone, spoil=lambda _: b'{"error": {"message": "gone"}}', odd=1000, status=404
    ) as server:
        named = ["batch", str(stalls[0].parent), "--form", tallies.FORM_NAME, "--model", "m", "--db", str(db)]
        asked = [*named, "--base-url", server.base_url, "--transport", "batch", "--poll", "0.05", "--lang", "en"]
        code = cli.run(asked)
        said = " ".join(capsys.readouterr().out.split())
        server.where = "nowhere"
        again = cli.run(["batch", "retry", "--asked", "--db", str(db), "--lang", "en"])

        assert [len(posted.lines) for posted in server.batches] == [COUNT, COUNT]
    assert (code, again) == (6, 3)
    assert "it does not know the" in said
    assert "gouji batch retry --asked" in said
    check_whole(db)


def test_a_list_of_batches_without_end_is_not_followed(db: Path, stalls: list[Path]) -> None:
    def endless(body: bytes) -> bytes:
        return json.dumps(json.loads(body) | {"has_more": True}).encode()

    with Odd(tallies.answer, lost=1, where="GET /v1/batches", spoil=endless, odd=1000) as server:
        Sender(db, server).read(stalls)

        assert server.asked.count("GET /v1/batches") < 20
        assert server.paid == COUNT
    check_whole(db)
