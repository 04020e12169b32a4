"""Two real reports settled as a reviewer would, and what it took (``pytest -m slow -s`` on this file tells)."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent import offline, pipeline
from agent.document import load
from agent.evidence import gather
from agent.outcome import Accepted, Figure, NeedsReview, Reading
from agent.store import Store
from tests.desk_browser import NEEDS_CHROMIUM, chromium, extract, opened
from tests.written import OGI

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["chromium"]  # a fixture
RECEIVED = "table3.received.natural_person"
PENALTIES = "table2.administrative_penalties.decisions"

pytestmark = [pytest.mark.slow, NEEDS_CHROMIUM]


@dataclass
class Hand:
    """A reviewer's hand: counts keys and clicks, and the time until the page has answered."""

    page: Page
    keys: int = 0
    clicks: int = 0
    started: float = field(default_factory=time.perf_counter)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        self.keys += len(keys)

    def click(self, selector: str) -> None:
        """Click what is there."""
        self.page.locator(selector).first.click()
        self.clicks += 1

    def sees(self, selector: str) -> str:
        """Wait until something is shown; gives its words."""
        found = self.page.locator(selector).first
        found.wait_for()
        return found.inner_text()

    def tell(self, what: str) -> None:
        """Say what it took."""
        print(f"{what}: {self.keys} keys, {self.clicks} clicks, {time.perf_counter() - self.started:.1f} s of waiting")


def _until(page: Page, holds: str) -> None:
    """Wait until something holds on the page; its policy lets no waiting script in."""
    end = time.monotonic() + 20
    while not page.evaluate(holds):
        assert time.monotonic() < end, f"never came: {holds}"
        time.sleep(0.02)


def _drawn(page: Page) -> bool:
    """Whether the page with the figure's box is before the reviewer's eyes."""
    _until(page, "document.querySelector('#pages rect.here')?.closest('figure').querySelector('img').naturalWidth > 0")
    box, pane = page.locator("#pages rect.here").bounding_box(), page.locator("#source").bounding_box()
    return bool(box and pane and pane["y"] <= box["y"] <= pane["y"] + pane["height"])


@pytest.mark.parametrize("way", ["keyboard", "mouse"])
def test_the_report_of_hongze_2023_is_accepted_as_published(
    chromium: Browser, reports: Path, tmp_path: Path, way: str
) -> None:
    path = tmp_path / "gouji.db"
    extract(reports / "real_hongze_2023.pdf", None, path)
    with opened(path) as desk:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(desk.address)
        hand = Hand(page)
        if way == "keyboard":
            hand.press("Enter")
            told = hand.sees(".problems")
            assert _drawn(page)
            hand.press("n")
            assert _drawn(page)
            hand.press("s", *"as is", "Enter")
        else:
            hand.click("a[data-row]")
            told = hand.sees(".problems")
            assert _drawn(page)
            hand.click(".problems li:nth-child(2) .term.suspect")
            assert _drawn(page)
            hand.click(".act.publish summary")
            hand.click(".act.publish form button")
        hand.sees(".done")
        hand.tell(f"Hongze 2023 by {way}")
        page.close()

    assert "行政复议：10 + 1 + 0 + 0 ≠ 0，差 11" in told
    assert "复议后起诉：5 + 0 + 0 + 0 ≠ 0，差 5" in told
    ((standing, violations),) = desk.rows("select standing, violations from records")
    assert standing == "as_published"
    assert [(v["left"], v["right"]) for v in json.loads(str(violations))] == [(11, 0), (5, 0)]
    assert desk.rows("select count(*), sum(count) from figures where grade = 'published'") == [(10, 16)]


def _misread(report: Path, path: Path) -> None:
    """Put the report before a reviewer with two figures that a model read wrong: one in a sum, one in none."""
    document = load(report)
    evidence = gather(document, OGI)
    first = offline.read(evidence)
    assert isinstance(pipeline.conclude(document, evidence, first, "offline"), Accepted)  # nobody is asked
    wrong = {name: Figure(7, "7", first.figures[name].line, "model") for name in (RECEIVED, PENALTIES)}
    reading = Reading({**first.figures, **wrong}, first.words, first.variants)
    outcome = pipeline.conclude(document, evidence, reading, "model", second=first)
    assert isinstance(outcome, NeedsReview)
    with Store(path) as store:
        store.hold(store.begin("a model's", document, "model", "m"), outcome)


def test_two_misread_figures_of_huaian_2024_are_typed_as_they_are_printed(
    chromium: Browser, reports: Path, tmp_path: Path
) -> None:
    path = tmp_path / "gouji.db"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_misread, reports / "real_huaian_2024.pdf", path).result()
    truth = json.loads((reports / "real_huaian_2024_cells.json").read_text(encoding="utf-8"))
    with opened(path) as desk:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(desk.address)
        hand = Hand(page)
        hand.press("Enter")
        hand.sees(".problems")
        for left in (1, 0):
            assert _drawn(page)
            name = str(page.locator("td.figure:focus").get_attribute("data-path"))
            printed = str(_at(truth["record"], name))  # what the page shows in its box
            hand.press(*printed, "Enter")
            _until(page, f"document.querySelectorAll('td.contradicted').length === {left}")
            if left:
                hand.press("n")
        hand.press("a", "Enter")
        hand.sees(".done")
        hand.tell("Huai'an 2024, two figures misread, by keyboard")
        page.close()

    assert desk.rows("select standing from records") == [("checked",)]
    assert desk.rows("select distinct grade from figures order by 1") == [("proved",), ("read",)]
    for name in (RECEIVED, PENALTIES):
        assert desk.rows(f"select count from figures where path = '{name}'") == [(_at(truth["record"], name),)]


def _at(record: dict[str, object], path: str) -> object:
    found: object = record
    for step in path.split("."):
        assert isinstance(found, dict)
        found = found[step]
    return found
