"""Connections to a model server: a proxy that cannot be used."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import httpx2
import pytest

from agent import cli, doctor
from agent.connections import connected
from agent.errors import UsageError
from agent.model import ModelSettings
from eval import tallies

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
