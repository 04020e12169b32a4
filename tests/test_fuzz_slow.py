"""Whatever comes in, a file, a text, an answer, a table: it ends as documented, in bounded time."""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.fuzz_inputs import mutated
from tests.fuzzing import TARGETS, bounded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SHARE = float(os.environ.get("GOUJI_FUZZ_SHARE", "1"))
EXAMPLES = {
    "text": 5000,
    "kind": 8000,
    "page": 1000,
    "word": 1000,
    "picture": 2000,
    "file": 60,
    "report": 600,
    "wire": 1500,
    "free": 2000,
    "body": 8000,
    "wait": 8000,
    "answer": 500,
    "misread": 800,
    "solver": 600,
}
NEEDS = {"picture": "PIL", "file": "openpyxl", "kind": "openpyxl"}


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_in_ends_as_documented_in_bounded_time(name: str) -> None:
    pytest.importorskip(NEEDS.get(name, "json"), reason=f"fuzzing {name} needs it")
    target, ended = TARGETS[name], Counter[str]()
    seeds = target.seeds()
    for seed in seeds:
        ended[bounded(target, seed)] += 1

    @settings(
        max_examples=max(10, int(EXAMPLES[name] * SHARE)),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, len(seeds) - 1), st.integers(0, 2**64))
    def fuzz(seed: int, chance: int) -> None:
        data = mutated(seeds[seed], Random(chance), target.words, text=target.text)
        ended[bounded(target, data)] += 1

    fuzz()

    print(f"\n{name}: {ended.total()} inputs; " + ", ".join(f"{how} {count}" for how, count in ended.most_common()))
