"""What each page of the desk is filled with."""

from __future__ import annotations

from typing import Any

from agent import audit as across_years, decisions, review as reviews
from agent.audit import Across
from agent.codebook import figure_names
from agent.database import open_for_reading
from agent.desk import queue as waiting
from agent.desk.desk import Desk, has_pages
from agent.desk.queue import Chosen
from agent.desk.sheet import MARKS, sheet
from agent.desk.texts import by, how, text
from agent.errors import UsageError
from agent.language import REASONS, Language
from agent.offers import Offer, offers
from agent.outcome import Grade
from agent.review import Review
from agent.squeeze import Squeezed
from agent.tables import Labels
from schemas.form import Form

_OPEN = (Grade.UNREAD, Grade.CONTRADICTED)


def queue(desk: Desk, chosen: Chosen, decision: int | None, language: Language) -> dict[str, Any]:
    """The list."""
    return {
        "how": lambda decided: how(decided, language),
        "chosen": chosen,
        "listing": waiting.listing(desk.path, chosen),
        "reason_words": REASONS,
        "done": done(desk, decision),
    }


def report(desk: Desk, run: int, chosen: Chosen, language: Language) -> dict[str, Any]:
    """One report: where it is in the list, its sheet, what may be decided."""
    review = desk.review(run)
    form = desk.form_of(review)
    source = desk.document(review)
    listing = waiting.listing(desk.path, chosen)
    before, after, at = waiting.around(listing.ids, run)
    against = reviews.against_source(review.current)
    return {
        "run": run,
        "review": review,
        "title": title(review),
        "form_title": form.title,
        "source": source,
        "drawable": has_pages(source),
        "scanned": any(place.confidence is not None for place in source.cells.values()),
        "sheet": sheet(review, source, form, language),
        "marks": MARKS,
        "reason_words": REASONS,
        "chosen": chosen,
        "before": before,
        "after": after,
        "at": at,
        "count": len(listing.ids),
        "may_accept": review.open and not reviews.hindrances(review.current),
        "may_publish": review.open and bool(reviews.misprints(review.current, form)),
        "violations": len(reviews.hindrances(review.current)),
        "attested": sum(grade == "attested" for grade in review.current.grades.values()),
        "against": against,
        "may_retry": review.open and desk.model is not None,
        "undo": _undo(review),
        "undone": {decision.undoes for decision in review.history},
        "who": lambda name: by(name, language),
        "open_days": reviews.open_days(review.current, form) if review.open else {},
        "label": Labels(form, review.current.reading.variants, language).figure,
        "how": how(review.closed_by, language),
        **_beside(desk, review, form, language),
    }


def _beside(desk: Desk, review: Review, form: Form, language: Language) -> dict[str, Any]:
    """What the accepted reports of the years before and after say of this one."""
    outcome = review.current
    near = across_years.neighbours(desk.path, form, outcome.subject, outcome.period)
    names = figure_names(form, printed=language == "zh") if near else {}
    found = across_years.beside(form, outcome, near)
    offered: list[Offer] = []
    if review.open and near and any(grade in _OPEN for grade in outcome.grades.values()):
        offered = offers(form, outcome, desk.evidence(review), near)
    return {
        "near": near,
        "breaks": [_told(a, names, language) for a in found if a.held is False],
        "holding": sum(a.held is True for a in found),
        "offers": [(offer, names.get(offer.path, offer.path), ", ".join(map(str, offer.periods))) for offer in offered],
    }


def _told(found: Across, names: dict[str, str], language: Language) -> tuple[str, str, str, tuple[str, ...]]:
    rule = across_years.rule(found.link, chinese=language == "zh")
    difference = text(language, "difference", difference=abs(found.difference))
    own = (*found.link.plus, *found.link.after) if found.after.record is None else found.link.before
    return across_years.told(found, names), difference, rule, own


def audit(desk: Desk, language: Language) -> dict[str, Any]:
    """Every break between accepted reports, by form."""
    with open_for_reading(desk.path) as db:
        names = [name for (name,) in db.execute("select distinct form from records order by form")]
    found = []
    for form in (known for name in names if (known := desk.form_named(name)) and known.links):
        called = figure_names(form, printed=language == "zh")
        result = across_years.audit(desk.path, form)
        found.append((form.title, result, [(b.after.subject, _told(b, called, language)) for b in result.breaks]))
    return {"audits": found, "done": None}


def places(desk: Desk, run: int) -> dict[str, list[tuple[int, int, int]]]:
    """Where the source prints each row: line, and from which character to which, by the row's path."""
    evidence = desk.evidence(desk.review(run))
    found: dict[str, list[tuple[int, int, int]]] = {}
    for table in evidence.tables.values():
        for place in table.places.values() if table else ():
            stretches = _stretches(evidence.source, *place.extent)
            found |= {path.rpartition(".")[0]: stretches for path in table.grid.paths(place.row)} if table else {}
    return found


def _stretches(source: Squeezed, start: int, end: int) -> list[tuple[int, int, int]]:
    found = []
    for text_ in source.full[start:end].splitlines(keepends=True):
        line = source.line(start)
        begin = start - source.line_start(line)
        if text_.strip():
            found.append((line, begin, begin + len(text_.rstrip())))
        start += len(text_)
    return found


def title(review: Review) -> str:
    """Who reports and for which year; the file's name where nobody knows."""
    outcome = review.current
    return f"{outcome.subject} {outcome.period or ''}".strip() if outcome.subject else outcome.document.name


def _undo(review: Review) -> bool:
    last = review.undoable
    if last is None:
        return False
    return review.open if last.kind == "correct" else not review.open and review.closed_by.startswith(last.kind)


def onward(desk: Desk, run: int, chosen: Chosen) -> str:
    """The next report of the list; the list itself after the last."""
    before, after, _ = waiting.around(waiting.listing(desk.path, chosen).ids, run)
    there = after or before
    return f"/report/{there}{chosen.query()}" if there else f"/queue{chosen.query()}"


def after_retry(desk: Desk, run: int, chosen: Chosen) -> str:
    """The report under its new number where it waits again; else the list."""
    try:
        desk.review(run)
    except UsageError:
        return f"/queue{chosen.query()}"
    return f"/report/{run}{chosen.query()}"


def done(desk: Desk, decision: int | None) -> dict[str, Any] | None:
    """The decision that led to this page, and what its undo must know."""
    if decision is None:
        return None
    with open_for_reading(desk.path) as db:
        row = db.execute("select run, kind from decisions where id = ?", (decision,)).fetchone()
    if row is None:
        return None
    review = desk.review(row["run"])
    undoable = review.undoable is not None and review.undoable.id == decision and _undo(review)
    return {
        "kind": row["kind"],
        "run": row["run"],
        "title": title(review),
        "version": review.version,
        "undoable": undoable,
    }


def notice(desk: Desk, run: int, kind: str, why: str, language: Language) -> str:
    """What a person is told whose decision was not taken."""
    if kind == "failed":
        return text(language, "failed", why=why)
    if kind != "taken":
        return ""
    history = decisions.load(desk.path, run).history
    if not history:
        return text(language, "taken_otherwise")
    last = history[-1]
    return text(language, "taken", who=by(last.by, language), what=text(language, f"kind_{last.kind}"))
