"""Scanned pages: cells by their lines, two readings of each figure, nothing with ink taken for a blank."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from agent.document import load
from agent.errors import InputError

pytest.importorskip("cv2", reason="needs gouji[ocr]")

import numpy
from numpy.typing import NDArray
from PIL import Image

from agent.loaders import pages as pages_module
from agent.loaders.blocks import Line
from agent.loaders.child import ask
from agent.loaders.ocr import NOTHING, Box, Reading
from agent.loaders.scan import agreed, lines, pointed
from agent.loaders.turn import upright

Picture = NDArray[numpy.uint8]
XS, YS = (300, 900, 1200, 1700), (400, 500, 600, 700)


class Counter:
    """An engine that reads a strip as the number of bars in it; ``blind`` to those it is told not to see."""

    def __init__(self, *blind: int, unsure: Sequence[int] = (), boxes: Sequence[Box] = ()) -> None:
        self.blind, self.unsure, self.boxes, self.asked = blind, unsure, boxes, 0

    def find(self, grey: Picture) -> list[Box]:
        """What was given; a cell without a box is found by its ink."""
        return list(self.boxes)

    def read(self, strip: Picture) -> Reading:
        """How many bars stand in the strip."""
        import cv2

        self.asked += 1
        count = cv2.connectedComponents((strip < 128).astype("uint8"))[0] - 1
        if count in self.blind:
            return NOTHING
        return Reading(str(count + (count in self.unsure and self.asked % 2)), 0.99)


def page(
    bars: dict[tuple[int, int], int], xs: Sequence[int] = XS, ys: Sequence[int] = YS, *, without: Sequence[Box] = ()
) -> Picture:
    """A page with a ruled table; ``bars``: how many stand in the cell at (row, column)."""
    grey = numpy.full((2800, 2000), 255, numpy.uint8)
    for x in xs:
        grey[ys[0] : ys[-1] + 4, x : x + 4] = 0
    for y in ys:
        grey[y : y + 4, xs[0] : xs[-1] + 4] = 0
    for x0, top, x1, bottom in without:
        grey[top:bottom, x0:x1] = 255
    for (row, column), count in bars.items():
        for bar in range(count):
            left, top = xs[column] + 60 + 20 * bar, ys[row] + 35
            grey[top : top + 30, left : left + 6] = 0
    return grey


def rows(found: Sequence[Line]) -> list[tuple[str, ...]]:
    return [line.cells for line in found if len(line.cells) > 1]


def turned(grey: Picture, angle: float) -> Picture:
    return numpy.asarray(Image.fromarray(grey).rotate(angle, Image.Resampling.BICUBIC, fillcolor=255))


FULL = {(0, 0): 1, (0, 1): 2, (0, 2): 3, (1, 0): 4, (1, 2): 5, (2, 1): 6}
READ = [("1", "2", "3"), ("4", "", "5"), ("", "6", "")]


@pytest.mark.parametrize("angle", [0, 2, -2, 0.7])
def test_the_cells_of_a_page_are_read_however_it_lies(angle: float) -> None:
    assert rows(lines(turned(page(FULL), angle), 1, Counter())) == READ


def test_each_cell_has_its_box_and_how_sure_it_is() -> None:
    found = lines(page(FULL), 3, Counter())

    first, _, blank = (next(line for line in found if line.cells == row).places[index] for row, index in (
        (READ[0], 0), (READ[0], 1), (READ[1], 1)
    ))  # fmt: skip
    assert first is not None
    assert first.page == 3
    assert first.box == pytest.approx((302 / 2000, 402 / 2800, 902 / 2000, 502 / 2800), abs=0.002)
    assert first.confidence == 0.99
    assert blank is not None
    assert blank.confidence == 0.95


def test_a_cell_without_a_line_inside_is_merged() -> None:
    merged = page({(0, 0): 2, (1, 0): 1, (1, 1): 3, (2, 2): 4}, without=[(900, 404, 904, 500), (304, 600, 900, 604)])

    assert rows(lines(merged, 1, Counter())) == [("2", "", ""), ("1", "3", ""), ("", "", "4")]


def test_a_table_that_a_page_break_leaves_open_keeps_its_last_row() -> None:
    assert rows(lines(page(FULL, without=[(304, 700, 1700, 704)]), 1, Counter())) == READ


def test_strokes_of_letters_are_no_lines() -> None:
    grey = page(FULL)
    grey[545:549, 915:1185] = 0  # a dash nearly as long as its cell is wide

    assert [len(row) for row in rows(lines(grey, 1, Counter()))] == [3, 3, 3]


class Arrow:
    """An engine that can read a strip only where it is darker on its left."""

    def find(self, grey: Picture) -> list[Box]:
        """The boxes of all ink."""
        import cv2

        stats = cv2.connectedComponentsWithStats((grey < 250).astype("uint8"))[2][1:]
        return [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats]

    def read(self, strip: Picture) -> Reading:
        """Something, and how sure of it."""
        half = strip.shape[1] // 2
        return Reading("x", 0.9 if strip[:, :half].mean() < strip[:, half:].mean() else 0.2)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_that_lies_on_its_side_or_head_is_turned(turns: int) -> None:
    grey = numpy.full((300, 200), 255, numpy.uint8)
    for y in (50, 100, 150):
        grey[y : y + 10, 20:100], grey[y : y + 10, 100:180] = 0, 200

    found, boxes = upright(numpy.ascontiguousarray(numpy.rot90(grey, turns)), Arrow())

    assert (found == grey).all()
    assert (20, 50, 180, 60) in boxes


def test_ink_that_cannot_be_read_is_no_blank() -> None:
    found = lines(page(FULL), 1, Counter(5))

    line = next(line for line in found if line.cells[0] == "4")
    assert line.cells == ("4", "", "?")
    assert line.places[2] is not None
    assert line.places[2].confidence == 0


def test_specks_are_no_ink() -> None:
    grey = page(FULL)
    grey[540:545, 1000:1005] = 0

    assert rows(lines(grey, 1, Counter())) == READ


def test_a_figure_read_in_two_ways_is_doubtful() -> None:
    found = lines(page({(0, 0): 1, (0, 1): 7, (0, 2): 1}), 1, Counter(unsure=[7]))

    confidence = [place.confidence for place in found[1].places if place]
    assert [c is not None and c < 0.5 for c in confidence] == [False, True, False]


def test_two_figures_whose_rule_was_lost_are_no_figure_to_trust() -> None:
    grey = page({(0, 0): 1, (0, 1): 2})
    grey[435:465, 1100:1106] = 0

    found = lines(grey, 1, Counter())

    assert rows(found)[0] == ("1", "3", "")
    assert [place.confidence for place in found[1].places if place] == [0.99, 0.3, 0.95]


def test_figures_that_the_engine_took_for_one_line_are_parted_where_columns_are() -> None:
    grey = numpy.full((2800, 2000), 255, numpy.uint8)
    for top in (1000, 1060):
        for left in (500, 520, 620):
            grey[top : top + 30, left : left + 6] = 0

    found = lines(grey, 1, Counter(boxes=[(490, 990, 640, 1040), (490, 1050, 640, 1100)]))

    assert [line.cells for line in found] == [("2", "1"), ("2", "1")]


@pytest.mark.parametrize(
    ("text", "sizes", "together"),
    [
        pytest.param("14.50", [2, 2], [4], id="a point a digit wide parts no figure"),
        pytest.param("1,234.50", [1, 3, 2], [6], id="nor do two"),
        pytest.param("17.4057.00", [2, 2, 2, 2], [4, 4], id="two figures stay two"),
        pytest.param("1450", [2, 2], [2, 2], id="without a point they are parted"),
        pytest.param("1.450", [2, 2], [2, 2], id="a point elsewhere is another figure's"),
        pytest.param("14.5", [2, 2], [2, 2], id="a digit that was not read leaves them apart"),
    ],
)
def test_a_figure_is_one_where_the_engine_reads_a_point_in_the_gap(
    text: str, sizes: Sequence[int], together: Sequence[int]
) -> None:
    parts = [
        [(100 * part + 10 * at, 0, 100 * part + 10 * at + 6, 30) for at in range(n)] for part, n in enumerate(sizes)
    ]

    assert list(map(len, pointed(parts, text))) == together


@pytest.mark.parametrize(("unsure", "doubted"), [((), False), ((3,), True)])
def test_a_figure_outside_of_tables_is_read_twice_too(unsure: Sequence[int], doubted: bool) -> None:
    grey = numpy.full((2800, 2000), 255, numpy.uint8)
    for bar in range(3):
        grey[1000:1030, 500 + 20 * bar : 506 + 20 * bar] = 0

    (line,) = lines(grey, 1, Counter(unsure=unsure, boxes=[(490, 990, 560, 1040)]))

    assert line.places[0] is not None
    assert line.places[0].confidence == (0.3 if doubted else 0.99)


AGREED = [
    pytest.param(("21", 0.99), ("21", 0.9), ("", 0), ("21", 0.9), id="two that agree are as sure as the less sure"),
    pytest.param((".62", 0.99), ("62.", 0.98), ("", 0), ("62", 0.98), id="stops at the ends are specks"),
    pytest.param(("O", 0.9), ("0", 0.95), ("", 0), ("0", 0.9), id="a lone round letter is a zero"),
    pytest.param(("993", 0.99), ("963", 0.99), ("963", 0.9), ("963", 0.3), id="two of three win, and are doubted"),
    pytest.param(("1", 0.59), ("1", 0.99), ("1", 0.99), ("1", 0.3), id="a reading the engine was unsure of is doubted"),
    pytest.param(("8.5", 0.99), ("85", 0.99), ("", 0), None, id="a decimal point that comes and goes is doubted"),
    pytest.param(("S3", 0.99), ("S3", 0.99), ("S3", 0.99), ("S3", 0.3), id="letters among digits are doubted"),
    pytest.param(("无", 0.99), ("无", 0.99), ("", 0), ("无", 0.99), id="a mark for nothing is read"),
    pytest.param(("", 0), ("", 0), ("", 0), ("?", 0.0), id="no reading of ink is a question mark"),
]


@pytest.mark.parametrize(("first", "second", "third", "expected"), AGREED)
def test_two_readings_make_one(
    first: tuple[str, float], second: tuple[str, float], third: tuple[str, float], expected: tuple[str, float] | None
) -> None:
    found = agreed(Reading(*first), Reading(*second), lambda: Reading(*third))

    assert found == Reading(*expected) if expected else found.score < 0.5


def saved(*images: Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    images[0].save(stream, form, append_images=list(images[1:]), save_all=len(images) > 1, **options)
    return stream.getvalue()


SMALL = Image.new("L", (60, 80), 255)
GOOD = [
    pytest.param(saved(SMALL), 1, id="png"),
    pytest.param(saved(SMALL, form="JPEG"), 1, id="jpeg"),
    pytest.param(saved(SMALL, SMALL, SMALL, form="TIFF"), 3, id="tiff of three pages"),
]


@pytest.mark.parametrize(("data", "count"), GOOD)
def test_every_page_of_an_image_is_found(data: bytes, count: int) -> None:
    assert [(answer["page"], answer["lines"]) for answer in ask("image", data)] == [(n + 1, None) for n in range(count)]


BAD = [
    pytest.param(saved(SMALL)[:40], "broken", id="cut in its header"),
    pytest.param(b"\xff\xd8\xff" + bytes(200), "broken", id="no JPEG behind its mark"),
    pytest.param(saved(Image.new("1", (20_000, 20_000))), "pixels, too many", id="too many pixels"),
]


@pytest.mark.parametrize(("data", "reason"), BAD)
def test_an_image_that_cannot_be_read_says_which_and_why(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=rf"^scan\.png: .*{reason}"):
        load(data, name="scan.png")


def test_a_missing_extra_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pages_module.NEEDS, "scan", ("ocr", ("no_such_module_of_ours",)))

    with pytest.raises(InputError, match=r"^scan\.png: .*pip install 'gouji\[ocr\]'"):
        load(saved(SMALL), name="scan.png")


def test_transparent_paper_is_white() -> None:
    from agent.loaders.image import picture

    clear = Image.new("RGBA", (10, 10), (0, 0, 0, 0))

    assert numpy.asarray(picture(saved(clear), 1)).min() == 255
