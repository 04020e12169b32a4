"""gouji reads figures out of messy reports and keeps only what adds up.

from agent import extract
outcome = extract("report.txt")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.outcome import Accepted, NeedsReview, NotThisForm, Outcome
    from agent.pipeline import aextract, extract

__all__ = ["Accepted", "NeedsReview", "NotThisForm", "Outcome", "aextract", "extract"]

_HOME = {"aextract": "agent.pipeline", "extract": "agent.pipeline"}


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``gouji --help`` need not wait for what it does not use."""
    if name not in __all__:
        raise AttributeError(f"module 'agent' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME.get(name, "agent.outcome")), name)
