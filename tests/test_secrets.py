"""Canaries: a key, a login and a sentence of a document come out nowhere they do not belong."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
from pydantic import BaseModel

from agent import extract
from agent.cli import gouji
from agent.environment import SECRET
from agent.errors import GoujiError, ModelError, UsageError
from agent.local import Servers
from agent.model import Call, Model, Question
from agent.settings import settings
from eval.batch_server import BatchServer
from eval.server import Body, Reply, Server, Step, completion, error, fails, script
from tests.by_model import truth
from tests.secrets_world import (
    ECHO,
    FAULTS,
    KEY,
    LEAKS,
    PASSWORD,
    SENTENCE,
    World,
    knowing,
    told_with_locals,
    world,
)

pytestmark = pytest.mark.fault("key-leak")


@pytest.fixture
def server() -> Iterator[Server]:
    """The model, answering well; a test may set ``steps``."""
    with knowing() as running:
        yield running


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], server: Server
) -> Iterator[World]:
    """A folder with canaries about."""
    with world(tmp_path, monkeypatch, capfdbinary, server) as made:
        yield made


def test_the_canaries_reach_the_server_or_nothing_here_is_worth_a_thing(here: World, server: Server) -> None:
    here.run("extract", "report.txt")

    assert LEAKS["the login"] in server.seen[0].headers["authorization"]
    assert any(SENTENCE in json.dumps(seen.body, ensure_ascii=False) for seen in server.seen)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_repeats_what_it_was_sent_puts_no_secret_before_anybody(
    fault: str, here: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOUJI_DEADLINE", "0.49")  # shorter than the first pause: nothing is tried twice
    server.steps = [FAULTS[fault]]

    here.run("extract", "report.txt")
    here.run("extract", "report.txt", "--json")
    here.run("doctor", "--ask", "--json")

    assert server.calls
    assert here.leaks() == []
    assert SENTENCE not in here.printed


TOTAL = "table4.reconsideration.total"
COMMANDS: Mapping[str, Sequence[Sequence[str]]] = {
    "extract": [["extract", "report.txt"], ["extract", "faulty.txt", "--json"]],
    "show": [["show", "1"], ["show", "2", "--json"]],
    "check": [["check", "record.json"]],
    "review list": [["review"], ["review", "--json"]],
    "review show": [["review", "show", "2"], ["review", "show", "2", "--json"]],
    "review retry": [["review", "retry", "2"]],
    "review reject": [["review", "reject", "3"]],
    "review undo": [["review", "undo", "3"]],
    "review correct": [["review", "correct", "3", f"{TOTAL}=5", "--note", "n"]],
    "review accept": [["review", "accept", "3", "--as-published"]],
    "review history": [["review", "history", "3"]],
    "forms show": [["forms"], ["forms", "ogi-annual-report"]],
    "forms new": [["forms", "new", "mine"]],
    "forms check": [["forms", "check", "ogi-annual-report", "report.txt"]],
    "batch run": [["batch", "report.txt", "--max-attempts", "1"]],
    "batch status": [["batch", "status"], ["batch", "status", "--json"]],
    "batch list": [["batch", "list"]],
    "batch retry": [["batch", "retry", "--failed"]],
    "doctor": [["doctor", "--ask"], ["doctor", "--ask", "--lang", "zh"]],
    "stats": [["stats"], ["stats", "--page", "stats.html"]],
    "audit": [["audit"]],
    "export": [["export", "all.csv", "--all"], ["export", "wide.jsonl", "--shape", "wide"], ["export", "all.xlsx"]],
    "recover": [["recover", "gouji.db", "new.db"]],
    "model list": [["model", "list"]],
}
ELSEWHERE = {
    "eval run", "eval page", "eval compare",  # their own test
    "review serve",  # its pages have one
    "browse",  # shows the database, which is searched
    "model fetch",  # pip's child gets what the other children get
}  # fmt: skip
BELONGS = {"work/report.txt", "work/faulty.txt", "work/gouji.db", "work/new.db"}


def test_every_command_is_run_with_the_canaries_about() -> None:
    assert set(COMMANDS) | ELSEWHERE == set(leaves(gouji))


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command below a group, by its full name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*path, name))
    else:
        yield " ".join(path)


def test_no_command_shows_a_secret_or_a_sentence_that_does_not_belong(here: World) -> None:
    (here.folder / "record.json").write_text(json.dumps(truth()), encoding="utf-8")
    for command in (command for commands in COMMANDS.values() for command in commands):
        came = here.run(*command)

        assert came.code in (0, 3), (command, came.err)
        assert SENTENCE not in came.out + came.err + came.log, command

    assert here.leaks() == []
    wrote = {name for name, data in here.files() if SENTENCE.encode() in data}
    assert {name.removesuffix("-wal") for name in wrote} == BELONGS


@pytest.mark.parametrize("fault", ["good", "403 cuts", "500 cuts", "answer echoes"])
def test_a_batch_keeps_no_secret_in_its_options_its_errors_or_its_logs(fault: str, here: World, server: Server) -> None:
    if fault in FAULTS:
        server.steps = [FAULTS[fault]]
    here.run("batch", "report.txt", "--max-attempts", "1", "--budget-seconds", "1")
    here.run("batch", "list")

    with closing(sqlite3.connect("gouji.db")) as db:
        options = json.loads(db.execute("select options from batches").fetchone()[0])
    assert options["base_url"] == server.base_url
    assert here.leaks() == []
    assert SENTENCE not in here.printed


@pytest.mark.parametrize("fault", ["good", "401 echoes", "a line echoes"])
def test_a_providers_batch_holds_no_secret(fault: str, here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with BatchServer(lambda _: json.dumps({"echo": ECHO})) as server:
        server.faults = [401] if fault == "401 echoes" else []
        server.fault = "x" * 370 + ECHO
        server.rest = f"{'x' * 46}{KEY}\n".encode() if fault == "a line echoes" else b""
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url.replace("//", f"//bob:{PASSWORD}@"))
        here.run("batch", "report.txt", "--transport", "batch", "--poll", "0.01", "--max-attempts", "1")

        assert bool(server.files) == (fault != "401 echoes")
        assert not any(leak.encode() in data for data in server.files.values() for leak in LEAKS.values())
    assert here.leaks() == []
    assert SENTENCE not in here.printed


def test_the_pages_of_the_desk_hold_no_secret(here: World, server: Server) -> None:
    from agent.desk.app import application
    from agent.desk.desk import Desk
    from agent.review import reviewer
    from agent.store import Store
    from tests.asgi import KEY as DESK, Caller

    here.run("extract", "faulty.txt")
    server.steps = [FAULTS["500 cuts"]]
    with Store(here.folder / "gouji.db") as store:
        caller = Caller(application(Desk(store, reviewer("Lin"), model=settings()), DESK))
        pages = [caller.get("/").text, caller.get("/report/1").text, caller.post("/report/1/retry").text]
        pages += [caller.get("/report/1").text, caller.get("/queue").text]

    assert any(SENTENCE in page for page in pages)  # beside its source it belongs
    assert [what for page in pages for what, leak in LEAKS.items() if leak in page] == []


def test_an_evaluation_and_its_page_hold_no_secret(
    here: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOUJI_DEADLINE", "0.49")
    (here.folder / "cases").mkdir()
    (here.folder / "report.txt").rename(here.folder / "cases" / "report.txt")
    (here.folder / "cases" / "report.json").write_text(json.dumps({"expect": "accepted", "record": truth()}))
    server.steps = [FAULTS["500 echoes"]]
    ran = here.run("eval", "cases", "--arm", "gouji", "--model", "scripted")

    assert ran.code == 1  # its only case crashed
    here.run("eval", "page", "last")

    assert (here.folder / "eval.html").exists()
    assert here.leaks() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_traceback_with_every_local_variable_shows_no_secret(
    fault: str, here: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOUJI_DEADLINE", "0.49")
    server.steps = [FAULTS[fault]]
    try:
        extract(here.folder / "report.txt")
    except GoujiError as error:
        told = told_with_locals(error)
        assert [what for what, leak in LEAKS.items() if leak in told] == []


@pytest.mark.parametrize("variable", ["GOUJI_PRICE_IN", "GOUJI_CALL_TIMEOUT", "GOUJI_PROFILE"])
def test_a_setting_that_makes_no_sense_is_told_without_the_others(
    variable: str, here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "nonsense")

    with pytest.raises(GoujiError) as raised:
        settings()

    told = told_with_locals(raised.value)
    assert "nonsense" in told
    assert [what for what, leak in LEAKS.items() if leak in told] == []


@pytest.mark.parametrize(
    ("address", "why"),
    [("http://bob:{}@[nowhere/v1", "is none: Invalid IPv6 URL"), ("http://127.0.0.1:9/v1?key={}", "ends in a query")],
)
def test_an_address_that_is_none_is_told_without_itself(address: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        settings("m", address.format(PASSWORD))

    assert PASSWORD not in str(raised.value)


def test_what_parses_a_strangers_file_has_neither_key_nor_address(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import Workbook

    monkeypatch.setenv("OPENAI_ADMIN_KEY", KEY)
    Workbook().save("empty.xlsx")
    here.run("extract", "empty.xlsx")

    (child,) = [environ for argv, environ in here.children() if "agent.loaders" in argv]
    assert SECRET & set(child) == set()
    assert [name for name, value in child.items() if any(leak in value for leak in LEAKS.values())] == []
    assert here.leaks() == []


def test_no_command_line_of_a_child_holds_a_secret(here: World) -> None:
    here.run("batch", "report.txt", "--max-attempts", "1")

    lines = [" ".join(argv) for argv, _ in here.children()]
    assert lines
    assert [what for line in lines for what, leak in {**LEAKS, "the sentence": SENTENCE}.items() if leak in line] == []


def test_the_server_of_a_local_model_has_neither_key_nor_address(here: World) -> None:
    tell = "import os, time; print([n for n in os.environ if n.startswith('OPENAI')], flush=True); time.sleep(9)"
    servers = Servers(lambda *_: [sys.executable, "-c", tell])

    with servers.serve(here.folder / "report.txt") as address:
        assert address == "[]/v1"


def test_what_dask_sends_to_those_who_read_holds_no_secret(here: World) -> None:
    import pickle

    from agent.batch_run import Options
    from agent.batch_step import Setup

    options = Options()
    setup = pickle.dumps(Setup.of(options.plan(), None))

    assert [what for what, leak in LEAKS.items() if leak.encode() in setup] == []
    assert [what for what, leak in LEAKS.items() if leak in options.settled(options.plan()).text()] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ["403 cuts", "reset"])
def test_workers_of_dask_print_neither_secrets_nor_documents(fault: str, here: World, server: Server) -> None:
    pytest.importorskip("distributed", reason="the extra gouji[dask] is not installed")
    server.steps = [FAULTS[fault]]
    command = [sys.executable, "-m", "agent", "batch", "report.txt", "--engine", "dask", "--budget-seconds", "30"]

    ended = subprocess.run(
        command, env={**os.environ, "OPENAI_LOG": "debug"}, capture_output=True, text=True, check=False
    )

    printed = ended.stdout + ended.stderr
    assert server.calls
    assert ended.returncode == 6
    assert [what for what, leak in {**LEAKS, "the sentence": SENTENCE}.items() if leak in printed] == []
    assert "Traceback" not in printed
    assert here.leaks() == []


def test_a_key_too_short_to_be_one_takes_nothing_out_of_an_answer() -> None:
    made = settings("m", "http://127.0.0.1:1/v1", "1")

    assert made is not None
    assert made.redact("1@3 12 0 1") == "1@3 12 0 1"


LOGIN = 'böb:p"äss-canary'
FORMS = [LOGIN, LOGIN[4:], quote(LOGIN, safe=":"), quote(LOGIN[4:], safe=""), b64encode(LOGIN.encode()).decode()]


@pytest.mark.parametrize("form", FORMS)
def test_a_login_is_taken_out_whole_in_each_form_in_which_it_is_sent(form: str) -> None:
    made = settings("m", f"http://{quote(LOGIN, safe=':')}@127.0.0.1:1/v1")

    assert made is not None
    assert made.redact(f"you sent {form}.") == "you sent [secret]."
    assert made.redacted(f"you sent {form}.".encode()) == b"you sent [secret]."
    for plain in (True, False):
        told = json.dumps({"message": f"you sent {form}"}, ensure_ascii=plain)
        assert made.redacted(told.encode()) == b'{"message": "you sent [secret]"}'


class Count(BaseModel):
    """A small answer."""

    total: int


def _refuses(body: Body, _: Any) -> Reply:
    return Reply(body=completion(None, body, refusal=f"you sent {LOGIN}"))


@pytest.mark.parametrize(
    "steps",
    [[fails(error(400, f"you sent {LOGIN}"))], [_refuses], [*script("badjson"), _refuses]],
    ids=["error", "refusal", "refusal of the re-ask"],
)
def test_a_login_that_json_writes_otherwise_is_in_no_message(steps: list[Step], here: World, server: Server) -> None:
    server.steps = steps
    made = settings("m", server.base_url.replace("//", f"//{quote(LOGIN, safe=':')}@"))
    assert made is not None
    calls: list[Call] = []

    async def asked() -> str:
        model = Model(made, on_call=calls.append)
        try:
            return (await model.ask(Question("q", "s", "u", Count))).detail
        except ModelError as failed:
            return str(failed)
        finally:
            await model.close()

    told = asyncio.run(asked())
    assert "you sent [secret]" in told
    assert not any("canary" in (call.error or "") for call in calls)


def test_clients_that_log_at_debug_log_calls_and_no_document(here: World) -> None:
    came = here.run("extract", "report.txt")

    assert "POST" in came.log
    assert SENTENCE not in came.log
