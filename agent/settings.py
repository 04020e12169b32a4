"""Which model is asked, where, with what key, at what price; what it is declared able to do."""

from __future__ import annotations

import base64
import math
import os
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from agent.errors import UsageError
from agent.local import is_local, weights_file
from agent.outcome import Usage

_NO_KEY = "none"  # a server on one's own machine wants none, but the client insists on one
_MILLION = 1_000_000
_REDACTED = "[secret]"
_UNESCAPED = frozenset(string.ascii_letters + string.digits + "-._~")  # nobody has a reason to quote these
_SHORTEST = 6  # a key like "1" or "none" is a placeholder: taken out of an answer it would take figures with it


@dataclass(frozen=True)
class Profile:
    """What a server and its model can do.

    ``rows_per_question``: ask a table in groups of so many rows; None = all at once. ``table``: how
    tables of the source are shown, as they came or, for small models, row by row with their cells told apart.
    ``context_tokens``: what a question and its answer may take together, ``max_output_tokens``: an answer.
    """

    strict_schema: bool = True
    context_tokens: Annotated[int, Field(ge=4096)] = 128_000
    rows_per_question: Annotated[int, Field(ge=1)] | None = None
    table: Literal["lines", "pipe"] = "lines"
    max_output_tokens: Annotated[int, Field(ge=256)] = 8192


SMALL = Profile(context_tokens=8192, rows_per_question=8, table="pipe", max_output_tokens=1024)
"""What a model of a billion parameters or two can do."""


class _Unshown(dict[str, str]):
    """An environment that a traceback with its local variables does not show."""

    def __repr__(self) -> str:
        return "<environment>"


@dataclass(frozen=True)
class ModelSettings:
    """A model and how it is reached. The key, and a password in the address, show in no text of it.

    ``call_timeout``: seconds for one call, from first to last byte; ``deadline``: for a question with
    all its tries; ``tries``: HTTP calls for one answer while the network fails. Prices: US dollars
    for a million tokens.
    """

    name: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    call_timeout: float = 120.0
    deadline: float = 600.0
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    profile: Profile = field(default_factory=Profile)
    tries: int = 5
    login: SecretStr | None = None

    def __post_init__(self) -> None:
        """Move user and password out of the address, so that it can be shown; and white space off the key."""
        try:
            parts = urlsplit(self.base_url or "")
        except ValueError as error:
            raise UsageError(f"model {self.name}: its address (--base-url, OPENAI_BASE_URL) is none: {error}") from None
        if self.base_url and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise UsageError(
                f"model {self.name}: its address (--base-url, OPENAI_BASE_URL) must begin with http:// or https://"
            )
        if parts.query:  # no call would get through: its path would be put behind the query
            raise UsageError(f"model {self.name}: its address (--base-url, OPENAI_BASE_URL) ends in a query")
        if "@" in parts.netloc:
            login, _, host = parts.netloc.rpartition("@")
            object.__setattr__(self, "login", SecretStr(unquote(login)))
            object.__setattr__(self, "base_url", urlunsplit(parts._replace(netloc=host)))
        if self.api_key is not None:
            object.__setattr__(self, "api_key", SecretStr(self.api_key.get_secret_value().strip()))
        if not _sendable(self.api_key):
            # An HTTP client quotes the header that it refuses, and with it the key.
            raise UsageError("the key (OPENAI_API_KEY) holds a character that no header may hold; set it anew")

    @property
    def key(self) -> str:
        """The key itself, or a placeholder for a server that wants none."""
        return self.api_key.get_secret_value() if self.api_key else _NO_KEY

    @property
    def headers(self) -> dict[str, str]:
        """Headers beside the client's own: the login of the address in the key's stead."""
        if self.login is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(_bytes(self.login.get_secret_value())).decode()}

    @property
    def identity(self) -> str:
        """What of the settings can change an answer, as text: part of a run's key. Without secrets."""
        return f"{self.name} {self.base_url or ''} {self.profile}".strip()

    def usage(self, input_tokens: int, output_tokens: int) -> Usage:
        """One call's usage, with its cost where both prices are known."""
        if self.input_price is None or self.output_price is None:
            return Usage(1, input_tokens, output_tokens)
        cost = (self.input_price * input_tokens + self.output_price * output_tokens) / _MILLION
        return Usage(1, input_tokens, output_tokens, cost)

    def redact(self, text: str) -> str:
        """The text without key and login: servers like to repeat what they were sent."""
        for secret in self._secrets():
            text = re.sub(_written(secret), _REDACTED, text)
        return text

    def redacted(self, body: bytes) -> bytes:
        """What a server answered, without key and login: before it is cut anywhere, since half a key is one too."""
        for secret in self._secrets():
            body = re.sub(_bytes(_written(secret)), _REDACTED.encode(), body)
        return body

    def _secrets(self) -> list[str]:
        """Key, login, password and the header of both, the longest first."""
        found = {self.api_key.get_secret_value()} if self.api_key else set()
        if self.login is not None:
            login = self.login.get_secret_value()
            found |= {login, login.partition(":")[2], self.headers["Authorization"][6:]}
        return sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True)

    def says(self, error: object) -> str:
        """An error's message with the model's name and address before it."""
        own = "this machine" if is_local(self.name) else "api.openai.com"
        return f"model {self.name} at {self.base_url or own}: {self.redact(str(error))}"

    def at(self, base_url: str) -> ModelSettings:
        """The same settings at another address."""
        return replace(self, base_url=base_url)


