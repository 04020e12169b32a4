"""How fast reports are read offline, from bytes to checked outcome, on one core: ``make bench``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from agent.pipeline import extract
from eval.generator import generate

REPORTS = 60
CELLS = ("tab", "tab_ragged", "pipe")
OTHERS = ("lines", "vertical", "spaces", "aligned")
GLUED = ("glued", "glued_rows", "half_glued")
LEAST_A_SECOND = 100
MOST_MS = 50


def main() -> None:
    """Print CPU time for each layout: generated reports of both editions, all sizes and damages."""
    _timed([_bytes("glued", 0)])  # the solver is loaded once
    print(f"offline, one core, {REPORTS} generated reports a layout, ms of CPU (aims: {LEAST_A_SECOND} reports")
    print(f"a second with cells; glued at a median under {MOST_MS} ms)")
    print(f"  {'layout':14}{'mean':>8}{'median':>8}{'max':>8}{'reports/s':>12}")
    taken = {layout: _timed([_bytes(layout, s) for s in range(REPORTS)]) for layout in (*CELLS, *OTHERS, *GLUED)}
    for layout, times in taken.items():
        _told(layout, times)
    _told("with cells", [t for layout in CELLS for t in taken[layout]])
    _told("glued", [t for layout in GLUED for t in taken[layout]])


def _bytes(layout: str, seed: int) -> bytes:
    case = generate(seed, layout=layout)
    return case.text.encode(case.encoding)


def _timed(sources: Sequence[bytes]) -> list[float]:
    times = []
    for source in sources:
        start = time.process_time()
        extract(source, reader="offline")
        times.append((time.process_time() - start) * 1000)
    return times


def _told(name: str, times: Sequence[float]) -> None:
    mean = sum(times) / len(times)
    print(f"  {name:14}{mean:8.1f}{median(times):8.1f}{max(times):8.1f}{1000 / mean:12.0f}")


if __name__ == "__main__":
    main()
