"""Ask and parse: from a document's lines to the questions of a form, from answers to figures and words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, create_model, model_validator

from agent import prose, wire
from agent.answers import checked
from agent.model import Question
from agent.outcome import BLANKS, Figure, Finding, Words
from agent.quotes import Source
from agent.squeeze import normal_line
from prompts import render

if TYPE_CHECKING:
    from agent.document import Document
    from agent.model import Answer
    from agent.settings import Profile
    from schemas.form import Form, Grid, Items, Row

Lines = tuple[int, int]
"""First and last line of a section, from 1."""

PROSE = "prose"
_FIGURE_ALONE = re.compile(r"\s*[+-]?\d[\d.,]*\s*")
_TAG = re.compile(r"<(\s*/?\s*report\s*)>", re.IGNORECASE)


class TablesAnswer(BaseModel):
    """Tables in the wire form, a string each. ``asked``: the tables by name."""

    model_config = ConfigDict(extra="forbid", strict=True)
    asked: ClassVar[tuple[wire.Table, ...]] = ()

    @model_validator(mode="after")
    def _shape(self) -> Self:
        """All that is wrong with all tables in one complaint: a second one would not be heard."""
        wrong = []
        for asked in self.asked:
            problems = wire.read(getattr(self, asked.id), asked, "").problems
            if problems:
                wrong.append(f"{asked.id}: {wire.told(problems)}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


@lru_cache(maxsize=256)
def _tables_answer(asked: tuple[wire.Table, ...]) -> type[TablesAnswer]:
    strings: dict[str, Any] = {table.id: (str, ...) for table in asked}
    answer = create_model("Tables", __base__=TablesAnswer, **strings)
    answer.asked = asked
    return answer


class Tables(NamedTuple):
    """Figures by path, and the variant of each table asked for: None where the report has no such table."""

    figures: dict[str, Figure]
    variants: dict[str, str | None]


class Said(NamedTuple):
    """Prose fields that the source states, and findings about what it does not."""

    words: dict[str, Words]
    findings: list[Finding]


def questions(document: Document, form: Form, sections: Mapping[str, Lines], profile: Profile) -> list[Question]:
    """What a model is asked about a document: its tables at once, or in groups of rows, and its prose fields.

    ``sections``: the lines of each section found. Each question is sent the sections it needs; where one
    of those was not found, the whole text.
    """
    if form.free:
        from agent import free_wire, small_free

        return [(small_free if profile.table == "pipe" else free_wire).question(document, form)]
    needed = {grid.section for grids in form.tables.values() for grid in grids}
    shown = _report(document, _lines(document, sections, needed))
    if profile.table == "pipe":
        from agent import small

        lists = [_tables_question(f"tables.{items.id}", (wire.items(items),), shown) for items in form.items]
        return [*lists, *small.questions(document, form, sections, profile)]
    asked = [wire.table(grids) for grids in form.tables.values()] + [wire.items(items) for items in form.items]
    found = [_tables_question(f"tables{part}", tables, shown) for part, tables in _parts(asked, profile)]
    if form.fields:
        found.append(_prose_question(document, form, sections))
    return found


def _parts(asked: Sequence[wire.Table], profile: Profile) -> Iterator[tuple[str, tuple[wire.Table, ...]]]:
    """The tables in one question; for a model that can only do a few rows at a time, in several."""
    size = profile.rows_per_question
    if size is None:
        yield "", tuple(asked)
        return
    for table in asked:
        rows = [row for _, row in table.rows]
        groups = [wire.only(table, rows[at : at + size]) for at in range(0, len(rows), size)] or [table]
        for index, group in enumerate(groups, 1):
            yield f".{table.id}.{index}", (group,)


def _tables_question(name: str, asked: tuple[wire.Table, ...], shown: str) -> Question:
    user = render("tables", tables=[wire.describe(table) for table in asked], report=shown)
    return Question(name, render("system"), user, _tables_answer(asked))


def _prose_question(document: Document, form: Form, sections: Mapping[str, Lines]) -> Question:
    # Without numbers: a quote must be found as it stands, and it may run over line ends.
    lines = [document.lines[number - 1] for number in _prose_lines(document, form, sections)]
    user = render(
        "prose",
        fields=[f"{field.id}: {field.ask}" for field in form.fields],
        said=", ".join(field.id for field in form.fields if field.kind in prose.SAID),
        texts=", ".join(field.id for field in form.fields if field.kind == "texts"),
        report=data("\n".join(line.strip() for line in lines if line.strip())),
    )
    return Question(PROSE, render("system"), user, prose.answer_model(form.fields, form.record))


def _prose_lines(document: Document, form: Form, sections: Mapping[str, Lines]) -> list[int]:
    needed = {section for field in form.fields for section in field.sections}
    if all(field.sections for field in form.fields) or not needed <= sections.keys():
        return _lines(document, sections, needed)
    # Fields that may stand anywhere: all but the tables.
    tabular = {grid.section for grids in form.tables.values() for grid in grids}
    kept = _span(sections, sections.keys() - tabular)
    left_out = _span(sections, sections.keys() & tabular) - kept
    return [number for number in range(1, len(document.lines) + 1) if number not in left_out]


def _lines(document: Document, sections: Mapping[str, Lines], needed: Iterable[str]) -> list[int]:
    wanted = set(needed)
    if not wanted or not wanted <= sections.keys():
        return list(range(1, len(document.lines) + 1))
    return sorted(_span(sections, wanted))


def _span(sections: Mapping[str, Lines], wanted: Iterable[str]) -> set[int]:
    return {number for name in wanted for number in range(sections[name][0], sections[name][1] + 1)}


def _report(document: Document, lines: Iterable[int]) -> str:
    """Lines of the source behind their numbers. A line of one figure alone has none: it follows its row's."""
    shown: list[str] = []
    before = 0
    for number in lines:
        # Page footers look like figures; the squeezed text knows them.
        text = document.lines[number - 1].rstrip(" ") if normal_line(document.lines[number - 1]).strip() else ""
        follows = number == before + 1 and shown
        before = number
        bare = _FIGURE_ALONE.fullmatch(text) or text.strip() in BLANKS
        shown.append(text if follows and bare else f"{number}|{text}")
    return data("\n".join(shown))


