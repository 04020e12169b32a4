"""Across the years: links that hold or break, and figures that only a neighbour decides, offered and never taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from agent import pipeline
from agent.audit import audit, linked, links, neighbours, rule, same_name, told
from agent.audit_cli import command
from agent.codebook import figure_names
from agent.desk import views
from agent.desk.desk import Desk
from agent.desk.queue import Chosen
from agent.document import load as load_text
from agent.outcome import Accepted, Figure, Grade, Reading
from agent.records import put_accepted
from agent.review import reviewer
from agent.store import Store
from schemas import load

FORM = load("ogi-annual-report")
NOW = (Path(__file__).parent.parent / "agent" / "sample" / "qinglan_2023.txt").read_text(encoding="utf-8")
DOCUMENTS = "行政规范性文件\t3\t1\t12"
ISSUED = "table2.normative_documents.issued"
IN_FORCE = "table2.normative_documents.in_force"


def a_year_before(in_force: int = 10, natural: int = 2) -> str:
    """The report of 2022, so that 2023 follows from it: what it carries out, 2023 carries in."""
    out, received = natural, 31 + natural
    text = NOW.replace("2023", "2022").replace(DOCUMENTS, f"行政规范性文件\t4\t0\t{in_force}")
    text = text.replace("34\t5\t0\t1\t2\t0\t42", f"{received}\t5\t0\t1\t2\t0\t{received + 8}")
    return text.replace("3\t0\t0\t0\t1\t0\t4\n", f"{out}\t0\t0\t0\t1\t0\t{out + 1}\n")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "gouji.db") as opened:
        yield opened


def accept(store: Store, *texts: str) -> None:
    for text in texts:
        assert isinstance(pipeline.extract(text, name="a.txt", store=store), Accepted)


def hold(store: Store, text: str) -> Desk:
    """A desk before which that report waits, last of all."""
    outcome = pipeline.extract(text, name="b.txt", store=store)
    assert outcome.status == "review"
    return Desk(store, reviewer("Lin"))


def shown(desk: Desk) -> dict[str, object]:
    """What the desk's page says beside the report that waits."""
    (run,) = desk_runs(desk)
    return views.report(desk, run, Chosen(), "zh")


def desk_runs(desk: Desk) -> list[int]:
    from agent.stored import waiting

    return [report.id for report in waiting(desk.path)]


def offered(desk: Desk) -> dict[str, object]:
    found = shown(desk)["offers"]
    assert isinstance(found, list)
    return {offer.path: offer.value for offer, *_ in found}


def test_years_that_fit_have_no_breaks(store: Store) -> None:
    accept(store, a_year_before(), NOW)

    found = audit(store.path, FORM)

    assert (found.checked, found.breaks, found.doubles) == (9, (), ())


def test_what_is_carried_over_must_arrive(store: Store) -> None:
    accept(store, a_year_before(natural=1), NOW)

    breaks = audit(store.path, FORM).breaks

    names = figure_names(FORM, printed=True)
    assert [told(found, names) for found in breaks] == [
        "2022 四、结转下年度继续办理 · 自然人 1 ≠ 2023 二、上年结转政府信息公开申请数量 · 自然人 2",
        "2022 四、结转下年度继续办理 · 总计 2 ≠ 2023 二、上年结转政府信息公开申请数量 · 总计 3",
    ]
    assert [found.difference for found in breaks] == [-1, -1]


def test_what_is_in_force_follows_from_the_year_before(store: Store) -> None:
    accept(store, a_year_before(in_force=11), NOW)

    (found,) = audit(store.path, FORM).breaks

    assert told(found, {}) == f"2022 {IN_FORCE} 11 + 2023 {ISSUED} 3 ≠ " + (
        f"2023 table2.normative_documents.repealed 1 + 2023 {IN_FORCE} 12"
    )
    assert rule(found.link, chinese=True) == "上年现行有效＋本年制发＝本年废止＋本年现行有效"
    assert rule(found.link, chinese=False) == "in force last year + issued = repealed + in force"


