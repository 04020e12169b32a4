"""A provider's batch endpoint on 127.0.0.1: files, batches, and what goes wrong with them, as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from eval.listening import Handler, Listener
from eval.server import AnswerText, Body, completion

Line = dict[str, Any]
Fate = Callable[["Posted"], None]
"""What becomes of a batch when it is looked at; by default all its requests are answered."""


@dataclass
class Posted:
    """A batch as the provider holds it. ``looks``: how often it was asked for."""

    id: str
    lines: list[Line]
    metadata: dict[str, str]
    file: str
    status: str = "validating"
    looks: int = 0
    output: list[Line] = field(default_factory=list)
    errors: list[Line] = field(default_factory=list)
    why: str | None = None
    answer: AnswerText = lambda _: "{}"

    def finish(self, status: str = "completed", first: int | None = None) -> None:
        """Answer the requests, or the first of them, and end so."""
        self.output += [self.answered(line) for line in self.lines[:first]]
        expired = {"code": "batch_expired", "message": "This request could not be executed in time."}
        rest = self.lines[first:] if first is not None else []
        self.errors += [{"custom_id": line["custom_id"], "response": None, "error": expired} for line in rest]
        self.status = status

    def answered(self, line: Line) -> Line:
        """The line of output for a line of input."""
        body = json.loads(completion(self.answer(line["body"]), line["body"]))
        return {"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}

    def refused(self, line: Line, status: int, message: str) -> Line:
        """The line of a request that ended with an error status."""
        body = {"error": {"message": message, "code": None, "param": None}}
        return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": body}, "error": None}

    def told(self) -> Line:
        """The batch as the endpoint tells of it."""
        named = {"output_file_id": self.output, "error_file_id": self.errors}
        files = {name: f"{name}:{self.id}" if lines else None for name, lines in named.items()}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": self.file,
            "completion_window": "24h",
            "created_at": 0,
            "status": self.status,
            "metadata": self.metadata,
            "errors": {"object": "list", "data": [{"message": self.why}]} if self.why else None,
            **files,
        }


def at_once(posted: Posted) -> None:
    """All requests are answered when the batch is first looked at."""
    posted.finish()


class _Handler(Handler):
    server_of: BatchServer

    def respond(self, method: str) -> None:
        data = self._body() if method == "POST" else b""
        path, kind = urlsplit(self.path).path, self.headers.get("Content-Type", "")
        status, body = self.server_of.handle(method, path, kind, data)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


@dataclass
class BatchServer(Listener):
    """The endpoint, running while it is entered. ``fates``: one a batch in order, the last again and again.

    ``faults``: statuses of the next answers, whose words are ``fault``; ``lost``: so many batches are made
    and their answers lost on the way; ``rest`` ends each file of answers.
    """

    handler = _Handler

    answer: AnswerText
    fates: list[Fate] = field(default_factory=lambda: [at_once])
    most_requests: int = 50_000
    most_bytes: int = 200_000_000
    batches: list[Posted] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    fault: str = "scripted fault"
    lost: int = 0
    rest: bytes = b""
    asked: list[str] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def paid(self) -> int:
        """Requests that were answered."""
        return sum(len(posted.output) for posted in self.batches)

    def handle(self, method: str, path: str, kind: str, data: bytes) -> tuple[int, bytes]:
        """Status and body of one HTTP answer."""
        with self._lock:
            self.asked.append(f"{method} {path}")
            if self.faults:
                return self.faults.pop(0), json.dumps({"error": {"message": self.fault}}).encode()
            parts = path.removeprefix("/v1/").split("/")
            if parts[0] == "files":
                return self._upload(kind, data) if method == "POST" else (200, self._content(parts[1]))
            if method == "POST":
                made = self._create(json.loads(data))
                self.lost -= 1
                return (200, json.dumps(made.told()).encode()) if self.lost < 0 else (502, b"")
            if len(parts) == 1:
                listed = [posted.told() for posted in reversed(self.batches)]
                return 200, json.dumps({"object": "list", "data": listed, "has_more": False}).encode()
            return 200, json.dumps(self._look(parts[1]).told()).encode()

    def _upload(self, kind: str, data: bytes) -> tuple[int, bytes]:
        boundary = b"--" + kind.partition("boundary=")[2].encode()
        content = next(part for part in data.split(boundary) if b"filename=" in part)
        name = f"file-{len(self.files)}"
        self.files[name] = content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        told = {"id": name, "object": "file", "bytes": len(self.files[name]), "created_at": 0, "purpose": "batch"}
        return 200, json.dumps({**told, "filename": "x.jsonl", "status": "processed"}).encode()

    def _create(self, body: Body) -> Posted:
        data = self.files[body["input_file_id"]]
        lines = [json.loads(line) for line in data.splitlines()]
        posted = Posted(f"batch_{len(self.batches)}", lines, body.get("metadata") or {}, body["input_file_id"])
        posted.answer = self.answer
        self.batches.append(posted)
        models = {line["body"]["model"] for line in lines}
        if len(lines) > self.most_requests or len(data) > self.most_bytes or len(models) > 1:
            posted.status, posted.why = "failed", f"{len(lines)} requests, {len(data)} bytes, {len(models)} models"
        return posted

    def _look(self, name: str) -> Posted:
        at = next(i for i, posted in enumerate(self.batches) if posted.id == name)
        posted = self.batches[at]
        posted.looks += 1
        if posted.status in ("validating", "in_progress"):
            posted.status = "in_progress"
            self.fates[min(at, len(self.fates) - 1)](posted)
        return posted

    def _content(self, name: str) -> bytes:
        kind, _, batch = name.partition(":")
        posted = next(posted for posted in self.batches if posted.id == batch)
        lines = posted.output if kind == "output_file_id" else posted.errors
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines) + self.rest
