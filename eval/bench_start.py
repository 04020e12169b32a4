"""How long the commands that call no model take to answer: ``make bench``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

RUNS = 15
LIMIT_MS = 150


def main() -> None:
    """Print the best and the median time of each command."""
    with tempfile.TemporaryDirectory() as folder, as_file(files("agent") / "sample" / "qinglan_2023.txt") as sample:
        run = _gouji("extract", str(sample), "--json", cwd=folder)
        (Path(folder) / "record.json").write_text(json.dumps(json.loads(run)["record"]), encoding="utf-8")
        print(f"time to answer, best and median of {RUNS} (aim: under {LIMIT_MS} ms)")
        _time("python alone", [sys.executable, "-c", "pass"], folder)
        for arguments in (
            ["--help"],
            ["show", "1"],
            ["show", "1", "--json"],
            ["check", "record.json"],
            ["review"],
            ["doctor"],
        ):
            _time(f"gouji {' '.join(arguments)}", [sys.executable, "-m", "agent", *arguments], folder)


def _gouji(*arguments: str, cwd: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "agent", *arguments], cwd=cwd, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout


def _time(name: str, command: list[str], folder: str) -> None:
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    print(f"  {name:24} {taken[0]:6.0f} {taken[RUNS // 2]:6.0f} ms")


if __name__ == "__main__":
    main()
