"""A small CIFAR-10 in the binary version."""

from pathlib import Path

import numpy as np

from datasets.options import DataOptions

RECORDS = 20
"""In each of the six files: two of every class."""
FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def records(seed: int) -> np.ndarray:
    """Returns the content of a file, uint8 `(RECORDS, 3073)`, the classes in order."""
    content = np.random.default_rng(seed).integers(0, 256, (RECORDS, 3073), dtype=np.uint8)
    content[:, 0] = np.arange(RECORDS) % 10
    return content


def make(folder: Path) -> DataOptions:
    """Writes the six files of the binary version."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(FILES):
        records(seed).tofile(folder / name)
    return DataOptions(dataset="cifar10", data_dir=folder)
