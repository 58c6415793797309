"""Run folders with what reports of comparisons need beside the others, made up in milliseconds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from fake_gan_runs import NORMAL, make_gan_run
from fake_runs import make_run

CELEBA = json.loads((Path(__file__).parent / "celeba_tree.json").read_text(encoding="utf-8"))


def edit(path: Path, change) -> None:
    """Applies a function to the JSON of a file."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def edit_journal(run: Path, change) -> None:
    """Applies a function to every event of a journal, in its place."""
    journal = run / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in events:
        change(event)
    journal.write_text("".join(json.dumps(event) + "\n" for event in events))


def correlated(parents: list[list[int]], noise: float = 1.0, images: int = 400) -> list[list[Any]]:
    """Returns correlations of labels that are the more alike, the more blocks they share."""
    rng = np.random.default_rng(3)
    values = np.zeros((images, 1))
    for row in parents:
        values = values[:, row] + rng.normal(0, noise, (images, len(row)))
    labels = values > rng.normal(0, 0.8, values.shape[1])
    return np.corrcoef(labels.T).round(4).tolist()


def make_celeba_run(path: Path) -> Path:
    """Writes a run with the tree of 40 attributes that Vandenhende et al. published."""
    parents = CELEBA["parents"]
    blocks = tuple(map(len, parents[:-1]))
    run = make_run(path, blocks=blocks, attributes=CELEBA["attributes"])

    def correlations(values: dict[str, Any]) -> None:
        values["dataset"]["name"] = "celeba"
        values["dataset"]["label_correlations"] = correlated(parents)

    edit(run / "config.json", correlations)
    edit(run / "result.json", correlations)
    edit(run / "result.json", lambda values: values.update(architecture=parents))
    return run


def make_drawing_gan_run(path: Path, **named: Any) -> Path:
    """Writes a run of GANs whose rounds say what they drew: more and more of one operation."""
    run = make_gan_run(path, **named)
    rng = np.random.default_rng(4)

    def operations(event: dict[str, Any]) -> None:
        if event["event"] == "round":
            weights = np.ones(len(NORMAL) + 2)
            weights[3] += 0.4 * event["round"]
            drawn = rng.multinomial(80, weights / weights.sum())
            names = [*NORMAL, "transposed_3x3", "nearest_identity"]
            event["operations"] = dict(zip(names, drawn.tolist(), strict=True))

    edit_journal(run, operations)
    # What `gans sample` writes.
    grid = (run / "samples" / "seed0-dcgan-final.png").read_bytes()
    (run / "interpolation-seed0.png").write_bytes(grid)
    (run / "samples-seed0.png").write_bytes(grid)
    return run
