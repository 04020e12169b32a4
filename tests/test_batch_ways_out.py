"""What a batch says where it cannot go on as it was asked to: the reason, and a way out that leads somewhere."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from agent import cli
from eval import tallies
from eval.batch_server import BatchServer, Posted
from eval.server import AnswerText, Body, Reply, Server, completion, fails
from tests.batch_world import rows

FORM = ("--form", tallies.FORM_NAME, "--model", "m")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with ten reports in ``stalls`` and a key that no server asks for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.delenv("GOUJI_DEADLINE", raising=False)
    tallies.write(tmp_path / "stalls", 10)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """How a command ends, and what it says, on one line."""
    code = cli.run([*arguments, "--lang", "en"])
    said = capsys.readouterr()
    return code, " ".join((said.out + said.err).split())


class Both(BatchServer):
    """One address for the batch endpoint and for calls."""

    def handle(self, method: str, path: str, kind: str, data: bytes) -> tuple[int, bytes]:
        """Status and body of one HTTP answer."""
        if path.endswith("/chat/completions"):
            self.asked.append("live")
            return 200, completion(self.answer(json.loads(data)), json.loads(data))
        return super().handle(method, path, kind, data)


def test_what_was_never_posted_is_read_live(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Both(tallies.answer) as server:
        named = ("batch", "stalls", *FORM, "--base-url", server.base_url)
        first, _ = told(capsys, *named, "--transport", "batch", "--poll", "0.05", "--budget-tokens", "2000")
        posted = sum(len(batch.lines) for batch in server.batches)
        code, said = told(capsys, *named)

        assert (first, 0 < posted < 10) == (6, True)
        assert server.asked.count("live") == 10 - posted
    assert code == 3
    assert rows(folder / "gouji.db", "select count(*) from jobs where status in ('accepted', 'review')") == [(10,)]
    assert "still to be read" not in said


def test_what_was_posted_is_named_with_the_transport_that_collects_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(posted: Posted) -> None:
        if posted.looks == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with BatchServer(tallies.answer, [interrupt]) as server:
        named = ("batch", "stalls", *FORM, "--base-url", server.base_url)
        assert told(capsys, *named, "--transport", "batch", "--poll", "0.05")[0] == 130
        code, said = told(capsys, *named)

        assert len(server.batches) == 1
    assert code == 3
    assert "10 wait for a provider's batch endpoint: run again with --transport batch" in said
    assert "run the same command again" not in said
    assert "no model was called" not in said


def test_a_server_without_a_batch_endpoint_is_told_as_such(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Without(BatchServer):
        def handle(self, method: str, path: str, kind: str, data: bytes) -> tuple[int, bytes]:
            """Nothing of the kind."""
            return 404, b'{"detail": "Not Found"}'

    with Without(tallies.answer) as server:
        code, said = told(capsys, "batch", "stalls", *FORM, "--base-url", server.base_url, "--transport", "batch")

    assert code == 6
    assert "this server has no batch endpoint (status 404); run without --transport batch" in said


def test_a_pattern_follows_no_link_to_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "deep" / "a").mkdir(parents=True)
    (folder / "stalls" / "stall_000000.txt").rename(folder / "deep" / "a" / "one.txt")
    (folder / "deep" / "b").symlink_to("a")
    (folder / "deep" / "a" / "up").symlink_to("..")
    offline = ("--reader", "offline", "--form", tallies.FORM_NAME)
    code, said = told(capsys, "batch", "deep/**/*.txt", *offline)

    assert code == 0
    assert "documents 1 " in said
    assert "links to folders 2" in said
    assert rows(folder / "gouji.db", "select count(*) from origins") == [(1,)]


@pytest.mark.fault("hang", behaviour="A limit of tokens that allows not even one question is refused, not waited for.")
def test_a_limit_that_allows_no_question_is_told_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(tallies.answer) as server:
        code, said = told(capsys, "batch", "stalls", *FORM, "--base-url", server.base_url, "--tpm", "100")

        assert server.calls == 0
    assert code == 6
    assert "more than --tpm allows in a minute; raise it" in said


@pytest.mark.fault("hang", behaviour="Tokens told that --tpm would wait hours for: the run ends and says so.")
@pytest.mark.parametrize("told_of", ["prompt_tokens", "completion_tokens"])
def test_a_count_that_a_limit_would_wait_years_for_ends_the_run(
    told_of: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def boast(body: Body, answer: AnswerText) -> Reply:
        said = json.loads(completion(answer(body), body))
        return Reply(body=json.dumps(said | {"usage": said["usage"] | {told_of: 10**12}}).encode())

    with Server(tallies.answer, [boast]) as server:
        named = ("batch", "stalls", *FORM, "--base-url", server.base_url, "--budget-seconds", "20")
        code, said = told(capsys, *named, "--tpm", "100000")

        assert server.calls == 1
    assert code == 6
    assert "more than --tpm allows in an hour" in said


@pytest.mark.fault("disk-full", behaviour="No room for the file that is posted: the run ends in order and says where.")
def test_no_room_for_the_file_of_questions_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/full")
    with BatchServer(tallies.answer) as server:
        code, said = told(capsys, "batch", "stalls", *FORM, "--base-url", server.base_url, "--transport", "batch")

        assert server.batches == []
    assert code == 6
    assert (
        "the file of questions cannot be written in /dev/full: Not a directory; name another folder by TMPDIR" in said
    )
    assert rows(folder / "gouji.db", "select count(*) from batches where finished is null") == [(0,)]


@pytest.mark.parametrize("address", ["127.0.0.1:44", "ftp://127.0.0.1/v1", "http:///v1", "localhost/v1"])
def test_an_address_without_http_is_refused_at_once(
    address: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(capsys, "batch", "stalls", *FORM, "--base-url", address)

    assert code == 2
    assert "must begin with http:// or https://" in said


def test_a_scheduler_for_another_engine_is_not_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys, "batch", "stalls", *FORM, "--reader", "offline", "--scheduler", "tcp://127.0.0.1:9")

    assert code == 2
    assert "--scheduler names Dask's: give --engine dask as well" in said
    assert not (folder / "gouji.db").exists()


@pytest.mark.fault("gateway-5xx", behaviour="A run whose time is used up says that no call was answered, and why.")
def test_a_run_out_of_time_says_what_kept_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server.scripted("e503", tallies.answer) as server:
        code, said = told(capsys, "batch", "stalls", *FORM, "--base-url", server.base_url, "--budget-seconds", "10")

    assert code == 6
    assert "the time is used up (10 s); run again: nothing is lost; no call was answered, the last: model m" in said
    assert "status 503" in said


def test_a_budget_too_small_for_one_call_is_told_as_such(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(tallies.answer) as server:
        named = ("batch", "stalls", *FORM, "--base-url", server.base_url)
        code, said = told(capsys, *named, "--budget-tokens", "10")

    assert code == 6
    assert "the budget is too small for one call (0 of 10 tokens)" in said


@pytest.mark.fault("kill", behaviour="`batch status` says of a run that was killed that it runs no more.")
def test_a_killed_run_is_told_to_run_no_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "batch", "stalls", "--reader", "offline", "--form", tallies.FORM_NAME)
    over = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    with closing(sqlite3.connect(folder / "gouji.db")) as db, db:
        db.execute("update batches set finished = null, process = ?", (int(over.stdout),))
        db.execute("update jobs set status = 'leased'")
    code = cli.run(["batch", "status", "--json"])
    state = json.loads(capsys.readouterr().out)

    assert (code, state["running"]) == (0, False)
    assert [(jobs.get("leased"), jobs["waiting"]) for jobs in state["jobs"]] == [(None, 10)]


@pytest.mark.parametrize("which", ["--failed", "--asked"])
def test_a_database_that_is_not_there_is_not_made_to_retry(
    which: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(capsys, "batch", "retry", which, "--db", "typo.db")

    assert code == 2
    assert "there is no database typo.db" in said
    assert not (folder / "typo.db").exists()


@pytest.mark.fault("sqlite-values", behaviour="A refusal with half a letter in it ends the run in order, and is kept.")
def test_a_refusal_with_half_a_letter_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = fails(Reply(401, b'{"error": {"message": "no \\ud800"}}'))
    with Server(steps=[refused]) as server:
        code, said = told(capsys, "batch", "stalls", *FORM, "--base-url", server.base_url)

        assert server.calls == 1
    assert code == 6
    assert "check the key" in said
    assert rows(folder / "gouji.db", "select count(*) from batches where why like '%check the key%'") == [(1,)]
