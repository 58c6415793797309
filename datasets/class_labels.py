"""Binary attributes from classes: one a class, and one a group of classes."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from datasets.dataset import MISSING


def class_labels(
    numbers: np.ndarray, classes: Sequence[str], groups: Mapping[str, Collection[str]]
) -> np.ndarray:
    """Turns class numbers into attributes.

    Args:
        numbers: `(n,)` whole numbers from 0 to `len(classes) - 1`, or negative for an image
            whose class is not known.
        classes: The classes' names in the order of their numbers.
        groups: For each further attribute, the classes that have it.

    Returns:
        `(n, len(classes) + len(groups))` int8 in {0, 1, −1 missing}: whether the image is of
        each class, then whether its class is in each group.
    """
    table = np.full((len(classes) + 1, len(classes) + len(groups)), MISSING, np.int8)
    for number, name in enumerate(classes):
        table[number] = [
            *(name == other for other in classes),
            *(name in members for members in groups.values()),
        ]
    return table[np.where(numbers < 0, len(classes), numbers)]
