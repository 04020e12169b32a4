"""The one door to a language model: openai's client and instructor, any OpenAI-compatible server.

Two of the three loops live here: the network (tenacity; openai's own retries are off) and a wrong
shape (instructor, one re-ask). Whether sums hold is not known here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.answers import completion, shaped, strict_schema
from agent.connections import connected
from agent.environment import hush_clients
from agent.errors import GoujiError, ModelError, PermanentModelError, UsageError
from agent.local import own_server
from agent.outcome import Usage
from agent.settings import ModelSettings, Profile, settings
from agent.transport import End, Feature, NoAnswerError, Reply, TransientError, UnsupportedError, reply, text_of

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion
    from pydantic import BaseModel
    from tenacity import RetryCallState

__all__ = [
    "Answer",
    "Budget",
    "BudgetSpentError",
    "Call",
    "Model",
    "ModelSettings",
    "PermanentModelError",
    "Profile",
    "Question",
    "settings",
]

Send = Callable[[dict[str, Any], float], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""One HTTP call: a request and the seconds it may take; gives status, headers and body."""

_LONGEST_WAIT = 20.0
_WIDE = re.compile("[\u2e80-\U0010ffff]+")  # letters of a token each
_SHAPES = ("json_schema", "json_object", "text")


class BudgetSpentError(ModelError):
    """The tokens allowed are used up; nothing was sent."""


class ToComeError(ModelError):
    """The answer to a question is not there yet; the run is taken up again when it is."""


class Budget:
    """Tokens that one or many questions may take together; the call that crosses the limit is the last."""

    def __init__(self, tokens: int | None = None) -> None:
        self.tokens = tokens
        self.used = 0

    @property
    def left(self) -> int | None:
        """Tokens left, None where there is no limit."""
        return None if self.tokens is None else max(0, self.tokens - self.used)

    def spend(self, usage: Usage) -> None:
        """Take a call's tokens off."""
        self.used += usage.input_tokens + usage.output_tokens

    def check(self) -> None:
        """Raise BudgetSpentError where nothing is left."""
        if self.left == 0:
            raise BudgetSpentError(f"the budget of {self.tokens} tokens is used up; raise --budget-tokens")


@dataclass(frozen=True)
class Question:
    """What is asked: ``answer`` is the shape its answer must have; ``fields`` the prose fields, empty = all."""

    name: str
    system: str
    user: str
    answer: type[BaseModel]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """One HTTP call, also a failed one: it may have been paid for. ``raw`` is the body as it came.

    ``status`` is None where no whole answer came.
    """

    question: str
    model: str
    request_sha256: str
    raw: str | None
    usage: Usage
    seconds: float
    error: str | None
    attempt: int
    status: int | None = None


@dataclass(frozen=True)
class Answer:
    """The answer to ``question``; where ``value`` is None, ``reason`` says why and ``detail`` tells more.

    ``raw`` is the answer's text, ``usage`` what all its calls took.
    """

    question: Question
    value: BaseModel | None
    raw: str
    usage: Usage
    reason: End | None = None
    detail: str = ""


@dataclass
class _Dialect:
    """What the server was found to understand: remembered, so that it is found out once."""

    shape: int
    limit: str = "max_tokens"
    temperature: bool = True

    def request(self, name: str, messages: list[dict[str, Any]], schema: dict[str, Any], limit: int) -> dict[str, Any]:
        """The body of a call in words the server understands."""
        request: dict[str, Any] = {"model": name, "messages": messages, self.limit: limit}
        if self.temperature:
            request["temperature"] = 0
        shape = _SHAPES[self.shape]
        if shape == "json_schema":
            return request | {
                "response_format": {"type": shape, "json_schema": {"name": "answer", "schema": schema, "strict": True}}
            }
        told = f"{messages[0]['content']}\nJSON schema of the answer: {json.dumps(schema, ensure_ascii=False)}"
        request["messages"] = [{**messages[0], "content": told}, *messages[1:]]
        return request | ({"response_format": {"type": shape}} if shape == "json_object" else {})

    def learn(self, request: dict[str, Any], feature: Feature) -> bool:
        """Do without what the server refused in a request; False where there is nothing to do without."""
        if feature not in request:
            return False
        if feature == "temperature":
            self.temperature = False
        elif feature == "max_tokens":
            self.limit = "max_completion_tokens"
        else:
            sent = _SHAPES.index(request["response_format"]["type"])
            self.shape = max(self.shape, sent + 1)
        return True


