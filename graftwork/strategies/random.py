"""Random search, the control of every other strategy."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.space import Architecture, Space
from graftwork.strategies.base import Strategy
from graftwork.strategies.sequential import SequentialStrategy


class RandomSearch(Strategy):
    """Evaluates architectures drawn uniformly and keeps the best (Li & Talwalkar 2019).

    With shared weights this is "random search with weight sharing": every training step
    uses another architecture of the whole space.

    Scores of different rounds come from different shared weights, so that only the
    last round's candidates, and the best one before it, which is asked again, are
    compared with each other.

    Args:
        space: The space to draw from.
        rounds: Rounds before the search is done.
        candidates: Architectures a round, at least 1.
        seed: Seed of the draws.
        most: Evaluations after which the search ends, whichever round it is; None for no limit.
    """

    def __init__(
        self, space: Space, rounds: int, candidates: int, seed: int, most: int | None = None
    ) -> None:
        self.space = space
        self.rounds = rounds
        self.candidates = candidates
        self.most = most
        self.evaluated = 0
        self._rng = np.random.default_rng([seed, 13])
        self._best = space.sample(self._rng)
        self._round = 0

    @property
    def done(self) -> bool:
        enough = self.most is not None and self.evaluated >= self.most
        return enough or self._round >= self.rounds

    @property
    def best(self) -> Architecture:
        return self._best

    def ask(self) -> list[Architecture]:
        drawn = [self.space.sample(self._rng) for _ in range(self.candidates)]
        asked = list(dict.fromkeys([self._best, *drawn]))
        return asked if self.most is None else asked[: self.most - self.evaluated]

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        means = scores.mean(axis=1)
        means = np.where(np.isnan(means), -np.inf, means)
        winner = int(means.argmax())
        score = float(means[winner])
        self._report = {
            "score": score if np.isfinite(score) else None,
            "changed": int(architectures[winner] != self._best),
        }
        self._best = architectures[winner]
        self.evaluated += len(architectures)
        self._round += 1

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        return self.space.sample(rng)

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "best": list(self._best),
            "round": self._round,
            "evaluated": self.evaluated,
            "rng": self._rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._best = tuple(state["best"])
        self._round, self.evaluated = state["round"], state.get("evaluated", 0)
        self._rng.bit_generator.state = state["rng"]


class RandomSampling(SequentialStrategy):
    """Evaluates architectures drawn uniformly, none twice: random search without training."""

    def propose(self, count: int) -> list[Architecture]:
        return [self.unseen() for _ in range(count)]
