"""The version of a form in a run's key: nothing is paid twice, and no outcome of another version is taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.pipeline import make_plan
from eval import tallies

BILL = '''
from decimal import Decimal
from pydantic import BaseModel, Field, field_validator
from schemas.declare import declare

class Work(BaseModel):
    """Some work."""
    said: str
    amount: Decimal

class Bill(BaseModel):
    """A bill."""
    number: str = Field(description="its number")
    work: list[Work]
    net: Decimal
    vat: Decimal
    total: Decimal

    @field_validator("vat")
    @classmethod
    def _small(cls, value):
        assert value < 100
        return value

FORM = declare(Bill, ("sum(work.amount) = net", "net + vat = total"), titles=("Bill",), labels={"vat": ("VAT",)})
'''

OWN_TABLES = Path(tallies.__file__).read_text(encoding="utf-8")


def key(folder: Path, text: str, name: str = "form.py") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return make_plan(f"{path}:FORM", reader="offline").run_key("a document")


@pytest.mark.parametrize("form", ["receipt", "ogi-annual-report", tallies.FORM_NAME])
def test_a_form_has_the_same_key_in_every_process(form: str) -> None:
    told = f"from agent.pipeline import make_plan; print(make_plan({form!r}, reader='offline').run_key('x'))"
    keys = {
        subprocess.run(
            [sys.executable, "-c", told],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }

    assert len(keys) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"its number"', '"the number in its head"'),
        ("    number:", "    shop: str\n    number:"),
        ('("Bill",)', '("Invoice",)'),
        ("vat: Decimal", "vat: Decimal = Field(ge=0)"),
        ("value < 100", "value < 50"),
        ("    amount: Decimal", "    amount: Decimal = Field(ge=0)"),
        ('("VAT",)', '("Tax",)'),
    ],
)
def test_a_form_of_ones_own_has_another_key_after_a_change(tmp_path: Path, before: str, after: str) -> None:
    assert key(tmp_path, BILL, "first.py") != key(tmp_path, BILL.replace(before, after), "second.py")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('    RowSum("sold", ("morning", "evening"), "total", "morning + evening = total"),\n', ""),
        ('"Pears sold"', '"Pears"'),
    ],
)
def test_a_table_of_ones_own_has_another_key_after_a_change(tmp_path: Path, before: str, after: str) -> None:
    assert before in OWN_TABLES
    assert key(tmp_path, OWN_TABLES, "first.py") != key(tmp_path, OWN_TABLES.replace(before, after), "second.py")


def test_a_comment_in_a_form_changes_no_key(tmp_path: Path) -> None:
    said = BILL.replace("    net:", "    # before tax\n    net:").replace("\nFORM", "\n# at last\nFORM")

    assert key(tmp_path, BILL, "first.py") == key(tmp_path, said, "second.py")
