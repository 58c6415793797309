"""`lfwa`: Labelled Faces in the Wild with 40 attributes (Liu, Luo, Wang & Tang 2015).

In the data folder lie `lfw_att_40.mat` (`AttrName`, `name`, `label`), `indices_train_test.mat`
(`indices_img_train`, `indices_img_test`, counted from 1) and the images, in
`lfw/Name_Name/Name_Name_0001.jpg` or without the folder `lfw`.
"""

from pathlib import Path

import numpy as np

from datasets.info import DatasetInfo
from datasets.lfwa_matlab import numbers, read_variables, texts
from datasets.options import DataOptions
from datasets.problems import Problems
from datasets.source import ImageFiles, Source, list_images
from datasets.splitting import split_rows
from datasets.tables import check_no_web_page
from graftwork.errors import InputError

NAME = "lfwa"
SIZE = (64, 64)
LABELS, INDICES = "lfw_att_40.mat", "indices_train_test.mat"
ARCHIVES = ("lfw.zip", "lfw.tgz", "lfw.tar.gz", "lfw.tar")
INDEX_NAMES = ("indices_img_train", "indices_img_test")
TRAIN, TEST = 1, 2
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
OF_TRAIN = {"train": 0.85, "validation": 0.15}


def open_source(options: DataOptions) -> Source:
    """Reads the attributes and the published split, and matches them with the images.

    Raises:
        InputError: If there is no image, or one of the MATLAB files is useless.
    """
    folder, problems = options.folder(), Problems()
    root, files = find_images(folder)
    names, attributes, labels = read_labels(folder / LABELS)
    good = check_rows(folder / LABELS, names, attributes, labels, problems)
    check_files(root, set(files), folder / LABELS, names, good, problems)
    official = None
    if (folder / INDICES).exists():
        official = read_indices(folder / INDICES, len(names))
        check_indices(folder / INDICES, official, good, problems)
    kept = np.flatnonzero(good)
    kept_names = [names[row] for row in kept]
    kept_labels = labels[kept].astype(np.int8)
    people = np.unique([name.rpartition("/")[0] for name in kept_names], return_inverse=True)[1]
    splits, note = deal(
        kept_labels, people, None if official is None else official[kept], options.data_seed
    )
    return Source(
        name=NAME,
        images=ImageFiles(root, kept_names),
        labels=kept_labels,
        attributes=tuple(attributes),
        splits=splits,
        problems=problems,
        size=SIZE,
        flip=True,
        shift=0.06,
        note=note,
    )


def find_images(folder: Path) -> tuple[Path, list[str]]:
    """Returns the folder of the people's folders and the paths of the images below it.

    Raises:
        InputError: If there is no image.
    """
    roots = [folder / "lfw" / "lfw", folder / "lfw", folder]
    root = next(root for root in roots if root.is_dir())
    if files := list_images(root):
        return root, files
    for archive in (folder / name for name in ARCHIVES):
        if archive.is_file():
            try:
                with open(archive, "rb") as file:
                    check_no_web_page(archive, file.read(512))
            except OSError as error:
                raise InputError(f"{archive} cannot be read: {error.strerror}.") from None
            raise InputError(
                f"{archive} is an archive, where the folder lfw is expected. Unpack it first."
            )
    raise InputError(
        f"{root} has no images, where lfw/Name_Name/Name_Name_0001.jpg and so on are expected "
        f"below {folder}."
    )


