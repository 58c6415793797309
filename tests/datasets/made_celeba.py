"""A small dataset in the format of CelebA, as text files and as Kaggle's CSV files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.celeba import ATTRIBUTES
from datasets.options import DataOptions

IMAGES = 90
NAMES = tuple(f"{number:06d}.jpg" for number in range(1, IMAGES + 1))


def make(folder: Path) -> DataOptions:
    """Writes 90 images with all attributes, 50, 20 and 20 a split; returns how to read them."""
    write_images(folder / "img_align_celeba", NAMES, (178, 218))
    write_attributes(folder / "list_attr_celeba.txt", ATTRIBUTES, NAMES, labels())
    write_partition(folder / "list_eval_partition.txt", NAMES, [0] * 50 + [1] * 20 + [2] * 20)
    return DataOptions(dataset="celeba", data_dir=folder)


def labels(images: int = IMAGES, attributes: int = len(ATTRIBUTES)) -> np.ndarray:
    """Returns labels of 0 and 1: every other image has the opposite ones."""
    drawn = np.random.default_rng(1).integers(0, 2, (images, attributes))
    drawn[1::2] = 1 - drawn[: images // 2 * 2 : 2]
    return drawn


def write_images(folder: Path, names: Sequence[str], size: tuple[int, int] = (8, 8)) -> None:
    """Writes coarse noise under each name, `size` its width and height."""
    rng = np.random.default_rng(2)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        coarse = Image.fromarray(rng.integers(0, 256, (5, 4, 3), np.uint8))
        coarse.resize(size).save(folder / name)


def write_attributes(
    path: Path, attributes: Sequence[str], names: Sequence[str], values: np.ndarray
) -> None:
    """Writes the attributes, −1 for no, in the form that the path ends with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [[name, *row] for name, row in zip(names, 2 * values - 1, strict=True)]
    if path.suffix == ".csv":
        lines = [",".join(map(str, row)) for row in [["image_id", *attributes], *rows]]
    else:  # Numbers are aligned: two spaces before a 1. The header ends with a space.
        lines = [str(len(names)), " ".join(attributes) + " "]
        lines += [row[0] + "".join(f" {value:2d}" for value in row[1:]) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def write_partition(path: Path, names: Sequence[str], parts: Sequence[int]) -> None:
    """Writes the partition in the form that the path ends with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    csv = path.suffix == ".csv"
    lines = ["image_id,partition"] if csv else []
    lines += [f"{name}{',' if csv else ' '}{part}" for name, part in zip(names, parts, strict=True)]
    path.write_text("\n".join(lines) + "\n")
