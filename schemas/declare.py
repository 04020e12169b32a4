"""A form from a pydantic model of one's own: what its fields are, which identities hold, what must be proved."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.form import Field, FieldKind, Form, FormError
from schemas.free import FigureKind, Free, FreeFigure, FreeList, FreeText, Standing
from schemas.identity import Identity, identity

__all__ = ["Identity", "declare", "identity", "of_model"]

Label = str | re.Pattern[str]
"""Words as they are printed, or a pattern."""

_Scope = Literal["document", "list", "nothing"]
_FIGURES = {int: "count", Decimal: "amount", float: "amount"}
_FIELDS: Mapping[Any, FieldKind] = {str: "text", date: "date", bool: "flag"}
_FACTORS: tuple[FigureKind, FigureKind] = ("number", "price")
_TAKEN = ("form", "fields", "asked")
"""What a record and an answer have of their own."""
_HELP = "use str, date, bool, int, Decimal, list[str], a list of a model, or a model"


def declare(
    model: type[BaseModel],
    identities: Iterable[str | Identity] = (),
    *,
    name: str = "",
    title: str = "",
    titles: Sequence[Label] = (),
    labels: Mapping[str, Sequence[Label]] | None = None,
    unless: Mapping[str, Sequence[Label]] | None = None,
    as_read: Collection[str] = (),
    if_proved: Collection[str] = (),
    in_lists: Collection[str] = (),
    ignored: Mapping[Label, str] | None = None,
    account_for: _Scope = "document",
    day_first: str = "",
    subject: str = "",
) -> Form:
    """The form that a model and its identities make. Raises FormError naming the field that makes no sense.

    Every figure must be proved by an identity, but those named in ``as_read``, which may stand as they are
    read, and in ``if_proved``, which are left out of the record where no identity proves them.
    """
    own = name or _kebab(model.__name__)
    try:
        lists = {"identities": identities, "titles": titles, "as_read": as_read, "if_proved": if_proved}
        _refuse_bare({**lists, "in_lists": in_lists}, {"labels": labels or {}, "unless": unless or {}}, account_for)
        shape = _Shape.of(model)
        free = Free(
            tuple(shape.figures),
            tuple(shape.lists),
            tuple(one if isinstance(one, Identity) else identity(one) for one in identities),
            frozenset(shape.required),
            tuple((_pattern(label), reason) for label, reason in (ignored or {}).items()),
            account_for,
            _of_dates(shape, labels),
            day_first,
            lambda: model,
            _of_dates(shape, unless),
        )
        said = _Said(labels or {}, unless or {}, as_read, if_proved, in_lists)
        _refuse_unknown(free, shape, said, subject)
        free = _standing(free, said)
        _refuse_identities(free, shape)
        _refuse_unproved(free)
    except FormError as error:
        raise FormError(f"form {own}: {error}") from error
    return Form(
        name=own,
        title=title or (model.__doc__ or own).strip().splitlines()[0],
        titles=tuple(f"(?i){_pattern(one)}" for one in titles),
        sections=(),
        tables={},
        identities=(),
        fields=tuple(shape.fields),
        free=free,
        subject=subject,
    )


def of_model(model: type[BaseModel]) -> Form:
    """The form of a bare model: it can be read, and nothing can be proved."""
    try:
        shape = _Shape.of(model)
    except FormError as error:
        raise FormError(f"form {_kebab(model.__name__)}: {error}") from error
    free = Free(
        tuple(shape.figures), tuple(shape.lists), (), frozenset(shape.required), (), "nothing", (), "", lambda: model
    )
    free = _standing(free, _Said({}, {}, (), (), ()))
    said = (model.__doc__ or model.__name__).strip().splitlines()[0]
    return Form(_kebab(model.__name__), said, (), (), {}, (), tuple(shape.fields), free=free)


@dataclass
class _Shape:
    """What the fields of a model are."""

    fields: list[Field] = field(default_factory=list)
    figures: list[FreeFigure] = field(default_factory=list)
    lists: list[FreeList] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    dates: list[str] = field(default_factory=list)
    inside: list[type[BaseModel]] = field(default_factory=list)

    @classmethod
    def of(cls, model: type[BaseModel]) -> _Shape:
        shape = cls()
        shape.add(model, "", True)
        if not (shape.fields or shape.figures or shape.lists):
            raise FormError(f"{model.__name__} has no field")
        return shape

    def add(self, model: type[BaseModel], prefix: str, needed: bool) -> None:
        """The fields of a model, those of a model inside it behind its name."""
        if model in self.inside:
            raise FormError(f"field {prefix[:-1]}: {model.__name__} stands inside itself; a record has an end")
        if not prefix and (taken := next((name for name in _TAKEN if name in model.model_fields), None)):
            raise FormError(f"field {taken}: the name is taken; call it something else")
        self.inside.append(model)
        for name, info in model.model_fields.items():
            self._field(prefix + name, info, needed)
        self.inside.pop()

    def _field(self, path: str, info: FieldInfo, needed: bool) -> None:
        kind, optional = _bare(info.annotation)
        required = needed and info.is_required() and not optional
        ask = info.description or ""
        if required:
            self.required.add(path)
        if kind in _FIGURES:
            self.figures.append(FreeFigure(path, _FIGURES[kind], ask, required=required))  # type: ignore[arg-type]
        elif kind in _FIELDS or _is_choice(kind):
            said = ask or (f"one of {', '.join(get_args(kind))}" if _is_choice(kind) else path.replace("_", " "))
            self.fields.append(Field(path, _FIELDS.get(kind, "text"), said))
            if kind is date:
                self.dates.append(path)
        elif get_origin(kind) is list:
            self._list(path, _bare(get_args(kind)[0])[0], ask, required or _not_empty(info))
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            self.required.discard(path)
            self.add(kind, f"{path}.", required)
        else:
            raise FormError(f"field {path}: {_told(kind)} cannot be read; {_HELP}")

    def _list(self, path: str, entry: Any, ask: str, required: bool) -> None:
        if entry is str:
            self.fields.append(Field(path, "texts", ask or path))
            return
        if not (isinstance(entry, type) and issubclass(entry, BaseModel)):
            raise FormError(f"field {path}: a list of {_told(entry)} cannot be read; {_HELP}")
        if "." in path:
            raise FormError(f"field {path}: a list inside a model is not supported; move it to the form itself")
        columns = tuple(_column(path, name, info) for name, info in entry.model_fields.items())
        if not any(isinstance(column, FreeFigure) for column in columns):
            raise FormError(f"field {path}: its entries have no figure; list them as list[str]")
        self.lists.append(FreeList(path, columns, ask, required))


def _column(path: str, name: str, info: FieldInfo) -> FreeFigure | FreeText:
    kind, optional = _bare(info.annotation)
    required = info.is_required() and not optional
    if kind in _FIGURES:
        return FreeFigure(name, _FIGURES[kind], info.description or "", required=required)  # type: ignore[arg-type]
    if kind is str or _is_choice(kind):
        return FreeText(name, info.description or "", required)
    raise FormError(f"field {path}.{name}: {_told(kind)} cannot be read in a list; use str, int or Decimal")


def _bare(kind: Any) -> tuple[Any, bool]:
    """The type without ``| None`` and without what is noted beside it, and whether it had one."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        parts = [part for part in get_args(kind) if part is not type(None)]
        if len(parts) == 1:
            return _bare(parts[0])[0], len(get_args(kind)) > 1
    return kind, False


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal and all(isinstance(value, str) for value in get_args(kind))


