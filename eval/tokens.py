"""How many tokens a text takes, without a download: o200k, as providers count and bill."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any


@cache
def _encoding() -> Any:
    with warnings.catch_warnings():
        # It reads its vocabulary in a way that Python will drop one day.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

        return bpe_openai.get_encoding("o200k_base")


def count(text: str) -> int:
    """Tokens of a text. Without bpe-openai (a development dependency) an estimate, a little high for Chinese."""
    try:
        encoding = _encoding()
    except ImportError:
        wide = sum(char > "\u2e7f" for char in text)
        return wide + (len(text) - wide + 2) // 3
    return len(encoding.encode_ordinary(text))
