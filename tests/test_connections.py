"""Connections to a model server: a proxy that cannot be used, and answers that are not to be read whole."""

from __future__ import annotations

import asyncio
import gzip
import sys
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import openai
import pytest

from agent import cli, doctor
from agent.connections import LARGEST, connected
from agent.errors import ModelError, UsageError
from agent.model import Model, ModelSettings
from agent.provider import Provider
from agent.transport import TransientError
from eval import tallies
from eval.server import Reply, Server, completion, fails, script
from tests.scripted_server import ask
from tests.test_faults_transport import GOOD, QUESTION, Figures

ASKED = ("--form", tallies.FORM_NAME, "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--lang", "en")
NO_PROXIES = {
    "of an unknown kind": "foo://user:pa55word@127.0.0.1:1",
    "at no port": "http://user:pa55word@127.0.0.1:xx",
    "at no address": "http://user:pa55word@[::1",
    "without a kind": "user:pa55word@127.0.0.1:xx",
}


@pytest.mark.fault("key-leak", behaviour="A proxy that cannot be used is told by its variable, without its password.")
@pytest.mark.parametrize("proxy", NO_PROXIES.values(), ids=NO_PROXIES)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(
    variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)

    with pytest.raises(
        UsageError, match=f"^{variable} names no proxy that can be used; set it to http://HOST:PORT"
    ) as raised:
        connected()

    assert "pa55word" not in "".join(traceback.format_exception(raised.value))


def test_a_proxy_that_needs_a_package_that_is_not_here_is_told_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:7890")
    monkeypatch.setitem(sys.modules, "socksio", None)

    with pytest.raises(UsageError, match=r"^ALL_PROXY names no proxy .* needs `pip install socksio`"):
        connected()


@pytest.mark.parametrize("command", ["extract", "batch", "batch --transport batch"])
def test_a_command_ends_with_a_line_where_its_proxy_cannot_be_used(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALL_PROXY", NO_PROXIES["at no port"])
    (stall,) = tallies.write(tmp_path, 1)

    assert cli.run([*command.split(), str(stall), *ASKED]) == 2
    (told,) = capfd.readouterr().err.splitlines()
    assert told.startswith("gouji: ALL_PROXY names no proxy that can be used")


def test_the_doctor_tells_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", NO_PROXIES["of an unknown kind"])
    line = doctor.ask(ModelSettings("m", "http://127.0.0.1:9/v1"), "en")

    assert line.state == "broken"
    assert line.found.startswith("ALL_PROXY names no proxy")


def test_a_proxy_that_no_call_goes_through_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", NO_PROXIES["of an unknown kind"])
    monkeypatch.setenv("NO_PROXY", "*")

    assert isinstance(connected(), httpx2.AsyncClient)


# What the client itself would read whole.


def once(client: httpx2.AsyncClient) -> Model:
    """A model that is called once, over that client."""
    return Model(ModelSettings("m", "http://127.0.0.1:9/v1", tries=1), http_client=client)


@pytest.mark.fault("garbage-200", behaviour="More than memory bears: given up also where its length is told wrong.")
def test_an_answer_in_parts_is_bounded_whatever_length_it_tells() -> None:
    taken = []

    async def parts() -> AsyncIterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b" " * 2**20

    headers = {"Content-Length": "10", "Transfer-Encoding": "chunked"}
    endless = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=parts()))
    with pytest.raises(ModelError, match="connection failed: an answer of more than 32 MB"):
        asyncio.run(once(connected(transport=endless)).ask(QUESTION))
    assert len(taken) == LARGEST // 2**20 + 1


@pytest.mark.fault("garbage-200", behaviour="A file's refusal is bounded as an answer is, though the file is not.")
def test_a_refusal_of_a_file_is_bounded() -> None:
    taken = []

    async def parts() -> AsyncIterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b" " * 2**20

    async def read() -> None:
        endless = httpx2.MockTransport(lambda _: httpx2.Response(500, content=parts()))
        client = openai.AsyncOpenAI(api_key="none", max_retries=0, http_client=connected(transport=endless))
        async for _ in Provider(client, str).lines("file-1"):
            pass

    with pytest.raises(TransientError, match="an answer of more than 32 MB"):
        asyncio.run(read())
    assert len(taken) == LARGEST // 2**20 + 1


