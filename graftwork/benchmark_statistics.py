"""Comparisons of many strategies over many seeds.

J. Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006, with
seeds in the place of data sets.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from graftwork.statistics import BOOTSTRAP, CONFIDENCE, paired_difference

SIGNIFICANCE = 0.05
FEWEST = 3
"""Fewer seeds, or strategies, are not compared."""
RESAMPLES = 2_000


def compare_ranks(names: Sequence[str], values: np.ndarray) -> dict[str, Any] | None:
    """Ranks all strategies, by Friedman's test and Nemenyi's critical difference.

    In every seed the strategies have ranks 1…k, the best first, equal ones their mean. With
    the mean ranks R over N seeds, Friedman's test says whether all are alike, and two of them
    differ by more than chance where their R do by more than

        CD = q_α(k, ∞) / √2 · √(k (k + 1) / (6 N)),    q_α of the studentized range, α = 0.05.

    Args:
        names: The k strategies.
        values: Float array `(seeds, k)`, higher is better, NaN where there is none. Only
            strategies with a value in some seed, and seeds with a value of each of them, are
            compared.

    Returns:
        `seeds`, `names` and `mean_ranks` (the best first), `friedman_p`, None where all values
        are the same, and `critical_difference`; None for fewer than three strategies or seeds.
    """
    there = ~np.isnan(values).all(axis=0)
    values = values[:, there]
    values = values[~np.isnan(values).any(axis=1)]
    seeds, count = values.shape
    if count < FEWEST or seeds < FEWEST:
        return None
    ranks = stats.rankdata(-values.round(9), axis=1).mean(axis=0)
    alike = np.ptp(values.round(9), axis=1).max() == 0
    p = None if alike else float(stats.friedmanchisquare(*values.round(9).T).pvalue)
    q = float(stats.studentized_range.ppf(1 - SIGNIFICANCE, count, np.inf))
    order = np.argsort(ranks, kind="stable")
    kept = [name for name, is_there in zip(names, there, strict=True) if is_there]
    return {
        "seeds": seeds,
        "names": [kept[i] for i in order],
        "mean_ranks": [float(ranks[i]) for i in order],
        "friedman_p": p,
        "critical_difference": q / math.sqrt(2) * math.sqrt(count * (count + 1) / (6 * seeds)),
    }


def against_control(
    names: Sequence[str], values: np.ndarray, control: str
) -> dict[str, dict[str, Any]]:
    """Compares every strategy with the control, paired by seed.

    The interval is Student's, of the mean difference; the p-values of the paired t-tests are
    adjusted by Holm's step-down method (1979), so that the chance of any false claim among
    them stays at 5 %.

    Args:
        names: The k strategies.
        values: Float array `(seeds, k)`, NaN where there is none.
        control: The strategy to compare with.

    Returns:
        By strategy, `seeds`, `difference` (strategy − control), `interval` and `p_value`, which
        are None where there are fewer than three seeds or all differences are equal. Nothing
        without the control.
    """
    if control not in names:
        return {}
    reference = values[:, list(names).index(control)]
    rows: dict[str, dict[str, Any]] = {}
    for name, column in zip(names, values.T, strict=True):
        both = ~np.isnan(column) & ~np.isnan(reference)
        if name == control or not both.any():
            continue
        paired = paired_difference(column[both].tolist(), reference[both].tolist())
        rows[name] = {
            "seeds": int(both.sum()),
            "difference": float((column - reference)[both].mean()),
            "interval": list(paired.interval) if paired else None,
            "p_value": paired.p_value if paired else None,
        }
    tested = {name: row["p_value"] for name, row in rows.items() if row["p_value"] is not None}
    for name, adjusted in holm(tested).items():
        rows[name]["p_value"] = adjusted
    return rows


def holm(p_values: dict[str, float]) -> dict[str, float]:
    """Adjusts p-values for their number: p'_(i) = max over j ≤ i of min(1, (m − j + 1) p_(j))."""
    adjusted, highest = {}, 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p))
        adjusted[name] = highest
    return adjusted


def mean_band(curves: np.ndarray) -> dict[str, list[float | None]]:
    """Returns the mean of curves with its 95 % band, as `graftwork.statistics.mean_interval`.

    Args:
        curves: Float array `(seeds, length)`; NaN where a curve has no value yet.

    Returns:
        `mean`, `low` and `high`, one number a place; `mean` is None where any curve has no
        value, the others also for fewer than three curves.
    """
    seeds, length = curves.shape
    band = np.full((3, length), np.nan)
    band[0] = curves.mean(axis=0)
    if FEWEST <= seeds < BOOTSTRAP:
        half = stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1) * stats.sem(curves, axis=0)
        band[1:] = band[0] - half, band[0] + half
    elif seeds >= BOOTSTRAP:
        rng = np.random.default_rng(0)
        drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
        band[1:] = np.percentile(drawn @ curves, [2.5, 97.5], axis=0)
    whole = [[None if math.isnan(v) else round(v, 5) for v in row] for row in band.tolist()]
    return dict(zip(("mean", "low", "high"), whole, strict=True))
