"""From the journal of a search of generators to `result.json` (docs/run-folder.md)."""

from collections import defaultdict
from typing import Any

from datasets.identity import describe
from gan_nas.comparison import FINAL, RANDOM
from gan_nas.evaluator import REWARDS
from gan_nas.networks import DCGAN
from gan_nas.setup import Setup
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

Event = dict[str, Any]
MEASURES = ("kid", "fid", "inception_score", "precision", "recall")


def summarize(setup: Setup, events: list[Event], status: str) -> dict[str, Any]:
    """Returns what `result.json` holds.

    Args:
        setup: Configuration, data and space.
        events: The journal.
        status: `"finished"`, or why the run ended before its end.
    """
    config, space = setup.config, setup.space
    searches = [event for event in events if event["event"] == "searched"]
    # `graftwork gans train` adds final generators, which are no part of the comparison.
    trainings = [e for e in events if e["event"] == "trained" and e["kind"] != FINAL]
    floor = next(event["test"] for event in events if event["event"] == "floor")
    first = searches[0]
    search_seconds = mean([search["search_seconds"] for search in searches])
    training_seconds = mean([t["training_seconds"] for t in trainings if t["kind"] == "searched"])
    result = {
        "format": FORMAT,
        "command": "gans search",
        "status": status,
        "dataset": describe(setup.dataset),
        "reward": REWARDS[config.reward],
        "extractor": setup.extractor.name,
        "extractor_note": setup.extractor.note,
        "resize": setup.extractor.resize,
        "chosen_by": setup.judge.chosen_by,
        "strategy": config.strategy,
        "seeds": [search["seed"] for search in searches],
        "image_size": space.image_size,
        "nodes": space.nodes,
        "channels": list(setup.networks.channels),
        "conditional": list(setup.classes.names) if setup.classes else [],
        "space_size": str(space.size),
        "space_distinct": str(space.distinct),
        "architecture": first["architecture"],
        "cells": first["shortlist"][0]["cells"],
        "shortlist": first["shortlist"],
        "shared_score": first["score"],
        "constant_reward": any(search["constant_reward"] for search in searches),
        # Of runs that an older version began, journals lack these two.
        "candidates": [search.get("candidates") for search in searches],
        "candidates_mean": [search.get("candidates_mean") for search in searches],
        "random_search": [search["random_search"] for search in searches],
        "evaluations": first["evaluations"],
        "cut_short": any(search.get("cut_short") for search in searches),
        "failed": failed_networks(events),
        "resets": sum(search["resets"] for search in searches),
        "children_an_hour": mean([search["children_an_hour"] for search in searches]),
        "search_seconds": search_seconds,
        "training_seconds": training_seconds,
        "search_cost_ratio": search_seconds / training_seconds,
        **correlation(searches, trainings),
        "floor": floor,
        "methods": [
            *(method_row(rows) for rows in by_method(trainings).values()),
            shared_row(searches),
        ],
        "comparisons": [
            compared
            for other in (RANDOM, DCGAN)
            if (compared := compare(trainings, other)) is not None
        ],
    }
    return with_limits(result, config)


def method_row(rows: list[Event]) -> dict[str, Any]:
    """Returns one row of the comparison: means over a method's trainings.

    Args:
        rows: Their journal entries.
    """
    return {
        "name": rows[0]["method"],
        "kind": rows[0]["kind"],
        "seeds": sorted({row["seed"] for row in rows}),
        "trainings": len(rows),
        "steps": rows[0]["steps"],
        "parameters": mean([row["parameters"] for row in rows]),
        "flops": mean([row["flops"] for row in rows]),
        **_latency(rows),
        "seconds": sum(row["training_seconds"] for row in rows),
        "validation_kid": mean([row["validation_kid"] for row in rows]),
        **measures([row["test"] for row in rows], [row["seed"] for row in rows]),
    }


def _latency(rows: list[Event]) -> dict[str, float]:
    """Returns the mean latency; nothing where there was no limit, and none was measured."""
    known = [row["latency_ms"] for row in rows if row.get("latency_ms") is not None]
    return {"latency_ms": mean(known)} if known else {}


def shared_row(searches: list[Event]) -> dict[str, Any]:
    """Returns the row of the found generators with their shared weights, not trained again."""
    judged = [search["shared_weights"] for search in searches]
    return {
        "name": "shared weights alone",
        "kind": "shared",
        "seeds": [search["seed"] for search in searches],
        "trainings": len(searches),
        "steps": 0,
        "parameters": None,
        "flops": None,
        "seconds": 0.0,
        "validation_kid": mean([entry["validation_kid"] for entry in judged]),
        **measures([entry["test"] for entry in judged], [search["seed"] for search in searches]),
    }


