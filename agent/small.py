"""What a small model can answer: a few rows with their cells told apart, one prose field at a time.

A model of 1.5B parameters loses count in a row of bare figures and copies ``A=14 B=0`` without a slip; it
cannot quote a sentence and a value in one breath, but can say in which numbered passage it stands.
Its answers have the shape of any other model's once read, and pass the same checks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, StringConstraints, create_model

from agent import prose, wire
from agent.evidence import Evidence, Found, Place, gather
from agent.extraction import PROSE, TablesAnswer, data
from agent.model import Question
from agent.quotes import affirms, states, states_date, states_year
from prompts import render

if TYPE_CHECKING:
    from agent.document import Document
    from agent.settings import Profile
    from schemas.form import Field, Form, Grid, Row

_LETTERS = ascii_uppercase + ascii_lowercase
_ALL = "all"
_CELL = r"(-?[0-9][0-9,]{0,19}(\.[0-9]{1,6})?|_|-|—|/|无)"  # bounded: a small model repeats a digit without end
_LONGEST_TEXT = 80
_TOKENS_LEFT = 1500
"""Of the context, for the question and its answer; a Chinese letter is a token at most."""

_HEAD, _TAIL = 800, 300
"""Tokens of a text's beginning and end: reading a thousand of them takes two slow cores ten seconds and more."""

_SENTENCE = re.compile(r"(?<=[。；;！？!?])")
_YEAR = re.compile(r"[12]\d{3}|[〇○零]")


def questions(
    document: Document, form: Form, sections: Mapping[str, tuple[int, int]], profile: Profile
) -> list[Question]:
    """What a small model is asked about a document: the rows found in it, in groups, and each prose field."""
    evidence = gather(document, form)
    asked: list[Question] = []
    for found in evidence.tables.values():
        if found is not None:
            rows = [place.row for place in found.places.values()]
            asked += _row_questions(evidence, found.grid, rows, profile)
    return asked + list(_field_questions(document, form, sections, profile))


def _row_questions(evidence: Evidence, grid: Grid, rows: Sequence[Row], profile: Profile) -> Iterator[Question]:
    for number, group in enumerate(_groups(rows, profile), 1):
        yield _rows_question(f"tables.{grid.id}.{number}", evidence, grid, group)


def _groups(rows: Sequence[Row], profile: Profile) -> Iterator[Sequence[Row]]:
    """The rows, as many at a time as the model can do."""
    size = profile.rows_per_question or len(rows) or 1
    return (rows[at : at + size] for at in range(0, len(rows), size))


def repair_questions(
    evidence: Evidence, found: Found, rows: Sequence[Row], failed: Sequence[str], profile: Profile
) -> Iterator[Question]:
    """The questions about rows that were misread or do not add up, in groups, with the failed sums by name."""
    placed = [row for row in rows if row.id in found.places]
    for group in _groups(placed, profile):
        yield _rows_question("repair", evidence, found.grid, group, failed)


def _rows_question(
    name: str, evidence: Evidence, grid: Grid, rows: Sequence[Row], failed: Sequence[str] = ()
) -> Question:
    found = evidence.tables[grid.id]
    assert found is not None
    part = wire.exactly(wire.table(evidence.form.tables[grid.id]), grid.variant, rows)
    places = {number: found.places[row.id] for number, row in part.rows}
    unsure = [place.row for place in places.values() if not place.fits.sure]
    user = render(
        "small_rows",
        failed="; ".join(failed),
        cells=", ".join(f"{letter} {column.labels[0]}" for letter, column in _lettered(unsure[0])) if unsure else "",
        rows=[data(_shown(number, place, evidence)) for number, place in places.items()],
    )
    return Question(name, render("small_system"), user, _rows_answer(part, places))


def _lettered(row: Row) -> Iterator[tuple[str, Any]]:
    return zip(_LETTERS, row.columns, strict=False)


