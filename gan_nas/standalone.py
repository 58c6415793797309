"""Trains one generator by itself, the same way for every method of a comparison."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gan_nas.pair import Pair
from graftwork.space import Architecture

CHUNK = 50
"""Steps between two looks at the numbers, and between two possible checkpoints."""


class StandaloneTraining:
    """Trains generators of one kind, one after the other, from first weights.

    Args:
        pair: The networks of that kind, with their trainer.
        steps: Generator steps of a training.
        report: Told one line when a training goes back to a good state.
    """

    def __init__(self, pair: Pair, steps: int, report: Callable[[str], None]) -> None:
        self.pair, self.steps, self.report = pair, steps, report
        self.training, self.maker = pair.training, pair.maker
        self.generator = pair.maker.network

    def begin(self, architecture: Architecture, seed: int) -> None:
        """Begins a training.

        Args:
            architecture: What to train, of a supernet.
            seed: Seed of the first weights and of everything random.
        """
        self.architecture, self.seconds = tuple(architecture), 0.0
        self.training.report = self.report
        self.training.start_over(seed, *self.pair.first_weights(seed))

    @property
    def step(self) -> int:
        """The generator steps that were taken."""
        return self.training.trainer.step

    @property
    def done(self) -> bool:
        """Whether the training came to its end."""
        return self.step >= self.steps

    def advance(self, on_step: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Trains some steps. Returns the losses."""
        begin = time.perf_counter()
        steps = min(CHUNK, self.steps - self.step)
        result = self.training.train(steps, lambda rng: self.architecture, on_step)
        self.seconds += time.perf_counter() - begin
        return result

    def samples(self, latents: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
        """Returns images of the averaged weights so far; the training goes on undisturbed."""
        weights = [np.array(weight) for weight in self.generator.get_weights()]
        self.finish()
        images = self.maker.images(latents, classes, self.architecture)
        self.generator.set_weights(weights)
        return images

    def finish(self) -> None:
        """Takes the averaged weights, which make the images of the trained generator."""
        self.generator.set_weights(self.training.trainer.ema_weights())

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Returns what the training goes on from: JSON values and arrays."""
        values = {"architecture": list(self.architecture), "seconds": self.seconds}
        return values, self.training.state()

    def restore(self, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned."""
        self.architecture = tuple(values["architecture"])
        self.training.report = self.report
        self.seconds = values["seconds"]
        self.training.restore(arrays)
