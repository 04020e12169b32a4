"""Characters taken for others, in tables that ``str.translate`` is quick with."""

from __future__ import annotations

from collections.abc import Mapping


class Fold(dict[int, int | str]):
    """A table for ``str.translate`` that remembers the characters that stay.

    A plain dict raises and catches an error for each of them, which is most of a Chinese text: ten times slower.
    """

    def __init__(self, table: Mapping[int, str]) -> None:
        super().__init__(table)

    def __missing__(self, code: int) -> int:
        """The character itself."""
        self[code] = code
        return code
