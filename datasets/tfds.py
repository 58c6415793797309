"""`tfds:NAME`: any dataset of TensorFlow Datasets that has images and binary attributes.

`NAME` is what `tfds.load` takes: `celeb_a`, `celeb_a:2.1.0`, `oxford_iiit_pet`, `name/config`. The
folder of prepared datasets is `--data-dir`, or TFDS's own; what is not there is downloaded and
prepared by TFDS. It is an optional extra: `pip install graftwork[tfds]`.

**Attributes** are truth values, whole numbers of 0/1 or −1/1, alone, in a vector or in
a dictionary, and labels of two classes. A dataset with none of these and a single label
of more classes has one attribute a class. All else, such as CelebA's landmarks, is not used.

**Images are decoded when they are asked for**, by row and from any thread, and held no longer. TFDS
stores examples as tfrecord, which it reads from one end to the other, or as array_record. For the
first `TfRecords` finds every record by itself. Opening reads the numbers of all examples once.

**Splits** are those of TFDS with the names train, validation and test. What is missing is carved
from train; without train, all examples are dealt anew.
"""

import difflib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import MISSING, SPLITS
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.problems import Problems
from datasets.source import ImageArray, Source, file_key
from datasets.splitting import split_rows
from datasets.tfds_features import find_image, find_numbers, leaves, read_numbers, to_labels
from datasets.tfds_records import RecordImages, one_line, open_records
from graftwork.backend import load_backend
from graftwork.errors import InputError

NAME = "tfds"
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
UNLABELLED = ("unlabelled", "unlabeled")
LARGEST_OWN_SIDE = 64
"""Images of one size that is not larger are kept at it; others are brought to this side."""


def open_source(options: DataOptions) -> Source:
    """Reads the attributes of all examples.

    Args:
        options: `dataset` is `tfds:NAME`; `data_dir` is the folder of prepared datasets.

    Returns:
        The source; the rows are those of the splits in use, one after the other.

    Raises:
        InputError: If the package is not installed, the dataset is not known, cannot be
            downloaded or read, or has no image or no binary attributes.
    """
    name = options.dataset.removeprefix(NAME).removeprefix(":")
    if not name:
        raise InputError("dataset 'tfds' needs the name of a dataset, as in tfds:celeb_a.")
    if re.match(r"[^/]*:(?![\d*])", name):  # TFDS would fetch such a dataset's code and run it.
        raise InputError(
            f"dataset {NAME!r} takes the datasets of TFDS itself, as in tfds:celeb_a or "
            f"tfds:celeb_a:2.1.0, and none of other collections. Received: {name[:60]!r}."
        )
    folder = options.folder() if options.data_dir else None
    tfds = _package()
    load_backend()  # TFDS would import TensorFlow with its greetings.
    builder = _prepared(tfds, name, folder)
    from tensorflow.train import Example  # Here, since TensorFlow takes seconds to import.

    where = f"{NAME}:{builder.info.full_name}"
    found = dict(leaves(builder.info.features, tfds.features.FeaturesDict))
    image = find_image(found, tfds.features.Image, where)
    numbers = find_numbers(found, tfds.features.ClassLabel)
    problems = Problems()
    used, unused = _splits(builder)
    records = [open_records(builder, split) for split in used]
    rows, values = [], []
    for number, split in enumerate(used):
        for record in range(len(records[number])):
            try:
                example = Example.FromString(records[number][record])
                values.append(read_numbers(example, numbers))
                rows.append((number, record))
            except Exception as error:  # Protobuf's of damaged data, or a wrong count.
                place = f"{where}, split {split!r}, example {record}"
                problems.add("damaged examples", place, one_line(error), left_out=True)
    if not rows:
        raise InputError(f"{where} has no example that can be used.")
    attributes, labels = to_labels(numbers, np.array(values), where)
    row_of = np.array(rows, np.int64)
    shape = found[image].shape
    splits, note = _dealt([*used], row_of[:, 0], labels, options.data_seed)
    labels[splits.get("unlabelled", [])] = MISSING
    if unused:
        note = f"{note}; not used: {', '.join(unused)}".removeprefix("; ")
    paths = [Path(path) for split in used for path in builder.info.splits[split].filepaths]
    return Source(
        name=options.dataset,
        images=ImageArray(RecordImages(records, row_of, image, Example), where, file_key(*paths)),
        labels=labels,
        attributes=attributes,
        splits=splits,
        problems=problems,
        size=_size(shape),
        channels=1 if shape[-1] == 1 else 3,
        note=note,
    )


