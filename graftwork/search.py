"""The search loop, the same for every strategy and every space."""

import abc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graftwork.cluster import workers
from graftwork.space import Architecture
from graftwork.strategies import Strategy


class Evaluator(abc.ABC):
    """Says what architectures are worth."""

    @abc.abstractmethod
    def train(self, sample: Callable[[np.random.Generator], Architecture]) -> dict[str, Any]:
        """Trains the shared weights for one round.

        Args:
            sample: Draws the architecture that a step learns from.

        Returns:
            What the journal should say of it. An evaluator without shared weights has
            nothing to do and returns nothing.
        """

    @abc.abstractmethod
    def evaluate(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the scores of architectures, a float array `(architectures, A)`."""


def search(
    strategy: Strategy,
    evaluator: Evaluator,
    time_left: Callable[[], bool],
    record: Callable[[dict[str, Any]], None],
) -> Architecture:
    """Searches until the strategy is done or the time is up.

    Args:
        strategy: Decides what to train on, to evaluate and to prefer.
        evaluator: Says what architectures are worth.
        time_left: Whether another round may begin.
        record: Called after every round with what happened in it; writes the journal and
            the checkpoint.

    Returns:
        The best architecture.
    """
    while not strategy.done and time_left():
        trained = evaluator.train(strategy.training_sample) if strategy.trains else {}
        asked = strategy.ask()
        candidates = agreed(asked)
        if candidates != asked:
            strategy.take_back(asked)
        scores = evaluator.evaluate(candidates)
        strategy.tell(candidates, scores)
        record({**trained, **strategy.report()})
    return agreed([strategy.best])[0]


def agreed(architectures: Sequence[Architecture]) -> list[Architecture]:
    """Returns the architectures of the chief, where several workers search together.

    Controllers and surrogates learn on each of them, and rounding may differ.
    """
    if workers() == 1:
        return [tuple(architecture) for architecture in architectures]
    from graftwork.collective import agree

    return [tuple(row) for row in agree(np.asarray(architectures, np.int64)).tolist()]
