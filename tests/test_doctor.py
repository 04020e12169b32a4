"""`gouji doctor`: what is there, what is broken, the way out, and never a secret."""

from __future__ import annotations

import json
import sqlite3
import string
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from agent import doctor, doctor_packages
from agent.cli import run
from agent.database import open_for_writing
from agent.doctor_packages import Line, Requirement
from agent.doctor_texts import TEXTS
from tests.scripted_server import CANARY, serving

Doctor = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with no model set."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GOUJI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return work


@pytest.fixture
def look(folder: Path, capfd: pytest.CaptureFixture[str]) -> Doctor:
    """The exit code and what ``--json`` says, by name."""

    def call(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = run(["doctor", "--json", *arguments])
        told = json.loads(capfd.readouterr().out)
        return code, {"broken": told["broken"], **{line["name"]: line for line in told["checks"]}}

    return call


def test_all_of_it_works_here_and_nothing_is_left_behind(look: Doctor, folder: Path) -> None:
    code, told = look()

    assert (code, told["broken"]) == (0, [])
    names = {"gouji", "packages", "extra pdf", "extra ocr", "sqlite", "database", "journal", "disk", "weights", "model"}
    assert names <= set(told)
    assert "openai 3" in told["packages"]["found"]
    assert told["model"]["state"] == told["weights"]["state"] == "absent"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_is_told_line_by_line_in_their_language(
    language: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--lang", language]) == 0

    out = capfd.readouterr().out
    last = {
        "en": ("all of it works", "it works; mind the lines marked !"),
        "zh": ("一切正常", "可以使用；请留意标有 ! 的各行"),
    }
    assert out.splitlines()[-1] == last[language]["\n! " in out]
    assert ("  → --model or GOUJI_MODEL" if language == "en" else "  → --model 或 GOUJI_MODEL") in out


def test_nothing_heavy_is_imported_to_look(folder: Path) -> None:
    heavy = ("openai", "instructor", "ortools", "pandas", "sqlite_utils", "rapidocr", "rich", "asyncio")
    code = f"import sys; from agent.cli import run; run(['doctor']); print([m for m in {heavy} if m in sys.modules])"

    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert told.splitlines()[-1] == "[]"


def test_every_text_has_the_same_values_in_both_languages() -> None:
    def fields(text: str) -> set[str | None]:
        return {field for _, field, _, _ in string.Formatter().parse(text)} - {None}

    assert [name for name, (chinese, english) in TEXTS.items() if fields(chinese) != fields(english)] == []


WANTED = ("instructor<2,>=1.17", "openai<4,>=3", "pdfplumber>=0.11; extra == 'pdf'")


def packages(**versions: str) -> dict[str, Line]:
    def version_of(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    return {line.name: line for line in doctor_packages.packages("en", WANTED, version_of)}


def test_packages_that_are_too_old_or_missing_are_broken_and_named() -> None:
    told = packages(gouji="0.1.0", instructor="1.3.2")["packages"]

    assert told.state == "broken"
    assert (
        told.found == "instructor 1.3.2: instructor<2,>=1.17 is needed; openai: not installed, openai<4,>=3 is needed"
    )
    assert told.way_out == "pip install --upgrade gouji"


def test_an_extra_that_is_not_there_is_not_broken_and_names_its_pip_line() -> None:
    told = packages(gouji="0.1.0", instructor="1.17.0", openai="3.3.0")

    assert told["packages"].state == "ok"
    assert (told["extra pdf"].state, told["extra pdf"].way_out) == ("absent", "pip install 'gouji[pdf]'")
    assert "pdfplumber>=0.11" in told["extra pdf"].found


@pytest.mark.parametrize(
    ("version", "allowed"), [("3.3.0", True), ("3", True), ("2.99", False), ("4.0", False), ("4.0.0rc1", False)]
)
def test_a_version_is_in_its_range_or_not(version: str, allowed: bool) -> None:
    assert Requirement.parse("openai<4,>=3").allows(version) is allowed


@pytest.mark.parametrize(
    ("version", "faults"),
    [
        ("3.40.1", ["WAL-reset", "CVE-2025-6965"]),
        ("3.44.6", ["CVE-2025-6965"]),
        ("3.50.2", ["WAL-reset"]),
        ("3.50.7", []),
        ("3.51.2", ["WAL-reset"]),
        ("3.51.3", []),
        ("3.53.1", []),
    ],
)
def test_known_faults_of_a_sqlite_are_told_with_the_release_that_mends_them(version: str, faults: list[str]) -> None:
    told = list(doctor_packages.sqlite("en", version))

    assert [fault for line in told for fault in ("WAL-reset", "CVE-2025-6965") if fault in line.found] == faults
    assert [line.state for line in told] == (["warning"] * len(faults) or ["ok"])
    assert all(bool(line.way_out) == bool(faults) for line in told)


def test_a_database_is_told_with_its_step_and_size(look: Doctor, folder: Path) -> None:
    open_for_writing(folder / "gouji.db", wait=1).close()

    code, told = look()

    assert code == 0
    assert "opens, schema step 6 of 6" in told["database"]["found"]
    assert "looked through, no damage" in told["database"]["found"]


@pytest.mark.fault(
    "corrupt-db", behaviour="`gouji doctor` tells the damage, the way out, and leaves the file as it is."
)
def test_a_damaged_database_is_broken_and_left_as_it_is(look: Doctor, folder: Path) -> None:
    path = folder / "gouji.db"
    with closing(open_for_writing(path, wait=1)) as db:
        db.executemany("insert into documents values (?, 'n', 'text', null, ?, '', null, null, null)", _many())
        db.commit()
        db.execute("pragma wal_checkpoint(truncate)")
    spoiled = bytearray(path.read_bytes())
    spoiled[-4096 * 3 : -4096 * 2] = b"\x55" * 4096
    path.write_bytes(spoiled)

    code, told = look()

    assert (code, told["broken"]) == (3, ["database"])
    assert "gouji recover" in told["database"]["found"] + told["database"]["way_out"]
    assert path.read_bytes() == spoiled


def test_a_large_database_is_not_looked_through_to_its_end(folder: Path) -> None:
    path = folder / "gouji.db"
    with closing(open_for_writing(path, wait=1)) as db, db:
        db.executemany("insert into documents values (?, 'n', 'text', null, ?, '', null, null, null)", _many())

    told = doctor.database(path, "en", seconds=0)

    assert (told.state, "too large to look through here" in told.found) == ("ok", True)


def _many() -> list[tuple[str, str]]:
    return [(f"{number:064}", "text " * 100) for number in range(200)]


def test_a_database_of_another_program_or_of_a_newer_gouji_is_told(look: Doctor, folder: Path) -> None:
    strange, newer = folder / "strange.db", folder / "newer.db"
    with closing(sqlite3.connect(strange)) as db:
        db.execute("create table theirs (x)")
    with closing(open_for_writing(newer, wait=1)) as db, db:
        db.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values ('gouji', 'fly', '')")

    told = [look("--db", str(path))[1]["database"]["found"] for path in (strange, newer)]

    assert "belongs to another program" in told[0]
    assert "made by a newer gouji (steps unknown here: fly)" in told[1]


def test_a_folder_where_nothing_can_be_written_is_broken(look: Doctor, folder: Path) -> None:
    code, told = look("--db", str(folder / "nowhere" / "gouji.db"))

    assert code == 3
    assert (told["broken"], told["journal"]["way_out"][:6]) == (["journal"], "change")


def test_a_network_file_system_is_warned_of(tmp_path: Path) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\ntmpfs {tmp_path}/fast tmpfs rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n"

    far = doctor.journal(tmp_path / "gouji.db", "en", mounts)

    assert (far.state, "nfs4" in far.found) == ("warning", True)
    assert doctor.file_system(tmp_path / "fast" / "deep", mounts) == "tmpfs"
    assert doctor.file_system(Path("/elsewhere"), mounts) == "ext4"


def test_a_full_disk_is_broken(tmp_path: Path) -> None:
    told = doctor.disk(tmp_path / "gouji.db", "en", lambda folder: 10**6 if folder == tmp_path else 10**12)

    assert told.state == "broken"
    assert f"the database's {tmp_path}: 1.0 MB free" in told.found


def test_a_model_without_its_key_or_weights_is_broken_with_the_way_out(look: Doctor) -> None:
    told = [look("--model", name)[1] for name in ("gpt", "local")]

    assert [one["broken"] for one in told] == [["model"], ["model"]]
    assert "set OPENAI_API_KEY" in told[0]["model"]["found"]
    assert "gouji model fetch" in told[1]["model"]["found"]


@pytest.mark.fault("key-leak", behaviour="`gouji doctor` says that a key and a login are set, and shows neither.")
@pytest.mark.parametrize("how", [["--json"], ["--lang", "en"], ["--lang", "zh"]], ids=["json", "en", "zh"])
@pytest.mark.parametrize("steps", ["ok", "e401", "echo"])
def test_key_and_login_are_told_to_be_set_and_never_shown(
    how: list[str], steps: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving("ok" if steps == "echo" else steps, f"{CANARY} hunter2" if steps == "echo" else "{}") as server:
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url.replace("//", "//bob:hunter2@"))

        code = run(["doctor", "--model", "scripted", "--ask", *how])

    out, err = capfd.readouterr()
    assert code == 3
    assert server.base_url in out
    assert CANARY not in out + err
    assert "hunter2" not in out + err


def test_one_small_question_is_timed(look: Doctor) -> None:
    with serving("ok", '{"ready": true}') as server:
        code, told = look("--model", "scripted", "--base-url", server.base_url, "--ask")

    assert (code, told["ask"]["state"], server.calls) == (0, "ok", 1)
    assert "answered in" in told["ask"]["found"]


@pytest.mark.parametrize(("step", "says"), [("e401", "trying again will not help"), ("e503", "failed for now")])
def test_a_question_that_fails_is_asked_once_and_says_whether_again_may_help(
    step: str, says: str, look: Doctor
) -> None:
    with serving(step) as server:
        code, told = look("--model", "scripted", "--base-url", server.base_url, "--ask")

    assert (code, told["broken"], server.calls) == (3, ["ask"], 1)
    assert says in told["ask"]["found"]


def test_a_question_without_a_model_is_broken(look: Doctor) -> None:
    code, told = look("--ask")

    assert (code, told["ask"]["way_out"]) == (3, "--model or GOUJI_MODEL")
