"""HOW we ask: one text per question."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["digest", "names", "render"]


def render(name: str, **values: object) -> str:
    """The prompt called ``name`` with its values; a missing value or an unknown name is an error.

    Values are data: what looks like a template inside them is left as it is.
    """
    return _environment().get_template(f"{name}.txt").render(**values)


def names() -> list[str]:
    """Names of all prompts."""
    return sorted(
        entry.name.removesuffix(".txt") for entry in files("prompts").iterdir() if entry.name.endswith(".txt")
    )


@cache
def digest() -> str:
    """One hash over all prompt texts: part of a run's key, since another wording is another question."""
    hashed = hashlib.sha256()
    for name in names():
        hashed.update(f"{name}\0{_text(f'{name}.txt')}\0".encode())
    return hashed.hexdigest()


def _text(file: str) -> str | None:
    try:
        return (files("prompts") / file).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    # A prompt is no HTML: escaping would change the source's text.
    return Environment(loader=FunctionLoader(_text), undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701
