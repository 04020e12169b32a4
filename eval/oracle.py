"""The perfect model: what it would answer to a question, from the true record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from agent import wire
from agent.document import Document
from agent.evidence import Evidence, gather
from agent.quotes import denies, states, states_date, states_year
from agent.squeeze import normal_line
from eval.server import Body
from schemas.form import Field, Form, Grid, Row

_TABLE = re.compile(r"(\w+):(?: a line for each entry .*)?")
_ROW = re.compile(r"(\d+) (?!cells?:)")
_PERIOD = re.compile(r"(?:\d{4}\s*年)?\s*\d+\s*月\s*\d+\s*日\D{0,6}(?:\d{4}\s*年)?\s*\d+\s*月\s*\d+\s*日")
_HINTS: Mapping[str, tuple[str, ...]] = {
    "requests_received": ("申请",),
    "information_fee_charged": ("信息处理费", "收取", "费用"),
    "published": ("公开", "发布", "信息"),
}
"""Words that a passage about a field holds, the surest first; of those that state the value the shortest is quoted."""


def asked_rows(prompt: str, form: Form) -> dict[str, list[int]]:
    """Tables and lists a question asks for with the numbers of their rows; empty for prose."""
    names = {*form.tables, *(items.id for items in form.items)}
    asked: dict[str, list[int]] = {}
    table = ""
    for line in prompt.partition("<report>")[0].splitlines():
        if _TABLE.fullmatch(line) and line.partition(":")[0] in names:
            table = line.partition(":")[0]
            asked[table] = []
        elif table and (row := _ROW.match(line)):
            asked[table].append(int(row[1]))
    return asked


def wire_answer(record: Mapping[str, Any], form: Form, document: Document, body: Body) -> dict[str, Any]:
    """The right answer to the question in a request, as the object that a model writes."""
    return Oracle(record, form, document).answer(body)


class Oracle:
    """Knows the truth of one document. Called with a request it gives the text of the right answer."""

    def __init__(
        self, record: Mapping[str, Any], form: Form, document: Document, at: Mapping[str, int] | None = None
    ) -> None:
        self.at = at or {}
        self.record = record
        self.form = form
        self.document = document

    def __call__(self, body: Body) -> str:
        """The answer's text."""
        return json.dumps(self.answer(body), ensure_ascii=False)

    def answer(self, body: Body) -> dict[str, Any]:
        """The answer as an object: a string a table, or the prose fields."""
        prompt = str(body["messages"][1]["content"])
        if self.form.free:
            from eval.free_oracle import answer

            return answer(prompt, self.record, self.at, self.form, self.document)
        asked = asked_rows(prompt, self.form)
        if asked:
            return {table: self.table(table, numbers) for table, numbers in asked.items()}
        return {field.id: self.field(field) for field in self.form.fields if f"\n{field.id}: " in f"\n{prompt}"}

    @cached_property
    def evidence(self) -> Evidence:
        """Where the rows stand."""
        return gather(self.document, self.form)

    def table(self, name: str, numbers: list[int]) -> str:
        """The rows of a table that were asked for, in the wire form."""
        if name not in self.form.tables:
            return self._items(name)
        if not self.record.get(name):
            return ""
        grid = self.variant(name)
        whole = wire.table(self.form.tables[name])
        return "\n".join(
            f"{number}@{self.line(grid, row)} {self._cells(grid, row)}"
            for number, row in whole.rows
            if number in numbers and row in grid.rows
        )

    def variant(self, name: str) -> Grid:
        """The variant that the record's table is of."""
        return max(self.form.tables[name], key=lambda grid: sum(self._known(path) for path in grid.all_paths()) / 1000
                   - sum(not self._known(path) for path in grid.all_paths()))  # fmt: skip

    def _known(self, path: str) -> bool:
        inside: Any = self.record
        for step in path.split("."):
            if not isinstance(inside, Mapping) or step not in inside:
                return False
            inside = inside[step]
        return True

    def value(self, path: str) -> Any:
        """The true figure."""
        inside: Any = self.record
        for step in path.split("."):
            inside = inside[step] if isinstance(inside, Mapping) and step in inside else None
        return inside

    def line(self, grid: Grid, row: Row) -> int:
        """The line on which the row stands."""
        place = self.evidence.place(grid.paths(row)[0])
        return place.line if place else 1

    def _cells(self, grid: Grid, row: Row) -> str:
        cells = [_printed(self.value(path)) for path in grid.paths(row)]
        return cells[0] if set(cells) in ({"0"}, {wire.EMPTY}) else " ".join(cells)

    def _items(self, name: str) -> str:
        listed = self.evidence.items.get(name)
        columns = next(items for items in self.form.items if items.id == name)
        lines = []
        for index, entry in enumerate(self.record.get(name) or []):
            at = listed.entries[index].line if listed and index < len(listed.entries) else 1
            cells = " ".join(_printed(entry.get(column.id)) for column in columns.columns)
            lines.append(f"@{at} {cells} | {entry.get(columns.text, '')}")
        return "\n".join(lines)

    def field(self, field: Field) -> Any:
        """A prose field, with its quote."""
        value = self.record.get(field.id)
        match field.kind:
            case "text":
                return value or ""
            case "texts":
                return value or []
            case "structure":
                return self._structure(field, value)
        if value is None:
            return ""
        said = ("yes" if value else "no") if field.kind == "flag" else str(value)
        return f"{said} | {self.quote(field, value)}"

    def _structure(self, field: Field, value: Any) -> Any:
        if not value:
            return [] if isinstance(value, list) or field.id == "published" else None
        if isinstance(value, list):
            return [self._entry(field, entry) for entry in value]
        return {name: part or "" for name, part in value.items()}

    def _entry(self, field: Field, entry: Mapping[str, Any]) -> dict[str, Any]:
        counts = [entry["count"], *(part["count"] for part in entry.get("parts", []))]
        quotes = [piece for piece in self._pieces("[。；;]") if all(states(piece, count) for count in counts)]
        quotes.sort(key=lambda piece: (entry.get("channel") or "") not in piece)
        whole = {"channel": "", "approximate": False, "parts": []} | {k: v for k, v in entry.items() if v is not None}
        return whole | {"quote": quotes[0] if quotes else ""}

    def quote(self, field: Field, value: Any) -> str:
        """The shortest passage that states the value, one with the field's own words first."""
        hints = _HINTS.get(field.id, ())
        stating = [p for cut in ("[，。；、,;]", "[。；;]") for p in self._pieces(cut) if self._states(field, value, p)]
        stating += [m[0] for m in _PERIOD.finditer(self._text) if self._states(field, value, m[0])]
        found = sorted(stating, key=lambda piece: (_rank(piece, hints), len(piece)))
        return found[0] if found else ""

    def _states(self, field: Field, value: Any, piece: str) -> bool:
        match field.kind:
            case "date":
                return states_date(piece, date.fromisoformat(str(value)))
            case "year":
                return states_year(piece, value)
            case "flag":
                hinted = any(hint in piece for hint in _HINTS.get(field.id, ()))
                return hinted and denies(piece, field.says) is (not value)
        return "\t" not in piece and states(piece, value, field.says)

    @cached_property
    def _text(self) -> str:
        lines = (line for line in self.document.lines if normal_line(line).strip())
        return "".join(line if "\t" in line else line.strip() for line in lines)

    def _pieces(self, cut: str) -> Iterator[str]:
        yield from (piece.strip() for piece in re.split(cut, self._text) if piece.strip())


def _rank(piece: str, hints: tuple[str, ...]) -> int:
    return next((rank for rank, hint in enumerate(hints) if hint in piece), len(hints))


def _printed(value: Any) -> str:
    if value is None:
        return wire.EMPTY
    return format(Decimal(str(value)), "f")
