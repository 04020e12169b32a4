"""The perfect model without a grid: every field from the true record, as its line prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from agent.amounts import printed
from agent.dates import dates
from agent.document import Document
from agent.places import Text
from eval.free_scores import at as value_at, day_of, number
from schemas.form import Form
from schemas.free import FreeFigure, FreeList


def answer(
    prompt: str, record: Mapping[str, Any], at: Mapping[str, int], form: Form, document: Document
) -> dict[str, str]:
    """The right answer to the question in a prompt, as the object that a model writes."""
    assert form.free is not None
    asked = prompt.partition("\nFields:\n")[2].partition("<report>")[0]
    knows = _Knows(record, at, form, document)
    names = [f.id for f in form.fields] + [f.id for f in form.free.figures]
    lines = [
        line for name in names if re.search(rf"(?m)^{re.escape(name)}(?::|$)", asked) for line in knows.field(name)
    ]
    lists = [one for one in form.free.lists if re.search(rf"(?m)^{one.id}[^\n]*: @LINE", asked)]
    return {"fields": "\n".join(lines)} | {one.id: "\n".join(knows.entries(one)) for one in lists}


class _Knows:
    """The truth of one document, and where it prints it."""

    def __init__(self, record: Mapping[str, Any], at: Mapping[str, int], form: Form, document: Document) -> None:
        assert form.free is not None
        self.record = record
        self.at = at
        self.fields = {field.id: field for field in form.fields}
        self.text = Text(document, form.free)
        self.lines = document.lines
        self.used: set[tuple[int, int]] = set()

    def field(self, name: str) -> Iterator[str]:
        value = value_at(self.record, name)
        if name not in self.fields:
            found = self._figure(name, number(value), self._labelled(name))
            if found:
                yield f"{name}@{found[0]} {found[1]}"
        elif self.fields[name].kind == "date":
            yield from (f"{name}@{line} {text}" for line, text in self._date(name, value))
        elif value:
            texts = value if isinstance(value, list) else [value]
            yield from (f"{name}@{self.at.get(name) or self._line(text)} {text}" for text in texts)

    def _labelled(self, name: str) -> Sequence[int]:
        """Where a figure may stand: the line known, else lines with its label, the last first, else any."""
        if name in self.at:
            return [self.at[name]]
        count = range(len(self.lines), 0, -1)
        own = [line for line in count if name in self.text.labels(line)]
        return own or list(count)

    def _figure(self, path: str, value: Decimal | None, lines: Sequence[int]) -> tuple[int, str] | None:
        if value is None:
            return None
        for line in lines:
            here = [one for one in printed(self.lines)[line - 1] if one.value == value]
            fresh = [one for one in here if (line, one.start) not in self.used] or here
            if fresh:
                one = fresh[-1] if path.endswith("amount") else fresh[0]
                self.used.add((line, one.start))
                return line, one.text
        return None

    def _date(self, name: str, value: object) -> Iterator[tuple[int, str]]:
        known = self.at.get(name)
        found = [one for one in dates(self.lines) if (one.line == known if known else day_of(value) in one.can_be)]
        if found:
            yield found[0].line, found[0].text

    def _line(self, text: str) -> int:
        first = re.sub(r"\W", "", text)[:8].casefold()
        return next((n for n, line in enumerate(self.lines, 1) if first in re.sub(r"\W", "", line).casefold()), 1)

    def entries(self, listed: FreeList) -> Iterator[str]:
        for index, entry in enumerate(self.record.get(listed.id) or []):
            start = f"{listed.id}.{index}."
            anchor = next((self.at[start + c.id] for c in listed.figures if c.required and start + c.id in self.at), 1)
            cells = [self._cell(start + column.id, column, entry.get(column.id)) for column in listed.columns]
            yield f"@{anchor} {' | '.join(cells)}"

    def _cell(self, path: str, column: object, value: Any) -> str:
        if value is None:
            return "_"
        if not isinstance(column, FreeFigure):
            return str(value)
        found = self._figure(path, number(value), self._labelled(path))
        return found[1] if found else "_"
