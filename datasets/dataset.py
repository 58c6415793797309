"""Images and binary attributes as arrays, with names, splits and checks."""

import dataclasses
import hashlib
import json

import numpy as np

from graftwork.errors import InputError

MISSING = -1
SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Images with binary attributes.

    Attributes:
        name: The dataset's name.
        images: `(images, height, width, channels)` uint8, in memory or memory-mapped.
        labels: `(images, attributes)` int8: 0, 1 or `MISSING`.
        attributes: The name of each column of `labels`.
        splits: For each name in `SPLITS`, the sorted int64 indices of its images. No
            image is in two splits.
        fingerprint: Hex SHA-256 of all of the above but `name`.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    attributes: tuple[str, ...]
    splits: dict[str, np.ndarray]
    fingerprint: str

    @classmethod
    def from_arrays(
        cls,
        name: str,
        images: np.ndarray,
        labels: np.ndarray,
        attributes: tuple[str, ...],
        splits: dict[str, np.ndarray],
    ) -> "Dataset":
        """Makes a dataset and computes its fingerprint.

        Args:
            name: The dataset's name.
            images: `(images, height, width, channels)` uint8.
            labels: `(images, attributes)` int8.
            attributes: One name a column of `labels`.
            splits: Sorted int64 indices for each name in `SPLITS`.

        Returns:
            The dataset.
        """
        digest = hashlib.sha256(json.dumps([attributes, images.shape, sorted(splits)]).encode())
        for array in (images, labels, *(splits[split] for split in sorted(splits))):
            # Little-endian, so that the fingerprint is the same on every machine.
            digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
        return cls(name, images, labels, attributes, splits, digest.hexdigest())

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.images.shape[1:]

    def split(self, name: str) -> np.ndarray:
        """Returns the sorted int64 indices of the split `name`."""
        return self.splits[name]

    def check_trainable(self) -> None:
        """Checks that a network can learn every attribute.

        Raises:
            InputError: If arrays do not fit together, a label is not 0, 1 or missing, a
                split is empty, or an attribute has one class only in training.
        """
        self._check_shapes()
        for split in SPLITS:
            if not len(self.splits.get(split, ())):
                raise InputError(
                    f"dataset {self.name!r}: the split {split!r} is empty. Every one of "
                    f"{', '.join(SPLITS)} needs images."
                )
        train = self.labels[self.splits["train"]]
        for attribute, column in zip(self.attributes, train.T, strict=True):
            negatives, positives = (int((column == value).sum()) for value in (0, 1))
            if not (negatives and positives):
                raise InputError(
                    f"dataset {self.name!r}: attribute {attribute!r} has one class only in "
                    f"training, where both are needed: {positives} images have it and "
                    f"{negatives} do not. Leave the attribute out or add images of the other "
                    f"class."
                )

    def _check_shapes(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 4 or images.dtype != np.uint8 or not all(images.shape):
            raise InputError(
                f"dataset {self.name!r}: images must be uint8 of shape (images, height, width, "
                f"channels), none of them 0. Received: {images.dtype} of shape {images.shape}."
            )
        expected = (len(images), len(self.attributes))
        if labels.shape != expected or not all(expected):
            raise InputError(
                f"dataset {self.name!r}: labels must have one row an image and one column an "
                f"attribute, {expected}. Received: shape {labels.shape}."
            )
        wrong = labels[~np.isin(labels, (MISSING, 0, 1))]
        if wrong.size:
            raise InputError(
                f"dataset {self.name!r}: labels must be 0, 1 or {MISSING} (missing). "
                f"Received: {wrong[0]} ({wrong.size} wrong labels)."
            )
        for split, indices in self.splits.items():
            if len(indices) and not (indices.min() >= 0 and indices.max() < len(images)):
                raise InputError(
                    f"dataset {self.name!r}: the split {split!r} names images from "
                    f"{indices.min()} to {indices.max()}, but there are {len(images)}."
                )
