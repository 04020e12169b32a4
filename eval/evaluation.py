"""One evaluation from its options to its exit code: cases, arms, runs, what is told, the gate."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import InputError, UsageError
from agent.language import choose
from eval import kept, tell
from eval.arms import ARMS, FIVE, READERS, ArmName, Setup
from eval.cases import Case, dumps, halves, load_folder
from eval.results import Result, Results, Run
from eval.runner import Job, run as run_jobs
from eval.simulation import SIMULATED, Faults, simulated
from eval.tally import Tally, compare as compared, tally
from schemas import load as load_form

GOLD = Path(__file__).parent / "gold"
REFUSED = 3
"""The exit code where the gate refuses what came out."""
CRASHED = 1
"""The exit code where a case crashed."""
INTERRUPTED = 130


@dataclass(frozen=True)
class Options:
    """What was asked on the command line."""

    db: Path
    folder: Path | None = None
    form: str | None = None
    reader: str | None = None
    arms: tuple[str, ...] = ()
    model: str | None = None
    base_url: str | None = None
    fault_rate: float = 0.0
    seed: int = 0
    repeat: int = 1
    max_attempts: int = 3
    concurrency: int = 2
    answers: Path | None = None
    fail_on: str | None = None
    baseline: Path | None = None
    as_json: bool = False
    markdown: bool = False
    lang: str | None = None


def run(options: Options) -> int:
    """Read the cases with every arm asked for, tell what came out, ``REFUSED`` where the gate does."""
    folder = options.folder or GOLD
    load_form(options.form)
    cases = load_folder(folder, options.form)
    for name in halves(folder):
        print(f"{folder / name}: has no other half and is no case · 缺少对应文件", file=sys.stderr)
    setups = [_setup(options, arm) for arm in _arms(options)]
    baseline = _baseline(options.baseline) if options.baseline else None
    results = Results(options.db)
    try:
        keys = [_key(cases, setup, faults.label if faults else "", options.repeat) for setup, faults in setups]
        series = results.series(keys)
        runs = [
            _one(options, folder, cases, setup, faults, results, (key, series))
            for (setup, faults), key in zip(setups, keys, strict=True)
        ]
        tallies = [tally(results.of(run)) for run in runs]
        _tell(options, runs, tallies, results)
    except KeyboardInterrupt:
        print("stopped; the same command again goes on · 已中断，再运行同一命令即可继续", file=sys.stderr)
        return INTERRUPTED
    finally:
        results.close()
    refused = failures(options, runs, tallies, baseline)
    for failure in refused:
        print(f"gate: {failure}", file=sys.stderr)
    crashed = sum(one.crashed for one in tallies)
    if crashed:
        print(f"{crashed} crashed: nothing is known of them · 崩溃 {crashed} 例", file=sys.stderr)
    return REFUSED if refused else CRASHED if crashed else 0


def _arms(options: Options) -> list[ArmName]:
    if options.arms and options.reader:
        raise UsageError("--reader and --arm name the same thing; give one of them")
    if options.fault_rate and options.model != SIMULATED:
        raise UsageError("--fault-rate is for --model simulated")
    if "all" in options.arms:
        return list(FIVE)
    unknown = [name for name in options.arms if name not in ARMS]
    if unknown:
        raise UsageError(f"no arm {unknown[0]!r}; there are {', '.join(ARMS)}, and all")
    if options.arms:
        return [name for name in ARMS if name in options.arms]
    return [READERS[options.reader or ("model" if options.model else "offline")]]


def _setup(options: Options, arm: ArmName) -> tuple[Setup, Faults | None]:
    if arm == "offline":
        return Setup(arm), None
    if options.model == SIMULATED:
        return Setup(arm, simulated(), options.max_attempts), Faults(options.fault_rate, options.seed)
    from agent.settings import settings

    model = settings(options.model, options.base_url)
    if model is None:
        raise UsageError(f"arm {arm} needs a model: give --model or set GOUJI_MODEL")
    if options.answers:
        kept.prepare(options.answers)
    return Setup(arm, model, options.max_attempts, options.answers), None


def _one(
    options: Options,
    folder: Path,
    cases: Sequence[Case],
    setup: Setup,
    faults: Faults | None,
    results: Results,
    place: tuple[str, str],
) -> Run:
    model = setup.model.name if setup.model else ""
    label = faults.label if faults else ""
    run = results.begin(*place, setup.arm, model, label, str(folder), len(cases) * options.repeat)
    done = {(result.name, result.repeat) for result in results.of(run)}
    jobs = [
        Job(case, repeat, setup, faults)
        for repeat in range(options.repeat)
        for case in cases
        if (case.name, repeat) not in done
    ]
    with tell.progress(run, len(done)) as step:

        def keep(result: Result) -> None:
            results.add(run, result)
            step(result)

        run_jobs(jobs, concurrency=options.concurrency, on_result=keep)
    results.finish(run)
    return results.run(run.id)


def _key(cases: Sequence[Case], setup: Setup, label: str, repeat: int) -> str:
    """What makes two runs the same run: the code, the cases' bytes, the arm, the model, the faults."""
    model = setup.model.identity if setup.model else ""
    parts = [_code(), setup.arm, model, label, str(setup.max_attempts), str(repeat)]
    whole = hashlib.sha256("\0".join(parts).encode())
    for case in cases:
        whole.update(case.name.encode() + case.data + dumps(case).encode())
    return whole.hexdigest()


