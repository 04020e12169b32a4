"""What strangers send: files without end, odd letters, odd names. State, exit code and message by the command."""

from __future__ import annotations

import csv
import errno
import json
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.pipeline import extract
from eval import tallies
from tests.batch_world import World, entries, rows
from tests.scripted_server import CANARY
from tests.written import SAMPLE, read

FORM = ("--form", tallies.FORM_NAME)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; no model in the environment."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in ("GOUJI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return work


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """How a command ends, and what it says."""
    code = cli.run([*arguments, "--lang", "en"])
    said = capsys.readouterr()
    return code, said.out + said.err


def steers(said: str) -> bool:
    """Whether a terminal would obey something in it."""
    return any(unicodedata.category(letter) in {"Cc", "Cf"} for letter in said.replace("\n", ""))


# Files without end.


def _terabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.fault(
    "huge-file", behaviour="A terabyte of nothing and a pipe: refused at once, also by `show` and `batch`."
)
def test_a_file_without_end_is_refused_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _terabyte(folder / "large.txt")
    os.mkfifo(folder / "pipe.txt")
    (folder / "circle.txt").symlink_to("circle.txt")
    (folder / "good.txt").write_text(tallies.tally(1), encoding="utf-8")
    began = time.monotonic()
    tally = World(folder / "gouji.db", reader="offline").read(entries(sorted(folder.glob("*.txt"))))
    ends = [
        told(capsys, *command) for name in ("large.txt", "pipe.txt") for command in (["extract", name], ["show", name])
    ]

    assert time.monotonic() - began < 5
    assert tally.statuses == {"accepted": 1, "failed": 3}
    assert [code for code, _ in ends] == [5] * 4
    assert all("larger than 50 MiB" in said for _, said in ends[:2])
    assert all("not a regular file" in said for _, said in ends[2:])


def _limited(kind: str, most: int, *arguments: str) -> tuple[int, str]:
    """How a command ends whose process may have no more of something, and what it says."""
    bound = f"import resource, sys; resource.setrlimit(resource.RLIMIT_{kind}, ({most}, {most}))"
    command = [sys.executable, "-c", f"{bound}; from agent.cli import main; main()", *arguments]
    with Path("/dev/zero" if "-" in arguments else os.devnull).open("rb") as given:
        done = subprocess.run(command, stdin=given, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@pytest.mark.fault("huge-file", behaviour="A record, a manifest or a report that comes without end: given up.")
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
@pytest.mark.parametrize(
    ("ends", "name", "command"),
    [
        (5, "/dev/zero", ("check", "/dev/zero")),
        (2, "/dev/zero", ("batch", "--manifest", "/dev/zero")),
        (5, "-", ("check", "-")),
        (5, "standard input", ("extract", "-")),
    ],
)
def test_what_comes_without_end_is_read_no_further_than_its_bound(
    folder: Path, ends: int, name: str, command: tuple[str, ...]
) -> None:
    code, said = _limited("AS", 2 * 2**30, *command)

    assert code == ends
    assert said.startswith(f"gouji: {name}: larger than")


@pytest.mark.fault("disk-full", behaviour="No file handle left: that is told, and no other reason.")
def test_too_few_file_handles_are_told_as_such(folder: Path) -> None:
    tallies.write(folder / "in", 1)
    code, said = _limited("NOFILE", 16, "batch", "in", "--reader", "offline", *FORM)

    assert code == 1
    assert said == "gouji: too many open files; allow more (ulimit -n) and run again\n"


@pytest.mark.fault("disk-full", behaviour="Not even one handle left to import by: told in a line all the same.")
@pytest.mark.skipif(os.name == "nt", reason="handles are not bounded there")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_error_is_told_with_no_file_handle_left(folder: Path, language: str) -> None:
    code = "import resource, sys; from agent.cli import main;resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); main()"
    command = [sys.executable, "-c", code, "check", "record.json", "--lang", language]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert done.stderr.startswith({"en": "gouji: too many open files;", "zh": "gouji: 打开的文件过多；"}[language])
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_no_file_handle_is_told_as_such_whoever_has_none_left(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number), "gouji.db")

    monkeypatch.setattr(cli.gouji, "main", refused)

    assert told(capsys, "stats") == (1, "gouji: too many open files; allow more (ulimit -n) and run again\n")