def settings(
    name: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    *,
    profile: Profile | None = None,
    environment: Mapping[str, str] = os.environ,
) -> ModelSettings | None:
    """The model that flags and environment name; None where none is named.

    Environment: GOUJI_MODEL, OPENAI_BASE_URL, OPENAI_API_KEY, GOUJI_PRICE_IN, GOUJI_PRICE_OUT
    (US dollars for a million tokens), GOUJI_CALL_TIMEOUT and GOUJI_DEADLINE (seconds), GOUJI_PROFILE
    (``small`` for a server of a model that can do little at a time, or what it can do by name).
    Raises UsageError where one of them makes no sense, or the provider's key is missing.
    """
    environment = _Unshown(environment)
    name = name or environment.get("GOUJI_MODEL")
    if not name:
        return None
    if is_local(name) and not base_url:
        return local(name, profile, environment)
    plain: dict[str, Any] = {
        "call_timeout": _seconds(environment, "GOUJI_CALL_TIMEOUT", ModelSettings.call_timeout),
        "deadline": _seconds(environment, "GOUJI_DEADLINE", ModelSettings.deadline),
        "input_price": _price(environment, "GOUJI_PRICE_IN"),
        "output_price": _price(environment, "GOUJI_PRICE_OUT"),
        "profile": profile or _profile(environment),
    }
    # The secrets last: no error of the others has them among its local variables.
    key = SecretStr((api_key or environment.get("OPENAI_API_KEY") or "").strip())
    base_url = base_url or environment.get("OPENAI_BASE_URL") or None
    if not key and not base_url:
        raise UsageError(f"model {name}: no key; set OPENAI_API_KEY, or name a server that needs none with --base-url")
    return ModelSettings(name, base_url, key or None, **plain)


def local(name: str, profile: Profile | None, environment: Mapping[str, str]) -> ModelSettings:
    """A model on this machine, whatever server the environment names; the door starts it when it is asked.

    Raises UsageError where its weights are not there.
    """
    weights_file(name)
    # Two cores give a few tokens a second, and the questions of a batch wait for one another in the server.
    return ModelSettings(
        name,
        call_timeout=_seconds(environment, "GOUJI_CALL_TIMEOUT", 1800.0),
        deadline=_seconds(environment, "GOUJI_DEADLINE", 7200.0),
        profile=profile or _profile(environment, SMALL),
    )


def _bytes(text: str) -> bytes:
    """The text as it is sent; what the environment held that is no UTF-8 as it was there."""
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=64)
def _written(secret: str) -> str:
    """A pattern of the secret as it is, and as JSON, an address or an exception quotes it, also one within another."""
    return "".join(re.escape(c) if c in _UNESCAPED else _quoted(c) for c in secret)


def _quoted(c: str) -> str:
    r"""A pattern of one character that is quoted in many ways: / as \/, \u002f, %2F, \x2f."""
    # Bounded: of a megabyte of backslashes each would be looked at from each.
    slashes = r"\\{1,8}"
    units = c.encode("utf-16-be", "surrogatepass").hex()
    json = "".join(f"{slashes}u{units[at : at + 4]}" for at in range(0, len(units), 4))
    address = "".join(f"%(?:25)?{byte:02x}" for byte in _bytes(c))
    python = "".join(f"{slashes}x{byte:02x}" for byte in _bytes(c))
    short = "" if c.isprintable() else "|" + slashes + repr(c)[1:-1].lstrip("\\")  # a line feed as \n
    return rf"(?:\\{{0,8}}{re.escape(c)}|(?i:{json}|{address}|{python}){short})"


def _sendable(secret: SecretStr | None) -> bool:
    """Whether a header may hold it: printable ASCII."""
    told = secret.get_secret_value() if secret else ""
    return told.isascii() and told.isprintable()


def _profile(environment: Mapping[str, str], base: Profile | None = None) -> Profile:
    """The profile that the environment declares: ``small``, and then whatever is said of it by name."""
    variable = "GOUJI_PROFILE"
    said = environment.get(variable) or ""
    profile = base or Profile()
    own: dict[str, str] = {}
    for part in said.replace(",", " ").split():
        name, equals, value = part.partition("=")
        if part == "small":
            profile = SMALL
        elif equals and name in Profile.__dataclass_fields__:
            own[name] = value
        else:
            known = ", ".join(Profile.__dataclass_fields__)
            raise UsageError(f"{variable}={said}: {part!r} is no profile; there is small, and NAME=VALUE for {known}")
    try:
        return TypeAdapter(Profile).validate_python({**vars(profile), **own})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise UsageError(f"{variable}={said}: {wrong}") from error


def _price(environment: Mapping[str, str], variable: str) -> Decimal | None:
    said = environment.get(variable)
    if not said:
        return None
    try:
        price = Decimal(said)
    except InvalidOperation as error:
        raise UsageError(f"{variable}={said} is no price in US dollars") from error
    if not price.is_finite() or price < 0:
        raise UsageError(f"{variable}={said} is no price in US dollars")
    return price


def _seconds(environment: Mapping[str, str], variable: str, default: float) -> float:
    said = environment.get(variable)
    if not said:
        return default
    try:
        seconds = float(said)
    except ValueError as error:
        raise UsageError(f"{variable}={said} is no number of seconds") from error
    if not math.isfinite(seconds) or seconds <= 0:
        raise UsageError(f"{variable}={said} is no number of seconds")
    return seconds
