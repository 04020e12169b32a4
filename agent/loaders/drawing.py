"""One page of a PDF or an image, drawn to be looked at by a person: a PNG in base64, as the only line of its page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

from agent.loaders.blocks import Line
from agent.loaders.image import picture

WIDTH = 1200
_SHADES = 16


def read(data: bytes, number: int) -> Iterator[tuple[int, list[Line]]]:
    """The picture of page ``number``."""
    page = picture(data, number)
    if page.width > WIDTH:
        page = page.resize((WIDTH, round(page.height * WIDTH / page.width)))
    file = io.BytesIO()
    page.quantize(_SHADES).save(file, "PNG", optimize=True)
    yield number, [Line((base64.b64encode(file.getvalue()).decode(),))]
