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
    from agent.language import Language
    from agent.outcome import Outcome
    from schemas.form import Form

_TEXTS = {
    "written": (
        "{path}：自定报告种类的起始文件。下一步：gouji forms check {path} 样例…",
        "{path}: a form to start from. Next: gouji forms check {path} SAMPLE...",
    ),
    "of_it": ("{path}：属于这种报告", "{path}: of this form"),
    "not_of_it": ("{path}：不是这种报告：{why}", "{path}: not of this form: {why}"),
    "line": ("第 {numbers} 行", "line {numbers}"),
    "lines": ("第 {numbers} 行", "lines {numbers}"),
    "stands": ("  {figure}：{lines}", "  {figure}: {lines}"),
    "stands_nowhere": (
        "  {figure}：没有一行同时有它的标签和数字",
        "  {figure}: no line carries its label and a figure",
    ),
    "bare": ("  没有标签的金额：{lines}", "  amounts behind no label: {lines}"),
    "no_bare": ("  没有标签的金额：无", "  amounts behind no label: none"),
    "two_days": ("  {line}：{text} 可能是 {days}", "  {line}: {text} can be {days}"),
    "or": (" 或 ", " or "),
    "found": ("    {cells}：{message}{lines}", "    {cells}: {message}{lines}"),
    "found_at_large": ("    {message}{lines}", "    {message}{lines}"),
    "at": ("（{lines}）", " ({lines})"),
}


def _say(language: Language, name: str, **values: object) -> str:
    return _TEXTS[name][language == "en"].format(**values)


def written(path: Path, language: Language) -> str:
    """That a form was written, and what comes next."""
    return _say(language, "written", path=path)


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


def on_sample(form: Form, path: Path, language: Language) -> Iterator[str]:
    """What the form sees in a sample, before any model reads it."""
    from agent.document import load as load_document
    from agent.evidence import gather
    from agent.language import message

    document = load_document(path)
    evidence = gather(document, form)
    why = message(language, evidence.why)
    yield _say(language, "of_it" if evidence.recognised else "not_of_it", path=path, why=why)
    if form.free and evidence.recognised:
        yield from _seen(form, document, language)


def _seen(form: Form, document: Document, language: Language) -> Iterator[str]:
    from agent.dates import dates, settled
    from agent.places import Text

    assert form.free is not None
    text = Text(document, form.free)
    numbers = range(1, len(document.lines) + 1)
    for figure in form.free.figures:
        if figure.labels:
            lines = [n for n in numbers if figure.id in text.labels(n) and any(not p.rate for p in text.on(n))]
            name = "stands" if lines else "stands_nowhere"
            yield _say(language, name, figure=figure.id, lines=_lines(lines, language))
    bare = [n for n in numbers if any(p.money for p in text.on(n)) and not text.labels(n)]
    yield _say(language, "bare" if bare else "no_bare", lines=_lines(bare, language))
    for day in dates(document.lines):
        if settled(day, document.lines) is None and not form.free.day_first:
            days = _say(language, "or").join(map(str, day.can_be))
            yield _say(language, "two_days", line=_lines([day.line], language), text=day.text, days=days)


def _lines(numbers: Sequence[int], language: Language) -> str:
    between = "、" if language == "zh" else ", "
    return _say(language, "lines" if len(numbers) > 1 else "line", numbers=between.join(map(str, numbers)))


def told(outcome: Outcome, language: Language) -> Iterator[str]:
    """How a sample ended where a model read it."""
    from agent.language import message, say
    from agent.outcome import NotThisForm

    yield f"  {say(language, outcome.status)}"
    if isinstance(outcome, NotThisForm):
        return
    for finding in outcome.findings:
        if not finding.warning:
            at = _say(language, "at", lines=_lines(finding.lines, language)) if finding.lines else ""
            name = "found" if finding.cells else "found_at_large"
            cells = ("、" if language == "zh" else ", ").join(finding.cells)
            yield _say(language, name, cells=cells, message=message(language, finding.message), lines=at)
