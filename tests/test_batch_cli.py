"""The commands about many reports: what they take, print and leave with."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.batch_inputs import find, job_of
from agent.batch_told import pace
from agent.errors import UsageError
from agent.ledger import Entry, Ledger
from agent.pipeline import make_plan
from agent.store import Store
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


@pytest.mark.fault("quota")
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


def test_a_run_over_the_folder_leaves_the_columns_of_a_manifest(in_a_folder: Path) -> None:
    listed = in_a_folder / "list.csv"
    for county in ("Oak", "Elm"):
        listed.write_text(f"path,county\nstalls/stall_000001.txt,{county}\n", encoding="utf-8")
        gouji("batch", "--manifest", "list.csv", *FORM, "--reader", "offline")
        gouji("batch", "stalls", *FORM, "--reader", "offline")

        found = rows(in_a_folder / "gouji.db", "select columns from origins where path like '%000001.txt'")
        assert found == [(json.dumps({"county": county}),)]


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
        find([], manifest)


def test_folders_globs_and_files_name_each_document_once(in_a_folder: Path) -> None:
    (in_a_folder / "stalls" / ".hidden.txt").write_text("x")
    (in_a_folder / "stalls" / "notes.json").write_text("{}")
    (in_a_folder / "stalls" / "deep").mkdir()
    (in_a_folder / "stalls" / "deep" / "scan.PDF").write_text("x")
    found = find(["stalls/*_000002.txt", "stalls", "stalls/notes.json"])

    names = [Path(entry.path).name for entry in found.entries]
    assert names == ["stall_000002.txt", "scan.PDF", *(f"stall_{n:06}.txt" for n in (0, 1, 3)), "notes.json"]


@pytest.mark.parametrize(("path", "wrong"), [("nothing*.txt", "no file fits"), ("empty", "no document in this folder")])
def test_a_name_that_fits_nothing_is_refused(in_a_folder: Path, path: str, wrong: str) -> None:
    (in_a_folder / "empty").mkdir()

    with pytest.raises(UsageError, match=wrong):
        find([path])


def test_money_cannot_be_bounded_without_prices(capsys: pytest.CaptureFixture[str]) -> None:
    code = gouji("batch", "stalls", *FORM, "--model", "m", "--base-url", "http://127.0.0.1:1/v1", "--budget-usd", "1")

    assert code == 2
    assert "GOUJI_PRICE_IN" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--budget-usd", "--budget-seconds", "--poll"])
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_bound_that_is_no_number_is_refused(option: str, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gouji("batch", "stalls", *FORM, "--reader", "offline", option, number) == 2
    assert f"{number} is no number" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["nan", "inf", "0", "-1"])
def test_a_report_has_no_time_that_is_none(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gouji("extract", "report.txt", "--reader", "offline", "--budget-seconds", number) == 2
    assert "--budget-seconds" in capsys.readouterr().err


def test_a_model_on_this_machine_sends_nothing_to_a_batch_endpoint(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (in_a_folder / "weights.gguf").write_bytes(b"GGUF")
    local = f"local:{in_a_folder / 'weights.gguf'}"
    code = gouji("batch", "stalls", *FORM, "--model", local, "--transport", "batch", "--budget-seconds", "1")

    assert code == 2
    assert "no batch endpoint" in capsys.readouterr().err


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
    assert told(capsys)["jobs"] == [{"form": "fruit-stall", "reader": "offline", "model": None, "accepted": 4}]


def test_where_nothing_failed_nothing_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    gouji("batch", "stalls", *FORM, "--reader", "offline")
    capsys.readouterr()

    assert gouji("batch", "retry", "--failed", "--lang", "zh") == 0
    assert "没有失败的文件" in capsys.readouterr().err


def test_status_shows_what_there_is_without_a_broken_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    gouji("batch", "stalls", *FORM, "--reader", "offline")
    capsys.readouterr()

    gouji("batch", "status", "--lang", "en")

    head, _, row, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["form", "reader", "model", "accepted"]
    assert row.split()[:2] == ["fruit-stall", "offline"]


def test_status_of_a_store_without_batches_says_so(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gouji("extract", "stalls/stall_000001.txt", *FORM)
    capsys.readouterr()

    assert gouji("batch", "status", "--lang", "en") == 0
    assert "no documents" in capsys.readouterr().out


def test_a_path_that_is_not_there_is_named_and_nothing_is_read(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gouji("batch", "stalls", "stals/typo.txt", *FORM, "--reader", "offline") == 5

    assert "stals/typo.txt: no such file or folder" in capsys.readouterr().err
    assert not (in_a_folder / "gouji.db").exists()


def test_a_missing_file_of_a_manifest_fails_alone_and_was_never_settled(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (in_a_folder / "list.csv").write_text("path\nstalls/stall_000001.txt\nstalls/gone.txt\n")
    command = ("batch", "--manifest", "list.csv", *FORM, "--reader", "offline", "--json")

    assert gouji(*command) == 3
    first = told(capsys)
    assert gouji(*command) == 3
    again = told(capsys)

    assert [(first["accepted"], first["failed"], first["settled_before"])] == [(1, 1, 0)]
    assert [(again["accepted"], again["failed"], again["settled_before"])] == [(1, 1, 1)]
    assert "gone.txt: no such file" in again["problems"][0]["error"]


def test_why_a_document_failed_before_is_told_again(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_a_folder / "stalls" / "stall_000000.txt").write_text(" ")
    command = ("batch", "stalls", *FORM, "--reader", "offline", "--json")
    gouji(*command)
    first = told(capsys)
    gouji(*command)
    again = told(capsys)

    assert again["problems"] == first["problems"]
    assert "empty" in again["problems"][0]["error"]


def test_files_left_out_of_a_folder_are_counted_by_their_endings(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.csv", "b.CSV", "c.zip", "README"):
        (in_a_folder / "stalls" / name).write_text("x")
    (in_a_folder / "stalls" / "round").symlink_to(in_a_folder)

    assert gouji("batch", "stalls", *FORM, "--reader", "offline", "--json", "--lang", "en") == 0
    captured = capsys.readouterr()

    assert "left out of folders, by their endings: .csv 2, " in captured.err
    assert json.loads(captured.out)["left_out"] == {".csv": 2, ".zip": 1, "": 1, "links to folders": 1}


def test_a_pattern_that_fits_folders_takes_what_is_in_them(in_a_folder: Path) -> None:
    tallies.write(in_a_folder / "more" / "2023", 2)

    assert len(find(["more/*"]).entries) == 2


def test_a_hint_is_a_command_that_works_as_printed(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_a_folder / "stalls" / "wrong.txt").write_text(tallies.tally(5, wrong=True), encoding="utf-8")
    (in_a_folder / "stalls" / "blank.txt").write_text(" ")
    gouji("batch", "stalls", *FORM, "--reader", "offline", "--db", "my own.db", "--lang", "en")
    hints = [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines() if ": gouji " in line]

    assert hints == ["gouji review --db 'my own.db'", "gouji batch retry --failed --db 'my own.db'"]
    assert [gouji(*shlex.split(hint)[1:]) for hint in hints] == [0, 3]


def test_a_file_named_twice_in_a_manifest_with_other_cells_is_refused(in_a_folder: Path) -> None:
    manifest = in_a_folder / "list.csv"
    manifest.write_text("path,county\nstalls/a.txt,one\nstalls/../stalls/a.txt,one\nstalls/a.txt,two\n")

    with pytest.raises(UsageError, match="line 4: the same file as line 2, with other cells"):
        find([], manifest)


def test_what_is_tried_again_is_read_as_it_was_whatever_the_environment_says_now(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_a_folder / "stalls" / "stall_000000.txt").write_text(" ")
    with Server(tallies.answer) as server:
        monkeypatch.setenv("GOUJI_MODEL", "m")
        login = server.base_url.replace("//", "//me:hunter2@")
        assert gouji("batch", "stalls", *FORM, "--base-url", login) == 3
        monkeypatch.delenv("GOUJI_MODEL")
        monkeypatch.setenv("OPENAI_BASE_URL", login)
        (in_a_folder / "stalls" / "stall_000000.txt").write_text(tallies.tally(0))
        assert gouji("batch", "retry", "--failed") == 0

        assert server.calls == 4
        assert {seen.headers["authorization"] for seen in server.seen} == {"Basic bWU6aHVudGVyMg=="}
    assert b"hunter2" not in (in_a_folder / "gouji.db").read_bytes()
    assert rows(in_a_folder / "gouji.db", "select distinct reader, model from jobs") == [("model", "m")]


@pytest.mark.parametrize("between", [",", ";", "\t"], ids=["commas", "semicolons", "tabs"])
def test_the_cells_of_a_manifest_are_parted_as_in_its_first_line(in_a_folder: Path, between: str) -> None:
    manifest = in_a_folder / "list.csv"
    manifest.write_text(between.join(("county", "path")) + "\n" + between.join(('"a,b;c\td"', "stalls/x.txt")) + "\n")

    (entry,) = find([], manifest).entries

    assert (Path(entry.path).name, entry.columns) == ("x.txt", {"county": "a,b;c\td"})


def test_documents_of_one_status_are_listed_with_the_reason(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = in_a_folder / "stalls" / "blank.txt"
    blank.write_text(" ")
    (in_a_folder / "stalls" / "copy.txt").write_text(" ")
    gouji("batch", "stalls", *FORM, "--reader", "offline")
    capsys.readouterr()

    gouji("batch", "list")
    copy = blank.with_name("copy.txt")
    assert capsys.readouterr().out == f"{blank}: the file is empty\n{copy}: blank.txt: the file is empty\n"
    gouji("batch", "list", "--status", "accepted")
    assert capsys.readouterr().out.splitlines() == [str(in_a_folder / "stalls" / f"stall_{n:06}.txt") for n in range(4)]
    gouji("batch", "list", "--json")
    assert told(capsys)["documents"][0]["path"] == str(blank)


def test_files_that_changed_since_they_were_read_are_read_again_and_told(
    in_a_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("batch", "stalls", *FORM, "--reader", "offline", "--json")
    gouji(*command)
    assert told(capsys)["changed"] == 0
    (in_a_folder / "stalls" / "stall_000002.txt").write_text(tallies.tally(77))
    gouji(*command)
    second = told(capsys)
    gouji(*command)
    third = told(capsys)

    assert [(second["changed"], second["settled_before"]), (third["changed"], third["settled_before"])] == [
        (1, 3),
        (0, 4),
    ]


def test_documents_that_another_run_holds_are_told(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(in_a_folder / "gouji.db") as store:
        other, plan = Ledger(store, host="elsewhere"), make_plan(tallies.FORM_NAME, reader="offline")
        other.open("{}")
        job = job_of(Entry(str(in_a_folder / "stalls" / "stall_000002.txt")), plan)
        other.enrol([job])
        other.lease([job.key])
    gouji("batch", "stalls", *FORM, "--reader", "offline", "--json")
    summary = told(capsys)

    assert (summary["accepted"], summary["unfinished"], summary["with_another_run"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("read", "seconds", "found"),
    [
        (300, 2.0, "2.0 s, 150.0 documents a second"),
        (3, 360.0, "360.0 s, 0.5 documents a minute"),
        (0, 0.1, "0.1 s"),
        (0, 0.0, "0.0 s"),
    ],
)
def test_how_fast_a_run_was_is_told_in_figures_that_say_something(read: int, seconds: float, found: str) -> None:
    assert pace(read, seconds, "en") == found
