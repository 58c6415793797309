"""A table of NATS-Bench's cells with the accuracies that trainings of them reached.

Any CSV file with a column `architecture` and columns of accuracies will do, in any order of
columns and rows (Dong et al., "NATS-Bench", TPAMI 2021).
"""

import csv
import dataclasses
import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graftwork.benchmark import Problem
from graftwork.errors import InputError, unknown_name
from graftwork.nats import CellSpace
from graftwork.space import Architecture

ARCHITECTURE = "architecture"


@dataclasses.dataclass(frozen=True, eq=False)
class NatsTable(Problem):
    """Scores cells by look-up: the search sees one column, the report another.

    Args:
        space: The cells.
        validation: float64 array `(15625,)` by the cell's number: what the search sees; −inf
            for cells that the table lacks or gives no number.
        test: float64 array `(15625,)`: the quality of a cell; −inf as before.
        columns: The names of both columns.
        missing: How many cells the table lacks.
        failed: How many cells it holds without a number.
    """

    space: CellSpace
    validation: np.ndarray
    test: np.ndarray
    columns: tuple[str, str]
    missing: int
    failed: int

    def score(self, architecture: Architecture) -> float:
        return float(self.validation[self.space.index(architecture)])

    def quality(self, architecture: Architecture) -> float:
        return float(self.test[self.space.index(architecture)])

    def to_json(self, architecture: Architecture) -> str:
        return self.space.text(architecture)

    @property
    def fingerprint(self) -> str:
        """Hash of both columns' names and numbers: another one is another table."""
        digest = hashlib.sha256("\n".join(self.columns).encode())
        digest.update(self.validation.tobytes() + self.test.tobytes())
        return digest.hexdigest()[:16]

    def describe(self) -> dict[str, Any]:
        by_validation = self.space.at(int(self.validation.argmax()))
        return {
            "name": "NATS-Bench topology space",
            "fingerprint": self.fingerprint,
            "space_size": str(self.space.size),
            "score": self.columns[0],
            "quality": self.columns[1],
            "missing": self.missing,
            "failed": self.failed,
            "best_quality": float(self.test.max()),
            "best_score": self.score(by_validation),
            "best_by_score": self.to_json(by_validation),
            "best_by_score_quality": self.quality(by_validation),
        }


def read_table(path: Path, validation: str | None = None, test: str | None = None) -> NatsTable:
    """Reads a table.

    A cell with NaN or nothing in either column is one whose training failed, and so is one
    with −inf.

    Args:
        path: A CSV file in UTF-8 with a header.
        validation: The column that the search sees; if None, the only one with "valid" in its
            name.
        test: The column of the quality; if None, the only one with "test" in its name.

    Raises:
        InputError: If the file is no such table; it names file and line.
    """
    path = Path(path)
    space = CellSpace()
    columns = np.full((2, space.size), -math.inf)
    lines: dict[int, int] = {}
    failed = 0
    rows = _rows(path)
    _, header = next(rows, (1, []))
    chosen = _columns(path, header, validation, test)
    places = [header.index(name) for name in (ARCHITECTURE, *chosen)]
    for line, row in rows:
        if not row:
            continue
        where = f"{path}, line {line}"
        if len(row) != len(header):
            raise InputError(
                f"{where}: expected {len(header)} cells as in the header. Received {len(row)}."
            )
        text, *numbers = (row[place] for place in places)
        try:
            index = space.index(space.parse(text))
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if index in lines:
            raise InputError(
                f"{where}: the architecture {text} was already in line {lines[index]}. "
                "Every architecture has one row."
            )
        lines[index] = line
        values = [
            _accuracy(number, f"{where}, column {name!r}")
            for number, name in zip(numbers, chosen, strict=True)
        ]
        if -math.inf in values:
            failed += 1
        else:
            columns[:, index] = values
    if len(lines) == failed:
        raise InputError(f"{path} has no architecture with a number in {' and '.join(chosen)}.")
    return NatsTable(space, columns[0], columns[1], chosen, space.size - len(lines), failed)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows of a CSV file with their line numbers."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            try:
                for row in reader:
                    yield reader.line_num, row
            except csv.Error as error:
                raise InputError(f"{path}, line {reader.line_num}: {error}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file in UTF-8.") from None
    except OSError as error:
        raise InputError(f"the table {path} cannot be read: {error.strerror}.") from None


def _columns(
    path: Path, header: Sequence[str], validation: str | None, test: str | None
) -> tuple[str, str]:
    """Returns the names of both columns: those that were asked for, or the only candidates."""
    where = f"{path}, line 1"
    if ARCHITECTURE not in header:
        found = ", ".join(header)[:200] or "nothing"
        raise InputError(f"{where}: there is no column {ARCHITECTURE!r}. Columns: {found}.")
    if len(set(header)) < len(header):
        raise InputError(f"{where}: columns need different names. Received: {', '.join(header)}.")
    others = [name for name in header if name != ARCHITECTURE]
    chosen = []
    for flag, asked, part in (("validation", validation, "valid"), ("test", test, "test")):
        candidates = [name for name in others if part in name.lower()]
        if asked is not None and asked not in others:
            raise InputError(f"{where}: {unknown_name('column', asked, others)}")
        if asked is None and len(candidates) != 1:
            raise InputError(
                f"{where}: {len(candidates) or 'no'} columns have {part!r} in their name. Name "
                f"one by --{flag}. Columns: {', '.join(others)}."
            )
        chosen.append(candidates[0] if asked is None else asked)
    if chosen[0] == chosen[1]:
        raise InputError(
            f"{where}: validation and test are both {chosen[0]!r}. The search must not see what "
            "it is judged by: name another column by --validation or --test."
        )
    return chosen[0], chosen[1]


def _accuracy(text: str, where: str) -> float:
    try:
        value = float(text.strip() or "nan")
    except ValueError:
        value = math.inf
    if value == math.inf:
        raise InputError(f"{where}: expected a number or nothing. Received: {text[:60]!r}.")
    return -math.inf if math.isnan(value) else value
