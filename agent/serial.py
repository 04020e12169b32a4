"""Values as JSON text and back, exactly: decimals keep their digits, outcomes come back equal."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from typing import Any

from agent import outcome as values
from agent.document import CellPlace
from agent.outcome import Outcome

# A terminal obeys C1 and bidirectional controls, some readers break lines at U+2028, and a lone surrogate
# cannot be encoded. json escapes none of them, and an escape says the same.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def write(value: Any) -> str:
    """One line of JSON. A Decimal becomes a number with all its digits, a date its ISO text.

    Raises TypeError for what JSON has no word for, ValueError for NaN and infinity.
    """
    text = _written(value)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if type(value) is int:
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{encode_basestring(k)}: {_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no JSON number")
        return format(value, "f")
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    return json.dumps(value, allow_nan=False)


def parse(text: str | bytes) -> Any:
    """The value of a JSON text, numbers exact. Raises ValueError; also for a key given twice, and NaN."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {next(key for key in times if times[key] > 1)!r} is given twice")
    return found


def keep(outcome: Outcome) -> bytes:
    """The outcome, packed, from which ``restore`` makes an equal one."""
    # Packed with a checksum: a report's 200 figures take a tenth of the room, and a flipped bit is noticed.
    return zlib.compress(json.dumps(_tagged(outcome)).encode(), 1)


def restore(packed: bytes) -> Outcome:
    """The outcome that ``keep`` packed. Raises ValueError or TypeError where there is none, zlib.error if damaged."""
    found = json.loads(zlib.decompress(packed), object_hook=_untagged)
    if not isinstance(found, values.Accepted | values.NeedsReview | values.NotThisForm):
        raise TypeError("no outcome is packed here")
    return found


def keep_cells(cells: Mapping[tuple[int, int], CellPlace]) -> bytes | None:
    """Where the cells of a document stand, packed; None where none is known."""
    if not cells:
        return None
    rows = [[line, cell, at.page, at.box, at.confidence] for (line, cell), at in cells.items()]
    return zlib.compress(json.dumps(rows).encode(), 1)


def restore_cells(packed: bytes | None) -> dict[tuple[int, int], CellPlace]:
    """The places that ``keep_cells`` packed. Raises ValueError, TypeError or zlib.error where they are damaged."""
    rows = json.loads(zlib.decompress(packed)) if packed else []
    return {(line, cell): CellPlace(page, box and tuple(box), confidence) for line, cell, page, box, confidence in rows}


_TYPES = {
    name: found
    for name, found in vars(values).items()
    if isinstance(found, type) and found.__module__ == values.__name__
}


_PLAIN = (str, int, bool, type(None))
_FIELDS = {
    kind: (f"${name}", tuple((f.name, f.default) for f in fields(kind)))
    for name, kind in _TYPES.items()
    if is_dataclass(kind)
}


def _tagged(value: Any) -> Any:
    """JSON's own types as they are; of any other type an object whose one key is "$" and the type's name."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _FIELDS:
        return _fields(value)
    if isinstance(value, Enum):
        return {f"${kind.__name__}": value.value}
    if isinstance(value, Decimal | date):
        return {f"${type(value).__name__}": str(value)}
    if isinstance(value, Mapping):
        if any(key.startswith("$") for key in value):
            return {"$dict": [[key, _tagged(v)] for key, v in value.items()]}
        return {key: _tagged(v) for key, v in value.items()}
    if isinstance(value, tuple):
        return {"$tuple": [_tagged(v) for v in value]}
    if isinstance(value, list):
        return [_tagged(v) for v in value]
    raise TypeError(f"an outcome holds no {type(value).__name__}")


def _fields(value: Any) -> Any:
    """A value of ours without what is as it is by default; a report has hundreds, so plain parts go a short way."""
    tag, names = _FIELDS[type(value)]
    found = {}
    for name, default in names:
        part = getattr(value, name)
        if part is not default and (default is MISSING or part != default):
            found[name] = part if type(part) in _PLAIN else _tagged(part)
    return {tag: found}


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) != 1:
        return found
    ((tag, content),) = found.items()
    if not tag.startswith("$"):
        return found
    if tag == "$dict":
        return dict(content)
    if tag == "$tuple":
        return tuple(content)
    if tag == "$Decimal":
        return Decimal(content)
    if tag == "$date":
        return date.fromisoformat(content)
    kind = _TYPES.get(tag[1:])
    if kind is None:
        raise ValueError(f"unknown type {tag}")
    return kind(**content) if isinstance(content, dict) else kind(content)
