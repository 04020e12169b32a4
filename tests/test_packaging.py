"""The package: our names are ours alone, the wheel holds what it needs and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points, packages_distributions, requires
from pathlib import Path

import pytest

import agent

ROOT = Path(__file__).parent.parent
OURS = ["agent", "schemas", "prompts", "eval"]


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_brings_a_package_of_our_name(name: str) -> None:
    # An editable install lists no packages; whoever is listed beside it is an intruder.
    assert set(packages_distributions().get(name, ["gouji"])) == {"gouji"}


def test_what_is_exported_is_what_all_says() -> None:
    assert {name for name in agent.__all__ if getattr(agent, name, None) is None} == set()
    assert agent.__all__ == sorted(agent.__all__)
    with pytest.raises(AttributeError):
        _ = agent.nothing


def test_every_command_added_by_entry_point_loads() -> None:
    assert {point.name for point in entry_points(group="gouji.commands")} >= {"eval", "model"}
    for point in entry_points(group="gouji.commands"):
        assert point.load().name == point.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_our_four_packages_and_no_tests(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(OURS)
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith(".db")]


CONTENTS = (
    r"(agent|schemas|prompts|eval)/([a-z_]+/)*[a-z0-9_]+\.py",
    r"(agent|schemas|prompts|eval)/py\.typed",
    r"agent/(templates|desk/templates)/[a-z_]+\.(html|md|py|txt)\.jinja",
    r"agent/desk/static/[a-z_]+\.(css|js|svg)",
    r"agent/sample/[a-z0-9_]+\.txt",
    r"prompts/[a-z_]+\.txt",
    r"schemas/[a-z_]+\.txt",
    r"eval/page\.html\.jinja",
    r"eval/gold(_[a-z]+)?/([a-z0-9_]+\.(json|txt)|README\.md)",  # what `gouji eval` reads where no folder is named
    r"gouji-[\d.]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt)",
)
"""Every file of the wheel is one of these."""


def test_every_file_of_the_wheel_is_meant_to_be_in_it(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()

    assert [name for name in names if not any(re.fullmatch(kind, name) for kind in CONTENTS)] == []
    assert [kind for kind in CONTENTS if not any(re.fullmatch(kind, name) for name in names)] == []
    assert sum(info.file_size for info in wheel.infolist()) < 5_000_000


def test_nothing_in_the_wheel_names_the_machine_that_built_it(wheel: zipfile.ZipFile) -> None:
    here = [str(ROOT).encode(), str(Path.home()).encode() + b"/"]

    assert [name for name in wheel.namelist() if any(path in wheel.read(name) for path in here)] == []


def test_the_wheel_holds_every_file_that_is_no_code(wheel: zipfile.ZipFile) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *OURS], cwd=ROOT, check=False, capture_output=True, encoding="utf-8"
    ).stdout.split()
    if not listed:
        pytest.skip("no git checkout")

    assert set(listed) - set(wheel.namelist()) == set()
    assert "agent/sample/qinglan_2023.txt" in wheel.namelist()


def test_every_requirement_has_its_version_in_the_constraints() -> None:
    pinned = {_name(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    needed = {_name(line) for line in requires("gouji") or []} - {"gouji"}

    assert needed - pinned == set()


def test_the_constraints_are_names_and_versions_only() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+", line)


def test_what_pip_must_not_backtrack_has_a_lower_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert [line for line in project["dependencies"] if ">=" not in line] == []


def _name(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match
    return re.sub(r"[-_.]+", "-", match.group()).lower()