def read_labels(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Reads lfw_att_40.mat.

    Returns:
        The images' paths with `/`, the attributes' names, and the labels as they stand
        there: float64 `(images, attributes)`.

    Raises:
        InputError: If the file cannot be read or its variables do not fit together.
    """
    found = read_variables(path, ("AttrName", "name", "label"))
    attributes = texts(path, "AttrName", found["AttrName"])
    names = [name.replace("\\", "/") for name in texts(path, "name", found["name"])]
    labels = numbers(path, "label", found["label"])
    shape = (len(names), len(attributes))
    if 1 in shape and labels.size == np.prod(shape):
        labels = labels.reshape(shape)  # The readers drop sides of 1.
    if labels.shape != shape:
        raise InputError(
            f"{path}: label must have a row a name and a column an attribute, {shape}. "
            f"Received: {labels.shape}."
        )
    repeated = sorted({name for name in attributes if attributes.count(name) > 1})
    if repeated or not all(attributes):
        what = f"{repeated[0]!r} twice" if repeated else "an empty name"
        raise InputError(f"{path}: AttrName must name every attribute once. Received: {what}.")
    return names, attributes, labels


def check_rows(
    path: Path, names: list[str], attributes: list[str], labels: np.ndarray, problems: Problems
) -> np.ndarray:
    """Returns which rows are good, bool `(n,)`: labels of 0 and 1, and a name of their own."""
    wrong = (labels != 0) & (labels != 1)
    good = ~wrong.any(axis=1)
    for row in np.flatnonzero(~good):
        column = int(np.argmax(wrong[row]))
        text = f"{attributes[column]!r} is {labels[row, column]:g}, where 0 or 1 is expected"
        problems.add("wrong label values", f"{path}, row {row + 1}", text, left_out=True)
    rows: dict[str, int] = {}
    for row in np.flatnonzero(good):
        if (first := rows.setdefault(names[row], int(row))) != row:
            text = f"{names[row]!r} is in row {first + 1} already; that row counts"
            problems.add("repeated rows", f"{path}, row {row + 1}", text)
            good[row] = False
    return good


def check_files(
    root: Path, files: set[str], path: Path, names: list[str], good: np.ndarray, problems: Problems
) -> None:
    """Sets `good` to False in rows without an image; tells of these and of images without a row.

    Raises:
        InputError: If no row has an image.
    """
    if not files.intersection(names):
        raise InputError(
            f"{path} names no image that is below {root}: there it is {min(files)!r} and so on, "
            f"where {names[0]!r} is expected."
        )
    for row in np.flatnonzero(good):
        if names[row] not in files:
            text = f"{names[row]!r} is not below {root}"
            problems.add("rows without an image", f"{path}, row {row + 1}", text, left_out=True)
            good[row] = False
    for name in sorted(files.difference(names)):
        problems.add("images without a row", str(root / name), f"{path} does not name it")


def read_indices(path: Path, images: int) -> np.ndarray:
    """Reads indices_train_test.mat.

    Returns:
        For every image `TRAIN`, `TEST`, both added or 0, int8 `(images,)`.

    Raises:
        InputError: If the file cannot be read, or has an index that cannot be one: then
            all the others are wrong as well.
    """
    found = read_variables(path, INDEX_NAMES)
    parts = np.zeros(images, np.int8)
    for name, part in zip(INDEX_NAMES, (TRAIN, TEST), strict=True):
        indices = numbers(path, name, found[name]).ravel()
        wrong = ~((indices >= 1) & (indices <= images) & (indices == np.floor(indices)))
        if wrong.any():
            place = int(np.argmax(wrong))
            raise InputError(
                f"{path}: {name} must hold whole numbers from 1 to {images}, the number of names "
                f"in {LABELS}. Received: {indices[place]:g} at place {place + 1}. Use the two "
                "files that belong together, as they were published."
            )
        parts[indices.astype(np.int64) - 1] |= part
    return parts


def check_indices(path: Path, parts: np.ndarray, good: np.ndarray, problems: Problems) -> None:
    """Sets `good` to False for images that are in both of train and test, or in neither."""
    for row in np.flatnonzero(good & (parts == 0)):
        text = "is in neither train nor test"
        problems.add("images in no split", f"{path}, index {row + 1}", text, left_out=True)
    for row in np.flatnonzero(good & (parts == TRAIN | TEST)):
        text = "is in both train and test"
        problems.add("images in two splits", f"{path}, index {row + 1}", text, left_out=True)
    good &= (parts == TRAIN) | (parts == TEST)


def deal(
    labels: np.ndarray, people: np.ndarray, parts: np.ndarray | None, seed: int
) -> tuple[dict[str, np.ndarray], str]:
    """Returns the splits, and a note on how they were made.

    Args:
        labels: `(n, A)` int8.
        people: `(n,)` the number of the person in each image.
        parts: `(n,)` `TRAIN` or `TEST` as published; None where that is not known.
        seed: Seed of the validation split, or of all.
    """
    if parts is None:
        note = f"no {INDICES}: seeded splits of 70, 15 and 15 %, each person in one"
        return split_rows(labels, SHARES, seed, people), note
    train = np.flatnonzero(parts == TRAIN)
    carved = split_rows(labels[train], OF_TRAIN, seed, people[train])
    splits = {name: train[rows] for name, rows in carved.items()}
    note = "validation is a seeded 15 % of the published train split, each person in one of the two"
    return splits | {"test": np.flatnonzero(parts == TEST)}, note


INFO = DatasetInfo(
    name=NAME,
    summary="photos of faces of 5,749 people with 40 attributes (LFWA)",
    needs=f"in --data-dir: {LABELS}, {INDICES}, lfw/Name_Name/Name_Name_0001.jpg and so on",
    images="13,143 colour photos of 250×250",
    source=open_source,
)
