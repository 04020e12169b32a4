"""An imperfect model, simulated: an OpenAI-compatible server that answers from the truth with seeded faults."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from agent.document import load
from eval.arms import Setup
from eval.cases import Case
from eval.server import STEPS, Body, Reply, Server, completion
from schemas import load as load_form

if TYPE_CHECKING:
    from agent.settings import ModelSettings
    from eval.oracle import Oracle

SIMULATED = "simulated"


@dataclass(frozen=True)
class Faults:
    """The share of answers that are faulty, and the seed of which and how."""

    rate: float
    seed: int = 0

    @property
    def label(self) -> str:
        """The faults in words, for every place where figures are shown."""
        return f"{self.rate * 100:g}% faulty, seed {self.seed}"


def simulated() -> ModelSettings:
    """The simulated model's settings before its server runs."""
    from agent.settings import ModelSettings

    return ModelSettings(SIMULATED)


@dataclass
class _Seat:
    """One case being asked about: the oracle that knows it, and how often each kind of question came."""

    case: Case
    repeat: int
    faults: Faults
    oracle: Oracle
    asked: Counter[str] = field(default_factory=Counter)


class Simulation(Server):
    """The server. The model's name in a request says which case is meant."""

    def __init__(self) -> None:
        super().__init__()
        self.seats: dict[str, _Seat] = {}

    def seat(self, case: Case, repeat: int, faults: Faults) -> str:
        """Make a case known; the model's name to ask it by."""
        from eval.oracle import Oracle

        name = f"{SIMULATED}:{repeat}:{case.name}"
        document = load(case.path or case.data, name=case.name)
        # One case at a time is read in a process; the seats before it are empty again.
        self.seats = {name: _Seat(case, repeat, faults, Oracle(case.record, load_form(case.form), document, case.at))}
        return name

    def take(self, body: Body, headers: dict[str, str]) -> Reply:
        """Answer a request: from the truth, or with a fault."""
        seat = self.seats[body["model"]]
        right = seat.oracle.answer(body)
        form = seat.oracle.form
        kind = "fields" if form.free else "tables" if any(name in right for name in form.tables) else "prose"
        seat.asked[kind] += 1
        rng = Random(  # noqa: S311 - faults, not secrets
            f"{seat.faults.seed}/{seat.case.name}/{seat.repeat}/{kind}/{seat.asked[kind]}"
        )
        if rng.random() >= seat.faults.rate:
            return Reply(body=completion(_text(right), body))
        return _faulty(right, kind, body, rng, seat.oracle)


def _text(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _faulty(right: dict[str, Any], kind: str, body: Body, rng: Random, oracle: Oracle) -> Reply:
    from eval import faults

    text = _text(right)
    draw = rng.random()
    if draw < 0.05:
        return STEPS["refusal"](body, lambda _: text)
    if draw < 0.15:
        cut = text[: rng.randrange(1, len(text))]
        return Reply(body=completion(cut, body, finish=rng.choice(("stop", "length"))))
    if kind == "fields":
        from eval.free_faults import in_fields

        spoilt = in_fields(right, oracle.form, oracle.document, rng)
    else:
        spoilt = faults.in_tables(right, oracle.form, rng) if kind == "tables" else faults.in_prose(right, rng)
    return Reply(body=completion(_text(spoilt), body))


@cache
def _server() -> Simulation:
    """The process's own server, started with its first case; it ends with the process."""
    return Simulation().__enter__()


def serving(case: Case, repeat: int, setup: Setup, faults: Faults) -> Setup:
    """The setup with a server that knows the case."""
    assert setup.model is not None
    server = _server()
    name = server.seat(case, repeat, faults)
    return replace(setup, model=replace(setup.model, name=name, base_url=server.base_url))