def _shown(number: int, place: Place, evidence: Evidence) -> str:
    """A row as it is shown: its cells by letter where the source tells them apart, else all that is printed.

    Told apart, it stands as it is to be answered: with its label between rows a model of 1.5B took the cells
    of its neighbours, in 23 rows of 40.
    """
    if place.fits.sure:
        cells = ["".join(cell.text.split()) or wire.EMPTY for cell in place.fits.ways[0]]
        return json.dumps(f"row{number}") + ": " + json.dumps(_cells_shown(cells), ensure_ascii=False)
    return f"row{number}\n" + re.sub(r"\s*[\t\n]\s*", " | ", evidence.source.full[slice(*place.extent)].strip())


def _cells_shown(cells: Sequence[str]) -> str:
    """Cells by letter; where all say the same, as most rows of most reports do, that once."""
    if len(cells) > 1 and len(set(cells)) == 1:
        return f"{_ALL}={cells[0]}"
    return " ".join(f"{letter}={cell}" for letter, cell in zip(_LETTERS, cells, strict=False))


def _rows_answer(part: wire.Table, places: Mapping[int, Place]) -> type[TablesAnswer]:
    """The shape of an answer about rows: a lettered string for each, read together as the wire form."""

    def table(self: BaseModel) -> str:
        return "\n".join(
            f"{number}@{place.line} {_wire(getattr(self, f'row{number}'), len(place.row.columns))}"
            for number, place in places.items()
        )

    base: Any = type("Rows", (TablesAnswer,), {part.id: property(table), "__module__": __name__})
    strings: dict[str, Any] = {f"row{number}": (_cells_of(row), ...) for number, row in part.rows}
    answer: type[TablesAnswer] = create_model("Rows", __base__=base, **strings)
    answer.asked = (part,)
    return answer


def _wire(said: str, width: int) -> str:
    cells = re.findall(r"=(\S+)", said)
    return " ".join(cells * width if said.startswith(_ALL) else cells)


def _cells_of(row: Row) -> Any:
    cells = " ".join(f"{letter}={_CELL}" for letter, _ in _lettered(row))
    return Annotated[str, StringConstraints(pattern=f"^({_ALL}={_CELL}|{cells})$")]


def _field_questions(
    document: Document, form: Form, sections: Mapping[str, tuple[int, int]], profile: Profile
) -> Iterator[Question]:
    # Fields over the same lines stand together: the server has read those lines then.
    fields = sorted((one for one in form.fields if _within_reach(one, form)), key=lambda one: one.sections)
    for field in fields:
        lines = [document.lines[number - 1] for number in _lines(form, sections, field, len(document.lines))]
        told = list(_told_in(field, lines))
        shown = _fitting(told if field.sections else _ends(told), profile.context_tokens - _TOKENS_LEFT)
        passages = [data(passage) for passage in shown]
        if passages:
            yield _field_question(field, form, passages)


def _field_question(field: Field, form: Form, passages: Sequence[str]) -> Question:
    asked = f"{_name(field)}: {field.ask}"
    user = render("small_field", passages=passages, field=asked, kind=_kind(field), value=_value_of(field))
    return Question(PROSE, render("small_system"), user, _field_answer(field, form, passages), (field.id,))


def _within_reach(field: Field, form: Form) -> bool:
    """Whether a small model can be asked: lists it fills with what is not there, or mixes up."""
    if field.kind != "structure":
        return field.kind != "texts"
    return form.record is not None and get_origin(form.record.model_fields[field.id].annotation) is not list


def _name(field: Field) -> str:
    return field.label or field.id


def _value_of(field: Field) -> str:
    # Named after the field: under the name "value" a model of 1.5B writes anything.
    return f"{field.id}_value"


def _lines(form: Form, sections: Mapping[str, tuple[int, int]], field: Field, count: int) -> list[int]:
    """The lines a field may stand on: its sections, or whatever is no table."""
    known = {name: set(range(first, last + 1)) for name, (first, last) in sections.items()}
    if field.sections and known.keys() >= set(field.sections):
        return sorted(set().union(*(known[name] for name in field.sections)))
    tabular = {grid.section for grids in form.tables.values() for grid in grids}
    return sorted(set(range(1, count + 1)).difference(*(known[name] for name in tabular & known.keys())))


