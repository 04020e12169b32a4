"""What the shared receipts say, by the lines that say it: their texts stay where they are.

``co`` company, ``ad`` address, ``dt`` date; ``i`` an entry by the line of its amount, behind it where its
quantity (q), price (p) and discount (d) stand. ``17`` is the last amount of line 17, ``17.2`` its second figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.amounts import printed
from agent.dates import dates
from agent.document import Document

SHARED = Path(__file__).parent.parent.parent / "shared" / "receipts"

LINES = """
000 co=2 ad=4-7 dt=9 i=16:q1,p2,d3 subtotal=17 rounding=18 total=19 paid=20 change=21
016 co=1 ad=2-4 dt=12 i=22:q1,p2 i=25:q1,p2 subtotal=26 service=27 tax=28 total=29 paid=30 change=31
032 co=1 ad=4-5 dt=2 i=10:p1,q2 i=12:p1,q2 subtotal=13 tax=14 total=15 paid=17 change=18 net=20.2
048 co=1 ad=3-6 dt=11 i=20 i=23 net=28 discount=29 tax=30 rounding=31 total=32 paid=33 change=34
064 co=1 ad=4-5 dt=20 i=10:q9.1,p11.1 total=12 paid=13
080 co=1 ad=3-4 dt=8 i=12:q1,p2 i=13:q1,p2 subtotal=15 discount=16 rounding=17 total=18 paid=19 net=22.1 tax=22.2
096 co=1-2 ad=5-6 dt=9 i=13:q1,p2 i=14 total=15 paid=16 change=17 net=20.2 tax=20.3
112 co=3 ad=5-8 dt=14 i=17 net=18 tax=19 total=20 paid=21 change=22
128 co=1 ad=3-5 dt=10 i=14:q2,p3 i=16:q2,p3 net=19 discount=20 tax=21 rounding=22 total=23 paid=24 change=25
144 co=2 ad=5-7 dt=14 i=16 i=19 i=20 subtotal=23 total=24 paid=25 change=26 tax=27
160 co=4-5 ad=8-10 dt=14 i=17:q1 i=18:q1 subtotal=19 rounding=20 total=21 paid=23 change=24 net=26.2 tax=26.3
176 co=2 ad=4-5 dt=15 i=20:q2,p4 net=23 discount=24 tax=25 rounding=26 total=27 paid=28 change=29
192 co=1 ad=3-5 dt=21 i=11:q2,p3 i=14:q2,p3 total=16 paid=17 change=18 net=20.2 tax=20.3
208 co=1 ad=3-5 dt=23 i=11:q2,p3 i=14:q2,p3 i=17:q2,p3 total=19 paid=20 change=21 tax=22
224 co=1 ad=2-4 dt=24 i=10:p1,q2 rounding=12 total=13 paid=14 change=15 net=20.2 tax=20.3
240 co=1 ad=3-5 dt=10 i=12:q2,p3 i=14:q2,p3 i=16:q2,p3 subtotal=18 tax=19 total=22 paid=23 net=28.2
256 co=1 ad=2-3 dt=9 i=12 subtotal=14 discount=15 total=16 paid=17 change=18 net=20.2 tax=20.3
272 co=1 ad=2-4 dt=9 i=12 subtotal=14 discount=15 total=16 paid=17 net=20.2 tax=20.3
288 co=1 ad=3-4 dt=33 i=11:q10.1,p12.1 total=18
304 co=2 ad=4-6 dt=10 i=15 i=17 i=19 i=21 i=23 i=25 subtotal=28 discount=29 total=30 paid=31 change=32 tax=33
320 co=2-5 ad=6 dt=10 i=11 i=12 i=13 total=15 paid=16
336 co=1 ad=2-3 dt=14 i=16:p1,q5 i=17:p1,q5 i=18:p1,q5 i=20:p1,q5 i=21:p1,q5 tax=23 total=26
352 co=1 ad=2-3 dt=14 i=16:p1,q5 i=17:p1,q5 i=18:p1,q5 i=20:p1,q5 i=21:p1,q5 i=22:p1,q5 tax=24 total=27
368 co=1 ad=2-3 dt=14 i=16:p1,q5 i=17:p1,q5 i=18:p1,q5 i=20:p1,q5 i=21:p1,q5 tax=23 total=26
384 co=1 ad=2-5 dt=8 i=9:q10.1,p10.2 total=11 paid=12 change=13 net=15.2 tax=15.3
400 co=2 ad=5-7 dt=12 i=16:q2,p3 subtotal=19 discount=20 rounding=22 total=23 paid=24 change=25 tax=29
416 co=1 ad=2-4 dt=30 i=10 subtotal=11 total=12 paid=13 rounding=14 change=15 net=18.2 tax=18.3
432 co=1 ad=4-5 dt=2 i=10:p1,q2 subtotal=11 tax=12 total=13 paid=15 change=16 net=18.2
448 co=1 ad=3-5 dt=17 i=11:q2,p3 total=13 paid=14 change=15 tax=16
464 co=1-2 ad=21-22 dt=8 i=9 subtotal=10 service=11 tax=12 total=13 paid=15 change=16
480 co=1 ad=2-3 dt=25 i=14:q1,p2 subtotal=15 discount=16 rounding=18 total=19 paid=20 change=21 net=23.2 tax=23.3
496 co=1 ad=2-3 dt=23 i=13:q1,p2 subtotal=14 discount=15 rounding=17 total=18 paid=19 change=20 net=22.2 tax=22.3
512 co=1-3 ad=5-7 dt=12 i=16:q2,p3 subtotal=19 discount=20 rounding=21 total=22 paid=23 change=24 net=28.1 tax=28.3
528 co=1 ad=4-5 dt=7 i=10 i=13 i=16 i=18 i=20 total=21 rounding=22 paid=25 change=26
544 co=1 ad=2-4 dt=7 i=11:q1,p2 i=12:q1,p2 i=13:q1,p2 i=14:q1,p2 net=16 tax=17 total=18
560 co=1 ad=3-5 dt=9 i=12:q1,p2 i=14:q1,p2 i=16:q1,p2 net=18 total=20 paid=21 tax=23.3
576 co=1 ad=2-5 dt=8 i=9 i=10:q11.1,p11.2 subtotal=12 rounding=13 total=14 paid=15 change=16 net=18.2 tax=18.3
592 co=1 ad=2-3 dt=8 i=10 i=11 i=12 i=13 i=14 i=15 i=16 subtotal=17 total=18
608 co=1 ad=3-4 dt=14 i=19:q2,p4 i=21:q2,p4 i=23:q2,p4 net=26 discount=27 tax=28 rounding=29 total=30 paid=31 change=32
624 co=2 ad=3-6 dt=11 i=15:q1,p2 subtotal=16 net=17 total=19 paid=20 change=21 tax=24.3
"""


def names() -> list[str]:
    """The receipts by number."""
    return [line.split()[0] for line in LINES.strip().splitlines()]


def answer(name: str, document: Document) -> dict[str, str]:
    """What the perfect model would say of one, in the wire form."""
    spec = next(line.split()[1:] for line in LINES.strip().splitlines() if line.startswith(name))
    fields: list[str] = []
    items: list[str] = []
    for part in spec:
        key, _, where = part.partition("=")
        if key == "i":
            items.append(_entry(where, document))
        else:
            fields.append(_field(key, where, document))
    return {"fields": "\n".join(fields), "items": "\n".join(items)}


def kinds(name: str) -> dict[int, str]:
    """What each line states, as far as one thing a line says it."""
    spec = next(line.split()[1:] for line in LINES.strip().splitlines() if line.startswith(name))
    named = {"co": "company", "ad": "address", "dt": "date", "i": "items"}
    found: dict[int, str] = {}
    for part in spec:
        key, _, where = part.partition("=")
        first, _, last = where.partition(":")[0].partition("-")
        if "." not in first:
            found |= dict.fromkeys(range(int(first), int(last or first) + 1), named.get(key, key))
    return found


def _field(key: str, where: str, document: Document) -> str:
    if key in ("co", "ad"):
        first, _, last = where.partition("-")
        words = " ".join(document.lines[int(first) - 1 : int(last or first)])
        return f"{'company' if key == 'co' else 'address'}@{first} {words}"
    if key == "dt":
        return f"date@{where} {next(day.text for day in dates(document.lines) if day.line == int(where))}"
    line, text = _printed(where, document)
    return f"{key}@{line} {text}"


def _entry(where: str, document: Document) -> str:
    amount, _, rest = where.partition(":")
    line, text = _printed(amount, document)
    cells = dict(_cells(rest, line, document))
    return f"@{line} _ | {cells.get('q', '_')} | {cells.get('p', '_')} | {cells.get('d', '_')} | {text}"


def _cells(rest: str, line: int, document: Document) -> Iterator[tuple[str, str]]:
    for cell in filter(None, rest.split(",")):
        place = cell[1:] if "." in cell else f"{line}.{cell[1:]}"
        yield cell[0], _printed(place, document)[1]


def _printed(where: str, document: Document) -> tuple[int, str]:
    line, _, number = where.partition(".")
    here = printed(document.lines)[int(line) - 1]
    if number:
        return int(line), here[int(number) - 1].text
    return int(line), [one for one in here if one.money or not any(o.money for o in here)][-1].text
