"""What the methods of a transfer found, by attribute and seed: means, intervals, differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.statistics import mean_interval, paired_difference

RANDOM, TRANSFERRED = "random", "transferred"
SCRATCH, FINE_TUNED = "from scratch", "fine-tuned"
RANDOM_ARCHITECTURE, RANDOM_SEARCH = "random architecture", "random search"
NETWORKS = (RANDOM_ARCHITECTURE, RANDOM_SEARCH, TRANSFERRED, SCRATCH, FINE_TUNED)
"""What is trained by itself: the first random architecture stands for the mean one."""
ATTRIBUTE_KEYS = ("final", "area", "expected", "test_score")

Table = dict[str, dict[str, dict[int, dict[str, Any]]]]
"""What is known of a method, an attribute and a seed."""


def read_table(events: Sequence[dict[str, Any]]) -> tuple[Table, int]:
    """Returns what every method found, and after how many evaluations an attribute.

    Where time ended some searches early, all are compared after as many evaluations as the
    shortest had.
    """
    searched = [event for event in events if event["event"] == "searched"]
    lengths = [
        len(row["rewards"])
        for event in searched
        if event["method"] != TRANSFERRED
        for row in event["attributes"]
    ]
    evaluations = min(lengths)
    table: Table = {}
    for event in searched:
        for row in event["attributes"]:
            if event["method"] == TRANSFERRED:  # It evaluates nothing: the same all along.
                curve = np.full(evaluations, number(row["score"]))
            else:
                curve = best_so_far(row["rewards"])[:evaluations]
            known = curve[np.isfinite(curve)]
            _cell(table, event["method"], row["attribute"], event["seed"]).update(
                curve=curve,
                final=float(curve[-1]),
                area=float(known.mean()) if len(known) else float("nan"),
                expected=number(row["expected"]),
            )
    for event in events:
        if event["event"] != "trained":
            continue
        method = RANDOM if event["method"] == RANDOM_SEARCH else event["method"]
        for row in event["attributes"]:
            cell = _cell(table, method, row["attribute"], event["seed"])
            cell["test_score"] = number(row["test_score"])
    return table, evaluations


def _cell(table: Table, method: str, attribute: str, seed: int) -> dict[str, Any]:
    return table.setdefault(method, {}).setdefault(attribute, {}).setdefault(seed, {})


def best_so_far(rewards: Sequence[float | None]) -> np.ndarray:
    """Returns the highest of the first 1, 2, … rewards, `(n,)`; NaN before the first known."""
    return np.fmax.accumulate(np.array([number(reward) for reward in rewards], float))


def number(value: float | None) -> float:
    """Returns a value of the journal, NaN for one that is not known."""
    return float("nan") if value is None else float(value)


def mean_of(values: Sequence[float | None]) -> float | None:
    """Returns the mean of what is known, or None."""
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None


def over_seeds(rows: dict[int, dict[str, Any]], key: str, seeds: Sequence[int]) -> float | None:
    """Returns the mean over seeds of one number of an attribute, or None."""
    return mean_of([rows[seed].get(key) for seed in seeds if seed in rows])


def summarised(
    name: str,
    attributes: dict[str, dict[int, dict[str, Any]]],
    names: Sequence[str],
    seeds: Sequence[int],
    seconds: float | None,
) -> dict[str, Any]:
    """Returns what `result.json` says of a method.

    Means are over attributes, each of which is the mean over seeds; intervals over attributes.
    """
    rows: list[dict[str, Any]] = [
        {
            "attribute": attribute,
            **{key: over_seeds(attributes[attribute], key, seeds) for key in ATTRIBUTE_KEYS},
        }
        for attribute in names
        if attribute in attributes
    ]
    whole: dict[str, Any] = {"name": name}
    curves = [
        np.stack([row[seed]["curve"] for seed in seeds if "curve" in row.get(seed, {})])
        for row in (attributes[attribute] for attribute in names if attribute in attributes)
        if any("curve" in row.get(seed, {}) for seed in seeds)
    ]
    if curves:
        places = np.stack([_column_means(curve) for curve in curves]).T
        whole["curve"] = [mean_of(place) for place in places]
        whole["curve_interval"] = _intervals(places)
    for key in ATTRIBUTE_KEYS:
        values = [row[key] for row in rows if row[key] is not None]
        whole[key] = mean_of(values)
        if key == "area":
            continue
        span = mean_interval(values)
        whole[f"{key.removesuffix('_score')}_interval"] = list(span) if span else None
    return {**whole, "seconds": seconds, "attributes": rows}


def _column_means(curves: np.ndarray) -> np.ndarray:
    known = np.isfinite(curves)
    sums = np.where(known, curves, 0.0).sum(axis=0)
    counts = known.sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _intervals(places: np.ndarray) -> list[list[float] | None]:
    """Returns the interval of every row; rows that are alike, as of a constant, share one."""
    spans: dict[bytes, list[float] | None] = {}
    found = []
    for values in places:
        key = values.tobytes()
        if key not in spans:
            span = mean_interval(values[np.isfinite(values)].tolist())
            spans[key] = list(span) if span else None
        found.append(spans[key])
    return found


def pair_of(
    table: Table,
    names: Sequence[str],
    seeds: Sequence[int],
    first: tuple[str, str],
    second: tuple[str, str],
) -> dict[str, Any] | None:
    """Compares a number of one method with one of another, attribute by attribute.

    Args:
        table: What is known.
        names: The attributes.
        seeds: The seeds that count.
        first: A method and the name of its number.
        second: The other method and the name of its number.

    Returns:
        The mean of first − second over attributes, with its interval, p-value and the same mean
        for every seed; None where nothing was measured.
    """

    def values(of: Sequence[int]) -> tuple[list[float], list[float]]:
        mine, others = [], []
        for name in names:
            one = over_seeds(table.get(first[0], {}).get(name, {}), first[1], of)
            other = over_seeds(table.get(second[0], {}).get(name, {}), second[1], of)
            if one is not None and other is not None:
                mine.append(one)
                others.append(other)
        return mine, others

    mine, others = values(seeds)
    by_seed = []
    for seed in seeds:
        one, other = values([seed])
        by_seed.append(mean_of(list(np.subtract(one, other))))
    return compared(mine, others, by_seed) if mine else None


def compared(
    first: Sequence[float], second: Sequence[float], by_seed: Sequence[float | None]
) -> dict[str, Any] | None:
    """Returns a paired difference over attributes as JSON, None where there are none."""
    if not first:
        return None
    test = paired_difference(first, second)
    return {
        "mean": float(np.subtract(first, second).mean()),
        "interval": list(test.interval) if test else None,
        "p_value": test.p_value if test else None,
        "attributes": len(first),
        "by_seed": list(by_seed),
    }
