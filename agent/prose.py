"""Prose fields: the shape they are asked in, and what of the answer the source really says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model

from agent.outcome import Finding, Words
from agent.quotes import Quote, Source, counts, denies, states, states_date, states_year
from agent.segments import segment
from agent.squeeze import squeeze
from schemas.form import Field, Form, Quoted


def _as_text(value: object) -> object:
    """What weak models write in a text's stead: no reason to ask again."""
    if value is None or value == "null":
        return ""
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]
"""A text as asked: empty where the report is silent, since "string or null" is a longer schema."""


class _Loose(BaseModel):
    """What a model leaves out, the report does not state: no reason to ask again either."""

    model_config = ConfigDict(extra="forbid", strict=True)


SAID = frozenset({"count", "year", "date", "flag"})
"""Kinds of fields that are given as ``value | quote``."""


_LONGEST_PASSAGE = 300
"""Letters of a passage that states one value; a whole report states anything."""


@lru_cache(maxsize=32)
def answer_model(fields: tuple[Field, ...], record: type[BaseModel] | None) -> type[BaseModel]:
    """The shape of an answer for these fields: texts verbatim, every other value with its quote."""
    shapes: dict[str, Any] = {asked.id: _shape(asked, record) for asked in fields}
    return create_model("Prose", __base__=_Loose, **shapes)


def _shape(asked: Field, record: type[BaseModel] | None) -> tuple[Any, Any]:
    if asked.kind == "texts":
        return list[Text], []
    if asked.kind != "structure":
        return Text, ""
    assert record is not None
    its = record.model_fields[asked.id].annotation
    return _asked_as(its, quoted=True), [] if get_origin(its) is list else None


def _asked_as(kind: Any, quoted: bool) -> Any:
    """The record's type as it is asked: without bounds, which the record itself keeps; counts with a quote."""
    if get_origin(kind) in (Union, UnionType):
        parts = get_args(kind)
        return Text if str in parts else Union[tuple(_asked_as(one, quoted) for one in parts)]  # noqa: UP007
    if get_origin(kind) is list:
        return list[_asked_as(get_args(kind)[0], quoted)]  # type: ignore[misc]
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return Text if kind is str else kind
    shapes: dict[str, Any] = {}
    for name, its in kind.model_fields.items():
        asked = _asked_as(its.annotation, quoted=False)
        default = "" if asked is Text else its.get_default(call_default_factory=True)
        shapes[name] = (asked, ... if its.is_required() else default)
    if quoted and any(_counted(its.annotation) for its in kind.model_fields.values()):
        shapes["quote"] = (Text, ...)
    return create_model(kind.__name__, __base__=_Loose, **shapes)


def _counted(kind: Any) -> bool:
    return kind is int or any(_counted(one) for one in get_args(kind))


@dataclass
class Prose:
    """What the source really says of an answer, and what was dropped from it because it does not."""

    words: dict[str, Words] = field(default_factory=dict)
    dropped: list[Finding] = field(default_factory=list)


class _InventedError(ValueError):
    """A value that the source does not state."""


def read(value: BaseModel, form: Form, source: Source, by: str) -> Prose:
    """The fields of an answer, each held against the source: its prose, and what the form's own patterns read there."""
    tables = {grid.section for grids in form.tables.values() for grid in grids}
    spans = [(span.start, span.end) for name, span in segment(source.squeezed, form).items() if name in tables]
    settled = form.read_prose(source.text) if form.read_prose else {}
    prose = Prose()
    for asked in form.fields:
        said = getattr(value, asked.id, None)
        reader = _Reader(asked, source.beside(spans), prose)
        found = reader.settle(said) if said else None
        kept = _recorded(form, reader, found[0]) if found else None
        if found is None or kept is None or _contradicted(reader, kept, settled):
            continue
        quotes = found[1]
        words = Words(kept, " … ".join(dict.fromkeys(q.text for q in quotes)), quotes[0].line, by)
        prose.words[asked.id] = _in_full(words, settled.get(asked.id), source)
    return prose


def _in_full(words: Words, other: Quoted | None, source: Source) -> Words:
    """The words, or where they are but the end of a name that the form's own patterns read, that name."""
    if other is None or not isinstance(words.value, str) or len(squeeze(str(other.value))) <= len(squeeze(words.value)):
        return words
    return replace(words, value=other.value, quote=other.quote, line=source.squeezed.line(other.at))


def _recorded(form: Form, reader: _Reader, found: Any) -> Any:
    """The value as the record holds it, without the parts that are none of its; None where nothing is left."""
    field = reader.asked.id
    while form.record is not None and found not in ({}, []):
        text = json.dumps({field: found}, default=date.isoformat)
        try:
            return form.record.model_validate_json(text).model_dump()[field]
        except ValidationError as error:
            place, why = error.errors()[0]["loc"][:2], error.errors()[0]["msg"]
        inside = found[place[1]] if len(place) > 1 else found
        reader.drop(".".join(map(str, place)), inside, f"is no value of the form: {why}")
        if inside is found:
            return None
        found = _without(found, place[1])
    return None if found in ({}, []) else found


def _without(found: Any, part: int | str) -> Any:
    if isinstance(found, list):
        return [one for index, one in enumerate(found) if index != part]
    return {name: one for name, one in found.items() if name != part}


