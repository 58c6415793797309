"""What turns images into features: the measure that scores of generators are taken with."""

import dataclasses
from typing import Literal

import keras
import numpy as np

from datasets.info import Progress
from gan_nas.quality import Features
from graftwork.errors import InputError
from graftwork.rows import read_rows


@dataclasses.dataclass(frozen=True, eq=False)
class Extractor:
    """A network whose features tell how alike two sets of images are.

    A score is worth nothing without its extractor: `name` and `resize` go with every number.

    Attributes:
        name: What it is, in words, for tables and reports.
        network: A built model from uint8 images `(n, height, width, channels)` to
            `[features (n, d), probabilities (n, k)]`, float32. It is made of Keras's own
            layers, so that it may be called within a compiled function.
        kind: Whether the probabilities are of `"classes"`, which sum to 1, or of independent
            `"attributes"`.
        resize: How the network brings images to the size that it works at, in words.
        image_size: The height and width that it works at.
        batch: Images that are run at once unless the caller says otherwise.
        note: One sentence on how far it can be trusted, or "".
    """

    name: str
    network: keras.Model
    kind: Literal["classes", "attributes"]
    resize: str
    image_size: tuple[int, int]
    batch: int = 256
    note: str = ""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the images that `network` takes."""
        return tuple(self.network.inputs[0].shape[1:])

    @property
    def dimensions(self) -> int:
        """The number of features of an image."""
        return int(self.network.outputs[0].shape[-1])

    def features(
        self,
        images: np.ndarray,
        rows: np.ndarray | None = None,
        batch: int | None = None,
        progress: Progress | None = None,
    ) -> Features:
        """Returns the features of images.

        Args:
            images: uint8 `(n, height, width, channels)` of `image_shape`, in memory or
                memory-mapped.
            rows: Integer array `(m,)`: the images to take; all of them if None.
            batch: Images that are run at once.
            progress: Called as `progress(stage, done, total)`.

        Returns:
            Features and probabilities in the order of `rows`, with name and resize.

        Raises:
            InputError: If there are no images, or they have another shape or dtype.
        """
        check_images(images, self.image_shape)
        rows = np.arange(len(images)) if rows is None else np.asarray(rows)
        if not len(rows):
            raise InputError("there are no images to take features of. Give at least one.")
        found, probabilities = predictions(
            self.network, images, rows, batch or self.batch, progress
        )
        return Features(found, probabilities, self.kind, self.name, self.resize)


def check_images(images: np.ndarray, shape: tuple[int, int, int]) -> None:
    """Checks that images are as a network takes them.

    Raises:
        InputError: If they have another shape or are not uint8.
    """
    if images.dtype != np.uint8 or images.shape[1:] != shape:
        raise InputError(
            f"the extractor takes uint8 images of shape (n, {', '.join(map(str, shape))}). "
            f"Received: {images.dtype} of shape {images.shape}. Resize them, for a folder by "
            "reading it with that shape, or make an extractor for theirs."
        )


def predictions(
    network: keras.Model,
    images: np.ndarray,
    rows: np.ndarray,
    batch: int,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """Runs a network with several outputs over images, one batch after the other.

    Args:
        network: A model from `(n, height, width, channels)` to several outputs `(n, …)`.
        images: uint8 `(n, height, width, channels)`, in memory or memory-mapped.
        rows: Integer array `(m,)`, at least one: the images to take.
        batch: Images that are run at once.
        progress: Called as `progress(stage, done, total)`.

    Returns:
        For every output an array `(m, …)`.
    """
    batch = min(batch, len(rows))
    results: list[list[np.ndarray]] = [[] for _ in network.outputs]
    for start in range(0, len(rows), batch):
        chosen = rows[start : start + batch]
        # The last batch is filled up: another size would be traced and compiled anew.
        outputs = network.predict_on_batch(read_rows(images, np.resize(chosen, batch)))
        for result, output in zip(results, outputs, strict=True):
            result.append(np.asarray(output)[: len(chosen)])
        if progress:
            progress("features", start + len(chosen), len(rows))
    return [np.concatenate(result) for result in results]
