"""What a search strategy is."""

import abc
from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.space import Architecture


class Strategy(abc.ABC):
    """Decides which architectures to train on, to evaluate and to prefer.

    The search loop (`graftwork.search.search`) calls, in every round,
    `training_sample` once a step of shared training, then `ask`, then `tell` with the
    scores of what was asked. Everything a strategy draws outside `training_sample`
    comes from a generator of its own, whose state is part of `state()`: restored, a
    strategy goes on exactly as it would have.
    """

    @property
    @abc.abstractmethod
    def done(self) -> bool:
        """Whether the strategy has nothing more to ask."""

    @property
    def trains(self) -> bool:
        """Whether the shared weights learn before the next evaluation."""
        return True

    @property
    @abc.abstractmethod
    def best(self) -> Architecture:
        """The architecture that the search would return now."""

    @abc.abstractmethod
    def ask(self) -> list[Architecture]:
        """Returns the architectures to evaluate in this round, at least one."""

    @abc.abstractmethod
    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        """Takes the scores of what was asked.

        Args:
            architectures: What `ask` returned.
            scores: Float array `(architectures, A)`: higher is better, one column an
                attribute, or one column where there is a single score.
        """

    def take_back(self, architectures: Sequence[Architecture]) -> None:  # noqa: B027
        """Forgets that it has asked for some architectures, which it will not be told of.

        Nothing to do for a strategy that keeps no account of what it has asked for.

        Args:
            architectures: What `ask` returned.
        """

    @abc.abstractmethod
    def training_sample(self, rng: np.random.Generator) -> Architecture:
        """Returns the architecture that the next step of shared training uses.

        Args:
            rng: The generator of this step. Must be the only source of randomness.
        """

    @abc.abstractmethod
    def report(self) -> dict[str, Any]:
        """Returns what the journal should say of the round that `tell` just ended."""

    @abc.abstractmethod
    def state(self) -> dict[str, Any]:
        """Returns the whole state as JSON values."""

    @abc.abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state()` returned."""
