"""The columns of a manifest come out beside the reports they were given for."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import cli
from eval import tallies
from tests.test_export import READERS

FORM = ("--form", tallies.FORM_NAME)


def gouji(*words: str) -> int:
    """Run a command; gives its exit code."""
    return cli.run(words)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of three tallies: two named by a manifest, one of them at two places, one without columns."""
    monkeypatch.chdir(tmp_path)
    one, two, _ = tallies.write(tmp_path, 3)
    (tmp_path / "copy.txt").write_bytes(two.read_bytes())
    rows = (f"{one.name},青岚,=1+1", f"{two.name},霜林,b", "copy.txt,鹿鸣,b")
    (tmp_path / "list.csv").write_text("\n".join(("path,county,note", *rows)), encoding="utf-8")
    gouji("batch", "--manifest", "list.csv", *FORM, "--reader", "offline")
    gouji("batch", ".", *FORM, "--reader", "offline")
    return tmp_path


@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.parametrize("format_", READERS)
def test_each_report_comes_with_the_columns_of_its_manifest(read: Path, format_: str, shape: str) -> None:
    out = read / f"out.{format_}"

    assert gouji("export", str(out), *FORM, "--shape", shape) == 0

    found = {row["document"]: (row["own.county"], row["own.note"]) for row in READERS[format_](out)}
    formula = "'=1+1" if format_ == "csv" else "=1+1"
    assert sorted(found.values(), key=str) == [("青岚", formula), ("鹿鸣 | 霜林", "b"), (None, None)]


def test_the_codebook_says_whose_columns_they_are(read: Path) -> None:
    gouji("export", "out.csv", *FORM)

    book = READERS["csv"](read / "out.codebook.csv")
    assert [(row["name"], row["label"]) for row in book if "your own column" in str(row["meaning"])] == [
        ("own.county", "county"),
        ("own.note", "note"),
    ]


def test_a_form_without_a_manifest_has_no_such_columns(read: Path) -> None:
    gouji("batch", str(Path(__file__).parent.parent / "agent" / "sample"), "--reader", "offline")

    gouji("export", "out.csv", "--form", "ogi-annual-report")

    assert not [name for name in READERS["csv"](read / "out.csv")[0] if name.startswith("own.")]
