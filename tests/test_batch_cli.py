"""The commands about many reports: what they take, print and leave with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.batch_inputs import entries
from agent.errors import UsageError
from eval import tallies
from eval.server import Server, script
from tests.batch_world import rows

FORM = ("--form", tallies.FORM_NAME)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GOUJI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    tallies.write(tmp_path / "stalls", 4)
    return tmp_path


def gouji(*arguments: str) -> int:
    return cli.run(arguments)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out = capsys.readouterr().out
    found = json.loads(out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_a_folder_is_read_and_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    with Server(tallies.answer) as server:
        code = gouji("batch", "stalls", *FORM, "--model", "m", "--base-url", server.base_url, "--json")

    summary = told(capsys)
    assert code == 0
    assert (summary["documents"], summary["accepted"], summary["all_accepted"]) == (4, 4, True)
    assert summary["usage"]["calls"] == 4
    assert summary["problems"] == []


def test_one_that_is_not_accepted_shows_in_the_exit_code(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_a_folder / "stalls" / "other.txt").write_text(tallies.tally(5, wrong=True), encoding="utf-8")

    assert gouji("batch", "stalls", *FORM, "--reader", "offline", "--lang", "en") == 3
    out = capsys.readouterr().out
    assert "in review" in out
    assert "gouji review" in out


def test_a_wrong_key_leaves_with_the_code_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    with Server(tallies.answer, script("e401")) as server:
        code = gouji("batch", "stalls", *FORM, "--model", "m", "--base-url", server.base_url, "--json")

    summary = told(capsys)
    assert code == 6
    assert summary["unfinished"] == 4
    assert "check the key" in summary["stopped"]


def test_columns_of_a_manifest_are_kept_beside_the_documents(in_a_folder: Path) -> None:
    manifest = in_a_folder / "list.csv"
    manifest.write_bytes('county,文件,note\r\n青岚,stalls/stall_000001.txt,"a, b"\r\n'.encode("gb18030"))

    assert gouji("batch", "--manifest", "list.csv", *FORM, "--reader", "offline") == 0
    found = rows(in_a_folder / "gouji.db", "select columns from origins join records using (document)")
    assert [json.loads(columns) for (columns,) in found] == [{"county": "青岚", "note": "a, b"}]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("county,place\na,b\n", "no column is called path"),
        ("path,county\nx.txt\n", "line 2: not as many cells"),
        ("path,county\n,a\n", "line 2: the column path is empty"),
        ("path,a,a\nx,y,z\n", "two columns have the same name"),
        ('path\n"x', "unexpected end of data"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(in_a_folder: Path, text: str, wrong: str) -> None:
    manifest = in_a_folder / "list.csv"
    manifest.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=wrong):
        entries([], manifest)


def test_folders_globs_and_files_name_each_document_once(in_a_folder: Path) -> None:
    (in_a_folder / "stalls" / ".hidden.txt").write_text("x")
    (in_a_folder / "stalls" / "notes.json").write_text("{}")
    (in_a_folder / "stalls" / "deep").mkdir()
    (in_a_folder / "stalls" / "deep" / "scan.PDF").write_text("x")
    found = entries(["stalls/*_000002.txt", "stalls", "stalls/notes.json"])

    names = [Path(entry.path).name for entry in found]
    assert names == ["stall_000002.txt", "scan.PDF", *(f"stall_{n:06}.txt" for n in (0, 1, 3)), "notes.json"]


@pytest.mark.parametrize(("path", "wrong"), [("nothing*.txt", "no file fits"), ("empty", "no document in this folder")])
def test_a_name_that_fits_nothing_is_refused(in_a_folder: Path, path: str, wrong: str) -> None:
    (in_a_folder / "empty").mkdir()

    with pytest.raises(UsageError, match=wrong):
        entries([path])


def test_money_cannot_be_bounded_without_prices(capsys: pytest.CaptureFixture[str]) -> None:
    code = gouji("batch", "stalls", *FORM, "--model", "m", "--base-url", "http://127.0.0.1:1/v1", "--budget-usd", "1")

    assert code == 2
    assert "GOUJI_PRICE_IN" in capsys.readouterr().err


def test_what_failed_is_shown_and_tried_again(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (in_a_folder / "stalls" / "stall_000000.txt").read_text(encoding="utf-8")
    (in_a_folder / "stalls" / "stall_000000.txt").write_text(" ")
    assert gouji("batch", "stalls", *FORM, "--reader", "offline") == 3
    capsys.readouterr()

    gouji("batch", "status", "--json")
    before = told(capsys)
    assert before["jobs"] == [
        {"form": "fruit-stall", "reader": "offline", "model": None, "accepted": 3, "failed": 1},
    ]
    assert before["running"] is False

    (in_a_folder / "stalls" / "stall_000000.txt").write_text(text, encoding="utf-8")
    assert gouji("batch", "retry", "--failed") == 0
    capsys.readouterr()

    gouji("batch", "status", "--json")
    assert told(capsys)["jobs"][0]["accepted"] == 4


def test_where_nothing_failed_nothing_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    gouji("batch", "stalls", *FORM, "--reader", "offline")
    capsys.readouterr()

    assert gouji("batch", "retry", "--failed", "--lang", "zh") == 0
    assert "没有失败的文件" in capsys.readouterr().err


def test_status_of_a_store_without_batches_says_so(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gouji("extract", "stalls/stall_000001.txt", *FORM)
    capsys.readouterr()

    assert gouji("batch", "status", "--lang", "en") == 0
    assert "no documents" in capsys.readouterr().out
