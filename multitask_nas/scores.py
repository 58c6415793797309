"""From counts of right predictions to scores."""

import dataclasses

import numpy as np

SCORES = ("accuracy", "balanced-accuracy")


@dataclasses.dataclass(frozen=True)
class Counts:
    """How often predictions were right, by attribute and true class.

    Args:
        right_positives: Integer array `(…, A)`: images with the attribute that were told so.
        right_negatives: Integer array `(…, A)`: images without it that were told so.
        positives: Integer array `(A,)`: images with the attribute.
        negatives: Integer array `(A,)`: images without it. A missing label counts nowhere.
    """

    right_positives: np.ndarray
    right_negatives: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray

    def score(self, name: str) -> np.ndarray:
        """Returns scores in [0, 1], a float array `(…, A)`.

        Args:
            name: `"accuracy"`, the part of the images that were right, or
                `"balanced-accuracy"`, the mean of that part over the two classes, which
                a constant answer cannot raise above one half. An attribute with one
                class only is scored on that class.
        """
        if name == "accuracy":
            known = np.maximum(self.positives + self.negatives, 1)
            return (self.right_positives + self.right_negatives) / known
        recalls = np.stack(
            [
                self.right_positives / np.maximum(self.positives, 1),
                self.right_negatives / np.maximum(self.negatives, 1),
            ]
        )
        present = np.stack([self.positives > 0, self.negatives > 0]).astype(float)
        weights = present / np.maximum(present.sum(axis=0), 1)
        return np.einsum("c...a,ca->...a", recalls, weights)


def count_classes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many of `labels` `(n, A)` are 1 and how many are 0, by attribute."""
    return (labels == 1).sum(axis=0), (labels == 0).sum(axis=0)
