"""The command line: what it prints, and with which code it leaves."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from agent.outcome import NeedsReview
from agent.store import Store
from tests.scripted_server import CANARY, serving

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "agent" / "sample" / "qinglan_2023.txt"
OTHER = "关于召开水务工作会议的通知\n各科室：定于周五下午召开会议，请准时参加。\n"


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Gouji = Callable[..., Ended]


@pytest.fixture
def gouji(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Gouji:
    """Run a command line in an empty folder, with no model configured and English as language."""
    monkeypatch.chdir(tmp_path)
    for name in ("GOUJI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOUJI_LANG", "en")
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: object) -> Ended:
        code = run([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Ended(code, captured.out.decode(), captured.err.decode())

    return call


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """The sample with one total that does not hold."""
    path = tmp_path / "faulty.txt"
    text = SAMPLE.read_text(encoding="utf-8")
    path.write_text(text.replace("2\t1\t0\t1\t4", "2\t1\t0\t1\t5"), encoding="utf-8")
    return path


def test_the_sample_is_accepted_told_and_stored(gouji: Gouji) -> None:
    ended = gouji("extract", SAMPLE)

    assert ended.code == 0
    assert "accepted" in ended.out
    assert "Sums that hold: 42" in ended.out
    assert "Stored in gouji.db as 1: gouji show 1" in ended.out
    assert "no model configured" in ended.err


def test_the_same_report_again_is_shown_and_not_read_again(gouji: Gouji, tmp_path: Path) -> None:
    first = gouji("extract", SAMPLE)
    second = gouji("extract", SAMPLE)

    assert (first.code, second.code) == (0, 0)
    assert "Stored before in gouji.db as 1" in second.out
    with closing(sqlite3.connect(tmp_path / "gouji.db")) as db:
        assert db.execute("select count(*) from runs").fetchone() == (1,)


def test_json_without_store_is_one_object_and_leaves_no_file(gouji: Gouji, tmp_path: Path) -> None:
    ended = gouji("extract", SAMPLE, "--json", "--no-store")

    assert ended.code == 0
    assert ended.json["status"] == "accepted"
    assert ended.json["record"]["table2"]["fees"]["amount_10k_yuan"] == 128.45
    assert '"amount_10k_yuan": 128.45}' in ended.out
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_does_not_add_up_waits_in_review(gouji: Gouji, faulty: Path) -> None:
    ended = gouji("extract", faulty)
    listed = gouji("review")
    listed_json = gouji("review", "--json")
    shown = gouji("review", "show", 1)

    assert ended.code == 3
    assert "reconsideration: 2 + 1 + 0 + 1 ≠ 5, difference 1 (four results = total)" in ended.out
    assert "source_does_not_add_up" in listed.out
    assert [report["name"] for report in listed_json.json["waiting"]] == ["faulty.txt"]
    assert shown.code == 0
    assert "2 | 1 | 0 | 1 | 5" in shown.out


def test_a_report_read_again_waits_once(gouji: Gouji, faulty: Path) -> None:
    gouji("extract", faulty)
    gouji("extract", faulty, "--max-attempts", 2)

    assert [report["id"] for report in gouji("review", "--json").json["waiting"]] == [2]


def test_another_kind_of_report_is_told_from_the_form(gouji: Gouji, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text(OTHER, encoding="utf-8")

    ended = gouji("extract", "other.txt")
    told = gouji("extract", "other.txt", "--json")

    assert (ended.code, told.code) == (4, 4)
    assert told.json["record"] is None


def test_standard_input_is_read_under_the_name_dash(gouji: Gouji, monkeypatch: pytest.MonkeyPatch) -> None:
    with SAMPLE.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        ended = gouji("extract", "-", "--json", "--no-store")

    assert (ended.code, ended.json["document"]["name"]) == (0, "stdin")


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "says"),
    [
        (["extract", "missing.txt"], 5, "InputError", "missing.txt: no such file"),
        (["extract", "."], 5, "InputError", "gouji batch"),
        (["extract", SAMPLE, "--form", "nothing"], 2, "UsageError", "no form 'nothing'"),
        (["extract", SAMPLE, "--reader", "model"], 2, "UsageError", "needs a model"),
        (["extract", SAMPLE, "--budget-tokens", "0"], 2, "UsageError", "budget-tokens"),
        (["extract", SAMPLE, "--db", "no/where.db"], 7, "StoreError", "no/where.db cannot be opened"),
        (["extract", SAMPLE, "--db", SAMPLE], 7, "StoreError", "is no SQLite database"),
        (["extract"], 2, "UsageError", "Missing argument"),
        (["nothing"], 2, "UsageError", "No such command"),
        (["show", "1"], 2, "UsageError", "there is no database gouji.db"),
        (["show", "missing.txt"], 5, "InputError", "missing.txt"),
        (["check", "missing.json"], 5, "InputError", "missing.json"),
        (["check", SAMPLE], 5, "InputError", "no JSON record"),
    ],
)
def test_an_error_is_one_line_and_its_code(
    gouji: Gouji, arguments: list[object], code: int, kind: str, says: str
) -> None:
    ended = gouji(*arguments)
    told = gouji(*arguments, "--json")

    assert (ended.code, ended.out, told.code) == (code, "", code)
    assert len(ended.err.splitlines()) == 1
    assert says in ended.err
    assert told.json["error"]["kind"] == kind
    assert told.json["error"]["exit_code"] == code
    assert says in told.json["error"]["message"]


@pytest.mark.fault("quota")
def test_a_model_that_refuses_the_key_ends_with_six_and_shows_no_secret(
    gouji: Gouji, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with serving("e401,e401,e401") as server:
        url = server.base_url.replace("http://", f"http://user:{CANARY}@")
        ended = gouji("extract", SAMPLE, "--model", "m", "--base-url", url)

    assert ended.code == 6
    assert CANARY not in ended.out + ended.err
    assert not any(CANARY.encode() in path.read_bytes() for path in tmp_path.iterdir())
    with closing(sqlite3.connect(tmp_path / "gouji.db")) as db:
        assert db.execute("select status from runs").fetchall() == [("failed",)]


def test_show_finds_an_outcome_by_id_and_by_file(gouji: Gouji) -> None:
    gouji("extract", SAMPLE)

    by_id, by_file, as_json = gouji("show", 1), gouji("show", SAMPLE), gouji("show", 1, "--json")

    assert (by_id.code, by_file.code, as_json.code) == (0, 0, 0)
    assert by_id.out == by_file.out
    assert as_json.json["status"] == "accepted"
    assert gouji("show", 2).code == 2


def test_show_finds_an_outcome_by_the_name_of_a_file_that_is_gone(gouji: Gouji, faulty: Path) -> None:
    gouji("extract", faulty)
    path = faulty.absolute()
    faulty.rename(faulty.with_name("elsewhere.txt"))

    found = [gouji("show", target) for target in ("faulty.txt", path)]

    assert [ended.code for ended in found] == [3, 3]
    assert "2 + 1 + 0 + 1 ≠ 5" in found[0].out
    assert gouji("show", "faulty.txt", "--form", "statement").code == 5
    faulty.write_bytes(SAMPLE.read_bytes())
    gouji("extract", faulty)
    faulty.unlink()
    several = gouji("show", "faulty.txt")
    assert several.code == 2
    assert "2 documents were read as faulty.txt; show one by its id: 1, 2" in several.err


def test_show_tells_what_a_file_that_was_never_read_needs(gouji: Gouji, faulty: Path) -> None:
    gouji("extract", SAMPLE)

    ended = gouji("show", faulty)

    assert ended.code == 2
    assert "gouji extract" in ended.err


def test_a_run_that_is_not_in_review_is_not_shown_as_one(gouji: Gouji) -> None:
    gouji("extract", SAMPLE)

    assert gouji("review").out == "Nothing waits in review\n"
    assert gouji("review", "show", 1).code == 2


def test_the_stored_outcome_is_the_one_that_was_told(gouji: Gouji, faulty: Path) -> None:
    told = gouji("extract", faulty, "--json")
    shown = gouji("show", 1, "--json")

    assert told.json == shown.json


def test_check_takes_what_extract_printed(gouji: Gouji, tmp_path: Path, faulty: Path) -> None:
    for source, code in ((SAMPLE, 0), (faulty, 3)):
        outcome = gouji("extract", source, "--json", "--no-store")
        (tmp_path / "outcome.json").write_text(outcome.out, encoding="utf-8")
        (tmp_path / "record.json").write_text(json.dumps(outcome.json["record"]), encoding="utf-8")

        for name in ("outcome.json", "record.json"):
            checked = gouji("check", name)
            told = gouji("check", name, "--json")

            assert (checked.code, told.code) == (code, code)
            assert "nothing was matched to a source" in checked.out
            assert told.json["matched_to_source"] is False
            assert len(told.json["failing"]) == (1 if code else 0)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ('{"table3": {"received": {"total": "21"}}}', "table3.received.total: '21' is no number"),
        ('{"table3": {"received": {"total": true}}}', "table3.received.total: True is no number"),
        ('{"table3": {"received": {"total": 1.5}}}', "table3.received.total: 1.5 is no whole number"),
        ('{"table3": {"received": {"total": -1}}}', "table3.received.total: -1 is negative"),
        ('{"table3": {"nothing": {"total": 1}}}', "the form has no place for table3.nothing.total"),
        ('{"table3": {"received": {"total": 1, "total": 2}}}', "given twice"),
        ('{"table3": [1]}', "table3: an object is expected"),
        ('{"table2": {"fees": {"amount_10k_yuan": NaN}}}', "NaN"),
        ("[" * 100_000, "no JSON record"),
        ("[1]", "no JSON object"),
    ],
)
def test_a_record_that_is_none_is_refused_with_its_place(gouji: Gouji, tmp_path: Path, record: str, says: str) -> None:
    (tmp_path / "record.json").write_text(record, encoding="utf-8")

    ended = gouji("check", "record.json")

    assert ended.code == 5
    assert says in ended.err


def test_a_null_neither_fails_a_sum_nor_proves_one(gouji: Gouji, tmp_path: Path) -> None:
    block = {"upheld": None, "corrected": 0, "other": 0, "pending": 0, "total": 2}
    (tmp_path / "record.json").write_text(json.dumps({"table4": {"reconsideration": block}}), encoding="utf-8")

    ended = gouji("check", "record.json", "--json")

    assert (ended.json["holding"], ended.json["failing"]) == ([], [])


def test_a_record_without_a_table_is_not_said_to_hold(gouji: Gouji, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{}", encoding="utf-8")

    ended = gouji("check", "record.json", "--json")

    assert (ended.code, ended.json["missing"]) == (3, ["table2", "table3", "table4"])


def test_forms_are_listed_and_shown(gouji: Gouji) -> None:
    listed, shown, unknown = gouji("forms"), gouji("forms", "ogi-annual-report"), gouji("forms", "nothing")

    assert "ogi-annual-report" in listed.out
    assert "statement" in listed.out
    assert "refused_three_securities" in shown.out
    assert "received + carried in = processed + carried out" in shown.out
    assert unknown.code == 2


def test_forms_are_told_to_programs(gouji: Gouji) -> None:
    listed, grid, free = (gouji("forms", *name, "--json").json for name in ((), ("ogi-annual-report",), ("receipt",)))

    assert listed.keys() >= {"ogi-annual-report", "receipt", "statement"}
    assert grid["tables"]["table3"]["2021"]["received"][-1] == "total"
    assert "received + carried in = processed + carried out" in " ".join(grid["sums"])
    assert "amount" in free["lists"]["items"]
    assert "total" in free["figures"]


OWN_FORM = """
from schemas import Column, Form, Grid, Row, Section, Total