@pytest.mark.fault("huge-file", behaviour="What the system only shows as files, by a link: refused without being read.")
@pytest.mark.fault("key-leak", behaviour="A link to gouji's own environment, where a key may stand, is no report.")
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_a_link_to_what_the_system_shows_of_ourselves_is_no_report(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "key.txt").symlink_to("/proc/self/environ")
    (folder / "in" / "endless.txt").symlink_to("/proc/self/pagemap")  # a quarter of a terabyte, told as 0 bytes
    command = [sys.executable, "-m", "agent", "batch", "in", "--reader", "offline", *FORM, "--lang", "en", "--json"]
    environment = {**os.environ, "OPENAI_API_KEY": CANARY}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["failed"] == 2
    assert all("the file is empty" in problem["error"] for problem in summary["problems"])
    kept = b"".join(path.read_bytes() for path in folder.glob("gouji.db*"))
    assert CANARY not in done.stdout + done.stderr + kept.decode("latin-1")


# Odd letters.


@pytest.mark.fault("nul-input", behaviour="A report full of them reads the same, every figure at its own line.")
def test_a_report_full_of_control_characters_reads_the_same(folder: Path) -> None:
    odd = SAMPLE.replace("\t", "\u200b\t\u202d").replace("申请", "申\u2066请").replace("\n", "\x07\x00\n")

    outcome = read(odd)

    assert outcome.record == read(SAMPLE).record
    assert {p: f.line for p, f in outcome.reading.figures.items()} == {
        p: f.line for p, f in read(SAMPLE).reading.figures.items()
    }


@pytest.mark.fault("nul-input", behaviour="What is kept and told of it holds nothing that a terminal would obey.")
def test_what_is_told_of_odd_letters_moves_no_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SAMPLE.replace("青岚县水务局", "青岚县\x1b]0;x\x07水\u202e务局")
    Path("odd.txt").write_text(text, encoding="utf-8")

    ends = [
        told(capsys, *command) for command in (["extract", "odd.txt"], ["extract", "odd.txt", "--json"], ["show", "1"])
    ]

    assert [code for code, _ in ends] == [0, 0, 0]
    assert not any(steers(said) for _, said in ends)
    assert rows(folder / "gouji.db", "select instr(text, char(27)), instr(text, char(7)) from documents") == [(0, 0)]


@pytest.mark.fault("encodings", behaviour="Read in GB18030: exit code 0, and the guess is told.")
def test_the_encoding_that_was_guessed_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("gb.txt").write_bytes(SAMPLE.encode("gb18030"))

    code, said = told(capsys, "extract", "gb.txt", "--json")

    assert code == 0
    assert '"encoding": "gb18030"' in said


