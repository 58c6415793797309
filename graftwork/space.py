"""Search spaces: an architecture is a tuple of choices, one a decision."""

import dataclasses
import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from graftwork.errors import InputError

Architecture = tuple[int, ...]
"""The index of the choice made at every decision of a `Space`, in order."""


@dataclasses.dataclass(frozen=True)
class Decision:
    """One choice that an architecture makes.

    Args:
        name: What is decided, unique in its space, such as `"layer 2, block 3"`.
        choices: What can be chosen, at least one.
    """

    name: str
    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.choices:
            raise ValueError(
                f"Decision {self.name!r} needs at least one choice. Received: choices=()."
            )


@dataclasses.dataclass(frozen=True)
class Space:
    """An ordered tuple of independent decisions.

    Args:
        decisions: The `Decision`s, with different names.
    """

    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        names = [decision.name for decision in self.decisions]
        if len(set(names)) < len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"Decisions need different names. Repeated: {repeated}.")

    def __len__(self) -> int:
        return len(self.decisions)

    @cached_property
    def choice_counts(self) -> tuple[int, ...]:
        """The number of choices of every decision."""
        return tuple(len(decision.choices) for decision in self.decisions)

    @property
    def size(self) -> int:
        """The exact number of architectures, a Python int of any length."""
        return math.prod(self.choice_counts)

    def check(self, architecture: Sequence[int]) -> Architecture:
        """Returns `architecture` as a tuple of ints.

        Raises:
            InputError: If it has another length or a choice that does not exist.
        """
        result = tuple(int(choice) for choice in architecture)
        if len(result) != len(self):
            raise InputError(
                f"an architecture of this space makes {len(self)} choices. "
                f"Received {len(result)}: {result}."
            )
        for decision, choice in zip(self.decisions, result, strict=True):
            if not 0 <= choice < len(decision.choices):
                raise InputError(
                    f"decision {decision.name!r} has choices 0 to {len(decision.choices) - 1}. "
                    f"Received: {choice}."
                )
        return result

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Returns an architecture drawn uniformly."""
        return tuple(int(choice) for choice in rng.integers(0, self.choice_counts))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns `architecture` with one decision, drawn uniformly, changed.

        Only decisions with at least two choices are drawn; in a space without any,
        the architecture is returned as it is.
        """
        open_decisions = [i for i, count in enumerate(self.choice_counts) if count > 1]
        if not open_decisions:
            return architecture
        position = open_decisions[int(rng.integers(len(open_decisions)))]
        step = int(rng.integers(1, self.choice_counts[position]))
        changed = (architecture[position] + step) % self.choice_counts[position]
        return (*architecture[:position], changed, *architecture[position + 1 :])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Returns an architecture that takes every choice from one of two (uniform)."""
        from_first = rng.random(len(self)) < 0.5
        return tuple(a if take else b for a, b, take in zip(first, second, from_first, strict=True))

    def one_hot(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Encodes architectures for a surrogate model.

        Args:
            architectures: n architectures of this space.

        Returns:
            A float32 array of shape `(n, sum of choice counts)`.
        """
        offsets = np.concatenate([[0], np.cumsum(self.choice_counts)[:-1]]).astype(int)
        encoded = np.zeros((len(architectures), sum(self.choice_counts)), "float32")
        for row, architecture in enumerate(architectures):
            encoded[row, offsets + np.asarray(architecture, int)] = 1.0
        return encoded

    def adjacency(self) -> np.ndarray:
        """Returns which decisions feed which others, bool `(decisions, decisions)`.

        Networks over the graph of an architecture need it. Nothing is known of it here:
        every decision is next to every other.
        """
        return ~np.eye(len(self), dtype=bool)

    def index(self, architecture: Architecture) -> int:
        """Returns the number of an architecture, from 0 to `size` − 1."""
        number = 0
        for choice, count in zip(architecture, self.choice_counts, strict=True):
            number = number * count + choice
        return number

    def at(self, index: int) -> Architecture:
        """Returns the architecture whose number is `index`."""
        choices = []
        for count in reversed(self.choice_counts):
            index, choice = divmod(index, count)
            choices.append(choice)
        return tuple(reversed(choices))

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """Returns all architectures that differ in one decision."""
        return [
            (*architecture[:position], choice, *architecture[position + 1 :])
            for position, count in enumerate(self.choice_counts)
            for choice in range(count)
            if choice != architecture[position]
        ]
