"""A form without a grid, asked of a small model: what each line states, of the few things it could.

A model of 1.5B parameters asked for ``NAME@LINE WORDS`` repeats the question. Asked line by line it can
leave none out and make none up; the figure taken is the last amount that its line prints.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field as Described, create_model

from agent.amounts import Printed
from agent.dates import dates
from agent.extraction import data
from agent.free_wire import FIELDS, FreeAnswer
from agent.model import Question
from agent.places import Text
from prompts import render
from schemas.free import FreeFigure, FreeList

if TYPE_CHECKING:
    from agent.document import Document
    from schemas.form import Form

_OTHER = "other"
_SHOWN = 16
"""Letters of a line that stand beside its number where it is asked about."""
_HEAD = 12
"""Lines at most in which a text is looked for: what stands first says whose report it is."""
_NO_WORDS = re.compile(r"[\W\d_]*")


def question(document: Document, form: Form) -> Question:
    """What a small model is asked about a document."""
    assert form.free is not None
    wanted = {field.id for field in form.fields} | {figure.id for figure in form.free.figures}
    return _question("fields", document, form, wanted, form.free.lists, ())


def repair_question(
    document: Document, form: Form, wanted: Collection[str], lists: Sequence[FreeList], problems: Sequence[str]
) -> Question:
    """The question about fields and lists that do not hold."""
    return _question("repair", document, form, wanted, lists, problems)


def _question(
    name: str,
    document: Document,
    form: Form,
    wanted: Collection[str],
    lists: Sequence[FreeList],
    problems: Sequence[str],
) -> Question:
    assert form.free is not None
    sight = _Sight(document, form, Text(document, form.free), frozenset(wanted), tuple(lists))
    lines = {number: kinds for number in range(1, len(document.lines) + 1) if (kinds := tuple(sight.kinds(number)))}
    offered = {kind for kinds in lines.values() for kind in kinds}
    told = [f"{kind}: {ask}" if ask else kind for kind, ask in sight.told() if kind in offered]
    shown = [data(f"{number}|{document.lines[number - 1].strip()}") for number in lines]
    user = render("small_free", lines=shown, kinds=told, problems=list(problems))
    return Question(name, render("small_system"), user, _answer(sight, lines))


@dataclass(frozen=True)
class _Sight:
    """A document as a question without a grid sees it: what each line could state."""

    document: Document
    form: Form
    text: Text
    wanted: frozenset[str]
    lists: tuple[FreeList, ...]

    def told(self) -> Iterator[tuple[str, str]]:
        """What a line may be said to state, with what it means."""
        yield from ((field.id, field.ask) for field in self.form.fields)
        yield from ((figure.id, figure.ask) for figure in self.text.free.figures)
        yield from ((one.id, one.ask) for one in self.lists)

    def kinds(self, line: int) -> Iterator[str]:
        """What a line could state, by what is printed on it."""
        money = self.amount(line)
        fields = [field for field in self.form.fields if field.id in self.wanted]
        yield from (field.id for field in fields if field.kind == "date" and line in self._dated)
        if money:
            yield from self._figures(line)
            yield from (one.id for one in self.lists if self._may_list(line))
        elif line <= self._head and not _NO_WORDS.fullmatch(self.document.lines[line - 1]):
            yield from (field.id for field in fields if field.kind in ("text", "texts"))

    def amount(self, line: int) -> Printed | None:
        """The last amount that a line prints."""
        return next((one for one in reversed(self.text.on(line)) if one.money), None)

    def _figures(self, line: int) -> Iterator[str]:
        own = self.text.labels(line)
        beside = self.text.label_alone(line - 1) | self.text.label_alone(line + 1)
        for figure in self.text.free.figures:
            lost = figure.required and not self.text.has_place(figure)  # its label may be misspelt
            here = figure.id in own or (not own and (figure.id in beside or lost))
            if figure.id in self.wanted and (here or not figure.labels):
                yield figure.id

    def _may_list(self, line: int) -> bool:
        return all(self.text.free.by_id[name].in_lists for name in self.text.opened[line - 1])

    @property
    def _dated(self) -> set[int]:
        return {day.line for day in dates(self.document.lines)}

    @property
    def _head(self) -> int:
        """The last line in which a text is looked for: before the first amount."""
        printed = [number for number, line in enumerate(self.document.lines, 1) if line.strip()][:_HEAD]
        return next((number - 1 for number in printed if self.amount(number)), printed[-1] if printed else 0)


def _answer(sight: _Sight, lines: Mapping[int, Sequence[str]]) -> type[FreeAnswer]:
    """The shape of an answer: for every line one of what it could state; read together as the wire form."""

    def stating(self: Any, kind: str) -> list[int]:
        return [number for number in lines if getattr(self, f"line{number}") == kind]

    def fields(self: Any) -> str:
        return "\n".join(said for name in sorted(sight.wanted) for said in _fields(sight, name, stating(self, name)))

    def entries(listed: FreeList) -> Any:
        return lambda self: "\n".join(_entry(sight, listed, number) for number in stating(self, listed.id))

    read: dict[str, Any] = {FIELDS: property(fields)} | {one.id: property(entries(one)) for one in sight.lists}
    base: Any = type("Lines", (FreeAnswer,), read | {"__module__": __name__})
    shape: dict[str, Any] = {
        f"line{number}": (Literal[(*kinds, _OTHER)], Described(..., alias=_named(number, sight.document)))
        for number, kinds in lines.items()
    }
    answer: type[FreeAnswer] = create_model("Lines", __base__=base, **shape)
    answer.asked = sight.lists
    return answer


def _named(number: int, document: Document) -> str:
    """A line as it is asked about: its number alone would have to be looked up."""
    words = re.sub(r"[^\w%./:&@-]+", " ", document.lines[number - 1]).strip()
    return f"{number} {words[:_SHOWN]}".strip()


def _fields(sight: _Sight, name: str, lines: Sequence[int]) -> Iterator[str]:
    figures = sight.form.free.by_id if sight.form.free else {}
    if name in figures:
        # Of several lines the first holds: which of them is right the sums will say.
        said = [(number, amount.text) for number in lines[:1] if (amount := sight.amount(number))]
    elif any(field.id == name and field.kind == "date" for field in sight.form.fields):
        said = [(day.line, day.text) for day in dates(sight.document.lines) if day.line in lines][:1]
    else:
        run = _first_run(lines)
        said = [(run[0], " ".join(sight.document.lines[number - 1].strip() for number in run))] if run else []
    yield from (f"{name}@{number} {words}" for number, words in said)


def _first_run(lines: Sequence[int]) -> list[int]:
    """The first lines that follow one another."""
    return [number for index, number in enumerate(lines) if number == lines[0] + index]


def _entry(sight: _Sight, listed: FreeList, number: int) -> str:
    """An entry by its line: the amount that must be there, the words before it; what else it prints is left to see."""
    amount = sight.amount(number)
    assert amount is not None
    words = _words(sight, number)
    cells = [
        amount.text if isinstance(column, FreeFigure) and column.required else "_" if isinstance(column, FreeFigure)
        else words
        for column in listed.columns
    ]  # fmt: skip
    return f"@{number} {' | '.join(cells)}"


def _words(sight: _Sight, number: int) -> str:
    """The words of an entry: on its own line before its figures, else on the line above."""
    line = sight.document.lines[number - 1]
    first = min(one.start for one in sight.text.on(number))
    own = line[:first].strip(" \t|:*-")
    above = sight.document.lines[number - 2].strip() if number > 1 and not sight.amount(number - 1) else ""
    words = own if not _NO_WORDS.fullmatch(own) else above
    return words.replace("|", " ").strip() or "_"
