"""Resource-constrained search: a penalty on the reward, and a hard limit on what is found."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graftwork.constraints import Constraints, penalised
from graftwork.space import Architecture, Space
from graftwork.strategies.base import Strategy
from graftwork.strategies.sequential import SequentialStrategy


class FeasibleSpace(Space):
    """A space whose random architectures keep the limits; all others stay architectures of it.

    Args:
        space: The whole space.
        draw: Draws one within the limits.
    """

    def __init__(self, space: Space, draw: Callable[[np.random.Generator], Architecture]) -> None:
        super().__init__(space.decisions)
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "draw", draw)

    space: Space
    draw: Callable[[np.random.Generator], Architecture]

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Returns a random architecture within the limits."""
        return self.draw(rng)

    def adjacency(self) -> np.ndarray:
        """Returns that of the whole space."""
        return self.space.adjacency()


class Constrained(Strategy):
    """A strategy that learns from scores, kept to what a network may cost.

    As in MnasNet (Tan et al., CVPR 2019, section 3) the cost is part of the reward, so that a
    strategy learns where the limits are: it is told `penalised` scores. What is over a limit is
    evaluated all the same, which under shared weights costs next to nothing and tells about its
    neighbours; but only what keeps all limits is ever returned. What the strategy draws at
    random keeps them from the beginning.

    Args:
        strategy: The strategy, made for a `FeasibleSpace`.
        constraints: The limits.
        seed: Seed of what is returned while nothing within the limits has a score.
        weight: Of the penalty, above 0.
    """

    def __init__(
        self,
        strategy: SequentialStrategy,
        constraints: Constraints,
        seed: int,
        weight: float = 1.0,
    ) -> None:
        self.strategy, self.constraints, self.weight = strategy, constraints, weight
        inner = strategy.space
        self.space = inner.space if isinstance(inner, FeasibleSpace) else inner
        self.scores: dict[Architecture, float] = {}
        """The scores, without penalty, of what is within the limits that can be counted."""
        self._first = constraints.draw_fitting(np.random.default_rng([seed, 19]))
        self._report: dict[str, Any] = {}

    @property
    def trains(self) -> bool:
        return self.strategy.trains

    @property
    def done(self) -> bool:
        return self.strategy.done

    @property
    def best(self) -> Architecture:
        return self.constraints.first_that_fits([a for a, _ in self.ranked()]) or self._first

    def ranked(self) -> list[tuple[Architecture, float]]:
        """Returns what has a score and is within the limits that are counted, the best first."""
        scored = [(a, score) for a, score in self.scores.items() if np.isfinite(score)]
        return sorted(scored, key=lambda pair: -pair[1])

    def ask(self) -> list[Architecture]:
        return self.strategy.ask()

    def take_back(self, architectures: Sequence[Architecture]) -> None:
        self.strategy.take_back(architectures)

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        before = self.best
        told = []
        for architecture, row in zip(architectures, np.asarray(scores, float), strict=True):
            score = float(row.mean())
            if self.constraints.keeps(architecture):
                self.scores[architecture] = score
            elif np.isfinite(score):
                score = penalised(score, self.constraints.excess(architecture), self.weight)
            told.append([score])
        self.strategy.tell(architectures, np.array(told))
        best = self.best
        score = self.scores.get(best, -np.inf)
        self._report = {
            **self.strategy.report(),
            "score": score if np.isfinite(score) else None,
            "changed": int(best != before),
        }

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        return self.space.sample(rng)

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy.state(),
            "scores": [
                [list(a), score if np.isfinite(score) else None] for a, score in self.scores.items()
            ],
            "first": list(self._first),
            "report": dict(self._report),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.strategy.restore(state["strategy"])
        self.scores = {
            tuple(a): -np.inf if score is None else score for a, score in state["scores"]
        }
        self._first, self._report = tuple(state["first"]), dict(state["report"])
