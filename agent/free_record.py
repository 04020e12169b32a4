"""The public record of a form without a grid: in the shape of its own model, without what is not trusted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from agent.outcome import Reading
from agent.places import entries
from schemas.form import Form
from schemas.free import FreeFigure


def record(reading: Reading, form: Form, untrusted: Collection[str] = ()) -> dict[str, Any]:
    """The record by field; null = not in the text, or not trusted."""
    return {"form": form.name, **_as_text(body(reading, form, untrusted))}


def _as_text(made: dict[str, Any]) -> dict[str, Any]:
    """A record with its dates as ISO texts."""
    return {
        key: value.isoformat() if isinstance(value, date) else _as_text(value) if isinstance(value, dict) else value
        for key, value in made.items()
    }


def body(reading: Reading, form: Form, untrusted: Collection[str] = ()) -> dict[str, Any]:
    """The record without the form's name, as the form's model takes it."""
    free = form.free
    assert free is not None
    made: dict[str, Any] = {}
    for field in form.fields:
        words = reading.words.get(field.id)
        value = words.value if words else ([] if field.kind == "texts" else None)
        _put(made, field.id, value)
    for figure in free.figures:
        _put(made, figure.id, None if figure.id in untrusted else reading.value(figure.id))
    for listed in free.lists:
        made[listed.id] = [
            {c.id: _cell(reading, f"{listed.id}.{index}.{c.id}", c, untrusted) for c in listed.columns}
            for index in range(entries(reading, listed))
        ]
    return made


def _cell(reading: Reading, path: str, column: object, untrusted: Collection[str]) -> Any:
    if path in untrusted:
        return None
    if isinstance(column, FreeFigure):
        return reading.value(path)
    words = reading.words.get(path)
    return words.value if words else None


def _put(made: dict[str, Any], path: str, value: Any) -> None:
    *parts, last = path.split(".")
    for part in parts:
        made = made.setdefault(part, {})
    made[last] = value