def data(text: str) -> str:
    """The text without anything that looks like the end of the report."""
    return _TAG.sub(r"‹\1›", text)


def repair_question(
    form: Form, document: Document, grid: Grid, rows: Sequence[Row], lines: Iterable[int], failed: Sequence[str]
) -> Question:
    """The question about rows that were misread or do not add up: those rows, their lines, the failed sums.

    ``failed`` are sums in words; a value that would balance one must never stand there.
    """
    whole = wire.table(form.tables[grid.id])
    part = wire.exactly(whole, grid.variant, rows)
    shown = _report(document, sorted(set(lines)))
    user = render("repair", table=wire.describe(part), failed=list(failed), report=shown)
    return Question("repair", render("system"), user, _tables_answer((part,)))


def list_question(document: Document, items: Items, lines: Iterable[int]) -> Question:
    """The question about a list of which entries were misread, left out or invented."""
    asked = wire.items(items)
    failed = ["the entries do not stand like this on their lines"]
    user = render("repair", table=wire.describe(asked), failed=failed, report=_report(document, sorted(set(lines))))
    return Question("repair", render("system"), user, _tables_answer((asked,)))


def parse_tables(answer: Answer, form: Form, document: Document, by: str) -> Tables:
    """Figures and variants in an answer to a question about tables, or to a repair.

    Where its shape stayed wrong, the rows that are sound are kept: what is missing is asked again.
    """
    kind = answer.question.answer
    assert issubclass(kind, TablesAnswer)
    figures: dict[str, Figure] = {}
    for asked in kind.asked:
        shape = wire.read(string_of(answer, asked.id), asked, by)
        figures |= {path: _in_document(figure, document) for path, figure in shape.figures.items()}
    return merge([Tables(figures, {})], form)


def merge(parts: Iterable[Tables], form: Form) -> Tables:
    """The figures of several answers, later ones first, and the variant of each table that they are of."""
    figures = {path: figure for part in parts for path, figure in part.figures.items()}
    variants: dict[str, str | None] = {}
    for table, grids in form.tables.items():
        given = {path for path in figures if path.startswith(f"{table}.")}
        nearest = min(grids, key=lambda grid: len(given.symmetric_difference(grid.all_paths())))
        variants[table] = nearest.variant if given else None
    return Tables(figures, variants)


def string_of(answer: Answer, name: str) -> str:
    """What an answer says under a name, also where its shape stayed wrong; empty where it says nothing there."""
    if answer.value is not None:
        return str(getattr(answer.value, name))
    try:
        loaded = json.loads(checked(answer.raw))
    except ValueError:
        return ""
    text = loaded.get(name) if isinstance(loaded, dict) else None
    return text if isinstance(text, str) else ""


def _in_document(figure: Figure, document: Document) -> Figure:
    if figure.line is None or 1 <= figure.line <= len(document.lines):
        return figure
    return Figure(figure.value, figure.printed, None, figure.by)


def parse_prose(answer: Answer, form: Form, document: Document, by: str) -> Said:
    """The prose fields of an answer that the source states, with their quotes; what it does not state is dropped."""
    if answer.value is None:
        return Said({}, [])
    found = prose.read(answer.value, form, Source(document), by)
    return Said(found.words, found.dropped)
