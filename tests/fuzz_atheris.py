"""Fuzzing by hand, led by coverage: ``python -m tests.fuzz_atheris TARGET SECONDS``; findings stay in build/fuzz.

TARGET is one of tests/fuzzing.py, or ``all``, which share the seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

FOUND = Path(__file__).parent.parent / "build" / "fuzz"
SLOW = ("file",)  # reads in a process of its own, where coverage leads nobody


def main(name: str, seconds: int) -> int:
    """Fuzz for so long; ends at the first finding, and leaves the input that brought it out."""
    try:
        import atheris
    except ImportError:
        print("fuzz: skipped, it needs atheris: pip install 'gouji[fuzz]'")
        return 0
    if name == "all":
        return _all(seconds)
    with atheris.instrument_imports(include=["agent", "schemas"], enable_loader_override=False):
        from tests.fuzz_inputs import mutated
        from tests.fuzzing import TARGETS, bounded

        target = TARGETS[name]
        seeds = target.seeds()
        for seed in seeds:
            bounded(target, seed)  # what is imported where it is needed is led by coverage too

    def another(data: bytes, most: int, seed: int) -> bytes:
        """Half of the inputs are changed by words and pieces, half as coverage leads."""
        if seed % 2:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        try:
            return mutated(data, Random(seed), target.words, text=target.text)[:most]
        except UnicodeDecodeError:
            return mutated(data, Random(seed), target.words, text=False)[:most]

    corpus = FOUND / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    bounds = [f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=3000", "-max_len=100000"]
    told = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={FOUND}/{name}-"]
    arguments = [sys.argv[0], *bounds, *told, os.fspath(corpus)]
    atheris.Setup(arguments, lambda data: bounded(target, data) and None, custom_mutator=another)
    atheris.Fuzz()  # ends the process
    return 0


def _all(seconds: int) -> int:
    from tests.fuzzing import TARGETS

    names = [name for name in TARGETS if name not in SLOW]
    for name in names:
        print(f"fuzz: {name}", flush=True)
        command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz_atheris", name, str(seconds // len(names))]
        if subprocess.run(command, check=False).returncode:
            print(f"fuzz: {name} found something; its input is {FOUND}/{name}-*")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
