"""The desk as a reviewer has it before them: a real browser, keys and mouse, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from agent.store import Store
from tests.desk_browser import NEEDS_CHROMIUM, Desk, chromium, extract, opened
from tests.written import SAMPLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["chromium"]  # a fixture
TOTAL = "table4.reconsideration.total"
FAULTY = SAMPLE.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")
UNREADABLE = SAMPLE.replace("行政处罚\t57", "行政处罚\t?").replace("青岚县", "霜林县")
NASTY = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"

pytestmark = [pytest.mark.slow, NEEDS_CHROMIUM]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "gouji.db"
    with Store(path) as store:
        for name, text in (("a", FAULTY), ("b", UNREADABLE), (NASTY, FAULTY.replace("召开专题会议两次", NASTY))):
            extract(text, f"{name}.txt", store)
    with opened(path) as found:
        yield found


@pytest.fixture
def page(chromium: Browser, desk: Desk) -> Iterator[Page]:
    """A page on which nothing may go wrong unseen."""
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    tab = context.new_page()
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    expected = "the server responded with a status of 409"  # told to the person on the page itself
    tab.goto(desk.address)
    yield tab
    context.close()
    assert [complaint for complaint in complaints if expected not in complaint] == []


def test_a_faulty_report_is_settled_with_the_keyboard_alone(page: Page, desk: Desk) -> None:
    page.keyboard.press("Enter")  # the first of the list
    page.wait_for_url("**/report/1")
    assert "2 + 1 + 0 + 1 ≠ 5" in page.locator(".problems").inner_text()
    assert page.locator("td.figure:focus").get_attribute("data-path") is not None

    page.keyboard.press("s")
    page.keyboard.type("原文如此")
    page.keyboard.press("Enter")
    page.wait_for_selector(".done")

    assert page.url.endswith("/report/2?done=1")  # on to the next
    assert desk.rows("select standing from records") == [("as_published",)]
    assert desk.rows("select kind, decided_by, note from decisions") == [
        ("accept_as_published", "reviewer Lin", "原文如此")
    ]


def test_a_faulty_report_is_settled_with_the_mouse(page: Page, desk: Desk) -> None:
    page.locator("a[data-row]").first.click()
    page.locator(".problems .term").last.click()
    assert page.locator("#lines li.here").count() == 1  # its place in the source

    page.locator(".act.publish summary").click()
    page.locator(".act.publish form button").click()
    page.wait_for_selector(".done")

    assert desk.rows("select standing from records") == [("as_published",)]
    page.locator(".done button").click()
    page.wait_for_url("**/report/1")
    assert desk.rows("select count(*) from records") == [(0,)]


def test_a_wrong_correction_shows_the_sum_that_fails_and_is_undone(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.home}/report/1")
    page.locator(f'[data-path="{TOTAL}"]').click()
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    page.wait_for_selector("td.attested")

    assert "2 + 1 + 0 + 1 ≠ 6" in page.locator(".problems").inner_text()
    assert "原文该处不是这个数字" in page.locator(".problems").inner_text()
    assert page.locator("td.figure:focus").get_attribute("data-path") == TOTAL  # the cursor stays where it was
    page.keyboard.press("u")
    page.wait_for_selector("td.attested", state="detached")
    assert "2 + 1 + 0 + 1 ≠ 5" in page.locator(".problems").inner_text()


def test_a_figure_nobody_could_read_is_typed_in_and_the_report_accepted(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.home}/report/2")
    assert page.locator("td.figure:focus").get_attribute("data-path") == "table2.administrative_penalties.decisions"

    page.keyboard.type("57")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fine")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".done")

    assert desk.rows("select standing from records") == [("attested",)]
    assert desk.rows("select value, grade from figures where grade = 'attested'") == [("57", "attested")]


def test_what_is_no_figure_is_not_saved_and_escape_gives_up(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.home}/report/1")
    cell = page.locator(f'[data-path="{TOTAL}"]')
    cell.dblclick()
    page.keyboard.type("9")
    page.keyboard.press("Escape")
    assert cell.get_attribute("data-value") == "5"
    assert cell.locator("input").count() == 0

    assert desk.rows("select count(*) from decisions") == [(0,)]


def test_a_line_shows_its_figures_and_arrows_move_among_them(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.home}/report/1")
    line = page.locator(f'[data-path="{TOTAL}"]').get_attribute("data-line")
    page.locator(f'#lines li[data-line="{line}"] > b').click()
    assert page.locator("td.of-line").count() == 15

    page.locator(f'[data-path="{TOTAL}"]').click()
    page.keyboard.press("ArrowLeft")
    assert page.locator("td.figure:focus").get_attribute("data-path") == "table4.reconsideration.pending"
    page.keyboard.press("ArrowUp")
    assert str(page.locator("td.figure:focus").get_attribute("data-path")).startswith("table3.carried_out.")


def test_the_second_of_two_reviewers_is_told(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.home}/report/1")
    other = page.context.new_page()
    other.goto(f"{desk.home}/report/1")
    other.keyboard.press("r")
    other.keyboard.press("Enter")
    other.wait_for_selector(".done")

    page.bring_to_front()
    with page.expect_response("**/publish") as answer:
        page.keyboard.press("s")
        page.keyboard.press("Enter")
    page.wait_for_selector(".notice")

    assert answer.value.status == 409
    assert "复核人 Lin 刚才已经处理了这份报告（退回）" in page.locator(".notice").inner_text()
    assert desk.rows("select count(*) from records") == [(0,)]


def test_a_document_full_of_script_runs_none_of_it(page: Page, desk: Desk) -> None:
    for address in ("/queue", "/report/3"):
        page.goto(f"{desk.home}{address}")
        assert NASTY in page.locator("body").inner_text()
        assert "owned" not in page.title()
        assert page.locator("img").count() == 0


def test_a_page_on_another_port_of_this_machine_decides_nothing(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.home}/report/1")
    csrf = page.locator("#correct [name=csrf]").get_attribute("value")  # even if it could read our sign
    fields = "".join(f'<input name={name} value="{value}">' for name, value in (("csrf", csrf), ("version", "0")))
    form = f'<form method=post action="{desk.home}/report/1/publish">{fields}</form>'
    trap = f"{form}<script>document.forms[0].submit()</script>"

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(trap.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Trap) as elsewhere:
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        other = page.context.new_page()
        with other.expect_response("**/publish") as answer:
            other.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        elsewhere.shutdown()

    assert answer.value.status == 403
    assert desk.rows("select count(*) from decisions") == [(0,)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (420, 860)], ids=["wide", "narrow"])
def test_nothing_runs_over_the_edge(
    page: Page, desk: Desk, tmp_path: Path, scheme: str, width: int, height: int
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": height})
    for name, address in (("queue", "/queue"), ("report", "/report/1"), ("audit", "/audit")):
        page.goto(f"{desk.home}{address}")
        page.screenshot(path=tmp_path / f"{name}_{scheme}_{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(18, 20, 22)") is (scheme == "dark")


def test_the_pages_of_a_pdf_are_drawn_with_the_place_of_the_figure(
    chromium: Browser, reports: Path, tmp_path: Path
) -> None:
    path = tmp_path / "pdf.db"
    extract(reports / "real_hongze_2023.pdf", None, path)
    with opened(path) as desk:
        tab = chromium.new_page(viewport={"width": 1400, "height": 900})
        tab.goto(desk.address)
        with tab.expect_response("**/page/*.png") as picture:
            tab.goto(f"{desk.home}/report/1")
        drawn = picture.value.body()
        box = tab.locator("#pages rect.here").bounding_box()
        pane = tab.locator("#source").bounding_box()
        tab.keyboard.press("v")
        lines = tab.locator("#lines li.here").count()
        tab.close()

    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) > 20_000
    assert box
    assert pane
    assert pane["y"] < box["y"] < pane["y"] + pane["height"]
    assert lines == 1
