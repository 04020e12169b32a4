"""What reads a file is bounded: memory, time, network, other programs; and its failure names the file."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import run
from agent.document import load
from agent.errors import InputError
from agent.loaders import is_text, kind_of
from agent.loaders.child import ask
from agent.loaders.limits import LIMITS
from tests.test_loaders_office import docx, p, packed

ROOT = Path(__file__).parent.parent


def ole(stream: str) -> bytes:
    """A file of old Office with a stream of that name in its directory."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream.encode("utf-16-le")


def png(width: int, height: int) -> bytes:
    """An image that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


CONFINED = "from agent.loaders.limits import confine\nconfine(512 * 2**20, 10)\n"


def confined(code: str) -> str:
    """What a confined process says at its end."""
    done = subprocess.run(
        [sys.executable, "-c", CONFINED + code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.fault("malicious-pdf")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("bytearray(2**30)", "MemoryError", id="memory"),
        pytest.param("import socket; socket.create_connection(('127.0.0.1', 9))", "outside the file", id="network"),
        pytest.param("import subprocess; subprocess.run(['true'])", "outside the file", id="programs"),
        pytest.param("print('done')", "done", id="nothing else"),
    ],
)
def test_a_reader_of_files_is_refused(code: str, said: str) -> None:
    assert said in confined(code)


@pytest.mark.fault("malicious-pdf")
def test_a_reader_that_crashes_is_told_as_a_broken_file() -> None:
    with pytest.raises(InputError, match="the file is broken: its reader failed"):
        list(ask("no_such_reader", b""))


@pytest.fixture
def converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a script of the shell in LibreOffice's place: the one program that a reader starts."""

    def put(script: str) -> None:
        (tmp_path / "soffice").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "soffice").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return put


@pytest.mark.fault("malicious-pdf", behaviour="A reader that is killed is told as one, with the signal.")
def test_a_reader_that_is_killed_is_told_with_its_signal(converter: Callable[[str], None]) -> None:
    converter("kill -SEGV $PPID; sleep 1")

    with pytest.raises(InputError, match=r"the file is broken, or needs more memory .* ended with signal 11"):
        list(ask("doc", b"{\\rtf1 x}"))


