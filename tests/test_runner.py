"""An evaluation goes through all its cases, whatever one of them does, and can be taken up again."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run as gouji
from eval.arms import Setup
from eval.cases import Case, save_case
from eval.generator import generate
from eval.results import Result, Results
from eval.runner import Job, read, run

KEYS = {
    *("cases", "accepted_wrong", "sound", "straight_through", "right_end", "cells", "cells_right"),
    *("false_alarms", "crashed", "calls", "input_tokens", "output_tokens"),
}


def jobs(*cases: Case) -> list[Job]:
    return [Job(case, 0, Setup("offline")) for case in cases]


def sound(seed: int, name: str) -> Case:
    return replace(generate(seed, layout="tab", edition="2021", size="bureau", damage=()), name=name)


def ended(found: list[Result]) -> dict[str, str]:
    return {result.name: result.status for result in found}


def read_or_die(job: Job) -> Result:
    if job.case.name == "killer":
        os._exit(1)
    return read(job)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cases = tmp_path / "cases"
    for seed in range(3):
        save_case(sound(seed, f"case_{seed}"), cases)
    return cases


def test_a_case_that_fails_is_a_result_and_the_others_are_read(tmp_path: Path) -> None:
    found: list[Result] = []
    broken = replace(sound(1, "broken"), path=tmp_path / "gone.txt")

    run(jobs(broken, sound(2, "fine")), on_result=found.append)

    assert ended(found) == {"broken": "crashed", "fine": "accepted"}
    assert "gone.txt: no such file" in next(result.error for result in found if result.name == "broken")


def test_a_case_that_kills_its_process_takes_no_other_along() -> None:
    found: list[Result] = []

    run(jobs(sound(1, "killer"), sound(2, "fine")), concurrency=2, on_result=found.append, read=read_or_die)

    assert ended(found) == {"killer": "crashed", "fine": "accepted"}


def test_json_holds_the_promised_figures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = gouji(["eval", str(folder), "--json", "--db", str(tmp_path / "e.db")])
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert told.keys() >= KEYS
    assert (told["cases"], told["sound"], told["straight_through"], told["accepted_wrong"]) == (3, 3, 3, 0)
    assert told["layouts"]["tab"]["right_end"] == 3


def test_an_interrupted_run_goes_on_where_it_stopped(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "e.db"
    gouji(["eval", str(folder), "--db", str(db)])
    results = Results(db)
    results.db.executescript("update runs set finished = null; update results set seconds = 77 where name = 'case_0';")
    results.db.executescript("delete from results where name = 'case_2';")
    results.close()

    gouji(["eval", str(folder), "--json", "--db", str(db)])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert (told["run"], told["cases"]) == (1, 3)
    assert told["seconds"] > 77


def test_a_finished_run_is_not_taken_for_the_next_one(folder: Path, tmp_path: Path) -> None:
    db = tmp_path / "e.db"
    gouji(["eval", str(folder), "--db", str(db)])
    gouji(["eval", str(folder), "--db", str(db)])

    results = Results(db)
    found = results.runs()
    results.close()

    assert [run.id for run in found] == [1, 2]
    assert all(run.finished for run in found)


def test_compare_shows_the_cases_that_changed_sides(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "e.db"
    gouji(["eval", str(folder), "--db", str(db)])
    truth = json.loads((folder / "case_1.json").read_text())
    truth["expect"] = "review"
    (folder / "case_1.json").write_text(json.dumps(truth))
    gouji(["eval", str(folder), "--db", str(db)])
    capsys.readouterr()

    code = gouji(["eval", "compare", "1", "last", "--db", str(db)])
    told = capsys.readouterr().out

    assert code == 0
    assert "case_1: right → accepted wrong" in told
    assert "case_0" not in told


def test_the_page_needs_nothing_from_anywhere_and_shows_the_source(folder: Path, tmp_path: Path) -> None:
    db, out = tmp_path / "e.db", tmp_path / "page.html"
    gouji(["eval", str(folder), "--db", str(db)])

    gouji(["eval", "page", "last", "--db", str(db), "--out", str(out)])
    html = out.read_text(encoding="utf-8")

    assert "default-src 'none'" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "src=" not in html
    assert "政府信息公开" in html


def test_runs_without_a_case_in_common_are_not_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, other = tmp_path / "e.db", tmp_path / "other"
    other.mkdir()
    for kind in ("txt", "json"):
        (folder / f"case_0.{kind}").rename(other / f"case_9.{kind}")
    for cases in (folder, other):
        gouji(["eval", str(cases), "--db", str(db)])
    capsys.readouterr()

    assert gouji(["eval", "compare", "1", "2", "--db", str(db), "--lang", "en"]) == 0

    told = capsys.readouterr().out
    assert "no case in common: nothing can be compared" in told
    assert "McNemar" not in told
    assert str(other) in told


@pytest.mark.parametrize(
    ("language", "says", "not_says"), [("zh", "误收", "accepted"), ("en", "accepted but wrong", "误收")]
)
def test_what_is_told_of_a_run_is_in_one_language_with_its_folder_and_date(
    language: str, says: str, not_says: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, out = tmp_path / "e.db", tmp_path / "page.html"
    gouji(["eval", str(folder), "--db", str(db), "--lang", language])
    told = capsys.readouterr().out

    gouji(["eval", "page", "last", "--db", str(db), "--out", str(out), "--lang", language])
    html = out.read_text(encoding="utf-8").partition("</h2>")[0]

    for text in (told, html):
        assert says in text
        assert not_says not in text.replace(str(folder), "")
        assert str(folder) in text.replace("\n", "")
        assert time.strftime("%Y-%m-%d") in text


def test_the_page_shows_prose_in_words_and_tables_as_they_are_printed(folder: Path, tmp_path: Path) -> None:
    db, out = tmp_path / "e.db", tmp_path / "page.html"
    gouji(["eval", str(folder), "--db", str(db)])

    gouji(["eval", "page", "last", "--db", str(db), "--out", str(out), "--lang", "zh"])
    html = out.read_text(encoding="utf-8")

    assert "white-space: pre;" in html
    assert [word for word in ("&#39;", "None", "Decimal(", "datetime") if word in html] == []
    assert "<td>联系方式</td>" in html


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no such folder"),
        (["--arm", "magic"], "no arm 'magic'"),
        (["--arm", "gouji", "--reader", "offline"], "give one of them"),
        (["--fault-rate", "0.1"], "is for --model simulated"),
        (["--arm", "gouji"], "needs a model"),
        (["compare", "1", "2"], "no results yet"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_way_out(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOUJI_MODEL", raising=False)
    code = gouji(["eval", *arguments, "--db", str(tmp_path / "e.db")])

    assert code == 2
    assert says in capsys.readouterr().err


def test_an_evaluation_that_was_stopped_reads_no_arm_twice(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", str(folder), "--arm", "one-call", "--arm", "gouji", "--model", "simulated"]
    command += ["--json", "--db", str(tmp_path / "e.db")]
    gouji(command)
    results = Results(tmp_path / "e.db")
    results.db.executescript("update runs set finished = null where arm = 'gouji'; delete from results where run = 2;")
    results.close()

    gouji(command)
    gouji(command)

    runs = [json.loads(line)["arms"] for line in capsys.readouterr().out.splitlines()]
    assert [{arm: one["run"] for arm, one in run.items()} for run in runs] == [
        {"one-call": 1, "gouji": 2},
        {"one-call": 1, "gouji": 2},
        {"one-call": 3, "gouji": 4},
    ]


def test_a_database_of_records_is_left_as_it_is(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "gouji.db"
    gouji(["extract", str(folder / "case_0.txt"), "--db", str(db)])
    before = db.read_bytes()

    codes = [gouji(["eval", *words, "--db", str(db)]) for words in ([str(folder)], ["compare", "1", "2"])]

    assert codes == [7, 7]
    assert "holds no evaluation" in capsys.readouterr().err
    assert db.read_bytes() == before


def test_each_arm_is_held_against_its_own_baseline(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", str(folder), "--arm", "one-call", "--arm", "gouji", "--model", "simulated"]
    command += ["--fault-rate", "0.9", "--db", str(tmp_path / "e.db")]
    gouji([*command, "--json"])
    baseline = tmp_path / "b.json"
    baseline.write_text(capsys.readouterr().out)

    again = gouji([*command, "--baseline", str(baseline)])
    other = gouji(["eval", str(folder), "--baseline", str(baseline), "--db", str(tmp_path / "e.db")])

    assert (again, other) == (0, 3)
    assert "no arm offline" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("truth", "told"),
    [
        ({"expect": "review", "undeterminded": []}, "undeterminded"),
        ({"expect": "accepted"}, "needs its `record`"),
        ({"expect": "perhaps"}, "expect"),
    ],
)
def test_a_broken_case_is_named(
    truth: dict[str, Any], told: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "case_1.json").write_text(json.dumps(truth))

    code = gouji(["eval", str(folder), "--db", str(tmp_path / "e.db")])

    assert code == 5
    assert "case_1.json" in (err := capsys.readouterr().err)
    assert told in err


def test_halves_are_named_and_a_text_that_cannot_be_read_crashes_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "alone.txt").write_text("x")
    (folder / "case_1.txt").write_bytes(b"")

    code = gouji(["eval", str(folder), "--json", "--db", str(tmp_path / "e.db")])

    told = capsys.readouterr()
    assert code == 1
    assert json.loads(told.out)["crashed"] == 1
    assert "alone.txt" in told.err


def test_a_page_that_cannot_be_written_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = str(tmp_path / "e.db")
    gouji(["eval", str(folder), "--db", db])

    code = gouji(["eval", "page", "1", "--db", db, "--out", str(tmp_path / "no" / "x.html")])

    assert code == 2
    assert "--out" in capsys.readouterr().err