def a_pair_of_years(chance: Random) -> tuple[dict[str, int], dict[str, int]]:
    """The linked figures of two successive years, such that every link holds."""
    before, after = ({path: chance.randrange(50) for path in linked(FORM)} for _ in range(2))
    for link in links(FORM):
        for path in link.after:
            after[path] = 0
        have = sum(before[p] for p in link.before) + sum(after[p] for p in link.plus)
        for path in link.after[:-1]:
            after[path] = chance.randrange(have + 1)
        after[link.after[-1]] = have - sum(after[path] for path in link.after)
    return before, after


def put(store: Store, sample: Accepted, figures: dict[str, int], subject: str, period: int) -> None:
    """Store a record with those figures as it is."""
    source = load_text(f"{subject} {period}")
    reading = Reading({p: Figure(v, str(v), 1, "offline") for p, v in figures.items()}, {}, sample.reading.variants)
    grades = dict.fromkeys(figures, Grade.READ)
    outcome = replace(sample, document=source.source, reading=reading, grades=grades, subject=subject, period=period)
    with store.transaction() as db:
        put_accepted(db, store.begin(f"{subject} {period}", source, "offline", None), outcome, store.now())


def test_of_generated_pairs_of_years_only_what_was_changed_breaks(store: Store) -> None:
    sample = pipeline.extract(NOW)
    assert isinstance(sample, Accepted)
    chance = Random(8)
    changed: dict[str, str] = {}
    for number in range(60):
        before, after = a_pair_of_years(chance)
        if number % 2:
            path = chance.choice([p for link in links(FORM) for p in (*link.plus, *link.after)])
            after[path] += chance.choice((1, 7, 10))
            changed[f"第{number}（丙）局"] = path
        put(store, sample, before, f"第{number} (丙)局", 2022)  # the name is written otherwise a year later
        put(store, sample, after, f"第{number}（丙）局", 2023)

    found = audit(store.path, FORM)

    assert found.checked == 60 * len(links(FORM))
    assert {(b.after.subject, b.link.name) for b in found.breaks} == {
        (subject, link.name)
        for subject, path in changed.items()
        for link in links(FORM)
        if path in link.plus + link.after
    }


def test_one_organ_is_known_by_its_name_however_it_is_spaced() -> None:
    assert same_name("青岚县 水务局") == same_name("青岚县水务局　") == same_name("青岚县水务局")
    assert same_name("青岚县（水务）局") == same_name("青岚县(水务)局")
    assert same_name("青岚县水务局") != same_name("青岚县林业局")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (a_year_before(11).replace("2022", "2021"), NOW),
        (a_year_before(11).replace("青岚县", "霜林县"), NOW),
        (a_year_before(11), NOW.replace(DOCUMENTS, "行政规范性文件\t3\t-\t12")),
    ],
    ids=["a year lies between", "another organ", "a blank says nothing"],
)
def test_what_cannot_be_compared_does_not_break(store: Store, before: str, now: str) -> None:
    accept(store, before, now)

    assert audit(store.path, FORM).breaks == ()


def test_several_reports_of_one_year_are_told_and_compared_where_they_agree(store: Store) -> None:
    accept(store, a_year_before(in_force=11), a_year_before(in_force=10), NOW)

    found = audit(store.path, FORM)

    assert found.doubles == (("青岚县水务局", 2022),)
    assert found.breaks == ()
    assert found.checked == 8


def test_a_figure_that_only_a_neighbour_decides_is_offered_with_its_reason(store: Store) -> None:
    accept(store, a_year_before())
    desk = hold(store, NOW.replace(DOCUMENTS, "行政规范性文件\t?\t1\t12"))

    ((offer, name, years),) = shown(desk)["offers"]  # type: ignore[misc]

    assert (offer.path, offer.value, years) == (ISSUED, 3, "2022")  # type: ignore[has-type]
    assert name == "行政规范性文件 · 本年制发件数"  # type: ignore[has-type]


def test_an_offer_is_not_taken_by_itself_and_taken_it_is_a_persons_word(store: Store) -> None:
    accept(store, a_year_before())
    desk = hold(store, NOW.replace(DOCUMENTS, "行政规范性文件\t?\t1\t12"))
    (run,) = desk_runs(desk)
    offered(desk)
    assert desk.review(run).current.reading.value(ISSUED) is None
    assert desk.review(run).history == ()

    desk.correct(desk.review(run), {ISSUED: "3"}, "按 2022 年报告推算")

    assert desk.review(run).current.grades[ISSUED] == Grade.ATTESTED
    assert offered(desk) == {}
    assert shown(desk)["breaks"] == []


