"""The command that says what a collection holds, in a terminal or on a page of its own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import output
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    from agent.stats import Stats

TEXTS = {
    "title": ("这批报告说了什么", "What this collection says"),
    "outcomes": ("结果", "Outcomes"),
    "years": ("各年度的报告", "Reports by year"),
    "year": ("年度", "year"),
    "accepted": ("已接受", "accepted"),
    "waiting": ("待复核", "in review"),
    "regions": ("各地区的报告", "Reports by region"),
    "region_unknown": ("不详", "unknown"),
    "headlines": (
        "各年度合计（已接受的报告；括号内为有此数字的报告数）",
        "Totals by year (accepted; in brackets: reports)",
    ),
    "reasons": ("待复核的理由", "Why reports wait"),
    "decisions": ("复核人的处理", "What reviewers decided"),
    "doubles": (
        "同一机关同一年度的另外 {count} 条记录不重复计算",
        "{count} further records of the same organ and year are not counted twice",
    ),
    "spent": ("模型调用 {calls} 次，费用 {cost} 美元", "{calls} model calls, {cost} US dollars"),
    "written": ("已写入 {file}", "written to {file}"),
    "checked": ("已接受：全部证实或读出", "accepted: all proved or read"),
    "attested": ("已接受：部分凭复核人", "accepted: some by a reviewer's word"),
    "as_published": ("已接受：照原样，报告本身加总不符", "accepted as published: does not add up"),
    "in_review": ("待复核", "in review"),
    "rejected": ("已退回", "rejected"),
    "not_this_form": ("不是这种报告", "not this form"),
    "failed": ("没有读成", "could not be read"),
    "correct": ("更正", "corrected"),
    "accept": ("接受", "accepted"),
    "accept_as_published": ("照原样接受", "accepted as published"),
    "reject": ("退回", "rejected"),
    "retry": ("再问模型", "asked the model again"),
    "undo": ("撤销", "undone"),
}


@click.command("stats")
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to FILE. 写成网页")
@output.FORM
@output.DB
@output.JSON
@output.LANG
def command(page: Path | None, form: str | None, db: Path, as_json: bool, lang: str | None) -> None:
    """Say what the collection holds: years, regions, totals, outcomes, reasons · 统计。"""
    from agent.language import choose
    from agent.stats import only_form, stats

    name = form or only_form(db)
    if name is None:
        raise UsageError(f"{db} does not hold reports of one form; name one with --form")
    wanted = output.form_named(form) if form else output.form_told(name)
    english = choose(lang) == "en"
    found = stats(db, wanted, printed=not english)
    if as_json:
        output.write(_keyed(asdict(found)))
        return
    if page is None:
        output.show(_printed(found, english))
        return
    from agent.writers import whole

    with whole(output.beside(page, db)) as part:
        part.write_text(_page(found, wanted.title, english), encoding="utf-8")
    click.echo(TEXTS["written"][english].format(file=page))


def _keyed(value: Any) -> Any:
    """The same with years as words, as JSON wants its keys."""
    if isinstance(value, dict):
        return {str(key): _keyed(inner) for key, inner in value.items()}
    return [_keyed(inner) for inner in value] if isinstance(value, list | tuple) else value


def _printed(found: Stats, english: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    def listed(title: str, counts: Mapping[str, int]) -> Iterator[RenderableType]:
        if counts:
            yield Text(f"\n{TEXTS[title][english]}", "bold")
            yield output.listing(["", ""], [[_named(name, english), str(count)] for name, count in counts.items()])

    yield from listed("outcomes", found.outcomes)
    yield from listed("reasons", found.reasons)
    if found.years:
        yield Text(f"\n{TEXTS['years'][english]}", "bold")
        heads = [TEXTS[head][english] for head in ("year", "accepted", "waiting")]
        yield output.listing(
            heads,
            [
                [str(y), str(found.accepted_by_year.get(y, 0)), str(found.waiting_by_year.get(y, 0))]
                for y in found.years
            ],
        )
    yield from listed("regions", dict(list(found.by_region.items())[:20]))
    stated = [headline for headline in found.headlines if headline.reports]
    if stated:
        yield Text(f"\n{TEXTS['headlines'][english]}", "bold")
        yield output.listing(
            ["", *map(str, found.years)],
            [
                [h.name, *(f"{h.total[y]} ({h.reports[y]})" if y in h.total else "" for y in found.years)]
                for h in stated
            ],
        )
    yield from listed("decisions", found.decisions)
    if found.doubles:
        yield Text(f"\n{TEXTS['doubles'][english].format(count=found.doubles)}")
    if found.calls:
        yield Text(f"\n{TEXTS['spent'][english].format(calls=found.calls, cost=found.cost)}")


def _named(name: str, english: bool) -> str:
    from agent.language import REASONS

    if name in TEXTS:
        return TEXTS[name][english]
    words = {str(reason): told for reason, told in REASONS.items()}
    return words[name][english] if name in words else name or TEXTS["region_unknown"][english]


def _page(found: Stats, title: str, english: bool) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("stats.html.jinja").render(
        stats=found,
        form_title=title,
        language="en" if english else "zh",
        say=lambda name: TEXTS[name][english],
        named=lambda name: _named(name, english),
        headlines=[headline for headline in found.headlines if headline.reports],
    )
