"""Distances between sets of images, from the features that an extractor gives.

Features are arrays `(n, d)`, one row an image. Everything is computed in float64: in float32 the
differences of large sums lose what they measure.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from graftwork.errors import InputError

LARGEST = 1e30  # Larger features overflow in the products of six that the kernel distance sums.
BLOCK = 1024  # Rows of a kernel matrix that are in memory at once.


class KernelDistance(NamedTuple):
    """A kernel distance from subsets.

    Args:
        mean: The mean over the subsets, an unbiased estimate.
        error: The standard error of that mean, for other images of the same two kinds.
        deviation: The standard deviation over the subsets. Papers often print it after ±; it
            depends on the subset size and does not become smaller with more images.
    """

    mean: float
    error: float
    deviation: float


def checked_features(features: np.ndarray, name: str) -> np.ndarray:
    """Returns features as float64.

    Args:
        features: Array `(n, d)`.
        name: What the argument is called in the message.

    Returns:
        float64 array `(n, d)`.

    Raises:
        InputError: If the shape is another one, there is no image or no feature, or a value is
            not finite or too large to compute with.
    """
    array = np.asarray(features, np.float64)
    if array.ndim != 2 or 0 in array.shape:
        raise InputError(
            f"{name} must be an array (images, features) with at least one of each. Received "
            f"shape: {array.shape}."
        )
    wrong = ~(np.abs(array) <= LARGEST).all(axis=1)
    if wrong.any():
        raise InputError(
            f"{name} must be finite and at most {LARGEST:g}. Received: {int(wrong.sum())} of "
            f"{len(array)} images with other values. Look for non-finite pixels or weights: a "
            "generator whose training diverged gives such images."
        )
    return array


def checked_pair(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns two sets of features as float64 and refuses different widths."""
    first, second = checked_features(first, "first"), checked_features(second, "second")
    same_width(first.shape[1], second.shape[1])
    return first, second


def same_width(first: int, second: int) -> None:
    """Refuses feature dimensions that differ."""
    if first != second:
        raise InputError(
            "first and second must have features of the same extractor. Received: "
            f"{first} and {second} dimensions. Extract both anew with one extractor."
        )


@dataclasses.dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """Mean and covariance of features: what the Fréchet distance needs of a set of images.

    Args:
        mean: float64 array `(d,)`.
        covariance: float64 array `(d, d)`, symmetric.
        count: The number of images that they were computed from.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int

    @classmethod
    def of(cls, features: np.ndarray) -> "GaussianStatistics":
        """Computes the statistics of features, with the unbiased covariance.

        Args:
            features: Array `(n, d)` of at least 2 images.

        Raises:
            InputError: If the features cannot be used, or are of fewer than 2 images.
        """
        array = checked_features(features, "features")
        if len(array) < 2:
            raise InputError("a covariance needs at least 2 images. Received: 1. Use more images.")
        mean = array.mean(axis=0)
        centred = array - mean
        return cls(mean, centred.T @ centred / (len(array) - 1), len(array))


def frechet_distance(
    first: np.ndarray | GaussianStatistics,
    second: np.ndarray | GaussianStatistics,
    fewer_images_ok: bool = False,
) -> float:
    """Returns the Fréchet (Inception) Distance of two sets of images.

    Heusel et al. 2017 (arXiv 1706.08500), equation 6: |m₁ − m₂|² + Tr(C₁ + C₂ − 2 (C₁ C₂)^½).

    C₁ C₂ has the eigenvalues of the symmetric C₁^½ C₂ C₁^½, so the trace of its root is the sum
    of their square roots, and these are the singular values of C₂^½ C₁^½. They are computed as
    such: they are real and not negative, and for covariances without full rank half the digits
    are not lost, as they are in the root of an eigenvalue near 0.

    The estimate is biased upwards, by more the fewer the images: compare only distances from
    equal numbers of images.

    Args:
        first: Features `(n, d)` of one set, or their statistics.
        second: Features `(m, d)` of the other, or their statistics.
        fewer_images_ok: Whether sets of at most d images are accepted. Their covariance lacks
            full rank, and the bias may be larger than the distance.

    Returns:
        The distance, at least 0. It is a squared one, in the square of the features' unit.

    Raises:
        InputError: If there are too few images, or the dimensions differ.
    """
    pair = [
        x if isinstance(x, GaussianStatistics) else GaussianStatistics.of(x)
        for x in (first, second)
    ]
    same_width(*(len(each.mean) for each in pair))
    dimensions = len(pair[0].mean)
    fewest = min(each.count for each in pair)
    if fewest <= dimensions and not fewer_images_ok:
        raise InputError(
            f"the Fréchet distance needs more images than the {dimensions} feature dimensions, in "
            f"both sets. Received: {pair[0].count} and {pair[1].count} images. Use at least "
            f"{dimensions + 1} of each, or the kernel distance (KID), which is unbiased for any "
            "number, or pass fewer_images_ok=True for a biased number."
        )
    roots = [_square_root(each.covariance) for each in pair]
    trace = np.linalg.svd(roots[1] @ roots[0], compute_uv=False).sum()
    difference = pair[0].mean - pair[1].mean
    covariances = np.trace(pair[0].covariance) + np.trace(pair[1].covariance)
    # Rounding may take equal sets a little below 0.
    return max(0.0, float(difference @ difference + covariances - 2.0 * trace))


def _square_root(covariance: np.ndarray) -> np.ndarray:
    """Returns the symmetric root; eigenvalues that are 0 but for rounding count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    rounding = len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    roots = np.sqrt(np.where(values > rounding, values, 0.0))
    return (vectors * roots) @ vectors.T


