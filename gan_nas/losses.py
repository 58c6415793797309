"""Adversarial losses: what the discriminator and the generator minimise, as functions of logits."""

import dataclasses
from collections.abc import Callable
from typing import Any

from keras import ops


@dataclasses.dataclass(frozen=True)
class AdversarialLoss:
    """The two losses of a generator and a discriminator, means over a batch.

    Args:
        name: Its name.
        of_discriminator: Its loss, from logits `(n,)` of real and of fake images.
        of_generator: Its loss, from logits `(n,)` of fake images.
        penalty_weight: Weight λ of the gradient penalty; 0 for none.
    """

    name: str
    of_discriminator: Callable[[Any, Any], Any]
    of_generator: Callable[[Any], Any]
    penalty_weight: float = 0.0

    def discriminator(self, real: Any, fake: Any) -> Any:
        """Returns the discriminator's loss, a scalar, without penalty.

        Args:
            real: Logits `(n,)` of real images.
            fake: Logits `(m,)` of generated images.
        """
        return self.of_discriminator(real, fake)

    def generator(self, fake: Any) -> Any:
        """Returns the generator's loss, a scalar.

        Args:
            fake: Logits `(n,)` of generated images.
        """
        return self.of_generator(fake)

    def penalty(self, gradients: Any) -> Any:
        """Returns the gradient penalty λ · mean (‖g‖ − 1)² (Gulrajani et al. 2017, eq. 3).

        Args:
            gradients: Gradients `(n, …)` of the logit of an image between a real and a
                generated one by that image.
        """
        n = ops.shape(gradients)[0]
        squares = ops.sum(ops.square(ops.reshape(gradients, (n, -1))), axis=1)
        # The root has no derivative at 0, where ReLU networks without an active unit are.
        norms = ops.sqrt(squares + 1e-12)
        return self.penalty_weight * ops.mean(ops.square(norms - 1))


def _hinge(real: Any, fake: Any) -> Any:
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))


def _cross_entropy(real: Any, fake: Any) -> Any:
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def _difference(real: Any, fake: Any) -> Any:
    return ops.mean(fake) - ops.mean(real)


def _negative(fake: Any) -> Any:
    return -ops.mean(fake)


def _not_saturating(fake: Any) -> Any:
    return ops.mean(ops.softplus(-fake))


LOSSES = {
    loss.name: loss
    for loss in (
        AdversarialLoss("hinge", _hinge, _negative),
        AdversarialLoss("non-saturating", _cross_entropy, _not_saturating),
        AdversarialLoss("wasserstein", _difference, _negative, penalty_weight=10.0),
    )
}
"""By name, with D the logits and x̃ generated images:

- `hinge`: E max(0, 1 − D(x)) + E max(0, 1 + D(x̃)) and −E D(x̃) (Lim & Ye 2017; Miyato et al.
  2018, eqs. 16 and 17).
- `non-saturating`: −E log σ(D(x)) − E log(1 − σ(D(x̃))) and −E log σ(D(x̃)) (Goodfellow et al.
  2014, sec. 3).
- `wasserstein`: E D(x̃) − E D(x), with a gradient penalty of weight 10, and −E D(x̃) (Gulrajani
  et al. 2017, eq. 3).
"""
