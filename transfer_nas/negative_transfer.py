"""Attributes that a transferred strategy hurts, told from those that chance put lower."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from graftwork.benchmark_statistics import SIGNIFICANCE, holm
from transfer_nas.differences import PAIRS, differences, tested
from transfer_nas.method_table import RANDOM, TRANSFERRED, Table

OVER_SEEDS, OVER_DRAWS = "paired t-test over seeds", "Welch's t-test over single draws"
FEWEST = 3
"""With fewer seeds the single draws are tested, which says nothing of other seeds."""


def negative_transfer(table: Table, names: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    """Tests for every attribute whether the transferred strategy draws worse than chance.

    The sign of a difference alone is that of noise for half of all attributes where transfer
    does nothing. The p-values of all attributes are corrected together by Holm's method.

    Args:
        table: What is known.
        names: The attributes.
        seeds: The seeds that count.

    Returns:
        `negative_transfer`: the attributes for which the test shows it; `lower_by_chance`: the
        others that are lower; `negative_transfer_test`: the name of the `test`, None where there
        is too little for one, and the corrected `p_values` by attribute, of either sign.
    """
    values = differences(table, names, seeds, *PAIRS["transferred"])
    test, p_values = None, {}
    for name, row in zip(names, values, strict=True):
        if len(seeds) >= FEWEST:
            found = tested(row[np.isfinite(row)])
            p_value, test = found.p_value if found else None, OVER_SEEDS
        else:
            p_value = welch(table, name, seeds)
            test = OVER_DRAWS if p_value is not None else test
        if p_value is not None:
            p_values[name] = p_value
    corrected = holm(p_values)
    means = {
        name: float(np.nanmean(row))
        for name, row in zip(names, values, strict=True)
        if np.isfinite(row).any()
    }
    lower = [name for name, mean in means.items() if mean < 0]
    shown = [name for name in lower if corrected.get(name, 1.0) < SIGNIFICANCE]
    return {
        "negative_transfer": shown,
        "lower_by_chance": [name for name in lower if name not in shown],
        "negative_transfer_test": {
            "test": test,
            "p_values": {name: corrected[name] for name in names if name in corrected},
        },
    }


def welch(table: Table, name: str, seeds: Sequence[int]) -> float | None:
    """Returns the p-value of Welch's test of the draws for an attribute against random ones.

    Rewards of every seed are taken less the mean of that seed's random draws: seeds differ in
    their shared weights, and may have unlike numbers of draws.

    Args:
        table: What is known.
        name: The attribute.
        seeds: The seeds.
    """
    mine, others = [], []
    for seed in seeds:
        ours, random = (
            table.get(method, {}).get(name, {}).get(seed, {}).get("drawn", ())
            for method in (TRANSFERRED, RANDOM)
        )
        if len(ours) and len(random):
            mine.append(np.asarray(ours) - np.mean(random))
            others.append(np.asarray(random) - np.mean(random))
    if not mine:
        return None
    first, second = np.concatenate(mine), np.concatenate(others)
    if min(len(first), len(second)) < 2 or np.ptp(first) == np.ptp(second) == 0:
        return None
    return float(stats.ttest_ind(first, second, equal_var=False).pvalue)
