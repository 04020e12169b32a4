"""What is told in a terminal about a report in review: what is wrong with it now, and what may be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent import review as reviews, summary
from agent.desk.texts import how, text
from agent.language import Language
from agent.outcome import NeedsReview
from agent.review import Review
from agent.tables import safe
from schemas.form import Form

if TYPE_CHECKING:
    from rich.console import RenderableType


def as_json(review: Review) -> dict[str, Any]:
    """The report for programs: how it stands, the readings with their places, what was decided."""
    second = review.original.second
    return {
        "id": review.id,
        "open": review.open,
        "decided": review.closed_by,
        **summary.as_json(review.current),
        "figures": {path: asdict(figure) for path, figure in review.current.reading.figures.items()},
        "second": {path: asdict(figure) for path, figure in second.figures.items()} if second else None,
        "history": [asdict(decision) for decision in review.history],
    }


def plain(
    review: Review, lines: Sequence[str], form: Form | None, language: Language, option: str
) -> Iterator[RenderableType]:
    """The report for a person: what is wrong, where it stands in the source, and the ways to settle it."""
    from rich.text import Text

    wrong = reviews.hindrances(review.current)
    if isinstance(review.current, NeedsReview) and wrong:
        yield from summary.for_review(review.current, lines, form, language)
    else:
        yield Text(text(language, "nothing_wrong" if review.open else "nothing_is_wrong"), "green")
        yield from _by_word(review, language)
    if not review.open:
        yield Text(safe(text(language, "closed", how=how(review.closed_by, language))), "bold")
    if review.history:
        yield Text(text(language, "see_history", id=review.id, option=option))
    if review.open:
        yield Text(_ways(review, form, language, option), "bold")


def _by_word(review: Review, language: Language) -> Iterator[RenderableType]:
    from rich.text import Text

    count = sum(grade == "attested" for grade in review.current.grades.values())
    against = len(reviews.against_source(review.current))
    if count:
        told = text(language, "accept_attested", count=count)
        told += text(language, "accept_against_note", count=against) if against else ""
        yield Text(told, "yellow")


def _ways(review: Review, form: Form | None, language: Language, option: str) -> str:
    """The commands that may settle the report, the likeliest first."""
    outcome = review.current
    wrong = reviews.hindrances(outcome)
    command = f"gouji review {{}} {review.id}"
    ways = []
    if not wrong:
        note = ' --note "…"' if reviews.against_source(outcome) else ""
        ways.append(command.format("accept") + note + option)
    elif form and reviews.misprints(outcome, form):
        ways.append(command.format("accept") + " --as-published" + option)
    doubtful = [path for finding in wrong for path in (*finding.suspects, *finding.cells) if path in outcome.grades]
    if doubtful:
        ways.append(command.format("correct") + f" {safe(doubtful[0])}={text(language, 'figure_here')}" + option)
    elif form and (open_days := reviews.open_days(outcome, form)):
        chosen = "".join(f" {name}={'|'.join(map(str, days))}" for name, days in open_days.items())
        ways.append(command.format("correct") + chosen + option)
    ways.append(command.format("reject") + option)
    return text(language, "ways", ways="".join(f"\n  {way}" for way in ways))
