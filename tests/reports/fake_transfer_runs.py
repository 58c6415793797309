"""Run folders as `graftwork transfer` would leave them, made up in milliseconds."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from graftwork.statistics import paired_difference

OPERATIONS = [
    "conv_3x3",
    "conv_5x5",
    "separable_3x3",
    "separable_5x5",
    "average_pool",
    "max_pool",
    "identity",
]
DIGITS = ["even", "at least 5", "round", "has a loop", "prime", "open at the left", "one stroke"]
GLYPHS = ["serif", "bold", "upper case", "letter", "has a loop", "monospace"]
NEGATIVE = "prime"
"""The attribute that a test shows transfer to hurt."""
LOWER = "round"
"""An attribute that is lower by no more than chance."""
METHODS = {"random": 0.0, "transferred": 0.02, "from scratch": 0.01, "fine-tuned": 0.022}
"""What each of them draws, above random architectures."""
EVALUATIONS = 24
FINAL = 0.9
NETWORKS = 4


def make_apply_run(
    path: Path,
    seeds: int = 3,
    attributes: list[str] | None = None,
    finished: bool = True,
    trained: bool = True,
    methods: int = len(METHODS),
) -> Path:
    """Writes a run folder of `transfer apply` and returns its path.

    Args:
        path: The folder to make.
        seeds: How many seeds the run has.
        attributes: Of the target.
        finished: Without it, the run ends in the middle of a line of its journal.
        trained: Whether the chosen networks were trained by themselves.
        methods: How many methods of the last seed are in the journal.
    """
    rng = np.random.default_rng(5)
    names = DIGITS if attributes is None else attributes
    path.mkdir(parents=True)
    config = {
        "format": 1,
        "command": "transfer apply",
        "arguments": {
            "source": "runs/my source",
            "dataset": "digits",
            "out": "runs/target",
            "fine_tune": EVALUATIONS,
            "score": None,
            "augment": False,
            "resume": True,
        },
        "versions": {"graftwork": "0.1.0", "keras": "3.15.1"},
        "dataset": domain("digits", names),
        "source": {
            "path": "runs/my source",
            "domains": ["glyphs"],
            "fingerprints": ["00ff00ff"],
        },
        "space": space(),
    }
    events: list[dict[str, Any]] = [{"event": "start", "seconds": 0.0}]
    for seed in range(seeds):
        listed = list(METHODS)[: methods if seed == seeds - 1 else None]
        searched = [search(rng, seed, method, names) for method in listed]
        events += searched
        if trained and len(listed) == len(METHODS):
            events += [train(rng, event) for event in searched]
            events.append(train(rng, searched[0], "random architecture"))
    _write(path, config, events, apply_result(config, events) if finished else None)
    return path


def make_learn_run(
    path: Path, seeds: int = 3, domains: tuple[str, ...] = ("glyphs",), finished: bool = True
) -> Path:
    """Writes a run folder of `transfer learn` and returns its path."""
    rng = np.random.default_rng(6)
    path.mkdir(parents=True)
    pairs = [(name, attribute) for name in domains for attribute in GLYPHS]
    config = {
        "format": 1,
        "command": "transfer learn",
        "arguments": {
            "dataset": list(domains),
            "out": "runs/source",
            "score": "auc",
            "uniform": 1.0,
        },
        "versions": {"graftwork": "0.1.0"},
        "domains": [domain(name, GLYPHS) for name in domains],
        "space": space(),
    }
    events: list[dict[str, Any]] = []
    for seed in range(seeds):
        for place in range(20):
            events.append(
                {
                    "event": "round",
                    "seed": seed,
                    "round": place,
                    "loss": dict.fromkeys(domains, 0.6 / (1 + place)),
                    "reward": 0.9 - 0.3 / (1 + place) + rng.normal(0, 0.005),
                    # The first rounds only train the shared weights.
                    "entropy": None if place < 3 else 1.6 - 0.03 * place + rng.normal(0, 0.02),
                    "attribute_rewards": {f"{d}/{a}": 0.8 for d, a in pairs},
                }
            )
        rows = []
        for place, (name, attribute) in enumerate(pairs):
            # The last attribute of every domain is one that the policy is worse in.
            ahead = -0.008 if place % len(GLYPHS) == len(GLYPHS) - 1 else 0.02
            scores = {"policy_reward": 0.9 + ahead, "random_reward": 0.9}
            rows.append({"domain": name, "attribute": attribute, **scores})
        events.append({"event": "learned", "seed": seed, "evaluations": 4000, "attributes": rows})
    result = None
    if finished:
        differences = [row["policy_reward"] - row["random_reward"] for row in rows]
        result = {
            "format": 1,
            "command": "transfer learn",
            "status": "finished",
            "domains": config["domains"],
            "space": {"size": "120472576"},
            "score": "auc",
            "seeds": list(range(seeds)),
            "attributes": [
                row | {"rate": 0.31, "difference": row["policy_reward"] - row["random_reward"]}
                for row in rows
            ],
            "policy_reward": float(np.mean([row["policy_reward"] for row in rows])),
            "random_reward": 0.9,
            "comparison": compare(differences),
            "seconds": 1234.0,
            "evaluations": 4000 * seeds,
        }
    _write(path, config, events, result)
    return path


def make_leave_one_out(
    path: Path, domains: tuple[str, ...] = ("digits", "my emoji"), done: int | None = None
) -> Path:
    """Writes a run folder of `transfer leave-one-out` and returns its path.

    Args:
        path: The folder to make.
        domains: Which are left out, one after the other.
        done: For how many that is done; all if `None`, and only then there is a result.
    """
    path.mkdir(parents=True)
    for name in domains[:done]:
        folder = path / f"without-{name}"
        others = tuple(other for other in domains if other != name)
        make_learn_run(folder / "learn", domains=others)
        make_apply_run(folder / "apply")
    config = {
        "format": 1,
        "command": "transfer leave-one-out",
        "arguments": {"dataset": list(domains), "out": "runs/loo"},
        "versions": {},
        "domains": [domain(name, DIGITS) for name in domains],
    }
    keys = (
        "methods",
        "comparison",
        "negative_transfer",
        "lower_by_chance",
        "negative_transfer_test",
    )
    rows = []
    for name in domains:
        inside = path / f"without-{name}" / "apply" / "result.json"
        if inside.exists():
            whole = json.loads(inside.read_text())
            rows.append({"name": name, "result": {key: whole[key] for key in keys}})
    result = {"format": 1, "command": config["command"], "status": "finished", "domains": rows}
    _write(path, config, [], result if done is None else None)
    return path


def space() -> dict[str, Any]:
    """Returns the space of chains of four stages as `config.json` describes it."""
    decisions = []
    for stage in range(1, 5):
        decisions.append({"name": f"stage {stage}, operation", "choices": OPERATIONS})
        for earlier in range(1, stage - 1):
            skip = {"name": f"stage {stage}, skip from {earlier}", "choices": ["no", "yes"]}
            decisions.append(skip)
    return {"stages": 4, "operations": OPERATIONS, "decisions": decisions}


def domain(name: str, attributes: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "fingerprint": "ab12cd34ef56",
        "images": {"train": 1200, "validation": 300, "test": 297},
        "shape": [32, 32, 1],
        "attributes": attributes,
    }


def search(
    rng: np.random.Generator, seed: int, method: str, attributes: list[str]
) -> dict[str, Any]:
    rows = []
    for place, name in enumerate(attributes):
        base = 0.75 + 0.15 * place / len(attributes)
        gain = METHODS[method] * (
            {NEGATIVE: -0.4, LOWER: -0.1}.get(name, 1) if method == "transferred" else 1
        )
        rewards = (
            []
            if method == "transferred"
            else (base + gain + rng.normal(0, 0.02, EVALUATIONS)).tolist()
        )
        choices = [decision["choices"] for decision in space()["decisions"]]
        row: dict[str, Any] = {
            "attribute": name,
            "rewards": rewards,
            "architecture": [int(rng.integers(len(listed))) for listed in choices],
            "score": max(rewards, default=base + gain + 0.01),
            "expected": base + gain + float(rng.normal(0, 0.002)),
        }
        if method == "transferred":
            row["nearest"] = [
                {
                    "domain": "glyphs",
                    "attribute": GLYPHS[(place + i) % 6],
                    "similarity": 0.8 - i / 5,
                }
                for i in range(3)
            ]
            row["shuffled"] = base + 0.2 * gain
        row["drawn"] = [row["expected"]] * 16
        rows.append(row)
    return {
        "event": "searched",
        "seed": seed,
        "method": method,
        "search_seconds": 12.5,
        "evaluations": 0 if method == "transferred" else EVALUATIONS * len(attributes),
        "cut_short": False,
        "attributes": rows,
    }


def train(
    rng: np.random.Generator, searched: dict[str, Any], method: str | None = None
) -> dict[str, Any]:
    name = method or searched["method"]
    rows = []
    for row in searched["attributes"]:
        value = row["expected"] + float(rng.normal(0, 0.012))
        rows.append(
            {
                "attribute": row["attribute"],
                "architecture": row["architecture"],
                "validation_score": value,
                "shared_score": row["rewards"][0] if method else row["score"],
                "test_score": value - 0.01,
                "parameters": 12345,
                "flops": 6e6,
            }
        )
    return {
        "event": "trained",
        "seed": searched["seed"],
        "method": "random search" if name == "random" else name,
        "training_seconds": 9.0,
        "attributes": rows,
    }


def compare(differences: list[float], by_seed: list[float] | None = None) -> dict[str, Any]:
    """Returns a difference as in `comparison`."""
    test = paired_difference(differences, [0.0] * len(differences))
    row = {
        "mean": float(np.mean(differences)),
        "interval": list(test.interval) if test else None,
        "p_value": test.p_value if test else None,
        "attributes": len(differences),
    }
    if not by_seed:
        return row
    over = paired_difference(by_seed, [0.0] * len(by_seed))
    return row | {
        "by_seed": by_seed,
        "seed_interval": list(over.interval) if over else None,
        "seed_p_value": over.p_value if over else None,
    }


def apply_result(config: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns `result.json` of an application whose journal is whole."""
    names = config["dataset"]["attributes"]
    searched = [event for event in events if event["event"] == "searched"]
    trained = [event for event in events if event["event"] == "trained"]
    seeds = sorted({event["seed"] for event in searched})
    methods = [method_row(name, names, searched, trained) for name in METHODS]
    if trained:
        methods.append(method_row("random architecture", names, [], trained))
    values = {
        (method["name"], key): [row.get(key) for row in method["attributes"]]
        for method in methods
        for key in ("final", "area", "expected", "test_score", "shuffled")
    }

    def less(first: tuple[str, str], second: tuple[str, str]) -> dict[str, Any] | None:
        pairs = list(zip(values.get(first, []), values.get(second, []), strict=False))
        if not pairs or None in itertools.chain(*pairs):
            return None
        return compare([a - b for a, b in pairs], [0.011, 0.018, 0.006][: len(seeds)])

    tuned, scratch = methods[3]["curve"], methods[2]["final"]
    reached = next((i for i, value in enumerate(tuned, 1) if value >= scratch), None)
    ours, theirs = values["transferred", "expected"], values["random", "expected"]
    lower = [name for name, a, b in zip(names, ours, theirs, strict=True) if a < b]
    return {
        "format": 1,
        "command": "transfer apply",
        "status": "finished",
        "source": config["source"],
        "dataset": config["dataset"],
        "attributes": names,
        "score": "auc",
        "seeds": seeds,
        "evaluations": EVALUATIONS,
        "space": {"size": "120472576"},
        "methods": methods,
        "comparison": {
            "transferred": less(("transferred", "expected"), ("random", "expected")),
            "guidance": less(("transferred", "expected"), ("transferred", "shuffled")),
            "mode": less(("transferred", "final"), ("random", "expected")),
            "fine_tuned": less(("fine-tuned", "final"), ("from scratch", "final")),
            "area": less(("fine-tuned", "area"), ("from scratch", "area")),
            "test": less(("transferred", "test_score"), ("random architecture", "test_score")),
            "scratch_random": less(("from scratch", "final"), ("random", "final")),
            "fine_tuned_random": less(("fine-tuned", "final"), ("random", "final")),
            "fine_tuned_test": less(("fine-tuned", "test_score"), ("from scratch", "test_score")),
            "match": {
                "evaluations": reached,
                "of": EVALUATIONS,
                "by_seed": [3, 7, 5][: len(seeds)],
                "interval": [1.0, 9.97] if len(seeds) == 3 else None,
            },
            "random_match": {
                "evaluations": None,
                "of": EVALUATIONS,
                "by_seed": [20, None, None][: len(seeds)],
                "interval": None,
            },
        },
        "negative_transfer": [name for name in lower if name == NEGATIVE],
        "lower_by_chance": [name for name in lower if name != NEGATIVE],
        "negative_transfer_test": {
            "test": "paired t-test over seeds",
            "p_values": {name: 0.01 if name == NEGATIVE else 0.5 for name in names},
        },
        "nearest": [
            {"attribute": row["attribute"], "nearest": row["nearest"]}
            for row in searched[1]["attributes"]
        ],
        "kendall_tau": 0.37 if trained else None,
        "kendall_tau_p_value": 0.012 if trained else None,
    }


