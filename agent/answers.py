"""The shape of an answer: what instructor validates, and the strict schema that goes over the wire."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import ValidationError

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion
    from pydantic import BaseModel

_ENDED = "</think>"
_THOUGHTS = re.compile(rf"<think>.*?{_ENDED}", re.DOTALL)
_UNPAID = frozenset({"title", "description", "default"})
_FENCED = re.compile(r"```(?:json)?[^\S\n]*\n(.*?)```", re.DOTALL)
_MOST_PROBLEMS = 8  # more of them teach a model nothing and are paid for
_LONGEST_NAME = 60


@lru_cache(maxsize=256)
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema a provider can decode by: every property required, no others, no titles to pay for."""
    from openai import pydantic_function_tool

    schema: dict[str, Any] = _untitled(pydantic_function_tool(answer)["function"]["parameters"])
    return schema


def _untitled(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_untitled(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    # Under "properties" a key is a field's name, also where that is "title".
    return {
        key: {name: _untitled(its) for name, its in value.items()} if key == "properties" else _untitled(value)
        for key, value in schema.items()
        if key == "properties" or key not in _UNPAID
    }


@lru_cache(maxsize=256)
def shaped(answer: type[BaseModel]) -> type[BaseModel]:
    """What instructor is given in the answer's stead: ``value`` holds the answer, of exactly its own class.

    instructor wraps a class anew in every call and walks through all its fields four times; here it
    finds one. Parsing refuses what JSON readers pass over: a key given twice, NaN. The complaint is
    one short message, since it is sent to the model and paid for.
    """
    from instructor import ResponseSchema
    from instructor.core import ResponseParsingError

    class Shaped(ResponseSchema):
        value: Any = None

        @classmethod
        def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Any:
            try:
                return cls.model_construct(value=answer.model_validate_json(checked(str(json_data)), strict=True))
            except ValidationError as error:
                raise ResponseParsingError(complaint(error)) from None
            except ValueError as error:
                raise ResponseParsingError(str(error)) from None

        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return {}  # instructor asks for it in every call; what is sent is strict_schema

    return Shaped


def complaint(error: ValidationError) -> str:
    """What is wrong with an answer, the first of it, without the answer and pydantic's addresses."""
    told = []
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    for one in problems[:_MOST_PROBLEMS]:
        place = ".".join(_short(str(step)) for step in one["loc"])
        told.append(f"{place}: {one['msg']}" if place else one["msg"].removeprefix("Value error, "))
    more = len(problems) - _MOST_PROBLEMS
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def _short(name: str) -> str:
    """A name that a model made up, so that it may be of any length."""
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"


def checked(text: str) -> str:
    """The JSON object in an answer, thoughts and fences around it off.

    Raises ValueError where it is no JSON, or says one thing twice.
    """
    plain = bare(text)
    try:
        json.loads(plain, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no valid JSON: {error}") from None
    return plain


def bare(text: str) -> str:
    """The answer's JSON object without what weak models put around it.

    Raises ValueError where several are fenced that differ: which of them is meant would be a guess.
    """
    # Behind the last end no thought ends: looked for from each that begins there, it would take for ever.
    ended = text.rfind(_ENDED) + len(_ENDED) if _ENDED in text else 0
    plain = (_THOUGHTS.sub("", text[:ended]) + text[ended:]).strip()
    if plain.startswith("{") and plain.endswith("}"):
        return plain
    fenced = {found.strip() for found in _FENCED.findall(plain)}
    answers = {found for found in fenced if found.startswith("{")} or fenced
    if len(answers) > 1:
        raise ValueError(f"{len(answers)} answers that differ; give one")
    if answers:
        return str(answers.pop())
    first, last = plain.find("{"), plain.rfind("}")
    return plain[first : last + 1] if 0 <= first < last else plain


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in times if times[name] > 1)
        raise ValueError(f"the key {_short(twice)!r} is given twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def completion(text: str, read: int, written: int) -> ChatCompletion:
    """A completion of that text and its tokens and nothing else a server sent: instructor would stumble over odd parts.

    Without a usage it looks for those of other providers' packages, in every call.
    """
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion, ChatCompletionMessage
    from openai.types.chat.chat_completion import Choice

    message = ChatCompletionMessage.model_construct(role="assistant", content=text)
    choice = Choice.model_construct(index=0, finish_reason="stop", message=message)
    usage = CompletionUsage.model_construct(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)
    return ChatCompletion.model_construct(
        id="", object="chat.completion", created=0, model="", choices=[choice], usage=usage
    )