def _code() -> str:
    """A digest of all that reads and counts: a run that was interrupted never goes on with other code."""
    whole = hashlib.sha256()
    for package in ("agent", "schemas", "prompts", "eval"):
        folder = GOLD.parent.parent / package
        for file in sorted(file for ending in ("py", "md", "txt") for file in folder.rglob(f"*.{ending}")):
            if GOLD not in file.parents:
                whole.update(file.read_bytes())
    return whole.hexdigest()


def _tell(options: Options, runs: Sequence[Run], tallies: Sequence[Tally], results: Results) -> None:
    if options.as_json:
        print(json.dumps(_json(runs, tallies, results), ensure_ascii=False))
    elif options.markdown:
        print(tell.markdown(list(zip(runs, tallies, strict=True))))
    else:
        language = choose(options.lang)
        for run in runs:
            tell.run(run, results.of(run), language)
        if len(runs) > 1:
            tell.arms(list(zip(runs, tallies, strict=True)), language)


def _json(runs: Sequence[Run], tallies: Sequence[Tally], results: Results) -> dict[str, object]:
    """The last arm's figures (gouji before thrifty only where it was asked alone), and every arm's by name."""
    whole = {run.arm: _run_json(run, found, results) for run, found in zip(runs, tallies, strict=True)}
    chosen = "gouji" if "gouji" in whole else runs[-1].arm
    return whole[chosen] | ({"arms": whole} if len(runs) > 1 else {})


def _run_json(run: Run, found: Tally, results: Results) -> dict[str, object]:
    from eval.tally import by

    kept = results.of(run)
    return {
        "run": run.id,
        "arm": run.arm,
        "model": run.model or None,
        "simulated": run.simulated or None,
        **found.as_json(),
        "layouts": {name: one.as_json() for name, one in by(kept, lambda result: result.layout or "?").items()},
        "editions": {name: one.as_json() for name, one in by(kept, lambda result: result.edition or "?").items()},
    }


_COMPARED = ("cases", "accepted_wrong", "straight_through", "right_end")
Baseline = dict[str, dict[str, int]]
"""The figures before, by arm."""


def _baseline(path: Path) -> Baseline:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        arms = found.get("arms") or {found.get("arm") or "": found}
        return {arm: {name: int(of[name]) for name in _COMPARED} for arm, of in arms.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: no baseline; make one with `gouji eval --json > {path}` ({error!r})") from error


def failures(options: Options, runs: Sequence[Run], tallies: Sequence[Tally], baseline: Baseline | None) -> list[str]:
    """What the gate refuses, arm by arm."""
    found = []
    for run, counted in zip(runs, tallies, strict=True):
        if options.fail_on == "accepted-wrong" and counted.accepted_wrong:
            found.append(f"{run.title}: {counted.accepted_wrong} of {counted.cases} accepted but wrong")
        if options.fail_on and counted.crashed:
            found.append(f"{run.title}: {counted.crashed} crashed, so nothing is known of them")
        before = (baseline or {}).get(run.arm) or (baseline or {}).get("")
        if before:
            found += [f"{run.title}: {worse}" for worse in _worse(counted, before)]
        elif baseline:
            found.append(f"{run.title}: the baseline has no arm {run.arm}: make a new one")
    return found


def _worse(counted: Tally, baseline: dict[str, int]) -> list[str]:
    if counted.cases != baseline["cases"]:
        return [f"{counted.cases} cases, the baseline has {baseline['cases']}: make a new one"]
    found = []
    if counted.accepted_wrong > baseline["accepted_wrong"]:
        found.append(f"accepted wrong {counted.accepted_wrong}, before {baseline['accepted_wrong']}")
    for name in ("straight_through", "right_end"):
        if getattr(counted, name) < baseline[name]:
            found.append(f"{name} {getattr(counted, name)}, before {baseline[name]}")
    return found


def compare(db: Path, before: str, after: str, lang: str | None) -> int:
    """Tell which cases changed sides between two runs."""
    results = Results(_existing(db))
    try:
        first, second = results.run(before), results.run(after)
        one, two = results.of(first), results.of(second)
        tell.comparison((first, tally(one)), (second, tally(two)), compared(one, two), choose(lang))
    finally:
        results.close()
    return 0


def page(db: Path, numbers: Sequence[str], out: Path, lang: str | None) -> int:
    """Write the HTML page about some runs."""
    from eval.page import write

    results = Results(_existing(db))
    try:
        runs = [results.run(number) for number in numbers]
        written = write([(run, results.of(run)) for run in runs], _texts(runs), choose(lang))
        out.write_text(written, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}; name another file with --out") from error
    finally:
        results.close()
    print(out)
    return 0


def _existing(db: Path) -> Path:
    if not db.is_file():
        raise UsageError(f"{db}: no results yet; `gouji eval --db {db}` makes some")
    return db


def _texts(runs: Sequence[Run]) -> dict[str, Case]:
    """The cases of the runs' folders by name, as far as the folders are still there."""
    folders = dict.fromkeys(Path(run.folder) for run in runs)
    return {case.name: case for folder in folders if folder.is_dir() for case in load_folder(folder)}