GLUED = "规章\t0\t0\t0\n" + DOCUMENTS


def test_digits_that_could_be_cut_in_several_ways_are_decided_by_the_year_before(store: Store) -> None:
    accept(store, a_year_before(in_force=11))
    desk = hold(store, NOW.replace(GLUED, "规章000\n行政规范性文件3212"))

    assert offered(desk) == {ISSUED: 3, "table2.normative_documents.repealed": 2, IN_FORCE: 12}


def test_of_two_cuts_that_both_fit_only_what_they_share_is_offered(store: Store) -> None:
    accept(store, a_year_before(in_force=10))
    desk = hold(store, NOW.replace(GLUED, "规章000\n行政规范性文件3112"))  # 10 + 3 = 1 + 12, and 10 + 3 = 11 + 2

    assert offered(desk) == {ISSUED: 3}


@pytest.mark.parametrize(
    "before",
    [a_year_before(natural=4), a_year_before().replace("青岚县", "霜林县")],
    ids=["own sums forbid it", "nobody's"],
)
def test_nothing_is_offered_that_does_not_fit(store: Store, before: str) -> None:
    accept(store, before)
    desk = hold(store, NOW.replace("申请数量\t\t\t2\t0", "申请数量\t\t\t?\t0"))

    assert offered(desk) == {}


def test_nothing_is_offered_where_neighbours_disagree(store: Store) -> None:
    after = NOW.replace("2023", "2024").replace(DOCUMENTS, "行政规范性文件\t3\t1\t16")
    accept(store, a_year_before(), after)
    desk = hold(store, NOW.replace(DOCUMENTS, "行政规范性文件\t3\t1\t?"))
    assert offered(desk) == {}

    with store.transaction() as db:
        db.execute("delete from records where period = 2024")
    assert offered(desk) == {IN_FORCE: 12}


def test_a_break_is_shown_beside_the_report_that_waits(store: Store) -> None:
    accept(store, a_year_before(in_force=11))
    desk = hold(store, NOW.replace("2\t1\t0\t1\t4\t", "2\t1\t0\t1\t5\t"))

    ((words, difference, _, own),) = shown(desk)["breaks"]  # type: ignore[misc]

    assert words.startswith("2022 行政规范性文件 · 现行有效件数 11")  # type: ignore[has-type]
    assert difference == "差 1"  # type: ignore[has-type]
    assert own[0] == ISSUED  # type: ignore[has-type]
    assert shown(desk)["holding"] == 8


def test_who_has_no_name_or_year_has_no_neighbours(store: Store) -> None:
    accept(store, a_year_before(), NOW)

    assert neighbours(store.path, FORM, None, 2023) == []
    assert neighbours(store.path, FORM, "青岚县水务局", None) == []
    assert [report.period for report in neighbours(store.path, FORM, "青岚县 水务局", 2023)] == [2022]
    assert links(load("statement")) == []


def test_the_command_tells_breaks_and_leaves_with_their_code(store: Store) -> None:
    accept(store, a_year_before(in_force=11), NOW)
    run = CliRunner()

    answer = run.invoke(command, ["--db", str(store.path), "--lang", "zh"], standalone_mode=False)
    found = json.loads(run.invoke(command, ["--db", str(store.path), "--json"], standalone_mode=False).output)

    assert answer.return_value == 3
    assert "跨年不符：1 处" in answer.output
    assert "现行有效件数" in answer.output
    assert found["breaks"][0]["left"] == [[2022, IN_FORCE, 11], [2023, ISSUED, 3]]
    assert found["breaks"][0]["difference"] == 1


def test_the_command_leaves_with_zero_where_all_fits(store: Store) -> None:
    accept(store, a_year_before(), NOW)

    answer = CliRunner().invoke(command, ["--db", str(store.path), "--lang", "en"], standalone_mode=False)

    assert answer.return_value == 0
    assert "No break" in answer.output
