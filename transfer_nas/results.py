"""From the journal to `result.json`: means over attributes and seeds, intervals, comparisons."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from datasets.identity import describe
from graftwork.failures import failed_networks
from graftwork.statistics import grouped_kendall
from transfer_nas.config import TransferLearning
from transfer_nas.differences import PAIRS, compared, differences, matched
from transfer_nas.domains import Domain
from transfer_nas.method_table import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SEARCHES,
    TRANSFERRED,
    complete_seeds,
    mean_of,
    number,
    read_table,
    summarised,
)
from transfer_nas.negative_transfer import negative_transfer
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
    both = np.array(
        [
            [
                [number(event["attributes"][place][key]) for event in learned]
                for place in range(len(names))
            ]
            for key in ("policy_reward", "random_reward")
        ]
    )
    attributes: list[dict[str, Any]] = [
        {
            "domain": domain,
            "attribute": name,
            "rate": rate,
            "policy_reward": mean_of(both[0, place].tolist()),
            "random_reward": mean_of(both[1, place].tolist()),
            "difference": mean_of((both[0, place] - both[1, place]).tolist()),
        }
        for place, ((domain, name), rate) in enumerate(zip(names, rates, strict=True))
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
        "comparison": compared(both[0] - both[1]),
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
    names, seeds = list(dataset["attributes"]), complete_seeds(events)
    table, evaluations = read_table(events, seeds)
    methods = [
        summarised(name, table[name], names, seeds, seconds_of(events, name))
        for name in SEARCHES
        if name in table
    ]
    alone = table.get(RANDOM_ARCHITECTURE)
    if alone:
        methods.append(summarised(RANDOM_ARCHITECTURE, alone, names, seeds, None))
    comparison: dict[str, Any] = {
        key: compared(differences(table, names, seeds, first, second))
        for key, (first, second) in PAIRS.items()
    }
    for key, method in (("match", FINE_TUNED), ("random_match", RANDOM)):
        comparison[key] = matched(table, names, seeds, method, evaluations)
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
        "failed": failed_networks(events),
        "methods": methods,
        "comparison": comparison,
        **negative_transfer(table, names, seeds),
        "nearest": nearest_of(events),
        **correlation(events),
    }


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
    comparable. A network that several methods chose counts once.
    """
    groups: dict[tuple[int, str], tuple[list[float], list[float]]] = {}
    counted: set[tuple[int, str, tuple[int, ...]]] = set()
    for event in events:
        if event["event"] != "trained":
            continue
        for row in event["attributes"]:
            network = (event["seed"], row["attribute"], tuple(row["architecture"]))
            if network in counted:
                continue
            counted.add(network)
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
