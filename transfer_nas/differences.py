"""Differences of two methods of a transfer, inside attributes and seeds, and their tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.statistics import PairedDifference, paired_difference
from transfer_nas.method_table import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    Table,
    number,
)

Numbers = tuple[str, str]
"""A method, and the name of its number."""
PAIRS: dict[str, tuple[Numbers, Numbers]] = {
    "transferred": ((TRANSFERRED, "expected"), (RANDOM, "expected")),
    "guidance": ((TRANSFERRED, "expected"), (TRANSFERRED, "shuffled")),
    "mode": ((TRANSFERRED, "final"), (RANDOM, "expected")),
    "fine_tuned": ((FINE_TUNED, "final"), (SCRATCH, "final")),
    "area": ((FINE_TUNED, "area"), (SCRATCH, "area")),
    "scratch_random": ((SCRATCH, "final"), (RANDOM, "final")),
    "fine_tuned_random": ((FINE_TUNED, "final"), (RANDOM, "final")),
    "test": ((TRANSFERRED, "test_score"), (RANDOM_ARCHITECTURE, "test_score")),
    "fine_tuned_test": ((FINE_TUNED, "test_score"), (SCRATCH, "test_score")),
}
"""What is compared, by its key in `comparison` of a result."""
DECIMALS = 12


def differences(
    table: Table, names: Sequence[str], seeds: Sequence[int], first: Numbers, second: Numbers
) -> np.ndarray:
    """Returns first − second inside every attribute and seed, float `(attributes, seeds)`.

    Seeds have shared weights of their own: what only one of the two methods has in a seed is
    compared with nothing, NaN.
    """

    def values(of: Numbers) -> np.ndarray:
        rows = [table.get(of[0], {}).get(name, {}) for name in names]
        found = [[number(row.get(seed, {}).get(of[1])) for seed in seeds] for row in rows]
        return np.array(found, float).reshape(len(names), len(seeds))

    return values(first) - values(second)


def compared(values: np.ndarray) -> dict[str, Any] | None:
    """Tests differences over attributes and over seeds.

    The attributes of one seed share its weights, so that an interval over attributes says
    nothing of another seed: that is what the interval over the means of the seeds is for.

    Args:
        values: Differences `(attributes, seeds)`, NaN where there is none.

    Returns:
        The mean over attributes (each the mean over its seeds), the interval and p-value of a
        paired t-test over them, how many there are, the means of the seeds and the same test
        over these; None without any difference.
    """
    known = values[np.isfinite(values).any(axis=1)]
    if not known.size:
        return None
    rows = np.nanmean(known, axis=1)
    by_seed = [
        float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else None
        for column in known.T
    ]
    means = [mean for mean in by_seed if mean is not None]
    test, seed_test = tested(rows), tested(means)
    return {
        "mean": float(rows.mean()),
        "interval": list(test.interval) if test else None,
        "p_value": test.p_value if test else None,
        "attributes": len(rows),
        "by_seed": by_seed,
        "seed_interval": list(seed_test.interval) if seed_test else None,
        "seed_p_value": seed_test.p_value if seed_test else None,
    }


def tested(values: Sequence[float] | np.ndarray) -> PairedDifference | None:
    """Returns the t-test of differences, None for fewer than 3 and where all are the same.

    They are rounded first: what differs in its last bits alone would look very certain.
    """
    return paired_difference(np.round(values, DECIMALS).tolist(), [0.0] * len(values))


def matched(
    table: Table, names: Sequence[str], seeds: Sequence[int], method: str, evaluations: int
) -> dict[str, Any]:
    """Says when a method is as good as the strategy from scratch at its end.

    Args:
        table: What is known.
        names: The attributes.
        seeds: The seeds that count.
        method: The method.
        evaluations: The length of the curves.

    Returns:
        `evaluations`: the first number of evaluations an attribute after which the method's
        mean curve reaches the final mean of the strategy from scratch, None where it never does;
        `of`: how many there were; `by_seed`: the same number in every seed, by the curves of
        that seed; `interval`: Student's interval of their mean, None for fewer than three seeds
        and where a seed has no number, as it then is only known to be above `of`.
    """

    def curve(of: str, some: Sequence[int]) -> np.ndarray:
        return np.mean([table[of][name][seed]["curve"] for name in names for seed in some], axis=0)

    def first(some: Sequence[int]) -> int | None:
        reached = np.flatnonzero(curve(method, some) >= curve(SCRATCH, some)[-1])
        return int(reached[0]) + 1 if len(reached) else None

    by_seed = [first([seed]) for seed in seeds]
    known = [place for place in by_seed if place is not None]
    test = tested(known) if len(known) == len(seeds) else None
    return {
        "evaluations": first(seeds) if seeds else None,
        "of": evaluations,
        "by_seed": by_seed,
        "interval": np.clip(test.interval, 1, evaluations).tolist() if test else None,
    }
