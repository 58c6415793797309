"""Which features of a TFDS dataset are the image and the binary attributes."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from datasets.dataset import MISSING
from graftwork.errors import InputError

MOST_CLASSES = 100
"""A label of more classes, such as a person's identity, is not turned into attributes."""
MOST_VALUES = 1_000
"""A vector of more numbers is no vector of attributes."""
YES_AND_NO = {"0", "1", "no", "yes", "false", "true", "negative", "positive"}


@dataclasses.dataclass(frozen=True)
class Numbers:
    """A feature of whole numbers or truth values: perhaps attributes.

    Attributes:
        key: Its path in an example, with `/`.
        width: How many numbers it has.
        vector: Whether it is a vector, of which `width` may be 1.
        classes: The names of a label's classes; empty if it is no class label.
    """

    key: str
    width: int = 1
    vector: bool = False
    classes: tuple[str, ...] = ()


def leaves(features: Mapping[str, Any], nested: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields path and feature of everything in nested dictionaries of features.

    Args:
        features: The features by name, sorted here by name.
        nested: The class of a dictionary of features: `tfds.features.FeaturesDict`.
        path: What the paths begin with.
    """
    for name in sorted(features):
        feature = features[name]
        if isinstance(feature, nested):
            yield from leaves(feature, nested, f"{path}{name}/")
        else:
            yield path + name, feature


def find_image(found: Mapping[str, Any], kind: Any, where: str) -> str:
    """Returns the path of the image: of several, that with the name `image`.

    Args:
        found: All features by path.
        kind: The class of an image: `tfds.features.Image`.
        where: The dataset, for messages.

    Raises:
        InputError: If there is no image, or several and none of that name, or it is of
            another type than uint8 and uint16.
    """
    images = [path for path, feature in found.items() if isinstance(feature, kind)]
    if not images or (len(images) > 1 and "image" not in images):
        what = f"several images ({', '.join(images)})" if images else "no image"
        raise InputError(
            f"{where} has {what}, where one is expected. Its features: {', '.join(found)}."
        )
    path = "image" if "image" in images else images[0]
    shape, dtype = found[path].shape, np.dtype(found[path].np_dtype)
    if len(shape) != 3 or dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{where}: the feature {path!r} has the shape {tuple(shape)} and the type {dtype}, "
            "where single images of uint8 or uint16 are expected."
        )
    return path


def find_numbers(found: Mapping[str, Any], label_kind: Any) -> list[Numbers]:
    """Returns the features that may be attributes.

    Args:
        found: All features by path.
        label_kind: The class of a class label: `tfds.features.ClassLabel`.
    """
    numbers = []
    for path, feature in found.items():
        if isinstance(feature, label_kind):
            numbers.append(Numbers(path, classes=tuple(feature.names)))
            continue
        info = feature.get_serialized_info()
        if isinstance(info, dict):
            continue  # A sequence of dictionaries.
        shape, kind = tuple(info.shape), np.dtype(info.np_dtype).kind
        if kind not in "biu" or len(shape) > 1 or None in shape:
            continue
        width = shape[0] if shape else 1
        if 1 <= width <= MOST_VALUES:
            numbers.append(Numbers(path, width, bool(shape)))
    return numbers


def read_numbers(example: Any, numbers: Sequence[Numbers]) -> np.ndarray:
    """Reads the numbers of one example.

    Args:
        example: A `tf.train.Example`.
        numbers: The features to read.

    Returns:
        int16, all of them in a row, cut to what int16 holds.

    Raises:
        ValueError: If the example has more or fewer of them.
    """
    stored, row = example.features.feature, []
    for feature in numbers:
        values = stored[feature.key].int64_list.value
        if len(values) != feature.width:
            raise ValueError(
                f"{feature.key!r} has {len(values)} numbers, where {feature.width} are expected"
            )
        row.extend(values)
    limits = np.iinfo(np.int16)
    return np.clip(np.array(row, np.int64), limits.min, limits.max).astype(np.int16)


def to_labels(
    numbers: Sequence[Numbers], values: np.ndarray, where: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Turns the numbers of all examples into attributes.

    Truth values, numbers that are all 0 or 1 or all −1 or 1, and labels of two classes are
    attributes. Where there is none of these, a single label of more classes becomes one attribute
    a class. −1 as a class is a missing label, as TFDS has it.

    Args:
        numbers: The features.
        values: int16 `(n, sum of the widths)`.
        where: The dataset, for messages.

    Returns:
        The attributes' names, and int8 `(n, A)` in {0, 1, −1 missing}.

    Raises:
        InputError: If there is nothing that can be attributes.
    """
    ends = np.cumsum([feature.width for feature in numbers])
    paths: list[str] = []
    columns: list[np.ndarray] = []
    many = []
    for feature, end in zip(numbers, ends, strict=True):
        block = values[:, end - feature.width : end]
        if feature.classes and len(feature.classes) != 2:
            many.append((feature, block[:, 0]))
        elif (labels := _binary(block, bool(feature.classes))) is not None:
            paths += _paths(feature)
            columns.append(labels)
    if not columns and len(many) == 1 and 2 < len(many[0][0].classes) <= MOST_CLASSES:
        feature, classes = many[0]
        paths = [_class_name(feature, name) for name in feature.classes]
        hot = classes[:, np.newaxis] == np.arange(len(feature.classes))
        columns.append(np.where(classes[:, np.newaxis] < 0, MISSING, hot).astype(np.int8))
    if not columns:
        had = ", ".join(f"{f.key} of {len(f.classes):,} classes" for f, _ in many)
        raise InputError(
            f"{where} has no binary attributes: no truth values, numbers of 0/1 or -1/1, labels of "
            f"two classes, or a single label of 3 to {MOST_CLASSES} classes. "
            f"Received: {had or ', '.join(f.key for f in numbers) or 'no numbers'}."
        )
    return _short(paths), np.concatenate(columns, axis=1)


def _binary(block: np.ndarray, is_label: bool) -> np.ndarray | None:
    """Returns int8 labels, or None if the numbers are not of two values."""
    if is_label:
        return np.clip(block, MISSING, 1).astype(np.int8)
    seen = set(np.unique(block).tolist())
    if not (seen <= {0, 1} or seen <= {-1, 1}):
        return None
    return (block == 1).astype(np.int8)


def _paths(feature: Numbers) -> list[str]:
    """Returns a path for each attribute of a feature of numbers."""
    if feature.classes:
        no, yes = feature.classes
        return [feature.key if {no.lower(), yes.lower()} <= YES_AND_NO else f"{feature.key}/{yes}"]
    if feature.vector:
        return [f"{feature.key}_{place}" for place in range(feature.width)]
    return [feature.key]


def _class_name(feature: Numbers, name: str) -> str:
    """Returns a path for a class, whose name alone says something unless it is a number."""
    return f"{feature.key}_{name}" if name.isdigit() else f"{feature.key}/{name}"


def _short(paths: Sequence[str]) -> tuple[str, ...]:
    """Returns the last part of every path, or all of it where two have the same last part."""
    last = [path.rsplit("/", 1)[-1] for path in paths]
    return tuple(
        name if last.count(name) == 1 else path for name, path in zip(last, paths, strict=True)
    )
