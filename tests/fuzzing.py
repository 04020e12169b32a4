"""What is fuzzed: one harness a target, for hypothesis (the slow suite) and for atheris (`make fuzz`) alike.

A target takes any bytes. What it gives is a word for what they came to; what it raises is a finding.
"""

from __future__ import annotations

import asyncio
import json
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from random import Random
from typing import Any

from agent import loaders, pipeline, wire
from agent.document import load
from agent.errors import GoujiError, InputError
from agent.free_wire import parse, question
from agent.model import Answer, Call, ModelSettings
from agent.outcome import NO_USAGE
from agent.solver import holds, solve
from agent.transport import reply, retry_after
from eval.cases import Case
from eval.oracle import Oracle
from eval.server import completion
from schemas import load as load_form
from schemas.form import Form
from tests.fuzz_checks import alike, assert_clean, assert_true, digits, holds_it, judged, named, refused
from tests.fuzz_inputs import (
    FIGURES,
    JSON,
    LIES,
    MARKUP,
    TEXT,
    cases,
    encodings,
    mutated,
    pages,
    receipts,
    reports,
    table_of,
    word_parts,
)  # fmt: skip

OGI, RECEIPT = load_form("ogi-annual-report"), load_form("receipt")
LONGEST = 30.0
"""Seconds of CPU that one input may take; the slowest sound report needs a tenth of one."""


@dataclass(frozen=True)
class Target:
    """What is fuzzed. ``seeds``: inputs to begin with; ``words``: what stands in them; ``text``: mutated by letters."""

    run: Callable[[bytes], str]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[str, ...]
    text: bool = True


def bounded(target: Target, data: bytes) -> str:
    """One run within its time."""
    began = time.process_time()
    ended = target.run(data)
    took = time.process_time() - began
    assert took < LONGEST, f"took {took:.0f} s"
    return ended


# Targets.


def text(data: bytes) -> str:
    """Text files in any encoding."""
    try:
        if not loaders.is_text(data):
            return "another format"
        document = load(data, name="f")
    except InputError as error:
        return refused(error)
    assert_clean(document)
    return str(document.encoding)


def kind(data: bytes) -> str:
    """Which format a file has: found out in our own process, before a reader has one of its own."""
    try:
        return loaders.kind_of(data)
    except InputError:
        return "refused"


def page(data: bytes) -> str:
    """Web pages."""
    from agent.loaders import html

    try:
        markup, _ = html.text_of(data, "f")
        found = [line for _, lines in html.read(markup.encode("utf-8", "surrogatepass")) for line in lines]
    except InputError:
        return "refused"
    assert all(isinstance(cell, str) for line in found for cell in line.cells)
    return "lines" if found else "empty"


def word(data: bytes) -> str:
    """The main part of a Word document, or a whole one."""
    from agent.loaders import docx

    packed = BytesIO(data)
    if not data.startswith(b"PK"):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(docx.BODY, data)
    try:
        found = [line for _, lines in docx.read(packed.getvalue()) for line in lines]
    except InputError:
        return "refused"
    return "lines" if found else "empty"


def picture(data: bytes) -> str:
    """Images: how many pages, and the first of them drawn."""
    from agent.loaders import image

    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow tells of what it passes over
            numbers = [number for number, _ in image.read(data)]
            image.picture(data, numbers[0])
    except InputError:
        return "refused"
    return "drawn"


def _pictures() -> list[bytes]:
    from PIL import Image

    found = []
    for kind in ("PNG", "JPEG", "TIFF"):
        for mode in ("L", "RGB"):
            packed = BytesIO()
            Image.new(mode, (40, 30), 128).save(packed, kind)
            found.append(packed.getvalue())
    return found


def whole(data: bytes) -> str:
    """Any file through the door, in the process of its own: the file and the reason are named."""
    try:
        document = load(data, name="f")
    except InputError as error:
        return refused(error)
    assert_clean(document)
    return document.kind


def _files() -> list[bytes]:
    from eval.render import docx, xlsx
    from tests.test_loaders_pdf import pdf, text as letters

    texts = [case.text for case in cases()[:2]]
    return [*(docx(t) for t in texts), *(xlsx(t) for t in texts), pdf(letters(50, 50, "hello 12 34"))]


