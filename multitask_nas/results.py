"""From the journal of a search to `result.json` (docs/run-folder.md)."""

from typing import Any

import numpy as np

from datasets import Dataset
from datasets.identity import describe
from graftwork.failures import failed_networks
from graftwork.journal import by_method
from graftwork.limit_words import with_limits
from graftwork.run import FORMAT
from graftwork.statistics import (
    PairedDifference,
    grouped_kendall,
    mean,
    mean_interval,
    paired_difference,
)
from multitask_nas.baselines import base_errors
from multitask_nas.comparison import FINAL, RANDOM
from multitask_nas.config import TreeSearch
from multitask_nas.tree import TreeSpace

Event = dict[str, Any]


def summarize(
    config: TreeSearch, space: TreeSpace, dataset: Dataset, events: list[Event], status: str
) -> dict[str, Any]:
    """Returns what `result.json` holds.

    Args:
        config: What was asked for.
        space: The trees.
        dataset: The data.
        events: The journal.
        status: `"finished"`, or why the run ended before its end.
    """
    searches = [event for event in events if event["event"] == "searched"]
    # `graftwork trees train` adds final trees, which are no part of the comparison.
    trainings = [e for e in events if e["event"] == "trained" and e["kind"] != FINAL]
    first = searches[0]
    # The solver is exact to 1e-6: a found tree may be above its optimum by as much.
    regrets = [
        max(0.0, s["exact_score"] - s["score"]) for s in searches if s["exact_score"] is not None
    ]
    search_seconds = mean([s["training_seconds"] + s["evaluation_seconds"] for s in searches])
    training_seconds = mean([t["training_seconds"] for t in trainings if t["kind"] == "searched"])
    result = {
        "format": FORMAT,
        "command": "trees search",
        "status": status,
        "dataset": describe(dataset),
        "attributes": list(dataset.attributes),
        "base_errors": base_errors(dataset, config.score),
        "score": config.score.replace("-", " "),
        "strategy": config.strategy,
        "seeds": [search["seed"] for search in searches],
        "blocks": list(config.blocks),
        "channels": config.channels,
        "space_size": str(space.size),
        "architecture": first["architecture"],
        "shared_score": first["score"],
        "exact": {
            "architecture": first["exact_architecture"],
            "score": first["exact_score"],
            "gap": first["exact_gap"],
        }
        if first["exact_score"] is not None
        else None,
        "exact_reason": None if first["exact_score"] is not None else no_exact(config, space),
        "regret": 100 * mean(regrets) if regrets else None,
        **correlation(searches, trainings),
        "search_cost_ratio": search_seconds / training_seconds,
        "search_seconds": search_seconds,
        "training_seconds": training_seconds,
        "failed": failed_networks(events),
        "methods": [method_row(rows, config.score) for rows in by_method(trainings).values()],
        "comparison": compare_with_random(trainings),
    }
    return with_limits(result, config)


def no_exact(config: TreeSearch, space: TreeSpace) -> str:
    """Says why there is no exact optimum."""
    if config.max_latency_ms is not None:
        return (
            "a measured latency is no sum over blocks, and the integer program knows sums alone; "
            "leave --max-latency-ms out to see it"
        )
    return no_path_scores(space)


def no_path_scores(space: TreeSpace) -> str:
    """Says why not every path has a score."""
    return (
        f"the {space.paths:,} paths of these blocks do not fit into memory at once; "
        "the greedy search evaluated its candidates one by one"
    )


