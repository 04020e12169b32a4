"""Asking without a grid: line-numbered text goes out, ``NAME@LINE WORDS`` comes back, figures as printed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field as of, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field as Described, create_model, model_validator

from agent.amounts import Style, read as read_amount, style_of
from agent.dates import dates, settled
from agent.extraction import data, string_of
from agent.model import Question
from agent.outcome import BLANKS, Figure, Number, Words
from agent.places import NEAR, Text
from agent.quotes import Quote, Source, denies
from prompts import render
from schemas.free import FreeFigure, FreeList, FreeText

if TYPE_CHECKING:
    from agent.document import Document
    from agent.model import Answer
    from schemas.form import Field, Form

FIELDS = "fields"
_FIELD = re.compile(r"`?([\w.]+)\s*@\s*(\d{1,6})(?:\s*-\s*\d{1,6})?[\s:|]+(.*)")
_ENTRY = re.compile(r"\w*\s*@\s*(\d{1,6})(?:\s*-\s*\d{1,6})?[\s:|]+(.*)")
_MOST_PROBLEMS = 8
_MARK = 4  # letters of a currency


class FreeAnswer(BaseModel):
    """Fields and lists in the wire form, a string each. ``asked``: the lists by their columns."""

    model_config = ConfigDict(extra="forbid", strict=True)
    asked: ClassVar[tuple[FreeList, ...]] = ()

    @model_validator(mode="after")
    def _shape(self) -> Self:
        """All that is wrong with its shape in one complaint: a second one would not be heard."""
        wrong = []
        text = getattr(self, FIELDS)
        if text.strip() and not any(_FIELD.match(line.strip()) for line in text.splitlines()):
            wrong.append(f"{FIELDS}: no line is NAME@LINE WORDS")
        for listed in self.asked:
            wrong += _entries(getattr(self, listed.id), listed).problems
        if wrong:
            raise ValueError("; ".join(wrong[:_MOST_PROBLEMS]))
        return self


@lru_cache(maxsize=64)
def _answer(lists: tuple[FreeList, ...]) -> type[FreeAnswer]:
    strings: dict[str, Any] = {FIELDS: (str, Described(...))} | {one.id: (str, Described(...)) for one in lists}
    answer = create_model("Free", __base__=FreeAnswer, **strings)
    answer.asked = lists
    return answer


@dataclass(frozen=True)
class Given:
    """What an answer gives: figures and words by path; ``dropped``: what was given and is no value, or not there."""

    figures: dict[str, Figure] = of(default_factory=dict)
    words: dict[str, Words] = of(default_factory=dict)
    dropped: tuple[str, ...] = ()


def question(document: Document, form: Form) -> Question:
    """What a model is asked about a document."""
    free = form.free
    assert free is not None
    wanted = {field.id for field in form.fields} | {figure.id for figure in free.figures}
    user = render("free", **_asked(form, wanted, free.lists), report=_report(document, None))
    return Question("fields", render("system"), user, _answer(free.lists))


def repair_question(
    document: Document, form: Form, wanted: Collection[str], lists: Sequence[FreeList], problems: Sequence[str],
    lines: Iterable[int] | None,
) -> Question:  # fmt: skip
    """The question about fields and lists that do not hold. ``problems`` never state a value that would fit."""
    user = render(
        "free_repair", **_asked(form, wanted, lists), problems=list(problems), report=_report(document, lines)
    )
    return Question("repair", render("system"), user, _answer(tuple(lists)))


def _asked(form: Form, wanted: Collection[str], lists: Sequence[FreeList]) -> dict[str, list[str]]:
    assert form.free is not None
    fields = [_told(f.id, f.ask) for f in form.fields if f.id in wanted]
    fields += [_told(f.id, f.ask) for f in form.free.figures if f.id in wanted]
    return {"fields": fields, "lists": [_list(one) for one in lists]}


def _told(name: str, ask: str) -> str:
    return name if not ask or ask == name.replace("_", " ") else f"{name}: {ask}"


def _list(one: FreeList) -> str:
    cells = " | ".join(f"{c.id} ({c.ask})" if c.ask else c.id for c in one.columns)
    return f"{one.id}{f' ({one.ask})' if one.ask else ''}: @LINE {cells}"


def _report(document: Document, lines: Iterable[int] | None) -> str:
    wanted = range(1, len(document.lines) + 1) if lines is None else sorted(set(lines))
    shown = (
        f"{number}|{document.lines[number - 1].rstrip()}" for number in wanted if document.lines[number - 1].strip()
    )
    return data("\n".join(shown))


def parse(answer: Answer, form: Form, document: Document, by: str) -> Given:
    """Figures and words of an answer. Where its shape stayed wrong, the lines that are sound are kept."""
    kind = answer.question.answer
    assert issubclass(kind, FreeAnswer)
    assert form.free is not None
    reader = _Reader(form, document, by)
    for line in string_of(answer, FIELDS).splitlines():
        reader.field(line.strip())
    for listed in kind.asked:
        for index, (at, cells) in enumerate(_entries(string_of(answer, listed.id), listed).entries):
            reader.entry(listed, index, at, cells)
    return Given(reader.figures, reader.words, tuple(reader.dropped))


@dataclass(frozen=True)
class _Entries:
    entries: list[tuple[int, list[str]]]
    problems: list[str]


def _entries(text: str, listed: FreeList) -> _Entries:
    found = _Entries([], [])
    for raw in text.splitlines():
        line = raw.strip().strip("`")
        if not line:
            continue
        matched = _ENTRY.match(line)
        cells = [cell.strip() for cell in matched[2].split("|")] if matched else []
        cells = _joined(cells, listed)
        if matched and len(cells) == len(listed.columns):
            found.entries.append((int(matched[1]), cells))
        else:
            found.problems.append(f"{listed.id}: {line[:40]!r} is not @LINE and {len(listed.columns)} cells between |")
    return found


def _joined(cells: list[str], listed: FreeList) -> list[str]:
    """The cells, with bars inside the one text column taken for what they are."""
    more = len(cells) - len(listed.columns)
    at = [i for i, column in enumerate(listed.columns) if isinstance(column, FreeText)]
    if more <= 0 or len(at) != 1:
        return cells
    return [*cells[: at[0]], " | ".join(cells[at[0] : at[0] + more + 1]), *cells[at[0] + more + 1 :]]


class _Reader:
    """Turns the lines of one answer into figures and words."""

    def __init__(self, form: Form, document: Document, by: str) -> None:
        assert form.free is not None
        self.fields = {field.id: field for field in form.fields}
        self.scalars = {figure.id: figure for figure in form.free.figures}
        self.document = document
        self.text = Text(document, form.free)
        self.style = style_of(document.lines)
        self.day_first = bool(form.free.day_first)
        self.by = by
        self.figures: dict[str, Figure] = {}
        self.words: dict[str, Words] = {}
        self.dropped: list[str] = []
        self.cited: Counter[tuple[int, Number | None]] = Counter()

    def field(self, line: str) -> None:
        """One line of ``fields``; a field given twice is kept as it was given first."""
        matched = _FIELD.match(line)
        name = matched[1] if matched else ""
        if not matched or matched[3].strip() in BLANKS or name in self.figures:
            return
        at, said = int(matched[2]), matched[3].strip()
        if name in self.scalars:
            self._figure(name, said, at)
        elif name in self.fields and (name not in self.words or self.fields[name].kind == "texts"):
            self._words(self.fields[name], said, at)

    def _figure(self, path: str, said: str, at: int) -> bool:
        declared = self.text.free.figure(path)
        figure = amount(said, at, self.style, self.by, whole=bool(declared and declared.kind == "count"))
        if figure is None:
            self.dropped.append(f"{path}: {said[:40]!r} is no figure")
            return False
        self.figures[path] = figure
        return True

    def _words(self, field: Field, said: str, at: int) -> None:
        if field.kind == "date":
            found = self._date(said, at)
        elif field.kind == "flag":
            found = self._flag(said, at)
        else:
            quote = self._quote(said, at)
            # Tabs part cells; within a text they are spaces.
            found = Words(" ".join(quote.text.split()), quote.text, quote.line, self.by) if quote else None
        if found is None:
            self.dropped.append(f"{field.id}: {said[:40]!r} is not in the source")
        elif field.kind == "texts":
            before = self.words.get(field.id)
            texts = [*(before.value if before else []), found.value]
            self.words[field.id] = replace(found, value=texts, quote=" … ".join(texts))
        else:
            self.words[field.id] = found

    def _date(self, said: str, at: int) -> Words | None:
        """The date on the line cited that the words hold; its value is open where the text leaves it open."""
        lines = self.document.lines
        here = [day for day in dates(lines) if day.line == at and (day.text in said or said in day.text)]
        if not here:
            return None
        value = settled(here[0], lines) or (here[0].can_be[0] if self.day_first else None)
        return Words(value, here[0].text, at, self.by)

    def _flag(self, said: str, at: int) -> Words | None:
        given, _, quoted = said.partition("|")
        value = {"yes": True, "true": True, "no": False, "false": False}.get(given.strip().lower())
        quote = self._quote(quoted, at) if value is not None else None
        stated = quote is not None and denies(quote.text, ()) is (not value)
        return Words(value, quote.text, quote.line, self.by) if quote and stated else None

    def _quote(self, words: str, at: int) -> Quote | None:
        """The words in the source: on the line cited, else nearest to it, else anywhere."""
        count = len(self.document.lines)
        reach = [(0, 0), (0, 1), (1, 0), (1, 1), (0, NEAR), (NEAR, 0), (NEAR, NEAR), (count, count)]
        for before, after in reach:
            low, high = max(1, at - before), min(count, at + after)
            found = _find(words, self.document, low, high) if low <= high else None
            if found:
                return found
        glued = rf"(?<![A-Za-z]){re.escape(words)}(?![A-Za-z])"  # RM4.00 states RM, and SGD4.00 no D
        beside = len(words) <= _MARK and 1 <= at <= count and re.search(glued, self.document.lines[at - 1])
        return Quote(words, at) if beside else None

    def entry(self, listed: FreeList, index: int, at: int, cells: list[str]) -> None:
        """One entry of a list: its amounts on the line cited, its other cells there or near by."""
        by_column = dict(zip(listed.columns, cells, strict=True))
        # Its amounts first: what else it says is no second reading of them.
        for column in sorted(by_column, key=lambda column: not _is_amount(column)):
            path, cell = f"{listed.id}.{index}.{column.id}", by_column[column]
            if cell in BLANKS:
                continue
            if isinstance(column, FreeFigure):
                self._cell(path, column, cell, at)
            elif (quote := self._quote(cell, at)) is not None:
                self.words[path] = Words(quote.text, quote.text, quote.line, self.by)
            else:
                self.dropped.append(f"{path}: {cell[:40]!r} is not in the source")

    def _cell(self, path: str, column: FreeFigure, cell: str, at: int) -> None:
        if not self._figure(path, cell, at):
            return
        figure = self.figures[path]
        lines = [at] if _is_amount(column) else _around(at)
        near = next((line for line in lines if self._prints(line, figure.value) > self.cited[line, figure.value]), at)
        self.cited[near, figure.value] += 1
        self.figures[path] = replace(figure, line=near)

    def _prints(self, line: int, value: Number | None) -> int:
        return sum(one.value == value for one in self.text.on(line))


def _is_amount(column: FreeFigure | FreeText) -> bool:
    return isinstance(column, FreeFigure) and column.required and column.kind == "amount"


def _find(words: str, document: Document, low: int, high: int) -> Quote | None:
    """The words in some lines, which may run over their ends."""
    lines = [line.strip() for line in document.lines[low - 1 : high]]
    found = Source(replace(document, lines=(" ".join(lines),), cells={})).find(words)
    if found is None:
        return None
    start = " ".join(lines).find(found.text)
    ends = accumulate(len(line) + 1 for line in lines)
    return Quote(found.text, low + sum(end <= start for end in ends))


def _around(line: int) -> Iterator[int]:
    yield line
    for away in range(1, NEAR):
        yield from (line - away, line + away)


def amount(said: str, line: int, style: Style, by: str, *, whole: bool = False) -> Figure | None:
    """The figure in a model's words, as printed; None where they hold none."""
    found = read_amount(said, style)
    if found is None or (whole and found.value % 1):
        return None
    return Figure(int(found.value) if whole else found.value, said, line, by)
