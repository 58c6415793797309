"""Text tables of attributes: reading them, and turning their cells into labels."""

import collections
import csv
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from datasets.dataset import MISSING
from datasets.problems import Problems, quoted
from graftwork.errors import InputError

LARGEST_TABLE = 2**28
"""Bytes: room for two million rows of forty attributes."""
MOST_CELLS = 200_000
"""Cells of a row."""
MINUS = -2  # Stands for "-1" until the whole table was seen.
VALUES = {
    **dict.fromkeys(("1", "+1", "1.0", "true", "t", "yes", "y"), 1),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n"), 0),
    **dict.fromkeys(("-1", "-1.0"), MINUS),
    **dict.fromkeys(("", "na", "nan", "n/a", "null", "none", "?"), MISSING),
}
"""What a cell may hold, in lower case."""


def read_text(path: Path) -> str:
    """Reads a text file, in UTF-8 with or without a byte order mark.

    Raises:
        InputError: If it is missing, too large, empty, no text, or a web page that a
            failed download left in its place.
    """
    try:
        if path.exists() and not path.is_file():  # A pipe would be waited for without end.
            raise InputError(f"{path} is not a file, where a text table is expected.")
        if path.stat().st_size > LARGEST_TABLE:
            raise InputError(f"{path} has more than {LARGEST_TABLE:,} bytes: it is no table.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    check_no_web_page(path, content[:512])
    if content[:2] in (b"PK", b"\x1f\x8b"):
        raise InputError(
            f"{path} is an archive or a spreadsheet, where a text table is expected. Unpack it, "
            "or save it as CSV, first."
        )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{path} is a text in UTF-16, where UTF-8 is expected. Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: not a text in UTF-8, as is expected. Save it as UTF-8."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}, line {line}: holds a zero byte: it is no text in UTF-8.")
    if not text or text.isspace():
        raise InputError(f"{path} is empty.")
    return text


