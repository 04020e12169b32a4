"""What must be true of whatever comes out, however odd what went in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agent import serial, sums
from agent.document import Document
from agent.errors import GoujiError, InputError
from agent.outcome import TRUSTED, Accepted, NeedsReview, NotThisForm, Outcome
from eval.cases import Case
from schemas.form import Form


def refused(error: InputError) -> str:
    """A refusal names the file, and is told in words."""
    assert str(error).startswith("f: "), error
    assert "Traceback" not in str(error)
    return "refused"


def named(error: GoujiError) -> str:
    """An error that is documented, in few words."""
    assert len(str(error)) < 1000
    return type(error).__name__


def assert_clean(document: Document) -> None:
    """Lines hold no line ends, no control characters but tabs, and nothing that has no width."""
    for line in document.lines:
        odd = [c for c in line if c != "\t" and unicodedata.category(c) in ("Cc", "Zl", "Zp")]
        assert not odd, odd
        assert not set("\u202e\u2066\u200b\ufeff") & set(line)


def judged(outcome: Outcome, document: Document, form: Form) -> str:
    """What an outcome must be, whatever it came from."""
    assert serial.restore(serial.keep(outcome)) == outcome
    if isinstance(outcome, NeedsReview):
        assert outcome.reasons
        assert any(not finding.warning for finding in outcome.findings)
    if isinstance(outcome, Accepted):
        assert not sums.check(serial.parse(serial.write(outcome.record)), form).failing
        for path, figure in outcome.reading.figures.items():
            if figure.value is None or outcome.grades.get(path) not in TRUSTED:
                continue
            assert figure.line is not None, path
            near = digits("".join(document.lines[max(0, figure.line - 1) : figure.line + 1]))
            if form.free:  # there a model's own words stand beside the figure that its place shows
                assert holds_it(figure.value, near), (path, figure)
                continue
            assert digits(figure.printed) in near, (path, figure)
            assert alike(figure.value, digits(figure.printed)), (path, figure)
    return outcome.status


def assert_true(outcome: Outcome, case: Case) -> None:
    """Whatever a model said, what is trusted is what the report says."""
    if isinstance(outcome, NotThisForm):
        return
    truth = case.figures()
    for path, grade in outcome.grades.items():
        if grade in TRUSTED and path in truth and not case.is_undetermined(path) and truth[path] is not None:
            right = [truth[path]] if isinstance(outcome, Accepted) else _of_any_entry(path, truth)
            assert outcome.reading.value(path) in [_exact(value) for value in right], (case.name, path)


def _of_any_entry(path: str, truth: Mapping[str, Any]) -> list[Any]:
    """What a figure may be in a report that waits: where an entry of its list is missing, the next has its number."""
    entry = re.sub(r"\.\d+\.", ".", path)
    return [value for other, value in truth.items() if re.sub(r"\.\d+\.", ".", other) == entry]


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


_AS_DIGIT = str.maketrans("OoQ〇○lI|｜!SBZ", "0000011111582")


def digits(printed: str) -> str:
    """The digits of a text, with the letters that look like some."""
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", printed).translate(_AS_DIGIT))


def alike(value: Any, printed: str) -> bool:
    """Whether a number has those digits, zeros before and behind aside."""
    return digits(format(Decimal(value), "f")).strip("0") == printed.strip("0")


def holds_it(value: Any, printed: str) -> bool:
    """Whether a number is one of those in a text, by its digits."""
    return digits(format(Decimal(value), "f")).strip("0") in printed