def _contradicted(reader: _Reader, value: Any, settled: Mapping[str, Quoted]) -> bool:
    """Whether the form's own patterns read another value: then neither is sure."""
    other = settled.get(reader.asked.id)
    if other is None or reader.asked.kind in ("structure", "texts"):
        return False
    same = _same_name(value, other.value) if isinstance(value, str) else value == other.value
    if not same:
        reader.drop(reader.asked.id, value, f"is not what the text says elsewhere: {other.quote!r:.60}")
    return not same


def _same_name(one: str, other: object) -> bool:
    names = sorted((squeeze(one), squeeze(str(other))), key=len)
    return names[1].endswith(names[0])


class _Reader:
    """Holds the answer for one field against the source."""

    def __init__(self, asked: Field, source: Source, prose: Prose) -> None:
        self.asked = asked
        self.source = source
        self.prose = prose

    def drop(self, place: str, value: object, why: str) -> None:
        message = f"{place}: {value!r:.80} {why}; dropped"
        self.prose.dropped.append(Finding("source", message, (place,), warning=True))

    def settle(self, said: Any) -> tuple[Any, list[Quote]] | None:
        """The value with its quotes, None where nothing of it stands in the source."""
        try:
            match self.asked.kind:
                case "text":
                    quote = self._about(self._quoted(said))
                    return quote.text, [quote]
                case "texts":
                    quotes = list(self._texts(said))
                    return ([q.text for q in quotes], quotes) if quotes else None
                case "structure":
                    return self._structure(said)
                case _:
                    given, _, words = said.partition("|")
                    if len(words) > _LONGEST_PASSAGE:
                        raise _InventedError("has a quote too long to say what states it")
                    quote = self._about(self._quoted(words))
                    return self._stated(given.strip(), quote.text), [quote]
        except _InventedError as invented:
            self.drop(self.asked.id, said, str(invented))
            return None

    def _quoted(self, words: str) -> Quote:
        found = self.source.find(words)
        if found is None:
            raise _InventedError(f"is not in the source: {words!r:.60}")
        return found

    def _about(self, quote: Quote) -> Quote:
        """The quote, if it holds one of the words that the form asks for."""
        if self.asked.says and not any(word in quote.text for word in self.asked.says):
            raise _InventedError(f"has a quote about something else: {quote.text!r:.60}")
        return quote

    def _texts(self, said: list[str]) -> Iterator[Quote]:
        for index, words in enumerate(said):
            found = self.source.find_shortened(words)
            if found:
                yield found
            else:
                self.drop(f"{self.asked.id}.{index}", words, "is not in the source")

    def _stated(self, given: str, quote: str) -> Any:
        """The value given, if its quote states it."""
        value: Any
        match self.asked.kind:
            case "flag":
                value = {"yes": True, "true": True, "no": False, "false": False}.get(given.lower())
                stated = value is not None and denies(quote, self.asked.says) is (not value)
            case "date":
                value = _day(given)
                stated = value is not None and states_date(quote, value)
            case kind:
                value = int(given) if re.fullmatch(r"[0-9]{1,15}", given) else None
                stated = value is not None and (
                    states_year(quote, value) if kind == "year" else states(quote, value, self.asked.says)
                )
        if not stated:
            raise _InventedError(f"is not what its quote states: {quote!r:.60}")
        return value

    def _structure(self, said: Any) -> tuple[Any, list[Quote]] | None:
        quotes: list[Quote] = []
        if not isinstance(said, list):
            found = self._entry(said, self.asked.id, quotes)
            return (found, quotes) if found and quotes else None
        kept = self._each(said, self.asked.id, None, quotes)
        return (kept, quotes) if kept and quotes else None

    def _each(self, said: list[Any], place: str, quote: Quote | None, quotes: list[Quote]) -> list[Any]:
        kept = []
        for index, one in enumerate(said):
            try:
                part = self._part(one, f"{place}.{index}", quote, quotes)
            except _InventedError as invented:
                self.drop(f"{place}.{index}", one, str(invented))
                continue
            if part is not None:
                kept.append(part)
        return kept

    def _entry(
        self, one: BaseModel, place: str, quotes: list[Quote], quote: Quote | None = None
    ) -> dict[str, Any] | None:
        """The parts of a structure that the source states; a count stands in the quote of its entry."""
        own = getattr(one, "quote", None)
        quote = self._about(self._quoted(own)) if own is not None else quote
        found = [quote] if quote and own is not None else []
        kept: dict[str, Any] = {}
        texts = (n for n, its in type(one).model_fields.items() if its.is_required() and n != "quote")
        called = next((said for n in texts if isinstance(said := getattr(one, n), str)), "")
        for name, its in type(one).model_fields.items():
            value = getattr(one, name)
            if value is None or value == "" or (name == "quote" and own is not None):
                continue
            try:
                kept[name] = self._part(value, f"{place}.{name}", quote, found, called)
            except _InventedError as invented:
                if its.is_required():
                    raise
                self.drop(f"{place}.{name}", value, str(invented))
        quotes += found
        return kept if any(value != [] and not isinstance(value, bool) for value in kept.values()) else None

    def _part(self, value: Any, place: str, quote: Quote | None, quotes: list[Quote], called: str = "") -> Any:
        if isinstance(value, BaseModel):
            return self._entry(value, place, quotes, quote)
        if isinstance(value, list):
            return self._each(value, place, quote, quotes)
        if isinstance(value, str):
            found = self._quoted(value)
            quotes.append(found)
            return found.text
        if isinstance(value, bool) or not isinstance(value, int):
            return value
        if quote is None or not counts(quote.text, value, called, self.asked.unless):
            raise _InventedError(f"is not what its quote states: {quote.text if quote else ''!r:.60}")
        return value


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None