def _kernel_sum(first: np.ndarray, second: np.ndarray, skip_diagonal: bool) -> float:
    """Sums (x·y/d + 1)³ over pairs, without those of an image and itself if so told."""
    total = 0.0
    for start in range(0, len(first), BLOCK):
        kernel = first[start : start + BLOCK] @ second.T
        kernel /= first.shape[1]
        kernel += 1.0
        if skip_diagonal:
            rows = np.arange(len(kernel))
            kernel[rows, start + rows] = 0.0
        total += float(np.vdot(kernel, kernel * kernel))
    return total


def kernel_distance_all(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the unbiased Kernel (Inception) Distance of all images of two sets.

    Bińkowski et al. 2018 (arXiv 1801.01401), section 4 and equation 4: the unbiased estimate of
    the squared maximum mean discrepancy with the kernel (x·y/d + 1)³. Over all pairs of images
    it has the least variance, and it takes memory for a block of rows alone.

    Args:
        first: Features `(n, d)`, n ≥ 2.
        second: Features `(m, d)`, m ≥ 2. Another number of images than n is fine.

    Returns:
        The estimate; below 0 in about half of the cases where both sets are of one kind.

    Raises:
        InputError: If a set has fewer than 2 images, or the dimensions differ.
    """
    first, second = checked_pair(first, second)
    n, m = len(first), len(second)
    if min(n, m) < 2:
        raise InputError(
            "the kernel distance needs at least 2 images in each set. Received: "
            f"{n} and {m}. Use more images."
        )
    return (
        _kernel_sum(first, first, True) / (n * (n - 1))
        + _kernel_sum(second, second, True) / (m * (m - 1))
        - 2.0 * _kernel_sum(first, second, False) / (n * m)
    )


def kernel_distance(
    first: np.ndarray,
    second: np.ndarray,
    subsets: int = 100,
    subset_size: int = 1000,
    rng: np.random.Generator | None = None,
) -> KernelDistance:
    """Returns the mean Kernel (Inception) Distance of random subsets, and its standard error.

    Each subset is drawn from each set without replacement (Bińkowski et al. 2018, section 5).
    Subsets share images, so the deviation by the root of their number would promise an error
    that goes to 0 with more subsets of the same images. The error is that of the delete-d
    jackknife (Shao & Wu 1989, equation 2.3), deviation² · f / (1 − f) with the part f of the
    smaller set that a subset takes, plus deviation² / subsets for the chance of the draws. For
    two sets of one kind it is too large, two- to fourfold at f = 1/4 … 1/3: there the variance
    falls with the square of the number of images.

    Args:
        first: Features `(n, d)`.
        second: Features `(m, d)`.
        subsets: How many subsets are drawn, at least 2.
        subset_size: Images of each set in a subset, at least 2 and at most half of the smaller
            set: of larger ones the deviation says too little.
        rng: Draws the subsets; the same ones every time if None.

    Raises:
        InputError: If subsets or subset size do not fit, or the dimensions differ.
    """
    first, second = checked_pair(first, second)
    if subsets < 2:
        raise InputError(f"subsets must be at least 2. Received: {subsets}.")
    fewest = min(len(first), len(second))
    if not 2 <= subset_size <= fewest // 2:
        raise InputError(
            "subset_size must be at least 2 and at most half of the images of the smaller set "
            f"({fewest}). Received: {subset_size}. Use at least {max(4, 2 * subset_size)} images "
            "of each, or smaller subsets."
        )
    rng = np.random.default_rng(0) if rng is None else rng
    found = np.empty(subsets)
    for number in range(subsets):
        found[number] = kernel_distance_all(
            first[rng.choice(len(first), subset_size, replace=False)],
            second[rng.choice(len(second), subset_size, replace=False)],
        )
    part = subset_size / fewest
    deviation = float(found.std(ddof=1))
    error = deviation * float(np.sqrt(part / (1.0 - part) + 1.0 / subsets))
    return KernelDistance(float(found.mean()), error, deviation)
