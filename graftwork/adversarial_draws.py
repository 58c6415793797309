"""What is random in a step of adversarial training, and the settings that say how much of it."""

import dataclasses
from typing import Any, Protocol

import numpy as np

from graftwork.augmentation import Augmentation
from graftwork.errors import InputError

LATENTS, CLASSES, MOVES, DIFF_AUGMENT, MIXING, ARCHITECTURE = range(21, 27)
"""The streams of random numbers, each with a generator of its own a step."""


class AdversarialLoss(Protocol):
    """What an adversarial loss does: functions of logits `(n,)` that return scalars.

    `penalty_weight` above 0 asks for the gradients of the discriminator between real and fake
    images, `(n, height, width, channels)`, of which `penalty` is a scalar, already weighted.
    """

    @property
    def penalty_weight(self) -> float: ...

    def discriminator(self, real: Any, fake: Any) -> Any: ...

    def generator(self, fake: Any) -> Any: ...

    def penalty(self, gradients: Any) -> Any: ...


class DifferentiableAugmentation(Protocol):
    """What is done to real and fake images alike, by parameters that NumPy draws."""

    def draw(self, rng: np.random.Generator, images: int) -> np.ndarray: ...

    def __call__(self, images: Any, parameters: Any) -> Any: ...


@dataclasses.dataclass(frozen=True)
class AdversarialSettings:
    """How a generator and a discriminator are trained against each other.

    Args:
        batch_size: Real images, and generated ones, a discriminator step; generated ones a
            generator step.
        latent: Length of a latent vector, drawn from N(0, 1).
        discriminator_steps: Discriminator steps a generator step.
        generator_learning_rate: Adam's.
        discriminator_learning_rate: Adam's. A higher one than the generator's makes up for
            several discriminator steps (two time scales, Heusel et al. 2017, eq. 1).
        beta_1: Adam's, of both; 0 as Gulrajani et al. 2017 and Miyato et al. 2018 have it.
        beta_2: Adam's, of both.
        ema: Decay of the moving average of the generator's weights, or None for none.
        diff_augment: Differentiable augmentation, or None for none.

    Raises:
        InputError: If a setting is out of its range.
    """

    batch_size: int = 64
    latent: int = 128
    discriminator_steps: int = 1
    generator_learning_rate: float = 1e-4
    discriminator_learning_rate: float = 4e-4
    beta_1: float = 0.0
    beta_2: float = 0.9
    ema: float | None = 0.999
    diff_augment: DifferentiableAugmentation | None = None

    def __post_init__(self) -> None:
        for name in ("batch_size", "latent", "discriminator_steps"):
            if getattr(self, name) < 1:
                raise _out_of_range(name, "at least 1", getattr(self, name))
        for name in ("generator_learning_rate", "discriminator_learning_rate"):
            if not getattr(self, name) > 0:
                raise _out_of_range(name, "above 0", getattr(self, name))
        for name in ("beta_1", "beta_2", "ema"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise _out_of_range(name, "at least 0 and below 1", value)


def _out_of_range(name: str, expected: str, received: float) -> InputError:
    return InputError(f"{name.replace('_', '-')} must be {expected}. Received: {received}.")


@dataclasses.dataclass(frozen=True, eq=False)
class AdversarialDraws:
    """Draws what is random in a step: a function of the seed, the step and the attempt alone.

    Every kind of number has a generator of its own, seeded with the seed, its stream, the step
    and the attempt, so that leaving out one kind changes no other.

    Args:
        settings: How many of them.
        classes: int32 array `(k,)`, the class of every training image, or None. The classes of
            generated images are those of training images drawn at random, so that they are as
            frequent as in the data.
        augmentation: Real images are mirrored where it says so. They are not shifted: the
            generator would learn to make the borders that a shift repeats.
        penalty: Whether the loss needs images between real and fake ones.
    """

    settings: AdversarialSettings
    classes: np.ndarray | None
    augmentation: Augmentation
    penalty: bool

    def draw(self, seed: int, step: int, attempt: int = 0) -> dict[str, np.ndarray]:
        """Returns the random numbers of one step.

        Args:
            seed: The seed of the training.
            step: The step, counted from 1.
            attempt: How often the training was set back to a good state.

        Returns:
            With d discriminator steps and n images a batch: `latents` `(d + 1, n, latent)` and
            `fake_classes` `(d + 1, n)`, the generator step's last; `moves` `(d, n, 3)`;
            `diff_augment` `(2d + 1, n, parameters)`: real images, fake ones, then those of the
            generator step; `mixing` `(d, n)`. Only what is asked for.
        """
        s, n, d = self.settings, self.settings.batch_size, self.settings.discriminator_steps

        def rng(stream: int) -> np.random.Generator:
            return np.random.default_rng([seed, stream, step, attempt])

        drawn = {"latents": rng(LATENTS).standard_normal((d + 1, n, s.latent), np.float32)}
        if self.classes is not None:
            chosen = rng(CLASSES).integers(0, len(self.classes), (d + 1, n))
            drawn["fake_classes"] = self.classes[chosen].astype(np.int32)
        if self.augmentation.flip:
            moves = Augmentation(flip=True).draw(rng(MOVES), d * n)
            drawn["moves"] = moves.reshape(d, n, 3)
        if s.diff_augment is not None:
            parameters = s.diff_augment.draw(rng(DIFF_AUGMENT), (2 * d + 1) * n)
            drawn["diff_augment"] = parameters.reshape(2 * d + 1, n, -1)
        if self.penalty:
            drawn["mixing"] = rng(MIXING).random((d, n), np.float32)
        return drawn
