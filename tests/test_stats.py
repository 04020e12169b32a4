"""What a collection says of itself, in a terminal, on a page, and in Datasette."""

from __future__ import annotations

import json
import re
import sqlite3
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from agent import decisions, pipeline, review as reviews
from agent.browse import metadata, queries
from agent.errors import UsageError
from agent.migrations import migrations
from agent.stats import only_form, region, stats
from agent.stats_cli import command
from agent.store import Store
from schemas import load
from tests.asgi import HOST, KEY, Caller

FORM = load("ogi-annual-report")
SAMPLE = (Path(__file__).parent.parent / "agent" / "sample" / "qinglan_2023.txt").read_text(encoding="utf-8")
FAULTY = SAMPLE.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two years of one organ and one year of another accepted, one as published, one waiting, one of another kind."""
    found = tmp_path / "gouji.db"
    with Store(found) as store:
        for text in (
            SAMPLE,
            SAMPLE.replace("2023", "2022"),
            SAMPLE.replace("青岚县", "霜林市"),
            FAULTY.replace("青岚县", "鹿鸣省"),
        ):
            pipeline.extract(text, name="a.txt", store=store)
        review = decisions.load(found, 4)
        decisions.accept(
            store, review, reviews.settle(review.current, FORM, as_published=True, note=""), "reviewer Lin"
        )
        pipeline.extract(FAULTY.replace("2023", "2024"), name="<script>alert(1)</script>.txt", store=store)
        pipeline.extract("会议纪要\n今天开会。", name="b.txt", store=store)
    return found


def test_a_collection_is_told_by_outcome_year_region_and_reason(path: Path) -> None:
    found = stats(path, FORM)

    assert found.outcomes == {"checked": 3, "as_published": 1, "in_review": 1, "not_this_form": 1}
    assert found.accepted_by_year == {2022: 1, 2023: 3}
    assert found.waiting_by_year == {2024: 1}
    assert found.by_region == {"青岚县": 3, "霜林市": 1, "鹿鸣省": 1}
    assert found.reasons == {"source_does_not_add_up": 1}
    assert found.decisions == {"accept_as_published": 1}


def test_headline_figures_are_added_up_by_year_with_how_many_state_them(path: Path) -> None:
    received = stats(path, FORM).headlines[0]

    assert received.name == "一、本年新收政府信息公开申请数量 · 总计"
    assert received.total == {2022: 42, 2023: 126}
    assert received.reports == {2022: 1, 2023: 3}


def test_a_report_read_from_two_files_is_counted_once(path: Path) -> None:
    pipeline.extract(SAMPLE.replace("青岚县水务局", "青岚县 水务局"), name="again.txt", store=path)

    found = stats(path, FORM)

    assert found.accepted_by_year == {2022: 1, 2023: 3}
    assert found.headlines[0].total[2023] == 126
    assert found.doubles == 1


def test_of_two_records_of_one_organ_and_year_the_checked_one_counts(path: Path) -> None:
    pipeline.extract(SAMPLE.replace("青岚县水务局", "青岚县 水务局"), name="again.txt", store=path)
    db = sqlite3.connect(path)
    db.execute("update records set standing = 'as_published' where id = (select max(id) from records)")
    db.execute("update figures set count = 7, value = '7' where record = (select max(id) from records)")
    db.commit()
    db.close()

    assert stats(path, FORM).headlines[0].total[2023] == 126


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("青岚省粮食和物资储备厅", "青岚省"),
        ("望川市松烟区档案馆", "望川市"),
        ("内蒙古自治区人民政府", "内蒙古自治区"),
        ("青岚县水务局", "青岚县"),
        ("水利部", ""),
        (None, ""),
    ],
)
def test_the_region_is_told_by_the_organs_name(subject: str | None, name: str) -> None:
    assert region(subject, FORM) == name
    assert region(subject, load("statement")) == ""


def test_it_is_printed_in_two_languages(path: Path) -> None:
    run = CliRunner()

    chinese = run.invoke(command, ["--db", str(path), "--lang", "zh"]).output
    english = run.invoke(command, ["--db", str(path), "--lang", "en"]).output

    assert "已接受：照原样，报告本身加总不符" in chinese
    assert "126 (3)" in chinese
    assert "accepted as published: does not add up" in english
    assert "received · total" in english


def test_the_page_stands_by_itself_and_runs_nothing(path: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"

    answer = CliRunner().invoke(command, ["--db", str(path), "--lang", "zh", "--page", str(page)])

    assert answer.exit_code == 0
    html = page.read_text(encoding="utf-8")
    assert "霜林市" in html
    assert "126 <small>(3)</small>" in html
    assert not re.search(r"<script|<link|src=|href=|url\(|@import", html)


def test_it_is_given_to_programs_too(path: Path) -> None:
    told = json.loads(CliRunner().invoke(command, ["--db", str(path), "--json"]).output)

    assert told["outcomes"]["checked"] == 3
    assert told["headlines"][0]["total"] == {"2022": 42, "2023": 126}


def test_which_form_is_asked_where_it_cannot_be_told(tmp_path: Path) -> None:
    empty = tmp_path / "gouji.db"
    Store(empty).close()

    assert only_form(empty) is None
    with pytest.raises(UsageError, match="--form"):
        command.main(["--db", str(empty)], standalone_mode=False)


def test_what_a_model_cost_is_added_up_exactly(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("update runs set calls = 2, cost = '0.1' where id in (1, 2)")
    db.commit()
    db.close()

    found = stats(path, FORM)

    assert (found.calls, found.cost) == (4, Decimal("0.2"))


VIEWS = ("reports", "report_figures", "waiting", "history")


@pytest.mark.parametrize("view", VIEWS)
def test_the_store_has_views_under_plain_names(path: Path, view: str) -> None:
    db = sqlite3.connect(path)
    found = db.execute(f"select count(*) from {view}").fetchone()
    db.close()

    assert found[0] > 0


@pytest.mark.parametrize("name", queries(FORM))
def test_every_canned_question_has_an_answer(path: Path, name: str) -> None:
    db = sqlite3.connect(path)
    asked = {"subject": "水务", "path": "table3.received.total"}
    rows = db.execute(queries(FORM)[name]["sql"], asked).fetchall()
    db.close()

    assert rows if name != "by_a_reviewers_word" else not rows


def test_datasette_is_told_titles_units_facets_and_what_to_hide(path: Path) -> None:
    told = metadata(path, FORM)["databases"]["gouji"]

    assert "万元" in told["tables"]["report_figures"]["description"]
    assert "period" in told["tables"]["report_figures"]["facets"]
    db = sqlite3.connect(path)
    tables = {name for (name,) in db.execute("select name from sqlite_master where type in ('table', 'view')")}
    db.close()
    assert {name for name, about in told["tables"].items() if about.get("hidden")} | set(VIEWS) >= {
        name for name in tables if not name.startswith("sqlite_")
    }
    assert migrations.name == "gouji"


def test_datasette_opens_the_database_for_its_own_person_only(path: Path) -> None:
    pytest.importorskip("datasette")
    from agent.browse import application

    browser = Caller(application(path, FORM, KEY))

    assert browser.get("/gouji/reports.json", HOST).status == 403
    assert browser.get(f"/?token={KEY.token}", HOST).headers["location"] == "/"
    found = json.loads(browser.get("/gouji/one_figure.json?path=table3.received.total&_shape=array").text)
    assert [row["value"] for row in found] == ["42", "42", "42", "42"]
    page = browser.get("/gouji/waiting")
    assert "待复核" in page.text
    assert "<script>alert(1)" not in page.text
    assert browser.get(f"/gouji.json?sql={quote('delete from records')}").status == 400
