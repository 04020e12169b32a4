"""What loading takes and how much of a scan is read right: ``python -m eval.bench_loaders [--scans]``.

Without ``--scans``: seconds and peak memory a page by format, for one report of this project's generator.
With it: figures right by resolution and wear, over several fonts and table styles. Ten minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.errors import InputError
from agent.outcome import TRUSTED
from agent.pipeline import extract
from eval import render
from eval.cases import Case
from eval.generator import generate

CONDITIONS = (
    (150, "clean"),
    (200, "clean"),
    (150, "skew-2"),
    (200, "skew--2+jpeg-60"),
    (150, "noise"),
    (200, "noise"),
    (150, "jpeg-60"),
    (100, "clean"),
    (100, "noise-8+skew-1+jpeg-60"),
)
"""Resolution and wear of the pages."""


@dataclass(frozen=True)
class Score:
    """Figures of a report against its truth. ``trusted``: wrong and yet graded proved or read, which must be none."""

    figures: int
    right: int
    wrong: int
    trusted: int
    status: str
    seconds: float


def scan_score(case: Case, scan: bytes) -> Score:
    """How the scan of a report is read, against the figures the case gives."""
    start = time.perf_counter()
    outcome = extract(scan, reader="offline", name=f"{case.name}.pdf")
    seconds = time.perf_counter() - start
    figures = {path: value for path, value in case.figures().items() if value is not None}
    if outcome.status == "not_this_form":
        return Score(len(figures), 0, 0, 0, outcome.status, seconds)
    read = {path: outcome.reading.value(path) for path in figures}
    return Score(
        len(figures),
        sum(read[path] == value for path, value in figures.items()),
        sum(read[path] not in (None, value) for path, value in figures.items()),
        sum(read[path] not in (None, value) and outcome.grades.get(path) in TRUSTED for path, value in figures.items()),
        outcome.status,
        seconds,
    )


def scanned(printed: bytes, dpi: int, wear: str) -> bytes:
    """A printed PDF as a scan of it."""
    return render.scanned_pdf([render.worn(page, wear) for page in render.images(printed, dpi)], dpi)


def scans() -> Iterator[str]:
    """A Markdown table: figures right by condition, each in a style the reader was made with and in another."""
    yield "| dpi | wear | styles | figures | right | wrong | wrong and trusted | accepted |"
    yield "|---|---|---|---|---|---|---|---|"
    for number in range(len(CONDITIONS)):
        yield scans_of(number)


def scans_of(number: int) -> str:
    """A row of that table: two reports of this project's generator, each printed and scanned."""
    dpi, wear = CONDITIONS[number]
    styles = (render.STYLES[number % 5], render.UNTUNED[number % 5])
    cases = [generate(100 + 2 * number + at, layout="tab", damage=()) for at in range(2)]
    scores = [
        scan_score(case, scanned(render.pdf(case.text, style), dpi, wear))
        for case, style in zip(cases, styles, strict=True)
    ]
    sums = [sum(getattr(score, name) for score in scores) for name in ("figures", "right", "wrong", "trusted")]
    accepted = sum(score.status == "accepted" for score in scores)
    names = ", ".join(style.name for style in styles)
    return f"| {dpi} | {wear} | {names} | {' | '.join(map(str, sums))} | {accepted} of {len(scores)} |"


def formats() -> Iterator[str]:
    """A Markdown table: seconds and peak memory by format; a format without pages counts as one.

    ``of a processor``: what the reading processes used of all cores together, other work on the machine left out.
    """
    yield "| format | bytes | pages | seconds | seconds a page | of a processor | peak MiB of the largest process |"
    yield "|---|---|---|---|---|---|---|"
    text = generate(1, layout="tab", damage=()).text
    with tempfile.TemporaryDirectory() as folder:
        for name, make in _files(text).items():
            try:
                path = Path(folder, f"report.{name}")
                path.write_bytes(make())
                yield f"| {name} | {path.stat().st_size} | {_measured(path)} |"
            except (FileNotFoundError, ImportError, InputError, RuntimeError) as error:
                yield f"| {name} | not measured: {error} | | | | | |"


def _files(text: str) -> dict[str, Callable[[], bytes]]:
    def printed() -> bytes:
        if shutil.which("chromium"):
            return render.pdf(text)
        return render.office(render.docx(text), "docx", "pdf")

    return {
        "txt": text.encode,
        "html": lambda: render.html(text),
        "docx": lambda: render.docx(text),
        "xlsx": lambda: render.xlsx(text),
        "doc": lambda: render.office(render.docx(text), "docx", "doc:MS Word 97"),
        "pdf": printed,
        "scan.pdf": lambda: scanned(printed(), 150, "clean"),
        "png": lambda: render.png(next(render.images(printed(), 150)), 150),
    }


_ONE = """
import resource, sys, time
from pathlib import Path
from agent.document import load
start = time.perf_counter()
pages = load(Path(sys.argv[1])).pages
seconds = time.perf_counter() - start
both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
peak = max(one.ru_maxrss for one in both) // 1024
used = both[1].ru_utime + both[1].ru_stime
print(f"{pages or '-'} | {seconds:.2f} | {seconds / (pages or 1):.2f} | {used:.2f} | {peak}")
"""


def _measured(path: Path) -> str:
    """Pages, seconds and peak memory of loading the file, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _ONE, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip()


def main() -> None:
    """Print the table as it grows."""
    for line in scans() if "--scans" in sys.argv[1:] else formats():
        print(line, flush=True)


if __name__ == "__main__":
    main()
