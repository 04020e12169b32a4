"""A model on this machine: ``local`` or ``local:/path/file.gguf``, served to this process alone."""

from __future__ import annotations

import atexit
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from agent.environment import for_children
from agent.errors import ModelError, UsageError
from agent.weights import QWEN, fetched, models_folder

PREFIX = "local"
CONTEXT = 8192
"""Tokens of context the server is started with: a section with its question, at 28 KB a token."""

_READY_SECONDS = 120.0

Command = Callable[[Path, int], Sequence[str]]


def is_local(spec: str) -> bool:
    """Whether ``--model`` names a model on this machine."""
    return spec == PREFIX or spec.startswith(f"{PREFIX}:")


def weights_file(spec: str) -> Path:
    """The file of weights behind ``local`` or ``local:/path/file.gguf``.

    Raises UsageError where it is not there, with the way out.
    """
    _, _, place = spec.partition(":")
    if place:
        path = Path(place).expanduser()
        if not path.is_file():
            raise UsageError(f"{path}: no such file of weights (--model {spec})")
        return path.resolve()
    path = models_folder() / QWEN.file
    if fetched(QWEN, path.parent) < QWEN.size or not path.is_file():
        raise UsageError(
            f"{path}: the weights are not here; `gouji model fetch` gets them ({QWEN.size / 1e9:.1f} GB), "
            "or name a GGUF file: --model local:/path/file.gguf"
        )
    return path


def own_server(name: str) -> str | None:
    """The base URL of a local model's server, which then runs as long as this process; None for any other model."""
    return _servers.address(weights_file(name)) if is_local(name) else None


@contextmanager
def serve(spec: str) -> Iterator[str]:
    """The base URL of an OpenAI-compatible server of the model, on 127.0.0.1.

    The same model asked for again while it is served is the same server. It ends with the last who
    asked for it, and with this process, however that ends.
    """
    with _servers.serve(weights_file(spec)) as base_url:
        yield base_url


@dataclass
class _Server:
    process: subprocess.Popen[bytes]
    base_url: str
    users: int = 0


class Servers:
    """The servers of this process, one for each file of weights. ``command`` starts one."""

    def __init__(self, command: Command | None = None, ready_seconds: float = _READY_SECONDS) -> None:
        self._command = command or _child
        self._ready_seconds = ready_seconds
        self._lock = threading.Lock()
        self._running: dict[Path, _Server] = {}

    @contextmanager
    def serve(self, weights: Path) -> Iterator[str]:
        """The base URL of the server of these weights, started where none runs."""
        server = self._use(weights)
        try:
            yield server.base_url
        finally:
            with self._lock:
                server.users -= 1
                if not server.users:
                    _stop(server.process)
                    if self._running.get(weights) is server:
                        del self._running[weights]

    def address(self, weights: Path) -> str:
        """The base URL of the server of these weights, which runs on to the end of this process."""
        return self._use(weights).base_url

    def _use(self, weights: Path) -> _Server:
        with self._lock:
            server = self._running.get(weights)
            if server is None or server.process.poll() is not None:
                server = self._running[weights] = self._start(weights)
            server.users += 1
            return server

    def _start(self, weights: Path) -> _Server:
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(  # noqa: S603 -- our own arguments
                self._command(weights, CONTEXT),
                stdin=subprocess.PIPE,  # closes when we are gone; the child ends with it
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us: we end the child
            )
            address = _first_line(process, self._ready_seconds)
            if not address:
                _stop(process)
                raise _failed(weights, log, self._ready_seconds)
        atexit.register(_stop, process)
        return _Server(process, f"{address}/v1")


def _child(weights: Path, context: int) -> list[str]:
    script = Path(__file__).with_name("local_server.py")
    # -P keeps our folder off the path: it has a room called `model`, and packages may too.
    return [sys.executable, "-P", str(script), str(weights), str(context), str(os.getpid())]


def _environment() -> dict[str, str]:
    # Threads that spin while they wait collapse where other processes want the cores.
    return {"OMP_WAIT_POLICY": "passive", **for_children()}


def _first_line(process: subprocess.Popen[bytes], seconds: float) -> str:
    """What the child prints first; empty where it ends or is silent for so long."""
    lines: queue.Queue[bytes] = queue.Queue()
    out = process.stdout
    assert out is not None
    threading.Thread(target=lambda: lines.put(out.readline()), daemon=True).start()
    try:
        return lines.get(timeout=seconds).decode("utf-8", "replace").strip()
    except queue.Empty:
        return ""


def _failed(weights: Path, log: IO[bytes], seconds: float) -> Exception:
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()
    if any("No module named 'xllamacpp'" in line for line in lines):
        return UsageError("a local model needs the runtime xllamacpp: pip install 'gouji[local]'")
    why = lines[-1] if lines else f"it was not ready within {seconds:.0f} s"
    return ModelError(f"{weights}: the server of the local model did not start (is it a whole GGUF file?): {why}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it holds nothing that a goodbye would save, and in the midst of an answer it hears none
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


_servers = Servers()
