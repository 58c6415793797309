"""Run folders as a search of GANs would leave them, made up in milliseconds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# Name, kind, trainings a seed, KID.
METHODS = [
    ("searched cells (agan)", "searched", 1, 0.0112),
    ("random cells", "random", 5, 0.0154),
    ("random search", "random search", 1, 0.0123),
    ("DCGAN", "baseline", 1, 0.0241),
    ("SNGAN", "baseline", 1, 0.0139),
    ("searched, rank 2", "shortlist", 1, 0.0118),
]
NORMAL = ["identity", "conv_1x3_3x1", "conv_1x7_7x1", "conv_3x3", "max_pool_3", "avg_pool_7"]
OUTSIDE = {
    "generator": ["transposed_5x5", *(f"nearest_{name}" for name in NORMAL)],
    "discriminator": ["conv_3x3_avg", "avg_conv_1x5_5x1", "avg_conv_3x3"],
}
EXTRACTOR = "classifier of glyphs (26 attributes, accuracy 91.9 %)"


def make_gan_run(
    path: Path,
    seeds: int = 3,
    nodes: int = 3,
    finished: bool = True,
    discriminator: bool = False,
    shared_cell: bool = False,
) -> Path:
    """Writes a run folder of `gans search` and returns its path.

    Args:
        path: The folder to make.
        seeds: How many seeds the run has.
        nodes: Nodes of every cell.
        finished: Without it, the run ends after three trainings, in the middle of a line.
        discriminator: Whether it was searched too.
        shared_cell: Whether one cell serves all stages.
    """
    rng = np.random.default_rng(11)
    (path / "samples").mkdir(parents=True)
    config = make_config(seeds, nodes, discriminator, shared_cell)
    (path / "config.json").write_text(json.dumps(config))
    floor = make_quality(0.0009, 14.0, 3606)
    events: list[dict[str, Any]] = [
        {"event": "start", "seconds": 0.0},
        {"event": "floor", "test": floor, "seconds": 3.0},
    ]
    for seed in range(seeds):
        events += make_search(rng, seed, nodes, discriminator, shared_cell)
        events += make_trainings(rng, seed)
    if finished:
        result = make_result(config, events)
        (path / "result.json").write_text(json.dumps(result))
        torn = ""
    else:
        trained = [i for i, event in enumerate(events) if event["event"] == "trained"]
        events = events[: trained[3]]
        torn = '{"event": "trai'
    (path / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events) + torn)
    for slug in ("searched-cells-agan", "random-cells-1", "random-cells-2", "dcgan", "sngan"):
        pixels = rng.integers(0, 255, (66, 66), np.uint8)
        Image.fromarray(pixels).save(path / "samples" / f"seed0-{slug}-final.png")
    return path


def make_config(seeds: int, nodes: int, discriminator: bool, shared_cell: bool) -> dict[str, Any]:
    return {
        "format": 1,
        "command": "gans search",
        "arguments": {
            "dataset": "glyphs",
            "out": "runs/my glyphs",
            "strategy": "agan",
            "reward": "kid",
            "nodes": nodes,
            "channels": [64],
            "shared_cell": shared_cell,
            "search_discriminator": discriminator,
            "conditional": [],
            "steps": 20000,
            "seed": 0,
            "seeds": seeds,
            "time_budget": None,
        },
        "versions": {"graftwork": "0.1.0", "keras": "3.15.1", "python": "3.11.7"},
        "dataset": {
            "name": "glyphs",
            "fingerprint": "ab12cd34ef56",
            "images": {"train": 17000, "validation": 3600, "test": 3606},
            "shape": [32, 32, 1],
            "attributes": ["serif", "bold"],
        },
    }


def make_quality(kid: float, fid: float, images: int = 5000) -> dict[str, Any]:
    return {
        "kid": kid,
        "kid_error": 0.0004,
        "fid": fid,
        "inception_score": 1.41,
        "inception_score_deviation": 0.01,
        "precision": 0.62,
        "recall": 0.47,
        "inception_kind": "attributes",
        "extractor": EXTRACTOR,
        "resize": "none",
        "images": images,
        "real_images": 3606,
        "split": "test",
        "reasons": {},
    }


def make_cells(
    rng: np.random.Generator, nodes: int, discriminator: bool, shared_cell: bool
) -> dict[str, Any]:
    """Returns the cells of three stages, drawn at random."""

    def edge(network: str, node: int) -> str:
        source = int(rng.integers(0, node))
        names = NORMAL if source else OUTSIDE[network]
        return f"{rng.choice(names)}({f'node {source}' if source else 'input'})"

    def cells(network: str) -> list[list[list[str]]]:
        drawn = [
            [[edge(network, node), edge(network, node)] for node in range(1, nodes + 1)]
            for _ in range(3)
        ]
        return drawn[:1] * 3 if shared_cell else drawn

    return {
        "generator": cells("generator"),
        "discriminator": cells("discriminator") if discriminator else [],
    }


def make_search(
    rng: np.random.Generator, seed: int, nodes: int, discriminator: bool, shared_cell: bool
) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for number in range(30):
        best = -0.02 - 0.3 * np.exp(-0.25 * number) - 0.004 * rng.random()
        event = {
            "event": "round",
            "seed": seed,
            "round": number,
            "steps": 200 * (number + 1),
            "evaluations": 10 * (number + 1),
            "generator_loss": 0.4 + 0.3 * rng.random(),
            "discriminator_loss": 1.5 - 0.3 * rng.random(),
            "discriminator_loss_variance": 0.02,
            "real_logits": 0.4,
            "fake_logits": -0.4,
            "images_per_second": 2100.0,
            "score": best * (1.5 + rng.random()),
            "best_score": best,
            "changed": 1,
            "evaluated": 10,
            "entropy": 2.9 - 0.05 * number,
            "architecture": [1, 2],
            "seconds": 10.0 * number,
        }
        events.append(event)
        if number == 6 and seed == 0:
            reason = "the discriminator’s loss stood still for 200 steps"
            events.append(
                {"event": "collapse", "seed": seed, "steps": 1400, "reason": reason, "reset": True}
            )
    shortlist = [
        {
            "architecture": [1, 2],
            "score": -0.021 - 0.001 * rank,
            "cells": make_cells(rng, nodes, discriminator, shared_cell),
        }
        for rank in range(2)
    ]
    searched = {
        "event": "searched",
        "seed": seed,
        "rounds": 30,
        "architecture": [1, 2],
        "score": -0.021,
        "shortlist": shortlist,
        "constant_reward": False,
        "candidates": 30,
        "candidates_mean": -0.05 + 0.002 * seed,
        "random_search": {
            "architecture": [2, 1],
            "score": -0.024 if seed else -0.019,
            "evaluations": 300,
            "scored": 300,
            "mean_score": -0.09,
        },
        "evaluations": 300,
        "resets": int(seed == 0),
        "steps": 6000,
        "training_seconds": 800.0,
        "search_seconds": 1000.0,
        "children_an_hour": 1080.0,
        "shared_weights": {"validation_kid": 0.021, "test": make_quality(0.022, 90.0)},
        "shared_scores": [],
        "seconds": 1100.0,
    }
    return [*events, searched]


def make_trainings(rng: np.random.Generator, seed: int) -> list[dict[str, Any]]:
    events = []
    for name, kind, trainings, kid in METHODS:
        for index in range(trainings):
            found = float(kid + rng.normal(0, 0.0009))
            event = {
                "event": "trained",
                "method": name,
                "kind": kind,
                "seed": seed,
                "index": index,
                "networks": name if kind == "baseline" else "cells",
                "architecture": None if kind == "baseline" else [1, 2],
                "cells": None,
                "validation_kid": found - 0.0003,
                "test": make_quality(found, 4000 * found),
                "parameters": 612345,
                "flops": 812_000_000,
                "steps": 20000,
                "training_seconds": 1500.0,
                "shared_score": None if kind == "baseline" else -1.8 * found,
                "seconds": 5000.0,
            }
            events.append(event)
    return events


def make_result(config: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    arguments = config["arguments"]
    seeds = list(range(arguments["seeds"]))
    searches = [event for event in events if event["event"] == "searched"]
    several = len(seeds) > 1
    first = searches[0]
    statement = (
        "The KID of the searched generator is 4.20·10⁻³ below the mean of the random cells'"
        + ("; the search is better by more than chance." if several else "; may be chance.")
    )
    return {
        "format": 1,
        "command": "gans search",
        "status": "finished",
        "dataset": config["dataset"],
        "reward": "−KID",
        "extractor": EXTRACTOR,
        "extractor_note": "The classifier that gives features has an accuracy of 91.9 %.",
        "resize": "none",
        "chosen_by": "validation images",
        "strategy": "agan",
        "seeds": seeds,
        "image_size": 32,
        "nodes": arguments["nodes"],
        "channels": [64, 48, 32],
        "conditional": [],
        "space_size": "1838265625000000",
        "space_distinct": "39739095703125",
        "architecture": first["architecture"],
        "cells": first["shortlist"][0]["cells"],
        "shortlist": first["shortlist"],
        "shared_score": first["score"],
        "constant_reward": False,
        "candidates": [search["candidates"] for search in searches],
        "candidates_mean": [search["candidates_mean"] for search in searches],
        "random_search": [search["random_search"] for search in searches],
        "evaluations": 300,
        "resets": 1,
        "children_an_hour": 1080.0,
        "search_seconds": 1000.0,
        "training_seconds": 1500.0,
        "search_cost_ratio": 0.67,
        "kendall_tau": 0.41,
        "kendall_tau_p_value": 0.03,
        "kendall_tau_generators": 8 * len(seeds),
        "kendall_tau_random": 0.22,
        "floor": next(event["test"] for event in events if event["event"] == "floor"),
        "methods": [make_method(name, kind, seeds, events) for name, kind, _, _ in METHODS],
        "comparisons": [
            {
                "against": "random cells",
                "difference": 0.0042,
                "interval": [0.0031, 0.0053] if several else None,
                "p_value": 0.004 if several else None,
                "test": "paired t-test over seeds",
                "better_than": f"{5 * len(seeds)} of {5 * len(seeds)}",
                "statement": statement,
            }
        ],
    }


def make_method(
    name: str, kind: str, seeds: list[int], events: list[dict[str, Any]]
) -> dict[str, Any]:
    rows = [event for event in events if event.get("method") == name]
    kids = [row["test"]["kid"] for row in rows]
    kid = float(np.mean(kids))
    return {
        "name": name,
        "kind": kind,
        "seeds": seeds,
        "trainings": len(rows),
        "steps": 20000,
        "parameters": 612345.0,
        "flops": 812_000_000.0,
        "seconds": sum(row["training_seconds"] for row in rows),
        "validation_kid": kid,
        "kid": kid,
        "fid": float(np.mean([row["test"]["fid"] for row in rows])),
        "inception_score": 1.41,
        "precision": 0.62,
        "recall": 0.47,
        "kid_interval": [kid - 0.001, kid + 0.001] if len(rows) > 1 else None,
        "kid_errors": [0.0004] * len(rows),
        "images": 5000,
        "real_images": 3606,
        "reasons": {},
    }
