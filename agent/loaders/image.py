"""An image file's pages, and any page as a grey picture for the OCR."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.errors import InputError
from agent.loaders.limits import LIMITS

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "TIFF")
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError)  # what a broken image makes Pillow say
DPI = 240
LONGEST = 6_000
"""A page is never drawn with more pixels than this along its longer side."""


def read(data: bytes) -> Iterator[tuple[int, None]]:
    """The numbers of the image's pages; all of them need OCR."""
    with _opened(data) as image:
        try:
            pages = getattr(image, "n_frames", 1)
        except _BROKEN as error:
            raise InputError(f"the file is broken: {error}") from error
    for number in range(1, pages + 1):
        yield number, None


def picture(data: bytes, number: int) -> Image:
    """Page ``number`` of an image or a PDF, grey."""
    return _drawn(data, number) if b"%PDF-" in data[:1024] else _frame(data, number)


def _opened(data: bytes) -> Image:
    from PIL import Image as Images, UnidentifiedImageError

    Images.MAX_IMAGE_PIXELS = None  # our own limit is checked on every page
    try:
        return Images.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise InputError("the file is broken: it begins as an image, and none follows") from error
    except _BROKEN as error:
        raise InputError(f"the file is broken: {error}") from error


def _frame(data: bytes, number: int) -> Image:
    from PIL import ImageOps

    with _opened(data) as image:
        try:
            image.seek(number - 1)
            if image.width * image.height > LIMITS.pixels:
                raise InputError(f"page {number} has {image.width} x {image.height} pixels, too many")
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "PA", "P"):  # what is transparent is seen as paper
                upright = _on_paper(upright.convert("RGBA"))
            return upright.convert("L")
        except _BROKEN as error:
            raise InputError(f"the file is broken: page {number}: {error}") from error


def _on_paper(image: Image) -> Image:
    from PIL import Image as Images

    return Images.alpha_composite(Images.new("RGBA", image.size, "white"), image)


def _drawn(data: bytes, number: int) -> Image:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        page = document[number - 1]
        scale = min(DPI / 72, LONGEST / max(page.get_size()))
        drawn: Image = page.render(scale=scale, grayscale=True).to_pil().convert("L")
        return drawn
