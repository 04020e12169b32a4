"""The command that checks the reports of successive years against each other."""

from __future__ import annotations

from pathlib import Path

import click

from agent import output

_TEXTS = {
    "breaks": ("跨年不符：{count} 处", "Breaks across years: {count}"),
    "none": ("没有发现跨年不符", "No break across years was found"),
    "checked": ("核对了 {count} 项跨年关系", "{count} links between years were checked"),
    "doubles": (
        "同一年度有几份报告，只比对它们一致的数字：{who}",
        "Several reports for one year, compared where they agree: {who}",
    ),
    "no_links": ("{form} 没有跨年关系可核对", "{form} declares no links between years"),
}


@click.command("audit")
@output.FORM
@output.DB
@output.JSON
@output.LANG
def command(form: str | None, db: Path, as_json: bool, lang: str | None) -> int:
    """Check accepted reports of one organ across the years · 跨年核对。

    Exit code: 0 every link holds, 3 one breaks.
    """
    from agent.audit import audit, rule, told
    from agent.codebook import figure_names
    from agent.export import form_of
    from agent.language import choose
    from agent.tables import safe

    wanted = output.form_named(form) if form else output.form_told(form_of(db))
    english = choose(lang) == "en"
    found = audit(db, wanted)
    if as_json:
        output.write(
            {
                "form": wanted.name,
                "checked": found.checked,
                "breaks": [
                    {
                        "subject": broken.after.subject,
                        "period": broken.after.period,
                        "link": broken.link.name,
                        "left": [list(term) for term in broken.left_terms],
                        "right": [list(term) for term in broken.right_terms],
                        "difference": broken.difference,
                        "records": [broken.before.record, broken.after.record],
                    }
                    for broken in found.breaks
                ],
                "doubles": [list(double) for double in found.doubles],
            }
        )
        return 3 if found.breaks else 0
    names = figure_names(wanted, printed=not english)
    if not wanted.links:
        click.echo(_TEXTS["no_links"][english].format(form=wanted.name))
        return 0
    if found.breaks:
        rows = [
            [b.after.subject, told(b, names), str(abs(b.difference)), rule(b.link, chinese=not english)]
            for b in found.breaks
        ]
        output.show([output.listing(["机关 organ", "数字 figures", "差 difference", "勾稽关系 rule"], rows)])
    click.echo(_TEXTS["breaks" if found.breaks else "none"][english].format(count=len(found.breaks)))
    click.echo(_TEXTS["checked"][english].format(count=found.checked))
    if found.doubles:
        who = safe(", ".join(f"{subject} {period}" for subject, period in found.doubles[:20]))
        click.echo(_TEXTS["doubles"][english].format(who=who))
    return 3 if found.breaks else 0