def method_row(
    name: str, names: list[str], searched: list[dict[str, Any]], trained: list[dict[str, Any]]
) -> dict[str, Any]:
    own = [event for event in searched if event["method"] == name]
    tested = [
        e for e in trained if e["method"] in (name, "random search" if name == "random" else "")
    ]
    every, rows = [], []
    for place, attribute in enumerate(names):
        listed = [event["attributes"][place] for event in own]
        curves = [
            np.maximum.accumulate(row["rewards"] or [row["score"]] * EVALUATIONS) for row in listed
        ]
        every.append(np.mean(curves, axis=0) if curves else None)
        tests = [event["attributes"][place]["test_score"] for event in tested]
        rows.append(
            {
                "attribute": attribute,
                "final": float(np.mean([row["score"] for row in listed])) if own else None,
                "area": float(np.mean(curves)) if own else None,
                "expected": float(np.mean([row["expected"] for row in listed])) if own else None,
                "test_score": float(np.mean(tests)) if tests else None,
            }
        )
        if name == "transferred":
            rows[-1]["shuffled"] = float(np.mean([row["shuffled"] for row in listed]))

    def mean(key: str) -> float | None:
        return None if rows[0].get(key) is None else float(np.mean([row[key] for row in rows]))

    def around(value: float | None) -> list[float] | None:
        return None if value is None or len(names) < 3 else [value - 0.01, value + 0.01]

    curve = np.mean(every, axis=0).tolist() if own else []
    return {
        "name": name,
        "curve": curve,
        "curve_interval": [around(value) for value in curve],
        "final": mean("final"),
        "final_interval": around(mean("final")),
        "area": mean("area"),
        "expected": mean("expected"),
        "expected_interval": around(mean("expected")),
        "test_score": mean("test_score"),
        "test_interval": around(mean("test_score")),
        "shuffled": mean("shuffled"),
        "evaluations": [event["evaluations"] // len(names) for event in own],
        "cut_short": [event["cut_short"] for event in own],
        "missing": 0,
        "seconds": 12.5 if own else None,
        "attributes": rows,
    }


def _write(
    path: Path,
    config: dict[str, Any],
    events: list[dict[str, Any]],
    result: dict[str, Any] | None,
) -> None:
    (path / "config.json").write_text(json.dumps(config))
    torn = "" if result else '{"event": "trai'
    (path / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events) + torn)
    if result:
        (path / "result.json").write_text(json.dumps(result))
