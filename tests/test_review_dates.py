"""A date that can be two days, settled by a person: only as a day that the text prints, and marked as a word."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from agent import review as reviews
from agent.desk.app import application
from agent.desk.desk import Desk
from agent.document import load
from agent.errors import UsageError
from agent.evidence import gather
from agent.outcome import Accepted, NeedsReview
from agent.pipeline import extract
from agent.review import Review
from agent.settings import ModelSettings
from agent.store import Store
from eval.server import Body, Server
from schemas import load as load_form
from tests.asgi import KEY, Caller
from tests.test_free_attacks import ended, entry

FORM = load_form("receipt")
TEXT = "LANTERN SHOP\nDATE 04/05/2024\nTEA 5.00\nTOTAL 5.00\n"
FIELDS = "company@1 LANTERN SHOP\ndate@2 04/05/2024\ntotal@4 5.00"


def waiting() -> Review:
    """A receipt whose date is open."""
    outcome = ended(TEXT, FIELDS, entry(3, "TEA", "5.00"))
    assert isinstance(outcome, NeedsReview)
    return Review(1, outcome, outcome, (), open=True)


def settled(day: str) -> tuple[reviews.Reviewed, dict[str, reviews.Change]]:
    document = load(TEXT)
    return reviews.correct(waiting(), {"date": day}, "reviewer Lin", gather(document, FORM), document)


def test_a_person_says_which_day_it_is() -> None:
    outcome, changed = settled("2024-05-04")

    assert isinstance(outcome, Accepted)
    assert outcome.record["date"] == "2024-05-04"
    assert changed == {"date": (None, date(2024, 5, 4))}
    assert reviews.settled(outcome).standing == "attested"


@pytest.mark.parametrize("day", ["2024-06-04", "04/05/2024", "", "2024-13-01"])
def test_a_day_that_the_text_does_not_print_is_refused(day: str) -> None:
    with pytest.raises(UsageError, match="date: "):
        settled(day)


def answered(body: Body) -> str:
    """What a right model says to the first questions; the same again where it is asked once more."""
    item = {"items": entry(3, "TEA", "5.00")} if '"items"' in json.dumps(body["response_format"]) else {}
    return json.dumps({"fields": FIELDS if item else "date@2 04/05/2024"} | item)


def test_the_desk_offers_the_days_that_a_date_can_be(tmp_path: Path) -> None:
    with Server(answered) as server, Store(tmp_path / "gouji.db") as store:
        model = ModelSettings("m", server.base_url)
        extract(TEXT, form=FORM, model=model, reader="model", store=store)
        desk = Caller(application(Desk(store, reviews.reviewer("Lin")), KEY))
        page = desk.get("/report/1").text
        taken = desk.post("/report/1/correct", version="0", **{"figure:date": "2024-05-04"})
        after = desk.get("/report/1").text

    assert re.findall(r'data-take="date" data-value="([\d-]+)"', page) == ["2024-05-04", "2024-04-05"]
    assert taken.status == 303
    assert "data-take" not in after
    assert "空白 → 2024-05-04" in after
