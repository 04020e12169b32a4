"""What leaves this process unasked, and what must not: the environment of children, the logs of the clients we use."""

from __future__ import annotations

import logging
import os

SECRET = frozenset({"OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL"})
"""Variables that hold a key, or an address that may hold a login: for the model door alone."""

_TALKATIVE = ("openai", "httpcore2")


def for_children() -> dict[str, str]:
    """The environment for a child that asks no model."""
    return {name: value for name, value in os.environ.items() if name not in SECRET}


def hush_clients() -> None:
    """Keep requests, and with them the document, out of the logs, also where all is logged at DEBUG."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.isEnabledFor(logging.DEBUG):
            logger.setLevel(logging.INFO)
    # It logs answers, and with them the document, as errors of its own.
    logging.getLogger("instructor").setLevel(logging.CRITICAL)
