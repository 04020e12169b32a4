"""Processes that read: what one document breaks is that document alone."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.batch_readers import FaultError, Processes, ReaderLostError
from agent.batch_step import Setup, Stepped, step
from agent.document import load
from agent.errors import UsageError
from agent.outcome import Accepted
from agent.pipeline import make_plan
from eval import tallies

_POISONOUS = """
from dataclasses import replace
import os
from eval.tallies import FORM as plain

def read(text):
    if "deadly" in text:
        os._exit(7)
    if "faulty" in text:
        raise KeyError("a fault")
    while "endless" in text:
        pass
    return {}

FORM = replace(plain, read_prose=read)
"""


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    (tmp_path / "poisonous.py").write_text(_POISONOUS)
    return Setup(f"{tmp_path / 'poisonous.py'}:FORM", "offline")


async def steps(setup: Setup, paths: Sequence[Path], count: int = 2) -> list[Stepped]:
    readers = Processes(setup, count)
    try:
        return await asyncio.gather(*(readers.step(str(path), load(path).sha256, {}) for path in paths))
    finally:
        await readers.stop()


@pytest.mark.fault("malicious-pdf")
def test_a_text_that_kills_its_process_costs_itself_alone(setup: Setup, tmp_path: Path) -> None:
    paths = tallies.write(tmp_path, 12)
    for at, word in ((3, "deadly"), (4, "deadly"), (8, "faulty")):
        paths[at].write_text(tallies.tally(at) + word, encoding="utf-8")

    found = asyncio.run(steps(setup, paths))

    assert [stepped.outcome is not None for stepped in found] == [at not in (3, 4, 8) for at in range(12)]
    assert isinstance(found[3].error, ReaderLostError)
    assert isinstance(found[4].error, ReaderLostError)
    assert isinstance(found[8].error, FaultError)
    assert "KeyError" in str(found[8].error)


@pytest.mark.fault("hang")
@pytest.mark.parametrize("endless", ["while True: pass", "__import__('re').match('(a+)+b', 'a' * 60)"])
@pytest.mark.parametrize("how", ["UNBLOCK", "BLOCK"], ids=["as usual", "with its alarm blocked by who started it"])
def test_a_process_that_reads_without_end_ends_itself(endless: str, how: str) -> None:
    code = (
        "import signal\n"
        f"signal.pthread_sigmask(signal.SIG_{how}, {{signal.SIGALRM}})\n"
        "from agent import batch_step\n"
        "batch_step.LONGEST = 1\n"
        "batch_step.guard()\n"
        "with batch_step._bounded():\n"
        f"    {endless}\n"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], timeout=30)

    assert done.returncode == -signal.SIGALRM
    assert time.monotonic() - start < 20


def _alone(*lines: str) -> int:
    """How a process ends that may read for a second and runs those lines."""
    code = ("import signal, time", "from agent import batch_step", "batch_step.LONGEST = 1", *lines)
    return subprocess.run([sys.executable, "-c", "\n".join(code)], timeout=20).returncode


@pytest.mark.fault(
    "hang", behaviour="Whatever of a text takes for ever, its evidence or its reading: the process ends."
)
@pytest.mark.parametrize("part", ["gather", "run"])
def test_every_part_of_a_step_has_its_time(tmp_path: Path, part: str) -> None:
    (report,) = tallies.write(tmp_path, 1)
    endless = f"def endless(*_, **__):\n    while True: pass\nbatch_step.{part} = endless"
    step = f"batch_step.step(batch_step.Setup({tallies.FORM_NAME!r}, 'offline'), {str(report)!r}, sha256, {{}})"
    sha256 = f"sha256 = {load(report).sha256!r}"

    assert _alone("batch_step.guard()", endless, sha256, step) == -signal.SIGALRM


def test_a_process_that_is_through_with_a_text_goes_on() -> None:
    assert _alone("batch_step.guard()", "with batch_step._bounded(): pass", "time.sleep(1.5)") == 0


def test_a_process_that_was_started_with_its_alarm_ignored_has_its_time_too() -> None:
    ignored = "signal.signal(signal.SIGALRM, signal.SIG_IGN)"

    assert _alone(ignored, "batch_step.guard()", "with batch_step._bounded(): time.sleep(5)") == -signal.SIGALRM


def test_a_process_that_does_more_than_read_is_not_ended() -> None:
    assert _alone("with batch_step._bounded(): time.sleep(1.5)") == 0


@pytest.mark.fault("hang", behaviour="A text that is read without end costs itself alone; all others are read.")
@pytest.mark.timeout(60)
def test_a_text_without_end_costs_itself_alone(setup: Setup, tmp_path: Path) -> None:
    with (tmp_path / "poisonous.py").open("a") as form:
        form.write("from agent import batch_step\nbatch_step.LONGEST = 3\n")
    paths = tallies.write(tmp_path, 4)
    paths[1].write_text(tallies.tally(1) + "endless", encoding="utf-8")

    found = asyncio.run(steps(setup, paths))

    assert [stepped.outcome is not None for stepped in found] == [True, False, True, True]
    assert "took longer" in str(found[1].error)


@pytest.mark.fault("kill")
def test_reading_processes_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    path = tallies.write(tmp_path, 1)[0]
    code = (
        "import asyncio, os, signal\n"
        "from agent.batch_readers import Processes\n"
        "from agent.batch_step import Setup\n"
        "async def main():\n"
        f"    readers = Processes(Setup({tallies.FORM_NAME!r}, 'offline'), 1)\n"
        f"    await readers.step({str(path)!r}, '', {{}})\n"
        "    print(readers._lanes[0]._process.result(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    (tmp_path / "parent.py").write_text(code)
    done = subprocess.run([sys.executable, str(tmp_path / "parent.py")], capture_output=True, text=True, timeout=60)
    child = Path(f"/proc/{int(done.stdout)}/stat")
    for _ in range(100):
        if not child.exists() or child.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)

    pytest.fail("the reading process lives on")


def test_a_form_that_changed_is_not_read_by_as_it_was(tmp_path: Path) -> None:
    form, (report,) = tmp_path / "stall.py", tallies.write(tmp_path / "stalls", 1)
    name, sha256 = f"{form}:FORM", load(report).sha256
    text = Path(tallies.__file__).read_text(encoding="utf-8")
    form.write_text(text, encoding="utf-8")
    first = Setup.of(make_plan(name, reader="offline"), name)
    assert isinstance(step(first, str(report), sha256, {}).outcome, Accepted)
    form.write_text(text.replace('"Apples sold"', '"Plums of Kent"'), encoding="utf-8")
    second = Setup.of(make_plan(name, reader="offline"), name)

    assert not isinstance(step(second, str(report), sha256, {}).outcome, Accepted)


def test_who_reads_by_another_form_or_none_ends_the_run(tmp_path: Path) -> None:
    (report,) = tallies.write(tmp_path / "stalls", 1)
    sha256 = load(report).sha256
    setup = Setup.of(make_plan(tallies.FORM_NAME, reader="offline"), tallies.FORM_NAME)

    for other in (replace(setup, version="of yesterday"), replace(setup, form=str(tmp_path / "gone.py:FORM"))):
        assert isinstance(step(other, str(report), sha256, {}).error, UsageError)