class Model:
    """A model behind its settings. ``on_call`` gets every call, with its raw answer, before the answer is parsed.

    ``send`` makes the calls in place of a client of its own: many documents share one pool, one pace.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        on_call: Callable[[Call], None] | None = None,
        http_client: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        send: Send | None = None,
    ) -> None:
        self.settings = settings
        self.send = send or self.post
        self.on_call = on_call
        self.sleep = sleep
        self.clock = clock
        self.dialect = _Dialect(0 if settings.profile.strict_schema else 1)
        self._http_client = http_client
        self._client: AsyncOpenAI | None = None

    async def ask(self, question: Question, *, budget: Budget | None = None) -> Answer:
        """The answer to a question, after at most one re-ask where its shape is wrong.

        Raises PermanentModelError where asking again will not help, BudgetSpentError before a call that
        the budget does not allow, ModelError where the network stays out of order.
        """
        import instructor
        from instructor.core import InstructorRetryException, ResponseParsingError

        hush_clients()
        asking = _Asking(self, question, budget or Budget())
        messages = [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}]
        try:
            # Before instructor comes in: a question whose answer is to come yet must cost next to nothing.
            asking.first = await asking.complete(messages)
            create: Any = instructor.patch(create=asking.create, mode=instructor.Mode.JSON_SCHEMA)
            found = await create(response_model=shaped(question.answer), max_retries=1, messages=messages)
        except NoAnswerError as error:
            return asking.answer(None, error.reason, self.settings.redact(str(error)))
        except ModelError as error:
            raise error from None  # what it came from may quote the key
        except InstructorRetryException as error:
            cause = error.__cause__
            if isinstance(cause, NoAnswerError):
                return asking.answer(None, cause.reason, self.settings.redact(str(cause)))
            if isinstance(cause, ResponseParsingError):
                return asking.answer(None, "shape", str(cause))
            # What came out of our own part, wrapped by instructor.
            raise (cause or error) from None
        return asking.answer(found.value)

    async def post(self, request: dict[str, Any], seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of one HTTP call. Raises TransientError where there is none in time."""
        import httpx2
        import openai

        client = self._connected()
        try:
            async with asyncio.timeout(seconds):
                # The request is in the provider's own words already: chat.completions would walk through it again.
                answered = await client.post("/chat/completions", body=request, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            return error.status_code, error.response.headers, self.settings.redacted(error.response.content)
        except (TimeoutError, openai.APITimeoutError) as error:
            raise TransientError(f"no whole answer within {seconds:.0f} s") from error
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            told = self.settings.redact(str(cause) or type(cause).__name__)
            raise TransientError(f"connection failed: {told}") from None  # what it came from may quote the key
        return answered.status_code, answered.headers, self.settings.redacted(answered.content)

    def _connected(self) -> AsyncOpenAI:
        if self._client is None:
            import openai

            hush_clients()
            self._client = openai.AsyncOpenAI(
                api_key=self.settings.key,
                base_url=self.settings.base_url or own_server(self.settings.name),
                default_headers=self.settings.headers,
                max_retries=0,
                timeout=openai.Timeout(self.settings.call_timeout, connect=10.0),
                http_client=self._http_client or connected(),
            )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None


class _Asking:
    """One question on its way: its deadline, its calls, what they took."""

    def __init__(self, model: Model, question: Question, budget: Budget) -> None:
        self.model = model
        self.settings = model.settings
        self.question = question
        self.budget = budget
        self.deadline = model.clock() + self.settings.deadline
        self.limit = self.settings.profile.max_output_tokens
        self.usage = Usage()
        self.raw = ""
        self.attempt = 0
        self.first: ChatCompletion | None = None

    def answer(self, value: BaseModel | None, reason: End | None = None, detail: str = "") -> Answer:
        return Answer(self.question, value, self.raw, self.usage, reason, detail)

    async def create(self, **kwargs: Any) -> ChatCompletion:
        """What instructor calls for a completion: the first is there, the next answers its re-ask."""
        first, self.first = self.first, None
        return first or await self.complete(kwargs["messages"])

    async def complete(self, messages: list[dict[str, Any]]) -> ChatCompletion:
        """A whole completion: the network's faults and a cut answer end here."""
        schema = strict_schema(self.question.answer)
        while True:
            request = self.model.dialect.request(self.settings.name, messages, schema, self.limit)
            try:
                answered = await self._persist(request)
            except UnsupportedError as error:
                if not self.model.dialect.learn(request, error.feature):
                    raise PermanentModelError(self.settings.says(error)) from error
                continue
            self.raw = answered.content
            if answered.refusal or answered.finish == "content_filter":
                raise NoAnswerError("refused", answered.refusal or "stopped by the server's content filter")
            if answered.finish != "length":
                return completion(answered.content, answered.input_tokens or 0, answered.output_tokens or 0)
            if self.limit > self.settings.profile.max_output_tokens:
                raise NoAnswerError("truncated", f"longer than {self.limit} tokens")
            self.limit *= 2

    async def _persist(self, request: dict[str, Any]) -> Reply:
        from tenacity import AsyncRetrying, retry_if_exception_type

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            wait=_wait,
            stop=self._stop,
            sleep=self.model.sleep,
            reraise=True,
        )
        try:
            answered: Reply = await retrying(self._call, request)
        except TransientError as error:
            wanted = f"; it asks to wait {error.retry_after:.0f} s" if error.retry_after else ""
            raise ModelError(self.settings.says(f"{error}{wanted}; gave up after {self.attempt} calls")) from error
        except PermanentModelError as error:
            raise PermanentModelError(self.settings.says(error)) from error
        return answered

    def _stop(self, state: RetryCallState) -> bool:
        too_late = self.model.clock() + state.upcoming_sleep >= self.deadline
        return too_late or state.attempt_number >= self.settings.tries

    async def _call(self, request: dict[str, Any]) -> Reply:
        self.budget.check()
        self.attempt += 1
        began = self.model.clock()
        status: int | None = None
        raw: str | None = None
        answered: Reply | None = None
        fault: GoujiError | None = None
        try:
            left = max(0.1, self.deadline - began)
            status, headers, body = await self.model.send(request, min(self.settings.call_timeout, left))
            raw = text_of(body)
            answered = reply(status, headers, body)
        except UsageError:  # nothing was sent
            raise
        except GoujiError as error:
            fault = error
        call = call_of(self.settings, self.question.name, request, status, raw, answered, fault)
        self._keep(replace(call, seconds=self.model.clock() - began, attempt=self.attempt))
        if answered is None:
            assert fault is not None
            raise fault
        return answered

    def _keep(self, call: Call) -> None:
        self.usage += call.usage
        self.budget.spend(call.usage)
        if self.model.on_call is not None:
            self.model.on_call(call)


