"""A provider's batch endpoint over HTTP: what it says is looked at before it is believed.

Whatever is no answer, an error page, half a body, words of something else, is a fault to be borne and tried
again, as it is where questions are asked one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

from agent.connections import LARGEST
from agent.errors import GoujiError, PermanentModelError
from agent.transport import TransientError, verdict

if TYPE_CHECKING:
    from openai import AsyncOpenAI

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_NAME = re.compile(r"(?!\.+$)[!-~]{1,512}")  # what can stand in an address, as a part of its own
_TOKEN = "gouji"  # noqa: S105 - the name of a token, and none
_MOST_PAGES = 1000
_ENDED = frozenset({"completed", "expired", "cancelled", "failed"})


class GoneError(GoujiError):
    """The provider does not know what it is asked for: under another key it may, or it is gone for good."""


@dataclass(frozen=True)
class Remote:
    """A batch as the provider tells of it: ``token`` is ours, ``files`` hold its answers and its errors."""

    id: str
    status: str
    token: str
    files: tuple[str, ...]
    why: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.status in _ENDED


class Provider:
    """The endpoint behind openai's client.

    All of it raises TransientError where it may go through later, PermanentModelError where it never will, and
    GoneError for what the provider does not know.
    """

    def __init__(self, client: AsyncOpenAI, redact: Callable[[str], str]) -> None:
        self._client = client
        self._redact = redact

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def batches(self) -> AsyncIterator[Remote]:
        """All batches of the account, the newest first."""
        import openai

        after: str | None = None
        for _ in range(_MOST_PAGES):
            with self._judged():
                answered = await self._client.batches.with_raw_response.list(limit=100, after=after or openai.omit)
            told = _object(answered.content)
            found = [self._remote(one) for one in _list(told.get("data"))]
            for remote in found:
                yield remote
            if not told.get("has_more") or not found or found[-1].id == after:
                return
            after = found[-1].id

    async def batch(self, name: str) -> Remote:
        """One batch, by the provider's name for it."""
        with self._judged(GoneError(f"it does not know the batch {name}")):
            answered = await self._client.batches.with_raw_response.retrieve(name)
        return self._remote(_object(answered.content))

    async def post(self, file: IO[bytes], token: str) -> str:
        """Post a file of questions; gives the provider's name for its batch."""
        missing = PermanentModelError("this server has no batch endpoint (status 404); run without --transport batch")
        with self._judged(missing):
            uploaded = await self._client.files.with_raw_response.create(file=(f"{token}.jsonl", file), purpose="batch")
        name = self._named(_object(uploaded.content).get("id"))
        with self._judged(missing):
            made = await self._client.batches.with_raw_response.create(
                input_file_id=name, endpoint=ENDPOINT, completion_window="24h", metadata={_TOKEN: token}
            )
        return self._remote(_object(made.content)).id

    async def lines(self, file: str) -> AsyncIterator[bytes]:
        """The lines of a file, as bytes: a line ends with a line feed, and with nothing else that looks like one.

        One larger than an answer may be is left out.
        """
        line, dropped = bytearray(), False
        with self._judged(GoneError(f"it does not know the file {file}")):
            async with self._client.files.with_streaming_response.content(file) as response:
                async for part in response.iter_bytes():
                    *whole, rest = part.split(b"\n")
                    for end in whole:
                        if not dropped:
                            yield bytes(line + end)
                        line, dropped = bytearray(), False
                    line += rest
                    if len(line) > LARGEST:
                        line, dropped = bytearray(), True
        if line and not dropped:
            yield bytes(line)

    def _named(self, told: object) -> str:
        if not isinstance(told, str) or not _NAME.fullmatch(told):
            raise TransientError("status 200 with a name that is none")
        if self._redact(told) != told:  # names are kept
            raise PermanentModelError("it names a batch or a file by the key that it was sent")
        return told

    def _remote(self, told: object) -> Remote:
        if not isinstance(told, dict) or not isinstance(told.get("status"), str):
            raise TransientError("status 200 with no batch in it")
        marks, errors = told.get("metadata"), told.get("errors")
        token = marks.get(_TOKEN) if isinstance(marks, dict) else None
        files = (told.get(name) for name in ("output_file_id", "error_file_id"))
        faults = errors.get("data") if isinstance(errors, dict) else None
        why = [str(one.get("message")) for one in faults if isinstance(one, dict)] if isinstance(faults, list) else []
        return Remote(
            self._named(told.get("id")),
            told["status"],
            token if isinstance(token, str) else "",
            tuple(self._named(file) for file in files if file),
            tuple(why[:3]),
        )

    @contextmanager
    def _judged(self, missing: GoujiError | None = None) -> Iterator[None]:
        """What goes wrong on the way, by what it means. ``missing``: what a 404 means."""
        import httpx2
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            if error.status_code == 404 and missing:
                raise missing from None
            # Redacted before it is cut: half a key is one too.
            told = self._redact(error.response.text)
            fault = verdict(error.status_code, error.response.headers, told)
            if isinstance(fault, TransientError | PermanentModelError):
                raise fault from None
            # What it says of a question, which may be asked otherwise, it says here of a file.
            raise (TransientError if error.status_code >= 500 else PermanentModelError)(str(fault)) from None
        except (openai.APIConnectionError, httpx2.RequestError) as error:
            raise TransientError(f"connection failed: {error.__cause__ or error or type(error).__name__}") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise TransientError("status 200 with a body that is no whole JSON") from None
    if not isinstance(told, dict):
        raise TransientError("status 200 with a body that is no answer")
    return told


def _list(told: object) -> list[Any]:
    if not isinstance(told, list):
        raise TransientError("status 200 with no list of batches in it")
    return told
