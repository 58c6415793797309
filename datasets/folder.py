"""A folder of a person's own images, with or without a table of attributes."""

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.dataset import SPLITS
from datasets.folder_names import ImageNames
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.problems import Problems, plain, quoted
from datasets.source import IMAGE_ENDINGS, ImageFiles, Source, list_images
from datasets.splitting import split_rows
from datasets.tables import LabelTable, csv_rows
from graftwork.errors import InputError, unknown_name

NAME = "folder"
SIZE = (32, 32)
"""Small enough to begin with; --size asks for more."""
HELD_OUT = 0.15
"""The share of the rows that is dealt to validation, and to test, where the table does not say."""
NAME_COLUMNS = ("image", "imageid", "file", "filename", "path", "name")
"""Columns that name the image wherever they stand, without spaces, `_` and `-`."""
SPLIT_VALUES = {
    "train": "train",
    **dict.fromkeys(("validation", "val", "valid", "dev"), "validation"),
    "test": "test",
}
LABELS_ALONE = {"0", "1", "-1", "+1", "0.0", "1.0", "-1.0", "true", "false"}
"""Cells that no attribute is called after: in the first line they are labels."""


def open_source(options: DataOptions) -> Source:
    """Reads the names of the images below `data_dir`, and the table of their attributes.

    Args:
        options: `labels` names the table; if it does not, it is `attributes.csv` or the only
            CSV file in `data_dir`. Columns in `without`, or not in `attributes` if that
            names any, are not read.

    Returns:
        The source: in the order of the table, or of the names if there is no table.

    Raises:
        InputError: If there are no images, or the table is useless.
    """
    folder, problems = options.folder(), Problems()
    images = _images(folder, problems)
    path = _table(folder, options)
    if path is None:
        rows = _Rows(images, np.zeros((len(images), 0), np.int8), (), np.full(len(images), ""))
    else:
        rows = _read(path, folder, images, options, problems)
        if rows.splits[0] and "train" not in rows.splits:
            raise InputError(f"{path}: no row that can be used has 'train' in the column 'split'.")
    splits, note = _deal(rows.labels, rows.splits, options.data_seed)
    return Source(
        name=NAME,
        images=ImageFiles(folder, rows.names),
        labels=rows.labels,
        attributes=rows.attributes,
        splits=splits,
        problems=problems,
        size=SIZE,
        note=note,
        unread=rows.unread,
    )


def _images(folder: Path, problems: Problems) -> list[str]:
    """Lists the images. A name that is no UTF-8 is a problem: no table can hold it."""
    names = []
    for name in list_images(folder):
        try:
            name.encode()
        except UnicodeEncodeError:
            text = "its name is not in UTF-8; rename it"
            problems.add("names not in UTF-8", str(folder / name), text)
        else:
            names.append(name)
    if not names:
        raise InputError(f"{folder} holds no image that can be used ({', '.join(IMAGE_ENDINGS)}).")
    return names


def _table(folder: Path, options: DataOptions) -> Path | None:
    """Returns the table's path, or None if the folder holds images alone."""
    if options.labels is not None:
        if not options.labels.exists():
            raise InputError(f"--labels {options.labels} does not exist.")
        return options.labels
    found = sorted(
        name
        for name in os.listdir(folder)
        if name.lower().endswith(".csv") and not name.startswith(".")
    )
    own = [name for name in found if name.lower() == "attributes.csv"]
    if len(own or found) > 1:
        raise InputError(
            f"{folder} holds {len(found)} CSV files, {quoted(found[0])} and {quoted(found[1])} "
            "among them. Name the table of the attributes by --labels."
        )
    if found:
        return folder / (own or found)[0]
    if options.attributes or options.without:
        name = (*options.attributes, *options.without)[0]
        raise InputError(
            f"there is no attribute {name!r}, for {folder} holds no CSV file. Name the table of "
            "the attributes by --labels."
        )
    return None


@dataclasses.dataclass(frozen=True)
class _Rows:
    """The rows of a table that can be used; `splits` are names, all "" without such a column."""

    names: list[str]
    labels: np.ndarray
    attributes: tuple[str, ...]
    splits: np.ndarray
    unread: tuple[str, ...] = ()


