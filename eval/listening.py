"""An HTTP server of our own on 127.0.0.1: started, stopped, and what went wrong in it told."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self


class Handler(BaseHTTPRequestHandler):
    """Answers requests for the server that ``server_of`` names, and keeps quiet."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of: Any

    def do_GET(self) -> None:
        """Answer a GET."""
        self.respond("GET")

    def do_POST(self) -> None:
        """Answer a POST."""
        self.respond("POST")

    def respond(self, method: str) -> None:
        """Answer a request."""
        raise NotImplementedError

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@dataclass
class Listener:
    """A server on a free port, running while it is entered. ``crashed``: faults of its own answers."""

    handler: ClassVar[type[Handler]]
    crashed: list[BaseException] = field(default_factory=list, init=False)
    _http: _Http | None = field(default=None, init=False, repr=False)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        assert self._http is not None, "the server is not running"
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        """Start it."""
        self._http = _Http(("127.0.0.1", 0), type("Own", (self.handler,), {"server_of": self}))
        self._http.crashed = self.crashed
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, also where it hangs in a request; a fault of its own answers is raised here."""
        assert self._http is not None
        self._http.shutdown()
        self._http.server_close()
        if self.crashed:
            raise self.crashed[0] from error


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    block_on_close = False

    crashed: list[BaseException]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests are about; anything else is told at the end."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.crashed.append(error)