def report(data: bytes) -> str:
    """A report's text through evidence, solver, checks: what is accepted stands in the source and adds up."""
    source = data.decode("utf-8", "replace")
    try:
        document = load(source, name="f")
    except InputError:
        return "refused"
    outcome = asyncio.run(pipeline.run(document, pipeline.Plan(OGI)))
    return judged(outcome, document, OGI)


@cache
def _asked() -> tuple[wire.Table, ...]:
    return tuple(wire.table(grids) for grids in OGI.tables.values()) + tuple(wire.items(i) for i in OGI.items)


def wired(data: bytes) -> str:
    """A table in the wire form."""
    said = data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace") if _decodes(data) else ""
    ended = "sound"
    for asked in _asked():
        shape = wire.read(said, asked, "m")
        paths = set() if asked.items else {asked.path(row, column) for _, row in asked.rows for column in row.columns}
        assert asked.items or shape.figures.keys() <= paths
        for path, figure in shape.figures.items():
            if figure.value is None:
                continue
            assert -wire.LARGEST < figure.value < wire.LARGEST, path
            assert alike(figure.value, digits(figure.printed)), (path, figure)
        assert len(wire.told(shape.problems)) < 2000
        ended = "told what is wrong" if shape.problems else ended
    return ended


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _wires() -> list[bytes]:
    found = [b"1@40 1 2 0 0 0 0 3\n2@41 0\n3@42 _\n", b"@12 3 4 | \xe6\x96\x87"]
    for case in cases()[:4]:
        oracle = Oracle(case.record, OGI, load(case.text))
        found += [oracle.table(table, list(range(1, 40))).encode() for table in OGI.tables if case.record.get(table)]
    return found


def freely(data: bytes) -> str:
    """An answer about a form without a grid."""
    case = receipts()[len(data) % len(receipts())]
    document = load(case.text)
    answer = Answer(question(document, RECEIPT), None, data.decode("utf-8", "replace"), NO_USAGE, "shape")
    given = parse(answer, RECEIPT, document, "m")
    for path, figure in given.figures.items():
        assert figure.value is None or holds_it(figure.value, digits(figure.printed)), (path, figure)
    for words in given.words.values():
        assert words.line is None or 1 <= words.line <= len(document.lines)
    return "something" if given.figures or given.words else "nothing"


def _frees() -> list[bytes]:
    found = []
    for case in receipts()[:8]:
        document = load(case.text)
        asked = question(document, RECEIPT)
        oracle = Oracle(case.record, RECEIPT, document, case.at)
        found.append(oracle({"messages": [{}, {"content": asked.user}]}).encode())
    return found


def body(data: bytes) -> str:
    """The body of an HTTP answer, with any status."""
    status = (200, 200, 200, 400, 401, 404, 422, 429, 500, 503)[sum(data) % 10]
    try:
        found = reply(status, {"retry-after": data[:9].decode("latin-1")}, data)
    except GoujiError as error:
        return named(error)
    assert isinstance(found.content, str)
    for tokens in (found.input_tokens, found.output_tokens):
        assert tokens is None or 0 <= tokens < 2**63
    return "reply"


