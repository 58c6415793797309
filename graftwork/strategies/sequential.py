"""Strategies that learn from a history of evaluated architectures."""

import abc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graftwork.space import Architecture, Space
from graftwork.strategies.base import Strategy


class SequentialStrategy(Strategy):
    """Evaluates one batch of architectures after the other, none of them twice.

    For evaluators that give an architecture the same score each time: a table, training
    from scratch, shared weights that are trained no more. A subclass says what to evaluate
    next (`propose`); this class keeps the history, sees to it that nothing is asked for
    twice, and knows when the space is exhausted.

    Several batches may be asked for before the scores of the first are told, as by several
    workers.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once, at least 1.
    """

    def __init__(self, space: Space, evaluations: int, seed: int, batch: int = 1) -> None:
        self.space = space
        self.evaluations = evaluations
        self.batch = batch
        self.rng = np.random.default_rng([seed, 17])
        self.history: dict[Architecture, float] = {}
        """The score of every evaluated architecture, in order; −inf where it has none."""
        self.pending: list[Architecture] = []
        """What was asked for and is not told yet."""
        self._first = space.sample(self.rng)
        self._report: dict[str, Any] = {}

    @abc.abstractmethod
    def propose(self, count: int) -> list[Architecture]:
        """Returns what to evaluate next, the most wanted first.

        Args:
            count: How many will be asked for. Proposals beyond them, and those that were
                asked for before, are passed over; what lacks is drawn at random.
        """

    def learn(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        """Takes what `tell` was told, after it went into the history.

        Args:
            architectures: What was asked for.
            scores: Float array `(architectures,)`; −inf where there is none.
        """

    def own_state(self) -> dict[str, Any]:
        """Returns the state of the subclass as JSON values."""
        return {}

    def own_restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `own_state()` returned; the history is restored before."""

    @property
    def trains(self) -> bool:
        return False

    @property
    def done(self) -> bool:
        asked = len(self.history) + len(self.pending)
        return asked >= min(self.evaluations, self.space.size)

    @property
    def best(self) -> Architecture:
        scored = [(score, a) for a, score in self.history.items() if score > -np.inf]
        return max(scored, key=lambda pair: pair[0])[1] if scored else self._first

    def ask(self) -> list[Architecture]:
        left = min(self.evaluations, self.space.size) - len(self.history) - len(self.pending)
        count = min(self.batch, left)
        asked: list[Architecture] = []
        for architecture in self.propose(count):
            if len(asked) < count and self.is_new(architecture) and architecture not in asked:
                asked.append(architecture)
        while len(asked) < count:
            asked.append(self.unseen(asked))
        self.pending += asked
        return asked

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        before = self.best
        values = np.asarray(scores, float).mean(axis=1)
        values = np.where(np.isfinite(values), values, -np.inf)
        for architecture, value in zip(architectures, values, strict=True):
            self.history[architecture] = float(value)
            if architecture in self.pending:
                self.pending.remove(architecture)
        self.learn(architectures, values)
        score = self.history.get(self.best, -np.inf)
        self._report = {
            "score": score if np.isfinite(score) else None,
            "changed": int(self.best != before),
            "evaluated": len(self.history),
        }

    def take_back(self, architectures: Sequence[Architecture]) -> None:
        for architecture in architectures:
            self.pending.remove(architecture)

    def is_new(self, architecture: Architecture) -> bool:
        """Whether an architecture was never asked for."""
        return architecture not in self.history and architecture not in self.pending

    def unseen(self, besides: Sequence[Architecture] = ()) -> Architecture:
        """Returns a random architecture that was never asked for.

        Args:
            besides: Architectures that count as asked for.
        """
        for _ in range(20):
            drawn = self.space.sample(self.rng)
            if self.is_new(drawn) and drawn not in besides:
                return drawn
        # Most of a small space is used up: the next one after the drawn that is not.
        index = self.space.index(drawn)
        while True:
            index = (index + 1) % self.space.size
            drawn = self.space.at(index)
            if self.is_new(drawn) and drawn not in besides:
                return drawn

    def take(
        self, queue: list[Architecture], count: int, refill: Callable[[], list[Architecture]]
    ) -> list[Architecture]:
        """Takes new architectures out of a queue, for a `propose` that plans ahead.

        Args:
            queue: What is planned, the next first; what is taken is removed from it.
            count: How many to take; fewer are returned if `refill` has nothing more.
            refill: Plans on when the queue is empty.
        """
        taken: list[Architecture] = []
        while len(taken) < count:
            if not queue:
                queue += [a for a in refill() if self.is_new(a) and a not in taken]
                if not queue:
                    break
            architecture = queue.pop(0)
            if self.is_new(architecture) and architecture not in taken:
                taken.append(architecture)
        return taken

    def ranked(self) -> list[tuple[Architecture, float]]:
        """Returns the evaluated architectures that have a score, the best first."""
        scored = [(a, score) for a, score in self.history.items() if np.isfinite(score)]
        return sorted(scored, key=lambda pair: -pair[1])

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        return self.space.sample(rng)

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "history": [
                [list(a), score if np.isfinite(score) else None]
                for a, score in self.history.items()
            ],
            "pending": [list(a) for a in self.pending],
            "first": list(self._first),
            "report": dict(self._report),
            "rng": self.rng.bit_generator.state,
            **self.own_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.history = {
            tuple(a): -np.inf if score is None else score for a, score in state["history"]
        }
        self.pending = [tuple(a) for a in state["pending"]]
        self._first = tuple(state["first"])
        self._report = dict(state["report"])
        self.rng.bit_generator.state = state["rng"]
        self.own_restore(state)
