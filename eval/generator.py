"""Messy reports whose truth is known: seeded tables, printed in every layout, with controlled damage.

A case whose truth would be arguable is not made: a digit run whose blanks could also be read as a full
row, ragged tabs with blanks that no sum places, a row that lost one of its zeros only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from eval import damage as harm, others, prose, report
from eval.cases import Case, Expect, save_case
from eval.cuts import TooWideError, Value
from eval.figures import SIZES, Figures, one_digit_rows, table2, table3, table4
from eval.layouts import LAYOUTS, Layout
from eval.printed import Lines, lines_of
from eval.settle import Sight, figure, settle
from schemas import ogi_annual_report as ogi
from schemas.form import Grid

EDITIONS = ("2021", "2019", "mixed", "mixed_reverse")
_GRIDS = {
    "2021": (ogi.TABLE2_2021, ogi.TABLE3_2021, ogi.TABLE4),
    "2019": (ogi.TABLE2_2019, ogi.TABLE3_2019, ogi.TABLE4),
    "mixed": (ogi.TABLE2_2021, ogi.TABLE3_2019, ogi.TABLE4),
    "mixed_reverse": (ogi.TABLE2_2019, ogi.TABLE3_2021, ogi.TABLE4),
}
_DRAW = {"table2": table2, "table3": table3, "table4": table4}

HARMLESS = (
    *("misprinted", "truncated", "spaced_labels", "page_breaks", "repeated_header", "wrapped_labels"),
    *("full_width", "ocr", "thousands", "dash_zeros", "blank_zeros", "blank_totals", "extra_cell", "bare_page_number"),
    *("titles_in_intro", "labels_in_prose", "prose_disagrees", "injection", "renumbered", "missing_heading"),
    *("markdown", "radicals", "cr", "crlf", "gb18030", "utf16", "attachments"),
)
HARMFUL = ("wrong_sum", "lost_cell", "lost_row", "statement3", "statement4", "images")
DAMAGES = (*HARMLESS, *HARMFUL)

UNSEEN = "blanks out of sight"
"""A note on cases whose blank cells left no trace: a blank is their best reading, and yet it could be doubted."""

_NEEDS_CELLS = frozenset({"thousands", "extra_cell", "lost_cell", "bare_page_number"})
_ONE_LINE = frozenset({"glued", "half_glued", "ideographic"})
_BLANKS = frozenset({"blank_zeros", "blank_totals"})
_EXCLUDED: dict[str, frozenset[str]] = {
    "glued": _NEEDS_CELLS | {"wrapped_labels", "page_breaks"},
    "half_glued": _NEEDS_CELLS | {"wrapped_labels", "page_breaks"},
    "glued_rows": _NEEDS_CELLS,
    "pipe": frozenset({"wrapped_labels", "bare_page_number"}),
    "tab": frozenset({"wrapped_labels", "bare_page_number"}),
    "tab_ragged": frozenset({"wrapped_labels", "bare_page_number", "extra_cell", "lost_cell"}),
    "gaps": frozenset({"wrapped_labels", "bare_page_number", "page_breaks", "repeated_header"}),
    "aligned": frozenset({"wrapped_labels", "bare_page_number", "repeated_header"}) | _BLANKS,
    "labels_first": _NEEDS_CELLS | _BLANKS | {"wrapped_labels", "page_breaks", "repeated_header"},
    "ideographic": frozenset({"wrapped_labels", "bare_page_number"}),
    "spaces": frozenset({"wrapped_labels"}),
}


class _Arguable(Exception):  # noqa: N818 - a draw to be thrown away, no error
    """Drawn again: the truth of this draw could be argued about."""


@dataclass(frozen=True)
class _Table:
    grid: Grid
    figures: Figures
    lines: Lines
    sight: Sight
    violations: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()
    values: dict[str, Value] | None = None


def generate(
    seed: int,
    *,
    layout: str | None = None,
    edition: str | None = None,
    size: str | None = None,
    damage: Iterable[str] | None = None,
) -> Case:
    """One case. What is not given is drawn from the seed; ``damage=()`` is an undamaged report."""
    wanted = None if damage is None else frozenset(damage)
    unknown = sorted((wanted or frozenset()) - set(DAMAGES))
    if unknown:
        raise ValueError(f"no damage {unknown[0]!r}; there are {', '.join(DAMAGES)}")
    for attempt in range(200):
        rng = Random(  # noqa: S311 - reports, not secrets
            f"{seed}/{layout}/{edition}/{size}/{sorted(wanted) if wanted is not None else None}/{attempt}"
        )
        chosen = layout or rng.choice([*LAYOUTS, *LAYOUTS, *LAYOUTS, "other_kind"])
        if chosen == "other_kind":
            return replace(others.write(rng), name=f"other_kind_{seed}")
        try:
            case = _draw(rng, LAYOUTS[chosen], edition, size, wanted)
        except (_Arguable, TooWideError):
            continue
        return replace(case, name=f"{chosen}_{seed}")
    raise ValueError(
        f"no sound draw for seed {seed}, layout {layout}, damage {damage}: the damage does not go together"
    )


def excluded(layout: str) -> frozenset[str]:
    """Damage that makes no sense in a layout, or would leave an arguable truth."""
    return _EXCLUDED.get(layout, frozenset())


def _draw(rng: Random, layout: Layout, edition: str | None, size: str | None, wanted: frozenset[str] | None) -> Case:
    edition = edition or rng.choice(("2021", "2021", "2019", "2019", "mixed", "mixed_reverse"))
    size = size or rng.choice(list(SIZES))
    damage = _damage(rng, layout, edition) if wanted is None else wanted
    year = rng.choice((2019, 2020)) if edition in ("2019", "mixed_reverse") else rng.randint(2021, 2025)
    label = _wording(rng)
    tables = [_table(rng, grid, layout, size, damage, label) for grid in _GRIDS[edition]]
    if "wrong_sum" in damage:
        tables = _broken(rng, tables)
    tables = [_judged(table, layout) for table in tables]
    return _case(rng, layout, edition, size, year, damage, tables)


DISPUTED = frozenset({"extra_cell", "bare_page_number", "lost_cell", "ocr"})
"""Damages that leave no truth among blanks: a zero too many, a letter that no total proves could be argued about."""


def _damage(rng: Random, layout: Layout, edition: str) -> frozenset[str]:
    allowed = [name for name in HARMLESS if name not in excluded(layout.name)]
    found = set(rng.sample(allowed, rng.choice((0, 0, 1, 1, 2, 3, 4, 5))))
    if rng.random() < 0.15:
        found.add(rng.choice([name for name in HARMFUL if name not in excluded(layout.name)]))
    # One blank convention a report; one line end; one encoding.
    for alike in (
        ("blank_zeros", "dash_zeros"),
        ("cr", "crlf"),
        ("gb18030", "utf16", "radicals"),
        ("extra_cell", "bare_page_number", "lost_cell"),
    ):
        for name in [name for name in alike if name in found][1:]:
            found.discard(name)
    if found & {"blank_zeros", "blank_totals", "dash_zeros"}:
        found -= DISPUTED
    if "2019" in _GRIDS[edition][0].variant and layout.sight == "run":
        found.discard("dash_zeros")  # a dash before digits could be a minus
    return frozenset(found)


def _wording(rng: Random) -> dict[str, str]:
    """The wording of labels that organs vary."""
    label = {}
    if rng.random() < 0.3:
        label["social_welfare_organization"] = "社会组织"
    if rng.random() < 0.3:
        label["normative_documents"] = "规范性文件"
    if rng.random() < 0.3:
        label |= {
            "本年制发件数": "本年度制发件数",
            "本年废止件数": "本年度废止件数",
            "本年处理决定数量": "本年度处理决定数量",
        }
    if rng.random() < 0.2:
        label["partially_disclosed"] = "（二）部分公开"
    if rng.random() < 0.2:
        label |= {"结果维持": "结果 维持", "结果纠正": "结果 纠正", "其他结果": "其他 结果", "尚未审结": "尚未 审结"}
    return label


def _table(rng: Random, grid: Grid, layout: Layout, size: str, damage: frozenset[str], label: dict[str, str]) -> _Table:
    figures = _DRAW[grid.id](rng, grid, SIZES[size])
    if grid.id == "table2" and layout.sees("table2") == "run" and rng.random() < 0.7:
        figures = one_digit_rows(rng, grid, figures)
    return _printed(rng, grid, figures, layout, damage, label)


def _printed(
    rng: Random, grid: Grid, figures: Figures, layout: Layout, damage: frozenset[str], label: dict[str, str]
) -> _Table:
    printed = harm.print_figures(figures)
    for name, change in harm.FIGURES.items():
        if name in damage:
            printed = change(printed, grid, rng)
    if layout.name == "pipe":
        printed = {path: text.replace("｜", "l").replace("|", "l") for path, text in printed.items()}
    lines = lines_of(grid, printed, label)
    for name, alter in harm.LINES.items():
        if name in damage and (grid.id == "table3" or name in ("spaced_labels", "page_breaks")):
            lines = alter(lines, rng)
    truth = {path: None if figure(printed[path]) is None else value for path, value in figures.items()}
    return _Table(grid, figures, lines, layout.sees(grid.id), values=truth)


def _broken(rng: Random, tables: list[_Table]) -> list[_Table]:
    """The tables with one figure of table 3 or 4 printed so that a sum fails."""
    at = rng.choice((1, 1, 1, 2))
    table = tables[at]
    rows = [i for i, line in enumerate(table.lines) if line.row]
    i = rng.choice(rows)
    line = table.lines[i]
    cells = [c for c, text in enumerate(line.figures) if text.isascii() and text.isdigit()]
    if not cells or line.row is None or line.printed != len(line.row.columns):
        raise _Arguable
    cell = rng.choice(cells)
    wrong = str(max(0, int(line.figures[cell]) + rng.choice((-1, 1, 1, 2, 10, 100))))
    if wrong == line.figures[cell]:
        raise _Arguable
    figures = (*line.figures[:cell], wrong, *line.figures[cell + 1 :])
    path = table.grid.paths(line.row)[cell]
    values = {**(table.values or {}), path: int(wrong)}
    broken = [e.name for e in ogi.FORM.equations(table.grid) if path in e.paths]
    lines = (*table.lines[:i], line.with_figures(figures), *table.lines[i + 1 :])
    return [replace(t, lines=lines, values=values, violations=tuple(broken)) if t is table else t for t in tables]


def _judged(table: _Table, layout: Layout) -> _Table:
    """The table with what its print leaves open, found by enumerating all readings."""
    settled = settle(table.grid, table.lines, table.sight, ogi.FORM.equations(table.grid))
    values = dict(table.values or {})
    if table.violations:
        if settled.solutions:
            raise _Arguable
        return table
    lost = _lost(table)
    if not settled.solutions:
        if not lost:
            raise _Arguable
        return _undetermined(table, lost)
    if any(
        path not in settled.open and path in settled.values and settled.values[path] != values[path] for path in values
    ):
        raise _Arguable
    if settled.open and table.sight == "windows":
        raise _Arguable
    missing = [path for path in values if path not in settled.values and path not in settled.open]
    return _undetermined(table, [*settled.open, *missing])


def _lost(table: _Table) -> list[str]:
    """Paths of the row that lost a cell."""
    short = [line.row for line in table.lines if line.row and line.printed < len(line.row.columns)]
    return [path for row in short for path in table.grid.paths(row)]


def _undetermined(table: _Table, paths: Sequence[str]) -> _Table:
    values = {path: None if path in paths else value for path, value in (table.values or {}).items()}
    return replace(table, values=values, undetermined=tuple(dict.fromkeys(paths)))


def _case(
    rng: Random, layout: Layout, edition: str, size: str, year: int, damage: frozenset[str], tables: list[_Table]
) -> Case:
    received = tables[1].figures["table3.received.total"]
    said = int(received) + rng.randint(1, 9) if "prose_disagrees" in damage else int(received)
    words = prose.write(rng, size=size, year=year, received=said if rng.random() < 0.7 else None, damage=damage)
    gone = {"table3"} if "statement3" in damage else set()
    gone |= {"table4"} if "statement4" in damage else set()
    gone |= {"table2", "table3", "table4"} if "images" in damage else set()
    texts = {t.grid.id: layout.render[t.grid.id](t.lines, rng) for t in tables if t.grid.id not in gone}
    record: dict[str, Any] = {**words.record, "edition": tables[0].grid.variant}
    for table in tables:
        record[table.grid.id] = None if table.grid.id in gone else _nested(table)
    open_cells = [path for t in tables if t.grid.id not in gone for path in t.undetermined]
    violations = [name for t in tables if t.grid.id not in gone for name in t.violations]
    expect: Expect = "review" if gone or open_cells or violations else "accepted"
    text, encoding = report.compose(rng, words, texts, layout, year, damage)
    return Case(
        text=text,
        expect=expect,
        record=record,
        undetermined=[*sorted(gone), *open_cells],
        violations=violations,
        layout=layout.name,
        edition=edition,
        encoding=encoding,
        damage=sorted(damage),
        notes=[UNSEEN] if any(_unseen(t) for t in tables if t.grid.id not in gone) else [],
    )


def _unseen(table: _Table) -> bool:
    """True where cells are blank and the layout shows nothing of them."""
    blank = any(not text for line in table.lines if line.row for text in line.figures)
    return blank and table.sight in ("tokens", "run")


def _nested(table: _Table) -> dict[str, dict[str, int | Decimal | None]]:
    rows: dict[str, dict[str, int | Decimal | None]] = {}
    for path, value in (table.values or {}).items():
        _, row, column = path.split(".")
        rows.setdefault(row, {})[column] = value
    return rows


def main() -> None:
    """Write cases into a folder: ``python -m eval.generator FOLDER --count N --seed S``."""
    import click

    @click.command(help="Write generated reports, NAME.txt and NAME.json each, into FOLDER.")
    @click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
    @click.option("--count", default=100, show_default=True, help="How many reports.")
    @click.option("--seed", default=0, show_default=True, help="The first seed; each report has the next one.")
    @click.option("--layout", type=click.Choice([*LAYOUTS, "other_kind"]), help="Only this layout.")
    @click.option("--edition", type=click.Choice(EDITIONS), help="Only this edition.")
    def command(folder: Path, count: int, seed: int, layout: str | None, edition: str | None) -> None:
        for number in range(seed, seed + count):
            save_case(generate(number, layout=layout, edition=edition), folder)
        click.echo(f"{count} reports in {folder}")

    command()


if __name__ == "__main__":
    main()
