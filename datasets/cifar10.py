"""`cifar10`: 60,000 small photos of ten kinds of animals and vehicles.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009). With `--data-dir`
the binary version is read: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, in
the folder or in `cifar-10-batches-bin/` within it, each a row of records of one byte for the
class and 3,072 for the planes R, G and B. Without it Keras downloads the data. The python version
is never read from a folder: it is made of pickles, and a pickle can run code.

**Attributes.** A class is an attribute, and so is each of these groups, which lets attributes
share what they need:

| group        | classes                                 |
|--------------|-----------------------------------------|
| animal       | bird, cat, deer, dog, frog, horse       |
| mammal       | cat, deer, dog, horse                   |
| four_legs    | cat, deer, dog, frog, horse             |
| hoofed       | deer, horse                             |
| pet          | cat, dog                                |
| flies        | airplane, bird                          |
| road_vehicle | automobile, truck                       |

There is no attribute `vehicle`: it would be `animal` once more, negated.

**Splits.** Test is the test batch; a tenth of the training images are for validation.
"""

import hashlib
from pathlib import Path

import numpy as np

from datasets.class_labels import class_labels
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.planes import PlaneImages, check_present, find_nested, map_records
from datasets.problems import Problems
from datasets.source import ImageArray, Source, file_key
from datasets.splitting import split_rows
from graftwork.backend import load_backend
from graftwork.errors import InputError

NAME = "cifar10"
SIDE = 32
TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_FILE = "test_batch.bin"
NESTED = "cifar-10-batches-bin"
PICKLES = ("data_batch_1", "test_batch", "batches.meta", "cifar-10-batches-py")
PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"
VALIDATION = 0.1

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
GROUPS = {
    "animal": ("bird", "cat", "deer", "dog", "frog", "horse"),
    "mammal": ("cat", "deer", "dog", "horse"),
    "four_legs": ("cat", "deer", "dog", "frog", "horse"),
    "hoofed": ("deer", "horse"),
    "pet": ("cat", "dog"),
    "flies": ("airplane", "bird"),
    "road_vehicle": ("automobile", "truck"),
}


def open_source(options: DataOptions) -> Source:
    """Reads the classes of the images.

    Args:
        options: `data_dir` is the folder of the binary version; if None, Keras downloads.

    Returns:
        The source; the rows are the training images and then the test images.

    Raises:
        InputError: If a file is missing or of the wrong length, or the download fails.
    """
    problems = Problems()
    if options.data_dir is None:
        parts, classes, tests, key = _download()
        where, rows = "keras.datasets.cifar10", np.arange(len(classes))
    else:
        folder = _find(options.folder())
        paths = [folder / name for name in (*TRAIN_FILES, TEST_FILE)]
        records = [map_records(path, 1 + 3 * SIDE**2, "a class and an image") for path in paths]
        parts = [each[:, 1:].reshape(-1, 3, SIDE, SIDE) for each in records]
        classes = np.concatenate([each[:, 0] for each in records])
        tests, key, where = len(records[-1]), file_key(*paths), str(folder)
        good = classes < len(CLASSES)
        _tell_wrong(paths, [len(each) for each in records], classes, good, problems)
        tests = int(good[len(good) - tests :].sum())
        rows = np.flatnonzero(good)
        classes = classes[rows]
    labels = class_labels(classes.astype(np.int64), CLASSES, GROUPS)
    train = len(rows) - tests
    dealt = split_rows(
        labels[:train], {"train": 1 - VALIDATION, "validation": VALIDATION}, options.data_seed
    )
    return Source(
        name=NAME,
        images=ImageArray(PlaneImages(parts, rows), where, key),
        labels=labels,
        attributes=INFO.attributes,
        splits={**dealt, "test": np.arange(train, len(rows))},
        problems=problems,
        size=(SIDE, SIDE),
        flip=True,
        shift=0.12,  # The usual 4 of 32 pixels.
        note=f"a seeded {VALIDATION:.0%} of the training images are for validation",
    )


def _find(folder: Path) -> Path:
    """Returns the folder of the binary files."""
    names = (*TRAIN_FILES, TEST_FILE)
    found = find_nested(folder, NESTED, names)
    advice = f"Get `CIFAR-10 binary version` from {PAGE} and unpack it."
    pickles = [name for name in PICKLES if (folder / name).exists()]
    if pickles and not any((found / name).exists() for name in names):
        raise InputError(
            f"{folder} holds the python version of CIFAR-10 ({pickles[0]}), which is not read: it "
            f"is made of pickles, and a pickle from anywhere can run code. {advice} Or leave "
            "out --data-dir: then Keras downloads the data and checks them."
        )
    check_present(found, names, advice)
    return found


def _tell_wrong(
    paths: list[Path], lengths: list[int], classes: np.ndarray, good: np.ndarray, problems: Problems
) -> None:
    """Tells of every record whose class is not one of the ten."""
    starts = np.cumsum([0, *lengths])
    for row in np.flatnonzero(~good):
        part = int(np.searchsorted(starts, row, side="right")) - 1
        place = f"{paths[part]}, record {row - starts[part] + 1}"
        text = f"the class is {classes[row]}, where 0 to {len(CLASSES) - 1} is expected"
        problems.add("wrong classes", place, text, left_out=True)


def _download() -> tuple[list[np.ndarray], np.ndarray, int, str]:
    """Returns images, classes, how many of them are test images, and a digest."""
    load_backend()
    from keras.datasets import cifar10  # Here, since Keras takes seconds to import.

    try:
        (train_x, train_y), (test_x, test_y) = cifar10.load_data()
    except Exception as error:  # Of the network, the archive, its pickles or the disk.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"dataset {NAME!r}: Keras could not download it: {reason}. Get `CIFAR-10 binary "
            f"version` from {PAGE}, unpack it, and give its folder as --data-dir."
        ) from None
    digest = hashlib.sha256(train_x.tobytes() + test_x.tobytes()).hexdigest()
    parts = [images.transpose(0, 3, 1, 2) for images in (train_x, test_x)]
    return parts, np.concatenate([train_y.ravel(), test_y.ravel()]), len(test_y), digest


INFO = DatasetInfo(
    name=NAME,
    summary="small photos of ten kinds of animals and vehicles, and what these have in common",
    needs=f"nothing: Keras downloads 170 MB; or {NESTED}/ in --data-dir",
    images="60,000 colour photos of 32×32",
    attributes=(*CLASSES, *GROUPS),
    source=open_source,
)
