"""The real model of this machine, through the whole way. Run by ``make test-live``: four minutes on two cores."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import BaseModel

from agent import extract
from agent.errors import UsageError
from agent.local import weights_file
from agent.model import Model, Question
from agent.settings import settings
from eval.cases import Case, load_folder
from eval.scores import answer_of, score

GOLD = {case.name: case for case in load_folder(Path(__file__).parent.parent / "eval" / "gold")}


def _absent() -> str:
    """Why there is no local model here, empty where there is one."""
    if find_spec("xllamacpp") is None:
        return "no runtime: pip install 'gouji[local]'"
    try:
        weights_file("local")
    except UsageError as error:
        return str(error)
    return ""


pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(bool(_absent()), reason=_absent() or "the weights are here"),
]


class _Cells(BaseModel):
    first: int
    second: int


def test_an_answer_is_decoded_by_its_schema() -> None:
    chosen = settings("local")
    assert chosen is not None
    question = Question("cells", "Copy the cells.", "first=14 second=0", _Cells)

    async def asked() -> BaseModel | None:
        model = Model(chosen)
        try:
            return (await model.ask(question)).value
        finally:
            await model.close()

    assert asyncio.run(asked()) == _Cells(first=14, second=0)


@pytest.mark.parametrize("name", ["archive_glued_wrong_sum", "education_bureau_tab_2019"])
def test_nothing_wrong_is_accepted_of_a_report_that_the_model_reads(name: str) -> None:
    case = GOLD[name]

    scored = score(case, answer_of(extract(_source(case), model="local", reader="model")))

    assert not scored.accepted_wrong


def test_the_model_reads_what_the_offline_reader_leaves_open() -> None:
    case = GOLD["subdistrict_dashes"]

    outcome = extract(_source(case), model="local", reader="thrifty")

    scored = score(case, answer_of(outcome))
    assert outcome.status == "accepted"
    assert not scored.accepted_wrong
    assert outcome.usage.calls > 0


def _source(case: Case) -> bytes:
    return case.data
