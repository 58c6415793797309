"""Inception Scores, from the probabilities that an extractor gives.

Probabilities are arrays `(n, k)`, one row an image. Everything is computed in float64.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import rel_entr

from gan_nas.metrics import checked_features
from graftwork.errors import InputError

ROUNDING = 0.01  # What a row of probabilities may lack to 1: half precision rounds as coarsely.


class Score(NamedTuple):
    """An Inception Score.

    Args:
        mean: The mean over the splits.
        deviation: The standard deviation over the splits, as papers print it after ±.
    """

    mean: float
    deviation: float


def checked_probabilities(probabilities: np.ndarray, classes: bool) -> np.ndarray:
    """Returns probabilities as float64 in [0, 1].

    Args:
        probabilities: Array `(n, k)`.
        classes: Whether a row is a distribution over k classes; then it is scaled to sum to
            exactly 1. If not, its entries are of k independent attributes.

    Raises:
        InputError: If these are no probabilities.
    """
    array = checked_features(probabilities, "probabilities")
    if array.min() < 0.0 or array.max() > 1.0 + ROUNDING:
        raise InputError(
            f"probabilities must be in 0…1. Received: {array.min():g}…{array.max():g}. Apply a "
            f"{'softmax' if classes else 'sigmoid'} to logits first."
        )
    if not classes:
        return np.minimum(array, 1.0)
    sums = array.sum(axis=1, keepdims=True)
    if np.abs(sums - 1.0).max() > ROUNDING:
        raise InputError(
            f"probabilities must sum to 1 over the classes. Received: sums of {sums.min():g}…"
            f"{sums.max():g}. Apply a softmax first; attributes that are independent of each "
            "other belong into attribute_inception_score."
        )
    return array / sums


def _split_scores(information: np.ndarray) -> Score:
    """Returns exp(information) of each split as mean and deviation."""
    scores = np.exp(information)
    return Score(float(scores.mean()), float(scores.std()))


def _shuffled_splits(
    array: np.ndarray, splits: int, rng: np.random.Generator | None
) -> list[np.ndarray]:
    """Returns near-equal parts of shuffled rows: in their order a part might hold one class."""
    if splits < 1 or len(array) < 2 * splits:
        raise InputError(
            f"splits must be at least 1, with at least 2 images each. Received: {splits} splits "
            f"of {len(array)} images. Use at least {2 * max(splits, 1)} images, or fewer splits."
        )
    rng = np.random.default_rng(0) if rng is None else rng
    return np.array_split(array[rng.permutation(len(array))], splits)


def inception_score(
    probabilities: np.ndarray, splits: int = 10, rng: np.random.Generator | None = None
) -> Score:
    """Returns the Inception Score: exp of the mean of KL(p(y|x) ‖ p(y)) over the images x.

    Salimans et al. 2016 (arXiv 1606.03498), section 4. p(y) is the mean over a split. The score
    is between 1 and the number of classes, and at most the number of images in a split: with
    few images it is biased downwards.

    Args:
        probabilities: Array `(n, classes)` whose rows sum to 1, at least 2 · `splits` of them.
        splits: Into how many parts the shuffled images are split; each has its own score.
        rng: Shuffles the images; in the same way every time if None.

    Raises:
        InputError: If these are no probabilities of classes, or too few.
    """
    parts = _shuffled_splits(checked_probabilities(probabilities, True), splits, rng)
    information = [rel_entr(part, part.mean(axis=0)).sum(axis=1).mean() for part in parts]
    return _split_scores(np.array(information))


def attribute_inception_score(
    probabilities: np.ndarray, splits: int = 10, rng: np.random.Generator | None = None
) -> Score:
    """Returns an Inception Score for extractors with independent binary attributes.

    exp of the mean, over the attributes a, of the mutual information of image and attribute:
    the mean over images x of KL(Bernoulli(p(a|x)) ‖ Bernoulli(p(a))) in nats. It is 1 where no
    attribute varies or none is told with confidence, and 2 where each is certain in every
    image and present in half of them.

    It is **not comparable** to the Inception Score over classes, whose range is another one.
    Why this form: attributes do not exclude each other, so they are no classes of a softmax;
    the joint distribution of A attributes has 2^A outcomes, of which few images say nothing;
    and the sum over attributes would count correlated ones as if each brought news, and grow
    with their number. The mean stays between 1 and 2 for any number.

    Args:
        probabilities: Array `(n, A)` in 0…1, at least 2 · `splits` rows.
        splits: Into how many parts the shuffled images are split; each has its own score.
        rng: Shuffles the images; in the same way every time if None.

    Raises:
        InputError: If these are no probabilities, or too few.
    """
    parts = _shuffled_splits(checked_probabilities(probabilities, False), splits, rng)
    information = []
    for part in parts:
        present = part.mean(axis=0)
        both = rel_entr(part, present) + rel_entr(1.0 - part, 1.0 - present)
        information.append(both.mean())
    return _split_scores(np.array(information))
