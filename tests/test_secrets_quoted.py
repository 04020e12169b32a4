"""A key and a login in odd forms: refused, or told by nobody in whatever form they are quoted."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from pydantic import SecretStr

from agent import cli
from agent.errors import ModelError, UsageError
from agent.model import Model, ModelSettings
from agent.settings import settings
from eval import tallies
from eval.server import Body, Reply, Server, completion
from tests.scripted_server import CANARY
from tests.secrets_world import told_with_locals
from tests.test_faults_transport import QUESTION

pytestmark = pytest.mark.fault("key-leak")


@pytest.mark.parametrize("space", ["\r", "\r\n", " ", "\t", "\u3000"])
def test_white_space_around_a_key_is_no_part_of_it(space: str) -> None:
    made = settings("m", environment={"OPENAI_API_KEY": f"{space}{CANARY}{space}"})

    assert made is not None
    assert made.key == CANARY


def test_a_key_of_white_space_is_none() -> None:
    with pytest.raises(UsageError, match="no key; set OPENAI_API_KEY"):
        settings("m", environment={"OPENAI_API_KEY": " \r\n"})


@pytest.mark.parametrize("odd", ["\n", "\r", "\0", "\x7f", "…", "\ufeff", "\udcff"])
def test_a_key_that_no_header_may_hold_is_refused_and_not_shown(odd: str) -> None:
    with pytest.raises(UsageError, match=r"OPENAI_API_KEY.* holds a character that no header may hold") as raised:
        settings("m", environment={"OPENAI_API_KEY": f"{CANARY[:6]}{odd}{CANARY[6:]}"})

    told = told_with_locals(raised.value)
    assert CANARY[:6] not in told


def test_a_connection_that_fails_quotes_neither_key_nor_login() -> None:
    made = ModelSettings("m", "http://bob:pa55%0Aw0rd%E5%AF%86@127.0.0.1:1/v1", SecretStr("sk-can\\ary'9"), tries=1)

    async def refuse(_: httpx2.Request) -> httpx2.Response:
        sent = f"Bearer {made.key}, {made.login.get_secret_value() if made.login else None}"
        raise httpx2.LocalProtocolError(f"Illegal header value {sent!r}, {sent.encode()!r}, {sent!a}, {sent}")

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
    with pytest.raises(ModelError, match=r"connection failed: .*\[secret\]") as raised:
        asyncio.run(Model(made, http_client=client).ask(QUESTION))

    told = told_with_locals(raised.value)
    assert [leak for leak in ("sk-can", "ary'", "pa55", "w0rd") if leak in told] == []


ODD = "sk-can/ary+5f\\1e2d="
FORMS = {
    "as JSON": json.dumps(ODD)[1:-1],
    "as JSON with its slashes escaped": json.dumps(ODD)[1:-1].replace("/", r"\/"),
    "as JSON in JSON": json.dumps(json.dumps(ODD).replace("/", r"\/"))[3:-3],
    "as JSON by code, small": json.dumps(ODD)[1:-1].replace("/", r"\u002f").replace("+", r"\u002b"),
    "as JSON by code, large": json.dumps(ODD)[1:-1].replace("/", r"\u002F").replace("=", r"\u003D"),
    "in an address": quote(ODD, safe=""),
    "in an address, small": quote(ODD, safe="").lower(),
    "in an address in an address": quote(quote(ODD, safe=""), safe=""),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_key_is_taken_out_however_it_is_quoted(form: str) -> None:
    made = ModelSettings("m", "http://127.0.0.1:1/v1", SecretStr(ODD))

    assert made.redact(f"you sent {form}.") == "you sent [secret]."
    assert made.redacted(f"you sent {form}.".encode()) == b"you sent [secret]."


@pytest.mark.parametrize(
    "form", [r"pa55\nw0rd\u5bc6", r"pa55\nw0rd密", r"pa55\nw0rd\xe5\xaf\x86", "pa55%0Aw0rd%E5%AF%86"]
)
def test_a_password_is_taken_out_however_it_is_quoted(form: str) -> None:
    made = ModelSettings("m", "http://bob:pa55%0Aw0rd%E5%AF%86@127.0.0.1:1/v1")

    assert made.redact(f"you sent {form}.") == "you sent [secret]."
    assert made.redacted(f"you sent {form}.".encode()) == b"you sent [secret]."


def test_a_body_of_backslashes_is_searched_in_no_time() -> None:
    made = ModelSettings("m", "http://127.0.0.1:1/v1", SecretStr("/" + ODD))
    began = time.monotonic()
    body = b"\\" * 1_000_000

    assert made.redacted(body) == body
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("status", [401, 200])
def test_a_key_that_a_server_quotes_escaped_is_neither_told_nor_stored(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", ODD)
    (stall,) = tallies.write(tmp_path, 1)
    quoted = json.dumps({"error": {"message": f"Incorrect API key provided: {ODD}"}}).replace("/", r"\/")

    def echo(body: Body, _: object) -> Reply:
        if status == 401:
            return Reply(401, quoted.encode())
        return Reply(body=completion(tallies.answer(body), body)[:-1] + f', "sent": [{quoted}]}}'.encode())

    with Server(steps=[echo]) as server:
        cli.run(["extract", str(stall), "--form", tallies.FORM_NAME, "--model", "m", "--base-url", server.base_url])

    said = capfd.readouterr()
    with closing(sqlite3.connect("gouji.db")) as db:
        kept = "".join(db.iterdump())
    assert "[secret]" in kept
    assert [half for half in ("sk-can", "1e2d") if half in said.out + said.err + kept] == []
