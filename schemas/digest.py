"""What tells one version of a form from another: the same in every process, another after every change that counts."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from hashlib import sha256
from textwrap import dedent
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from schemas.form import Form


@lru_cache(maxsize=256)
def digest(form: Form) -> str:
    """Part of a run's key: a form of one's own changes while it is written, and an outcome is of one version of it."""
    return sha256(_said(form).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _said(value: object) -> str:
    """A value as text, without what differs from process to process: the order of sets, places in memory."""
    if isinstance(value, type):
        return "\n".join(map(_source, _models(value)))
    if is_dataclass(value):
        named = (f"{one.name}={_said(getattr(value, one.name))}" for one in fields(value))
        return f"{type(value).__name__}({', '.join(named)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_said(key)}: {_said(one)}' for key, one in value.items())}}}"
    if isinstance(value, frozenset | set):
        return f"{{{', '.join(sorted(map(_said, value)))}}}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_said, value))})"
    if callable(value):
        # One without parameters gives a model, imported on first use.
        return _source(value) if inspect.signature(value).parameters else _said(value())
    return repr(value)


def _models(kind: object) -> Iterator[type]:
    """A model, and those that its fields are of."""
    from pydantic import BaseModel

    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from (one for one in kind.__mro__ if issubclass(one, BaseModel) and one is not BaseModel)
        for info in kind.model_fields.values():
            yield from _models(info.annotation)
    else:
        for inner in get_args(kind):
            yield from _models(inner)


def _source(made: type | object) -> str:
    """The source of a function or a model, without comments; of a model that no file holds, its schema."""
    try:
        source = inspect.getsource(made)  # type: ignore[arg-type]
        return ast.unparse(ast.parse(dedent(source)))
    except SyntaxError:  # a function in the middle of a line
        return source
    except (OSError, TypeError):
        schema = getattr(made, "model_json_schema", None)
        return json.dumps(schema(), sort_keys=True) if schema else str(getattr(made, "__qualname__", ""))
