"""A generator and its discriminator with the trainer and the traces that they share."""

import numpy as np

from gan_nas.guarded_training import GuardedTraining
from gan_nas.image_maker import ImageMaker
from gan_nas.networks import Networks
from graftwork.adversarial_draws import AdversarialLoss, AdversarialSettings
from graftwork.adversarial_training import AdversarialTrainer
from graftwork.training_data import TrainingData


class Pair:
    """One kind of networks, built and traced once for all that a run does with them.

    Tracing the supernet takes longer than many training steps. So the search and the trainings
    of single generators of its space have one trainer, and start it over.

    Args:
        kind: A kind of `gan_nas.networks`.
        networks: Builds them.
        data: The training images.
        settings: How to train.
        loss: The losses.
        classes: int32 array over the training images, or None.
    """

    def __init__(
        self,
        kind: str,
        networks: Networks,
        data: TrainingData,
        settings: AdversarialSettings,
        loss: AdversarialLoss,
        classes: np.ndarray | None,
    ) -> None:
        self.kind, self.networks = kind, networks
        generator, discriminator = networks.generator(kind, 0), networks.discriminator(kind, 0)
        self.training = GuardedTraining(
            AdversarialTrainer(generator, discriminator, data, settings, loss, classes)
        )
        self.maker = ImageMaker(generator, networks.latent, networks.decisions(kind))
        self._first: tuple[int, tuple[list[np.ndarray], list[np.ndarray]]] | None = None
        self._trace()

    def _trace(self) -> None:
        """Traces a step and a batch of images, so that no training's time counts it."""
        first = (0,) * self.networks.decisions(self.kind)
        self.training.train(1, lambda rng: first)
        self.maker.trace()

    def first_weights(self, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Returns the first weights of generator and discriminator for a seed."""
        # All trainings of a comparison have one seed, and TensorFlow keeps some memory of every
        # network that is built.
        if self._first is None or self._first[0] != seed:
            self._first = seed, self.networks.first_weights(self.kind, seed)
        return self._first[1]
