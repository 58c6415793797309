"""A dataset that is small enough to write down."""

import numpy as np

from datasets.dataset import Dataset


def small(**changes):
    """Twelve images, two attributes, four images a split."""
    rng = np.random.default_rng(0)
    arrays = {
        "name": "small",
        "images": rng.integers(0, 256, (12, 4, 4, 1), dtype=np.uint8),
        "labels": np.tile(np.array([[0, 1], [1, 0]], np.int8), (6, 1)),
        "attributes": ("round", "red"),
        "splits": {
            "train": np.arange(0, 4),
            "validation": np.arange(4, 8),
            "test": np.arange(8, 12),
        },
    }
    return Dataset.from_arrays(**(arrays | changes))