def _read(
    path: Path, folder: Path, images: Sequence[str], options: DataOptions, problems: Problems
) -> _Rows:
    rows = csv_rows(path)
    line, header = next(rows, (1, []))
    columns = _Columns.find(path, line, header, options)
    attributes = tuple(header[column] for column in columns.attributes)
    table = LabelTable(path, attributes, problems, line=line, flag="--without")
    names, named, splits = ImageNames(folder, images, problems), set(), []
    for line, cells in rows:
        place = f"{path}, line {line}"
        if len(cells) != len(header):
            text = f"{len(cells)} cells, where the header has {len(header)}"
            problems.add("rows of another length", place, text, left_out=True)
            continue
        name = names.find(cells[columns.image], place)
        if name is None:
            continue
        named.add(name)
        cell = None if columns.split is None else cells[columns.split]
        split = "" if cell is None else SPLIT_VALUES.get(cell.lower())
        if split is None:
            text = f"the split is {quoted(cell or '')}, where train, validation or test is expected"
            problems.add("wrong splits", place, text, left_out=True)
        elif table.add(line, name, [cells[column] for column in columns.attributes]):
            splits.append(split)
    taken, labels = table.finish()
    for name in images:
        if name not in named:
            text = f"no row of {path} names it"
            problems.add("images without a row", str(folder / name), text)
    read = set(attributes)
    unread = tuple(name for name in header if name not in read)
    return _Rows(taken, labels, attributes, np.array(splits), unread)


@dataclasses.dataclass(frozen=True)
class _Columns:
    """Which columns of a table hold what."""

    image: int
    split: int | None
    attributes: list[int]

    @classmethod
    def find(cls, path: Path, line: int, header: Sequence[str], options: DataOptions) -> "_Columns":
        """Finds the columns by the header.

        Raises:
            InputError: If it is no header, names no attribute, or lacks one that was named.
        """
        place = f"{path}, line {line}"
        for name in options.without:
            if name not in header:
                raise InputError(plain(f"{place}: {unknown_name('column', name, header)}"))
        kept = [column for column, name in enumerate(header) if name not in options.without]
        plain_names = {column: re.sub(r"[ _-]", "", header[column].lower()) for column in kept}
        images = [column for column in kept if plain_names[column] in NAME_COLUMNS]
        if images:
            image = min(images, key=lambda column: NAME_COLUMNS.index(plain_names[column]))
        else:
            _check_header(place, header)
            image = kept[0] if kept else 0
        split = next((i for i in kept if plain_names[i] == "split" and i != image), None)
        rest = [column for column in kept if column not in (image, split)]
        if image and rest[:1] == [0] and not header[0]:
            del rest[0]  # The running number that pandas writes.
        known = {header[column] for column in rest}
        for name in options.attributes:
            if name not in known:
                raise InputError(plain(f"{place}: {unknown_name('attribute', name, known)}"))
        if options.attributes:
            rest = [column for column in rest if header[column] in options.attributes]
        if not rest:
            raise InputError(
                f"{place}: the header names no attribute beside {quoted(''.join(header[:1]))}. "
                "Columns are parted by a comma, a semicolon or a tab."
            )
        unnamed = next((column for column in rest if not header[column]), None)
        if unnamed is not None:
            raise InputError(f"{place}: column {unnamed + 1} of the header has no name.")
        return cls(image, split, rest)


def _check_header(place: str, header: Sequence[str]) -> None:
    values = [cell.lower() for cell in header]
    is_data = len(values) > 1 and LABELS_ALONE.issuperset(values[1:])
    if is_data or any(value.endswith(IMAGE_ENDINGS) for value in values):
        raise InputError(
            f"{place}: looks like the row of {quoted(header[0])}, where a header is expected. Put "
            "a line before it that names the columns: image, then the attributes."
        )


def _deal(labels: np.ndarray, given: np.ndarray, seed: int) -> tuple[dict[str, np.ndarray], str]:
    """Returns the splits, those that the table lacks dealt from train, and a note on them.

    Args:
        labels: `(n, A)` int8.
        given: `(n,)` the name of each row's split; "" for all if the table has no splits.
        seed: Seed of what is dealt.
    """
    splits = {name: np.flatnonzero(given == name) for name in SPLITS}
    missing = [name for name in SPLITS if name != "train" and not len(splits[name])]
    if not missing:
        return splits, ""
    pool = splits["train"] if given[0] else np.arange(len(labels))
    shares = {"train": 1 - HELD_OUT * len(missing)} | dict.fromkeys(missing, HELD_OUT)
    dealt = split_rows(labels[pool], shares, seed)
    splits |= {name: pool[rows] for name, rows in dealt.items()}
    parts = ", ".join(f"{share:.0%} to {name}" for name, share in shares.items())
    whence = "rows of train" if given[0] else "images"
    how = ", keeping the attributes' rates" if labels.shape[1] else ""
    return splits, f"The {whence} were dealt {parts}, with seed {seed}{how}."


INFO = DatasetInfo(
    name=NAME,
    summary="a person's own images, with or without a table of attributes",
    needs=(
        "--data-dir, a folder of images; for attributes a CSV file in it, or --labels: image, "
        "0/1, -1/1 or true/false a column, and if wanted a column split"
    ),
    images="any number, of any size and kind",
    takes=("data_dir", "labels"),
    source=open_source,
)
