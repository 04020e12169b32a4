"""The half-written files of exports: each export has one of its own, and what a killed one left is cleared away."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from agent.codebook import Variable
from agent.writers import part_of, whole, write_csv

NAMES = [Variable("a", "text", "", "")]


@pytest.mark.fault(
    "two-processes", behaviour="Two exports to one file at once: both end well, and one of them is there, whole."
)
def test_of_two_exports_to_one_file_at_once_the_last_to_end_is_there_whole(tmp_path: Path) -> None:
    out = tmp_path / "x.csv"

    with whole(out) as first, first.open("w", encoding="utf-8") as writing:
        writing.write("begun,")
        with whole(out) as second:
            write_csv(second, NAMES, [["of the second"]])
        assert "of the second" in out.read_text(encoding="utf-8")
        writing.write("and ended\n")

    assert out.read_text(encoding="utf-8") == "begun,and ended\n"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(os.name == "nt", reason="permissions are told otherwise there")
def test_what_is_exported_may_be_read_by_whom_the_user_lets_read(tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.touch()

    with whole(tmp_path / "x.csv") as part:
        write_csv(part, NAMES, [])

    assert stat.S_IMODE((tmp_path / "x.csv").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.fault("kill", behaviour="What a killed export left is removed by one a day later; one that writes is not.")
def test_only_what_nobody_has_written_to_for_a_day_is_cleared_away(tmp_path: Path) -> None:
    out, other = tmp_path / "[x].csv", tmp_path / "y.csv"
    left, writing, of_another = part_of(out), part_of(out), part_of(other)
    for part in (left, writing, of_another):
        part.touch()
    for part in (left, of_another):
        os.utime(part, (0, time.time() - 25 * 3600))

    with whole(out) as part:
        write_csv(part, NAMES, [])

    assert set(tmp_path.iterdir()) == {out, writing, of_another}
