"""One self-contained HTML page about runs: plots, and each case's source beside its record, wrong cells marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

from agent.language import reason
from agent.summary import in_words
from agent.tables import Labels
from eval.cases import TABLES, Case
from eval.plots import Series, bars, scatter
from eval.results import Result, Run
from eval.scores import same, wilson
from eval.tally import Tally, by, end_of, tally
from eval.tell import when
from eval.texts import say
from schemas import load as load_form

if TYPE_CHECKING:
    from agent.language import Language

CASES_SHOWN = 60
Runs = Sequence[tuple[Run, Sequence[Result]]]


def write(runs: Runs, cases: Mapping[str, Case], language: Language) -> str:
    """The page's HTML. ``cases``: those whose text is still to be had, by name."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(files("eval").joinpath("page.html.jinja").read_text(encoding="utf-8"))
    tallies = [(run, tally(results)) for run, results in runs]
    # The plots escape their own words.
    plots = [{"title": title, "svg": Markup(svg)} for title, svg in _plots(tallies, language)]  # noqa: S704
    return template.render(
        runs=[_run(run, results, cases, language) for run, results in runs],
        plots=plots,
        any_simulated=any(run.simulated for run, _ in runs),
        language=language,
        say=partial(say, language),
    )


def _plots(runs: Sequence[tuple[Run, Tally]], language: Language) -> Iterator[tuple[str, str]]:
    spent = _by_tokens(runs)
    if any(tokens for one in spent for tokens, _ in one.points):
        up = say(language, "straight_through")
        yield say(language, "against_cost"), scatter(spent, say(language, "each_report"), up, top=1.0)
    faulty = _by_fault_rate(runs)
    if faulty:
        across, up = say(language, "faulty"), say(language, "accepted_wrong")
        yield say(language, "against_faults"), scatter(faulty, across, up, percent_across=True)
    for run, one in runs:
        if one.reasons:
            reasons = say(language, "reasons")
            yield (
                f"{reasons} · {say(language, 'run')} {run.id}: {run.title}",
                bars({reason(language, code): n for code, n in one.reasons.items()}, reasons),
            )


def _by_tokens(runs: Sequence[tuple[Run, Tally]]) -> list[Series]:
    """The straight-through rate over the tokens spent, a colour an arm and model."""
    found: dict[str, list[tuple[float, float]]] = {}
    for run, one in runs:
        if one.sound and one.tokens_per_accepted is not None:
            name = f"{run.arm} (simulated)" if run.simulated else run.title
            found.setdefault(name, []).append((one.tokens_per_accepted, one.straight_through / one.sound))
    return [Series(name, points) for name, points in found.items()]


