"""The gate: it holds on the gold fixtures, and a checker that does not check does not pass it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import checks, repair
from agent.checks import Verdict
from agent.cli import run as gouji
from agent.outcome import Grade
from eval.arms import Setup
from eval.cases import load_folder
from eval.evaluation import GOLD, REFUSED, Options, failures
from eval.results import Result, Run
from eval.runner import Job, read
from eval.simulation import Faults, simulated
from eval.tally import tally

ROOT = Path(__file__).parent.parent
SOUND = [case for case in load_folder(GOLD) if case.expect == "accepted"]
RUN = Run(1, "gouji", "simulated", "30% faulty, seed 0", "gold", len(SOUND), "", None)
GATE = Options(Path("e.db"), fail_on="accepted-wrong")


def simulate() -> list[Result]:
    return [read(Job(case, 0, Setup("gouji", simulated()), Faults(0.3))) for case in SOUND]


def trust_everything(*arguments: Any) -> Verdict:
    """A checker with source match and sums off: what is read is believed."""
    verdict = check(*arguments)
    grades = dict.fromkeys(verdict.grades, Grade.READ)
    return replace(verdict, findings=(), grades=grades, untrusted=frozenset())


check = checks.check


def test_nothing_in_the_gold_fixtures_is_accepted_wrong_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = gouji(["eval", "--fail-on", "accepted-wrong", "--json", "--db", str(tmp_path / "e.db")])
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert (told["accepted_wrong"], told["crashed"]) == (0, 0)


def test_a_checker_that_does_not_check_fails_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = failures(GATE, [RUN], [tally(simulate())], None)
    monkeypatch.setattr(checks, "check", trust_everything)
    monkeypatch.setattr(repair, "rows_to_ask", lambda *_: {})
    blind = failures(GATE, [RUN], [tally(simulate())], None)

    assert honest == []
    assert len(blind) == 1
    assert "accepted but wrong" in blind[0]


def test_a_crash_does_not_pass_the_gate() -> None:
    crashed = Result("a", 0, "tab", "2021", "accepted", "crashed", None)

    assert failures(GATE, [RUN], [tally([crashed])], None) == [f"{RUN.title}: 1 crashed, so nothing is known of them"]


@pytest.mark.parametrize(
    ("baseline", "refused"),
    [
        ({"accepted_wrong": 0, "straight_through": 0, "right_end": 0}, None),
        ({"accepted_wrong": 0, "straight_through": 9, "right_end": 0}, "straight_through 0, before 9"),
        ({"accepted_wrong": 0, "straight_through": 0, "right_end": 4}, "right_end 2, before 4"),
        ({"accepted_wrong": 0, "straight_through": 0, "right_end": 0, "cases": 5}, "make a new one"),
    ],
    ids=["as before", "fewer straight through", "fewer right ends", "other cases"],
)
def test_what_is_worse_than_the_baseline_fails(
    baseline: dict[str, int], refused: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = tmp_path / "cases", tmp_path / "baseline.json"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text("关于召开会议的通知\n\n请于周五参加。\n", encoding="utf-8")
        (folder / f"{name}.json").write_text('{"expect": "not_this_form", "violations": []}', encoding="utf-8")
    file.write_text(json.dumps({"cases": 2} | baseline))

    code = gouji(["eval", str(folder), "--baseline", str(file), "--db", str(tmp_path / "e.db")])

    assert code == (REFUSED if refused else 0)
    assert (refused or "") in capsys.readouterr().err


def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "baseline.json"
    file.write_text("[]")

    code = gouji(["eval", "--baseline", str(file), "--db", str(tmp_path / "e.db")])

    assert code == 5
    assert "gouji eval --json >" in capsys.readouterr().err


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_table_in_the_readme_is_what_the_command_prints(
    readme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8") if (ROOT / readme).is_file() else ""
    _, begins, rest = text.partition("<!-- gouji eval --markdown -->\n")
    if not begins:
        pytest.skip(f"{readme} has no table marked <!-- gouji eval --markdown -->")

    gouji(["eval", "--markdown", "--db", str(tmp_path / "e.db")])

    assert rest.partition("<!-- end -->")[0].strip() == capsys.readouterr().out.strip()
