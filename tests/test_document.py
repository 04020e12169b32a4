"""A text becomes lines, whatever its line ends, its encoding and its radicals; what is no text is refused by name."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st

from agent.document import MAX_BYTES, MAX_TEXT_BYTES, decode, fold, lines_of, load
from agent.errors import InputError
from tests.written import SAMPLE, read

LINES = ("青岚县水务局", "一、本年新收\t21", "", "end")


# Line ends.


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\f"], ids=["LF", "CRLF", "CR", "form feed"])
def test_every_line_end_gives_the_same_lines(end: str) -> None:
    assert load(end.join(LINES)).lines == LINES


def test_mixed_line_ends_end_one_line_each() -> None:
    assert load("a\r\nb\rc\nd\r\re").lines == ("a", "b", "c", "d", "", "e")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_report_reads_the_same_whatever_its_line_ends(end: str) -> None:
    assert read(SAMPLE.replace("\n", end).encode()).record == read(SAMPLE).record


# Encodings.


@pytest.mark.fault("encodings")
@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("gb18030", "gb18030"), ("gbk", "gb18030")],
)  # fmt: skip
def test_every_encoding_gives_the_same_record_and_is_told(encoding: str, told: str) -> None:
    outcome = read(SAMPLE.encode(encoding))

    assert outcome.record == read(SAMPLE).record
    assert outcome.document.encoding == told


@pytest.mark.fault("encodings")
def test_utf_16_with_either_byte_order_mark_is_read() -> None:
    big_endian = b"\xfe\xff" + SAMPLE.encode("utf-16-be")

    assert load(big_endian).lines == load(SAMPLE).lines


@pytest.mark.fault("encodings")
@pytest.mark.parametrize(
    "data",
    [b"\xff\xfea\x00b", b"\xef\xbb\xbfabc\xff", b"\x81\x20\xff\xff abc\n"],
    ids=["utf-16 cut in a letter", "a mark of UTF-8 before what is none", "no encoding at all"],
)
def test_bytes_in_no_encoding_are_refused_by_name_and_never_patched(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^odd\.txt: "):
        decode(data, "odd.txt")


def test_a_refused_encoding_names_the_way_out() -> None:
    with pytest.raises(InputError, match="save it as UTF-8"):
        decode(b"abc \xff\xff abc", "odd.txt")


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["utf-8-sig", "utf-16", "gb18030"]))
def test_what_is_decoded_is_what_was_written(text: str, encoding: str) -> None:
    # Without a mark GB18030 bytes may by chance be UTF-8, so that one is only tried where they are not.
    data = text.encode(encoding)
    if encoding == "gb18030" and (b"\0" in data or data == data.decode("utf-8", "ignore").encode()):
        return

    assert decode(data, "x")[0] == text


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff\xfe\x00\xd8\x00\x00")
def test_any_bytes_are_a_document_or_refused(data: bytes) -> None:
    told = _refusal(data)

    assert told is None or told.startswith("any: ")


def _refusal(data: bytes) -> str | None:
    try:
        assert load(data, name="any").lines
    except InputError as error:
        return str(error)
    return None


# Characters.


def test_every_kangxi_radical_becomes_its_character_and_no_place_moves() -> None:
    radicals = "".join(chr(code) for code in range(0x2F00, 0x2FD6))

    folded = fold(radicals)

    assert len(folded) == len(radicals)
    assert folded == unicodedata.normalize("NFKC", radicals)


@pytest.mark.parametrize(("printed", "read"), [("⼀⾏⻔⻅⺠", "一行门见民"), ("⻓⻋⻚⻢", "长车页马")])
def test_radicals_of_the_supplement_become_their_characters(printed: str, read: str) -> None:
    assert fold(printed) == read


def test_a_report_printed_in_radicals_reads_the_same() -> None:
    printed = SAMPLE.translate(str.maketrans("一行门见民长", "⼀⾏⻔⻅⺠⻓"))

    assert printed != SAMPLE
    assert read(printed).record == read(SAMPLE).record


@pytest.mark.fault("nul-input")
def test_control_characters_become_spaces_and_tabs_stay() -> None:
    assert lines_of("a\x00b\x07c\td\x7f\u2028e") == ("a b c\td  e",)


@pytest.mark.fault("nul-input")
@pytest.mark.parametrize("invisible", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u202d"])
def test_invisible_characters_vanish(invisible: str) -> None:
    assert lines_of(f"总{invisible}计\t1{invisible}2") == ("总计\t12",)


@pytest.mark.fault("nul-input")
@settings(deadline=None)
@given(st.text())
@example("\x9b31m")
def test_no_line_holds_a_line_end_or_a_control_character(text: str) -> None:
    for line in lines_of(text):
        assert not any(unicodedata.category(c) == "Cc" and c != "\t" for c in line)


# What is no document.


def test_a_text_is_the_text_itself_and_a_path_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "报告.txt"
    path.write_text("一行\n二行", encoding="utf-8")

    assert load(str(path)).lines == (str(path),)
    assert load(path).lines == ("一行", "二行")
    assert (load(path).name, load(path, name="其他").name) == ("报告.txt", "其他")


def test_the_same_bytes_have_the_same_hash_and_other_bytes_another() -> None:
    assert load("甲").sha256 == load("甲".encode()).sha256
    assert load("甲").sha256 != load("甲".encode("gb18030")).sha256


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\0\0\0"])
def test_an_empty_file_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(InputError, match=r"leer\.txt: the file is empty"):
        load(data, name="leer.txt")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fehlt\.txt: no such file"):
        load(tmp_path / "fehlt.txt")


@pytest.mark.fault("huge-file")
def test_a_folder_a_pipe_and_a_loop_of_links_are_refused_without_being_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    for name in (".", "pipe", "loop"):
        with pytest.raises(InputError, match=str(tmp_path)):
            load(tmp_path / name)


@pytest.mark.fault("huge-file")
def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(InputError, match="larger than 50 MiB"):
        load(path)


def test_a_text_too_large_for_a_report_is_refused() -> None:
    with pytest.raises(InputError, match="larger than 5 MiB is no report"):
        load("字" * (MAX_TEXT_BYTES // 3 + 1))
