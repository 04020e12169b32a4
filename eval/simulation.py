"""An imperfect model, simulated: an OpenAI-compatible server that answers from the truth with seeded faults."""

from __future__ import annotations

from dataclasses import dataclass

from agent.settings import ModelSettings
from eval.arms import Setup
from eval.cases import Case

SIMULATED = "simulated"


@dataclass(frozen=True)
class Faults:
    """How many answers are faulty, and the seed of which and how."""

    rate: float
    seed: int = 0

    @property
    def label(self) -> str:
        """The faults in words, for every place where figures are shown."""
        return f"{self.rate:.0%} faulty, seed {self.seed}"


def simulated() -> ModelSettings:
    """The simulated model's settings before its server runs."""
    return ModelSettings(SIMULATED)


def serving(case: Case, repeat: int, setup: Setup, faults: Faults) -> Setup:
    """The setup with a server that knows the case."""
    raise NotImplementedError
