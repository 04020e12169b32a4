"""The database opened in Datasette: what its tables are called there, and the questions it comes with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.codebook import figure_names, long_variables
from schemas.form import Form

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from agent.desk.guard import Key

_VIEWS = {
    "report_figures": (
        "数字 · figures",
        ["period", "standing", "grade", "form"],
        ["value", "printed", "grade", "standing"],
    ),
    "reports": ("报告 · reports", ["period", "standing", "edition"], ["standing", "violations"]),
    "waiting": ("待复核 · waiting in review", ["period", "reasons"], []),
    "history": ("处理经过 · decisions of reviewers", ["kind", "decided_by"], []),
}
"""By view: its title, its facets, the columns that need explaining."""
_MACHINERY = (
    *("documents", "runs", "calls", "findings", "reviews", "decisions", "records", "figures", "jobs", "batches"),
    *("origins", "asked", "posted", "_sqlite_migrations"),
)


def metadata(database: Path, form: Form | None) -> dict[str, Any]:
    """Titles, meanings, units, facets and canned questions for Datasette."""
    meanings = {v.name: f"{v.label}: {v.meaning}" for v in long_variables()}
    tables: dict[str, Any] = {
        view: {"title": title, "facets": facets, "columns": {name: meanings[name] for name in told}, "size": 50}
        for view, (title, facets, told) in _VIEWS.items()
    }
    tables["report_figures"]["description"] = _units(form)
    tables |= {table: {"hidden": True} for table in _MACHINERY}
    return {
        "title": "勾稽 gouji",
        "description": "Figures of reports, each with what stands behind it · 报告中的数字，各有所据",
        "databases": {database.stem: {"tables": tables, "queries": queries(form)}},
    }


def _units(form: Form | None) -> str:
    told = [f"{path}: {unit}" for path, unit in form.units.items()] if form else []
    return "Units · 单位: " + "; ".join(told) if told else ""


def queries(form: Form | None) -> dict[str, Any]:
    """Questions that people ask of a collection."""
    found: dict[str, Any] = {
        "by_year": {
            "title": "各年度报告数 · reports by year",
            "sql": "select period, standing, count(*) as reports from reports group by period, standing order by 1, 2",
        },
        "one_organ": {
            "title": "一个机关的数字 · figures of one organ",
            "sql": "select period, path, value, printed, grade from report_figures"
            " where subject like '%' || :subject || '%' order by path, period",
        },
        "one_figure": {
            "title": "一个数字在各机关 · one figure across organs",
            "sql": "select subject, period, value, printed, grade from report_figures"
            " where path = :path order by period, count desc, subject",
        },
        "as_published": {
            "title": "照原样接受的报告及其不符之处 · accepted as published, and what they violate",
            "sql": "select subject, period, json_extract(v.value, '$.message') as sum,"
            " json_extract(v.value, '$.left') as left_side, json_extract(v.value, '$.right') as right_side,"
            " name as document from records join documents on sha256 = document, json_each(violations) v"
            " order by subject, period",
        },
        "by_a_reviewers_word": {
            "title": "凭复核人的数字 · figures by a reviewer's word",
            "sql": "select subject, period, path, value, printed, read_by from report_figures"
            " where grade = 'attested' order by subject, period",
        },
        "why_they_wait": {
            "title": "待复核的理由 · why reports wait",
            "sql": "select r.value as reason, count(*) as reports from waiting, json_each(reasons) r"
            " group by 1 order by 2 desc",
        },
    }
    if form and form.headlines:
        found["headlines"] = {"title": "各年度合计 · totals by year", "sql": _headlines(form)}
    return found


def _headlines(form: Form) -> str:
    names = figure_names(form, printed=True)
    sums = [
        f"""sum(case when path = '{path}' then count end) as "{names.get(path, path).replace('"', '""')}\""""
        for path in form.headlines
    ]
    return f"select period, {', '.join(sums)} from report_figures where form = '{form.name}' group by period order by 1"  # noqa: S608


def application(database: Path, form: Form | None, key: Key) -> ASGIApp:
    """Datasette over the database, which it only reads, behind the same guard as the desk."""
    from datasette.app import Datasette

    from agent.desk.guard import INLINE_TOO, Guard

    settings = {"allow_download": False, "default_page_size": 50, "sql_time_limit_ms": 5000}
    found = Datasette([str(database.absolute())], metadata=metadata(database, form), settings=settings)
    return Guard(found.app(), key, "/", INLINE_TOO)
