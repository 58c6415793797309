"""Trains one architecture for one attribute by itself, alike for every method."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from datasets import Dataset
from graftwork.augmentation import Augmentation
from graftwork.collective import agree
from graftwork.space import Architecture
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from transfer_nas.model import parameters_and_flops
from transfer_nas.predictor import Predictor
from transfer_nas.scores import attribute_score
from transfer_nas.space import ChainSpace
from transfer_nas.supernet import build_supernet

WARMUP_STEPS = 50
FINAL_LEARNING_RATE = 0.05  # times the highest


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How a chain is trained.

    Args:
        steps: Training steps, at least one an evaluation.
        batch_size: Images a step.
        learning_rate: The highest; it rises linearly to it and falls along a half cosine.
        evaluations: How often the validation split is read, evenly spread.
    """

    steps: int
    batch_size: int
    learning_rate: float
    evaluations: int = 2

    def learning_rates(self) -> Any:
        """Returns the learning rate by step, as Keras takes it."""
        warmup = max(1, min(WARMUP_STEPS, self.steps // 10))
        return keras.optimizers.schedules.CosineDecay(
            self.learning_rate / 10,
            max(1, self.steps - warmup),
            alpha=FINAL_LEARNING_RATE,
            warmup_target=self.learning_rate,
            warmup_steps=warmup,
        )


@dataclasses.dataclass(frozen=True)
class TrainedChain:
    """What came of a training.

    Args:
        validation_score: The best of the evaluations; NaN if none was a number.
        test_score: The score on the test split of the weights that had it; NaN where that
            split shows the attribute in one class only.
        parameters: The trainable parameters of the architecture with one head.
        flops: Its multiplications and additions for an image.
        seconds: How long it took, validation included.
    """

    validation_score: float
    test_score: float
    parameters: int
    flops: int
    seconds: float


class StandaloneChains:
    """Trains architectures for single attributes, one after the other, from fresh weights.

    An architecture by itself is a supernet with that architecture at every step, so that
    one trace serves all architectures and attributes; operations that were not chosen
    are never changed. The attribute alone moves the trunk (`share=1`): the heads of the
    others, which are trained beside it, read the features as they are. The weights with
    the best validation score are kept; the test split is read once, by `finish`.

    Args:
        space: The architectures.
        channels: The channels of every stage.
        dataset: The images and labels.
        data: Its training split, as trainers take it.
        schedule: How to train.
        score: A name of `transfer_nas.scores.SCORES`.
    """

    def __init__(
        self,
        space: ChainSpace,
        channels: int,
        dataset: Dataset,
        data: TrainingData,
        schedule: Schedule,
        score: str,
    ) -> None:
        self.space, self.channels, self.dataset = space, channels, dataset
        self.schedule, self.score = schedule, score
        self.network = self._fresh(0)
        self.trainer = Trainer(self.network, data, schedule.batch_size, schedule.learning_rates())
        self.predictor = Predictor(self.network, dataset, len(space))
        self._first_weights = (0, self.network.get_weights())

    def warm_up(self, batch_size: int | None = None) -> None:
        """Traces a step and a prediction, so that no training's time counts it."""
        self.begin((0,) * len(self.space), 0, 0, batch_size)
        self.trainer.train(1, lambda rng: (*self.architecture, self.attribute))
        self.predictor.logits(self.architecture, self.dataset.split("validation")[:1])

    def begin(
        self,
        architecture: Architecture,
        attribute: int,
        seed: int,
        batch_size: int | None = None,
    ) -> None:
        """Begins a training.

        Args:
            architecture: What to train.
            attribute: The number of the attribute in the dataset.
            seed: Seed of the first weights and of the order of the images. Trainings with
                the same seed begin from the same weights, so that they can be compared in
                pairs.
            batch_size: Images a step; those of the schedule if None.
        """
        if self._first_weights[0] != seed:
            self._first_weights = (seed, self._fresh(seed).get_weights())
        weights = self._first_weights[1]
        self.trainer.batch_size = batch_size or self.schedule.batch_size
        self.trainer.start_over(seed, weights)
        self.architecture, self.attribute = architecture, attribute
        self.seconds, self._evaluated = 0.0, 0
        self._best_score: float | None = None
        self._best_weights = weights

    @property
    def done(self) -> bool:
        """Whether the training came to its end."""
        return self._evaluated >= self.schedule.steps

    def advance(self, on_step: Callable[[], None] = lambda: None) -> float:
        """Trains up to the next evaluation and makes it. Returns the validation score."""
        begin = time.perf_counter()
        try:
            return self._advance(on_step)
        finally:
            self.seconds += time.perf_counter() - begin

    def _advance(self, on_step: Callable[[], None]) -> float:
        every = -(-self.schedule.steps // self.schedule.evaluations)
        # A training that was stopped goes on in between.
        end = min(self._evaluated + every, self.schedule.steps)
        steps = end - self.trainer.step
        if steps:
            self.trainer.train(steps, lambda rng: (*self.architecture, self.attribute), on_step)
        score = self.score_on("validation")
        if np.isfinite(score) and (self._best_score is None or score > self._best_score):
            self._best_score, self._best_weights = score, self.network.get_weights()
        self._evaluated = end
        return score

    def finish(self) -> TrainedChain:
        """Takes the best weights and scores them on the test split, for the first time."""
        self.network.set_weights(self._best_weights)
        parameters, flops = parameters_and_flops(
            self.space, self.architecture, self.channels, self.dataset.image_shape
        )
        best = float("nan") if self._best_score is None else self._best_score
        return TrainedChain(best, self.score_on("test"), parameters, flops, self.seconds)

    def score_on(self, split: str) -> float:
        """Returns the score of the attribute on a split, with the present weights."""
        rows = self.dataset.split(split)
        logits = self.predictor.logits(self.architecture, rows)[:, self.attribute]
        labels = self.dataset.labels[rows, self.attribute]
        return agree(attribute_score(self.score, logits, labels))

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Returns what the training goes on from: JSON values and arrays."""
        arrays = {f"best_{i}": weight for i, weight in enumerate(self._best_weights)}
        values = {
            "architecture": list(self.architecture),
            "attribute": self.attribute,
            "batch_size": self.trainer.batch_size,
            "best_score": self._best_score,
            "seconds": self.seconds,
            "evaluated": self._evaluated,
        }
        return values, {**arrays, **self.trainer.state()}

    def restore(self, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned."""
        self.trainer.batch_size = values.get("batch_size", self.schedule.batch_size)
        self.trainer.restore(arrays)
        self.architecture, self.attribute = tuple(values["architecture"]), values["attribute"]
        self._best_score, self.seconds = values["best_score"], values["seconds"]
        self._evaluated = values.get("evaluated", self.trainer.step)
        self._best_weights = [arrays[f"best_{i}"] for i in range(len(self.network.get_weights()))]

    def _fresh(self, seed: int) -> Any:
        attributes, shape = len(self.dataset.attributes), self.dataset.image_shape
        return build_supernet(self.space, attributes, self.channels, shape, seed, share=1.0)


def training_data(dataset: Dataset, augment: bool) -> TrainingData:
    """Returns the training split of a dataset as trainers take it.

    Args:
        dataset: The dataset.
        augment: Whether to flip and shift images as far as the dataset says it is harmless.
    """
    augmentation = Augmentation(dataset.flip, dataset.shift) if augment else Augmentation()
    return TrainingData(dataset.images, dataset.labels, dataset.split("train"), augmentation)
