"""Trying again what failed: a run for each set of options, and an end where one is asked for."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from agent import cli
from eval import tallies
from eval.server import Body, Reply, Server, completion, error
from tests.batch_world import rows


def test_asked_to_end_it_does_not_go_on_with_what_failed_in_another_way(tmp_path: Path) -> None:
    tallies.write(tmp_path / "stalls", 2)
    asked: list[str] = []
    mended = False

    def step(body: Body, answer: Any) -> Reply:
        if not mended:
            return error(400, "no such parameter")
        asked.append(body["model"])
        if len(asked) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return Reply(body=completion(answer(body), body), wait=0.5)

    db = ("--db", str(tmp_path / "gouji.db"), "--json")
    with Server(tallies.answer, [step]) as server:
        named = (str(tmp_path / "stalls"), "--form", tallies.FORM_NAME, "--base-url", server.base_url)
        for model in ("one", "two"):
            assert cli.run(("batch", *named, *db, "--model", model)) == 3
        mended = True
        code = cli.run(("batch", "retry", "--failed", *db))

    assert code == 130
    assert len(set(asked)) == 1
    assert rows(tmp_path / "gouji.db", "select count(*) from jobs where status in ('leased', 'failed')") == [(0,)]
