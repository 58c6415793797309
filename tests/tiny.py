"""A dataset and a search that take seconds: what the tests with TensorFlow share."""

import json
from pathlib import Path

import numpy as np
import pytest

from datasets import Dataset, DatasetInfo
from datasets.registry import REGISTRY

SHAPE = (16, 16, 1)
ATTRIBUTES = ("column", "row", "cross", "frame", "dot")
SIZES = {"train": 400, "validation": 130, "test": 70}

# The flags of a search that is small in everything: six rounds, two trainings.
SEARCH = (
    *("--dataset", "tiny", "--blocks", "2", "3", "--channels", "3", "--batch-size", "16"),
    *("--round-steps", "3", "--warmup-rounds", "2", "--sweeps", "2"),
    *("--steps", "8", "--random-trees", "1", "--no-controls"),
)
# The same of a search of generators: four rounds, six trainings a seed.
GAN_SEARCH = (
    *("--dataset", "tiny", "--nodes", "1", "--channels", "4", "--latent", "4"),
    *("--batch-size", "8", "--warmup-rounds", "1", "--rounds", "2", "--round-steps", "3"),
    *("--children", "2", "--candidates", "3", "--evaluations", "4", "--reward-images", "64"),
    *("--steps", "5", "--images", "64", "--random-cells", "1"),
)
TIMES = ("seconds", "training_seconds", "evaluation_seconds", "latency_ms")
TIMES += ("search_seconds", "images_per_second", "children_an_hour", "memory_mb")


def tiny_dataset(**changes) -> Dataset:
    """Returns noise with bright columns, rows, frames and dots; a cross is both of the first.

    Some labels are missing.

    Args:
        changes: Arguments of `Dataset.from_arrays` in place of these.
    """
    rng = np.random.default_rng(0)
    count = sum(SIZES.values())
    labels = rng.integers(0, 2, (count, len(ATTRIBUTES))).astype(np.int8)
    labels[:, 2] = labels[:, 0] & labels[:, 1]
    images = rng.integers(0, 90, (count, *SHAPE))
    for image, (column, row, _, frame, dot) in zip(images, labels, strict=True):
        y, x = rng.integers(3, 13, 2)
        if column:
            image[:, x] += 150
        if row:
            image[y, :] += 150
        if frame:
            image[[0, -1], :] = image[:, [0, -1]] = 200
        if dot:
            image[y - 2 : y + 1, x - 2 : x + 1] = 255
    labels[rng.random(labels.shape) < 0.05] = -1
    ends = np.cumsum(list(SIZES.values()))
    starts = ends - list(SIZES.values())
    arrays = {
        "name": "tiny",
        "images": np.minimum(images, 255).astype(np.uint8),
        "labels": labels,
        "attributes": ATTRIBUTES,
        "splits": {
            split: np.arange(start, end)
            for split, start, end in zip(SIZES, starts, ends, strict=True)
        },
    }
    return Dataset.from_arrays(**(arrays | changes))


def register(patch: pytest.MonkeyPatch, **changes) -> None:
    """Makes the command line know the dataset `tiny`, for as long as `patch` lasts."""
    dataset = tiny_dataset(**changes)
    info = DatasetInfo(
        name="tiny",
        summary="bars and dots",
        needs="nothing",
        images="600 of 16×16, grey",
        attributes=dataset.attributes,
        loader=lambda options, progress: dataset,
    )
    patch.setitem(REGISTRY, "tiny", info)


def register_gan(patch: pytest.MonkeyPatch, **changes) -> None:
    """Makes `tiny` a dataset of 8×8 images, for generators of one stage.

    Its classifier learns little, and a training may write a checkpoint after two steps.
    """
    register(patch, **{"images": tiny_dataset().images[:, ::2, ::2]} | changes)
    from gan_nas import classifier, standalone

    patch.setitem(classifier.SETTINGS, "steps", 8)
    patch.setitem(classifier.SETTINGS, "widths", [4] * 5)
    patch.setattr(standalone, "CHUNK", 2)


def journal(run: Path) -> list[dict]:
    """Returns the events of a run without what measures time or memory."""
    events = map(json.loads, (run / "journal.jsonl").read_text().splitlines())
    return [{k: v for k, v in event.items() if k not in TIMES} for event in events]
