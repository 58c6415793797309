"""A generator's images, from one compiled function for all of its architectures."""

import time
from typing import Any

import keras
import numpy as np
from keras import ops

from graftwork.compiled import compiled
from graftwork.space import Architecture

BATCH = 64


class ImageMaker:
    """Makes images with the statistics of each batch, as in training.

    Shared weights have no moving statistics. All generators of a comparison are judged
    this way, so that none has an advantage by it.

    Args:
        network: A built generator with `input_names`.
        latent: Length of a latent vector.
        decisions: Length of an architecture; 0 where the network takes none.
    """

    def __init__(self, network: keras.Model, latent: int, decisions: int) -> None:
        self.network, self.decisions, self._latent = network, decisions, latent
        self.conditional = "classes" in network.input_names
        self.seconds = 0.0
        self.finite = True
        """Whether all values of the newest images were finite numbers; others are made grey."""
        shapes = [((BATCH, latent), "float32"), ((BATCH,), "int32"), ((decisions,), "int32")]
        self._images = compiled(self._make, *shapes)

    def _make(self, latents: Any, classes: Any, architecture: Any) -> Any:
        rows = ops.repeat(architecture[None], BATCH, axis=0)
        given = {"latents": latents, "classes": classes, "architecture": rows}
        wanted = {name: given[name] for name in self.network.input_names}
        images = self.network(wanted, training=True)
        finite = ops.isfinite(images)
        whole = ops.clip(ops.round(ops.where(finite, images, 0.0) * 127.5 + 127.5), 0, 255)
        return ops.cast(whole, "uint8"), ops.all(finite)

    def trace(self) -> None:
        """Compiles; the first images would take longer otherwise."""
        self.images(np.zeros((BATCH, self._latent), np.float32))
        self.seconds = 0.0

    def images(
        self,
        latents: np.ndarray,
        classes: np.ndarray | None = None,
        architecture: Architecture = (),
    ) -> np.ndarray:
        """Returns images, uint8 `(n, size, size, channels)`.

        Args:
            latents: float32 array `(n, latent)`; n is a multiple of the batch of 64, so that
                every image is normalised with as many others.
            classes: int32 array `(n,)` of a class-conditional generator.
            architecture: What to run, of a supernet.
        """
        begin = time.perf_counter()
        numbers = np.zeros(len(latents), np.int32) if classes is None else classes
        choices = np.asarray(architecture or (0,) * self.decisions, np.int32)
        made, finite = zip(
            *(
                self._images(latents[i : i + BATCH], numbers[i : i + BATCH], choices)
                for i in range(0, len(latents), BATCH)
            ),
            strict=True,
        )
        images = np.concatenate([ops.convert_to_numpy(batch) for batch in made])
        self.finite = all(map(bool, finite))
        self.seconds += time.perf_counter() - begin
        return images


def whole_batches(images: int) -> int:
    """Returns the number of images in whole batches, at least that of `images`."""
    return -(-images // BATCH) * BATCH
