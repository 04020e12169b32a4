"""A file is parsed in a process of its own: what it breaks, burns or fills is that process alone.

The parent half. The child half is ``python -m agent.loaders``; it gets the file on standard input
and answers with JSON lines, one a page, so nothing it sends can run here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from agent.environment import for_children
from agent.errors import InputError
from agent.loaders.limits import LIMITS

ROOT = Path(__file__).parents[2]


def ask(kind: str, data: bytes, *, seconds: int = LIMITS.seconds, **job: Any) -> Iterator[dict[str, Any]]:
    """What the child's reader of ``kind`` finds in ``data``, page by page. Raises InputError with the reason."""
    with tempfile.TemporaryFile() as told:
        process = _start(json.dumps({"kind": kind, "seconds": seconds, **job}), told)
        late = threading.Event()
        timer = threading.Timer(seconds, _give_up, (process, late))
        timer.start()
        feeder = threading.Thread(target=_feed, args=(process, data), daemon=True)
        feeder.start()
        try:
            yield from _answers(process)
            code = process.wait()
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            feeder.join()
            assert process.stdout is not None
            process.stdout.close()
        if late.is_set() or code == -getattr(signal, "SIGXCPU", 0):
            raise InputError(f"takes longer than {seconds} seconds to read")
        if code != 0:
            raise InputError(_last_words(told, code))


def _start(job: str, told: IO[bytes]) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", "agent.loaders", job],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=told,
        env={**for_children(), "PYTHONPATH": path, "OMP_WAIT_POLICY": "passive"},
        start_new_session=True,
    )


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    try:
        with process.stdin:
            process.stdin.write(data)
    except OSError:
        return  # the child ended early; its exit code tells why


def _answers(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        if not line.endswith(b"\n"):
            return  # cut off; how the child ended tells why
        answer = json.loads(line)
        if "error" in answer:
            raise InputError(answer["error"])
        yield answer


def _give_up(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        return


def _last_words(told: IO[bytes], code: int) -> str:
    told.seek(max(0, told.seek(0, os.SEEK_END) - 4000))
    words = [line for line in told.read().decode("utf-8", "replace").splitlines() if line.strip()]
    if any("MemoryError" in line or "bad_alloc" in line for line in words[-3:]):
        return "needs more memory to read than is allowed"
    if code < 0:
        return f"the file is broken, or needs more memory to read than is allowed: its reader ended with signal {-code}"
    return "the file is broken: its reader failed" + (f" ({words[-1].strip()[:200]})" if words else "")
