"""The page "your own form in half an hour": its files and commands, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import stored
from agent.desk.desk import Desk
from agent.desk.sheet import sheet
from agent.document import load as load_document
from agent.pipeline import extract
from agent.store import Store
from eval.free_oracle import answer
from eval.server import Body, Server
from schemas import load
from tests.scripted_server import serving, settings_for

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "your-own-form.md").read_text(encoding="utf-8")
_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)

TRUTH = {
    "R-2043": {
        "day": "2024-05-17",
        "work": [
            {"description": "Brake pads front", "quantity": 2, "unit_price": 41.50, "amount": 83.00},
            {"description": "Brake fluid", "quantity": 1, "unit_price": 12.90, "amount": 12.90},
            {"description": "Labour", "amount": 96.00},
        ],
        "first": 5, "net": 191.90, "vat": 38.38, "total": 230.28,
    },
    "R-2051": {
        "day": "2024-05-29",
        "work": [
            {"description": "Wiper blades", "quantity": 2, "unit_price": 9.75, "amount": 19.50},
            {"description": "Labour", "amount": 15.00},
        ],
        "first": 5, "net": 34.50, "vat": 6.90, "total": 41.40,
    },
    "R-2066": {
        "day": "2024-05-31",
        "work": [
            {"description": "Oil change", "quantity": 1, "unit_price": 35.00, "amount": 35.00},
            {"description": "Oil filter", "quantity": 1, "unit_price": 8.20, "amount": 8.20},
        ],
        "first": 5, "net": 43.20, "vat": 8.64, "total": 52.84,
    },
}  # fmt: skip


def bills(folder: Path) -> Server:
    """A model that knows the bills of the page."""
    form = load(f"{folder / 'repair_bill.py'}:FORM")
    texts = {
        number: load_document(path)
        for path in folder.glob("bill_*.txt")
        for number in TRUTH
        if number in path.read_text()
    }

    def known(body: Body) -> str:
        prompt = str(body["messages"][1]["content"])
        number = next(number for number in TRUTH if number in prompt)
        truth = dict(TRUTH[number]) | {"number": number}
        first = int(str(truth.pop("first")))
        work = truth["work"]
        assert isinstance(work, list)
        at = {
            f"work.{index}.{column}": first + index
            for index in range(len(work))
            for column in ("description", "quantity", "unit_price", "amount")
        }
        return json.dumps(answer(prompt, truth, at, form, texts[number]))

    return serving("ok", known)  # type: ignore[return-value]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's files, in a folder of their own."""
    for name, text in _FILE.findall(PAGE):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of the page with the lines that stand under it."""
    for block in _CONSOLE.findall(PAGE):
        found: list[tuple[str, list[str]]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
        yield from found


def run(command: str, folder: Path, base_url: str) -> str:
    """What a command prints, its errors too."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("GOUJI_", "OPENAI_"))}
    environ |= {
        "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}", "COLUMNS": "160", "PYTHONPATH": str(folder),
        "GOUJI_MODEL": "scripted", "OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "none", "GOUJI_LANG": "en",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout + done.stderr


def test_every_command_of_the_page_prints_what_stands_under_it(folder: Path) -> None:
    with bills(folder) as server:
        for command, lines in commands():
            if command.startswith("gouji forms check"):
                printed = run(f"env -u GOUJI_MODEL {command}", folder, server.base_url)
            else:
                printed = run(command, folder, server.base_url)
            for line in lines:
                assert line.strip() in printed, (command, printed)


def test_the_form_that_new_writes_loads_as_it_is(tmp_path: Path) -> None:
    assert "Next: gouji forms check" in run("gouji forms new delivery_note", tmp_path, "")

    printed = run("env -u GOUJI_MODEL gouji forms check delivery_note.py", tmp_path, "")

    assert "sum(lines.amount) = net" in printed


def test_a_chinese_reader_is_told_in_chinese_what_a_form_makes_of_samples(folder: Path) -> None:
    (folder / "letter.txt").write_text("Nothing of the kind.\n", encoding="utf-8")
    (folder / "bill_1.txt").write_text((folder / "bill_1.txt").read_text().replace("230.28", "230.29"))

    with bills(folder) as server:
        written = run("gouji forms new delivery_note --lang zh", folder, server.base_url)
        printed = run("gouji forms check repair_bill.py bill_1.txt letter.txt --lang zh", folder, server.base_url)

    assert "下一步：gouji forms check delivery_note.py" in written
    shown = printed.partition("bill_1.txt")[2].splitlines()
    assert "属于这种报告" in printed
    assert "  没有标签的金额：第 5、6、7、11 行" in shown
    assert "  待复核" in shown
    assert [line for line in shown if line and not re.search("[一-鿿]", line)] == []


def test_a_form_is_not_written_over(tmp_path: Path) -> None:
    run("gouji forms new delivery_note", tmp_path, "")

    assert "is there already" in run("gouji forms new delivery_note", tmp_path, "")


def test_a_misread_bill_is_asked_again_with_the_failed_sum_and_stored(folder: Path) -> None:
    with bills(folder) as knows:
        right = knows.answer
        asked: list[str] = []

        def once_wrong(body: Body) -> str:
            asked.append(str(body["messages"][1]["content"]))
            text = right(body)
            return text.replace("total@10 230.28", "total@9 38.38") if len(asked) == 1 else text

        knows.answer = once_wrong
        printed = run(
            "gouji extract bill_1.txt --form repair_bill.py:FORM; gouji show bill_1.txt --json", folder, knows.base_url
        )

    assert len(asked) == 2
    assert "total" in asked[1].partition("Wrong: ")[2]
    assert "230.28" not in asked[1].partition("Wrong: ")[2].partition("<report>")[0]
    assert "accepted" in printed
    assert '"total": 230.28' in printed


def test_a_bill_in_review_is_shown_at_the_desk_corrected_and_accepted(folder: Path) -> None:
    form = load(f"{folder / 'repair_bill.py'}:FORM")
    with bills(folder) as server, Store(folder / "gouji.db") as store:
        extract(folder / "bill_3.txt", form=form, model=settings_for(server), reader="model", store=store)
        (waiting,) = stored.waiting(store.path)
        desk = Desk(store, "Ann", "en", form)
        shown = sheet(desk.review(waiting.id), desk.document(desk.review(waiting.id)), form, "en")

        desk.correct(desk.review(waiting.id), {"total": "51.84"}, "the sum of both, as paid")
        desk.accept(desk.review(waiting.id), as_published=False, note="seen on the transfer")
        found = stored.by_id(store.path, waiting.id)

    assert [table.title for table in shown.tables] == ["repair-bill", "work"]
    assert [row.label for block in shown.tables[1].blocks for row in block.rows] == ["Oil change", "Oil filter"]
    assert shown.problems[0].difference.endswith("1.00")
    assert found.outcome.status == "review"


@pytest.mark.parametrize("number", TRUTH)
def test_the_truth_of_the_page_is_what_its_samples_print(number: str, folder: Path) -> None:
    text = next(path.read_text() for path in folder.glob("bill_*.txt") if number in path.read_text())

    assert f"{TRUTH[number]['total']:.2f}" in text
