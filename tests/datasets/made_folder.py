"""A small folder of images of several kinds with a table of their attributes."""

from pathlib import Path

import numpy as np
from PIL import Image

from datasets.options import DataOptions

IMAGES = 90
ATTRIBUTES = ("bright", "red", "wide")
NAMES = tuple(
    f"{('a', 'b')[row % 2]}/{row:03d}.{('png', 'jpg', 'gif', 'webp', 'bmp')[row % 5]}"
    for row in range(IMAGES)
)


def make(folder: Path) -> DataOptions:
    """Writes 90 images and `attributes.csv` with three attributes; returns how to read them."""
    values = labels()
    write_images(folder, NAMES, values)
    write_table(folder / "attributes.csv", ATTRIBUTES, NAMES, values)
    return DataOptions(dataset="folder", data_dir=folder)


def labels(images: int = IMAGES) -> np.ndarray:
    """Returns `(images, 3)` of 0 and 1, every combination as often."""
    return (np.arange(images)[:, None] >> np.arange(3)) & 1


def write_images(folder: Path, names, values=None) -> None:
    """Writes noise under each name: bright, red and wide if its row of `values` says so."""
    rng = np.random.default_rng(0)
    values = np.zeros((len(names), 3), int) if values is None else values
    for name, (bright, red, wide) in zip(names, values, strict=True):
        shape = (16, 30, 3) if wide else (20, 12, 3)
        pixels = rng.integers(0, 100, shape) + 100 * bright
        pixels[..., 0] += 50 * red
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / name)


def write_table(path: Path, attributes, names, values, *, separator=",", end="\n") -> None:
    """Writes a table whose first column is `image`."""
    rows = [
        ["image", *attributes],
        *([name, *row] for name, row in zip(names, values, strict=True)),
    ]
    text = "".join(separator.join(map(str, row)) + end for row in rows)
    path.write_bytes(text.encode())
