"""Adversarial training that goes back to its last good state where numbers are not finite."""

from collections.abc import Callable, Sequence

import numpy as np

from graftwork.adversarial_training import AdversarialTrainer, NonFinite
from graftwork.failures import TrainingError
from graftwork.space import Architecture
from graftwork.stopping import StopRequested


class GuardedTraining:
    """Keeps the last good state of a trainer in memory, and returns to it after `NonFinite`.

    The same random numbers would lead to the same end, so that the steps are taken again with
    those of another attempt: other latents, architectures and augmentation. The order of the
    images and the settings stay.

    Args:
        trainer: The trainer; its state is kept after every call of `train`.
        report: Told one line about each return.
        attempts: Returns in a row, without any good call between, after which it gives up.
    """

    def __init__(
        self,
        trainer: AdversarialTrainer,
        report: Callable[[str], None] = lambda text: None,
        attempts: int = 3,
    ) -> None:
        self.trainer, self.report, self.attempts = trainer, report, attempts
        self._keep()

    def start_over(
        self,
        seed: int,
        generator_weights: Sequence[np.ndarray] | None = None,
        discriminator_weights: Sequence[np.ndarray] | None = None,
    ) -> None:
        """Begins a new training, as the trainer's own, and keeps its first state."""
        self.trainer.start_over(seed, generator_weights, discriminator_weights)
        self._keep()

    def train(
        self,
        steps: int,
        sample: Callable[[np.random.Generator], Architecture],
        on_step: Callable[[], None] = lambda: None,
    ) -> dict[str, float]:
        """Trains as the trainer does; steps that fail are taken again.

        Args:
            steps: The number of generator steps.
            sample: Draws the architecture of a step.
            on_step: Called after every step, those that are taken again too.

        Returns:
            What the trainer returns.

        Raises:
            TrainingError: If it fails time after time.
        """
        for failures in range(1, self.attempts + 1):
            try:
                result = self.trainer.train(steps, sample, on_step)
            except StopRequested:
                self.trainer.restore(self._good)
                raise
            except NonFinite as error:
                attempt = self.trainer.attempt
                self.trainer.restore(self._good)
                self.trainer.attempt = attempt + 1
                message = str(error)
            else:
                self._keep()
                return result
            if failures < self.attempts:
                self.report(
                    f"{message}; going on from step {self.trainer.step} with other random numbers "
                    f"(attempt {failures + 1} of {self.attempts})"
                )
        raise TrainingError(
            f"{message}, {self.attempts} times in a row, each from step {self.trainer.step}",
            "Begin a new run with lower learning rates, or another loss.",
        )

    def _keep(self) -> None:
        # Copies: on a CPU the trainer's arrays are the memory of its variables.
        self._good = {name: np.array(value) for name, value in self.trainer.state().items()}

    def state(self) -> dict[str, np.ndarray]:
        """Returns the trainer's state, which is good after every call."""
        return self.trainer.state()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned.

        Raises:
            InputError: If it is the state of other networks.
        """
        self.trainer.restore(state)
        self._keep()
