"""A small STL-10 in the binary version."""

from pathlib import Path

import numpy as np

from datasets.options import DataOptions

SIZES = {"train": 80, "test": 30, "unlabeled": 20}


def images(part: str) -> np.ndarray:
    """Returns the images of a part as they look, uint8 `(n, 96, 96, 3)`."""
    rng = np.random.default_rng(list(SIZES).index(part))
    return rng.integers(0, 256, (SIZES[part], 96, 96, 3), dtype=np.uint8)


def make(folder: Path) -> DataOptions:
    """Writes the five files of the binary version, planes column by column."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in SIZES.items():
        images(part).transpose(0, 3, 2, 1).tofile(folder / f"{part}_X.bin")
        if part != "unlabeled":
            (np.arange(count, dtype=np.uint8) % 10 + 1).tofile(folder / f"{part}_y.bin")
    return DataOptions(dataset="stl10", data_dir=folder)
