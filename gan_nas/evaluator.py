"""What generators are worth under shared weights."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gan_nas.collapse import CollapseDetector, mean_pairwise_distance
from gan_nas.extractors import Extractor
from gan_nas.guarded_training import GuardedTraining
from gan_nas.image_maker import BATCH, ImageMaker, whole_batches
from gan_nas.inception_scores import attribute_inception_score, inception_score
from gan_nas.metrics import frechet_distance, kernel_distance_all
from gan_nas.quality import Features
from graftwork.collective import agree
from graftwork.errors import InputError
from graftwork.search import Evaluator
from graftwork.space import Architecture

REWARDS = {"kid": "−KID", "fid": "−FID", "is": "Inception Score"}
"""What a reward is called; higher is better."""
MORE_IMAGES = 4
"""Times as many images, for those that were ranked best."""
MOST_RESETS = 3
JUDGED = 5
"""Generators whose samples are looked at for a collapse; the middle one decides."""
LAST_RESET = 0.5
"""The part of the shared training after which weights are not begun anew: they would be judged
before they have learned."""

Event = Callable[..., None]


class GanEvaluator(Evaluator):
    """Trains the shared weights, and rewards generators for the images that they make with them.

    All generators get the same latents, so that the difference of two rewards is that of the
    generators. Real images are those of the validation split. Where a generator's
    images are no finite numbers or no reward can be computed, its reward is −∞.

    Args:
        training: The training of the shared weights.
        maker: Makes the images of the shared generator.
        extractor: What features come from.
        real: The features of real images to compare with.
        real_images: uint8 array of some of them, at least 64, for the diversity of samples.
        reward: A key of `REWARDS`.
        latents: float32 array of latents, whole batches; all but the first of `MORE_IMAGES`
            parts are only used for those that were ranked best.
        classes: int32 array, a class for every latent, or None.
        round_steps: Training steps a round.
        fresh_weights: Returns the first weights of generator and discriminator for a seed, to
            start over after a collapse.
        total_steps: Training steps of a whole search.
    """

    def __init__(
        self,
        training: GuardedTraining,
        maker: ImageMaker,
        extractor: Extractor,
        real: Features,
        real_images: np.ndarray,
        reward: str,
        latents: np.ndarray,
        classes: np.ndarray | None,
        round_steps: int,
        fresh_weights: Callable[[int], tuple[list[np.ndarray], list[np.ndarray]]],
        total_steps: int,
    ) -> None:
        self.training, self.maker, self.extractor = training, maker, extractor
        self.real, self.real_images, self.reward = real, real_images, reward
        self.latents, self.classes = latents, classes
        self.round_steps, self.fresh_weights = round_steps, fresh_weights
        self.total_steps = total_steps
        self.detector = CollapseDetector()
        self.on_step: Callable[[], None] = lambda: None
        self.on_event: Event = lambda name, **values: None
        self.begin(0)

    def begin(self, seed: int) -> None:
        """Begins a search: nothing was trained, evaluated or reset yet."""
        self.seed, self.resets, self.evaluated = seed, 0, 0
        self.drawn: tuple[Architecture, ...] = ()
        """What a strategy asked for last."""
        self.training_seconds = self.evaluation_seconds = 0.0
        self.steps = 0
        self.detector.start_over()

    def train(self, sample: Callable[[np.random.Generator], Architecture]) -> dict[str, Any]:
        begin = time.perf_counter()
        result = self.training.train(self.round_steps, sample, self.on_step)
        self.steps += self.round_steps
        self._start_over_if_collapsed(result, sample)
        self.training_seconds += time.perf_counter() - begin
        return {name: value for name, value in result.items() if name != "steps"}

    def evaluate(self, architectures: Sequence[Architecture]) -> np.ndarray:
        self.drawn = tuple(architectures)
        return self.rewards(architectures, len(self.latents) // MORE_IMAGES)

    def evaluate_with_more_images(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the scores of architectures from all latents, `(architectures, 1)`."""
        return self.rewards(architectures, len(self.latents))

    def rewards(self, architectures: Sequence[Architecture], images: int) -> np.ndarray:
        """Returns the rewards of architectures, float array `(architectures, 1)`.

        Args:
            architectures: What to reward.
            images: How many images a reward is computed from: whole batches.
        """
        begin = time.perf_counter()
        rewards = [agree(self._reward(a, whole_batches(images))) for a in architectures]
        self.evaluated += len(architectures)
        self.evaluation_seconds += time.perf_counter() - begin
        return np.asarray(rewards)[:, None]

    def _reward(self, architecture: Architecture, images: int) -> float:
        classes = None if self.classes is None else self.classes[:images]
        made = self.maker.images(self.latents[:images], classes, architecture)
        if not self.maker.finite:
            return -np.inf
        try:
            reward = self._of(self.extractor.features(made))
        except InputError:  # Features that are no finite numbers, say.
            return -np.inf
        return reward if np.isfinite(reward) else -np.inf

    def _of(self, features: Features) -> float:
        if self.reward == "kid":
            return -kernel_distance_all(features.features, self.real.features)
        if self.reward == "fid":
            return -frechet_distance(features.features, self.real.features)
        assert features.probabilities is not None
        score = inception_score if features.kind == "classes" else attribute_inception_score
        return score(features.probabilities, 1).mean

    def _start_over_if_collapsed(
        self, result: dict[str, float], sample: Callable[[np.random.Generator], Architecture]
    ) -> None:
        """Begins the shared weights anew where they collapsed (AutoGAN's dynamic reset)."""
        trainer = self.training.trainer
        steps = self.round_steps * trainer.settings.discriminator_steps
        mean, variance = result["discriminator_loss"], result["discriminator_loss_variance"]
        collapse = self.detector.losses(steps, mean, variance)
        if collapse is None and trainer.step >= self.detector.window:
            found = [self._samples(sample, i) for i in range(JUDGED)]
            # A single generator may be poor for what it is made of.
            collapse = self.detector.samples(_middle(found), self.real_images)
        if not agree(collapse is not None):
            return
        reason = "the shared weights of worker 0 collapsed" if collapse is None else collapse.text
        self.detector.start_over()
        again = self.resets < MOST_RESETS and self.steps <= LAST_RESET * self.total_steps
        self.on_event("collapse", steps=self.steps, reason=reason, reset=again)
        if again:
            self.resets += 1
            seed = self.seed + 500_009 * self.resets
            self.training.start_over(seed, *self.fresh_weights(seed))

    def _samples(
        self, sample: Callable[[np.random.Generator], Architecture], number: int
    ) -> np.ndarray:
        architecture = sample(np.random.default_rng([self.seed, 41, self.steps, number]))
        classes = None if self.classes is None else self.classes[:BATCH]
        return self.maker.images(self.latents[:BATCH], classes, architecture)

    def state(self) -> dict[str, Any]:
        """Returns what a search goes on from, beside the trainer's state: JSON values."""
        names = ("seed", "resets", "evaluated", "training_seconds", "evaluation_seconds", "steps")
        return {
            **{name: getattr(self, name) for name in names},
            "collapse": self.detector.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state()` returned."""
        for name, value in state.items():
            if name == "collapse":
                self.detector.restore(value)
            else:
                setattr(self, name, value)


def _middle(samples: list[np.ndarray]) -> np.ndarray:
    """Returns those of several sets of images whose diversity is the median."""
    return sorted(samples, key=mean_pairwise_distance)[len(samples) // 2]
