"""Intervals and tests for comparisons, from SciPy."""

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 9_999


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Returns the 95 % bootstrap interval of a mean, or None for fewer than 3 values."""
    if len(values) < 3:
        return None
    return _interval((np.asarray(values, float),), lambda a, axis: a.mean(axis=axis))


def difference_interval(
    first: Sequence[float], second: Sequence[float]
) -> tuple[float, float] | None:
    """Returns the 95 % bootstrap interval of mean(first) − mean(second).

    Both samples are resampled. None where one of them has fewer than 3 values.
    """
    if min(len(first), len(second)) < 3:
        return None
    return _interval(
        (np.asarray(first, float), np.asarray(second, float)),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
    )


def _interval(samples: tuple[np.ndarray, ...], statistic: object) -> tuple[float, float]:
    result = stats.bootstrap(
        samples,
        statistic,
        vectorized=True,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = result.confidence_interval
    return float(low), float(high)


def paired_p_value(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Returns the p-value of a two-sided paired t-test, or None for fewer than 3 pairs."""
    if len(first) < 3 or np.ptp(np.subtract(first, second)) == 0:
        return None
    return float(stats.ttest_rel(first, second).pvalue)


@dataclasses.dataclass(frozen=True)
class Correlation:
    """Kendall's τ between two scores of the same things.

    Args:
        tau: The mean over the groups, or None where no group defines it.
        p_value: Of no correlation, the groups combined by Stouffer's method.
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
            result = stats.kendalltau(first, second)
        if np.isfinite(result.statistic):
            taus.append(float(result.statistic))
            p_values.append(float(result.pvalue))
            pairs += len(first)
    if not taus:
        return Correlation(None, None, 0)
    p_value = p_values[0]
    if len(p_values) > 1:
        # A p-value of exactly 0 or 1 has no finite normal score.
        clipped = np.clip(p_values, 1e-12, 1 - 1e-12)
        p_value = float(stats.combine_pvalues(clipped, method="stouffer").pvalue)
    return Correlation(float(np.mean(taus)), p_value, pairs)