@pytest.mark.fault("hang", behaviour="A drip at a batch endpoint: given up after the time that a silence may take.")
def test_an_answer_that_drips_is_given_up() -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            await asyncio.sleep(0.05)
            yield b" "

    async def read() -> None:
        dripping = httpx2.MockTransport(lambda _: httpx2.Response(200, content=drip()))
        client = openai.AsyncOpenAI(
            api_key="none", max_retries=0, timeout=0.3, http_client=connected(transport=dripping)
        )
        await Provider(client, str).batch("batch-1")

    began = time.monotonic()
    with pytest.raises(TransientError, match=r"connection failed: no whole answer within 0\.3 s"):
        asyncio.run(read())
    assert time.monotonic() - began < 3


@pytest.mark.fault("garbage-200", behaviour="Packed more than once: given up, not unpacked for hours.")
def test_what_is_packed_in_what_is_packed_is_not_unpacked() -> None:
    packed = gzip.compress(gzip.compress(gzip.compress(b"{}") + bytes(2**25)))
    headers = [("Content-Encoding", "gzip, gzip"), ("Content-Encoding", "gzip")]
    bomb = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(packed)))
    began = time.monotonic()
    with pytest.raises(ModelError, match="connection failed: an answer packed more than once"):
        asyncio.run(once(connected(transport=bomb)).ask(QUESTION))
    assert time.monotonic() - began < 1


@pytest.mark.fault("garbage-200", behaviour="The way to another server is followed without what comes with it.")
def test_what_comes_with_a_redirect_is_not_waited_for() -> None:
    with Server(lambda _: GOOD) as other:
        way = (("Location", f"{other.base_url}/chat/completions"),)
        with Server(steps=[fails(Reply(307, b" " * 1000, way, pause=0.1))]) as server:
            asked = ask(server, QUESTION, call_timeout=5.0)

    assert asked.answer.value == Figures(total=3)
    assert "authorization" not in other.seen[0].headers  # the key is not for others


def test_a_way_in_a_circle_is_a_fault_of_the_gateway() -> None:
    back = fails(Reply(307, headers=(("Location", "/v1/chat/completions"),)))
    with Server(lambda _: GOOD, [*[back] * 21, *script("ok")]) as server:
        asked = ask(server, QUESTION)

    assert asked.answer.value == Figures(total=3)
    assert asked.calls[0].status == 307


def test_a_fault_without_words_is_told_by_its_kind() -> None:
    async def silent(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("")

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(silent))
    with pytest.raises(ModelError, match="connection failed: ReadError; gave up after 1 calls"):
        asyncio.run(once(client).ask(QUESTION))


@pytest.mark.fault("garbage-200", behaviour="What follows a packed answer without end is counted, and given up.")
def test_what_follows_a_packed_answer_is_counted() -> None:
    taken: list[int] = []

    async def parts() -> AsyncIterator[bytes]:
        yield gzip.compress(b"{}")
        for _ in range(100):
            taken.append(1)
            yield bytes(2**20)

    headers = [("Content-Encoding", "gzip")]
    endless = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=parts()))
    with pytest.raises(ModelError, match="connection failed: an answer of more than 32 MB"):
        asyncio.run(once(connected(transport=endless)).ask(QUESTION))
    assert len(taken) == LARGEST // 2**20


def test_a_packing_that_is_none_is_not_counted_as_one() -> None:
    packed = gzip.compress(completion(GOOD, {"messages": []}))
    headers = [("Content-Encoding", "gzip, identity")]
    plain = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(packed)))

    assert asyncio.run(once(connected(transport=plain)).ask(QUESTION)).value == Figures(total=3)
