"""Which images every training step sees."""

import dataclasses

import numpy as np

from graftwork.errors import InputError


@dataclasses.dataclass(frozen=True)
class BatchOrder:
    """Which rows every training step sees: a function of the seed and the step alone.

    Every epoch is a new permutation; the rows that do not fill its last batch are left
    out. A training that goes on after an interruption needs no more than its step.

    Args:
        rows: The number of rows, at least one batch.
        batch_size: Rows a step.
        seed: Seed of the permutations.
    """

    rows: int
    batch_size: int
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= self.rows:
            raise InputError(
                f"batch-size must be between 1 and the {self.rows} training images. "
                f"Received: {self.batch_size}."
            )

    def indices(self, start: int, steps: int) -> np.ndarray:
        """Returns the rows of steps `start`…`start + steps − 1`, `(steps, batch_size)`."""
        per_epoch = self.rows // self.batch_size
        result = np.empty((steps, self.batch_size), np.int64)
        epoch, order = -1, np.empty(0, np.int64)
        for i in range(steps):
            if (start + i) // per_epoch != epoch:
                epoch = (start + i) // per_epoch
                order = np.random.default_rng([self.seed, 11, epoch + 1]).permutation(self.rows)
            offset = (start + i) % per_epoch * self.batch_size
            result[i] = order[offset : offset + self.batch_size]
        return result
