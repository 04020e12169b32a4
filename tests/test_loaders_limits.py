"""What reads a file is bounded: memory, time, network, other programs; and its failure names the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.document import load
from agent.errors import InputError
from agent.loaders import is_text, kind_of
from agent.loaders.child import ask

ROOT = Path(__file__).parent.parent
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


def test_a_reader_that_crashes_is_told_as_a_broken_file() -> None:
    with pytest.raises(InputError, match="the file is broken: its reader failed"):
        list(ask("no_such_reader", b""))


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


def test_a_file_over_the_limit_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.document.MAX_BYTES", 10)

    with pytest.raises(InputError, match=r"^report\.pdf: larger than"):
        load(b"%PDF-1.7 and more", name="report.pdf")
