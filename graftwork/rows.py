"""Labels that may be missing, and images that may be larger than the memory."""

import mmap
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MISSING = -1
"""The label of an attribute that nobody annotated: it counts nowhere."""


def map_array(path: Path) -> np.memmap:
    """Maps an `.npy` file, and keeps it open: it stays whole even if it is removed.

    Args:
        path: The file.

    Returns:
        Its array, read-only, for `read_rows`.
    """
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    mapped.descriptor = os.open(path, os.O_RDONLY)
    weakref.finalize(mapped, os.close, mapped.descriptor)
    return mapped


def release_pages(array: np.ndarray) -> None:
    """Lets go of the pages of a mapped file that were read so far; they can be read again.

    Args:
        array: A view of a memory map.
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def read_rows(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Returns some rows of an array, without holding on to more of a memory-mapped one.

    Rows of a memory-mapped file are read as from any file: pages of a map that were once
    touched count as this process's memory for as long as it has the map.

    Args:
        images: Array `(n, …)`, in memory or from `map_array`.
        rows: Integer array `(k,)`.

    Returns:
        Array `(k, …)`.
    """
    if not isinstance(images, np.memmap) or not hasattr(images, "descriptor"):
        return images[rows]  # In memory, or a view of a map, whose place in its file is unknown.
    result = np.empty((len(rows), *images.shape[1:]), images.dtype)
    size = int(np.prod(images.shape[1:])) * images.itemsize
    for target, row in zip(result, rows.tolist(), strict=True):
        if os.preadv(images.descriptor, [target.data], images.offset + row * size) != size:
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
