"""The score of datasets whose official evaluation counts groups of attributes as one label."""

from collections.abc import Mapping, Sequence

import numpy as np

from datasets.dataset import MISSING
from graftwork.errors import InputError


def official_score(
    probabilities: np.ndarray,
    labels: np.ndarray,
    attributes: Sequence[str],
    merged: Mapping[str, Sequence[str]],
) -> float:
    """Computes the mean accuracy over labels, where a group of attributes is one label.

    Of a group, the member with the highest probability is predicted, and it is right if its
    own label is 1. A row where no member of the group is 1 is wrong whatever is predicted, as in
    `evaluate_market_attribute.m` of Market-1501, which divides by all images and counts a
    colour as right only where that colour is labelled. An attribute outside of all groups, or
    alone in one, is predicted where its probability is above 0.5.

    Missing labels count nowhere: an attribute is judged on the rows where it is known, and
    a group on those where all of its members are, so that the rows do not depend on the
    prediction. A label without such a row is left out of the mean. What is NaN is wrong.

    Args:
        probabilities: `(n, A)` float in [0, 1].
        labels: `(n, A)` int in {0, 1, −1 missing}.
        attributes: The A names of the columns.
        merged: The names of each group's members, by the group's name; groups share none.

    Returns:
        The mean accuracy in [0, 1]; NaN if no label is known at all.

    Raises:
        InputError: If shapes or names do not fit together.
    """
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    accuracies = []
    for members in _columns(probabilities, labels, attributes, merged):
        known = (labels[:, members] != MISSING).all(axis=1)
        if not known.any():
            continue
        told, truth = probabilities[known][:, members], labels[known][:, members]
        if len(members) > 1:
            best = np.argmax(told, axis=1)
            right = np.take_along_axis(truth, best[:, None], axis=1)[:, 0] == 1
        else:
            right = (told[:, 0] > 0.5) == (truth[:, 0] == 1)
        accuracies.append(float((right & ~np.isnan(told).any(axis=1)).mean()))
    return float(np.mean(accuracies)) if accuracies else float("nan")


def _columns(
    probabilities: np.ndarray,
    labels: np.ndarray,
    attributes: Sequence[str],
    merged: Mapping[str, Sequence[str]],
) -> list[list[int]]:
    """Returns the columns of every label: one for an attribute, several for a group."""
    expected = (len(labels), len(attributes))
    for what, array in (("labels", labels), ("probabilities", probabilities)):
        if array.shape != expected:
            raise InputError(f"{what} must have the shape {expected}. Received: {array.shape}.")
    left = {name: column for column, name in enumerate(attributes)}
    groups = []
    for group, members in merged.items():
        for name in members:
            if name not in left:
                raise InputError(
                    f"the group {group!r} holds {name!r}, which is no attribute here, or one of "
                    "another group as well."
                )
        groups.append([left.pop(name) for name in members])
    return [columns for columns in groups if columns] + [[column] for column in left.values()]
