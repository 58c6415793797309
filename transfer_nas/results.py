"""From the journal to `result.json`: means over attributes and seeds, intervals, comparisons."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from datasets.identity import describe
from graftwork.statistics import grouped_kendall
from transfer_nas.config import TransferLearning
from transfer_nas.domains import Domain
from transfer_nas.method_table import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    compared,
    mean_of,
    pair_of,
    read_table,
    summarised,
)
from transfer_nas.space import ChainSpace

FORMAT = 1


def learning_result(
    config: TransferLearning,
    space: ChainSpace,
    domains: Sequence[Domain],
    events: Sequence[dict[str, Any]],
    status: str,
) -> dict[str, Any]:
    """Returns the `result.json` of `graftwork transfer learn`.

    Args:
        config: What was asked for.
        space: The space.
        domains: The domains.
        events: The journal.
        status: `"finished"` or `"time budget"`.
    """
    learned = [event for event in events if event["event"] == "learned"]
    names = [(domain.name, name) for domain in domains for name in domain.attributes]
    rates = [rate for domain in domains for rate in label_rates(domain)]
    attributes: list[dict[str, Any]] = []
    for place, ((domain, name), rate) in enumerate(zip(names, rates, strict=True)):
        rows = [event["attributes"][place] for event in learned]
        policy, random = (
            mean_of([row[key] for row in rows]) for key in ("policy_reward", "random_reward")
        )
        attributes.append(
            {
                "domain": domain,
                "attribute": name,
                "rate": rate,
                "policy_reward": policy,
                "random_reward": random,
                "difference": None if policy is None or random is None else policy - random,
            }
        )
    both = [row for row in attributes if row["difference"] is not None]
    by_seed = [
        mean_of(
            [
                row["policy_reward"] - row["random_reward"]
                for row in event["attributes"]
                if None not in (row["policy_reward"], row["random_reward"])
            ]
        )
        for event in learned
    ]
    return {
        "format": FORMAT,
        "command": "transfer learn",
        "status": status,
        "domains": [describe(domain.dataset) for domain in domains],
        "space": {**space.to_json(), "size": str(space.size), "channels": config.channels},
        "score": config.score,
        "seeds": [event["seed"] for event in learned],
        "attributes": attributes,
        "policy_reward": mean_of([row["policy_reward"] for row in attributes]),
        "random_reward": mean_of([row["random_reward"] for row in attributes]),
        "comparison": compared(
            [row["policy_reward"] for row in both], [row["random_reward"] for row in both], by_seed
        ),
        "steps": sum(event["steps"] for event in learned),
        "seconds": sum(event["search_seconds"] for event in learned),
        "evaluations": sum(event["evaluations"] for event in learned),
    }


def label_rates(domain: Domain) -> list[float]:
    """Returns the share of positives among the known training labels of every attribute."""
    labels = domain.dataset.labels[domain.dataset.split("train")]
    positives, known = (labels == 1).sum(axis=0), (labels >= 0).sum(axis=0)
    return (positives / np.maximum(known, 1)).tolist()


def application_result(
    dataset: dict[str, Any],
    source: dict[str, Any],
    space: dict[str, Any],
    score: str,
    events: Sequence[dict[str, Any]],
    status: str,
) -> dict[str, Any]:
    """Returns the `result.json` of `graftwork transfer apply`.

    Args:
        dataset: What `describe` says of the target.
        source: What `config.json` says of the source.
        space: The space as JSON, with its size and channels.
        score: The name of the reward.
        events: The journal.
        status: `"finished"` or `"time budget"`.
    """
    table, evaluations = read_table(events)
    names = list(dataset["attributes"])
    # A seed counts where all four methods have searched: time may have ended in between.
    seeds = [
        seed
        for seed in table[RANDOM][names[0]]
        if all(seed in table.get(method, {}).get(names[0], {}) for method in table)
        and FINE_TUNED in table
    ]
    methods = [
        summarised(name, table[name], names, seeds, seconds_of(events, name))
        for name in (RANDOM, TRANSFERRED, SCRATCH, FINE_TUNED)
        if name in table
    ]
    alone = table.get(RANDOM_ARCHITECTURE)
    if alone:
        methods.append(summarised(RANDOM_ARCHITECTURE, alone, names, seeds, None))

    def pair(first: str, key: str, second: str, other_key: str) -> dict[str, Any] | None:
        return pair_of(table, names, seeds, (first, key), (second, other_key))

    comparison: dict[str, Any] = {
        "transferred": pair(TRANSFERRED, "expected", RANDOM, "expected"),
        "mode": pair(TRANSFERRED, "final", RANDOM, "expected"),
        "fine_tuned": pair(FINE_TUNED, "final", SCRATCH, "final"),
        "area": pair(FINE_TUNED, "area", SCRATCH, "area"),
        "test": pair(TRANSFERRED, "test_score", RANDOM_ARCHITECTURE, "test_score"),
    }
    comparison["match"] = matched(methods, evaluations)
    return {
        "format": FORMAT,
        "command": "transfer apply",
        "status": status,
        "source": source,
        "dataset": dataset,
        "seen": dataset["fingerprint"] in source["fingerprints"],
        "attributes": names,
        "score": score,
        "seeds": seeds,
        "evaluations": evaluations,
        "space": space,
        "methods": methods,
        "comparison": comparison,
        "negative_transfer": negative(methods),
        "nearest": nearest_of(events),
        **correlation(events),
    }


def matched(methods: Sequence[dict[str, Any]], evaluations: int) -> dict[str, Any]:
    """Says when fine-tuning is as good as the strategy from scratch at its end.

    Returns:
        `{"evaluations": k, "of": E}`: the first number of evaluations an attribute after which
        the mean curve of fine-tuning reaches the final mean of the strategy from scratch; None
        where it never does.
    """
    named = {method["name"]: method for method in methods}
    curve = named.get(FINE_TUNED, {}).get("curve") or []
    goal = (named.get(SCRATCH, {}).get("curve") or [None])[-1]
    first = next(
        (
            place
            for place, value in enumerate(curve, start=1)
            if goal is not None and value is not None and value >= goal
        ),
        None,
    )
    return {"evaluations": first, "of": evaluations}


def negative(methods: Sequence[dict[str, Any]]) -> list[str]:
    """Returns the attributes for which the transferred strategy draws worse than chance."""
    named = {method["name"]: method["attributes"] for method in methods}
    random = {row["attribute"]: row["expected"] for row in named.get(RANDOM, [])}
    return [
        row["attribute"]
        for row in named.get(TRANSFERRED, [])
        if row["expected"] is not None
        and random.get(row["attribute"]) is not None
        and row["expected"] < random[row["attribute"]]
    ]


def nearest_of(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the source attributes that are nearest to each of the target, first seed."""
    for event in events:
        if event["event"] == "searched" and event["method"] == TRANSFERRED:
            return [
                {"attribute": row["attribute"], "nearest": row["nearest"]}
                for row in event["attributes"]
            ]
    return []


def correlation(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Correlates rewards under shared weights with validation scores of networks by themselves.

    Inside one seed and attribute: shared weights of two seeds, and two attributes, are not
    comparable.
    """
    groups: dict[tuple[int, str], tuple[list[float], list[float]]] = {}
    for event in events:
        if event["event"] != "trained":
            continue
        for row in event["attributes"]:
            if row["shared_score"] is not None and row["validation_score"] is not None:
                first, second = groups.setdefault((event["seed"], row["attribute"]), ([], []))
                first.append(row["shared_score"])
                second.append(row["validation_score"])
    found = grouped_kendall(list(groups.values()))
    return {
        "kendall_tau": found.tau,
        "kendall_tau_p_value": found.p_value,
        "kendall_networks": found.pairs,
    }


def seconds_of(events: Sequence[dict[str, Any]], method: str) -> float | None:
    """Returns the mean seconds of a method's search."""
    return mean_of(
        [
            event["search_seconds"]
            for event in events
            if event["event"] == "searched" and event["method"] == method
        ]
    )