@pytest.mark.fault("malicious-pdf", behaviour="A reader, and what it starts, has so much memory and time and no more.")
def test_a_reader_is_started_within_its_limits(converter: Callable[[str], None], tmp_path: Path) -> None:
    converter(f"(ulimit -v; ulimit -t; ulimit -c) > {tmp_path}/limits")

    with pytest.raises(InputError, match="LibreOffice could not open it"):
        list(ask("doc", b"{\\rtf1 x}", seconds=50))

    assert (tmp_path / "limits").read_text().split() == [str(LIMITS.memory // 1024), "100", "0"]


@pytest.mark.fault("malicious-pdf", behaviour="A reader without end is ended after its time, with what it started.")
def test_a_reader_without_end_is_ended_after_its_time_with_what_it_started(
    converter: Callable[[str], None], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "line")
    line = os.open(tmp_path / "line", os.O_RDONLY | os.O_NONBLOCK)
    converter(f"exec 3>{tmp_path}/line\necho begun >&3\nexec sleep 60")
    began = time.monotonic()

    with pytest.raises(InputError, match="takes longer than 5 seconds to read"):
        list(ask("doc", b"{\\rtf1 x}", seconds=5))

    assert time.monotonic() - began < 30
    assert os.read(line, 100) == b"begun\n"
    while not _is_free(line):
        assert time.monotonic() - began < 30, "what the reader started outlives it"
        time.sleep(0.1)
    os.close(line)


def _is_free(line: int) -> bool:
    """Whether nobody holds the other end."""
    try:
        return os.read(line, 100) == b""
    except BlockingIOError:
        return False


KINDS = [
    pytest.param(b"%PDF-1.7\n", "pdf", id="pdf"),
    pytest.param(b"\n\n%PDF-1.4", "pdf", id="pdf behind other bytes"),
    pytest.param(b"\x89PNG\r\n\x1a\n", "image", id="png"),
    pytest.param(b"II*\0", "image", id="tiff"),
    pytest.param(b"{\\rtf1", "doc", id="rtf"),
    pytest.param(b"\xef\xbb\xbf<!-- x --><HTML>", "html", id="html behind a mark and a comment"),
    pytest.param("<html>".encode("utf-16"), "html", id="html in UTF-16"),
    pytest.param("一、总体情况\n<5 件".encode(), "text", id="text"),
    pytest.param("甲,乙".encode("gb18030"), "text", id="text in GB18030"),
]


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_a_format_is_told_by_content(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    assert is_text(data) == (kind == "text")


def test_the_name_of_a_file_says_nothing_about_its_format() -> None:
    assert load(b"<html><body><p>A</p></body></html>", name="report.pdf").kind == "html"


FOREIGN = [
    pytest.param(b"GIF89a\1\0\1\0", "save it as PNG", id="gif"),
    pytest.param(b"BM\x46\0\0\0", "save it as PNG", id="bmp"),
    pytest.param(b"RIFF\x10\0\0\0WEBP", "save a picture as PNG", id="webp"),
    pytest.param(b"\0\0\0\x18ftypheic", "save a picture as PNG", id="heic"),
    pytest.param(b"Rar!\x1a\7\0", "unpack it first", id="rar"),
    pytest.param(b"MZ\x90\0\3", "a program", id="a program"),
    pytest.param(packed({"OFD.xml": b"<a/>"}), "print it to PDF", id="ofd"),
    pytest.param(packed({"mimetype": b"a", "content.xml": b"<a/>"}), "save it as .docx", id="OpenDocument"),
]


@pytest.mark.parametrize(("data", "way_out"), FOREIGN)
def test_a_format_that_is_not_read_says_so_and_the_way_out(data: bytes, way_out: str) -> None:
    with pytest.raises(InputError, match=rf"^report\.pdf: .*{way_out}"):
        load(data, name="report.pdf")


@pytest.mark.parametrize("beginning", ["BMI", "MZ", "RIFF", "GIF87"])
def test_a_text_that_begins_with_the_letters_of_another_format_is_a_text(beginning: str) -> None:
    assert load(f"{beginning} 一、总体情况".encode()).kind == "text"


def folder(path: Path) -> None:
    path.mkdir()


def endless(path: Path) -> None:
    path.symlink_to(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(2**30)


def holding(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


HOSTILE = [
    pytest.param("report.pdf", holding(b""), "the file is empty", id="an empty file"),
    pytest.param("report.pdf", folder, "gouji batch", id="a folder"),
    pytest.param("report.pdf", os.mkfifo, "not a regular file", id="a pipe"),
    pytest.param("report.pdf", endless, "a link to no file", id="a loop of links"),
    pytest.param("report.pdf", sparse, "larger than 50 MiB", id="a sparse file of a gibibyte"),
    pytest.param("report.docx", holding(docx(p("甲" * 500))[:-60]), "the file is broken", id="a cut archive"),
    pytest.param("report.docx", holding(docx(p(" " * 40 * 2**20))), "times its size", id="a packed bomb"),
    pytest.param("report.docx", holding(ole("EncryptedPackage")), "password", id="a Word file with a password"),
    pytest.param("report.xlsx", holding(ole("EncryptedPackage")), "password", id="a workbook with a password"),
    pytest.param("report.xls", holding(ole("Workbook")), "save it as .xlsx", id="an old workbook"),
    pytest.param("report.png", holding(png(100_000, 100_000)), "pixels, too many", id="ten billion pixels"),
    pytest.param("report.tif", holding(b"II*\0\x08\0\0\0\0\0\x08\0\0\0"), "the file is broken", id="a TIFF in a loop"),
]


@pytest.mark.fault("huge-file")
@pytest.mark.fault("zip-bomb")
@pytest.mark.parametrize(("name", "make", "reason"), HOSTILE)
def test_a_hostile_file_ends_with_five_and_names_itself_and_the_reason(
    name: str, make: Callable[[Path], None], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name.endswith((".png", ".tif")):
        pytest.importorskip("PIL", reason="needs gouji[ocr]")
    make(tmp_path / name)

    code = run(["extract", str(tmp_path / name), "--no-store", "--lang", "en"])

    told = capsys.readouterr().err
    assert code == 5
    assert len(told.splitlines()) == 1
    assert name in told
    assert reason in told


def test_a_file_over_the_limit_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.document.MAX_BYTES", 10)

    with pytest.raises(InputError, match=r"^report\.pdf: larger than"):
        load(b"%PDF-1.7 and more", name="report.pdf")
