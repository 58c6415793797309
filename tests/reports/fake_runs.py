"""Run folders as a search would leave them, made up in milliseconds."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

GLYPHS = [
    *("serif", "bold", "italic", "monospace", "condensed", "upper case", "lower case"),
    *("digit", "vowel", "Greek", "Cyrillic", "Latin", "punctuation", "closed loop"),
    *("two loops", "ascender", "descender", "diagonal stroke", "vertical stroke"),
    *("horizontal stroke", "curved", "vertical symmetry", "horizontal symmetry", "dotted"),
]
NASTY = [
    *("<script>alert(1)</script>", "a & b", '" onload="x', "$x_1$ math", "[red]bold[/red]"),
    *("ünï 漢字かな", "-->", "]]>", "", "x" * 300, "tab\tnew\nline", "\x00\x1b[31m", "\ud800"),
    *("\u202eright to left", "https://example.com/a.png", "{{ 7 * 7 }}"),
]
# Name, kind, trainings a seed, points of error above the random trees.
METHODS = [
    ("searched tree (gnas)", "searched", 1, -0.5),
    ("random trees", "random", 10, 0.0),
    ("one trunk", "control", 1, 0.35),
    ("no sharing, equal parameters", "control", 1, 0.8),
    ("label-correlation tree", "control", 1, -0.05),
    ("exact tree", "exact", 1, -0.45),
]


def make_run(
    path: Path,
    seeds: int = 3,
    blocks: tuple[int, ...] = (2, 4, 8),
    attributes: list[str] = GLYPHS,
    finished: bool = True,
    exact: bool = True,
) -> Path:
    """Writes a run folder of `trees search` and returns its path.

    Args:
        path: The folder to make.
        seeds: How many seeds the run has.
        blocks: Blocks of every layer.
        attributes: Names of the attributes.
        finished: Without it, the run ends after three trainings, in the middle of a line.
        exact: Whether the exact optimum is known.
    """
    rng = np.random.default_rng(7)
    path.mkdir(parents=True)
    config = make_config(seeds, blocks, attributes)
    (path / "config.json").write_text(json.dumps(config))
    base = rng.uniform(8, 48, len(attributes))
    events: list[dict[str, Any]] = [{"event": "start", "seconds": 0.0}]
    for seed in range(seeds):
        events += make_search(rng, seed, blocks, len(attributes), exact)
        events += make_trainings(rng, seed, blocks, base)
    if finished:
        result = make_result(config, events, base.tolist(), exact)
        (path / "result.json").write_text(json.dumps(result))
        torn = ""
    else:
        trained = [i for i, event in enumerate(events) if event["event"] == "trained"]
        events = events[: trained[3]]
        torn = '{"event": "trai'
    journal = "".join(json.dumps(event) + "\n" for event in events)
    (path / "journal.jsonl").write_text(journal + torn)
    return path


def random_tree(rng: np.random.Generator, blocks: tuple[int, ...], attributes: int) -> list:
    """Returns parents by layer, drawn at random."""
    widths = (1, *blocks, attributes)
    return [rng.integers(0, above, size).tolist() for above, size in itertools.pairwise(widths)]


def make_config(seeds: int, blocks: tuple[int, ...], attributes: list[str]) -> dict[str, Any]:
    return {
        "format": 1,
        "command": "trees search",
        "arguments": {
            "dataset": "glyphs",
            "out": "runs/my glyphs",
            "strategy": "gnas",
            "blocks": list(blocks),
            "channels": 16,
            "seed": 0,
            "seeds": seeds,
            "score": "accuracy",
            "steps": 600,
            "learning_rate": 0.002,
            "time_budget": None,
            "resume": False,
            "mixed_precision": False,
        },
        "versions": {"graftwork": "0.1.0", "keras": "3.15.1", "python": "3.11.7"},
        "dataset": {
            "name": "glyphs",
            "fingerprint": "ab12cd34ef56",
            "images": {"train": 17000, "validation": 3600, "test": 3600},
            "shape": [32, 32, 1],
            "attributes": attributes,
        },
    }


def make_search(rng, seed: int, blocks, attributes: int, exact: bool) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    score, rounds = 0.0, 12
    for number in range(rounds):
        rise = 0.14 * np.exp(-0.35 * number)
        score = float(0.915 - 0.003 * seed - rise + rng.normal(0, 0.002))
        event = {
            "event": "round",
            "seed": seed,
            "round": number,
            "sweep": number // 4,
            "layer": number % 4 + 1,
            "steps": 100 * (number + 1),
            "loss": 0.6 - 0.02 * number,
            "score": score,
            "changed": max(0, 6 - number),
            "architecture": random_tree(rng, blocks, attributes),
            "seconds": float(number),
        }
        events.append(event)
    searched = {
        "event": "searched",
        "seed": seed,
        "architecture": random_tree(rng, blocks, attributes),
        "score": score,
        "exact_score": score + 0.002 if exact else None,
        "exact_architecture": random_tree(rng, blocks, attributes) if exact else None,
        "exact_gap": 0.0 if exact else None,
        "rounds": rounds,
        "steps": 100 * rounds,
        "training_seconds": 21.0,
        "evaluation_seconds": 4.5,
        "seconds": 30.0,
    }
    return [*events, searched]


def make_trainings(rng, seed: int, blocks, base: np.ndarray) -> list[dict[str, Any]]:
    events = []
    for name, kind, trainings, shift in METHODS:
        for index in range(trainings):
            errors = (base * 0.3 + shift + rng.normal(0, 0.35, len(base))).clip(0.1)
            validation = errors.mean() - 0.2 + rng.normal(0, 0.1)
            has_tree = kind != "control"
            event = {
                "event": "trained",
                "method": name,
                "seed": seed,
                "index": index,
                "architecture": random_tree(rng, blocks, len(base)) if has_tree else None,
                "shared_score": 0.965 - validation / 100 if has_tree else None,
                "validation_score": 1 - validation / 100 + rng.normal(0, 0.001),
                "validation_error": validation,
                "test_error": errors.mean(),
                "attribute_errors": errors.tolist(),
                "parameters": 31234,
                "flops": 12_400_000,
                "latency_ms": 1.23,
                "steps": 600,
                "training_seconds": 11.5 + rng.normal(),
                "seconds": 60.0,
            }
            events.append(event)
    return events


def make_result(config, events, base: list[float], exact: bool) -> dict[str, Any]:
    searched = next(event for event in events if event["event"] == "searched")
    seeds = list(range(config["arguments"]["seeds"]))
    methods = [make_method(name, kind, seeds, events) for name, kind, _, _ in METHODS]
    methods[3]["note"] = "one narrow network an attribute"
    difference = methods[1]["test_error"] - methods[0]["test_error"]
    several = len(seeds) > 1
    optimum = {
        "architecture": searched["exact_architecture"],
        "score": searched["exact_score"],
        "gap": 0.0,
    }
    return {
        "format": 1,
        "command": "trees search",
        "status": "finished",
        "dataset": config["dataset"],
        "attributes": config["dataset"]["attributes"],
        "base_errors": base,
        "score": "accuracy",
        "strategy": "gnas",
        "seeds": seeds,
        "blocks": config["arguments"]["blocks"],
        "channels": 16,
        "space_size": "151115727451828646838272",
        "architecture": searched["architecture"],
        "shared_score": searched["score"],
        "exact": optimum if exact else None,
        "exact_reason": None if exact else "the table of paths would need 80 GB.",
        "regret": 0.2 if exact else None,
        "kendall_tau": 0.62,
        "kendall_tau_p_value": 0.0004,
        "kendall_tau_trees": 36,
        "search_cost_ratio": 2.3,
        "search_seconds": 25.5,
        "training_seconds": 11.2,
        "methods": methods,
        "comparison": {
            "against": "random trees",
            "difference": difference,
            "interval": [difference - 0.2, difference + 0.2] if several else None,
            "p_value": 0.012 if several else None,
            "test": "paired t-test over seeds",
            "better_than_random": f"{9 * len(seeds)} of {10 * len(seeds)}",
            "statement": f"Its mean is {difference:.2f} points below that of random trees.",
        },
    }


def make_method(name: str, kind: str, seeds: list[int], events) -> dict[str, Any]:
    rows = [event for event in events if event.get("method") == name]
    test = float(np.mean([row["test_error"] for row in rows]))
    return {
        "name": name,
        "kind": kind,
        "seeds": seeds,
        "trainings": len(rows),
        "validation_error": float(np.mean([row["validation_error"] for row in rows])),
        "test_error": test,
        "test_error_interval": [test - 0.15, test + 0.12] if len(seeds) > 1 else None,
        "parameters": 31234,
        "flops": 12_400_000,
        "latency_ms": 1.23,
        "seconds": sum(row["training_seconds"] for row in rows),
        "attribute_errors": np.mean([row["attribute_errors"] for row in rows], 0).tolist(),
    }
