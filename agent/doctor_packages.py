"""What is installed, told by its metadata: nothing is imported to look at it."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal

from agent.doctor_texts import TEXTS, say
from agent.language import Language

State = Literal["ok", "absent", "warning", "broken"]
Release = tuple[int, ...]
VersionOf = Callable[[str], str]


@dataclass(frozen=True)
class Line:
    """One thing looked at: how it stands, what was found, and the way out where something is amiss."""

    name: str
    state: State
    found: str
    way_out: str = ""


@dataclass(frozen=True)
class Requirement:
    """A package gouji builds on, or one of its extras does: ``range`` as pyproject.toml says it."""

    name: str
    range: str
    extra: str | None

    @classmethod
    def parse(cls, line: str) -> Requirement:
        """The requirement in a line of metadata."""
        match = re.match(r"([\w.-]+)([^;]*)(?:;.*extra == ['\"](\w+)['\"])?", line)
        assert match, line
        return cls(match[1], match[2].strip(), match[3])

    def allows(self, version: str) -> bool:
        """Whether a version is in the range: its lower bounds and its upper ones, the only ones we use."""
        found = release(version)
        bounds = re.findall(r"(>=|<)\s*([\d.]+)", self.range)
        return all(found >= release(bound) if sign == ">=" else found < release(bound) for sign, bound in bounds)


@dataclass(frozen=True)
class Known:
    """A fault of SQLite that touches gouji: there since a release, mended in others, one a branch, newest last."""

    text: str
    since: Release
    mended: tuple[Release, ...]

    def touches(self, version: Release) -> bool:
        """Whether a release has the fault."""
        branch = any(version[:2] == mended[:2] and version >= mended for mended in self.mended)
        return self.since <= version < self.mended[-1] and not branch


SQLITE_FAULTS = (
    Known("wal_reset", (3, 7, 0), ((3, 44, 6), (3, 50, 7), (3, 51, 3))),
    Known("aggregate", (3, 0, 0), ((3, 50, 2),)),
)


def release(version: str) -> Release:
    """The numbers a version begins with, to be compared; trailing zeros say nothing."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(number) for number in match[0].split(".")] if match else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def packages(
    language: Language, wanted: Sequence[str] | None = None, version_of: VersionOf = version
) -> Iterator[Line]:
    """The versions of gouji and Python, the packages it builds on, and its extras."""
    gouji = f"gouji {version_of('gouji')}"
    python = ".".join(map(str, sys.version_info[:3]))
    yield Line("gouji", "ok", say(language, "is_gouji", gouji=gouji, python=python, place=sys.prefix))
    needed = [Requirement.parse(line) for line in (requires("gouji") or [] if wanted is None else wanted)]
    yield _base([one for one in needed if one.extra is None], language, version_of)
    for extra in sorted({one.extra for one in needed if one.extra}):
        if f"for_{extra}" in TEXTS:
            yield _extra(extra, [one for one in needed if one.extra == extra], language, version_of)


def sqlite(language: Language, version: str = sqlite3.sqlite_version) -> Iterator[Line]:
    """SQLite's version, and those of its known faults that touch us."""
    faults = [known for known in SQLITE_FAULTS if known.touches(tuple(map(int, version.split("."))))]
    if not faults:
        yield Line("sqlite", "ok", say(language, "no_known_fault", version=version))
    for known in faults:
        mended = ".".join(map(str, known.mended[-1]))
        told = say(language, known.text, version=version)
        yield Line("sqlite", "warning", told, say(language, "newer_sqlite", version=mended))


def _base(needed: Sequence[Requirement], language: Language, version_of: VersionOf) -> Line:
    here, wrong = _sorted(needed, language, version_of)
    if wrong:
        return Line("packages", "broken", say(language, "between").join(wrong), say(language, "reinstall"))
    return Line("packages", "ok", ", ".join(here))


def _extra(extra: str, needed: Sequence[Requirement], language: Language, version_of: VersionOf) -> Line:
    here, wrong = _sorted(needed, language, version_of)
    what = say(language, f"for_{extra}")
    if not wrong:
        return Line(f"extra {extra}", "ok", say(language, "present", what=what, found=", ".join(here)))
    lacking = say(language, "between").join(wrong)
    found = say(language, "absent", what=what, lacking=lacking)
    return Line(f"extra {extra}", "absent", found, f"pip install 'gouji[{extra}]'")


def _sorted(needed: Sequence[Requirement], language: Language, version_of: VersionOf) -> tuple[list[str], list[str]]:
    """Those that are here as they should be, and what is wrong with the others."""
    here, wrong = [], []
    for one in needed:
        try:
            found = version_of(one.name)
        except PackageNotFoundError:
            wrong.append(say(language, "missing", name=one.name, wanted=f"{one.name}{one.range}"))
            continue
        if one.allows(found):
            here.append(f"{one.name} {found}")
        else:
            wrong.append(say(language, "outside", name=one.name, version=found, wanted=f"{one.name}{one.range}"))
    return here, wrong
