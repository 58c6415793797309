"""What a training is fed: images and labels, and the batches of its steps.

One of the few modules that touch `tf` (ARCHITECTURE.md names them).
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from graftwork.augmentation import Augmentation
from graftwork.devices import distributed, replicas
from graftwork.rows import read_rows


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingData:
    """The images and labels of the training split; every trainer of a run shares one.

    Images that fit on the device live there and are gathered inside the compiled step.
    Others stay where they are, as in a memory-mapped file, and are read batch by batch.
    Both give the same batches in the same order.

    Args:
        images: uint8 array `(n, height, width, channels)`, in memory or memory-mapped.
        labels: int8 array `(n, A)` with values 0, 1 and −1 (missing).
        rows: Integer array `(k,)`: the rows to train on.
        augmentation: What may be done to an image.
        device_bytes: Images of more bytes than this do not live on the device. If None, 2 GiB on
            a GPU; 256 MiB on a CPU, where the copy takes the memory of the machine.
    """

    images: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    augmentation: Augmentation = dataclasses.field(default_factory=Augmentation)
    device_bytes: int | None = None

    @functools.cached_property
    def on_device(self) -> Any:
        """The images of `rows` as a uint8 tensor on the device.

        None where they are too many, and where several devices would each need them.
        """
        size = len(self.rows) * int(np.prod(self.images.shape[1:]))
        most = self.device_bytes
        if most is None:
            most = 2**31 if tf.config.list_physical_devices("GPU") else 2**28
        if size > most or replicas() > 1:
            return None
        return tf.convert_to_tensor(read_rows(self.images, self.rows))

    @functools.cached_property
    def known_labels(self) -> Any:
        """The labels of `rows` as an int8 tensor."""
        with tf.init_scope():  # The first to ask may be a graph, whose tensors end with it.
            return tf.convert_to_tensor(self.labels[self.rows])

    def read(self, places: np.ndarray) -> np.ndarray:
        """Returns the images at some places of `rows`."""
        return read_rows(self.images, self.rows[places])


def pipeline(
    columns: dict[str, np.ndarray],
    batch: Callable[[dict[str, Any]], Any],
    split: Callable[[Any, int], Any] | None = None,
) -> Any:
    """Returns the batches that `fit` is fed, each made while the one before is used.

    Args:
        columns: Arrays with one row a step.
        batch: Makes the batch of a step's row.
        split: Splits a batch for several devices (see `graftwork.devices.distributed`); along the
            first axis of all of its tensors if not given.
    """

    def make() -> tf.data.Dataset:
        steps = tf.data.Dataset.from_tensor_slices(columns)
        # With autotuning, the end of a short `fit` waits for the tuner to wake up: up to 5.12 s.
        options = tf.data.Options()
        options.autotune.enabled = False
        batches = steps.map(batch, num_parallel_calls=2, deterministic=True).prefetch(2)
        return batches.with_options(options)

    return distributed(make, split or split_rows)


def split_rows(batch: Any, parts: int) -> Any:
    """Returns a batch whose tensors have a new first axis: consecutive parts of their rows."""
    return tf.nest.map_structure(lambda t: tf.reshape(t, (parts, -1, *t.shape[1:])), batch)
