"""The public record: what a reading says, in the shape of its form, without what is not trusted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from agent.evidence import Evidence
from agent.outcome import Reading


def edition(reading: Reading, evidence: Evidence) -> str | None:
    """The edition of the form, as its tables and its year show it."""
    form = evidence.form
    prose = {name: words.value for name, words in reading.words.items()}
    return form.edition(reading.variants, prose) if form.edition else None


def record(reading: Reading, evidence: Evidence, untrusted: Collection[str] = ()) -> dict[str, Any]:
    """The record by field and table; null = blank in the source, or not trusted, or not found."""
    form = evidence.form
    if form.free:
        from agent import free_record

        return free_record.record(reading, form, untrusted)
    made: dict[str, Any] = {"form": form.name}
    if form.edition:
        made["edition"] = edition(reading, evidence)
    for field in form.fields:
        words = reading.words.get(field.id)
        made[field.id] = _plain(words.value) if words else None
    for name, listed in evidence.items.items():
        items = evidence.form_items[name]
        made[name] = [
            {
                items.text: entry.text,
                **{c.id: _trusted(reading, f"{name}.{i}.{c.id}", untrusted) for c in items.columns},
            }
            for i, entry in enumerate(listed.entries if listed else ())
        ]
    for table, found in evidence.tables.items():
        made[table] = None
        if found:
            made[table] = {}
            for path in found.grid.all_paths():
                _, *row, column = path.split(".")
                place = made[table].setdefault(row[0], {}) if row else made[table]
                place[column] = _trusted(reading, path, untrusted)
    return made


def _trusted(reading: Reading, path: str, untrusted: Collection[str]) -> Any:
    return None if path in untrusted else reading.value(path)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
