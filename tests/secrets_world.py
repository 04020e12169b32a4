"""A place to run commands in with canaries about, and all that came out of it: to be searched for them."""

from __future__ import annotations

import base64
import io
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.cli import run
from eval.server import Reply, Server, Step, error, fails, script
from tests.by_model import as_it_is, truth
from tests.written import OGI, SAMPLE, but

KEY = "sk-canary-9c41e7d2-b6f0a358"
PASSWORD = "pa55-canary-7d1e0b"
SENTENCE = "青岚金丝雀口令七四一九"
LOGIN = base64.b64encode(f"bob:{PASSWORD}".encode()).decode()
LEAKS = {"the key": KEY, "half the key": KEY[:14], "half the password": PASSWORD[:12], "the login": LOGIN[:12]}
"""What must come out nowhere; half of a key is a leak too."""

REPORT = but(("\n二、", f"\n{SENTENCE}。\n二、"))
FAULTY = but(("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t"), text=REPORT)
LOGGERS = ("openai", "httpx2", "httpcore2", "instructor", "distributed", "asyncio")

_DUMP = """
import json, os, sys
from pathlib import Path
with (Path(__file__).with_name("children.jsonl")).open("a") as file:
    file.write(json.dumps([sys.orig_argv, dict(os.environ)]) + "\\n")
"""

ECHO = f"you sent Bearer {KEY}, Basic {LOGIN}, bob:{PASSWORD}"


def _padded(status: int, length: int) -> Step:
    """An error of a gateway in plain words, the key where a message is cut off."""
    return fails(Reply(status, f"{'x' * (length - 14)}{KEY} {ECHO}".encode(), kind="text/plain"))


FAULTS: dict[str, Step] = {
    "401 echoes": fails(error(401, f"Incorrect API key provided: {ECHO}")),
    "500 echoes": fails(error(500, ECHO)),
    "500 cuts": _padded(500, 200),
    "403 cuts": fails(error(403, "x" * 370 + ECHO)),
    "garbage": fails(Reply(body=f"<html>{'x' * 40}{KEY}</html>".encode(), kind="text/html")),
    "error object": fails(Reply(body=json.dumps({"error": {"message": ECHO, "code": 504}}).encode())),
    "answer echoes": lambda body, _: Reply(
        body=json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": ECHO}}], "note": ECHO}).encode()
    ),
    "refusal echoes": lambda body, _: Reply(
        body=json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": "", "refusal": ECHO}}]}).encode()
    ),
    "reset": script("reset")[0],
    "cut": script("cut")[0],
}


@dataclass
class Came:
    """What came out of one command."""

    code: int
    out: str
    err: str
    log: str


@dataclass
class World:
    """A folder with a report, a faulty one and a cache; commands run in it with key and login in the environment."""

    folder: Path
    capture: pytest.CaptureFixture[bytes]
    log: io.StringIO
    came: list[Came] = field(default_factory=list)

    def run(self, *arguments: object) -> Came:
        """One command line, and what it printed and logged."""
        code = run([str(argument) for argument in arguments])
        printed = self.capture.readouterr()
        self.came.append(Came(code, printed.out.decode(), printed.err.decode(), self.log.getvalue()))
        self.log.truncate(0)
        return self.came[-1]

    @property
    def printed(self) -> str:
        """All that was printed and logged."""
        return "\n".join(text for came in self.came for text in (came.out, came.err, came.log))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """All that was written, databases and caches too, by name."""
        for path in sorted(self.folder.parent.rglob("*")):
            if path.is_file() and path.name not in ("sitecustomize.py", "children.jsonl"):
                yield str(path.relative_to(self.folder.parent)), path.read_bytes()

    def children(self) -> Iterator[tuple[list[str], dict[str, str]]]:
        """The command line and the environment of every Python process that was started."""
        log = self.folder.parent / "site" / "children.jsonl"
        for line in log.read_text().splitlines() if log.exists() else ():
            argv, environ = json.loads(line)
            yield argv, environ

    def leaks(self) -> list[str]:
        """Where a secret came out: what was printed, logged or written."""
        texts = [("printed", self.printed.encode()), *self.files()]
        return [f"{what} in {where}" for where, data in texts for what, leak in LEAKS.items() if leak.encode() in data]


@contextmanager
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes], server: Server
) -> Iterator[World]:
    """The place, with the server as its model."""
    import instructor  # noqa: F401 - what takes long is done before a deadline is short
    import openai  # noqa: F401

    from agent.connections import certificates

    certificates()
    folder, site = tmp_path / "work", tmp_path / "site"
    for made in (folder, site, tmp_path / "cache", tmp_path / "temp"):
        made.mkdir()
    (site / "sitecustomize.py").write_text(_DUMP)
    (folder / "report.txt").write_text(REPORT, encoding="utf-8")
    (folder / "faulty.txt").write_text(FAULTY, encoding="utf-8")
    monkeypatch.chdir(folder)
    address = server.base_url.replace("//", f"//bob:{PASSWORD}@")
    for name, value in {
        "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": address, "GOUJI_MODEL": "scripted", "GOUJI_DEADLINE": "60",
        "GOUJI_LANG": "en", "COLUMNS": "160", "PYTHONPATH": str(site),
        "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temp"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    loggers = [logging.getLogger(), *map(logging.getLogger, LOGGERS)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    try:
        yield World(folder, capture, log)
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def knowing(*steps: Step) -> Server:
    """A server of a model that knows the report's truth; ``steps`` before it answers well."""
    from agent.document import load
    from eval.oracle import Oracle

    oracles = {text: Oracle(truth(SAMPLE), OGI, load(text)) for text in (REPORT, FAULTY)}

    def answer(body: dict[str, object]) -> str:
        oracle = oracles[FAULTY if "\t5\t" in json.dumps(body, ensure_ascii=False).replace("\\t", "\t") else REPORT]
        return json.dumps(as_it_is(oracle.answer(body), body), ensure_ascii=False)

    return Server(answer, steps or script("ok"))


def told_with_locals(error: BaseException) -> str:
    """The traceback as a crash reporter takes it: with the value of every local variable on its way."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
