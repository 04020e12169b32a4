"""The pages of a file in order: parsed in a child process, scanned ones read by OCR, several at a time."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from threading import Event

from agent.document import Progress
from agent.errors import InputError
from agent.loaders.blocks import Line
from agent.loaders.child import ask
from agent.loaders.joins import join
from agent.loaders.limits import LIMITS

NEEDS = {
    "pdf": ("pdf", ("pdfplumber", "pypdfium2")),
    "image": ("ocr", ("PIL",)),
    "scan": ("ocr", ("rapidocr", "onnxruntime", "cv2", "pypdfium2")),
    "xlsx": ("xlsx", ("openpyxl",)),
}
"""By reader: the extra that brings what it needs, and the modules it needs."""

_Found = tuple[int, list[Line]]


def require(reader: str) -> None:
    """Say how to install what a reader needs where it is missing."""
    extra, modules = NEEDS.get(reader, ("", ()))
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise InputError(f"reading it needs {module}, which is not installed: pip install 'gouji[{extra}]'")


def pages(kind: str, data: bytes, progress: Progress | None) -> Iterator[Sequence[Line]]:
    """The lines of each page. Raises InputError with the reason."""
    require(kind)
    found: dict[int, Sequence[Line] | None] = {}
    for answer in ask(kind, data):
        packed = answer["lines"]
        found[answer["page"]] = None if packed is None else [Line.unpack(line) for line in packed]
    scanned = [number for number, lines in found.items() if lines is None]
    if scanned:
        require("scan")
        if len(scanned) > LIMITS.ocr_pages:
            raise InputError(f"has {len(scanned)} scanned pages, more than {LIMITS.ocr_pages}")
        found |= _recognised(data, scanned, progress)
    whole = [list(found[number] or ()) for number in sorted(found)]
    join(whole)
    yield from whole


def _recognised(data: bytes, scanned: Sequence[int], progress: Progress | None) -> dict[int, Sequence[Line] | None]:
    """The scanned pages, read by as many processes as there are cores."""
    workers = min(_cores(), len(scanned))
    done: SimpleQueue[_Found] = SimpleQueue()
    stop = Event()
    found: dict[int, Sequence[Line] | None] = {}
    with ThreadPoolExecutor(workers) as pool:
        share = max(1, _cores() // workers)
        running = {pool.submit(_read_some, data, scanned[i::workers], share, done, stop) for i in range(workers)}
        try:
            while running:
                ended, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for number, lines in _drained(done):
                    found[number] = lines
                    if progress:
                        progress(len(found), len(scanned))
                for future in ended:
                    future.result()
        finally:
            stop.set()
    found |= dict(_drained(done))
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _drained(queue: SimpleQueue[_Found]) -> Iterator[_Found]:
    try:
        while True:
            yield queue.get_nowait()
    except Empty:
        return


def _read_some(data: bytes, numbers: Sequence[int], threads: int, done: SimpleQueue[_Found], stop: Event) -> None:
    seconds = LIMITS.seconds + LIMITS.seconds_per_page * len(numbers)
    for answer in ask("scan", data, seconds=seconds, pages=list(numbers), threads=threads):
        done.put((answer["page"], [Line.unpack(line) for line in answer["lines"]]))
        if stop.is_set():
            return
