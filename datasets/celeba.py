"""`celeba`: 202,599 aligned photos of faces with 40 attributes (Liu, Luo, Wang & Tang 2015).

In the data folder lie `list_attr_celeba.txt` and `list_eval_partition.txt`, which may be in
`Anno` and `Eval` and may be Kaggle's CSV files, and the images in `img_align_celeba`, which may
be nested twice or lie in `Img`. The splits are the published ones, in which no person is in two.
"""

import os
from pathlib import Path

import numpy as np

from datasets.celeba_tables import (
    UNUSABLE,
    AttributeTable,
    find_table,
    read_attributes,
    read_partition,
)
from datasets.dataset import SPLITS
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.problems import Problems
from datasets.source import IMAGE_ENDINGS, ImageFiles, Source
from datasets.splitting import split_rows
from datasets.tables import check_no_web_page
from graftwork.errors import InputError

NAME = "celeba"
SIZE = (64, 64)
LABELS, PARTITION, IMAGES = "list_attr_celeba", "list_eval_partition", "img_align_celeba"
IMAGE_FOLDERS = (IMAGES, f"{IMAGES}/{IMAGES}", f"Img/{IMAGES}", f"Img/{IMAGES}/{IMAGES}")
ARCHIVES = (f"{IMAGES}.zip", f"Img/{IMAGES}.zip")
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""Nearly those of the published splits."""

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs",
    "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair",
    "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses", "Goatee", "Gray_Hair",
    "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks",
    "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip


def open_source(options: DataOptions) -> Source:
    """Reads the attributes and the published splits, and matches them with the images.

    Raises:
        InputError: If there is no attribute table or no image, or one of the tables is useless.
    """
    folder, problems = options.folder(), Problems()
    path = find_table(folder, LABELS)
    if path is None:
        raise InputError(
            f"{folder} has no {LABELS}.txt or {LABELS}.csv, nor have Anno and Eval below it."
        )
    partition_path = find_table(folder, PARTITION)
    root, files = find_images(folder)
    table = read_attributes(path, problems)
    rows = with_images(table, root, files, problems)
    if partition_path is None:
        splits = split_rows(table.labels[rows], SHARES, options.data_seed)
        note = (
            f"no {PARTITION}: seeded splits of 80, 10 and 10 %, in which the same person may be "
            "in several"
        )
    else:
        rows, splits = published(partition_path, table, rows, problems)
        note = _note(splits, partition_path)
    return Source(
        name=NAME,
        images=ImageFiles(root, [table.names[row] for row in rows]),
        labels=table.labels[rows],
        attributes=table.attributes,
        splits=splits,
        problems=problems,
        size=SIZE,
        flip=True,
        shift=0.06,
        note=note,
    )


def find_images(folder: Path) -> tuple[Path, set[str]]:
    """Returns the folder of the images and their names.

    Raises:
        InputError: If there are none, or only their archive.
    """
    for root in (folder / place for place in IMAGE_FOLDERS):
        if root.is_dir() and (files := _image_names(root)):
            return root, files
    for archive in (folder / place for place in ARCHIVES):
        if archive.is_file():
            try:
                with open(archive, "rb") as file:
                    check_no_web_page(archive, file.read(512))
            except OSError as error:
                raise InputError(f"{archive} cannot be read: {error.strerror}.") from None
            raise InputError(
                f"{archive} is an archive, where the folder {IMAGES} is expected. Unpack it first."
            )
    raise InputError(f"{folder} has no images in {', '.join(IMAGE_FOLDERS[:3])}.")


def _image_names(root: Path) -> set[str]:
    try:
        return {
            name
            for name in os.listdir(root)
            if name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")
        }
    except OSError as error:
        raise InputError(f"{root} cannot be read: {error.strerror}.") from None


def with_images(
    table: AttributeTable, root: Path, files: set[str], problems: Problems
) -> np.ndarray:
    """Returns the rows that have an image; tells of the others and of images without a row.

    Raises:
        InputError: If no row has an image.
    """
    rows = []
    for row, name in enumerate(table.names):
        if name in files:
            rows.append(row)
        else:
            place = f"{table.path}, line {table.lines[name]}"
            text = f"{name!r} is not in {root}"
            problems.add("rows without an image", place, text, left_out=True)
    if not rows:
        raise InputError(
            f"{table.path} names no image of {root}: there it is {min(files)!r} and so on, where "
            f"{table.names[0]!r} is expected."
        )
    for name in sorted(files.difference(table.lines, table.refused)):
        problems.add("images without a row", str(root / name), f"{table.path} does not name it")
    return np.array(rows, np.int64)


def published(
    path: Path, table: AttributeTable, rows: np.ndarray, problems: Problems
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Deals rows as published.

    Args:
        path: The partition file.
        table: The attributes.
        rows: The rows of the table that have an image.
        problems: Where problems go.

    Returns:
        The rows that have a partition, and for each split the indices of its rows among them.
    """
    names = [table.names[row] for row in rows]
    partition = read_partition(path, set(names), problems)
    parts = np.full(len(rows), UNUSABLE)
    for index, name in enumerate(names):
        if name in partition:
            parts[index] = partition[name]
        else:
            place = f"{table.path}, line {table.lines[name]}"
            text = f"{name!r} is not in {path}"
            problems.add("rows without a partition", place, text, left_out=True)
    kept = np.flatnonzero(parts != UNUSABLE)
    dealt = {split: np.flatnonzero(parts[kept] == part) for part, split in enumerate(SPLITS)}
    return rows[kept], dealt


def _note(splits: dict[str, np.ndarray], path: Path) -> str:
    empty = [split for split, rows in splits.items() if not len(rows)]
    if not empty:
        return ""
    return (
        f"{path.name} puts none of these images into {' and '.join(empty)}; without that file the "
        "splits are seeded"
    )


INFO = DatasetInfo(
    name=NAME,
    summary="photos of the faces of 10,177 people with 40 attributes (CelebA)",
    needs=f"in --data-dir: {LABELS}.txt, {PARTITION}.txt (or .csv, as Kaggle's) and {IMAGES}/",
    images="202,599 colour photos of 178×218",
    attributes=ATTRIBUTES,
    source=open_source,
)
