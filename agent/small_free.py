"""A form without a grid, asked of a small model: what each line states, of the few things it could.

A model of 1.5B parameters asked for ``NAME@LINE WORDS`` repeats the question. Asked line by line it can
leave none out and make none up; the figure taken is the last amount that its line prints.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

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
_NOT_SHOWN = re.compile(r"[^\w%./:&@-]+")
_NO_WORDS = re.compile(r"[\W\d_]*")


def question(document: Document, form: Form) -> Question:
    """What a small model is asked about a document."""
    assert form.free is not None
    wanted = {field.id for field in form.fields} | {figure.id for figure in form.free.figures}
    return _question("fields", _Sight.of(document, form, wanted, form.free.lists), ())


def repair_question(
    document: Document,
    form: Form,
    wanted: Collection[str],
    lists: Sequence[FreeList],
    problems: Sequence[str],
    unexplained: Collection[int],
) -> Question:
    """The question about fields and lists that do not hold. ``unexplained``: lines that do state something."""
    return _question("repair", _Sight.of(document, form, wanted, lists, unexplained), problems)


def _question(name: str, sight: _Sight, problems: Sequence[str]) -> Question:
    spots = {f"spot{number}": spot for number, spot in enumerate(sight.spots())}
    offered = {kind for spot in spots.values() for kind in spot.kinds}
    told = [f"{kind}: {ask}" if ask else kind for kind, ask in sight.told() if kind in offered]
    lines = dict.fromkeys(spot.line for spot in spots.values())
    shown = [data(f"{line}|{sight.document.lines[line - 1].strip()}") for line in lines]
    user = render("small_free", lines=shown, kinds=told, problems=list(problems))
    return Question(name, render("small_system"), user, _answer(sight, spots))


@dataclass(frozen=True)
class _Spot:
    """What is asked about: a line with the amount that it ends on, or one of several amounts behind a label."""

    line: int
    amount: Printed | None
    kinds: tuple[str, ...]
    shown: str


@dataclass(frozen=True)
class _Sight:
    """A document as a question without a grid sees it: what each line could state."""

    document: Document
    form: Form
    text: Text
    wanted: frozenset[str]
    lists: tuple[FreeList, ...]
    unexplained: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls,
        document: Document,
        form: Form,
        wanted: Collection[str],
        lists: Sequence[FreeList],
        unexplained: Collection[int] = (),
    ) -> Self:
        """A document and what is asked of it."""
        assert form.free is not None
        text = Text(document, form.free)
        return cls(document, form, text, frozenset(wanted), tuple(lists), frozenset(unexplained))

    def told(self) -> Iterator[tuple[str, str]]:
        """What a line may be said to state, with what it means."""
        yield from ((field.id, field.ask) for field in self.form.fields)
        yield from ((figure.id, figure.ask) for figure in self.text.free.figures)
        yield from ((one.id, one.ask) for one in self.lists)

    def spots(self) -> Iterator[_Spot]:
        """All that is asked about, in printed order."""
        for line in range(1, len(self.document.lines) + 1):
            figures = tuple(self._figures(line))
            behind = [one for one in self.text.on(line) if one.money]
            if len(behind) > 1 and len(figures) > 1 and not self._may_list(line):
                yield from (_Spot(line, one, self._or_other(line, figures), one.text) for one in behind)
            elif kinds := tuple(self._kinds(line, figures)):
                yield _Spot(line, self.amount(line), self._or_other(line, kinds), "")

    def _or_other(self, line: int, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return kinds if line in self.unexplained else (*kinds, _OTHER)

    def _kinds(self, line: int, figures: Sequence[str]) -> Iterator[str]:
        """What a line could state, by what is printed on it."""
        fields = [field for field in self.form.fields if field.id in self.wanted]
        yield from (field.id for field in fields if field.kind == "date" and line in self._dated)
        if self.amount(line):
            yield from figures
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


def _answer(sight: _Sight, spots: Mapping[str, _Spot]) -> type[FreeAnswer]:
    """The shape of an answer: for every spot one of what it could state; read together as the wire form."""

    def stating(self: Any, kind: str) -> list[_Spot]:
        return [spot for name, spot in spots.items() if getattr(self, name) == kind]

    def fields(self: Any) -> str:
        return "\n".join(said for name in sorted(sight.wanted) for said in _fields(sight, name, stating(self, name)))

    def entries(listed: FreeList) -> Any:
        return lambda self: "\n".join(_entry(sight, listed, spot) for spot in stating(self, listed.id))

    read: dict[str, Any] = {FIELDS: property(fields)} | {one.id: property(entries(one)) for one in sight.lists}
    base: Any = type("Lines", (FreeAnswer,), read | {"__module__": __name__})
    shape: dict[str, Any] = {
        name: (Literal[spot.kinds], Described(..., alias=_named(spot, sight.document))) for name, spot in spots.items()
    }
    answer: type[FreeAnswer] = create_model("Lines", __base__=base, **shape)
    answer.asked = sight.lists
    return answer


def _named(spot: _Spot, document: Document) -> str:
    """A line as it is asked about: its number alone would have to be looked up."""
    line = document.lines[spot.line - 1]
    at = f"{spot.line}.{spot.amount.start}" if spot.amount and spot.shown else f"{spot.line}"
    words = _NOT_SHOWN.sub(" ", f"{spot.shown} {line}").strip()
    return f"{at} {words[:_SHOWN]}".strip()


def _fields(sight: _Sight, name: str, spots: Sequence[_Spot]) -> Iterator[str]:
    lines = [spot.line for spot in spots]
    if name in sight.text.free.by_id:
        # Of several lines the first holds, one that was left unexplained before others; the sums say if it is right.
        chosen = sorted(spots, key=lambda spot: spot.line not in sight.unexplained)
        said = [(spot.line, spot.amount.text) for spot in chosen[:1] if spot.amount]
    elif any(field.id == name and field.kind == "date" for field in sight.form.fields):
        said = [(day.line, day.text) for day in dates(sight.document.lines) if day.line in lines][:1]
    else:
        run = _first_run(lines)
        said = [(run[0], " ".join(sight.document.lines[number - 1].strip() for number in run))] if run else []
    yield from (f"{name}@{number} {words}" for number, words in said)


def _first_run(lines: Sequence[int]) -> list[int]:
    """The first lines that follow one another."""
    return [number for index, number in enumerate(lines) if number == lines[0] + index]


def _entry(sight: _Sight, listed: FreeList, spot: _Spot) -> str:
    """An entry by its line: the amount that must be there, the words before it; what else it prints is left to see."""
    assert spot.amount is not None
    words = _words(sight, spot.line)
    cells = [
        words if not isinstance(column, FreeFigure) else spot.amount.text if column.required else "_"
        for column in listed.columns
    ]
    return f"@{spot.line} {' | '.join(cells)}"


def _words(sight: _Sight, number: int) -> str:
    """The words of an entry: on its own line before its figures, else on the line above."""
    line = sight.document.lines[number - 1]
    first = min(one.start for one in sight.text.on(number))
    own = line[:first].strip(" \t|:*-")
    above = sight.document.lines[number - 2].strip() if number > 1 and not sight.amount(number - 1) else ""
    words = own if not _NO_WORDS.fullmatch(own) else above
    return words.replace("|", " ").strip() or "_"
