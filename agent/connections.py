"""Connections to a model server: its certificates loaded once, and no answer larger than memory bears."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError

if TYPE_CHECKING:
    import ssl

    import httpx2

LARGEST = 32 * 2**20
"""Bytes of an answer, unpacked. The longest a model may write, in the wordiest envelope, is some 2 MB."""

_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


@cache
def certificates() -> ssl.SSLContext:
    """The trusted certificates, loaded once: for each client anew they take longer than a report."""
    import httpx2

    return httpx2.create_ssl_context()


def connected(**options: Any) -> httpx2.AsyncClient:
    """Openai's own HTTP client, which gives an answer beyond ``LARGEST`` up: a fault of the gateway, as a cut one is.

    ``options`` are those of ``openai.DefaultAsyncHttpxClient``. Raises UsageError where the environment
    names a proxy that cannot be used.
    """
    import httpx2

    try:
        return _bounded_client()(verify=certificates(), **options)
    except (ImportError, ValueError, httpx2.InvalidURL):
        wrong = next(_wrong_proxies(), None)
        if wrong is None:
            raise
        # What it came from may quote the proxy's password.
        raise UsageError(
            f"{wrong} names no proxy that can be used; set it to http://HOST:PORT, or unset it "
            "(socks5:// needs `pip install socksio`)"
        ) from None


def _wrong_proxies() -> Iterator[str]:
    """The variables of the environment whose proxies no client can be made for."""
    import httpx2

    for name, value in os.environ.items():
        if value and name.lower() in _PROXIES:
            try:
                httpx2.AsyncHTTPTransport(certificates(), proxy=value if "://" in value else f"http://{value}")
            except (ImportError, ValueError, httpx2.InvalidURL):
                yield name


@cache
def _bounded_client() -> type[httpx2.AsyncClient]:
    import httpx2
    import openai

    class Bounded(openai.DefaultAsyncHttpxClient):
        async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
            response = await self._arrived(request, **options)
            if stream and response.is_success:  # a refusal is read whole, with what follows it without end
                return response
            seconds = request.extensions.get("timeout", {}).get("read")
            try:
                async with asyncio.timeout(seconds):  # the client's own is for the silence between two bytes
                    whole = await _whole(response, request)
            except TimeoutError:
                raise httpx2.ReadTimeout(f"no whole answer within {seconds:g} s", request=request) from None
            finally:
                await response.aclose()
            whole.encoding = "utf-8"  # as JSON is, whatever its headers say: Python knows codecs that are for no text
            return whole

        async def _arrived(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            """The answer at the end of all redirects, unread. The client itself would read theirs whole."""
            options["follow_redirects"] = False
            response = await super().send(request, stream=True, **options)
            for _ in range(self.max_redirects):
                if response.next_request is None:
                    break
                await response.aclose()
                response = await super().send(response.next_request, stream=True, **options)
            packings = response.headers.get("content-encoding", "").lower().split(",")
            if sum(packing.strip() not in ("", "identity") for packing in packings) > 1:
                # A kilobyte packed thrice is gigabytes on its way to nothing, and no timeout comes in between.
                await response.aclose()
                raise httpx2.RemoteProtocolError("an answer packed more than once", request=request)
            return response

    return Bounded


@cache
def _bounded_stream() -> Any:
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        """The bytes as they arrive, up to ``LARGEST``: what follows a packed answer is kept, and unpacks to nothing."""

        def __init__(self, arriving: httpx2.AsyncByteStream, too_large: Exception) -> None:
            self._arriving, self._too_large = arriving, too_large

        async def __aiter__(self) -> AsyncIterator[bytes]:
            arrived = 0
            async for part in self._arriving:
                arrived += len(part)
                if arrived > LARGEST:
                    raise self._too_large
                yield part

        async def aclose(self) -> None:
            await self._arriving.aclose()

    return Bounded


async def _whole(response: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
    import httpx2

    told = response.headers.get("content-length", "")
    # Sent in parts, it ends where its parts do, whatever length it tells.
    as_told = response.headers.keys().isdisjoint({"content-encoding", "transfer-encoding"})
    if told.isdecimal() and int(told) <= LARGEST and as_told:
        await response.aread()
        return response
    too_large = httpx2.RemoteProtocolError(f"an answer of more than {LARGEST // 2**20} MB", request=request)
    response.stream = _bounded_stream()(response.stream, too_large)
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > LARGEST:
            raise too_large
    # What was unpacked and put together is told as such: its former headers would unpack it again.
    former = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in former]
    return httpx2.Response(response.status_code, headers=headers, content=bytes(body), request=request)
