"""What reviewers do in a terminal: the same decisions, told in their language, and given to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent import decisions, pipeline
from agent.cli import run as command
from tests.written import SAMPLE

FAULTY = SAMPLE.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")
TOTAL = "table4.reconsideration.total"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gouji.db"


def test_the_same_is_decided_in_a_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.extract(FAULTY, name="青岚.txt", store=path)
    by = ["--db", str(path), "--reviewer", "Lin", "--lang", "zh"]

    assert command(["review", "correct", "1", f"{TOTAL}=6", *by]) == 3
    assert "2 + 1 + 0 + 1 ≠ 6，差 2" in capsys.readouterr().out
    assert command(["review", "undo", "1", *by]) == 0
    assert command(["review", "accept", "1", *by]) == 2
    told = capsys.readouterr().err
    assert "还不能接受：行政复议：4 ≠ 5" in told
    assert "--as-published" in told
    assert command(["review", "accept", "1", "--as-published", "--note", "原文如此", *by]) == 0
    assert "已照原样接受：青岚县水务局 2023" in capsys.readouterr().out
    assert command(["review", "reject", "1", *by]) == 2
    assert command(["review", "history", "1", "--db", str(path), "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert f"{TOTAL}: 5 → 6" in told
    assert "更正（已撤销）" in told
    assert "原文如此" in told


def test_a_report_is_shown_in_a_terminal_as_it_stands_with_the_ways_to_settle_it(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.extract(FAULTY, name="青岚.txt", store=path)
    of = ["--db", str(path), "--lang", "zh"]

    def shown(*more: str) -> str:
        assert command(["review", "show", "1", *of, *more]) == 0
        return capsys.readouterr().out

    first = shown()
    assert "读出，但合计不成立" in first
    assert f"gouji review accept 1 --as-published --db {path}" in first
    assert "gouji review correct 1 table4.reconsideration.other=数字" in first
    command(["review", "correct", "1", f"{TOTAL}=6", *of, "--reviewer", "Lin"])
    told = capsys.readouterr().out
    assert "照原文读出" not in told
    assert "有数字在原文的相应位置找不到 (not_found_in_source)" in told
    assert "--as-published" not in told
    command(["review", "correct", "1", f"{TOTAL}=4", *of, "--reviewer", "Lin"])
    told = capsys.readouterr().out
    assert "接受时须写明理由（--note）" in told
    assert 'gouji review accept 1 --note "…"' in told
    assert command(["review", "accept", "1", *of]) == 2
    assert "原文该处不是这个数字：行政复议 · 总计。写明理由（--note）才能接受" in capsys.readouterr().err
    command(["review", "accept", "1", *of, "--note", "电话核实", "--reviewer", "Lin"])
    assert "已处理：接受 · 复核人 Lin" in shown()


def test_a_report_in_review_is_given_to_programs_as_it_stands(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.extract(FAULTY, name="青岚.txt", store=path)
    command(["review", "correct", "1", f"{TOTAL}=6", "--db", str(path), "--reviewer", "Lin"])
    capsys.readouterr()

    assert command(["review", "show", "1", "--json", "--db", str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert command(["review", "history", "1", "--json", "--db", str(path)]) == 0
    history = json.loads(capsys.readouterr().out)["history"]

    assert (found["id"], found["open"], found["status"]) == (1, True, "review")
    assert found["figures"][TOTAL]["value"] == 6
    assert found["figures"][TOTAL]["printed"] == "5"
    assert found["grades"][TOTAL] == "attested"
    assert found["history"] == history
    assert [(step["by"], step["cells"]) for step in history] == [("reviewer Lin", {TOTAL: [5, 6]})]


def test_a_list_of_one_form_leaves_out_the_others(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.extract(FAULTY, name="青岚.txt", store=path)

    for form, count in (("ogi-annual-report", 1), ("statement", 0)):
        assert command(["review", "--form", form, "--json", "--db", str(path)]) == 0
        assert len(json.loads(capsys.readouterr().out)["waiting"]) == count
    for name in ("review", ""):
        assert command([*filter(None, [name]), "show", "1", "--form", "statement", "--db", str(path)]) == 2
        assert "was read as ogi-annual-report, not as statement" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "reason"), [("zh", "原文本身加总不符"), ("en", "source_does_not_add_up")])
def test_a_list_tells_the_reasons_in_its_language(
    language: str, reason: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.extract(FAULTY, name="青岚.txt", store=path)

    assert command(["review", "--lang", language, "--db", str(path)]) == 0

    assert f" {reason} " in capsys.readouterr().out


def test_asking_a_model_in_a_terminal_needs_one(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOUJI_MODEL", raising=False)
    pipeline.extract(FAULTY, name="青岚.txt", store=path)

    assert command(["review", "retry", "1", "--db", str(path)]) == 2
    assert "GOUJI_MODEL" in capsys.readouterr().err


def test_a_figure_without_a_value_is_asked_for_as_it_should_be(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.extract(FAULTY, name="青岚.txt", store=path)

    assert command(["review", "correct", "1", TOTAL, "--db", str(path)]) == 2
    assert "PATH=VALUE" in capsys.readouterr().err


def test_no_desk_is_opened_on_a_database_that_is_not_there(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["review", "serve", "--db", str(path)]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize(
    ("flag", "environ", "who"),
    [(["--reviewer", "Lin"], "Ma", "reviewer Lin"), ([], "Ma", "reviewer Ma"), ([], "", "reviewer wei")],
    ids=["the flag", "GOUJI_REVIEWER", "the user's name"],
)
def test_who_decides_is_told_by_flag_environment_or_login(
    path: Path, monkeypatch: pytest.MonkeyPatch, flag: list[str], environ: str, who: str
) -> None:
    monkeypatch.setenv("GOUJI_REVIEWER", environ)
    monkeypatch.setenv("LOGNAME", "wei")
    pipeline.extract(FAULTY, name="青岚.txt", store=path)

    assert command(["review", "reject", "1", "--db", str(path), *flag]) == 0
    assert decisions.load(path, 1).history[-1].by == who
