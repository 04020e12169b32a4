"""What we build on: each package with its reason, none with a known advisory, and what could not be checked is said."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.advisories import Known, main, online, pinned

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| ([\w.-]+) \| ([\w, ]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def declared() -> dict[str, set[str]]:
    """The packages of pyproject.toml, each with what it is for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists: dict[str, Sequence[str]] = {"base": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, set[str]] = {}
    for group, lines in lists.items():
        for line in lines:
            name = re.split(r"[\[<>=]", line)[0]
            if name != "gouji":
                found.setdefault(name, set()).add(group)
    return found


def test_every_dependency_stands_in_the_table_with_its_reason_and_no_other_does() -> None:
    rows = ROW.findall((ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"))
    told = {name: set(groups.split(", ")) for name, groups, _, _ in rows if name != "package"}

    assert told == declared()
    assert [name for name, _, why, chinese in rows if not why.strip() or not chinese.strip()] == []


def test_no_pinned_version_has_an_advisory_on_the_kept_list(capsys: pytest.CaptureFixture[str]) -> None:
    known = Known.read()

    assert list(known.of(pinned())) == []
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", known.date)
    assert {advisory.package for advisory in known.advisories} <= set(pinned())


def test_an_affected_version_is_told_with_its_advisory() -> None:
    (told,) = Known.read().of({"pdfminer-six": "20250506", "lxml": "6.1.0"})

    assert told.startswith("pdfminer-six 20250506: CVE-2025-64512")


def test_a_pinned_version_with_an_advisory_ends_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no pip-audit
    assert main() == 0
    monkeypatch.setattr("tests.advisories.pinned", lambda: {"lxml": "6.0.0"})

    assert main() == 1

    told = capsys.readouterr().out
    assert "not checked online: pip-audit is not installed" in told
    assert "by the list of 20" in told
    assert "lxml 6.0.0: CVE-2026-41066" in told


SKIPPED = {"name": "jinja2", "skip_reason": "Dependency not found and could not be audited: jinja2 (3.1.6)"}
FOUND = {"name": "lxml", "version": "6.0.0", "vulns": [{"id": "GHSA-1"}]}


@pytest.mark.parametrize(
    ("answer", "found", "says"),
    [
        ({"dependencies": [SKIPPED, SKIPPED]}, [], "not checked online: the package index answers for none of the 2"),
        ({"dependencies": [SKIPPED, FOUND]}, ["lxml 6.0.0: GHSA-1"], "checked online: 1 of 2 packages"),
        ("no answer", [], "not checked online: pip-audit gave no answer"),
    ],
)
def test_what_pip_audit_could_not_look_up_is_not_called_checked(answer: object, found: list[str], says: str) -> None:
    told, how = online(ask=lambda _: answer if isinstance(answer, str) else json.dumps(answer))

    assert told == found
    assert how.startswith(says)
