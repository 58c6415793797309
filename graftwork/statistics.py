"""Intervals and tests for comparisons, from SciPy."""

import dataclasses
import warnings
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 9_999
FEWEST = 3
"""Fewer values have no interval."""
BOOTSTRAP = 10
"""Of fewer values a bootstrap interval is too narrow: of three it is about their range."""


def mean(values: Sequence[float]) -> float:
    """Returns the mean as a Python float."""
    return float(np.mean(values))


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Returns the 95 % interval of a mean, or None for fewer than 3 values.

    From 10 values on the percentile bootstrap; below that, Student's t.
    """
    return _interval(tuple(values)) if len(values) >= FEWEST else None


@lru_cache(maxsize=2048)
def _interval(values: tuple[float, ...]) -> tuple[float, float]:
    array = np.asarray(values, float)
    if np.ptp(array) == 0:
        return float(array[0]), float(array[0])
    if len(array) < BOOTSTRAP:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(array) - 1) * stats.sem(array))
        return float(array.mean()) - half, float(array.mean()) + half
    tails = [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]
    low, high = np.percentile(_resamples(len(array)) @ array, tails)
    return float(low), float(high)


@lru_cache(maxsize=2)
def _resamples(count: int) -> np.ndarray:
    """Returns how often each of `count` values is drawn in a resample, as a part of all.

    Array `(resamples, count)`: a bootstrap of any values of this number is one product, so
    that hundreds of methods take no longer than a few.
    """
    rng = np.random.default_rng(0)
    return rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """The mean difference of pairs, with a paired t-test.

    Args:
        mean: The mean of first − second.
        interval: Its 95 % interval, from Student's t distribution.
        p_value: Of no difference, two-sided.
    """

    mean: float
    interval: tuple[float, float]
    p_value: float

    @property
    def p_text(self) -> str:
        """The p-value as a text, such as `p = 0.012` or `p < 0.001`."""
        return "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"


def paired_difference(first: Sequence[float], second: Sequence[float]) -> PairedDifference | None:
    """Compares pairs; None for fewer than 3, or where all differences are the same.

    Student's interval is as wide as it must be for few pairs, unlike a bootstrap's.
    """
    differences = np.subtract(first, second)
    if len(differences) < 3 or np.ptp(differences) == 0:
        return None
    test = stats.ttest_1samp(differences, 0.0)
    low, high = test.confidence_interval(CONFIDENCE)
    return PairedDifference(
        float(differences.mean()), (float(low), float(high)), float(test.pvalue)
    )


@dataclasses.dataclass(frozen=True)
class Correlation:
    """Kendall's τ between two scores of the same things.

    Args:
        tau: The mean over the groups, or None where no group defines it.
        p_value: Of no correlation, two-sided, the groups combined by Stouffer's method.
        pairs: How many things were scored, in all groups.
    """

    tau: float | None
    p_value: float | None
    pairs: int


def grouped_kendall(groups: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Correlation:
    """Correlates two scores inside groups whose scores are not comparable across them.

    Args:
        groups: For every group the first and the second scores.
    """
    taus, p_values, pairs = [], [], 0
    for first, second in groups:
        if len(first) < 3:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # A constant score has no rank correlation.
            result = stats.kendalltau(first, second, alternative="greater")
            less = stats.kendalltau(first, second, alternative="less").pvalue
        if np.isfinite(result.statistic):
            taus.append(float(result.statistic))
            # One-sided mid-p, so that groups of opposite sign cancel.
            p_values.append((float(result.pvalue) + 1 - float(less)) / 2)
            pairs += len(first)
    if not taus:
        return Correlation(None, None, 0)
    # A p-value of exactly 0 or 1 has no finite normal score.
    clipped = np.clip(p_values, 1e-12, 1 - 1e-12)
    above = float(stats.combine_pvalues(clipped, method="stouffer").pvalue)
    p_value = 2 * min(above, 1 - above)
    return Correlation(float(np.mean(taus)), p_value, pairs)
