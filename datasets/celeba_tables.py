"""The two tables of CelebA, each as the text file of its authors or as Kaggle's CSV file."""

import dataclasses
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from datasets.problems import Problems
from datasets.tables import LabelTable, csv_rows, read_text
from graftwork.errors import InputError

FOLDERS = ("", "Anno", "Eval")
PACKED = (".txt.gz", ".txt.zip", ".csv.zip", ".csv.gz", ".zip")
PARTITIONS = {"0": 0, "1": 1, "2": 2}
UNUSABLE = -1
"""The partition of an image whose line cannot be used."""


@dataclasses.dataclass(frozen=True, eq=False)
class AttributeTable:
    """What `list_attr_celeba` says.

    Attributes:
        path: The file.
        attributes: The attributes' names.
        names: The images' names, in the order of the rows.
        labels: `(n, A)` int8 in {0, 1, −1 missing}.
        lines: The line of each image.
        refused: Images whose rows cannot be used.
    """

    path: Path
    attributes: tuple[str, ...]
    names: list[str]
    labels: np.ndarray
    lines: dict[str, int]
    refused: set[str]


def find_table(folder: Path, stem: str) -> Path | None:
    """Returns the table `stem`, text before CSV, in the folder or in `Anno` or `Eval` below it.

    Raises:
        InputError: If it is there as an archive alone.
    """
    for place in FOLDERS:
        for ending in (".txt", ".csv"):
            if os.path.exists(path := folder / place / (stem + ending)):
                return path
    for place in FOLDERS:
        for ending in PACKED:
            if os.path.exists(path := folder / place / (stem + ending)):
                raise InputError(
                    f"{path} is an archive, where {stem}.txt or {stem}.csv is expected. "
                    "Unpack it first."
                )
    return None


def read_attributes(path: Path, problems: Problems) -> AttributeTable:
    """Reads `list_attr_celeba.txt` or `.csv`.

    The text file begins with the number of images and the attributes' names; the CSV file
    with `image_id` and the names.

    Raises:
        InputError: If it cannot be read, or does not begin so.
    """
    rows = _rows(path)
    announced = _announced(path, next(rows)) if path.suffix == ".txt" else None
    line, header = next(rows, (2, []))
    if path.suffix == ".csv":
        _check_first_column(path, line, header)
        header = header[1:]
    if not header:
        raise InputError(f"{path}, line {line}: the names of the attributes are expected.")
    table = LabelTable(path, header, problems)
    found, refused = 0, set()
    for line, (name, *cells) in rows:
        found += 1
        if not table.add(line, name, cells):
            refused.add(name)
    if announced not in (None, found):
        cut = ": the file is cut short. Download it again" if found < announced else ""
        problems.add(
            "counts that differ from the header",
            f"{path}, line 1",
            f"announces {announced:,} images, but {found:,} rows follow{cut}",
        )
    names, labels = table.finish()
    return AttributeTable(path, tuple(header), names, labels, table.lines, refused)


def read_partition(path: Path, wanted: Collection[str], problems: Problems) -> dict[str, int]:
    """Reads `list_eval_partition.txt` or `.csv`.

    Args:
        path: The file.
        wanted: The images with attributes, of which a bad line leaves one out.
        problems: Where problems go.

    Returns:
        The partition of each image: 0 train, 1 validation, 2 test, or `UNUSABLE`.

    Raises:
        InputError: If it cannot be read, or is a CSV file of something else.
    """
    rows = _rows(path)
    if path.suffix == ".csv":
        _check_first_column(path, *next(rows))
    partition: dict[str, int] = {}
    for line, (name, *cells) in rows:
        if name in partition:
            text = f"{name!r} is in an earlier line already; that line counts"
            problems.add("repeated rows", f"{path}, line {line}", text)
            continue
        partition[name] = PARTITIONS.get(cells[0], UNUSABLE) if len(cells) == 1 else UNUSABLE
        if partition[name] == UNUSABLE:
            text = (
                f"{name[:40]!r} has {' '.join(cells)[:40]!r}, where 0 (train), 1 (validation) "
                "or 2 (test) is expected"
            )
            problems.add(
                "wrong partition values", f"{path}, line {line}", text, left_out=name in wanted
            )
    return partition


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields line number and cells of every line that is not empty."""
    if path.suffix == ".csv":
        yield from csv_rows(path)
        return
    for line, text in enumerate(read_text(path).split("\n"), 1):
        if cells := text.split():
            yield line, cells


def _announced(path: Path, row: tuple[int, list[str]]) -> int:
    line, cells = row
    if len(cells) != 1 or not re.fullmatch("[0-9]{1,9}", cells[0]):
        raise InputError(
            f"{path}, line {line}: the number of images is expected, alone in its line, and the "
            f"names of the attributes below. Received: {' '.join(cells)[:40]!r}."
        )
    return int(cells[0])


def _check_first_column(path: Path, line: int, header: list[str]) -> None:
    if header[:1] != ["image_id"]:
        received = f"{header[0][:40]!r}" if header else "nothing"
        raise InputError(
            f"{path}, line {line}: the first column must be 'image_id'. Received: {received}."
        )
