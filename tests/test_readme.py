"""The READMEs: their commands run and print what they say; every command, option, code and reason is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import click
import pytest

from agent import errors
from agent.cli import EXIT_CODES, gouji
from agent.outcome import Grade, Reason

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh.md"]
_FENCE = re.compile(r"(?P<note><!-- not run: [^>]+ -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)```", re.DOTALL)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, kind: str) -> list[re.Match[str]]:
    return [block for block in _FENCE.finditer(text(name)) if block["kind"] == kind]


def commands(body: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines that stand under it."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return iter(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the sample where a clone does."""
    shutil.copytree(ROOT / "agent" / "sample", tmp_path / "agent" / "sample")
    return tmp_path


@pytest.mark.parametrize("name", READMES)
def test_every_command_runs_and_prints_what_stands_under_it(name: str, folder: Path) -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("GOUJI_", "OPENAI_"))}
    environ |= {"PATH": f"{Path(sys.executable).parent}:{environ['PATH']}", "COLUMNS": "160"}
    for block in blocks(name, "console"):
        for command, lines in commands(block["body"]):
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, encoding="utf-8", check=False
            )

            assert done.returncode in (0, 3), f"{command}: {done.stderr}"
            assert [line for line in lines if line not in done.stdout] == [], f"{command}: {done.stdout}"


@pytest.mark.parametrize("name", READMES)
def test_every_python_example_runs(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GOUJI_MODEL", raising=False)
    examples = blocks(name, "python")
    for example in examples:
        exec(compile(example["body"], name, "exec"), {})

    assert examples


@pytest.mark.parametrize("name", READMES)
def test_a_shell_block_is_make_or_says_why_it_is_not_run(name: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE))
    for block in blocks(name, "sh"):
        lines = block["body"].splitlines()

        assert block["note"] or all(line.split()[0] == "make" for line in lines)
        assert {line.split()[1] for line in lines if line.startswith("make ")} <= targets


@pytest.mark.parametrize("name", READMES)
def test_every_command_and_option_is_documented(name: str) -> None:
    context = click.Context(gouji)
    table = {row.split("`")[1].split()[1]: row for row in text(name).splitlines() if row.startswith("| `gouji ")}
    for command in gouji.list_commands(context):
        assert command in table

    for command, found in gouji.commands.items():
        parts = list(found.commands.values()) if isinstance(found, click.Group) else [found]
        options = {
            option for part in parts for param in part.params for option in param.opts if option.startswith("--")
        }

        assert set(re.findall(r"--[\w-]+", table[command])) == options


@pytest.mark.parametrize("name", READMES)
def test_every_exit_code_reason_and_grade_is_told(name: str) -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", text(name), re.MULTILINE)}
    raised = {error.exit_code for error in vars(errors).values() if _is_ours(error)}

    assert codes == raised | set(EXIT_CODES.values())
    for word in [*Reason, *Grade]:
        assert f"`{word}`" in text(name)


def _is_ours(error: object) -> TypeGuard[type[errors.GoujiError]]:
    return isinstance(error, type) and issubclass(error, errors.GoujiError)


@pytest.mark.parametrize("name", READMES)
def test_every_environment_variable_is_told(name: str) -> None:
    sources = "".join((ROOT / "agent" / file).read_text(encoding="utf-8") for file in ("settings.py", "language.py"))
    variables = set(re.findall(r'"((?:GOUJI|OPENAI)_\w+)"', sources))

    assert {variable for variable in variables if f"`{variable}`" not in text(name)} == set()


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", text(name))

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_both_readmes_run_the_same_commands() -> None:
    def run(name: str) -> list[str]:
        return [re.sub(r"--lang \w\w", "", line) for b in blocks(name, "console") for line, _ in commands(b["body"])]

    assert run("README.md") == run("README.zh.md")
