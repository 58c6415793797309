"""Trains one architecture by itself, the same way for every method of a comparison."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import scipy.special

from datasets import Dataset
from datasets.merged import official_score
from graftwork.augmentation import Augmentation
from graftwork.collective import agree
from graftwork.compiled import compiled
from graftwork.rows import batches
from graftwork.space import Architecture
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from multitask_nas.evaluator import count_right
from multitask_nas.scores import Counts, count_classes
from multitask_nas.supernet import TreeSupernet

WARMUP_STEPS = 50
FINAL_LEARNING_RATE = 0.05  # times the highest
EVALUATION_BATCH = 256


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Args:
        steps: Training steps, at least one an evaluation.
        batch_size: Images a step.
        learning_rate: The highest; it rises linearly to it and falls along a half cosine.
        evaluations: How often the validation split is read, evenly spread.
        patience: Evaluations without a better one after which training stops early.
    """

    steps: int
    batch_size: int
    learning_rate: float
    evaluations: int = 4
    patience: int = 4

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


def training_data(dataset: Dataset, augment: bool) -> TrainingData:
    """Returns the training split of a dataset as trainers take it.

    Args:
        dataset: The dataset.
        augment: Whether to flip and shift images as far as the dataset says it is harmless.
    """
    augmentation = Augmentation(dataset.flip, dataset.shift) if augment else Augmentation()
    return TrainingData(dataset.images, dataset.labels, dataset.split("train"), augmentation)


class StandaloneTraining:
    """Trains fixed architectures, one after the other, from given first weights.

    A tree by itself is the supernet with that tree as its input: the same outputs and
    gradients as of a plain model of the tree, and one trace for all trees. Blocks that
    no attribute passes are never changed. The weights with the best validation score
    are kept; the test split is read once, by `finish`.

    Args:
        network: A network with the inputs of `TreeSupernet`, built.
        dataset: The images and labels.
        training_data: Its training split, as trainers take it.
        schedule: How to train.
        score: `"accuracy"` or `"balanced-accuracy"`.
    """

    def __init__(
        self,
        network: TreeSupernet,
        dataset: Dataset,
        training_data: TrainingData,
        schedule: Schedule,
        score: str,
    ) -> None:
        self.network, self.dataset, self.schedule, self.score = (
            network,
            dataset,
            schedule,
            score,
        )
        self.trainer = Trainer(
            network, training_data, schedule.batch_size, schedule.learning_rates()
        )
        self._decisions = sum(network.blocks[1:]) + network.attributes
        batch = ((EVALUATION_BATCH, *dataset.image_shape), "uint8")
        marks = ((EVALUATION_BATCH, network.attributes), "int8")
        architecture = ((self._decisions,), "int32")

        def predict(images: Any, architecture: Any) -> Any:
            return network({"images": images, "architecture": architecture[None]})

        self._predict = compiled(predict, batch, architecture) if dataset.merged else None
        self._count = compiled(
            lambda images, labels, architecture: count_right(
                predict(images, architecture)[None], labels
            ),
            batch,
            marks,
            architecture,
        )

    def warm_up(self, batch_size: int | None = None) -> None:
        """Traces a step and an evaluation, so that no training's time counts it."""
        self.begin((0,) * self._decisions, 0, self.network.get_weights(), batch_size)
        self.trainer.train(1, lambda rng: self.architecture)
        self.count("validation")

    def begin(
        self,
        architecture: Architecture,
        seed: int,
        weights: Sequence[np.ndarray],
        batch_size: int | None = None,
    ) -> None:
        """Begins a training.

        Args:
            architecture: What to train.
            seed: Seed of the order of the images.
            weights: The first weights of the network.
            batch_size: Images a step; those of the schedule if None.
        """
        self.trainer.batch_size = batch_size or self.schedule.batch_size
        self.trainer.start_over(seed, weights)
        self.architecture = architecture
        self.seconds, self._evaluated = 0.0, 0
        self._best_score = -1.0
        self._best_weights = list(weights)
        self._worse = 0

    @property
    def done(self) -> bool:
        """Whether the training came to its end."""
        return self._evaluated >= self.schedule.steps or self._worse >= self.schedule.patience

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
            self.trainer.train(steps, lambda rng: self.architecture, on_step)
        score = float(self.count("validation").score(self.score).mean())
        if score > self._best_score:
            self._best_score, self._worse = score, 0
            self._best_weights = self.network.get_weights()
        else:
            self._worse += 1
        self._evaluated = end
        return score

    def finish(self) -> tuple[Counts, Counts]:
        """Takes the best weights. Returns their counts on validation and on test."""
        self.network.set_weights(self._best_weights)
        return self.count("validation"), self.count("test")

    def count(self, split: str) -> Counts:
        """Counts right predictions, by attribute, on a split."""
        rows = self.dataset.split(split)
        images, labels = self.dataset.images, self.dataset.labels
        architecture = np.asarray(self.architecture, np.int32)
        right = [
            np.asarray(self._count(*batch, architecture))[:, 0]
            for batch in batches(images, labels, rows, EVALUATION_BATCH)
        ]
        positives, negatives = agree(np.stack(right).sum(axis=0, dtype=np.int64))
        return Counts(positives, negatives, *count_classes(labels[rows]))

    def official_error(self) -> float | None:
        """Returns the test error, in percent, as the dataset's official score counts labels.

        None for a dataset without a score of its own.
        """
        dataset = self.dataset
        if self._predict is None:
            return None
        rows = dataset.split("test")
        architecture = np.asarray(self.architecture, np.int32)
        logits = np.concatenate(
            [
                np.asarray(self._predict(images, architecture))
                for images, _ in batches(dataset.images, dataset.labels, rows, EVALUATION_BATCH)
            ]
        )[: len(rows)]
        probabilities = scipy.special.expit(logits.astype(np.float64))
        labels = dataset.labels[rows]
        score = official_score(probabilities, labels, dataset.attributes, dataset.merged)
        return 100 * (1 - score)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Returns what the training goes on from: JSON values and arrays."""
        arrays = {f"best_{i}": weight for i, weight in enumerate(self._best_weights)}
        values = {
            "architecture": list(self.architecture),
            "batch_size": self.trainer.batch_size,
            "best_score": self._best_score,
            "worse": self._worse,
            "seconds": self.seconds,
            "evaluated": self._evaluated,
        }
        return values, {**arrays, **self.trainer.state()}

    def restore(self, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned."""
        self.trainer.batch_size = values.get("batch_size", self.schedule.batch_size)
        self.trainer.restore(arrays)
        self.architecture = tuple(values["architecture"])
        self._best_score, self._worse = values["best_score"], values["worse"]
        self.seconds = values["seconds"]
        self._evaluated = values.get("evaluated", self.trainer.step)
        self._best_weights = [arrays[f"best_{i}"] for i in range(len(self.network.get_weights()))]