@pytest.mark.fault(
    "encodings", behaviour="Bytes of no encoding, or cut within a letter: exit code 5, named, not patched."
)
@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe" + SAMPLE.encode("utf-16-le")[:-1], b"\xef\xbb\xbf" + SAMPLE.encode()[:-2] + b"\xe4", b"abc \xff\xff"],
    ids=["UTF-16 cut", "UTF-8 cut", "none"],
)
def test_bytes_of_no_encoding_end_with_five(folder: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    Path("odd.txt").write_bytes(data)

    code, said = told(capsys, "extract", "odd.txt")

    assert code == 5
    assert said.startswith("gouji: odd.txt: ")
    assert not Path("gouji.db").exists() or rows(folder / "gouji.db", "select count(*) from documents") == [(0,)]


@pytest.mark.fault(
    "encodings", behaviour="Big5 without a mark is no GB18030 text of ours: never accepted as something else."
)
def test_big5_is_never_accepted_as_another_text(folder: Path) -> None:
    traditional = SAMPLE.translate(str.maketrans("务县开报张总数办结", "務縣開報張總數辦結"))
    data = "".join(letter if _in_big5(letter) else "口" for letter in traditional).encode("big5")

    outcome = extract(data, reader="offline")

    assert outcome.status != "accepted"


def _in_big5(letter: str) -> bool:
    try:
        letter.encode("big5")
    except UnicodeEncodeError:
        return False
    return True


# Odd names.

NAMES = (
    "a\nb.txt", "tab\t.txt", "=1+1.txt", "-rf.txt", "--help.txt", "..txt.txt", "%2e%2e%2f.txt", "\x1b[31mred.txt",
    "\u202egpj.txt", "'; drop table runs; --.txt", "$(touch pwned).txt", "*.txt", "[a].txt", "con.txt", "空 格.txt",
    "x" * 250 + ".txt", "\udcff\udcfe.txt", "~.txt", "a\\b.txt", '"quoted".txt',
)  # fmt: skip


@pytest.mark.fault(
    "odd-names", behaviour="Twenty odd names through batch, list and export: data in every place, no file more."
)
def test_odd_names_are_data_in_every_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in").mkdir()
    for number, name in enumerate(NAMES):
        (folder / "in" / name).write_text(tallies.tally(number), encoding="utf-8")
    tally = World(folder / "gouji.db", reader="offline").read(entries(sorted((folder / "in").iterdir())))
    before = {*folder.rglob("*"), *folder.parent.iterdir()}

    assert cli.run(["batch", "list", "--status", "accepted"]) == 0
    listed = capsys.readouterr().out
    code, _ = told(capsys, "export", "out.csv", "--shape", "wide", *FORM)

    assert tally.statuses == {"accepted": 20}
    assert len(listed.splitlines()) == 20
    assert not steers(listed)
    assert code == 0
    more = {*folder.rglob("*"), *folder.parent.iterdir()} - before
    assert {path.name for path in more} <= {
        "out.csv",
        "out.codebook.csv",
        "out.codebook.md",
        "gouji.db-wal",
        "gouji.db-shm",
    }
    with (folder / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 20
    assert not any(str(cell)[:1] in {"=", "+", "@", "\t", "\r"} for row in table for cell in row.values())


@pytest.mark.fault("odd-names", behaviour="What tells of the reports that wait moves no terminal either.")
@pytest.mark.parametrize("command", [("review", "list"), ("review", "show", "1")], ids=lambda command: command[1])
def test_a_list_with_odd_names_moves_no_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    path = folder / "\x1b[31mred\u202e.txt"
    path.write_text(tallies.tally(1, wrong=True), encoding="utf-8")
    assert World(folder / "gouji.db", reader="offline").read(entries([path])).statuses["review"] == 1

    code, said = told(capsys, *command)

    assert code in (0, 3)
    assert "red" in said
    assert not steers(said)


@pytest.mark.fault(
    "odd-names", behaviour="A manifest's way up leads to a file to be read and to nothing that is written."
)
def test_a_way_up_in_a_manifest_writes_nothing_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "up.txt").write_text(tallies.tally(1), encoding="utf-8")
    Path("list.csv").write_text("path,note\n../up.txt,=1+1\n../../../../../etc/nothing.txt,x\n", encoding="utf-8")
    before = sorted(folder.parent.iterdir())

    code, said = told(capsys, "batch", "--manifest", "list.csv", "--reader", "offline", *FORM, "--json")

    summary: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert code == 3
    assert (summary["accepted"], summary["failed"]) == (1, 1)
    assert "no such file" in summary["problems"][0]["error"]
    assert sorted(folder.parent.iterdir()) == before


@pytest.mark.parametrize(
    "command",
    [
        ["extract", "sample.txt", "--form", "LONG:FORM"],
        ["extract", "sample.txt", "--db", "LONG"],
        ["export", "LONG.csv"],
        ["stats", "--page", "LONG"],
        ["recover", "LONG", "new.db"],
        ["recover", "gouji.db", "LONG"],
        ["doctor", "--db", "LONG"],
    ],
)
def test_a_name_longer_than_any_file_has_is_told_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    Path("sample.txt").write_text(SAMPLE, encoding="utf-8")
    assert told(capsys, "extract", "sample.txt")[0] == 0

    code, said = told(capsys, *(one.replace("LONG", "a" * 5000) for one in command))

    assert code in (2, 7)
    assert "name too long" in said.lower()


@pytest.mark.parametrize(("name", "text"), [("ends.py", "raise SystemExit(5)\n"), ("deep.toml", "a=" + "[" * 20_000)])
def test_a_form_that_ends_or_never_ends_is_told_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    Path(name).write_text(text)

    code, said = told(capsys, "forms", "check", name)

    assert code == 2
    assert name in said
