"""Has the shared training collapsed? AutoGAN's dynamic reset, and the diversity of samples."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Collapse:
    """A sign that the generator no longer learns.

    Args:
        sign: `"discriminator loss"` or `"sample diversity"`.
        found: The figure that was measured.
        limit: The figure that it fell below.
        text: One line for people.
    """

    sign: str
    found: float
    limit: float
    text: str


class CollapseDetector:
    """Watches a training of shared weights for two signs of collapse.

    The first is AutoGAN's (Gong et al. 2019, sec. 3.3): a discriminator that has won, or that
    the generator's mode no longer concerns, has the same loss step after step, so the variance
    of its loss over a window of recent steps falls below a threshold. Then the shared weights
    start over and the controller goes on ("dynamic reset"); window and threshold are by default
    those of the authors' program. The second is direct: the mean distance between two generated
    images as a fraction of that between two real ones.

    Args:
        window: Discriminator steps that the variance is taken over, at least. Nothing is said
            before there are as many.
        variance: Threshold of the variance of the discriminator's loss.
        diversity: Threshold of the fraction of the real images' mean pairwise distance.
    """

    def __init__(self, window: int = 500, variance: float = 1e-3, diversity: float = 0.25) -> None:
        self.window, self.variance, self.diversity = window, variance, diversity
        self._recent: list[tuple[int, float, float]] = []  # Steps, mean and variance.

    def losses(self, steps: int, mean: float, variance: float) -> Collapse | None:
        """Adds the discriminator's losses of some steps and looks at the newest window.

        Args:
            steps: How many discriminator steps.
            mean: The mean of their losses.
            variance: Their variance within these steps.
        """
        self._recent.append((steps, mean, variance))
        while sum(n for n, _, _ in self._recent[1:]) >= self.window:
            del self._recent[0]
        counts, means, variances = np.asarray(self._recent, np.float64).T
        total = counts.sum()
        if total < self.window:
            return None
        # The law of total variance: that within the parts and that of their means.
        centre = counts @ means / total
        found = float(counts @ (variances + (means - centre) ** 2) / total)
        if found >= self.variance:
            return None
        return Collapse(
            "discriminator loss",
            found,
            self.variance,
            f"the variance of the discriminator's loss over {total:.0f} steps is {found:.2g}, "
            f"below {self.variance:.2g}",
        )

    def samples(self, generated: np.ndarray, real: np.ndarray) -> Collapse | None:
        """Compares the diversity of generated images with that of as many real ones.

        Args:
            generated: uint8 array `(n, height, width, channels)`, at least two.
            real: The same of real images; of both the first `min(n, m)` are compared.
        """
        found = relative_diversity(generated, real)
        if found >= self.diversity:
            return None
        count = min(len(generated), len(real))
        return Collapse(
            "sample diversity",
            found,
            self.diversity,
            f"{count} generated images differ {found:.2g} times as much from each other as real "
            f"ones, below {self.diversity:.2g}",
        )

    def start_over(self) -> None:
        """Forgets the losses, as when the shared weights start over."""
        self._recent.clear()

    def state(self) -> dict[str, Any]:
        """Returns what was seen, as JSON."""
        return {"recent": [list(part) for part in self._recent]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state()` returned."""
        self._recent = [(int(n), float(mean), float(v)) for n, mean, v in state["recent"]]


def relative_diversity(generated: np.ndarray, real: np.ndarray) -> float:
    """Returns the mean pairwise distance of generated images by that of as many real ones.

    Args:
        generated: Array `(n, height, width, channels)`, at least two.
        real: Array `(m, height, width, channels)`, at least two.
    """
    count = min(len(generated), len(real))
    between_real = mean_pairwise_distance(real[:count])
    return mean_pairwise_distance(generated[:count]) / max(between_real, 1e-12)


def mean_pairwise_distance(images: np.ndarray) -> float:
    """Returns the mean Euclidean distance of the pixels of two different images.

    Args:
        images: Array `(n, …)`, n at least 2.
    """
    flat = images.reshape(len(images), -1).astype(np.float64)
    flat -= flat.mean(axis=0)  # Equal images cancel exactly.
    squares = np.einsum("ij,ij->i", flat, flat)
    distances = squares[:, None] + squares[None] - 2 * flat @ flat.T
    upper = np.triu_indices(len(images), k=1)
    return float(np.sqrt(np.maximum(distances[upper], 0)).mean())
