"""The classes of a class-conditional generator, from attributes."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from datasets import Dataset
from graftwork.errors import InputError, unknown_name
from graftwork.rows import MISSING


@dataclasses.dataclass(frozen=True, eq=False)
class Classes:
    """A class for every image.

    Args:
        names: The classes' names.
        numbers: int32 array `(images,)`: the class of every image of the dataset, −1 where a
            label is missing.
    """

    names: tuple[str, ...]
    numbers: np.ndarray

    def frequencies(self, rows: np.ndarray) -> np.ndarray:
        """Returns the share of each class among images whose class is known."""
        known = self.numbers[rows]
        counts = np.bincount(known[known >= 0], minlength=len(self.names))
        return counts / counts.sum()

    def draw(self, count: int, rows: np.ndarray, seed: Sequence[int]) -> np.ndarray:
        """Draws classes, each as frequent as among some images.

        Args:
            count: How many.
            rows: The images, those of the training split.
            seed: Seeds of all chance.

        Returns:
            int32 `(count,)`.
        """
        shares = self.frequencies(rows)
        drawn = np.random.default_rng(seed).choice(len(shares), count, p=shares)
        return drawn.astype(np.int32)


def dataset_classes(dataset: Dataset, attributes: Sequence[str]) -> Classes | None:
    """Returns the classes that attributes make, or None for no attributes.

    One attribute makes two classes. Several make one each, and one of the images with none of
    them, if there are any; they must exclude each other.

    Args:
        dataset: The data.
        attributes: Names of attributes.

    Raises:
        InputError: If an attribute is unknown, an image has two of them, or a class has no
            training images.
    """
    if not attributes:
        return None
    for name in attributes:
        if name not in dataset.attributes:
            raise unknown_name("attribute", name, dataset.attributes)
    labels = dataset.labels[:, [dataset.attributes.index(name) for name in attributes]]
    both = np.flatnonzero((labels == 1).sum(axis=1) > 1)
    if len(both):
        pair = [attributes[i] for i in np.flatnonzero(labels[both[0]] == 1)[:2]]
        raise InputError(
            f"attributes of --conditional must exclude each other, one class an image. Received "
            f"{pair[0]!r} and {pair[1]!r}, which {len(both)} images have both or alike. "
            "Name one of them."
        )
    rest = f"no {attributes[0]}" if len(attributes) == 1 else "none of them"
    numbers = np.where((labels == 1).any(axis=1), 1 + labels.argmax(axis=1), 0)
    numbers[(labels == MISSING).any(axis=1) & ~(labels == 1).any(axis=1)] = -1
    names = (rest, *attributes)
    train = numbers[dataset.split("train")]
    if not (train == 0).any() and len(attributes) > 1:
        names, numbers = names[1:], np.where(numbers < 0, -1, numbers - 1)
        train = numbers[dataset.split("train")]
    for number, name in enumerate(names):
        if not (train == number).any():
            raise InputError(
                f"class {name!r} of --conditional has no training image. Name another attribute."
            )
    return Classes(names, numbers.astype(np.int32))
