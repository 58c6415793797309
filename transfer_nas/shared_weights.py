"""The shared weights of all domains of a run, trained and scored together."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from graftwork import files
from graftwork.errors import InputError
from graftwork.run import DAMAGE
from graftwork.stored_arrays import read_arrays
from graftwork.training import Trainer
from transfer_nas.domains import Domain
from transfer_nas.evaluator import TransferEvaluator
from transfer_nas.space import ChainSpace
from transfer_nas.standalone import training_data
from transfer_nas.supernet import ChainSupernet, build_supernet

DOMAIN_DISTANCE = 100_003
"""Between the seeds of two domains: first weights and orders of images differ."""


class SharedWeights:
    """A supernet and a trainer a domain, and the evaluator of all; one trace for all seeds.

    Args:
        space: The architectures.
        domains: The domains.
        channels: The channels of every stage.
        batch_size: Images a training step.
        learning_rate: Of the shared weights.
        augment: Whether to flip and shift training images where it is harmless.
        score: A name of `transfer_nas.scores.SCORES`.
        steps: Training steps a round, in every domain.
        reward_images: The most validation images that a score comes from.
        seed: Seed of the choice of these images.
    """

    def __init__(
        self,
        space: ChainSpace,
        domains: Sequence[Domain],
        *,
        channels: int,
        batch_size: int,
        learning_rate: float,
        augment: bool,
        score: str,
        steps: int,
        reward_images: int,
        seed: int,
    ) -> None:
        self.space, self.domains, self.channels = space, tuple(domains), channels
        self.supernets = [self._fresh(domain, seed) for domain in self.domains]
        self.trainers = [
            Trainer(net, training_data(domain.dataset, augment), batch_size, learning_rate)
            for net, domain in zip(self.supernets, self.domains, strict=True)
        ]
        self.evaluator = TransferEvaluator(
            space, domains, self.trainers, self.supernets, score, steps, reward_images, seed
        )

    def _fresh(self, domain: Domain, seed: int) -> ChainSupernet:
        shape = domain.dataset.image_shape
        return build_supernet(self.space, len(domain.attributes), self.channels, shape, seed)

    def start_over(self, seed: int) -> None:
        """Takes the first weights of a seed, and forgets what was learned."""
        for number, (trainer, domain) in enumerate(zip(self.trainers, self.domains, strict=True)):
            own = seed + DOMAIN_DISTANCE * number
            trainer.start_over(own, self._fresh(domain, own).get_weights())
        self.evaluator.training_seconds = self.evaluator.evaluation_seconds = 0.0

    def choose_images(self, seed: int) -> None:
        """Chooses the validation images of rewards by a seed."""
        for scorer in self.evaluator.scorers:
            scorer.choose(seed)

    def uniform_pair(self, rng: np.random.Generator) -> tuple[int, ...]:
        """Draws an architecture and a task, both uniformly."""
        tasks = self.domains[-1].tasks.stop
        return (*self.space.sample(rng), int(rng.integers(tasks)))

    def scores(self, pairs: Sequence[tuple[int, ...]]) -> list[float | None]:
        """Returns the rewards of pairs in a list; None where one is no finite number."""
        values = self.evaluator.evaluate(pairs)[:, 0].tolist() if pairs else []
        return [value if np.isfinite(value) else None for value in values]

    def on_step(self, called: Callable[[], None]) -> None:
        """Calls a function after every training step."""
        self.evaluator.on_step = called

    def save(self, path: Path) -> None:
        """Writes the weights of a single domain, atomically."""
        path.parent.mkdir(exist_ok=True)
        with files.atomic_file(path, "wb") as file:
            np.savez(file, *self.supernets[0].get_weights())

    def load(self, path: Path) -> None:
        """Takes the weights that `save` wrote.

        Raises:
            InputError: If the file is missing, damaged or of another network.
        """
        try:
            stored = read_arrays(path)
            arrays = [stored[f"arr_{number}"] for number in range(len(stored))]
            self.supernets[0].set_weights(arrays)
        except (*DAMAGE, AttributeError) as error:
            raise InputError(
                f"the shared weights in {path} cannot be read: {error}. Begin a new run."
            ) from None

    def state(self) -> dict[str, np.ndarray]:
        """Returns everything that training goes on from, as named arrays."""
        return {
            f"domain{number}_{name}": array
            for number, trainer in enumerate(self.trainers)
            for name, array in trainer.state().items()
        }

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what `state` returned."""
        for number, trainer in enumerate(self.trainers):
            begin = f"domain{number}_"
            own = {n.removeprefix(begin): a for n, a in arrays.items() if n.startswith(begin)}
            trainer.restore(own)
