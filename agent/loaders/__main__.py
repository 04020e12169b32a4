"""The child half of ``agent.loaders.child``: bounds itself, reads one file, answers in JSON lines."""

from __future__ import annotations

import importlib
import json
import os
import sys

from agent.errors import InputError
from agent.loaders.blocks import Line
from agent.loaders.limits import LIMITS, confine


def main(argument: str) -> int:
    """Read the file on standard input as ``argument`` (JSON) says."""
    job = json.loads(argument)
    kind, seconds = job.pop("kind"), job.pop("seconds")
    # Libraries print as they please; only we may write to what the parent reads.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    memory = LIMITS.ocr_memory if kind == "scan" else LIMITS.memory
    confine(memory, 2 * seconds, may_start=kind == "doc")
    data = sys.stdin.buffer.read()
    try:
        reader = importlib.import_module(f"agent.loaders.{kind}")
        for page, lines in reader.read(data, **job):
            answers.write(json.dumps({"page": page, "lines": _packed(lines)}, ensure_ascii=False) + "\n")
            answers.flush()
    except (InputError, MemoryError) as error:
        reason = str(error) if isinstance(error, InputError) else "needs more memory to read than is allowed"
        answers.write(json.dumps({"error": reason}) + "\n")
    answers.close()
    return 0


def _packed(lines: list[Line] | None) -> list[list[object]] | None:
    return None if lines is None else [line.pack() for line in lines]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
