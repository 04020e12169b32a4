"""Whether a pinned package has a known advisory: by a kept list, offline, and by pip-audit where that can ask.

``python -m tests.advisories`` (``make advisories``) tells both, and what could not be checked. To renew the list, run
pip-audit where the index answers it, add what it finds to advisories.json with the package's name in lower case, and
set the date.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
LIST = Path(__file__).with_name("advisories.json")

Ask = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Advisory:
    """A known fault of a package, in the versions of ``affected``."""

    package: str
    id: str
    affected: SpecifierSet
    what: str


@dataclass(frozen=True)
class Known:
    """The kept list and the day it was brought up to date."""

    date: str
    advisories: Sequence[Advisory]

    @classmethod
    def read(cls, path: Path = LIST) -> Known:
        """The list in a file."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            told["date"],
            [Advisory(a["package"], a["id"], SpecifierSet(a["affected"]), a["what"]) for a in told["advisories"]],
        )

    def of(self, pins: Mapping[str, str]) -> Iterator[str]:
        """What is known of those versions."""
        for advisory in self.advisories:
            version = pins.get(advisory.package)
            if version is not None and advisory.affected.contains(version, prereleases=True):
                yield f"{advisory.package} {version}: {advisory.id}, {advisory.what} (affected: {advisory.affected})"


def pinned(path: Path = CONSTRAINTS) -> dict[str, str]:
    """The versions in a constraints file, by name."""
    lines = (line.split("==") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {str(canonicalize_name(name)): version for name, version in lines}


def online(path: Path = CONSTRAINTS, ask: Ask | None = None) -> tuple[list[str], str]:
    """What pip-audit finds, and a line on how far it could look: it calls a package it cannot look up no problem."""
    tool = shutil.which("pip-audit")
    if ask is None and tool is None:
        return [], "not checked online: pip-audit is not installed (pipx install pip-audit, then run this again)"
    command = [tool or "pip-audit", "--requirement", str(path), "--no-deps", "--disable-pip", "--format", "json"]
    try:
        told = json.loads((ask or _run)(command))["dependencies"]
    except (OSError, ValueError, KeyError) as error:
        return [], f"not checked online: pip-audit gave no answer ({error})"
    checked = [package for package in told if "skip_reason" not in package]
    found = [f"{p['name']} {p['version']}: {fault['id']}" for p in checked for fault in p.get("vulns", [])]
    if not checked:
        return [], f"not checked online: the package index answers for none of the {len(told)} packages"
    return found, f"checked online: {len(checked)} of {len(told)} packages; of the others nothing is known"


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600).stdout


def main() -> int:
    """Tell what is known; 1 where a pinned version has an advisory."""
    known, pins = Known.read(), pinned()
    kept = list(known.of(pins))
    packages = len({advisory.package for advisory in known.advisories})
    print(f"{len(pins)} pinned packages, {len(kept)} advisories by the list of {known.date}")
    print(f"  (the list knows {len(known.advisories)} advisories over {packages} packages, and of the others nothing)")
    found, how = online()
    print(how)
    for advisory in (*kept, *found):
        print(f"  {advisory}")
    return 1 if kept or found else 0


if __name__ == "__main__":
    sys.exit(main())
