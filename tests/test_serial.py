"""Values as JSON text and back."""

from __future__ import annotations

import json
import pickle
import zlib
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from agent import serial
from agent.outcome import Accepted, Figure, Grade, NeedsReview, NotThisForm


def test_every_outcome_comes_back_equal(accepted: Accepted, review: NeedsReview, refused: NotThisForm) -> None:
    for outcome in (accepted, review, refused):
        found = serial.restore(serial.keep(outcome))

        assert found == outcome
        assert type(found) is type(outcome)


def test_restored_parts_keep_their_types(accepted: Accepted) -> None:
    found = serial.restore(serial.keep(accepted))

    assert isinstance(found, Accepted)
    assert type(found.grades["table3.received.total"]) is Grade
    assert type(found.reading.figures["table3.received.total"]) is Figure
    assert str(found.reading.value("table2.fees.amount_10k_yuan")) == "7730.28"
    assert pickle.loads(pickle.dumps(found)) == accepted


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.integers().map(Decimal))
def test_a_decimal_is_written_with_all_its_digits(number: Decimal) -> None:
    written = serial.write({"amount": number})

    assert serial.parse(written)["amount"] == number
    assert json.loads(written) is not None


@pytest.mark.fault("sqlite-values")
def test_a_decimal_is_no_float_on_the_way() -> None:
    assert serial.write({"a": Decimal("12345678901234567890.12"), "b": Decimal("0.10")}) == (
        '{"a": 12345678901234567890.12, "b": 0.10}'
    )


@given(st.text())
def test_any_text_is_written_without_what_a_terminal_obeys(text: str) -> None:
    written = serial.write([text])

    assert json.loads(written) == [text]
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in written)
    written.encode("utf-8")


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1, "a": 2}', "{", '{"a": -Infinity}', "\xff"])
def test_a_text_that_is_no_honest_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        serial.parse(text)


@pytest.mark.parametrize("text", ["{}", '{"$Grade": "proved"}', '{"$Nothing": {}}', '{"$Accepted": {}}', "[1]"])
def test_a_text_that_holds_no_outcome_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        serial.restore(zlib.compress(text.encode()))


@pytest.mark.fault("sqlite-values")
def test_infinity_is_no_json_number() -> None:
    with pytest.raises(ValueError, match="no JSON number"):
        serial.write(Decimal("Infinity"))
