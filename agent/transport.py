"""What an HTTP answer of a model server means: a reply, a fault to try again, or an end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from agent.errors import GoujiError, PermanentModelError

End = Literal["refused", "truncated", "shape"]
Feature = Literal["response_format", "max_tokens", "temperature"]

_MOST_TOKENS = 10**12  # what a server counts beyond is no count, and no database holds it
_FOR_EVER = 1e9  # seconds: nobody waits three decades, and a longer wait is no number that can be told
_TRANSIENT = frozenset({408, 409, 425, 429})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"})
_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_TOO_LONG = re.compile(r"context[ _](?:length|size|window)|maximum context|too many tokens", re.IGNORECASE)
_SHAPE = re.compile(r"response_format|json_schema|json_object|structured output|\bschema\b|\bgrammar\b", re.IGNORECASE)
_WAY_OUT = {
    401: "check the key (OPENAI_API_KEY)",
    402: "the account has no credit",
    403: "the key may not use this model",
    404: "check the model's name (--model) and the address (--base-url)",
}


class TransientError(GoujiError):
    """The gateway failed; the same call may go through later, not before ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnsupportedError(GoujiError):
    """The server does not know a feature of the request."""

    def __init__(self, feature: Feature, message: str) -> None:
        super().__init__(message)
        self.feature = feature


class NoAnswerError(GoujiError):
    """The question has no answer, and asking it again would be paid for in vain."""

    def __init__(self, reason: End, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Reply:
    """A whole answer: its text, why it ended, the tokens where the server counts them."""

    content: str
    finish: str | None
    refusal: str | None
    input_tokens: int | None
    output_tokens: int | None


@dataclass(frozen=True)
class _Fault:
    message: str
    codes: frozenset[str]
    param: str


def reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """The answer in an HTTP response.

    Raises TransientError, UnsupportedError, NoAnswerError or PermanentModelError where it holds none.
    """
    if status != 200:
        raise verdict(status, headers, body.decode("utf-8", "replace"))
    data = _json(body)
    if data.get("error"):
        # A gateway's own report of what went wrong behind it: its code is a status, where it has one.
        raise verdict(_status(data["error"]), headers, body.decode("utf-8", "replace"))
    choice = _choice(data)
    message = choice["message"]
    counted = data.get("usage")
    usage = counted if isinstance(counted, dict) else {}
    return Reply(
        message.get("content") or "",
        choice.get("finish_reason"),
        message.get("refusal") or None,
        _tokens(usage.get("prompt_tokens")),
        _tokens(usage.get("completion_tokens")),
    )


def text_of(body: bytes) -> str:
    """A body as it is kept. Bytes that are no UTF-8 stay legible as such: from the journal, too, it is no answer."""
    return body.decode("utf-8", "backslashreplace")


def _json(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        start = body[:60].decode("utf-8", "replace")
        raise TransientError(f"status 200 with a body that is no whole JSON: {start!r}") from error
    if not isinstance(data, dict):
        raise TransientError("status 200 with a body that is no answer")
    return data


def _choice(data: dict[str, Any]) -> dict[str, Any]:
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise TransientError("status 200 with no answer in it")
    if not isinstance(message.get("content"), str | None):
        raise TransientError("status 200 with an answer that is no text")
    return choice


def _tokens(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MOST_TOKENS else None


def _status(error: object) -> int:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def verdict(status: int, headers: Mapping[str, str], text: str) -> GoujiError:
    """What a status other than 200 means for the question, or for the run."""
    fault = _fault(text)
    message = f"status {status}: {fault.message}" if fault.message else f"status {status}"
    if fault.codes & _NO_CREDIT:
        return PermanentModelError(f"{message} ({_WAY_OUT[402]})")
    if status == 429 or status == 408:
        return TransientError(message, retry_after(headers))
    feature = _unsupported(status, fault)
    if feature:
        return UnsupportedError(feature, message)
    if status in _TRANSIENT or status >= 500 or status < 400:
        return TransientError(message, retry_after(headers))
    if fault.codes & _FILTERED:
        return NoAnswerError("refused", message)
    if status in (400, 413, 422) and (_TOO_LONG.search(fault.message) or "context_length_exceeded" in fault.codes):
        return NoAnswerError("truncated", message)
    way_out = _WAY_OUT.get(status)
    return PermanentModelError(f"{message} ({way_out})" if way_out else message)


def _fault(text: str) -> _Fault:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return _Fault(" ".join(text.split())[:200], frozenset(), "")
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return _Fault(str(error)[:400], frozenset(), "")
    codes = frozenset(str(error[key]) for key in ("code", "type") if error.get(key))
    message = error.get("message") or error.get("detail") or error
    return _Fault(str(message)[:400], codes, str(error.get("param") or ""))


def _unsupported(status: int, fault: _Fault) -> Feature | None:
    # One server in use answers 500 where it does not know a response format.
    if status not in (400, 422, 500, 501):
        return None
    if "max_completion_tokens" in fault.message:
        return "max_tokens"
    if fault.param == "temperature":
        return "temperature"
    if fault.param.startswith("response_format") or _SHAPE.search(fault.message):
        return "response_format"
    return None


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds the server asks to wait, 0 where it does not say: milliseconds, seconds or a date."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds:
        return milliseconds / 1000
    said = headers.get("retry-after")
    if said is None:
        return 0.0
    seconds = _seconds(said)
    if seconds is not None:
        return seconds
    try:
        return _bounded(parsedate_to_datetime(said).timestamp() - (time.time() if now is None else now))
    except (ValueError, OverflowError):
        return 0.0


def _seconds(said: str | None) -> float | None:
    try:
        return _bounded(float(said or ""))
    except ValueError:
        return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), _FOR_EVER)  # what is no number is none
