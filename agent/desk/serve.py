"""Opening the desk on this machine, and nowhere else."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from agent.desk.app import application
from agent.desk.desk import Desk
from agent.desk.guard import Key
from agent.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def serve(desk: Desk, port: int, opened: Callable[[str], None]) -> None:
    """Serve the desk until it is interrupted; ``opened`` is told its address. ``port`` 0 = any free one."""
    listen(lambda key: application(desk, key), port, opened)


def listen(make: Callable[[Key], ASGIApp], port: int, opened: Callable[[str], None]) -> None:
    """Serve what is made with a new key, on this machine only."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Loopback only, and no option for more: what is shown and done here is for this machine's person.
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"port {port}: {error.strerror}; name another with --port, or none") from error
        listening.listen()  # from here on a browser waits instead of being turned away
        key = Key(secrets.token_urlsafe(32), listening.getsockname()[1])
        # No access log: the first address holds the token.
        config = uvicorn.Config(make(key), log_level="warning", access_log=False, lifespan="off", server_header=False)
        opened(key.address)
        uvicorn.Server(config).run(sockets=[listening])