def call_of(
    settings: ModelSettings,
    question: str,
    request: dict[str, Any],
    status: int | None,
    raw: str | None,
    answered: Reply | None,
    fault: GoujiError | None,
) -> Call:
    """What is kept of one HTTP call: its usage, its answer and its error without secrets."""
    usage = settings.usage(*_tokens(request, answered))
    kept = None if raw is None else settings.redact(raw)
    error = None if fault is None else settings.redact(str(fault))
    return Call(question, request["model"], request_sha256(request), kept, usage, 0.0, error, 1, status)


def request_sha256(request: Mapping[str, Any]) -> str:
    """What makes two requests the same request."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _wait(state: RetryCallState) -> float:
    from tenacity import wait_exponential, wait_random

    back_off = wait_exponential(multiplier=0.5, max=_LONGEST_WAIT) + wait_random(0, 0.5)
    error = state.outcome.exception() if state.outcome else None
    return max(back_off(state), error.retry_after if isinstance(error, TransientError) else 0.0)


def _tokens(request: dict[str, Any], answered: Reply | None) -> tuple[int, int]:
    """Input and output tokens of a call; estimated where the server does not count them, so that a budget holds."""
    if answered is None:
        return 0, 0
    known_in, known_out = answered.input_tokens, answered.output_tokens
    asked = asked_tokens(request) if known_in is None else known_in
    return asked, estimate(answered.content) if known_out is None else known_out


def asked_tokens(request: Mapping[str, Any]) -> int:
    """The tokens of a request's messages, estimated."""
    return sum(estimate(str(message["content"])) for message in request["messages"])


def estimate(text: str) -> int:
    """The tokens of a text, as far as its letters tell."""
    wide = 0 if text.isascii() else sum(map(len, _WIDE.findall(text)))
    return wide + (len(text) - wide + 2) // 3
