"""What may be shown in a terminal; light to import."""

from __future__ import annotations

import unicodedata


def safe(text: str) -> str:
    """The text without what a terminal would obey: control, bidirectional and other invisible characters."""
    return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)
