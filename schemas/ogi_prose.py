"""What patterns can settle in the prose of an annual report: organ, year, period, contact.

Each value comes with the words that carry it; what no pattern settles stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.form import Quoted


def read_prose(text: str) -> Mapping[str, Quoted]:
    """Fields of the record by name, for those that the text states in a form a pattern settles."""
    return {}
