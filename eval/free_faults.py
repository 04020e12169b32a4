"""What goes wrong in an answer without a grid: digits, lines, entries, labels, and figures made to fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from agent.amounts import printed
from agent.document import Document
from schemas.form import Form

_DIGITS = re.compile(r"\d+[.,]\d\d\b|\d+")


@dataclass
class _Lines:
    """The lines of an answer by the string they stand in."""

    form: Form
    document: Document
    lines: dict[str, list[str]]

    def figures(self) -> list[tuple[str, int]]:
        """Lines that give a figure of the form, or an entry."""
        assert self.form.free is not None
        names = {figure.id for figure in self.form.free.figures}
        return [
            (name, i)
            for name, lines in self.lines.items()
            for i, line in enumerate(lines)
            if name != "fields" or line.partition("@")[0] in names
        ]

    def change(self, place: tuple[str, int], how: Callable[[str], str]) -> None:
        """Change a line behind its place in the source."""
        name, i = place
        head, _, rest = self.lines[name][i].partition(" ")
        self.lines[name][i] = f"{head} {how(rest)}"

    def money(self) -> list[tuple[int, str]]:
        """Every amount that the text prints, with its line."""
        return [(one.line, one.text) for line in printed(self.document.lines) for one in line if one.money]


def in_fields(answer: Mapping[str, str], form: Form, document: Document, rng: Random) -> dict[str, Any]:
    """The answer with one or two faults in it."""
    lines = _Lines(form, document, {name: text.splitlines() for name, text in answer.items()})
    for _ in range(rng.choice((1, 1, 2))):
        rng.choice(FAULTS)(lines, rng)
    return {name: "\n".join(its) for name, its in lines.lines.items()}


def wrong_digit(lines: _Lines, rng: Random) -> None:
    """Read one digit as another."""
    found = lines.figures()
    if found:
        lines.change(rng.choice(found), lambda text: _last(text, lambda digits: _other_digit(digits, rng)))


def swapped_digits(lines: _Lines, rng: Random) -> None:
    """Exchange two digits."""
    found = lines.figures()
    if found:
        lines.change(rng.choice(found), lambda text: _last(text, lambda d: d[1] + d[0] + d[2:] if len(d) > 1 else d))


def wrong_line(lines: _Lines, rng: Random) -> None:
    """Cite a line beside the right one."""
    found = lines.figures()
    if found:
        name, i = rng.choice(found)
        by = rng.choice((-1, 1))
        lines.lines[name][i] = re.sub(r"@(\d+)", lambda m: f"@{max(1, int(m[1]) + by)}", lines.lines[name][i], count=1)


def another_amount(lines: _Lines, rng: Random) -> None:
    """Give another amount of the text for a figure, faithfully cited."""
    found = [place for place in lines.figures() if place[0] == "fields"]
    money = lines.money()
    if found and money:
        name, i = rng.choice(found)
        line, text = rng.choice(money)
        lines.lines[name][i] = f"{lines.lines[name][i].partition('@')[0]}@{line} {text}"


def changed_places(lines: _Lines, rng: Random) -> None:
    """Take two figures for each other."""
    found = [place for place in lines.figures() if place[0] == "fields"]
    if len(found) > 1:
        (_, i), (_, j) = rng.sample(found, 2)
        own = lines.lines["fields"]
        (a, _, at_a), (b, _, at_b) = own[i].partition("@"), own[j].partition("@")
        own[i], own[j] = f"{a}@{at_b}", f"{b}@{at_a}"


def left_out(lines: _Lines, rng: Random) -> None:
    """Leave a figure or an entry out."""
    found = lines.figures()
    if found:
        name, i = rng.choice(found)
        del lines.lines[name][i]


def doubled(lines: _Lines, rng: Random) -> None:
    """Give an entry twice."""
    found = [(name, i) for name, i in lines.figures() if name != "fields"]
    if found:
        name, i = rng.choice(found)
        lines.lines[name].insert(i, lines.lines[name][i])


def invented(lines: _Lines, rng: Random) -> None:
    """Give an amount of the text for a field that has none."""
    assert lines.form.free is not None
    given = {line.partition("@")[0] for line in lines.lines["fields"]}
    silent = [figure.id for figure in lines.form.free.figures if figure.id not in given]
    money = lines.money()
    if silent and money:
        line, text = rng.choice(money)
        lines.lines["fields"].append(f"{rng.choice(silent)}@{line} {text}")


def made_to_fit(lines: _Lines, rng: Random) -> None:
    """Leave an entry out and give for the total what the others add up to."""
    entries = [(name, i) for name, i in lines.figures() if name != "fields"]
    totals = [i for i, line in enumerate(lines.lines["fields"]) if line.startswith("total@")]
    if len(entries) < 2 or not totals:
        return wrong_digit(lines, rng)
    name, i = rng.choice(entries)
    del lines.lines[name][i]
    added = sum(_cents(line) for line in lines.lines[name])
    lines.change(("fields", totals[0]), lambda _: f"{added / 100:.2f}")
    return None


def wrong_day(lines: _Lines, rng: Random) -> None:
    """Read a date with one digit changed."""
    for i, line in enumerate(lines.lines["fields"]):
        if line.startswith("date@"):
            lines.change(("fields", i), lambda text: _last(text, lambda digits: _other_digit(digits, rng)))


FAULTS: tuple[Callable[[_Lines, Random], None], ...] = (
    *(wrong_digit, swapped_digits, wrong_line, another_amount, changed_places),
    *(left_out, doubled, invented, made_to_fit, wrong_day),
)


def _last(text: str, how: Callable[[str], str]) -> str:
    """The text with its last number changed."""
    found = list(_DIGITS.finditer(text))
    if not found:
        return text
    start, end = found[-1].span()
    return text[:start] + how(text[start:end]) + text[end:]


def _other_digit(digits: str, rng: Random) -> str:
    at = rng.choice([i for i, c in enumerate(digits) if c.isdigit()])
    return digits[:at] + rng.choice([d for d in "123456789" if d != digits[at]]) + digits[at + 1 :]


def _cents(line: str) -> int:
    found = re.findall(r"-?\d+[.,]\d\d\b", line)
    return round(float(found[-1].replace(",", ".")) * 100) if found else 0
