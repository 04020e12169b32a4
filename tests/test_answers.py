"""The shape of an answer, read in no more time and told in no more words than it is worth."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given, settings as effort, strategies as st
from instructor.core import ResponseParsingError
from pydantic import BaseModel, ConfigDict

from agent import serial
from agent.answers import bare, checked, shaped


class Figures(BaseModel):
    """A small answer."""

    model_config = ConfigDict(extra="forbid", strict=True)
    total: int


TWICE = "{" + ",".join(f'"k{number}":1' for number in range(20_000)) + ',"z":1,"z":2}'
WITHOUT_END = {
    "thoughts that never end": "<think>" * 60_000,
    "a fence and line ends": "```json" + "\n" * 60_000 + "x",
    "a key twice behind many": TWICE,
}


@pytest.mark.fault("odd-json", behaviour="Thoughts, fences and keys without end are read in no time.")
@pytest.mark.parametrize("answer", WITHOUT_END.values(), ids=WITHOUT_END)
def test_an_answer_without_end_is_read_in_no_time(answer: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"no valid JSON|the key 'z' is given twice"):
        checked(answer)

    assert time.monotonic() - began < 3


def test_a_record_with_many_keys_is_read_in_no_time() -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match="the key 'z' is given twice"):
        serial.parse(TWICE)

    assert time.monotonic() - began < 3


@effort(max_examples=300)
@given(st.lists(st.sampled_from(["<think>", "</think>", "a", "\n", "<think"])))
def test_thoughts_go_from_where_they_begin_to_their_first_end(parts: list[str]) -> None:
    answer = "".join(parts)

    assert bare(answer) == re.sub(r"<think>.*?</think>", "", answer, flags=re.DOTALL).strip()


@pytest.mark.parametrize("fence", ["```json\n", "```\n", "```json  \r\n\n\n", "```\t\n \n"])
def test_a_fence_is_taken_off(fence: str) -> None:
    assert bare(f"Here it is:\n{fence}{{}}\n```\nWell?") == "{}"


def fenced(*answers: str) -> str:
    return "\nThen again:\n".join(f"```json\n{answer}\n```" for answer in answers)


@pytest.mark.fault("wrong-tool", behaviour="Several fenced answers: read where they agree, else asked again.")
def test_of_several_fenced_answers_none_is_taken_for_the_one_meant() -> None:
    assert bare(fenced('{"total": 1}', '{"total": 1}')) == '{"total": 1}'
    assert bare(fenced("the table, as it stands", '{"total": 1}')) == '{"total": 1}'
    with pytest.raises(ValueError, match="2 answers that differ; give one"):
        checked(fenced('{"total": 1}', '{"total": 2}'))


def complaint(answer: object) -> str:
    """What a model is told of its answer."""
    with pytest.raises(ResponseParsingError) as raised:
        shaped(Figures).model_validate_json(json.dumps(answer))
    return str(raised.value)


@pytest.mark.fault("odd-json", behaviour="Of problems without end the first are told, and how many more there are.")
def test_a_complaint_tells_the_first_problems_and_how_many_more() -> None:
    told = complaint({"total": "x", **{f"key{number}": 1 for number in range(5000)}})

    assert told.startswith("total: Input should be a valid integer; key0: Extra inputs are not permitted; key1: ")
    assert told.endswith("key6: Extra inputs are not permitted; and 4993 more")


def test_a_complaint_of_few_problems_tells_them_all() -> None:
    told = complaint({f"key{number}": 1 for number in range(7)})

    assert told.count("Extra inputs") == 7
    assert "more" not in told


@pytest.mark.parametrize("answer", ['{"total": 1, "%s": 1}', '{"%s": 1, "%s": 1}'])
def test_a_long_name_is_cut_in_a_complaint(answer: str) -> None:
    with pytest.raises(ResponseParsingError) as raised:
        shaped(Figures).model_validate_json(answer.replace("%s", "k" * 50_000))

    assert "kkk…" in str(raised.value)
    assert len(str(raised.value)) < 200
