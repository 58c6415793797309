"""Labels that may be missing, and images that may be larger than the memory."""

import mmap
import os
from collections.abc import Iterator

import numpy as np

MISSING = -1
"""The label of an attribute that nobody annotated: it counts nowhere."""


def read_rows(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Returns some rows of an array, without holding on to more of a memory-mapped one.

    Rows of a memory-mapped file are read as from any file: pages of a map that were once
    touched count as this process's memory for as long as it has the map.

    Args:
        images: Array `(n, …)`, in memory or memory-mapped.
        rows: Integer array `(k,)`.

    Returns:
        Array `(k, …)`.
    """
    if not isinstance(images, np.memmap) or not isinstance(images.base, mmap.mmap):
        return images[rows]  # In memory, or a view of a map, whose place in its file is unknown.
    result = np.empty((len(rows), *images.shape[1:]), images.dtype)
    size = int(np.prod(images.shape[1:])) * images.itemsize
    with open(images.filename, "rb", buffering=0) as file:
        for target, row in zip(result, rows.tolist(), strict=True):
            if os.preadv(file.fileno(), [target.data], images.offset + row * size) != size:
                raise OSError(f"{images.filename} is shorter than it was")
    return result


def batches(
    images: np.ndarray, labels: np.ndarray, rows: np.ndarray, size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields rows in batches of one size; what fills the last has missing labels.

    Args:
        images: uint8 array `(n, height, width, channels)`.
        labels: int8 array `(n, A)`.
        rows: Integer array `(k,)`, at least one.
        size: Images a batch.
    """
    for start in range(0, len(rows), size):
        chosen = rows[start : start + size]
        lacking = size - len(chosen)
        marks = labels[chosen]
        if lacking:
            chosen = np.concatenate([chosen, np.repeat(chosen[:1], lacking)])
            filler = np.full((lacking, labels.shape[1]), MISSING, labels.dtype)
            marks = np.concatenate([marks, filler])
        yield read_rows(images, chosen), marks
