"""Where each section of the form stands in a document, whatever its headings look like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.squeeze import Squeezed, opened, squeeze
from schemas.form import Form, Section

_MOST_CANDIDATES = 300  # a text made of headings must not cost minutes
_NUMBER = re.compile(
    r"(?:第[一二三四五六七八九十]{1,2}(?:部分|章|节)|[(（]?[一二三四五六七八九十]{1,3}[)）]?|"
    r"(?:(?<!\d)\d{1,2}|\d)(?=[ \t]*[.、,，:：]))[ \t]*[.、,，:：]?[ \t]*\Z"
    r"|(?<=\n)\d{1,2}(?:\.\d{1,2}){0,2}(?:[ \t]+|[.、][ \t]*\n)\Z"  # at the beginning of a line, or alone on it
)


@dataclass(frozen=True)
class Span:
    """A section: offsets into ``Squeezed.full``; ``start`` is where its heading begins, ``body`` its content.

    ``headed``: it looks like a heading, or its content stands behind it; else it is but mentioned.
    """

    start: int
    body: int
    end: int
    headed: bool


@dataclass(frozen=True)
class _Candidate:
    order: int
    start: int
    body: int
    score: float
    headed: bool


def segment(source: Squeezed, form: Form) -> Mapping[str, Span]:
    """The sections found, by id, in the order of the form.

    Of all places where a title or the beginning of a section's content stands, the ordered choice
    that looks most like headings wins: a number before it, a line of its own, the right content behind.
    """
    found = [c for order, section in enumerate(form.sections) for c in _candidates(source, section, order)]
    likeliest = sorted(found, key=lambda c: c.score, reverse=True)[:_MOST_CANDIDATES]
    chosen = _best_chain(sorted(likeliest, key=lambda c: c.start))
    ends = [c.start for c in chosen[1:]] + [len(source.full)] if chosen else []
    return {
        form.sections[c.order].id: Span(c.start, c.body, end, c.headed) for c, end in zip(chosen, ends, strict=True)
    }


def _candidates(source: Squeezed, section: Section, order: int) -> Iterator[_Candidate]:
    anchors = tuple(squeeze(anchor) for anchor in section.anchors)
    for title in sorted(section.titles, key=len, reverse=True):
        for at in _occurrences(source.text, squeeze(title)):
            yield _title(source, at, at + len(squeeze(title)), anchors, order)
    for rank, anchor in enumerate(anchors):  # those that stand first in print come first
        for at in _occurrences(source.text, anchor):
            offset = opened(source.full, source.at[at])
            yield _Candidate(order, offset, offset, 2.5 - rank / 100, True)


def _title(source: Squeezed, start: int, end: int, anchors: tuple[str, ...], order: int) -> _Candidate:
    offset, body = source.at[start], source.at[end - 1] + 1
    before = source.full[max(0, offset - 12) : offset]
    number = _NUMBER.search(before)
    begins = offset - len(number.group()) if number else opened(source.full, offset)
    line_begins = not source.full[max(0, begins - 8) : begins].rpartition("\n")[2].strip(" \t")
    after = source.full[body : body + 24].partition("\n")
    score = 1 + (end - start) / 1000
    score += 1.5 if number and re.search(r"[一二三四五六七八九十]", number.group()) else 0.5 if number else 0
    score += 1 if line_begins else 0
    score += 1 if after[1] and not after[0].strip(" \t:：。") else 0
    follows = source.text[end : end + 60]
    content = any(anchor[:8] in follows for anchor in anchors)
    score += 3 if content else 0
    return _Candidate(order, begins, body, score, content or number is not None or line_begins)


def _best_chain(found: list[_Candidate]) -> list[_Candidate]:
    best: list[tuple[float, int | None]] = []
    for i, candidate in enumerate(found):
        behind = [
            (best[j][0], j) for j in range(i) if found[j].order < candidate.order and found[j].body <= candidate.start
        ]
        score, previous = max(behind, default=(0.0, None), key=lambda pair: pair[0])
        best.append((score + candidate.score, previous))
    chain: list[_Candidate] = []
    at = max(range(len(best)), key=lambda i: best[i][0], default=None)
    while at is not None:
        chain.append(found[at])
        at = best[at][1]
    return chain[::-1]


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
