"""A web application called as a server would call it, without one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, urlencode

from starlette.types import ASGIApp

from agent.desk.guard import Key

KEY = Key("a-token", 8000)
HOST = {"host": "127.0.0.1:8000"}
IN = {**HOST, "cookie": f"{KEY.cookie}={KEY.token}"}
OWN = {**IN, "origin": "http://127.0.0.1:8000", "content-type": "application/x-www-form-urlencoded"}


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()

    @property
    def words(self) -> str:
        """The page without its tags."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())


@dataclass
class Caller:
    """Asks an application for its pages, with the key that opens it."""

    app: ASGIApp

    def get(self, address: str, headers: Mapping[str, str] = IN) -> Answer:
        """The page at an address."""
        return self._ask("GET", address, headers, b"")

    def post(self, address: str, headers: Mapping[str, str] = OWN, /, **form: str) -> Answer:
        """The answer to a form, with the sign that is on every form of ours."""
        return self._ask("POST", address, headers, urlencode({"csrf": KEY.csrf, **form}).encode())

    def _ask(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": quote(query, safe="=&").encode(), "root_path": "",
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        answer = Answer()

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]  # type: ignore[assignment]
                answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}  # type: ignore[attr-defined]
            else:
                answer.body += message.get("body", b"")  # type: ignore[operator]

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]
        return answer
