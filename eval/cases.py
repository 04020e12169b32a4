"""A case: a text and what reading it must give; a folder of them is NAME.txt beside NAME.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.errors import InputError, UsageError

if TYPE_CHECKING:
    from schemas.form import Form

Expect = Literal["accepted", "review", "not_this_form"]
EXPECTS = ("accepted", "review", "not_this_form")
TABLES = ("table2", "table3", "table4")


@dataclass(frozen=True)
class Case:
    """A report's text with its truth.

    ``record`` has the shape of the public record; null = printed blank or not decidable.
    ``undetermined``: cells (or whole rows or tables) the text cannot settle.
    ``text`` is what a reader of the file sees, ``encoding`` how the file holds it. ``form``: None = the first
    built-in one; ``at``: the line of each figure and text, where no grid says it.
    """

    text: str
    expect: Expect
    record: Mapping[str, Any] = field(default_factory=dict)
    undetermined: Sequence[str] = ()
    violations: Sequence[str] = ()
    layout: str = ""
    edition: str = ""
    name: str = ""
    encoding: str = "utf-8"
    damage: Sequence[str] = ()
    notes: Sequence[str] = ()
    path: Path | None = None
    form: str | None = None
    at: Mapping[str, int] = field(default_factory=dict)

    @property
    def decidable(self) -> bool:
        """True where the text settles every figure."""
        return not self.undetermined

    @property
    def free(self) -> Form | None:
        """The form, where it has no grid."""
        if self.form is None:
            return None
        from schemas import load

        found = load(self.form)
        return found if found.free else None

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.path.read_bytes() if self.path else self.text.encode(self.encoding)

    def figures(self) -> dict[str, Any]:
        """The true figures by path, for the tables and rows the record gives."""
        if self.free:
            from eval.free_scores import figures

            return figures(self.record, self.free)
        found: dict[str, Any] = {}
        for table in TABLES:
            for row, cells in (self.record.get(table) or {}).items():
                for column, value in (cells or {}).items():
                    found[f"{table}.{row}.{column}"] = value
        return found

    def is_undetermined(self, path: str) -> bool:
        """True where the cell, its row or its table is named as not decidable."""
        return any(path == u or path.startswith(f"{u}.") for u in self.undetermined)


_KEYS = frozenset({"expect", "record", "undetermined", "violations", "layout", "damage", "notes", "form", "at"})
_OTHER = {"txt": "json", "json": "txt"}


def load_folder(folder: Path, form: str | None = None) -> list[Case]:
    """The cases of a folder, by name; ``form``: of those that name none.

    Raises UsageError where there are none, InputError where one is broken.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    cases = list(_cases(folder, form))
    if not cases:
        raise UsageError(f"{folder}: no case in it; a case is NAME.txt with NAME.json beside it")
    return cases


def _cases(folder: Path, form: str | None) -> Iterator[Case]:
    for path in sorted(folder.glob("*.json")):
        text = path.with_suffix(".txt")
        if text.is_file():
            yield load_case(text, form)


def halves(folder: Path) -> list[str]:
    """Texts without their JSON, and the other way round."""
    stems = {ending: {path.stem for path in folder.glob(f"*.{ending}")} for ending in ("txt", "json")}
    alone = {(stem, ending) for ending, found in stems.items() for stem in found - stems[_OTHER[ending]]}
    return [f"{stem}.{ending}" for stem, ending in sorted(alone)]


def load_case(path: Path, form: str | None = None) -> Case:
    """The case whose text is at ``path``, with the JSON beside it."""
    from agent.document import load

    answer = path.with_suffix(".json")
    try:
        truth = json.loads(answer.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise InputError(f"{answer}: {error}") from error
    if isinstance(truth, dict) and form and "record" in truth:
        truth.setdefault("expect", "accepted")  # a set made by others says only what is true
    if not isinstance(truth, dict) or truth.get("expect") not in EXPECTS:
        raise InputError(f"{answer}: `expect` must be one of {', '.join(EXPECTS)}")
    unknown = set(truth) - _KEYS
    if unknown and not form:  # a set made by others may say more
        raise InputError(f"{answer}: unknown key {', '.join(sorted(unknown))}; there are {', '.join(sorted(_KEYS))}")
    record = truth.get("record") or {}
    if truth["expect"] == "accepted" and not record:
        raise InputError(f"{answer}: a report that must be accepted needs its `record`")
    try:
        text = load(path).text
    except InputError:
        text = ""  # read again as a case, it crashes alone
    return Case(
        text=text,
        expect=truth["expect"],
        record=record,
        undetermined=tuple(truth.get("undetermined") or ()),
        violations=tuple(truth.get("violations") or ()),
        layout=truth.get("layout") or _layout_in(path.stem),
        edition=str(record.get("edition") or ""),
        name=path.stem,
        damage=tuple(truth.get("damage") or ()),
        notes=tuple(truth.get("notes") or ()),
        path=path,
        form=form or truth.get("form"),
        at=truth.get("at") or {},
    )


def _layout_in(name: str) -> str:
    """The layout a file's name ends on, where the JSON does not say it."""
    last = name.rpartition("_")[2]
    return last if last in ("glued", "lines", "cells", "pipe") else ""


def save_case(case: Case, folder: Path) -> Path:
    """Write NAME.txt and NAME.json; the path of the text."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{case.name}.txt"
    path.write_bytes(case.data)
    path.with_suffix(".json").write_text(dumps(case), encoding="utf-8")
    return path


def dumps(case: Case) -> str:
    """The case's JSON, in the shape of the shared reports."""
    truth = {
        "expect": case.expect,
        "violations": list(case.violations),
        "undetermined": list(case.undetermined),
        "layout": case.layout,
        "damage": list(case.damage),
        "notes": list(case.notes),
        "record": case.record,
        "form": case.form,
        "at": dict(case.at),
    }
    kept = {key: value for key, value in truth.items() if value or key in ("expect", "violations")}
    return json.dumps(kept, ensure_ascii=False, indent=1, default=_number) + "\n"


def _number(value: object) -> float:
    """Amounts have at most six decimals below 10^9, so the shortest float prints them exactly."""
    assert isinstance(value, Decimal)
    return float(value)
