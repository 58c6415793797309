"""Logits of chains on rows of a dataset, batch by batch, through one trace."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.compiled import compiled
from graftwork.rows import batches
from graftwork.space import Architecture
from transfer_nas.supernet import ChainSupernet

BATCH = 256


class Predictor:
    """Runs architectures with the weights that a supernet holds at that time.

    In inference the attribute that a step is for makes no difference: one pass gives the
    logits of all attributes.

    Args:
        supernet: The supernet, built.
        dataset: The images.
        decisions: The decisions of the space.
        batch_size: Images a pass, fewer where no split is as large.
    """

    def __init__(
        self, supernet: ChainSupernet, dataset: Dataset, decisions: int, batch_size: int = BATCH
    ) -> None:
        self.dataset = dataset
        largest = max(len(dataset.split(name)) for name in ("validation", "test"))
        self.batch_size = min(batch_size, largest)
        self._all_attributes = len(dataset.attributes)
        self.predict = compiled(
            lambda images, architecture: supernet(
                {"images": images, "architecture": architecture[None]}
            ),
            ((self.batch_size, *dataset.image_shape), "uint8"),
            ((decisions + 1,), "int32"),
        )

    def logits(self, architecture: Architecture, rows: np.ndarray) -> np.ndarray:
        """Returns the logits of all attributes, float array `(k, A)`.

        Args:
            architecture: The choices of the space, without an attribute.
            rows: Integer array `(k,)`, at least one.
        """
        return self.run(architecture, self.read(rows))[: len(rows)]

    def read(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Yields the images of some rows in batches; the first of the last fills that up."""
        images, labels = self.dataset.images, self.dataset.labels
        for batch, _ in batches(images, labels, rows, self.batch_size):
            yield batch

    def run(self, architecture: Architecture, images: Iterable[np.ndarray]) -> np.ndarray:
        """Returns the logits `(n, A)` of whole batches, as `read` makes them."""
        row: Any = np.asarray((*architecture, self._all_attributes), np.int32)
        return np.concatenate([np.asarray(self.predict(batch, row)) for batch in images])
