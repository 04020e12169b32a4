"""The figures of a record that is checked without its source: none is larger than a document can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import schemas
from agent import cli, serial
from agent.errors import InputError
from agent.sums import check
from tests.by_model import truth

TOO_LARGE = ["1e999999999", "-1e15", "0e999999999", "1e-999999999", "0.0000000000001", "1" + "0" * 15, "1" + "0" * 4000]


@pytest.mark.fault("odd-json", behaviour="A record's figure that no document can hold: exit code 5, with its path.")
@pytest.mark.parametrize("figure", TOO_LARGE, ids=lambda figure: figure[:16])
def test_a_figure_that_no_document_can_hold_is_refused_with_its_path(
    figure: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.json"
    record.write_text(f'{{"form": "receipt", "total": {figure}}}')

    assert cli.run(["check", str(record), "--lang", "en"]) == 5
    told = "total: no figure has more than 15 digits before its point or 12 behind it; set it right"
    assert capfd.readouterr().err == f"gouji: {told}\n"


def test_a_sum_is_not_said_to_hold_where_it_was_rounded() -> None:
    receipt = '{"total": 10000000000000000000000000000.00, "items": [{"amount": 1e28}, {"amount": 0.01}]}'

    with pytest.raises(InputError, match=r"^total: no figure has more than 15 digits"):
        check(serial.parse(receipt), schemas.load("receipt"))


def test_a_table_with_a_figure_that_no_document_can_hold_is_refused_with_its_path() -> None:
    record: dict[str, Any] = serial.parse(json.dumps(truth()))
    record["table4"]["reconsideration"]["total"] = 10**15

    with pytest.raises(InputError, match=r"^table4\.reconsideration\.total: no figure has more than 15 digits"):
        check(record, schemas.load("ogi-annual-report"))


@pytest.mark.parametrize("figure", ["999999999999999", "-999999999999999.99", "0.000000000001", "0", "0.00", "null"])
def test_a_figure_as_large_as_a_document_can_hold_is_checked(figure: str) -> None:
    checked = check(serial.parse(f'{{"total": {figure}}}'), schemas.load("receipt"))

    assert serial.write(checked.figures["total"]) == figure
