"""How well the logits of one attribute tell its two classes apart."""

import numpy as np
import scipy.stats

SCORES = ("auc", "balanced-accuracy", "accuracy")


def attribute_score(name: str, logits: np.ndarray, labels: np.ndarray) -> float:
    """Returns the score of one attribute's predictions.

    Args:
        name: A name of `SCORES`. `"auc"` needs no threshold: shared weights order images
            well long before their logits are centred at zero.
        logits: Float array `(n,)`.
        labels: Integer array `(n,)` of 0, 1 and −1 (missing), which counts nowhere.

    Returns:
        A number in [0, 1], or NaN where a logit is not finite or the known labels are of one
        class only, which no predictions could tell apart.
    """
    positives, negatives = logits[labels == 1], logits[labels == 0]
    known = np.concatenate([positives, negatives])
    if not (len(positives) and len(negatives) and np.isfinite(known).all()):
        return float("nan")
    if name == "auc":
        return area_under_curve(positives, negatives)
    right = (positives > 0).mean(), (negatives <= 0).mean()
    if name == "balanced-accuracy":
        return float(np.mean(right))
    assert name == "accuracy", name
    return float(np.average(right, weights=(len(positives), len(negatives))))


def area_under_curve(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Returns the area under the ROC curve, from the ranks of the logits.

    It is the probability that an image with the attribute has a higher logit than one
    without it, ties counting one half (Hanley & McNeil 1982): the Mann-Whitney U statistic
    divided by the number of pairs.

    Args:
        positives: Finite logits of the images with the attribute, at least one.
        negatives: Those of the images without it, at least one.
    """
    ranks = scipy.stats.rankdata(np.concatenate([positives, negatives]))
    count = len(positives)
    pairs_won = ranks[:count].sum() - count * (count + 1) / 2
    return float(pairs_won / (count * len(negatives)))


def has_both_classes(labels: np.ndarray) -> np.ndarray:
    """Returns which attributes can be scored, bool `(A,)`, by labels `(n, A)`."""
    return (labels == 1).any(axis=0) & (labels == 0).any(axis=0)
