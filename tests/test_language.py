"""What is said of a table in doubt: each thing also in Chinese."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from agent import evidence, headers, language, rows


def _troubles(module: ModuleType) -> Iterator[str]:
    """The words that the functions of a module give back, or name as ``trouble``, with 7 for what they fill in."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        given = node.value if isinstance(node, ast.Return | ast.keyword) else None
        if isinstance(node, ast.keyword) and node.arg != "trouble":
            continue
        for one in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
            if isinstance(one, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in one.values)
            elif isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
                yield one.value


@pytest.mark.parametrize("told", sorted({told for module in (headers, evidence, rows) for told in _troubles(module)}))
def test_what_is_said_of_a_table_in_doubt_is_said_in_chinese_too(told: str) -> None:
    chinese = language.message("zh", f"table3: {told}")

    assert chinese != f"table3: {told}" or language.message("zh", told) != told
    assert language.of_table("en", told) == told