AMOUNT = (Column("amount", ("Amount",), "amount"),)
ROWS = (Row("rent", ("Rent",), AMOUNT), Row("heat", ("Heating",), AMOUNT), Row("all", ("Sum",), AMOUNT))
Costs = Form(
    name="costs", title="House costs", titles=("House costs",), sections=(Section("costs", ("Costs",)),),
    tables={"costs": (Grid("costs", "costs", ROWS),)},
    identities=(Total(("costs.rent.amount", "costs.heat.amount"), "costs.all.amount", "costs = sum"),),
)
"""


def test_a_form_of_ones_own_is_loaded_from_its_file(gouji: Gouji, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN_FORM, encoding="utf-8")
    (tmp_path / "costs.txt").write_text("House costs 2023\nCosts\nRent\t900.50\nHeating\t99.50\nSum\t1000.00\n")

    ended = gouji("extract", "costs.txt", "--form", "own.py:Costs")
    (tmp_path / "own.py").unlink()
    shown = gouji("show", 1, "--json")

    assert ended.code == 0
    assert "costs = sum" in ended.out or "Sums that hold: 1" in ended.out
    assert shown.json["record"]["costs"]["all"]["amount"] == 1000.0
    assert gouji("show", 1).code == 0


def test_the_language_is_chosen(gouji: Gouji) -> None:
    assert "成立的勾稽关系：42 项" in gouji("extract", SAMPLE, "--lang", "zh").out


@pytest.mark.fault("odd-names")
def test_a_hostile_file_name_reaches_no_terminal(gouji: Gouji, tmp_path: Path) -> None:
    name = "a\x1b[31mb\x9b2J.txt"
    (tmp_path / name).write_bytes(SAMPLE.read_bytes())

    for ended in (gouji("extract", name), gouji("show", 1), gouji("extract", name + "x"), gouji("show", name + "x")):
        assert "\x1b" not in ended.out + ended.err
        assert "\x9b" not in ended.out + ended.err


def test_commands_of_other_packages_are_found_by_name(gouji: Gouji) -> None:
    assert "eval" in gouji("--help").out
    assert gouji("eval", "--help").code == 0


LATE = {"openai", "instructor", "sqlite_utils", "ortools", "pydantic", "rapidfuzz", "httpx2", "numpy", "jinja2"}


@pytest.mark.parametrize("arguments", [["--help"], ["show", "1"], ["check", "record.json"], ["review"], ["--version"]])
def test_what_takes_long_to_import_is_imported_late(gouji: Gouji, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "record.json").write_text(gouji("extract", SAMPLE, "--json").out, encoding="utf-8")
    code = f"import sys; from agent.cli import run; run({arguments}); print(*sys.modules, file=sys.stderr)"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)

    assert set(ended.stderr.split()) & LATE == set()


def test_a_closed_pipe_is_no_error(gouji: Gouji) -> None:
    gouji("extract", SAMPLE)
    with subprocess.Popen(
        [sys.executable, "-m", "agent", "show", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, error = process.communicate()

    assert (process.returncode, error) == (141, b"")


def test_a_terminal_that_knows_no_chinese_loses_nothing_but_letters(gouji: Gouji) -> None:
    gouji("extract", SAMPLE)
    environ = {"PYTHONIOENCODING": "ascii", "PATH": "", "LANG": "C"}

    shown = subprocess.run(
        [sys.executable, "-m", "agent", "show", "1"], capture_output=True, env=environ, check=False, cwd="."
    )
    as_json = subprocess.run(
        [sys.executable, "-m", "agent", "show", "1", "--json"], capture_output=True, env=environ, check=True
    )

    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"128.45" in shown.stdout
    assert json.loads(as_json.stdout)["record"]["organization"] == "青岚县水务局"


def test_the_second_reading_is_kept_for_review(tmp_path: Path, review: NeedsReview, document: Any) -> None:
    with Store(tmp_path / "g.db") as store:
        run_id = store.begin("k", document, "model", "m")
        store.hold(run_id, NeedsReview(**{**vars(review), "second": review.reading}))

        found = store.find("k")

    assert isinstance(found, NeedsReview)
    assert found.second == review.reading


def test_show_says_what_a_reviewer_decided_since(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = str(tmp_path / "g.db")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(SAMPLE.read_text(encoding="utf-8").replace("0\t41\n", "0\t42\n"), encoding="utf-8")
    run(["extract", str(wrong), "--db", db])
    run(["review", "accept", "1", "--as-published", "--note", "so printed", "--db", db])
    capsys.readouterr()

    run(["show", "1", "--db", db, "--lang", "en"])

    assert "how it stands now: gouji review show 1 --db" in capsys.readouterr().out
