"""What one desk works with: the store, who sits at it, the forms, the model; and what it does with a report."""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from agent import decisions, review as reviews
from agent.document import MAX_BYTES, Document
from agent.errors import InputError, UsageError
from agent.evidence import Evidence, gather
from agent.language import Language
from agent.review import Review
from agent.store import Store
from agent.stored import document
from schemas import FormError, own

if TYPE_CHECKING:
    from agent.settings import ModelSettings
    from schemas.form import Form

_KEPT = 64


class _Kept:
    """The last values that took long to find."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, find: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        found = find()
        with self._lock:
            self._values[key] = found
            if len(self._values) > _KEPT:
                self._values.popitem(last=False)
        return found


@dataclass(frozen=True)
class Desk:
    """One person's desk. ``form``: the person's own form, beside the built-in ones."""

    store: Store
    by: str
    language: Language = "zh"
    form: Form | None = None
    model: ModelSettings | None = None
    _kept: _Kept = field(default_factory=_Kept, repr=False)
    _drawing: Lock = field(default_factory=Lock, repr=False)

    @property
    def path(self) -> Path:
        """The database."""
        return self.store.path

    def review(self, run: int) -> Review:
        """A report that waits or waited."""
        return decisions.load(self.path, run)

    def form_of(self, review: Review) -> Form:
        """The form of a report. Raises UsageError where it is not known here."""
        found = self.form_named(review.original.form)
        if found is None:
            raise UsageError(f"the form {review.original.form} is not known here; name it with --form path.py:Name")
        return found

    def form_named(self, name: str) -> Form | None:
        """A form by name; None where it is not known here."""
        if self.form and self.form.name == name:
            return self.form
        try:
            return own(name)
        except FormError:
            return None

    def document(self, review: Review) -> Document:
        """The source of a report, as it was loaded."""
        return document(self.path, review.original.document.sha256)

    def evidence(self, review: Review) -> Evidence:
        """What the source shows of the report's form."""
        form, found = self.form_of(review), self.document(review)
        evidence = self._kept.get((found.sha256, found.lines, form.name), lambda: gather(found, form))
        assert isinstance(evidence, Evidence)
        return evidence

    def correct(self, review: Review, typed: dict[str, str], note: str) -> int:
        """Check the typed figures and keep them."""
        source = self.document(review)
        if source.pages and not source.cells:
            raise UsageError(f"{source.name} was stored by an older gouji; read it again before correcting it")
        outcome, changed = reviews.correct(review, typed, self.by, self.evidence(review), source)
        return decisions.correct(self.store, review, outcome, changed, self.by, note)

    def accept(self, review: Review, *, as_published: bool, note: str) -> int:
        """Store the record as it stands."""
        settled = reviews.settle(review.current, self.form_of(review), as_published=as_published, note=note)
        return decisions.accept(self.store, review, settled, self.by, note)

    async def ask_again(self, review: Review, note: str) -> int:
        """Let the model read the report anew; gives the id of the new run."""
        from agent.pipeline import Plan

        if self.model is None:
            raise UsageError("no model is configured: start the desk with --model, or set GOUJI_MODEL")
        plan = Plan(self.form_of(review), "model", self.model)
        return await decisions.again(self.store, review, self.document(review), plan, self.by, note)

    def drawn(self, review: Review, page: int) -> bytes | None:
        """A page of the source as a PNG; None where its file is not to be had any more."""
        source = self.document(review)
        if not source.pages or not 1 <= page <= source.pages:
            return None
        with self._drawing:  # one after the other: the page that was asked for first is there first
            picture = self._kept.get((source.sha256, page), lambda: _draw(source, page))
        assert picture is None or isinstance(picture, bytes)
        return picture


def has_pages(source: Document) -> bool:
    """Whether the pages of a document can be drawn: it has some, and its file is still there."""
    return bool(source.pages and source.path and source.path.is_file())


def _draw(source: Document, page: int) -> bytes | None:
    data = _bytes(source)
    if data is None:
        return None
    from agent.loaders.child import ask

    try:
        # A page is drawn where files are parsed: in a process of its own, within limits.
        (answer,) = ask("drawing", data, number=page)
    except InputError:
        return None
    return base64.b64decode(answer["lines"][0][0][0])


def _bytes(source: Document) -> bytes | None:
    """The file as it was read; None where it is gone or another now."""
    if source.path is None:
        return None
    try:
        if not source.path.is_file() or source.path.stat().st_size > MAX_BYTES:
            return None
        data = source.path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == source.sha256 else None
