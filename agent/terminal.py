"""What may be shown in a terminal; light to import."""

from __future__ import annotations

import unicodedata


def safe(text: object) -> str:
    """The text without what a terminal would obey: control, bidirectional and other invisible characters.

    A damaged database may hold something else where a text was.
    """
    return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in str(text))
