"""`stl10`: 13,000 labelled photos of ten kinds of animals and vehicles, and 100,000 others.

Coates, Lee & Ng, "An Analysis of Single Layer Networks in Unsupervised Feature Learning" (AISTATS
2011). Of the binary version, `train_X.bin`, `train_y.bin`, `test_X.bin` and `test_y.bin` must be
there, in the folder or in `stl10_binary/` within it; `unlabeled_X.bin` may be. An image is 27,648
bytes, the planes R, G and B, each column by column; a class is one byte, 1 to 10.

**Size.** Images are 96×96 and are brought to 48×48 unless `--size 96` is given, since papers on
generators (SNGAN, AutoGAN) use 48×48 of training and unlabelled images together.

**Attributes.** A class is an attribute, and so is each of these groups, which lets attributes
share what they need:

| group        | classes                                 |
|--------------|-----------------------------------------|
| animal       | bird, cat, deer, dog, horse, monkey     |
| mammal       | cat, deer, dog, horse, monkey           |
| four_legs    | cat, deer, dog, horse                   |
| hoofed       | deer, horse                             |
| pet          | cat, dog                                |
| flies        | airplane, bird                          |
| road_vehicle | car, truck                              |

There is no attribute `vehicle`: it would be `animal` once more, negated. Unlabelled images show
other animals and vehicles too: all their labels are missing.

**Splits.** Test is the test part; 15 % of the training images are for validation. The ten folds of
`fold_indices.txt` are not used.
"""

from pathlib import Path

import numpy as np

from datasets.class_labels import class_labels
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.planes import PlaneImages, check_present, find_nested, map_records
from datasets.problems import Problems
from datasets.source import ImageArray, Source, file_key
from datasets.splitting import split_rows
from graftwork.errors import InputError

NAME = "stl10"
SIDE = 96
PARTS = ("train", "test")
NEEDED = tuple(f"{part}_{kind}.bin" for part in PARTS for kind in "Xy")
UNLABELLED_FILE = "unlabeled_X.bin"
NESTED = "stl10_binary"
PAGE = "https://cs.stanford.edu/~acoates/stl10/"
VALIDATION = 0.15

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
GROUPS = {
    "animal": ("bird", "cat", "deer", "dog", "horse", "monkey"),
    "mammal": ("cat", "deer", "dog", "horse", "monkey"),
    "four_legs": ("cat", "deer", "dog", "horse"),
    "hoofed": ("deer", "horse"),
    "pet": ("cat", "dog"),
    "flies": ("airplane", "bird"),
    "road_vehicle": ("car", "truck"),
}


def open_source(options: DataOptions) -> Source:
    """Reads the classes of the images.

    Args:
        options: `data_dir` is the folder of the binary version.

    Returns:
        The source; the rows are the training, the test and then the unlabelled images. The
        split `unlabelled` is there if their file is.

    Raises:
        InputError: If a file is missing or of the wrong length, or images and classes differ in
            number.
    """
    problems = Problems()
    folder = find_nested(options.folder(), NESTED, (*NEEDED, UNLABELLED_FILE))
    advice = f"Get the binary version of STL-10 from {PAGE} and unpack stl10_binary.tar.gz."
    check_present(folder, NEEDED, advice)
    pairs = [_read_part(folder, part, problems) for part in PARTS]
    parts, classes = [images for images, _ in pairs], [numbers for _, numbers in pairs]
    paths = [folder / name for name in NEEDED]
    if (folder / UNLABELLED_FILE).exists():
        paths.append(folder / UNLABELLED_FILE)
        parts.append(_map_images(paths[-1]))
    unlabelled = sum(len(images) for images in parts[len(PARTS) :])
    numbers = np.concatenate(classes)
    kept = np.flatnonzero(numbers >= 0)
    train, labelled = int((classes[0] >= 0).sum()), len(kept)
    rows = np.concatenate([kept, np.arange(len(numbers), len(numbers) + unlabelled)])
    labels = class_labels(np.concatenate([numbers[kept], np.full(unlabelled, -1)]), CLASSES, GROUPS)
    splits = split_rows(
        labels[:train], {"train": 1 - VALIDATION, "validation": VALIDATION}, options.data_seed
    )
    splits["test"] = np.arange(train, labelled)
    if unlabelled:
        splits["unlabelled"] = np.arange(labelled, labelled + unlabelled)
    return Source(
        name=NAME,
        images=ImageArray(PlaneImages(parts, rows), str(folder), file_key(*paths)),
        labels=labels,
        attributes=INFO.attributes,
        splits=splits,
        problems=problems,
        size=(48, 48),
        flip=True,
        shift=0.06,
        note=f"a seeded {VALIDATION:.0%} of the training images are for validation",
    )


def _map_images(path: Path) -> np.ndarray:
    """Returns images, uint8 `(n, 3, 96, 96)`, mapped, turned the right way."""
    records = map_records(path, 3 * SIDE**2, f"an image of {SIDE}×{SIDE}")
    return records.reshape(-1, 3, SIDE, SIDE).swapaxes(2, 3)


def _read_part(folder: Path, part: str, problems: Problems) -> tuple[np.ndarray, np.ndarray]:
    """Reads the images and classes of `train` or `test`.

    Returns:
        The images as in `_map_images`, and the classes, int64 `(n,)` from 0, −1 where the
        file holds none of the ten.
    """
    images_path, classes_path = (folder / f"{part}_{kind}.bin" for kind in "Xy")
    images = _map_images(images_path)
    numbers = map_records(classes_path, 1, "a class").ravel().astype(np.int64) - 1
    if len(images) != len(numbers):
        raise InputError(
            f"{images_path} has {len(images):,} images and {classes_path} {len(numbers):,} "
            "classes, where one an image is expected. Unpack or download the files again."
        )
    for row in np.flatnonzero((numbers < 0) | (numbers >= len(CLASSES))):
        place = f"{classes_path}, record {row + 1}"
        text = f"the class is {numbers[row] + 1}, where 1 to {len(CLASSES)} is expected"
        problems.add("wrong classes", place, text, left_out=True)
        numbers[row] = -1
    return images, numbers


INFO = DatasetInfo(
    name=NAME,
    summary="photos of ten kinds of animals and vehicles, and what these have in common",
    needs=f"{NESTED}/ in --data-dir; {UNLABELLED_FILE} for generators",
    images="13,000 labelled and 100,000 unlabelled colour photos of 96×96, brought to 48×48",
    attributes=(*CLASSES, *GROUPS),
    source=open_source,
)
