"""A key and a login in odd forms: refused, or told by nobody in whatever form they are quoted."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from pydantic import SecretStr

from agent.errors import ModelError, UsageError
from agent.model import Model, ModelSettings
from agent.settings import settings
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
