"""Published results of search strategies on NATS-Bench's topology space."""

import csv
import math
import re
from pathlib import Path
from typing import Any

from graftwork.errors import InputError

OWN = Path(__file__).with_name("published_nats.csv")
"""Results on CIFAR-10, with their sources. `recalled` marks those that nobody looked up."""

COLUMNS = ("method", "dataset", "quality", "plus_minus", "budget", "source", "recalled")


def read_published(path: Path | None, column: str) -> list[dict[str, Any]]:
    """Reads published results on the data set that a column of a table is about.

    Args:
        path: A CSV file with the columns `method`, `dataset`, `quality` (test accuracy in
            percent), `plus_minus` (its standard deviation, or nothing), `budget`, `source` and
            `recalled` (yes or no); the project's own if None.
        column: The name of the table's column, which names its data set, such as
            `cifar10_test_200epochs`.

    Returns:
        One dictionary a row. None where no data set of the file is named in `column`.

    Raises:
        InputError: If the file is no such table; it names file and line.
    """
    path = OWN if path is None else Path(path)
    rows = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise InputError(
                    f"{path}, line 1: published results need the columns {', '.join(COLUMNS)}. "
                    f"Missing: {', '.join(lacking)}."
                )
            for row in reader:
                rows.append(_read_row(row, f"{path}, line {reader.line_num}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8: {error}.") from None
    except OSError as error:
        raise InputError(f"--published {path} cannot be read: {error.strerror}.") from None
    return [row for row in rows if _names(column, row["dataset"])]


def _read_row(row: dict[str, Any], where: str) -> dict[str, Any]:
    if None in row or None in row.values():
        raise InputError(f"{where}: expected as many cells as in the header.")
    values: dict[str, Any] = {name: row[name].strip() for name in COLUMNS}
    if not values["dataset"]:
        raise InputError(f"{where}: the row names no dataset.")
    values["quality"] = _number(values["quality"], f"{where}, column 'quality'")
    spread = values["plus_minus"]
    values["plus_minus"] = _number(spread, f"{where}, column 'plus_minus'") if spread else None
    if values["recalled"] not in ("yes", "no"):
        raise InputError(f"{where}: recalled must be yes or no. Received: {values['recalled']!r}.")
    values["recalled"] = values["recalled"] == "yes"
    return values


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: expected a number. Received: {text[:60]!r}.")
    return value


def _names(column: str, dataset: str) -> bool:
    """Whether a column's name has a data set's in it; `cifar100` does not name `cifar10`."""
    pattern = rf"(?<![a-z0-9]){re.escape(dataset.lower())}(?![a-z0-9])"
    return re.search(pattern, column.lower()) is not None