def _by_fault_rate(runs: Sequence[tuple[Run, Tally]]) -> list[Series]:
    """Accepted-but-wrong over the share of faulty answers, a line an arm."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for run, one in runs:
        if run.simulated and one.cases:
            share = float(run.simulated.partition("%")[0]) / 100
            lines.setdefault(run.arm, []).append((share, one.accepted_wrong / one.cases))
    return [Series(f"{arm} (simulated)", sorted(points), joined=True) for arm, points in lines.items()]


def _run(run: Run, results: Sequence[Result], cases: Mapping[str, Case], language: Language) -> dict[str, Any]:
    whole = tally(results)
    telling = sorted(results, key=_gravity)
    tokens = whole.tokens_per_accepted
    return {
        "id": run.id,
        "title": run.title,
        "when": when(run, language),
        "simulated": run.simulated,
        "whole": whole,
        "straight": _share(whole.straight_through, whole.sound),
        "right": _share(whole.right_end, whole.cases),
        "tokens": "-" if tokens is None else f"{tokens:,.0f}",
        "cost": "-" if whole.usage.cost is None else f"{whole.usage.cost:.4f}",
        "layouts": by(results, lambda result: result.layout or "?"),
        "cases": [_case(result, cases.get(result.name), language) for result in telling[:CASES_SHOWN]],
        "left_out": max(0, len(telling) - CASES_SHOWN),
    }


def _share(hits: int, tries: int) -> str:
    if not tries:
        return "-"
    low, high = wilson(hits, tries)
    return f"{hits}/{tries} = {hits / tries:.1%} ({low:.1%}-{high:.1%})"


def _gravity(result: Result) -> tuple[int, str]:
    order = ("accepted wrong", "crashed", "accepted", "not_this_form", "review", "right")
    return order.index(end_of(result)), result.name


def _case(result: Result, case: Case | None, language: Language) -> dict[str, Any]:
    truth = case.figures() if case else {}
    marks = {path: _mark(path, result, case, truth, language) for path in dict.fromkeys([*truth, *result.best])}
    end = end_of(result)
    return {
        "name": result.name,
        "end": say(language, f"right, {result.status}" if end == "right" else end),
        "bad": end != "right",
        "expect": say(language, result.expect),
        "reasons": ", ".join(reason(language, code) for code in result.reasons),
        "error": result.error,
        "seconds": result.seconds,
        "text": case.text if case else say(language, "gone"),
        "wrong": sum(mark == "wrong" for mark, _ in marks.values()),
        "tables": list(_tables(marks, language)),
        "prose": list(_prose(result, case, language)),
    }


def _mark(
    path: str, result: Result, case: Case | None, truth: Mapping[str, Any], language: Language
) -> tuple[str, str]:
    """How a cell is marked, and what stands in it: what was read, and the truth where that is another."""
    known, read = path in result.best, result.best.get(path)
    shown = _shown(read, language) if known else say(language, "unread")
    if case is None or path not in truth:
        return "", shown
    if case.is_undetermined(path):
        return "open", say(language, "open", shown=shown)
    if not known or not same(read, truth[path]):
        return "wrong", say(language, "not", shown=shown, truth=_shown(truth[path], language))
    return "", shown


def _shown(value: Any, language: Language) -> str:
    return say(language, "blank") if value is None else str(value)


def _tables(marks: Mapping[str, tuple[str, str]], language: Language) -> Iterator[dict[str, Any]]:
    labels = Labels(load_form(), {}, language)
    for table in TABLES:
        blocks = list(_blocks(table, marks, language))
        if blocks:
            yield {"name": labels.table(table), "blocks": blocks}


def _blocks(table: str, marks: Mapping[str, tuple[str, str]], language: Language) -> Iterator[dict[str, Any]]:
    """The table's rows, those with the same columns under one header."""
    grids = [grid for found in load_form().tables.values() for grid in found] if language == "zh" else []
    labels = {f"{grid.id}.{row.id}": row.labels[0] for grid in grids for row in grid.rows if not row.flat}
    heads = {column.id: column.labels[0] for grid in grids for row in grid.rows for column in row.columns}
    paths = [path for path in marks if path.startswith(f"{table}.")]
    rows = [(row, list(cells)) for row, cells in groupby(paths, lambda path: path.rpartition(".")[0])]
    for columns, group in groupby(rows, lambda row: tuple(path.rpartition(".")[2] for path in row[1])):
        yield {
            "columns": [heads.get(column, column.replace("_", " ")) for column in columns],
            "rows": [
                {
                    "label": labels.get(row, row.rpartition(".")[2].replace("_", " ")),
                    "cells": [{"mark": marks[path][0], "text": marks[path][1]} for path in cells],
                }
                for row, cells in group
            ],
        }


def _prose(result: Result, case: Case | None, language: Language) -> Iterator[dict[str, str]]:
    verdicts = result.score.prose if result.score else {}
    labels = Labels(load_form(), {}, language)

    def told(record: Mapping[str, Any], name: str) -> str:
        value = record.get(name)
        return say(language, "blank") if value in (None, [], {}) else in_words(value, labels.parts(name), language)

    for name, verdict in verdicts.items():
        text = told(result.record, name)
        if verdict != "right" and case:
            text = say(language, "not", shown=text, truth=told(case.record, name))
        yield {"name": labels.figure(name), "mark": "wrong" if verdict == "wrong" else "", "text": text}