def method_row(rows: list[Event], score: str) -> dict[str, Any]:
    """Returns one row of the comparison: means over a method's trainings.

    Args:
        rows: Their journal entries.
        score: The name of the score whose errors they hold.
    """
    latencies = [row["latency_ms"] for row in rows if row["latency_ms"] is not None]
    official = [row["official_error"] for row in rows if row.get("official_error") is not None]
    interval = mean_interval([row["test_error"] for row in rows])
    return {
        "name": rows[0]["method"],
        "kind": rows[0]["kind"],
        "score": score.replace("-", " "),
        "seeds": sorted({row["seed"] for row in rows}),
        "trainings": len(rows),
        "validation_error": mean([row["validation_error"] for row in rows]),
        "test_error": mean([row["test_error"] for row in rows]),
        "test_error_interval": list(interval) if interval else None,
        "official_error": mean(official) if official else None,
        "parameters": mean([row["parameters"] for row in rows]),
        "flops": mean([row["flops"] for row in rows]),
        "channels": rows[0]["channels"],
        "latency_ms": mean(latencies) if latencies else None,
        "seconds": sum(row["training_seconds"] for row in rows),
        "attribute_errors": np.mean([row["attribute_errors"] for row in rows], axis=0).tolist(),
    }


def correlation(searches: list[Event], trainings: list[Event]) -> dict[str, Any]:
    """Returns Kendall's τ of shared-weight and stand-alone validation scores.

    Scores under the shared weights of different seeds are not comparable: τ is taken seed
    by seed and averaged, over all trained trees of the space, and over the random ones
    alone, which no search has chosen by their shared score.
    """

    def over(kinds: set[str] | None) -> Any:
        groups = []
        for search in searches:
            trained = [
                t
                for t in trainings
                if t["seed"] == search["seed"]
                and t["shared_score"] is not None
                and (kinds is None or t["kind"] in kinds)
            ]
            groups.append(
                ([t["shared_score"] for t in trained], [t["validation_score"] for t in trained])
            )
        return grouped_kendall(groups)

    every, random = over(None), over({"random"})
    return {
        "kendall_tau": every.tau,
        "kendall_tau_p_value": every.p_value,
        "kendall_tau_trees": every.pairs,
        "kendall_tau_random": random.tau,
    }


def compare_with_random(trainings: list[Event]) -> dict[str, Any] | None:
    """Sets the searched trees against the random trees of the same seeds."""
    random = [t for t in trainings if t["kind"] == "random"]
    searched = [t for t in trainings if t["kind"] == "searched"]
    seeds = sorted({t["seed"] for t in random} & {t["seed"] for t in searched})
    random, searched = ([t for t in rows if t["seed"] in seeds] for rows in (random, searched))
    if not random or not searched:
        return None
    errors = [t["test_error"] for t in searched]
    by_seed = [mean([t["test_error"] for t in random if t["seed"] == s]) for s in seeds]
    difference = mean(by_seed) - mean(errors)
    test = paired_difference(by_seed, errors)
    worse = sum(
        t["test_error"] > s["test_error"]
        for s in searched
        for t in random
        if t["seed"] == s["seed"]
    )
    return {
        "against": RANDOM,
        "difference": difference,
        "interval": list(test.interval) if test else None,
        "p_value": test.p_value if test else None,
        "test": "paired t-test over seeds",
        "better_than_random": f"{worse} of {len(random)}",
        "statement": statement(difference, test, len(seeds), worse, len(random)),
    }


def statement(
    difference: float, test: PairedDifference | None, seeds: int, worse: int, random: int
) -> str:
    """Says in one sentence what the comparison with random trees shows.

    Args:
        difference: Test error of the random trees less that of the searched ones, points.
        test: The paired test over seeds, or None for too few of them.
        seeds: How many there are.
        worse: How many random trees have a higher error than the searched tree of their seed.
        random: How many random trees there are.
    """
    side = "below" if difference >= 0 else "above"
    text = (
        f"The searched tree's test error is {abs(difference):.2f} points {side} the mean of "
        f"the random trees', and below that of {worse} of {random} of them"
    )
    if test is None:
        given = "1 seed gives" if seeds == 1 else f"{seeds} seeds give"
        return f"{text}; {given} no interval, so that this may be chance (--seeds 3 gives one)."
    low, high = test.interval
    text += (
        f" (95 % interval of the difference {low:.2f} to {high:.2f}, paired t-test over "
        f"{seeds} seeds, {test.p_text}): "
    )
    if low > 0:
        return text + "the search beats random trees by more than chance."
    if high < 0:
        return text + "the search is worse than random trees."
    return text + "no difference from random trees is shown."
