"""Forms of one's own: a commented starting file, and what a form makes of some samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.document import Document
    from agent.outcome import Outcome
    from schemas.form import Form


def new(name: str) -> Path:
    """Write NAME.py, a form to start from. Raises UsageError where it is there, or the name is no name."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"{name!r} is no name for a form; small letters, digits and _, such as delivery_note")
    path = Path(f"{name}.py")
    title = name.replace("_", " ")
    text = (files("schemas") / "starting_form.txt").read_text(encoding="utf-8")
    made = text.format(name=name, model="".join(part.title() for part in name.split("_")), title=title)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(made)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already; choose another name") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return path


def load(file: str) -> Form:
    """The form in a file: path.py:Name, path.toml, or path.py whose form is called FORM."""
    from agent.output import form_named

    return form_named(f"{file}:FORM" if file.endswith(".py") else file)


def on_sample(form: Form, path: Path) -> Iterator[str]:
    """What the form sees in a sample, before any model reads it."""
    from agent.document import load as load_document
    from agent.evidence import gather

    document = load_document(path)
    evidence = gather(document, form)
    yield f"{path}: {'of this form' if evidence.recognised else f'not of this form: {evidence.why}'}"
    if form.free and evidence.recognised:
        yield from _seen(form, document)


def _seen(form: Form, document: Document) -> Iterator[str]:
    from agent.dates import dates, settled
    from agent.places import Text

    assert form.free is not None
    text = Text(document, form.free)
    numbers = range(1, len(document.lines) + 1)
    for figure in form.free.figures:
        if figure.labels:
            lines = [n for n in numbers if figure.id in text.labels(n) and any(not p.rate for p in text.on(n))]
            yield f"  {figure.id}: {_lines(lines) if lines else 'no line carries its label and a figure'}"
    bare = [n for n in numbers if any(p.money for p in text.on(n)) and not text.labels(n)]
    yield f"  amounts behind no label: {_lines(bare) if bare else 'none'}"
    for day in dates(document.lines):
        if settled(day, document.lines) is None and not form.free.day_first:
            yield f"  line {day.line}: {day.text} can be {' or '.join(map(str, day.can_be))}"


def _lines(numbers: Sequence[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def told(outcome: Outcome) -> Iterator[str]:
    """How a sample ended where a model read it."""
    from agent.outcome import NotThisForm

    yield f"  {outcome.status}"
    if not isinstance(outcome, NotThisForm):
        for finding in outcome.findings:
            if not finding.warning:
                cells = f"{', '.join(finding.cells)}: " if finding.cells else ""
                yield f"    {cells}{finding.message}{f' ({_lines(finding.lines)})' if finding.lines else ''}"