_KINDS: Mapping[str, str] = {"year": "four digits", "count": "a whole number", "date": "YYYY-MM-DD or silent"}
_VALUES: Mapping[str, Any] = {
    "year": int,
    "count": int,
    "date": Annotated[str, StringConstraints(pattern=r"^(silent|[0-9]{4}-[0-9]{2}-[0-9]{2})$")],
}
_HAN = re.compile("[㐀-鿿]")


def _flags(field: Field) -> Mapping[str, str]:
    """How a flag is answered, in its label's own language: in another one a small model says yes to anything."""
    no, yes, silent = ("无", "有", "未提及") if _HAN.search(_name(field)) else ("no", "yes", "silent")
    return {no: "no", yes: "yes", silent: "silent"}


def _kind(field: Field) -> str | None:
    """What its value looks like, as it is asked; None for words."""
    if field.kind == "flag":
        no, yes, silent = _flags(field)
        return f"{no}, {yes} or {silent}"
    return _KINDS.get(field.kind)


def _told_in(field: Field, lines: Iterable[str]) -> Iterator[str]:
    """The sentences that may state a field."""
    for line in lines:
        for piece in _SENTENCE.split(line.strip(" \t　*#")):
            passage = piece.strip()
            if passage and _may_state(field, passage):
                yield passage


def _may_state(field: Field, passage: str) -> bool:
    if field.says:
        return any(word in passage for word in field.says)
    return field.kind not in ("year", "date") or _YEAR.search(passage) is not None


def _ends(passages: Sequence[str]) -> list[str]:
    """What stands first and last: there a report says whose it is and whom to ask."""
    head = list(_fitting(passages, _HEAD))
    tail = list(_fitting(reversed(passages[len(head) :]), _TAIL))
    return [*head, *reversed(tail)]


def _fitting(passages: Iterable[str], tokens: int) -> Iterator[str]:
    for passage in passages:
        tokens -= len(passage) + 5
        if tokens < 0:
            return
        yield passage


class _Field(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _field_answer(field: Field, form: Form, passages: Sequence[str]) -> type[BaseModel]:
    """The shape of an answer about a field; read as any other model's answer."""
    if field.kind == "structure":
        return prose.answer_model((field,), form.record)
    if field.kind == "text":
        return _model(_Field, {field.id: (Annotated[str, StringConstraints(max_length=_LONGEST_TEXT)], ...)})
    value = _value_of(field)
    shape = Literal[tuple(_flags(field))] if field.kind == "flag" else _VALUES[field.kind]
    base = _with(**{field.id: lambda said: _said(field, said.line, getattr(said, value), passages)})
    return _model(base, {"line": (int, ...), value: (shape, ...)})


def _with(**read: Callable[[Any], Any]) -> Any:
    """A base whose fields are read from what was asked."""
    return type(
        "Field", (_Field,), {name: property(reader) for name, reader in read.items()} | {"__module__": __name__}
    )


def _model(base: Any, shape: dict[str, Any]) -> type[BaseModel]:
    answer: type[BaseModel] = create_model("Field", __base__=base, **shape)
    return answer


def _said(field: Field, line: int, said: object, passages: Sequence[str]) -> str:
    """``value | quote`` as other models give it."""
    value = _flags(field).get(str(said), str(said)) if field.kind == "flag" else str(said)
    if value == "silent" or not 1 <= line <= len(passages):
        return ""
    pointed = passages[line - 1]
    if field.kind == "flag":
        # That it was so a small model says of any passage: one with a figure bears it out.
        return "" if value == "yes" and not affirms(pointed, field.says) else f"{value} | {pointed}"
    stating = [passage for passage in passages if _states(field, value, passage)]
    return f"{value} | {stating[0] if pointed not in stating and len(stating) == 1 else pointed}"


def _states(field: Field, value: str, passage: str) -> bool:
    """Whether a passage states that value."""
    if field.kind == "date":
        try:
            return states_date(passage, date.fromisoformat(value))
        except ValueError:
            return False
    return states_year(passage, int(value)) if field.kind == "year" else states(passage, int(value), field.says)
