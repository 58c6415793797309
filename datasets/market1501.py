"""`market1501`: pedestrians, with the attributes of Lin et al. (2019).

Zheng et al., "Scalable Person Re-identification: A Benchmark" (ICCV 2015); attributes by Lin et
al., "Improving Person Re-identification by Attribute and Identity Learning" (Pattern Recognition
2019). The files are those of `Market-1501-v15.09.15/`: `bounding_box_train/` (12,936 images) and
`bounding_box_test/` (19,732), named `0002_c1s1_000451_03.jpg`, where the digits before the first
`_` are the identity; and `market_attribute.mat`, which is a download of its own and may lie
in the data directory, beside the folder of images, or in `attribute/`. Attributes belong to
identities, and an image has those of its identity: see `market1501_attributes`.

**Splits.** The identities of training and test are different people. Validation is carved from
training, by whole identities. Test is the 13,115 images over which the official evaluation
(`evaluate_market_attribute.m`) goes: `bounding_box_test/` without junk (identity −1) and
background (0000). The `query/` images take no part in it, and are left out.

**The official score** counts the upper colours as one label, the lower colours as another and
age as a third: 12 labels. `downpurple` is nobody's in test, which is told as a problem.
"""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from datasets.info import DatasetInfo
from datasets.market1501_attributes import (
    AGES,
    LOWER_COLOURS,
    UPPER_COLOURS,
    attribute_names,
    read_attributes,
)
from datasets.options import DataOptions
from datasets.problems import Problems
from datasets.source import ImageFiles, Source, list_images
from datasets.splitting import split_rows
from graftwork.errors import InputError

NAME = "market1501"
TRAIN, TEST = "bounding_box_train", "bounding_box_test"
PUBLISHED = {TRAIN: 12_936, TEST: 19_732}
ATTRIBUTE_FILE = "market_attribute.mat"
ATTRIBUTE_FOLDERS = ("", "attribute", "Market-1501_Attribute")
VALIDATION = 0.15
IMAGE_NAME = re.compile(r"(-1|\d{1,9})_")
NO_PERSON = {-1: "junk images", 0: "background images"}
DEPTH = 3
"""How many folders deep the folder of the images is looked for."""


def open_source(options: DataOptions) -> Source:
    """Reads the names of the images and the attributes of their identities.

    Args:
        options: `data_dir` holds the folder of the images, at most three folders deep.
            `labels`, if given, is the attribute file. `market_age` says what age becomes.

    Returns:
        The source; the rows are the training images and then the test images, each by name.

    Raises:
        InputError: If the folders or the attribute file are missing or useless.
    """
    problems = Problems()
    folder = _image_folder(options.folder())
    attribute_file = options.labels or _attribute_file(options.folder(), folder)
    attributes = attribute_names(options.market_age)
    table = read_attributes(attribute_file, options.market_age, problems)
    names, labels, identities = [], [], []
    for part, split in ((TRAIN, "train"), (TEST, "test")):
        people = table[split]
        found = _people(folder, part, people.keys(), f"{attribute_file}, {split}", problems)
        names.append([name for name, _ in found])
        identities.append(np.array([identity for _, identity in found], np.int64))
        rows = [people[identity] for _, identity in found]
        labels.append(np.array(rows, np.int8).reshape(len(rows), len(attributes)))
    dealt = split_rows(
        labels[0],
        {"train": 1 - VALIDATION, "validation": VALIDATION},
        options.data_seed,
        identities[0],
    )
    together = np.concatenate(labels)
    splits = {**dealt, "test": np.arange(len(labels[0]), len(together))}
    _tell_constants(attribute_file, together, attributes, splits, problems)
    merged = {"upper colour": UPPER_COLOURS, "lower colour": LOWER_COLOURS}
    note = (
        f"validation is {VALIDATION:.0%} of the training images, by whole identities, drawn with "
        f"data-seed {options.data_seed}; test is {TEST} without junk and background"
    )
    if options.market_age == "binary":
        merged["age"] = AGES
    else:
        merged = {}
        note += "; with age as thresholds there is no official score"
    return Source(
        name=NAME,
        images=ImageFiles(folder, names[0] + names[1]),
        labels=together,
        attributes=attributes,
        splits=splits,
        problems=problems,
        size=(64, 32),
        flip=True,
        shift=0.06,
        merged=merged,
        note=note,
    )


