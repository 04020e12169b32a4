"""The desk against what means it harm: requests from elsewhere, hostile documents, decisions out of turn."""

from __future__ import annotations

import re
import sqlite3
import threading
from pathlib import Path

import pytest

from agent import decisions, pipeline
from agent.cli import run as command
from agent.desk.desk import Desk
from agent.outcome import NeedsReview
from agent.review import reviewer
from agent.store import Store
from tests.asgi import HOST, IN, KEY, OWN
from tests.desk_world import FAULTY, TOTAL, Browser, browser, path, rows
from tests.written import but

__all__ = ["browser", "path"]  # fixtures


REFUSED = {
    "no token": ("GET", HOST, {}),
    "a wrong token": ("GET", {**HOST, "cookie": f"{KEY.cookie}=x"}, {}),
    "another host": ("GET", {**IN, "host": "evil.example"}, {}),
    "another host that points here": ("GET", {**IN, "host": "evil.example:8000"}, {}),
    "another port": ("GET", {**IN, "host": "127.0.0.1:9000"}, {}),
    "no host": ("GET", {"cookie": IN["cookie"]}, {}),
    "another site": ("GET", {**IN, "sec-fetch-site": "cross-site"}, {}),
    "another origin": ("POST", {**OWN, "origin": "https://evil.example"}, {}),
    "another origin on this machine": ("POST", {**OWN, "origin": "http://127.0.0.1:9000"}, {}),
    "no origin": ("POST", {k: v for k, v in OWN.items() if k != "origin"}, {}),
    "origin null": ("POST", {**OWN, "origin": "null"}, {}),
    "no sign": ("POST", OWN, {"csrf": ""}),
    "a wrong sign": ("POST", OWN, {"csrf": KEY.token}),
    "no form": ("POST", {**OWN, "content-type": "text/plain"}, {}),
}


@pytest.mark.parametrize(("method", "headers", "form"), REFUSED.values(), ids=REFUSED)
def test_a_request_from_elsewhere_is_refused_and_changes_nothing(
    browser: Browser, path: Path, method: str, headers: dict[str, str], form: dict[str, str]
) -> None:
    if method == "GET":
        answer = browser.get("/report/1", headers)
    else:
        answer = browser.post("/report/1/publish", headers, version="0", **form)

    assert answer.status == 403
    assert "青岚" not in answer.text
    assert rows(path, "select count(*) from decisions") == [(0,)]


def test_the_printed_address_opens_the_desk_and_the_token_leaves_the_address(browser: Browser) -> None:
    answer = browser.get(f"/?token={KEY.token}", HOST)

    assert (answer.status, answer.headers["location"]) == (303, "/queue")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert browser.get("/?token=x", HOST).status == 403
    assert browser.get(f"/?token={KEY.token}", {"host": "evil.example"}).status == 403


def test_every_answer_forbids_what_is_not_our_own(browser: Browser) -> None:
    for address in ("/queue", "/report/1", "/static/desk.js", "/nothing"):
        headers = browser.get(address).headers
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_pages_name_no_address_but_our_own_and_carry_no_script_or_style_of_their_own(browser: Browser) -> None:
    for address in ("/queue", "/report/1"):
        page = browser.get(address).text
        linked = re.findall(r'(?:src|href|action)="([^"]*)"', page)
        assert linked
        assert all(link.startswith("/") and not link.startswith("//") for link in linked)
        assert not re.search(r"<style|style=|javascript:|\son\w+=", page)
        assert len(re.findall(r"<script", page)) == 1


NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\x1b[31m\u202e"


@pytest.mark.fault("csv-formula")
def test_a_document_full_of_script_shows_as_text(path: Path) -> None:
    text = FAULTY.replace("青岚县水务局", f"青岚县{NASTY}水务局").replace("召开专题会议两次", NASTY * 20)
    with Store(path) as store:
        outcome = pipeline.extract(text, name=f"{NASTY}.txt", store=store)
        assert isinstance(outcome, NeedsReview)
        browser = Browser(Desk(store, reviewer(f"Lin {NASTY}")))
        browser.post("/report/1/correct", version="0", note=NASTY, **{f"figure:{TOTAL}": "6"})
        refused = browser.post("/report/1/correct", version="1", **{f"figure:{TOTAL}": NASTY})
        pages = [browser.get("/queue"), browser.get("/report/1"), refused]

    for page in pages:
        assert "&lt;script&gt;" in page.text
        assert not re.search(r"<script(?! src=\"/static/desk.js\" defer)|<img", page.text)
        assert "7*7" in page.text
        assert "\x1b" not in page.text


def test_a_form_that_is_far_too_large_is_refused(browser: Browser) -> None:
    assert browser.post("/report/1/reject", version="0", note="x" * 100_000).status == 403


@pytest.mark.parametrize(
    "typed",
    ["12abc", "-3", "1e3", "NaN", "inf", "1" + "0" * 30, "99999999999", "0x1", "1\x00", "=1+1", "\u202e12", "<b>1</b>"],
)
def test_what_is_no_figure_is_refused_in_place_and_nothing_is_kept(browser: Browser, path: Path, typed: str) -> None:
    answer = browser.post("/report/1/correct", version="0", **{f"figure:{TOTAL}": typed})

    assert answer.status == 400
    assert "既不是0 到 10^9 的整数，也不是空白" in answer.words
    assert rows(path, "select count(*) from decisions") == [(0,)]


def test_full_width_digits_are_the_figure_they_show(browser: Browser, path: Path) -> None:
    browser.post("/report/1/correct", version="0", **{f"figure:{TOTAL}": "４"})

    assert rows(path, "select cells from decisions") == [(f'{{"{TOTAL}": [5, 4]}}',)]


@pytest.mark.parametrize("name", ["figure:", "figure:__proto__", "figure:table9.x.y", "figure:table4", "note"])
def test_a_figure_that_is_none_of_the_report_is_refused(browser: Browser, path: Path, name: str) -> None:
    assert browser.post("/report/1/correct", version="0", **{name: "1"}).status == 400
    assert rows(path, "select count(*) from decisions") == [(0,)]


@pytest.mark.parametrize("version", ["", "1", "-1", "0 ", "00", "x"])
def test_a_page_that_is_not_of_now_decides_nothing(browser: Browser, path: Path, version: str) -> None:
    assert browser.post("/report/1/publish", version=version).status == 409
    assert rows(path, "select count(*) from decisions") == [(0,)]


@pytest.mark.parametrize("address", ["/report/99999999999999999999", "/report/99999999999999999999/places"])
def test_a_number_beyond_any_id_is_a_report_that_is_not_there(browser: Browser, address: str) -> None:
    assert browser.get(address).status == 404


@pytest.mark.parametrize("words", [["review", "show"], ["review", "undo"], ["show"]])
def test_the_same_in_a_terminal(browser: Browser, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert command([*words, "9" * 30, "--db", str(browser.desk.path)]) == 2
    assert "holds no" in capsys.readouterr().err


@pytest.mark.fault("two-processes")
def test_of_many_decisions_at_once_one_stands(path: Path, browser: Browser) -> None:
    answers: list[int] = []
    desks = [Browser(Desk(Store(path), reviewer(f"R{i}"))) for i in range(6)]
    threads = [
        threading.Thread(target=lambda b=b: answers.append(b.post("/report/1/publish", version="0").status))
        for b in desks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [303, 409, 409, 409, 409, 409]
    assert rows(path, "select count(*) from records") == rows(path, "select count(*) from decisions") == [(1,)]


@pytest.mark.fault("two-processes")
def test_a_report_that_a_batch_reads_anew_under_the_reviewers_hands_is_not_decided(
    browser: Browser, path: Path
) -> None:
    before = decisions.load(path, 1).original
    with Store(path) as other:  # another process, with another reading of the same file
        document = browser.desk.document(browser.desk.review(1))
        other.hold(other.begin("another key", document, "offline", None), before)

    answers = [browser.post(f"/report/1/{what}", version="0").status for what in ("publish", "reject", "undo")]

    assert answers == [409, 409, 400]
    assert rows(path, "select status from reviews order by run") == [("decided",), ("open",)]
    assert rows(path, "select count(*) from records") == [(0,)]


def test_a_wrong_figure_does_not_get_in_without_its_mark(browser: Browser, path: Path) -> None:
    browser.post("/report/1/correct", version="0", **{f"figure:{TOTAL}": "4"})

    refused = [browser.post(f"/report/1/{what}", version="1").status for what in ("publish", "accept")]
    browser.post("/report/1/accept", version="1", note="   ")
    assert rows(path, "select count(*) from records") == [(0,)]
    browser.post("/report/1/accept", version="1", note="电话核实")

    assert refused == [400, 400]
    assert rows(path, f"select value, printed, grade from figures where path = '{TOTAL}'") == [("4", "5", "attested")]
    assert rows(path, "select standing from records") == [("attested",)]
    assert rows(path, "select count(*) from figures where grade = 'proved' and path like 'table4.recon%'") == [(0,)]


def test_a_note_keeps_its_words_and_loses_what_steers_a_terminal(browser: Browser, path: Path) -> None:
    browser.post("/report/1/reject", version="0", note="原文\x00\x1b[31m\u202e不清\n另附")

    assert rows(path, "select note from decisions") == [("原文\ufffd\ufffd[31m\ufffd不清\n另附",)]


@pytest.mark.fault("odd-names")
def test_a_name_full_of_orders_reaches_no_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = but(("青岚县水务局", "\x1b]0;owned\x07青岚县水务局"), text=FAULTY)
    pipeline.extract(text, name="\x1b[31mred.txt", store=path)
    db = sqlite3.connect(path)
    db.execute("update reviews set subject = char(27) || '[31m' || '局'")
    db.commit()
    db.close()

    for words in (["list"], ["show", "1"], ["accept", "1", "--as-published"], ["history", "1"], ["undo", "1"]):
        command(["review", *words, "--db", str(path), "--reviewer", "Lin"])
        told = capsys.readouterr()
        assert not set(told.out + told.err) & {"\x1b", "\x07"}
