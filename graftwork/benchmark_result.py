"""From the journal of a benchmark to `result.json` (docs/benchmark.md)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.benchmark import Problem, checkpoints
from graftwork.benchmark_statistics import against_control, compare_ranks, mean_band
from graftwork.run import FORMAT
from graftwork.statistics import mean_interval

CONTROL = "random"
SAME = 1e-9
"""Qualities this close are equal: sums in another order differ by their rounding."""

Event = dict[str, Any]


def summarize(
    names: Sequence[str], seeds: int, budget: int, problem: Problem, events: Sequence[Event]
) -> dict[str, Any]:
    """Returns what `result.json` holds.

    Args:
        names: The strategies.
        seeds: Runs of every strategy.
        budget: Evaluations of a run.
        problem: What was searched.
        events: The journal.
    """
    described = problem.describe()
    best = described["best_quality"]
    trials: dict[str, dict[int, Event]] = {name: {} for name in names}
    failures: dict[tuple[str, int], str] = {}
    for event in events:
        if event["event"] not in ("trial", "failed"):
            continue
        name, seed = event["strategy"], event["seed"]
        if name not in trials or seed >= seeds:
            continue
        if event["event"] == "failed":
            failures[name, seed] = event["reason"]
        else:
            trials[name][seed] = event
            failures.pop((name, seed), None)  # A resumed run tried it again.
    curves = {name: np.array(_curves(rows, budget)) for name, rows in trials.items()}
    final = np.full((seeds, len(names)), np.nan)
    for column, name in enumerate(names):
        if trials[name]:
            final[sorted(trials[name]), column] = curves[name][:, -1]
    return {
        "format": FORMAT,
        "status": "finished" if not failures else "finished, but trials failed",
        "problem": described,
        "budget": budget,
        "seeds": seeds,
        "checkpoints": list(checkpoints(budget)),
        "control": CONTROL if CONTROL in names else None,
        "strategies": [
            _strategy(name, [trials[name][seed] for seed in sorted(trials[name])], curves[name])
            | {"failed": sum(failed == name for failed, _ in failures)}
            | _summary(curves[name], budget, best)
            for name in names
        ],
        "ranks": compare_ranks(names, final),
        "against_control": against_control(names, final, CONTROL),
        "failures": [
            {"strategy": name, "seed": seed, "reason": reason}
            for (name, seed), reason in failures.items()
        ],
    }


def _curves(rows: dict[int, Event], budget: int) -> list[np.ndarray]:
    """Returns the quality of what was preferred after 1…budget evaluations, by seed.

    NaN before the first evaluation that did not fail.
    """
    curves = []
    for seed in sorted(rows):
        curve = np.full(budget, np.nan)
        for evaluations, _, quality in rows[seed]["improvements"]:
            curve[evaluations - 1 :] = quality
        curves.append(curve)
    return curves


def _strategy(name: str, rows: list[Event], curves: np.ndarray) -> dict[str, Any]:
    """Returns what is known of a strategy beside its qualities."""
    evaluations = sum(row["evaluations"] for row in rows)
    seconds = sum(row["own_seconds"] for row in rows)
    return {
        "name": name,
        "trials": len(rows),
        "own_seconds": round(seconds, 3),
        "own_milliseconds_per_evaluation": 1000 * seconds / evaluations if evaluations else None,
        "best": _best(rows),
    }


def _best(rows: list[Event]) -> Any:
    """Returns the architecture with the highest score of all seeds: the quality chooses nothing."""
    found = [
        (row["improvements"][-1][1], row["architecture"]) for row in rows if row["improvements"]
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _summary(curves: np.ndarray, budget: int, best: float) -> dict[str, Any]:
    """Returns statistics of the quality at every checkpoint, and of the regret throughout.

    Args:
        curves: Float array `(seeds, budget)`, NaN where nothing was chosen yet.
        budget: Evaluations of a run.
        best: The highest quality that there is.
    """
    rows = []
    for count in checkpoints(budget):
        values = curves[:, count - 1] if len(curves) else np.array([])
        values = values[~np.isnan(values)]
        some = len(values) > 0
        interval = mean_interval(values.tolist()) if len(values) > 2 else None
        rows.append(
            {
                "evaluations": count,
                "seeds": len(values),
                "mean": float(values.mean()) if some else None,
                "standard_deviation": float(values.std(ddof=1)) if len(values) > 1 else None,
                "median": float(np.median(values)) if some else None,
                "interval": list(interval) if interval else None,
                "regret": max(0.0, float(best - values.mean())) if some else None,
                "at_best": float(np.mean(values >= best - SAME)) if some else None,
            }
        )
    return {"checkpoints": rows, "regret_curve": mean_band(best - curves) if len(curves) else None}