def _image_folder(data_dir: Path) -> Path:
    """Finds the folder that holds the two folders of images."""
    for depth in range(DEPTH):
        found = [folder for folder in _folders(data_dir, depth) if (folder / TRAIN).is_dir()]
        if len(found) > 1:
            raise InputError(
                f"{found[0]} and {found[1]} both hold {TRAIN}. Give one of them as --data-dir."
            )
        if found and not (found[0] / TEST).is_dir():
            raise InputError(f"{found[0]} holds {TRAIN}, but no folder {TEST}. Unpack it as well.")
        if found:
            return found[0]
    raise InputError(
        f"--data-dir {data_dir} holds no folder {TRAIN}, nor does a folder in it, such as "
        "Market-1501-v15.09.15. Unpack Market-1501-v15.09.15.zip there."
    )


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """Yields the folders that lie `depth` folders deep, in order."""
    if not depth:
        yield folder
        return
    try:
        inner = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return  # A folder of others beside ours, closed to us.
    for path in inner:
        yield from _folders(Path(path), depth - 1)


def _attribute_file(data_dir: Path, folder: Path) -> Path:
    """Finds the attribute file in the data directory, with the images or beside them."""
    for base in dict.fromkeys((data_dir, folder, folder.parent)):
        for inner in ATTRIBUTE_FOLDERS:
            path = base / inner / ATTRIBUTE_FILE
            if path.is_file():
                return path
    raise InputError(
        f"{data_dir} holds no {ATTRIBUTE_FILE}, nor a folder attribute with it. It is in "
        "github.com/vana77/Market-1501_Attribute; copy it there, or give it as --labels."
    )


def _people(
    folder: Path, part: str, known: Collection[int], where: str, problems: Problems
) -> list[tuple[str, int]]:
    """Lists the images of identities that have attributes.

    Args:
        folder: The folder that holds `part`.
        part: One of the two folders of images.
        known: The identities that have attributes.
        where: The attribute file and its split, for messages.
        problems: Where all other images are counted, and the identities without an image.

    Returns:
        Path below `folder` and identity of each image.
    """
    listed = list_images(folder / part)
    found, nobody = [], []
    for name in listed:
        match = IMAGE_NAME.match(name.rpartition("/")[2])
        identity = int(match[1]) if match else None
        place = f"{folder / part / name}"
        if identity is None:
            text = "a name such as 0002_c1s1_000451_03.jpg is expected"
            problems.add("images with a name of another form", place, text, left_out=True)
        elif identity in NO_PERSON:
            nobody.append((NO_PERSON[identity], place))
        elif identity not in known:
            text = f"identity {identity:04d} has no attributes in {where}"
            problems.add("images of identities without attributes", place, text, left_out=True)
        else:
            found.append((f"{part}/{name}", identity))
    seen = {identity for _, identity in found}
    for identity in known:
        if identity not in seen:
            text = f"identity {identity:04d} has no image in {folder / part}"
            problems.add("identities without an image", where, text)
    # What is as it should be comes last: messages quote the first problem.
    if len(listed) != PUBLISHED[part]:
        text = f"holds {len(listed):,} images, where {PUBLISHED[part]:,} are published"
        problems.add("folders with another number of images", f"{folder / part}", text)
    for kind, place in nobody:
        problems.add(kind, place, "shows no one of the attribute file, and is not used")
    return found


def _tell_constants(
    attribute_file: Path,
    labels: np.ndarray,
    attributes: tuple[str, ...],
    splits: dict[str, np.ndarray],
    problems: Problems,
) -> None:
    for split, rows in splits.items():
        for name, column in zip(attributes, labels[rows].T, strict=True):
            if len(rows) and (column == column[0]).all():
                who = "everyone has" if column[0] else "no one has"
                text = f"{who} {name!r} among the {len(rows):,} images; accuracy says nothing of it"
                problems.add("constant attributes", f"{attribute_file}, split {split}", text)


INFO = DatasetInfo(
    name=NAME,
    summary="pedestrians of 1,501 identities: clothing, colours, bags, hair, gender, age",
    needs=f"Market-1501-v15.09.15/ and {ATTRIBUTE_FILE} in --data-dir",
    images="32,668 JPEGs of 128×64, of which 26,051 show someone with attributes",
    attributes=attribute_names("binary"),
    takes=("data_dir", "labels", "market_age"),
    source=open_source,
)
