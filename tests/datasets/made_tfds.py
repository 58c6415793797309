"""Small datasets that TFDS wrote itself. Needs tensorflow_datasets."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from datasets.options import DataOptions

SIZES = {"train": 60, "validation": 20, "test": 20}


def picture(number: int, side: int = 12) -> np.ndarray:
    """Returns an image of its own for every number."""
    return np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)


def write(
    folder: Path,
    features: Mapping[str, Any],
    example: Callable[[int], dict],
    *,
    name: str = "made",
    sizes: Mapping[str, int] = SIZES,
    stored: str = "tfrecord",
) -> DataOptions:
    """Lets TFDS store a dataset.

    Args:
        folder: The folder of prepared datasets.
        features: The features by name, `tfds.features` or dictionaries of them.
        example: Returns the example of a number; numbers go on through the splits.
        name: The dataset's name.
        sizes: How many examples each split has.
        stored: `"tfrecord"` or `"array_record"`.

    Returns:
        The options that open it.
    """
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    splits: dict[str, Iterable] = {}
    first = 0
    for split, size in sizes.items():
        splits[split] = [(number, example(number)) for number in range(first, first + size)]
        first += size
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets=splits,
        data_dir=str(folder),
        file_format=stored,
        disable_shuffling=True,
    )
    return DataOptions(dataset=f"tfds:{name}", data_dir=folder)


def make(folder: Path) -> DataOptions:
    """Lets TFDS store 100 PNG images with three attributes, like those of `celeb_a`."""
    import tensorflow_datasets as tfds

    folder.mkdir(parents=True, exist_ok=True)
    features = {
        "image": tfds.features.Image(shape=(12, 12, 3), encoding_format="png"),
        "attributes": {"Bald": np.bool_, "Smiling": np.bool_, "Young": np.bool_},
        "landmarks": {"nose_x": np.int64},
    }

    def example(number: int) -> dict:
        return {
            "image": picture(number),
            "attributes": {
                "Bald": number % 2 == 0,
                "Smiling": number % 3 == 0,
                "Young": number % 5 < 2,
            },
            "landmarks": {"nose_x": number},
        }

    return write(folder, features, example)