def _not_empty(info: FieldInfo) -> bool:
    return any(getattr(mark, "min_length", None) for mark in info.metadata)


def _told(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _pattern(label: Label) -> str:
    """The pattern of a label: plain words with any space between them, and no letters joined on."""
    if isinstance(label, re.Pattern):
        return label.pattern
    words = r"[\s\W]*".join(map(re.escape, label.split()))
    before, after = (r"(?<![^\W\d_])" if part[:1].isalpha() and part.isascii() else "" for part in (label, label[::-1]))
    return f"{before}{words}{after.replace('?<!', '?!')}"


def _of_dates(shape: _Shape, said: Mapping[str, Sequence[Label]] | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((one, tuple(map(_pattern, (said or {})[one]))) for one in shape.dates if one in (said or {}))


@dataclass(frozen=True)
class _Said:
    """What is said of figures by name."""

    labels: Mapping[str, Sequence[Label]]
    unless: Mapping[str, Sequence[Label]]
    as_read: Collection[str]
    if_proved: Collection[str]
    in_lists: Collection[str]


def _refuse_bare(lists: Mapping[str, Any], by_figure: Mapping[str, Mapping[str, Any]], account_for: str) -> None:
    """Words where a list of them is expected would be taken by letters; a misspelt scope would ask for nothing."""
    by_name = {f"{where}: {name}": said for where, its in by_figure.items() for name, said in its.items()}
    for where, given in {**lists, **by_name}.items():
        if isinstance(given, str | re.Pattern) or not isinstance(given, Iterable):
            raise FormError(f"{where}: a list is expected, not {given!r}")
    if account_for not in get_args(_Scope):
        raise FormError(f"account_for: {account_for!r} is none of {', '.join(get_args(_Scope))}")


def _refuse_unknown(free: Free, shape: _Shape, said: _Said, subject: str) -> None:
    for where, named in (("as_read", said.as_read), ("if_proved", said.if_proved), ("in_lists", said.in_lists)):
        for path in named:
            if path not in free.by_id and path != "all":
                raise FormError(f"{where}: there is no figure {path!r}{_nearest(path, free.by_id)}")
    both = sorted(set(said.as_read) & set(said.if_proved))
    if both:
        raise FormError(f"{both[0]} stands both in as_read and in if_proved")
    for where, labels in (("labels", said.labels), ("unless", said.unless)):
        for path in labels:
            if path not in free.by_id and path not in shape.dates:
                raise FormError(f"{where}: there is no figure or date {path!r}{_nearest(path, free.by_id)}")
            if path in {f"{one.id}.{f.id}" for one in free.lists for f in one.figures}:
                raise FormError(f"{where}: {path} is a column of a list, which has no label on its line")
    if subject and subject not in {one.id for one in shape.fields}:
        raise FormError(f"subject: there is no field {subject!r}{_nearest(subject, [f.id for f in shape.fields])}")


def _standing(free: Free, said: _Said) -> Free:
    """The form with what each figure needs to be kept; of a product the first is a number, the second a price."""
    factors: dict[str, FigureKind] = {
        f"{one.each}.{name}" if one.each else name: kind
        for its in free.identities
        for one in its.sums
        for term in one.terms
        if len(term.names) > 1
        for name, kind in zip(term.names, _FACTORS, strict=True)
    }

    added = {name for its in free.identities for one in its.sums for name in one.names()}

    def settled(figure: FreeFigure, path: str) -> FreeFigure:
        read = path in said.as_read or "all" in said.as_read
        stands: Standing = "if_proved" if path in said.if_proved else "read" if read else "proved"
        # What adds up with nothing need not look like money: it may be a quantity.
        kind = factors.get(path, "amount" if path in added else "number") if figure.kind == "amount" else figure.kind
        own, no = (tuple(map(_pattern, words.get(path, ()))) for words in (said.labels, said.unless))
        return replace(figure, stands=stands, kind=kind, labels=own, unless=no, in_lists=path in said.in_lists)

    lists = tuple(
        replace(
            one,
            columns=tuple(settled(c, f"{one.id}.{c.id}") if isinstance(c, FreeFigure) else c for c in one.columns),
        )
        for one in free.lists
    )
    return replace(free, figures=tuple(settled(f, f.id) for f in free.figures), lists=lists)


def _refuse_identities(free: Free, shape: _Shape) -> None:
    columns = {f"{one.id}.{f.id}" for one in free.lists for f in one.figures}
    lists = {one.id for one in free.lists}
    for its in free.identities:
        for one in its.sums:
            where = f"identity {one.text!r}"
            if one.each and one.each not in lists:
                raise FormError(f"{where}: there is no list {one.each!r}{_nearest(one.each, lists)}")
            for term in one.terms:
                for name in term.names:
                    path = f"{one.each}.{name}" if one.each else name
                    _refuse_name(where, path, free, shape)
                    if not one.each and not term.summed and path in columns:
                        raise FormError(f"{where}: {path} is a list's column: write sum({path})")
                    if term.summed and path not in columns:
                        raise FormError(f"{where}: {path} is no list's column, so there is nothing to sum")


def _refuse_name(where: str, path: str, free: Free, shape: _Shape) -> None:
    if path in free.by_id:
        return
    texts = {one.id for one in shape.fields} | {f"{one.id}.{t.id}" for one in free.lists for t in one.texts}
    if path in texts:
        raise FormError(f"{where}: {path} is a text, and only figures add up; make it a Decimal or an int")
    raise FormError(f"{where}: there is no figure {path!r}{_nearest(path, free.by_id)}")


def _refuse_unproved(free: Free) -> None:
    covered = {name for its in free.identities for one in its.sums for name in one.names()}
    bare = [path for path, figure in free.by_id.items() if figure.stands == "proved" and path not in covered]
    if bare:
        raise FormError(
            f"no identity covers {', '.join(bare)}, so nothing could prove "
            f"{'it' if len(bare) == 1 else 'them'}; add one, or name {'it' if len(bare) == 1 else 'them'} "
            "in as_read or if_proved"
        )


def _nearest(name: str, known: Iterable[str]) -> str:
    close: Iterator[str] = iter(get_close_matches(name, list(known), 1))
    found = next(close, None)
    return f"; did you mean {found!r}?" if found else f"; there are {', '.join(known)}"