def check_no_web_page(path: Path, begin: bytes) -> None:
    """Raises an `InputError` if a file begins as a web page does."""
    begin = begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise InputError(
            f"{path} is a web page, as a download over its quota leaves one, and not the data. "
            "Download the file again."
        )


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields line number and cells of every row of a CSV file that is not empty.

    The separator is a comma, a semicolon or a tab: the one that the first line has most of.
    The line number is that of the row's first line: quoted cells may hold line breaks.

    Raises:
        InputError: If the file cannot be read (see `read_text`), or a quote is never closed
            or followed by anything but a separator.
    """
    text = read_text(path)
    first = re.search(r"\S[^\r\n]*", text)
    separator = max(",;\t", key=first[0].count if first else len)
    # Not io.StringIO: it takes four bytes a character.
    lines = (match[0] for match in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text))
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            if len(cells) > MOST_CELLS:
                raise InputError(
                    f"{path}, line {line}: has {len(cells):,} cells, where at most {MOST_CELLS:,} "
                    "are read. Is it the table of attributes?"
                )
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        reason = str(error)
        if "field limit" in reason or "end of data" in reason:
            reason = (
                f"a cell that does not end, or has more than {csv.field_size_limit():,} "
                "characters. Is a quote not closed?"
            )
        raise InputError(f"{path}, line {line}: {reason.rstrip('.')}.") from None


class LabelTable:
    """Gathers the labels of a text table row by row.

    Cells may be 0/1, −1/1, true/false, yes/no or empty (missing), in any mixture that is
    not ambiguous: a table that holds both −1 and 0 is refused. A row with another number of
    cells, with a value that is none of these, or with a name that an earlier row has, is a
    problem and is left out. A column whose values are mostly none of these is no attribute:
    it is refused once instead of row by row.

    Args:
        path: The file, for messages.
        attributes: The attributes' names: one a cell.
        problems: Where problems go.
        line: The line of the header, for messages.
        flag: The flag by which a person leaves columns out, for messages.
    """

    def __init__(
        self,
        path: Path,
        attributes: Sequence[str],
        problems: Problems,
        *,
        line: int = 1,
        flag: str = "",
    ) -> None:
        self.path, self.attributes, self.problems = path, tuple(attributes), problems
        self.flag = flag
        counts = collections.Counter(self.attributes)
        repeated = next((name for name, count in counts.items() if count > 1), None)
        if repeated is not None or not attributes or not all(attributes):
            what = "no attribute" if not attributes else "an attribute without a name"
            if repeated:
                what = f"the attribute {quoted(repeated)} twice"
            raise InputError(f"{path}, line {line}: the header has {what}.")
        self.lines: dict[str, int] = {}
        self._rows: list[bytes] = []
        self._seen: dict[int, int] = {}  # The line of the first −1 and of the first 0.
        self._wrong: dict[int, str] = {}  # The first wrong value of a column, in words.
        self._wrong_count = np.zeros(len(self.attributes), np.int64)
        self._right_count = np.zeros(len(self.attributes), np.int64)  # In rows left out.

    def add(self, line: int, name: str, cells: Sequence[str]) -> bool:
        """Adds the row `name`. Returns whether it was taken."""
        place = f"{self.path}, line {line}"
        if len(cells) != len(self.attributes):
            text = f"{len(cells)} values where {len(self.attributes)} are expected"
            self.problems.add("rows of another length", place, text, left_out=True)
            return False
        values = [VALUES.get(cell) for cell in cells]
        if None in values:
            values = [VALUES.get(cell.strip().lower()) for cell in cells]
        if None in values:
            self._add_wrong(place, cells, values)
            return False
        if name in self.lines:
            text = f"{quoted(name)} is in line {self.lines[name]} already; that row counts"
            self.problems.add("repeated rows", place, text)
            return False
        for value in (MINUS, 0):
            if value not in self._seen and value in values:
                self._seen[value] = line
        self.lines[name] = line
        self._rows.append(np.array(values, np.int8).tobytes())
        return True

    def finish(self) -> tuple[list[str], np.ndarray]:
        """Returns the names of the rows and their labels, int8 `(n, A)` in {0, 1, −1 missing}.

        Raises:
            InputError: If most values of a column are no labels, there is no row, or both −1
                and 0 occur.
        """
        labels = np.frombuffer(b"".join(self._rows), np.int8).copy()
        labels = labels.reshape(len(self._rows), len(self.attributes))
        self._check_columns(labels)
        if not self.lines:
            first = next(iter(self.problems.first.values()), None)
            reason = f"The first problem: {first[0]}" if first else "It has none below the header"
            raise InputError(f"{self.path}: no row of it can be used. {reason}.")
        if len(self._seen) == 2:
            raise InputError(
                f"{self.path}: -1 (line {self._seen[MINUS]}) and 0 (line {self._seen[0]}) both "
                "occur, and it cannot be told which of them means no. Write 0 or -1 for no, 1 "
                "for yes, and nothing for a missing label."
            )
        labels[labels == MINUS] = 0
        return list(self.lines), labels

    def _add_wrong(self, place: str, cells: Sequence[str], values: Sequence[int | None]) -> None:
        wrong = [column for column, value in enumerate(values) if value is None]
        for column in wrong:
            if column not in self._wrong:
                self._wrong[column] = f"{place}: {self._wrong_text(column, cells)}"
        self._wrong_count[wrong] += 1
        self._right_count += [value not in (None, MISSING) for value in values]
        text = self._wrong_text(wrong[0], cells)
        self.problems.add("wrong label values", place, text, left_out=True)

    def _wrong_text(self, column: int, cells: Sequence[str]) -> str:
        what = f"{quoted(self.attributes[column])} is {quoted(cells[column])}"
        return f"{what}, where 0, 1, -1, true, false or nothing is expected"

    def _check_columns(self, labels: np.ndarray) -> None:
        right = self._right_count + (labels != MISSING).sum(axis=0)
        bad = np.flatnonzero(self._wrong_count > right)
        if not len(bad):
            return
        column, count = bad[0], self._wrong_count[bad[0]]
        message = (
            f"{self._wrong[column]}. {count:,} of the {count + right[column]:,} values of this "
            "column are no labels"
        )
        if self.flag:
            names = " ".join(shlex.quote(self.attributes[i]) for i in bad[:20])
            message += f". Leave out what is no attribute: {self.flag} {names}"
        raise InputError(f"{message}.")
