"""What trees are worth under shared weights."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from graftwork.collective import agree
from graftwork.compiled import compiled
from graftwork.rows import batches
from graftwork.search import Evaluator
from graftwork.space import Architecture
from graftwork.training import Trainer
from multitask_nas.exact import tree_scores
from multitask_nas.scores import Counts, count_classes
from multitask_nas.supernet import TreeSupernet
from multitask_nas.tree import TreeSpace

PATH_MEMORY = 2**30
"""Bytes that one pass over all paths may take."""


class SupernetEvaluator(Evaluator):
    """Trains the shared weights and scores trees with them on the validation split.

    In inference an attribute's output depends on its path from the root alone. One sweep
    over the validation images therefore scores every attribute along every path, and
    any tree's score is a look-up. Where there are too many paths for memory, the asked
    trees are run one after the other instead, the layers that they share once.

    Args:
        space: The trees.
        supernet: The supernet of the space, built.
        trainer: Trains it.
        images: uint8 array `(n, height, width, channels)`, in memory or memory-mapped.
        labels: int8 array `(n, A)`.
        rows: Integer array `(k,)`: the rows of the validation split.
        score: `"accuracy"` or `"balanced-accuracy"`.
        steps: Training steps a round.
        on_step: Called after every training step.
        report: Told one line where the shared weights go back to those before the round.
    """

    def __init__(
        self,
        space: TreeSpace,
        supernet: TreeSupernet,
        trainer: Trainer,
        images: np.ndarray,
        labels: np.ndarray,
        rows: np.ndarray,
        score: str,
        steps: int,
        on_step: Callable[[], None] = lambda: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.space, self.supernet, self.trainer = space, supernet, trainer
        self.images, self.labels, self.rows = images, labels, rows
        self.score, self.steps, self.on_step, self.report = score, steps, on_step, report
        self.training_seconds = self.evaluation_seconds = 0.0
        self._positives, self._negatives = count_classes(labels[rows])
        self._table: np.ndarray | None = None
        batch = path_batch(space, images.shape[1:], supernet.block_layers[0].filters)
        self.has_path_scores = batch > 0
        self.batch_size = min(batch or 256, len(rows))
        shape = (self.batch_size, *images.shape[1:])
        batch_of_images = (shape, "uint8")
        batch_of_labels = ((self.batch_size, labels.shape[1]), "int8")
        if self.has_path_scores:
            self.count = compiled(self._count_paths, batch_of_images, batch_of_labels)
        else:
            architectures = ((None, len(space)), "int32")
            self.count = compiled(
                self._count_trees,
                batch_of_images,
                batch_of_labels,
                architectures,
                ((), "int32"),
            )

    def train(self, sample: Callable[[np.random.Generator], Architecture]) -> dict[str, Any]:
        begin = time.perf_counter()
        self.forget()
        loss = self.trainer.train_shared(self.steps, sample, self.on_step, self.report)
        self.training_seconds += time.perf_counter() - begin
        return {"loss": loss}

    def evaluate(self, architectures: Sequence[Architecture]) -> np.ndarray:
        if self.has_path_scores:
            table = self.path_scores()
            return np.stack([tree_scores(self.space.tree(a), table) for a in architectures])
        begin = time.perf_counter()
        layer = self._first_difference(architectures)
        stacked = np.asarray(architectures, np.int32)
        scores = self._score(lambda *batch: self.count(*batch, stacked, np.int32(layer)))
        self.evaluation_seconds += time.perf_counter() - begin
        return scores

    def forget(self) -> None:
        """Forgets the path scores: the shared weights are others now."""
        self._table = None

    def path_scores(self) -> np.ndarray:
        """Returns the score of every attribute along every path, `(paths, A)`.

        Paths are numbered as in `multitask_nas.exact.path_blocks`.
        """
        if self._table is None:
            begin = time.perf_counter()
            self._table = self._score(self.count)
            self.evaluation_seconds += time.perf_counter() - begin
        return self._table

    def _score(self, count: Callable[..., Any]) -> np.ndarray:
        right = [
            np.asarray(count(*batch))
            for batch in batches(self.images, self.labels, self.rows, self.batch_size)
        ]
        positives, negatives = agree(np.stack(right).sum(axis=0, dtype=np.int64))
        return Counts(positives, negatives, self._positives, self._negatives).score(self.score)

    def _count_paths(self, images: Any, labels: Any) -> tuple[Any, Any]:
        return count_right(self.supernet.path_logits(images), labels)

    def _count_trees(
        self, images: Any, labels: Any, architectures: Any, layer: Any
    ) -> tuple[Any, Any]:
        """Counts for several trees that are alike below `layer`; one branch a layer."""
        net = self.supernet

        def branch(first: int) -> Callable[[], tuple[Any, Any]]:
            def run() -> tuple[Any, Any]:
                x = net.standardize(images)[None]
                shared = net.split_rows(architectures[0])
                for i in range(first):
                    x = net.run_layer(i, x, shared)
                logits = ops.map(
                    lambda row: net.continue_from(first, x, net.split_rows(row)), architectures
                )
                return count_right(logits, labels)

            return run

        return ops.switch(layer, [branch(i) for i in range(len(net.blocks) + 1)])

    def _first_difference(self, architectures: Sequence[Architecture]) -> int:
        trees = [self.space.tree(a).parents for a in architectures]
        for layer, rows in enumerate(zip(*trees, strict=True), start=1):
            if len(set(rows)) > 1:
                return layer
        return self.space.layers


def count_right(logits: Any, labels: Any) -> tuple[Any, Any]:
    """Counts right predictions.

    Args:
        logits: Float tensor `(m, n, A)`.
        labels: Integer tensor `(n, A)` of 0, 1 and −1 (missing).

    Returns:
        Two int32 tensors `(m, A)`: right positives, right negatives.
    """
    told = logits > 0
    positives = ops.logical_and(told, labels == 1)
    # NaN is neither: weights that are not finite shall not score by denying everything.
    negatives = ops.logical_and(logits <= 0, labels == 0)
    return (
        ops.sum(ops.cast(positives, "int32"), axis=1),
        ops.sum(ops.cast(negatives, "int32"), axis=1),
    )


def path_batch(space: TreeSpace, image_shape: tuple[int, ...], channels: int) -> int:
    """Returns how many images a pass over all paths may take at once; 0 if too few.

    A layer holds its blocks' outputs for all paths, about three times over.
    """
    height, width = image_shape[:2]
    paths = most = 1
    for count in space.blocks:
        paths *= count
        most = max(most, 3 * 4 * paths * height * width * channels)
        height, width = max(1, height // 2), max(1, width // 2)
    batch = PATH_MEMORY // most
    return 0 if batch < 8 else min(256, int(batch))
