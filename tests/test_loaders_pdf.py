"""PDFs come in as lines: ruled tables by their rules, others by position, scanned pages told from printed ones."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.document import Document, load
from agent.errors import InputError
from agent.loaders.child import ask
from agent.loaders.columns import Page, Word, lines
from agent.outcome import Accepted, NeedsReview
from agent.pipeline import extract

pytest.importorskip("pdfplumber", reason="needs gouji[pdf]")


def pdf(*pages: str, trailer: str = "", extra: Sequence[str] = ()) -> bytes:
    """A PDF with one content stream a page, font F1; ``extra`` are objects from number 4 on."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *extra,
    ]
    kids = []
    for content in pages:
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        page = "/Type /Page /Parent 2 0 R /MediaBox [0 0 400 300]"
        resources = "<< /Font << /F1 3 0 R >> /XObject << /I 4 0 R >> >>"
        objects.append(f"<< {page} /Resources {resources} /Contents {len(objects)} 0 R >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    out, at = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        at.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in at)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R {trailer} >>\n"
    return (out + f"startxref\n{out.index('xref')}\n%%EOF").encode("latin-1")


def text(x: float, y: float, words: str, mode: int = 0) -> str:
    return f"BT /F1 10 Tf {mode} Tr {x} {y} Td ({words}) Tj ET\n"


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"{x0} {y0} m {x1} {y1} l S\n"


def ruled(lefts: Sequence[float], tops: Sequence[float]) -> str:
    down = "".join(rule(x, tops[0], x, tops[-1]) for x in lefts)
    return down + "".join(rule(lefts[0], y, lefts[-1], y) for y in tops)


def read(*pages: str) -> Document:
    return load(pdf(*pages), name="report.pdf")


def shown(document: Document) -> list[str]:
    return [line for line in document.lines if line]


GRID = ruled((50, 150, 200, 250), (250, 230, 210))
CELLS = (
    text(52, 235, "Rules")
    + text(152, 235, "1")
    + text(52, 215, "Licences")
    + text(152, 215, "23")
    + text(202, 215, "4")
)


def test_a_ruled_table_keeps_its_cells_with_page_and_box() -> None:
    document = read(text(50, 280, "Section two") + GRID + CELLS + text(50, 180, "Section three"))

    assert shown(document) == ["Section two", "Rules\t1\t", "Licences\t23\t4", "Section three"]
    place = document.cells[document.lines.index("Licences\t23\t4") + 1, 1]
    assert (place.page, place.confidence) == (1, None)
    assert place.box == pytest.approx((150 / 400, 70 / 300, 200 / 400, 90 / 300), abs=0.002)


def test_a_cell_without_a_rule_inside_is_merged() -> None:
    merged = (
        rule(50, 250, 250, 250)
        + ruled((50, 150, 200, 250), (230, 210))
        + rule(50, 250, 50, 230)
        + rule(250, 250, 250, 230)
    )

    assert shown(read(merged + text(52, 235, "Article 20") + text(52, 215, "Licences") + text(202, 215, "4"))) == [
        "Article 20\t\t",
        "Licences\t\t4",
    ]


def test_a_table_goes_on_over_a_page_break_that_leaves_it_open() -> None:
    above = ruled((50, 150, 250), (100, 80)) + "".join(rule(x, 80, x, 40) for x in (50, 150, 250))
    first = above + text(52, 85, "a") + text(152, 85, "1") + text(52, 60, "b") + text(152, 60, "2")
    below = "".join(rule(x, 280, x, 240) for x in (50, 150, 250)) + rule(50, 240, 250, 240)

    document = read(first, below + text(52, 260, "c") + text(152, 260, "3"))

    assert shown(document) == ["a\t1", "b\t2", "c\t3"]
    assert document.pages == 2
    assert document.cells[document.lines.index("c\t3") + 1, 1].page == 2


def test_white_backgrounds_of_paragraphs_are_no_table() -> None:
    backgrounds = "1 g 40 200 300 20 re f 40 220 300 20 re f 200 200 140 20 re f 0 g\n"

    assert shown(read(backgrounds + text(50, 225, "First words") + text(50, 205, "then others"))) == [
        "First words",
        "then others",
    ]


def test_letters_printed_twice_for_boldness_are_read_once() -> None:
    assert shown(read(GRID + CELLS + text(202.3, 215, "4"))) == ["Rules\t1\t", "Licences\t23\t4"]


def test_a_figure_printed_over_a_rule_is_doubtful() -> None:
    document = read(GRID + CELLS + text(185, 235, "1234567"))

    line = next(i for i, line in enumerate(document.lines, 1) if line.startswith("Rules"))
    assert [document.cells[line, cell].confidence for cell in range(3)] == [None, 0.4, 0.4]


UNSEEN = [
    pytest.param(text(158, 235, "7", mode=3), id="invisible"),
    pytest.param("1 g " + text(158, 235, "7") + "0 g\n", id="white"),
    pytest.param(text(158, 235, "7") + "1 g 157 233 10 10 re f 0 g\n", id="covered"),
    pytest.param("q 0 0 10 10 re W n " + text(158, 235, "7") + "Q\n", id="clipped"),
    pytest.param(text(420, 235, "7777"), id="beside the page"),
    pytest.param("BT /F1 30 Tf 0.7 0.7 -0.7 0.7 60 200 Tm (DRAFT 99) Tj ET\n", id="a watermark"),
]


@pytest.mark.parametrize("hidden", UNSEEN)
def test_letters_nobody_reads_there_are_not_read(hidden: str) -> None:
    assert shown(read(GRID + CELLS + hidden)) == ["Rules\t1\t", "Licences\t23\t4"]


def test_a_figure_printed_over_another_is_doubtful() -> None:
    document = read(GRID + CELLS + text(152.5, 235, "7", mode=3))

    line = next(i for i, line in enumerate(document.lines, 1) if line.startswith("Rules"))
    assert [document.cells[line, cell].confidence for cell in range(3)] == [None, 0.4, None]


def test_a_cell_in_which_something_is_drawn_is_no_blank() -> None:
    outlined = "0 g 155 236 3 8 re f 160 236 3 8 re f\n"

    document = read(GRID + text(52, 235, "Rules") + text(202, 215, "4") + outlined)

    assert shown(document)[0] == "Rules\t?\t"
    assert document.cells[document.lines.index("Rules\t?\t") + 1, 1].confidence == 0


def test_the_mark_of_a_note_is_set_apart_from_the_figure() -> None:
    assert shown(read(GRID + CELLS + "BT /F1 5 Tf 0 Tr 158 240 Td (2) Tj ET\n"))[0] == "Rules\t1[2]\t"


def test_a_page_whose_text_is_not_what_is_seen_is_read_as_an_image() -> None:
    answers = list(ask("pdf", pdf(text(50, 50, LONG, mode=3) + text(50, 80, "A few letters that are seen"))))

    assert [answer["lines"] is None for answer in answers] == [True]


def test_a_page_whose_text_runs_up_the_page_is_read_as_an_image() -> None:
    answers = list(ask("pdf", pdf(f"BT /F1 10 Tf 0 1 -1 0 100 20 Tm ({LONG}) Tj ET\n")))

    assert [answer["lines"] is None for answer in answers] == [True]


@pytest.mark.parametrize(("turn", "matrix"), [(90, "0 1 -1 0 100 20"), (270, "0 -1 1 0 100 280")])
def test_a_page_that_is_turned_for_showing_is_read_as_it_is_shown(turn: int, matrix: str) -> None:
    content = f"BT /F1 10 Tf {matrix} Tm ({LONG}) Tj ET\n"

    (answer,) = ask("pdf", pdf(content).replace(b"/MediaBox", b"/Rotate %d /MediaBox" % turn))

    assert answer["lines"][0][0] == [LONG]


def test_places_are_told_on_the_part_of_the_page_that_is_shown() -> None:
    cropped = pdf(GRID + CELLS).replace(b"/MediaBox", b"/CropBox [50 100 250 300] /MediaBox")

    document = load(cropped, name="report.pdf")

    box = document.cells[document.lines.index("Licences\t23\t4") + 1, 1].box
    assert box == pytest.approx((100 / 200, 70 / 200, 150 / 200, 90 / 200), abs=0.005)


def test_tables_of_other_columns_do_not_draw_each_others_rules_away() -> None:
    above = ruled((50, 150, 190, 196, 250), (250, 230))
    below = ruled((50, 193, 250), (150, 130))

    document = read(above + text(152, 235, "1") + text(191, 235, "2") + text(200, 235, "3") + below)

    assert shown(document)[0] == "\t1\t2\t3"


def test_a_row_that_ends_before_the_table_stays_short() -> None:
    wide = ruled((50, 150, 200, 250), (250, 230)) + ruled((50, 150), (230, 210))

    assert shown(read(wide + text(52, 235, "Rules") + text(152, 235, "1") + text(52, 215, "Licences"))) == [
        "Rules\t1\t",
        "Licences",
    ]


def test_a_figure_too_wide_for_its_cell_is_put_together_and_doubted() -> None:
    narrow = ruled((50, 150, 174, 198), (250, 220))

    document = read(
        narrow + text(52, 230, "Rules") + text(152, 238, "1234") + text(152, 226, "5") + text(176, 230, "7")
    )

    assert shown(document) == ["Rules\t12345\t7"]
    line = document.lines.index("Rules\t12345\t7") + 1
    assert [document.cells[line, cell].confidence for cell in range(3)] == [None, 0.4, None]


def test_two_figures_on_two_lines_of_a_wide_cell_stay_two() -> None:
    assert shown(read(GRID + text(52, 235, "Rules") + text(152, 241, "1") + text(152, 232, "2"))) == [
        "Rules\t1 2\t",
        "\t\t",
    ]


@pytest.mark.parametrize(("label", "expected"), [("Licences given", 1), ("Licences", 2)])
def test_a_label_that_hangs_out_below_its_full_cell_is_joined(label: str, expected: int) -> None:
    page = ruled((50, 122, 200), (60, 40)) + text(52, 46, label) + text(124, 46, "2") + text(52, 31, "by law")

    assert len(shown(read(page))) == expected


SPLIT = [
    pytest.param(
        "Licences given", "by law", ["Licences given by law\t2", "c\t3"], id="a label that filled its cell goes on"
    ),
    pytest.param("Licences", "by law", ["Licences\t2", "by law\t", "c\t3"], id="one with room left does not"),
]


@pytest.mark.parametrize(("above", "below", "expected"), SPLIT)
def test_a_row_broken_by_the_page_is_put_together(above: str, below: str, expected: list[str]) -> None:
    first = ruled((50, 122, 200), (60, 40)) + text(52, 46, above) + text(124, 46, "2") + text(200, 20, "- 1 -")
    second = ruled((50, 122, 200), (280, 260, 240)) + text(52, 266, below) + text(52, 246, "c") + text(124, 246, "3")

    found = [line for line in shown(read(first, second)) if line != "- 1 -"]

    assert found == expected


def test_columns_without_rules_are_told_by_position() -> None:
    rows = text(50, 250, "Rules") + text(152, 250, "0") + text(252, 250, "5")
    rows += text(50, 235, "Licences") + text(248, 235, "550")

    assert shown(read(text(50, 280, "Some prose of one line") + rows)) == [
        "Some prose of one line",
        "Rules\t0\t5",
        "Licences\t\t550",
    ]


IMAGE = (
    "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>"
    "\nstream\nA\nendstream"
)
PICTURE = "q 400 0 0 300 0 0 cm /I Do Q\n"
LONG = "Letters that somebody printed on a page"
PAGES = [
    pytest.param(PICTURE, True, id="an image alone is a scan"),
    pytest.param(PICTURE + text(50, 50, LONG, mode=3), True, id="an invisible text layer over it is not trusted"),
    pytest.param(text(50, 50, LONG) + PICTURE, True, id="nor is text hidden under it"),
    pytest.param(PICTURE + text(50, 20, "- 3 -"), True, id="nor does a page number make it text"),
    pytest.param(PICTURE + text(50, 50, LONG), False, id="text over a background picture is text"),
    pytest.param(text(50, 50, LONG), False, id="text is text"),
    pytest.param("", False, id="a blank page needs no OCR"),
]


@pytest.mark.parametrize(("content", "scanned"), PAGES)
def test_scanned_pages_are_told_from_printed_ones(content: str, scanned: bool) -> None:
    answers = list(ask("pdf", pdf(text(50, 50, LONG), content, extra=[IMAGE])))

    assert [answer["lines"] is None for answer in answers] == [False, scanned]


def packed_pages(size: int) -> bytes:
    """A page of so many bytes of rules, packed small."""
    content = zlib.compress(b"0 0 m 1 1 l S\n" * (size // 14), 9).decode("latin-1")
    return pdf("").replace(
        b"<< /Length 0 >>\nstream\n\n",
        f"<< /Filter /FlateDecode /Length {len(content)} >>\nstream\n{content}\n".encode("latin-1"),
    )


FORM = (
    "<< /Type /XObject /Subtype /Form /BBox [0 0 400 300] /Resources << /XObject << /I 4 0 R >> >> /Length 5 >>"
    "\nstream\n/I Do\nendstream"
)


@pytest.mark.fault("malicious-pdf")
def test_a_page_that_draws_itself_without_end_is_read_once() -> None:
    assert shown(load(pdf("/I Do\n" * 50 + text(50, 50, LONG), extra=[FORM]), name="report.pdf")) == [LONG]


@pytest.mark.fault("malicious-pdf")
@pytest.mark.slow
def test_a_page_that_unpacks_to_too_much_is_given_up() -> None:
    with pytest.raises(InputError, match=r"^report\.pdf: .*(more memory|takes longer)"):
        load(packed_pages(280 * 2**20), name="report.pdf")


BAD = [
    pytest.param(pdf(text(50, 50, "A"))[:60], "broken", id="cut"),
    pytest.param(b"%PDF-1.4\n" + bytes(range(256)) * 8, "broken", id="noise"),
    pytest.param(pdf(""), "no text", id="empty"),
    pytest.param(
        b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer << /Size 1 /Prev 9 /Root 1 0 R >>\nstartxref\n9\n%%EOF",
        "broken",
        id="a table of contents that goes round in circles",
    ),
    pytest.param(pdf(*[""] * 301), "301 pages, more than 300", id="too many pages"),
    pytest.param(
        pdf(
            text(50, 50, "A"),
            trailer=f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O ({'o' * 32}) /U ({'u' * 32}) >> /ID [(a) (b)]",
        ),
        "password",
        id="protected with a password",
    ),
]


@pytest.mark.fault("malicious-pdf")
@pytest.mark.parametrize(("data", "reason"), BAD)
def test_a_pdf_that_cannot_be_read_says_which_and_why(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=rf"(?s)^report\.pdf: .*{reason}"):
        load(data, name="report.pdf")


def test_a_heading_over_several_columns_does_not_join_them() -> None:
    words = [
        Word("Applicants", 100, 0, 300, 10),
        *(Word(str(i), 100 + 50 * i, 20, 106 + 50 * i, 30) for i in range(4)),
        Word("7", 150, 40, 156, 50),
        Word("total", 0, 40, 30, 50),
    ]

    found = [line.cells for _, line in lines(words, Page(1, 400, 300))]

    assert found[1:] == [("", "0", "1", "2", "3"), ("total", "", "7", "", "")]


def test_a_word_under_another_is_no_part_of_its_line() -> None:
    slanted = [Word("No 28", 10, 10, 60, 24), Word("Lane 1", 70, 14, 120, 28), Word("City", 10, 15, 50, 29)]

    found = [line.cells for _, line in lines(slanted, Page(1, 400, 300))]

    assert found == [("No 28 Lane 1",), ("City",)]


def test_a_table_keeps_its_columns_over_a_page_break_where_one_page_shows_fewer() -> None:
    first = ruled((50, 150, 250), (60, 40)) + text(52, 46, "Kind") + text(152, 46, "Number") + text(200, 20, "- 1 -")
    second = ruled((50, 150, 200, 250), (280, 260)) + text(52, 266, "a") + text(152, 266, "1") + text(202, 266, "2")

    document = read(first, second)

    assert [line for line in document.lines if "\t" in line] == ["Kind\tNumber\t", "a\t1\t2"]
    assert [cell for line, cell in document.cells if line == document.lines.index("Kind\tNumber\t") + 1] == [0, 1]


def test_another_table_on_the_next_page_keeps_its_own_columns() -> None:
    first = ruled((50, 130, 250), (60, 40)) + text(52, 46, "Kind") + text(152, 46, "Number")
    second = ruled((50, 150, 200, 250), (280, 260)) + text(52, 266, "a") + text(152, 266, "1") + text(202, 266, "2")

    assert shown(read(first, second)) == ["Kind\tNumber", "a\t1\t2"]


@pytest.mark.parametrize("name", ["real_hongze_2023", "real_huaian_2024"])
def test_a_real_pdf_gives_the_record_of_its_text(reports: Path, name: str) -> None:
    printed, converted = (extract(reports / file, reader="offline") for file in (f"{name}.pdf", f"{name}_cells.txt"))

    assert isinstance(printed, Accepted | NeedsReview)
    assert isinstance(converted, Accepted | NeedsReview)
    assert printed.status == converted.status
    assert getattr(printed, "reasons", None) == getattr(converted, "reasons", None)
    # The conversion to text left spaces in the address; the page has none.
    assert spaceless(printed.record) == spaceless(converted.record)


def spaceless(record: Mapping[str, Any]) -> dict[str, Any]:
    contact = {key: value and value.replace(" ", "") for key, value in record["contact"].items()}
    return {**record, "contact": contact}
