"""Images and binary attributes as arrays, with names, splits and checks."""

import dataclasses
import hashlib
import json
import shlex
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from datasets.problems import Problems
from graftwork.errors import InputError
from graftwork.rows import MISSING

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Images with binary attributes.

    Attributes:
        name: The dataset's name.
        images: `(images, height, width, channels)` uint8, in memory or memory-mapped.
        labels: `(images, attributes)` int8: 0, 1 or `MISSING`.
        attributes: The name of each column of `labels`.
        splits: For each name in `SPLITS`, and perhaps for `unlabelled`, the sorted int64
            indices of its images. No image is in two splits; some may be in none.
        fingerprint: Hex SHA-256 of all of the above but `name`.
        flip: Whether a mirrored image is as good as the image.
        shift: The pixels by which an image may be moved, down and to the right or back, and
            stay as good.
        merged: Groups of attributes that the official score counts as one label.
        fit: How images of another shape were brought to this one.
        problems: What was wrong with the files that it comes from.
        note: One line on splits and labels that a reader of results must know, or "".
        enlarged: How many images were smaller than they are here.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    attributes: tuple[str, ...]
    splits: dict[str, np.ndarray]
    fingerprint: str
    flip: bool = False
    shift: tuple[int, int] = (0, 0)
    merged: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    fit: str = "crop"
    problems: Problems = dataclasses.field(default_factory=Problems)
    note: str = ""
    enlarged: int = 0

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
        pixels = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
        digest = fingerprint(images.shape, pixels, labels, attributes, splits)
        return cls(name, images, labels, attributes, splits, digest)

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
        check_labels(self)

    def _check_shapes(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 4 or images.dtype != np.uint8 or not all(images.shape):
            raise InputError(
                f"dataset {self.name!r}: images must be uint8 of shape (images, height, width, "
                f"channels), none of them 0. Received: {images.dtype} of shape {images.shape}."
            )
        expected = (len(images), len(self.attributes))
        if labels.shape != expected:
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


def fingerprint(
    shape: tuple[int, ...],
    pixels: str,
    labels: np.ndarray,
    attributes: tuple[str, ...],
    splits: Mapping[str, np.ndarray],
) -> str:
    """Returns the hex SHA-256 that tells datasets apart.

    Args:
        shape: The shape of the images.
        pixels: The hex SHA-256 of the images' bytes.
        labels: `(images, attributes)` int8.
        attributes: One name a column of `labels`.
        splits: Sorted int64 indices for each split.
    """
    digest = hashlib.sha256(json.dumps([attributes, shape, sorted(splits), pixels]).encode())
    for array in (labels, *(splits[split] for split in sorted(splits))):
        # Little-endian, so that the fingerprint is the same on every machine.
        digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


class Labelled(Protocol):
    """What `check_labels` looks at: a `Dataset`, or the `Source` of one."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> np.ndarray: ...
    @property
    def attributes(self) -> tuple[str, ...]: ...
    @property
    def splits(self) -> Mapping[str, np.ndarray]: ...
    @property
    def note(self) -> str: ...


def check_labels(data: Labelled) -> None:
    """Checks that every attribute can be learned, chosen by and judged.

    Raises:
        InputError: If there is no attribute, a split is empty, an attribute has one class only
            in training, or no label in validation or test.
    """
    start = f"dataset {data.name!r}"
    if not data.attributes:
        raise InputError(
            f"{start} has images alone, and no attribute to learn. Give a table of attributes by "
            "--labels."
        )
    for split in SPLITS:
        if not len(data.splits.get(split, ())):
            raise InputError(
                f"{start}: the split {split!r} is empty. Every one of {', '.join(SPLITS)} needs "
                f"images. {data.note}".rstrip()
            )
    train = data.labels[data.splits["train"]]
    for attribute, column in zip(data.attributes, train.T, strict=True):
        negatives, positives = (int((column == value).sum()) for value in (0, 1))
        if not (negatives and positives):
            raise InputError(
                f"{start}: attribute {attribute!r} has one class only in training, where both are "
                f"needed: {positives} images have it and {negatives} do not. Leave it out by "
                f"--without {shlex.quote(attribute)}, or add images of the other class."
            )
    for split in ("validation", "test"):
        unknown = (data.labels[data.splits[split]] == MISSING).all(axis=0)
        if unknown.any():
            attribute = data.attributes[int(np.flatnonzero(unknown)[0])]
            raise InputError(
                f"{start}: attribute {attribute!r} has no label in the split {split!r}, so that "
                f"nothing could be said of it. Leave it out by --without "
                f"{shlex.quote(attribute)}, or add labels."
            )
