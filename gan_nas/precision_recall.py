"""Precision and recall of generated images: how real they look, and how much they cover."""

from typing import NamedTuple

import numpy as np

from gan_nas.metrics import checked_pair
from graftwork.errors import InputError

BLOCK = 1024  # Rows of a distance matrix that are in memory at once.


class PrecisionRecall(NamedTuple):
    """How two sets of images cover each other.

    Args:
        precision: The part of the generated images that are like real ones, 0…1.
        recall: The part of the real images that the generated ones are like, 0…1.
    """

    precision: float
    recall: float


def precision_recall(
    generated: np.ndarray, real: np.ndarray, neighbours: int = 3
) -> PrecisionRecall:
    """Returns precision and recall of generated images.

    Kynkäänniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2: an image is like a set if,
    for an image of the set, it is at most as far away as that image's k-th nearest neighbour in
    the set. The numbers depend on how many images each set has: compare equal counts.

    Args:
        generated: Features `(n, d)`, n > `neighbours`.
        real: Features `(m, d)`, m > `neighbours`.
        neighbours: k; an image is no neighbour of itself.

    Raises:
        InputError: If a set has too few images, or the dimensions differ.
    """
    generated, real = checked_pair(generated, real)
    fewest = min(len(generated), len(real))
    if not 1 <= neighbours < fewest:
        raise InputError(
            f"precision and recall with {neighbours} neighbours need at least 1 neighbour and "
            f"{neighbours + 1} images in each set. Received: {len(generated)} and {len(real)} "
            "images. Use more images."
        )
    # Distances come from products of features, which round by parts of the squared norms: so the
    # norms are made small, and equal images count as equal despite the rounding.
    centre = real.mean(axis=0)
    generated, real = generated - centre, real - centre
    largest = max(np.square(generated).sum(axis=1).max(), np.square(real).sum(axis=1).max())
    rounding = 8.0 * real.shape[1] * np.finfo(np.float64).eps * largest
    return PrecisionRecall(
        _covered(generated, real, neighbours, rounding),
        _covered(real, generated, neighbours, rounding),
    )


def _covered(images: np.ndarray, others: np.ndarray, neighbours: int, rounding: float) -> float:
    """Returns the part of the images that lie within the radius of one of the others."""
    radii = np.concatenate(
        [
            _nearest(_squared_distances(others, start, others), start, neighbours)
            for start in range(0, len(others), BLOCK)
        ]
    )
    inside = sum(
        int((_squared_distances(images, start, others) <= radii + rounding).any(axis=1).sum())
        for start in range(0, len(images), BLOCK)
    )
    return inside / len(images)


def _nearest(distances: np.ndarray, start: int, neighbours: int) -> np.ndarray:
    """Returns each row's k-th smallest distance to another image than itself."""
    rows = np.arange(len(distances))
    distances[rows, start + rows] = np.inf
    return np.partition(distances, neighbours - 1, axis=1)[:, neighbours - 1]


def _squared_distances(images: np.ndarray, start: int, others: np.ndarray) -> np.ndarray:
    """Returns the squared distances of a block of images to all others."""
    block = images[start : start + BLOCK]
    distances = block @ others.T
    distances *= -2.0
    distances += np.square(block).sum(axis=1)[:, None]
    distances += np.square(others).sum(axis=1)
    return np.maximum(distances, 0.0, out=distances)
