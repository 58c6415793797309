"""What the methods of a transfer found, by attribute and seed: numbers, means, intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.statistics import mean_interval

RANDOM, TRANSFERRED = "random", "transferred"
SCRATCH, FINE_TUNED = "from scratch", "fine-tuned"
SEARCHES = (RANDOM, TRANSFERRED, SCRATCH, FINE_TUNED)
RANDOM_ARCHITECTURE, RANDOM_SEARCH = "random architecture", "random search"
NETWORKS = (RANDOM_ARCHITECTURE, RANDOM_SEARCH, TRANSFERRED, SCRATCH, FINE_TUNED)
"""What is trained by itself: the first random architecture stands for the mean one."""
ATTRIBUTE_KEYS = ("final", "area", "expected", "test_score")
CHANCE = 0.5
"""What counts in means for a reward that is not a finite number: a network without sense."""

Table = dict[str, dict[str, dict[int, dict[str, Any]]]]
"""What is known of a method, an attribute and a seed."""


def complete_seeds(events: Sequence[dict[str, Any]]) -> list[int]:
    """Returns the seeds in which all methods have searched: time may have ended in between.

    Whether what they chose was trained as well does not matter here.
    """
    found: dict[int, set[str]] = {}
    for event in events:
        if event["event"] == "searched":
            found.setdefault(event["seed"], set()).add(event["method"])
    return [seed for seed, methods in found.items() if methods.issuperset(SEARCHES)]


def read_table(events: Sequence[dict[str, Any]], seeds: Sequence[int]) -> tuple[Table, int]:
    """Returns what every method found, and after how many evaluations an attribute.

    Where time ended some searches early, curves are compared after as many evaluations as the
    shortest had. What a method draws at its end, chooses and trains is after all of its own:
    `summarised` says which searches were cut short, and how many evaluations each had.

    Args:
        events: The journal.
        seeds: The seeds that count.
    """
    searched = [e for e in events if e["event"] == "searched" and e["seed"] in seeds]
    rewards = [
        row["rewards"] for e in searched if e["method"] != TRANSFERRED for row in e["attributes"]
    ]
    evaluations = min(map(len, rewards), default=0)
    table: Table = {}
    for event in searched:
        for row in event["attributes"]:
            cell = _searched(event, row, evaluations)
            if len(event["attributes"]) < 2:  # No other attribute to draw for.
                cell["shuffled"] = float("nan")
            _cell(table, event["method"], row["attribute"], event["seed"]).update(cell)
    trained = [e for e in events if e["event"] == "trained" and e["seed"] in seeds]
    # Where test images show an attribute in one class only, no network has a score.
    scored = {
        row["attribute"]
        for e in trained
        for row in e["attributes"]
        if row["test_score"] is not None
    }
    for event in trained:
        method = RANDOM if event["method"] == RANDOM_SEARCH else event["method"]
        for row in event["attributes"]:
            cell = _cell(table, method, row["attribute"], event["seed"])
            if row["attribute"] in scored:
                cell["test_score"] = or_chance(row["test_score"])
                cell["missing"] = cell.get("missing", 0) + (row["test_score"] is None)
    return table, evaluations


def _searched(event: dict[str, Any], row: dict[str, Any], evaluations: int) -> dict[str, Any]:
    rewards, drawn = row["rewards"], row.get("drawn", [])
    if event["method"] == TRANSFERRED:  # It evaluates nothing: the same all along.
        curve = np.full(max(evaluations, 1), or_chance(row["score"]))
        counted = [row["score"], *drawn]
    else:
        best = best_so_far(rewards)[:evaluations]
        curve = np.where(np.isfinite(best), best, CHANCE)
        # What random search evaluated is among what it has drawn.
        counted = drawn if drawn and event["method"] == RANDOM else [*rewards, *drawn]
    return {
        "curve": curve,
        "final": float(curve[-1]),
        "area": float(curve.mean()),
        "expected": or_chance(row["expected"]),
        "shuffled": number(row.get("shuffled")),
        "drawn": np.array([or_chance(value) for value in drawn]),
        "evaluations": len(rewards),
        "cut_short": bool(event.get("cut_short", False)),
        "missing": sum(value is None for value in counted),
    }


def _cell(table: Table, method: str, attribute: str, seed: int) -> dict[str, Any]:
    return table.setdefault(method, {}).setdefault(attribute, {}).setdefault(seed, {})


def best_so_far(rewards: Sequence[float | None]) -> np.ndarray:
    """Returns the highest of the first 1, 2, … rewards, `(n,)`; NaN before the first known."""
    return np.fmax.accumulate(np.array([number(reward) for reward in rewards], float))


def number(value: float | None) -> float:
    """Returns a value of the journal, NaN for one that is not known."""
    return float("nan") if value is None else float(value)


def or_chance(value: float | None) -> float:
    """Returns a reward of the journal, chance for one that was not a finite number."""
    return CHANCE if value is None else float(value)


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
    keys = [*ATTRIBUTE_KEYS, *["shuffled"] * (name == TRANSFERRED)]
    rows: list[dict[str, Any]] = [
        {
            "attribute": attribute,
            **{key: over_seeds(attributes[attribute], key, seeds) for key in keys},
        }
        for attribute in names
        if attribute in attributes
    ]
    whole: dict[str, Any] = {"name": name}
    cells = [list(attributes[attribute].values()) for attribute in names if attribute in attributes]
    curves = [
        np.mean([cell["curve"] for cell in listed], axis=0)
        for listed in cells
        if listed and all("curve" in cell for cell in listed)
    ]
    if curves:
        places = np.stack(curves, axis=1)
        whole["curve"] = places.mean(axis=1).tolist()
        whole["curve_interval"] = _intervals(places)
    for key in keys:
        values = [row[key] for row in rows if row[key] is not None]
        whole[key] = mean_of(values)
        if key == "area":
            continue
        span = mean_interval(values)
        whole[f"{key.removesuffix('_score')}_interval"] = list(span) if span else None
    if curves:
        first = attributes[names[0]]
        whole["evaluations"] = [first[seed]["evaluations"] for seed in seeds]
        whole["cut_short"] = [first[seed]["cut_short"] for seed in seeds]
    whole["missing"] = sum(cell.get("missing", 0) for listed in cells for cell in listed)
    return {**whole, "seconds": seconds, "attributes": rows}


def _intervals(places: np.ndarray) -> list[list[float] | None]:
    """Returns the interval of every row; rows that are alike, as of a constant, share one."""
    spans: dict[bytes, list[float] | None] = {}
    found = []
    for values in places:
        key = values.tobytes()
        if key not in spans:
            span = mean_interval(values.tolist())
            spans[key] = list(span) if span else None
        found.append(spans[key])
    return found
