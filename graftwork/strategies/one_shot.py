"""Any strategy on shared weights: train them first, then search under them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.space import Architecture
from graftwork.strategies.base import Strategy
from graftwork.strategies.constrained import Constrained
from graftwork.strategies.sequential import SequentialStrategy


class OneShot(Strategy):
    """Trains the shared weights on random architectures, and then searches under them.

    One-shot search with uniform sampling (Guo et al., "Single Path One-Shot Neural
    Architecture Search", ECCV 2020): every training step uses another architecture of the
    whole space. When the weights are trained they change no more, an architecture has one
    score, and any strategy can search.

    Args:
        strategy: Searches under the trained weights.
        rounds: Rounds of shared training, at least 1.
    """

    def __init__(self, strategy: SequentialStrategy | Constrained, rounds: int) -> None:
        self.strategy = strategy
        self.rounds = rounds
        self._round = 0
        self._report: dict[str, Any] = {}

    def stop_training(self) -> None:
        """Goes on to the search under the weights as they are now."""
        self._round = max(self._round, self.rounds)

    @property
    def done(self) -> bool:
        return self._round >= self.rounds and self.strategy.done

    @property
    def trains(self) -> bool:
        return self._round < self.rounds

    @property
    def best(self) -> Architecture:
        return self.strategy.best

    def ask(self) -> list[Architecture]:
        # While the weights change a score says how far they are, and chooses nothing.
        return [self.best] if self._round < self.rounds else self.strategy.ask()

    def take_back(self, architectures: Sequence[Architecture]) -> None:
        if self._round >= self.rounds:
            self.strategy.take_back(architectures)

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        if self._round >= self.rounds:
            self.strategy.tell(architectures, scores)
            self._report = self.strategy.report()
        else:
            score = float(np.mean(scores))
            self._report = {"score": score if np.isfinite(score) else None, "changed": 0}
        self._round += 1

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        return self.strategy.space.sample(rng)

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "round": self._round,
            "report": dict(self._report),
            "strategy": self.strategy.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._round = state["round"]
        self._report = dict(state["report"])
        self.strategy.restore(state["strategy"])