def measures(qualities: list[dict[str, Any]], seeds: list[int]) -> dict[str, Any]:
    """Returns means of metrics over several generators, and the interval of the KID over seeds.

    A metric that one of them lacks is None. Generators of one seed share its data order and
    its first weights: an interval is one of the seeds' means.

    Args:
        qualities: What `Judge` says of each.
        seeds: The seed of each.
    """
    found: dict[str, Any] = {}
    for name in MEASURES:
        values = [quality[name] for quality in qualities]
        found[name] = None if None in values else mean(values)
    interval = None
    if found["kid"] is not None:
        by_seed: dict[int, list[float]] = defaultdict(list)
        for seed, quality in zip(seeds, qualities, strict=True):
            by_seed[seed].append(quality["kid"])
        interval = mean_interval([mean(values) for values in by_seed.values()])
    return {
        **found,
        "kid_interval": list(interval) if interval else None,
        "kid_errors": [quality["kid_error"] for quality in qualities],
        "images": qualities[0]["images"],
        "real_images": qualities[0]["real_images"],
        "reasons": {name: why for q in qualities for name, why in q["reasons"].items()},
    }


def correlation(searches: list[Event], trainings: list[Event]) -> dict[str, Any]:
    """Returns Kendall's τ of the reward under shared weights and −KID of the trained generator.

    It is taken seed by seed and averaged, over all trained generators of the space, and over
    those with random cells alone, which no search has chosen by their reward. KID is that
    on validation images.
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
            shared = [t["shared_score"] for t in trained]
            groups.append((shared, [-t["validation_kid"] for t in trained]))
        return grouped_kendall(groups)

    every, random = over(None), over({"random"})
    return {
        "kendall_tau": every.tau,
        "kendall_tau_p_value": every.p_value,
        "kendall_tau_generators": every.pairs,
        "kendall_tau_random": random.tau,
    }


def compare(trainings: list[Event], other: str) -> dict[str, Any] | None:
    """Sets the KID of the searched generators against that of another method, by seed."""
    others = [t for t in trainings if t["method"] == other]
    searched = [t for t in trainings if t["kind"] == "searched"]
    seeds = sorted({t["seed"] for t in others} & {t["seed"] for t in searched})
    others, searched = ([t for t in rows if t["seed"] in seeds] for rows in (others, searched))
    if not others or not searched or any(t["test"]["kid"] is None for t in others + searched):
        return None
    ours = [t["test"]["kid"] for t in searched]
    theirs = [mean([t["test"]["kid"] for t in others if t["seed"] == s]) for s in seeds]
    difference = mean(theirs) - mean(ours)
    test = paired_difference(theirs, ours)
    worse = sum(
        t["test"]["kid"] > s["test"]["kid"]
        for s in searched
        for t in others
        if t["seed"] == s["seed"]
    )
    return {
        "against": other,
        "difference": difference,
        "interval": list(test.interval) if test else None,
        "p_value": test.p_value if test else None,
        "test": "paired t-test over seeds",
        "better_than": f"{worse} of {len(others)}",
        "statement": statement(other, difference, test, len(seeds), worse, len(others)),
    }


def statement(
    other: str,
    difference: float,
    test: PairedDifference | None,
    seeds: int,
    worse: int,
    count: int,
) -> str:
    """Says in one sentence what the comparison with another method shows.

    Args:
        other: The other method.
        difference: Its KID less that of the searched generators.
        test: The paired test over seeds, or None for too few of them.
        seeds: How many there are.
        worse: How many of its generators have a higher KID than the searched one of their seed.
        count: How many generators of the other method there are.
    """
    side = "below" if difference >= 0 else "above"
    whose = f"the mean KID of {other}" if count > seeds else f"that of {other}"
    text = (
        f"The KID of the searched generator is {1000 * abs(difference):.2f}·10⁻³ {side} {whose}; "
        f"it is lower than that of {worse} of {count} of them"
    )
    if test is None:
        given = "1 seed gives" if seeds == 1 else f"{seeds} seeds give"
        return f"{text}; {given} no interval, so that this may be chance (--seeds 3 gives one)."
    low, high = (1000 * bound for bound in test.interval)
    text += (
        f" (95 % interval of the difference {low:.2f} to {high:.2f}·10⁻³, paired t-test over "
        f"{seeds} seeds, {test.p_text}): "
    )
    if low > 0:
        return text + "the search is better by more than chance."
    if high < 0:
        return text + "the search is worse by more than chance."
    return text + "no difference is shown."