def _bodies() -> list[bytes]:
    asked: Mapping[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    errors = [{"error": {"message": "x", "code": code, "param": "temperature"}} for code in (429, "insufficient_quota")]
    return [completion('{"fields": "total@3 4"}', dict(asked)), *(json.dumps(error).encode() for error in errors)]


def asked_to_wait(data: bytes) -> str:
    """What a server says of the time to wait."""
    said = data.decode("latin-1")
    seconds = retry_after({"retry-after": said})
    assert 0 <= seconds < 2**40, said
    return "wait" if seconds else "nothing"


def _waits() -> list[bytes]:
    return [b"7", b"1.5", b"Fri, 31 Dec 2100 23:59:59 GMT", b"Friday, 31-Dec-99 23:59:59 +0100"]


def answered(data: bytes) -> str:
    """The whole road of a document read by a model that answers so: an outcome, or an error that is documented."""
    form, pool = ((OGI, cases()), (RECEIPT, receipts()))[len(data) % 2]

    def answer(request: dict[str, Any]) -> bytes:
        raw = b'"choices"' in data or b'"error"' in data
        return data if raw else completion(data.decode("utf-8", "replace"), request)

    return read_by(answer, form, pool[len(data) % len(pool)])


def misread(data: bytes) -> str:
    """The same with a model that knows the truth, and whose answers the bytes change."""
    rng = Random(data)
    form, pool = rng.choice(((OGI, cases()), (RECEIPT, receipts())))
    case = rng.choice(pool)
    oracle = Oracle(case.record, form, load(case.text), case.at)

    def answer(request: dict[str, Any]) -> bytes:
        right = oracle(request).encode()
        return completion(mutated(right, rng, LIES).decode() if rng.random() < 0.7 else right.decode(), request)

    return read_by(answer, form, case)


def read_by(answer: Callable[[dict[str, Any]], bytes], form: Form, case: Case) -> str:
    """A case read by a model whose server gives such bodies."""
    document = load(case.text)
    calls: list[Call] = []

    async def send(request: dict[str, Any], _: float) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {}, answer(request)

    plan = pipeline.Plan(form, "model", ModelSettings("m", "http://127.0.0.1:9/v1", tries=1), max_attempts=2)
    try:
        outcome = asyncio.run(pipeline.run(document, plan, on_call=calls.append, send=send))
    except GoujiError as error:
        return named(error)
    finally:
        assert all(call.usage.input_tokens < 2**63 and call.usage.output_tokens < 2**63 for call in calls)
        assert len(calls) < 40
    assert_true(outcome, case)
    return judged(outcome, document, form)


def _answers() -> list[bytes]:
    found = list(_bodies())
    for case in cases()[:5]:
        record = {table: case.record.get(table) for table in OGI.tables}
        oracle = Oracle(record, OGI, load(case.text))
        tables = {t: oracle.table(t, list(range(1, 40))) for t in OGI.tables if record[t]}
        found.append(json.dumps(tables, ensure_ascii=False).encode())
    return found + _frees()


def solved(data: bytes) -> str:
    """The solver: what it settles is in every row a value of one of its ways, and where it fits the sums hold."""
    table = table_of(data)
    solution = solve(table)
    for paths, ways in table.rows.values():
        for i, path in enumerate(paths):
            if path in solution.cells:
                assert solution.cells[path].value in {way[i].value for way in ways}, path
                assert path not in solution.undecided, path
    if solution.fits and not solution.bounded:
        for equation in table.equations:
            if all(p in solution.cells and not solution.cells[p].illegible for p in equation.paths):
                assert holds(equation, lambda path: solution.cells[path].value) is not False, equation
    return "bounded" if solution.bounded else "fits" if solution.fits else "suspects"


def _tables() -> list[bytes]:
    return [bytes(Random(seed).randrange(256) for _ in range(size)) for seed in range(12) for size in (60, 300, 1200)]


TARGETS: dict[str, Target] = {
    "text": Target(text, encodings, TEXT, text=False),
    "kind": Target(kind, _files, ("\0\0", "\xff\xff", "PK\1\2", "PK\5\6", "PK\6\6"), text=False),
    "page": Target(page, pages, MARKUP),
    "word": Target(word, word_parts, MARKUP),
    "picture": Target(picture, _pictures, ("\0\0", "\xff\xff", "IDAT"), text=False),
    "file": Target(whole, _files, ("\0\0", "PK", "endobj", "/Length 9999999999", "stream"), text=False),
    "report": Target(report, reports, TEXT),
    "wire": Target(wired, _wires, (*TEXT, *(f"{n}@{n + 30} " for n in range(1, 30)))),
    "free": Target(freely, _frees, (*JSON, *TEXT, "\\n", "total@3 ", "|")),
    "body": Target(body, _bodies, JSON, text=False),
    "wait": Target(asked_to_wait, _waits, (*(f"{9**n}" for n in range(1, 40, 4)), *":+ ,e", "inf", "nan")),
    "answer": Target(answered, _answers, (*JSON, *FIGURES, "\\n", "1@40 0\\n")),
    "misread": Target(misread, _tables, ("0", "1"), text=False),
    "solver": Target(solved, _tables, ("\0\1", "\0\2", "\0\0"), text=False),
}
