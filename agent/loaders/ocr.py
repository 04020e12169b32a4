"""The one door to the OCR engine: where text stands on a page, and what a strip of text says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Picture = NDArray[Any]
Box = tuple[int, int, int, int]
"""x0, top, x1, bottom in pixels."""

LONGEST_SEEN = 2_000  # pixels; text is looked for on a page no larger
NARROW = 96  # pixels; the recogniser fills a strip up to this width, figures are narrow


@dataclass(frozen=True)
class Reading:
    """What a strip says and how sure the engine is of it."""

    text: str
    score: float


NOTHING = Reading("", 0.0)


class Engine:
    """The engine with its models, loaded once a process."""

    def __init__(self, threads: int) -> None:
        from rapidocr import RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                # The classifier that turns strips upside down would make a 9 of a lone 6.
                "Global.use_cls": False,
                "Global.max_side_len": LONGEST_SEEN,
                "Global.text_score": 0.0,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "Rec.rec_img_shape": [3, 48, NARROW],
            }
        )

    def find(self, grey: Picture) -> list[Box]:
        """The boxes of the lines of text."""
        found: Any = self._engine(_coloured(grey), use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        return [(int(b[:, 0].min()), int(b[:, 1].min()), int(b[:, 0].max()), int(b[:, 1].max())) for b in found.boxes]

    def read(self, strip: Picture) -> Reading:
        """What the strip says."""
        if min(strip.shape) < 3:
            return NOTHING
        found: Any = self._engine(_coloured(strip), use_det=False, use_cls=False, use_rec=True)
        if not found.txts:
            return NOTHING
        return Reading(str(found.txts[0]).strip(), round(float(found.scores[0]), 3))


def _coloured(grey: Picture) -> Picture:
    import cv2

    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