def _package() -> Any:
    """Imports TFDS."""
    try:
        import tensorflow_datasets
    except ImportError as error:
        raise InputError(
            f"dataset {NAME!r} needs TensorFlow Datasets, which cannot be imported: "
            f"{one_line(error)}. Install it: pip install graftwork[tfds]"
        ) from None
    if not sys.stderr.isatty():
        tensorflow_datasets.disable_progress_bar()
    return tensorflow_datasets


def _prepared(tfds: Any, name: str, folder: Path | None) -> Any:
    """Returns the builder of a dataset that is downloaded and prepared."""
    where = {"data_dir": str(folder)} if folder else {}
    try:
        builder = tfds.builder(name, **where)
    except tfds.core.DatasetNotFoundError:
        known = tfds.list_builders(with_community_datasets=False)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise InputError(
            f"TensorFlow Datasets knows no dataset {name!r}, and {folder or 'its folder'} holds "
            f"none of that name.{hint} The names are listed at "
            "https://www.tensorflow.org/datasets/catalog."
        ) from None
    except Exception as error:  # Of the builder's own code: a config, a version, a package.
        raise InputError(f"{NAME}:{name} cannot be opened by TFDS: {one_line(error)}.") from None
    try:
        builder.download_and_prepare()
    except Exception as error:  # Of the network, an archive, the disk, a package it lacks.
        raise InputError(
            f"{NAME}:{name} could not be downloaded and prepared: {one_line(error)}. Prepare it "
            f"by other means into a folder of TFDS, and give that as --data-dir."
        ) from None
    return builder


def _splits(builder: Any) -> tuple[list[str], list[str]]:
    """Returns the names of the splits that are used and those of the others."""
    there = [name for name, split in builder.info.splits.items() if split.num_examples]
    used = [name for name in (*SPLITS, *UNLABELLED) if name in there]
    if "train" not in used:
        used = there
    return used, [name for name in there if name not in used]


def _dealt(
    used: list[str], split_of: np.ndarray, labels: np.ndarray, seed: int
) -> tuple[dict[str, np.ndarray], str]:
    """Returns the rows of each split, and what to know of them.

    Args:
        used: The names of TFDS's splits.
        split_of: `(n,)` the number in `used` of each row.
        labels: `(n, A)` int8.
        seed: Seed of what is carved.
    """
    if "train" not in used:
        together = ", ".join(used)
        return split_rows(labels, SHARES, seed), f"seeded splits of all of {together}"
    splits = {
        "unlabelled" if name in UNLABELLED else name: np.flatnonzero(split_of == number)
        for number, name in enumerate(used)
    }
    lacking = [name for name in SPLITS if name not in splits]
    if not lacking:
        return splits, ""
    train = splits["train"]
    shares = {name: SHARES[name] for name in lacking}
    shares = {"train": 1 - sum(shares.values()), **shares}
    for name, rows in split_rows(labels[train], shares, seed).items():
        splits[name] = train[rows]
    return splits, f"{' and '.join(lacking)}: seeded, 15% of the training images each"


def _size(shape: tuple[int | None, ...]) -> tuple[int, int]:
    """Returns the size to which images of a feature's shape are brought."""
    height, width = shape[0], shape[1]
    if height and width and min(height, width) >= 4 and max(height, width) <= LARGEST_OWN_SIDE:
        return height, width
    return LARGEST_OWN_SIDE, LARGEST_OWN_SIDE


INFO = DatasetInfo(
    name=NAME,
    summary="any TensorFlow Datasets with images and binary attributes, as in tfds:celeb_a",
    needs="pip install graftwork[tfds]; downloads, or the folder of TFDS as --data-dir",
    images="as the dataset has them",
    package="tensorflow_datasets",
    source=open_source,
)
