"""Starts batches at once, to be killed: everything is imported already, and each is a fork of its own.

Says when it is ready. A job is a line of JSON on standard input; what comes back is the process's number, then how
it ended.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.batch_world import World, entries

PRELOADED = ("instructor", "instructor.core", "openai.types.chat", "eval.tallies", "agent.extraction", "agent.reader")


@dataclass(frozen=True)
class Elsewhere:
    """A server that runs in another process."""

    base_url: str


def work(db: str, base_url: str | None, folder: str, concurrency: int) -> None:
    """One batch over a folder."""
    server = Elsewhere(base_url) if base_url else None
    world = World(Path(db), server, "model" if server else "offline", concurrency=concurrency)
    world.read(entries(sorted(Path(folder).iterdir())))


def main() -> None:
    """Fork for each job."""
    for name in PRELOADED:
        __import__(name)
    print("ready", flush=True)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            work(**json.loads(line))
            os._exit(0)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
