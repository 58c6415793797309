"""Strategies on one footing: the same space, evaluator and budget, and many seeds.

Every strategy sees the scores that a `Problem` looks up, and is judged by the quality of the
architecture with the best score so far (Dong & Yang, "NAS-Bench-201", ICLR 2020: search by
validation accuracy after few epochs, judge by test accuracy after many).
"""

import abc
import dataclasses
import math
import time
from typing import Any

import numpy as np

from graftwork.space import Architecture, Space
from graftwork.strategies import Strategy
from graftwork.strategies.registry import make_strategy

CHECKPOINTS = (10, 20, 50, 100, 150, 300)
"""After how many evaluations the architecture chosen so far is judged."""


def checkpoints(budget: int) -> tuple[int, ...]:
    """Returns the `CHECKPOINTS` within a budget, and the budget itself."""
    return (*(count for count in CHECKPOINTS if count < budget), budget)


@dataclasses.dataclass(frozen=True)
class Improvement:
    """The architecture that a trial preferred from one evaluation on.

    Args:
        evaluations: How many architectures were evaluated, this one counted in.
        score: What the search saw.
        quality: What the report gives.
    """

    evaluations: int
    score: float
    quality: float


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of one strategy with one seed.

    Args:
        improvements: The `Improvement`s, in order; none where every evaluation failed.
        architecture: The architecture chosen in the end, as JSON; None where all failed.
        evaluations: How many architectures were evaluated.
        own_seconds: Time that the strategy itself took, from its making on.
    """

    improvements: tuple[Improvement, ...]
    architecture: Any
    evaluations: int
    own_seconds: float

    def at(self, evaluations: int) -> Improvement | None:
        """Returns what was preferred after so many evaluations."""
        before = [found for found in self.improvements if found.evaluations <= evaluations]
        return before[-1] if before else None


class Problem(abc.ABC):
    """A space whose architectures all have a known score and quality, higher is better.

    It travels to worker processes and must therefore be picklable.
    """

    space: Space

    own_strategies: tuple[str, ...] = ()
    """Names of strategies that this problem has beside those for any space."""

    @abc.abstractmethod
    def score(self, architecture: Architecture) -> float:
        """Returns what the search sees; −inf for an architecture that failed."""

    @abc.abstractmethod
    def quality(self, architecture: Architecture) -> float:
        """Returns what the report gives for an architecture that did not fail, in percent."""

    @abc.abstractmethod
    def to_json(self, architecture: Architecture) -> Any:
        """Writes an architecture as this space does, as JSON."""

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """Returns what `config.json` and `result.json` say of the problem.

        At least `name`, `fingerprint`, `score` and `quality` (what they are), `best_quality`.
        """

    def trial(self, strategy: str, seed: int, budget: int) -> Trial:
        """Runs a strategy once.

        Args:
            strategy: A name of the registry, or of `own_strategies`.
            seed: The seed of the strategy.
            budget: Architectures to evaluate.
        """
        begin = time.perf_counter()
        made = make_strategy(strategy, self.space, budget, seed)
        return play(made, self, budget, time.perf_counter() - begin)


def play(strategy: Strategy, problem: Problem, budget: int, own_seconds: float = 0.0) -> Trial:
    """Lets a strategy search a problem.

    Inside a batch, architectures count as evaluated in the order in which they were asked for.

    Args:
        strategy: The strategy at its beginning.
        problem: Says what architectures are worth.
        budget: The most evaluations.
        own_seconds: What the strategy's making took.
    """
    improvements: list[Improvement] = []
    best, evaluated = -math.inf, 0
    chosen: Architecture | None = None
    while not strategy.done and evaluated < budget:
        begin = time.perf_counter()
        asked = strategy.ask()
        own_seconds += time.perf_counter() - begin
        if not asked:
            raise RuntimeError("the strategy is not done and asks for nothing")
        scores = [problem.score(architecture) for architecture in asked]
        begin = time.perf_counter()
        strategy.tell(asked, np.array(scores)[:, None])
        own_seconds += time.perf_counter() - begin
        for architecture, score in list(zip(asked, scores, strict=True))[: budget - evaluated]:
            evaluated += 1
            if score > best:
                best, chosen = score, architecture
                improvements.append(Improvement(evaluated, score, problem.quality(architecture)))
    found = None if chosen is None else problem.to_json(chosen)
    return Trial(tuple(improvements), found, evaluated, own_seconds)
