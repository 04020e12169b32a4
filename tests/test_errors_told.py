"""Errors in Chinese: by words that are really raised, with every value in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from agent import cli
from agent.errors_told import CHINESE, in_chinese

AGENT = Path(__file__).parent.parent / "agent"
FROM_THE_SYSTEM = {"Is a directory", "Permission denied", "No space left on device"}


@cache
def written() -> tuple[str, ...]:
    """All texts in the code but the table itself."""

    def texts() -> Iterator[str]:
        for path in sorted(AGENT.rglob("*.py")):
            if path.name != "errors_told.py":
                tree = ast.parse(path.read_text(encoding="utf-8"))
                yield from (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))

    return tuple(texts())


@pytest.mark.parametrize("english", sorted(CHINESE.keys() - FROM_THE_SYSTEM))
def test_what_has_chinese_words_is_what_the_code_says(english: str) -> None:
    for part in filter(None, english.split("{}")):
        words = part.strip(" ()")
        assert any(words in text for text in written()), words


@pytest.mark.parametrize("english", CHINESE)
def test_every_value_has_its_place_in_chinese(english: str) -> None:
    values = [f"v{number}" for number in range(english.count("{}"))]
    told = in_chinese(english.format(*values))

    assert told == CHINESE[english].format(*values)
    assert in_chinese(f"a/b.pdf: {english.format(*values)}").endswith(told) or english.startswith("{}")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("报告: 一.txt: no such file", "报告: 一.txt：没有这个文件"),
        (
            "model m at http://127.0.0.1:1/v1: connection failed: refused; gave up after 5 calls",
            "模型 m（http://127.0.0.1:1/v1）：连接失败：refused；调用 5 次后放弃",
        ),
        (
            "model m at h: status 401: bad key (check the key (OPENAI_API_KEY))",
            "模型 m（h）：status 401: bad key（请检查密钥 OPENAI_API_KEY）",
        ),
        ("what nobody translated: 7", "what nobody translated: 7"),
    ],
)
def test_an_error_is_told_in_chinese(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese


@pytest.mark.parametrize("asked", [("--lang", "zh"), ("--lang=zh",)])
def test_the_command_tells_its_error_in_the_language_asked_for(
    asked: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = cli.run(("extract", "nothing.txt", "--json", *asked))
    said = capfd.readouterr()

    assert code == 5
    assert said.err == "gouji: nothing.txt：没有这个文件\n"
    assert "nothing.txt: no such file" in said.out  # for programs
