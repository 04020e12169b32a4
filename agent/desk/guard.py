"""Who may talk to the desk: this machine's own browser, opened with the desk's own address, and nobody else."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OUR_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from outside, no script or style but our own files, no frame around us, no form to elsewhere."""
INLINE_TOO = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The same for pages that are not ours and carry scripts and styles of their own."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With "no-referrer" a browser sends "Origin: null", and our own forms would be refused.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE = ("GET", "HEAD")


@dataclass(frozen=True)
class Key:
    """The secret of one desk, on one port."""

    token: str
    port: int

    @property
    def hosts(self) -> tuple[str, str]:
        """The names under which a browser on this machine may know us."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """Cookies are shared by all ports of a host; ours has the port in its name."""
        return f"gouji_{self.port}"

    @property
    def csrf(self) -> str:
        """What every form must carry: a page of another origin cannot read it."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    @property
    def address(self) -> str:
        """The address that opens the desk."""
        return f"http://{self.hosts[0]}/?token={self.token}"

    def opens(self, token: str) -> bool:
        """Whether that is our token."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def signs(self, csrf: str) -> bool:
        """Whether a form is our own."""
        return hmac.compare_digest(csrf.encode(), self.csrf.encode())


class Guard:
    """Refuses what is not from our own page on this machine, and puts the safe headers on every answer."""

    def __init__(self, app: ASGIApp, key: Key, home: str, policy: str = OUR_OWN) -> None:
        self.app = app
        self.key = key
        self.home = home
        self.headers = {**_HEADERS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._let_in(request) or self._refused(request)
        await (answer or self.app)(scope, receive, self._with_headers(send))

    def _let_in(self, request: Request) -> Response | None:
        token = request.query_params.get("token")
        if token is None or request.method != "GET" or request.headers.get("host") not in self.key.hosts:
            return None
        if not self.key.opens(token):
            return None
        answer = RedirectResponse(self.home, 303)
        answer.set_cookie(self.key.cookie, self.key.token, httponly=True, samesite="strict", path="/")
        return answer

    def _refused(self, request: Request) -> Response | None:
        key = self.key
        if request.headers.get("host") not in key.hosts:
            return _no("This page is served under 127.0.0.1 only. 只在 127.0.0.1 上提供。")
        if not key.opens(request.cookies.get(key.cookie, "")):
            return _no("Open the address that gouji printed in the terminal. 请打开 gouji 在终端里显示的网址。")
        if request.method not in _SAFE and request.headers.get("origin") not in [f"http://{h}" for h in key.hosts]:
            return _no("This request comes from another page. 请求来自别的网页。")
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _no("This request comes from another page. 请求来自别的网页。")
        return None

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return sending


def _no(why: str) -> Response:
    return PlainTextResponse(f"{why}\n", 403)
