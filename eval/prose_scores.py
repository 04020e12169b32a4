"""How right the patterns for prose are, field by field: ``python -m eval.prose_scores [FOLDER]``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from agent.document import load
from eval.cases import Case, load_folder
from eval.scores import PROSE, Answer, score
from schemas import Form, load as load_form

GENERATED = 300
"""How many generated reports are read where no folder is given."""


@dataclass
class Tally:
    """One field over many cases. ``stated``: the truth has a value; ``partly``: less than it, and nothing untrue."""

    name: str
    stated: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How often a value was given."""
        return self.counts.total()

    @property
    def precision(self) -> float | None:
        """The share of values given that are not untrue."""
        return 1 - self.counts["wrong"] / self.read if self.read else None

    @property
    def recall(self) -> float | None:
        """The share of values stated that were given whole and right."""
        return self.counts["right"] / self.stated if self.stated else None


def tallies(cases: Iterable[Case], form: Form) -> list[Tally]:
    """The patterns of the form held against the truth of each case."""
    found = {name: Tally(name) for name in PROSE}
    for case in cases:
        if case.expect == "not_this_form" or form.read_prose is None:
            continue
        record = {
            name: _plain(quoted.value) for name, quoted in form.read_prose(load(case.data, name=case.name).text).items()
        }
        for name, verdict in score(case, Answer("review", {"form": form.name, **record})).prose.items():
            tally, given = found[name], record.get(name)
            tally.stated += case.record[name] not in (None, [])
            if given is None:
                continue
            tally.counts["partly" if verdict == "missing" else verdict] += 1
            if verdict == "wrong":
                tally.wrong.append(f"{case.name}: {name} is {case.record[name]!r}, read {given!r}")
    return list(found.values())


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def told(found: Sequence[Tally]) -> str:
    """The table, and under it every value that was read wrong."""
    lines = [f"{'field':24}{'stated':>8}{'read':>8}{'right':>8}{'partly':>8}{'wrong':>8}{'precision':>11}{'recall':>8}"]
    for one in found:
        counts = "".join(f"{one.counts[verdict]:8}" for verdict in ("right", "partly", "wrong"))
        lines.append(f"{one.name:24}{one.stated:8}{one.read:8}{counts}{_rate(one.precision):>11}{_rate(one.recall):>8}")
    return "\n".join([*lines, *(f"wrong: {text}" for one in found for text in one.wrong)])


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}"


def default_cases() -> Mapping[str, Iterator[Case]]:
    """The fixtures, generated reports, and the real ones beside the checkout where they are."""
    from eval.generator import generate

    reports = Path(__file__).parent.parent.parent / "shared" / "reports"
    found: dict[str, Iterator[Case]] = {"fixtures": _gold(), "generated": map(generate, range(GENERATED))}
    return found | ({str(reports): iter(load_folder(reports))} if reports.is_dir() else {})


def _gold() -> Iterator[Case]:
    with as_file(files("eval") / "gold") as folder:
        yield from load_folder(folder)


def main(arguments: Sequence[str]) -> None:
    """Print a table for each folder given; without one, for the fixtures, generated and real reports."""
    sources = {name: iter(load_folder(Path(name))) for name in arguments} or default_cases()
    for name, cases in sources.items():
        print(f"{name}\n{told(tallies(cases, load_form()))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
