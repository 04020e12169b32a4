"""An OpenAI-compatible server on 127.0.0.1 that answers, or fails, as it is told.

A script is a list of steps, one a request, the last one again and again: ``"e503,e503,ok"``. It tells
how each request ends; ``answer`` makes the text of those that end well.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from eval.listening import Handler, Listener

Body = dict[str, Any]
AnswerText = Callable[[Body], str]


@dataclass(frozen=True)
class Reply:
    """What goes back: ``cut`` bytes of the body and then the end, ``pause`` seconds before every byte."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "application/json"
    cut: int | None = None
    pause: float = 0.0
    wait: float = 0.0
    reset: bool = False


Step = Callable[[Body, AnswerText], Reply]


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    body: Body
    headers: dict[str, str] = field(repr=False)  # they hold keys
    at: float


def completion(text: str | None, body: Body, *, finish: str = "stop", usage: bool = True, **message: Any) -> bytes:
    """A chat completion as providers send it."""
    answered: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model", "scripted"),
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
        ],
    }
    if usage:
        from eval.tokens import count

        prompt = count(json.dumps(body.get("response_format", "")))
        prompt += sum(count(str(said["content"])) for said in body.get("messages", []))
        output = count(text or "")
        answered["usage"] = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return json.dumps(answered, ensure_ascii=False).encode()


def error(
    status: int, message: str = "", *, code: str | None = None, param: str | None = None, **headers: str
) -> Reply:
    """An error as providers send it; ``headers`` with underscores for dashes."""
    told = {"error": {"message": message or f"scripted status {status}", "type": "error", "code": code, "param": param}}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, json.dumps(told).encode(), named)


def _ok(body: Body, answer: AnswerText) -> Reply:
    return Reply(body=completion(answer(body), body))


def says(text: str) -> Step:
    """A step that answers this text, whatever is asked."""
    return lambda body, _: Reply(body=completion(text, body))


def fails(reply: Reply) -> Step:
    """A step that ends so, whatever is asked."""
    return lambda *_: reply


def _whole(change: Callable[[Reply], Reply]) -> Step:
    return lambda body, answer: change(_ok(body, answer))


def _refuses_schema(body: Body, answer: AnswerText) -> Reply:
    kind = body.get("response_format", {}).get("type")
    if kind == "json_schema":
        return error(400, "This response_format type is unavailable now", code="invalid_request_error")
    return _ok(body, answer)


STEPS: dict[str, Step] = {
    "ok": _ok,
    "nousage": lambda body, answer: Reply(body=completion(answer(body), body, usage=False)),
    "length": lambda body, answer: Reply(body=completion(answer(body)[:20], body, finish="length")),
    "filter": lambda body, _: Reply(body=completion(None, body, finish="content_filter")),
    "refusal": lambda body, _: Reply(body=completion(None, body, refusal="I cannot help with that.")),
    "quota": fails(error(429, "You exceeded your current quota", code="insufficient_quota")),
    "noschema": _refuses_schema,
    "reset": fails(Reply(reset=True)),
    "close": fails(Reply(cut=-1)),
    "cut": _whole(lambda reply: replace(reply, cut=len(reply.body) // 2)),
    "hang": fails(Reply(wait=30.0, reset=True)),
    "drip": _whole(lambda reply: replace(reply, pause=0.05)),
    "html": fails(Reply(body=b"<html><body>502 Bad Gateway</body></html>", kind="text/html")),
    "empty": fails(Reply()),
    "cutjson": _whole(lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2])),
    "badutf8": _whole(lambda reply: replace(reply, body=reply.body[:40] + b"\xff\xfe" + reply.body[40:])),
    "nochoices": fails(Reply(body=b'{"id": "x", "object": "chat.completion", "choices": []}')),
    "nomessage": fails(Reply(body=b'{"choices": [{"index": 0, "finish_reason": "stop"}]}')),
    "errorobject": fails(Reply(body=b'{"error": {"message": "upstream timed out", "code": 504}}')),
    "badjson": says('{"table2": "1@1 0'),
    "prose": says("Of course! Here are the figures you asked for."),
    "fence": lambda body, answer: Reply(body=completion(f"Here it is:\n```json\n{answer(body)}\n```", body)),
    "think": lambda body, answer: Reply(body=completion(f"<think>{{hm}}</think>{answer(body)}", body)),
    "tool": lambda body, answer: Reply(
        body=completion(
            None,
            body,
            finish="tool_calls",
            tool_calls=[{"id": "1", "type": "function", "function": {"name": "x", "arguments": answer(body)}}],
        )
    ),
}


def script(text: str) -> list[Step]:
    """Steps by name, with commas between; ``e503`` is that status, ``e429:2`` asks to wait two seconds."""
    return [_step(name.strip()) for name in text.split(",")]


def _step(name: str) -> Step:
    if name in STEPS:
        return STEPS[name]
    status, _, wait = name.removeprefix("e").partition(":")
    return fails(error(int(status), **({"retry_after": wait} if wait else {})))


class _Handler(Handler):
    server_of: Server

    def respond(self, method: str) -> None:
        length = int(self.headers["Content-Length"])
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionResetError("the client went away in the middle of its request")
        body = json.loads(data)
        reply = self.server_of.take(body, {name.lower(): value for name, value in self.headers.items()})
        if self.server_of.pause(reply.wait) or reply.reset:
            self._reset()
        elif reply.cut == -1:
            self.close_connection = True
        else:
            self._send(reply)

    def _reset(self) -> None:
        # With no time to linger a close is a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        if reply.pause:
            self._drip(reply)
        else:
            self.wfile.write(reply.body[: reply.cut])
        if reply.cut is not None:
            self.close_connection = True

    def _drip(self, reply: Reply) -> None:
        for at in range(len(reply.body)):
            if self.server_of.pause(reply.pause):
                return
            self.wfile.write(reply.body[at : at + 1])
            self.wfile.flush()


@dataclass
class Server(Listener):
    """The server, running while it is entered. ``seen``: the requests so far."""

    handler = _Handler

    answer: AnswerText = lambda _: "{}"
    steps: Sequence[Step] = (_ok,)
    seen: list[Seen] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def scripted(cls, steps: str, answer: AnswerText = lambda _: "{}") -> Self:
        """A server by script."""
        return cls(answer, script(steps))

    @property
    def calls(self) -> int:
        """How many requests came."""
        return len(self.seen)

    def take(self, body: Body, headers: dict[str, str]) -> Reply:
        """What the next request is answered."""
        with self._lock:
            step = self.steps[min(len(self.seen), len(self.steps) - 1)]
            self.seen.append(Seen(body, headers, time.monotonic()))
        return step(body, self.answer)

    def pause(self, seconds: float) -> bool:
        """Wait; True where the server is stopped meanwhile."""
        return self._stopping.wait(seconds) if seconds else False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, also where it waits before an answer."""
        self._stopping.set()
        super().__exit__(kind, error, trace)
