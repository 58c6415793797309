"""What all strategies of pairs share: the replay order of the tasks, and what they report."""

import abc
from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.constraints import Constraints
from graftwork.space import Architecture, Space
from graftwork.strategies import Strategy

STREAM = 61
"""Tells the random numbers of a strategy from others that have the same seed."""


class PairStrategy(Strategy):
    """A strategy of pairs, with the tasks in replay order.

    Tasks come in one random permutation after the other, so that each has had the same number
    of pairs after every T of them (replay over attributes: no task is forgotten while others are
    learned).

    Args:
        space: The space of the architectures.
        tasks: The number of tasks T.
        rounds: Calls of `tell` before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Pairs to ask for at once.
    """

    def __init__(self, space: Space, tasks: int, rounds: int, seed: int, batch: int) -> None:
        self.space, self.tasks, self.rounds = space, tasks, rounds
        self.seed, self.batch = seed, batch
        self.rng = np.random.default_rng([seed, STREAM])
        self.tells = 0
        self.entropy: float | None = None
        """Estimate of the policy's entropy, in nats a decision."""
        self._waiting: list[int] = []
        self._best: Architecture = (*space.sample(self.rng), 0)
        self._report: dict[str, Any] = {}

    @property
    def done(self) -> bool:
        return self.tells >= self.rounds

    @property
    def best(self) -> Architecture:
        """The pair with the highest score of the last round in which anything had one."""
        return self._best

    def next_tasks(self, count: int) -> list[int]:
        """Returns the next tasks in replay order."""
        while len(self._waiting) < count:
            self._waiting += self.rng.permutation(self.tasks).tolist()
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    constraints: Constraints | None = None
    """What the networks that are asked for may cost; those of shared training may be any."""

    def draw(self, rng: np.random.Generator) -> Architecture:
        """Returns a random architecture within the limits."""
        return self.constraints.draw(rng) if self.constraints else self.space.sample(rng)

    def keeps(self, architecture: Sequence[int]) -> bool:
        """Whether an architecture is within the limits that can be counted."""
        return self.constraints is None or self.constraints.keeps(tuple(architecture))

    def uniform_pair(self, rng: np.random.Generator) -> Architecture:
        """Returns an architecture and a task, both drawn uniformly."""
        return (*self.space.sample(rng), int(rng.integers(self.tasks)))

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        values = np.asarray(scores, float).mean(axis=1)
        finite = np.isfinite(values)
        if finite.any():
            self._best = architectures[int(np.argmax(np.where(finite, values, -np.inf)))]
        self.learn(architectures, values)
        self.tells += 1
        tasks = np.array([pair[-1] for pair in architectures])
        reward = float(values[finite].mean()) if finite.any() else None
        self._report = {
            "score": reward,
            "reward": reward,
            "entropy": self.entropy,
            "attribute_rewards": {
                int(task): float(values[finite & (tasks == task)].mean())
                for task in np.unique(tasks[finite])
            },
        }

    @abc.abstractmethod
    def learn(self, pairs: Sequence[Architecture], scores: np.ndarray) -> None:
        """Learns from pairs and their scores, a float array `(pairs,)`."""

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "tells": self.tells,
            "waiting": list(self._waiting),
            "entropy": self.entropy,
            "best": list(self._best),
            "report": {
                **self._report,
                "attribute_rewards": list(self._report.get("attribute_rewards", {}).items()),
            },
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.tells, self._waiting = state["tells"], list(state["waiting"])
        self.entropy, self._best = state["entropy"], tuple(state["best"])
        # JSON would turn the tasks that are keys into text.
        pairs = dict(state["report"]["attribute_rewards"])
        self._report = {**state["report"], "attribute_rewards": pairs} if self.tells else {}
        self.rng.bit_generator.state = state["rng"]
