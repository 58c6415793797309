"""Tables and candidates of a comparison as CSV."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from graftwork.files import write_text
from reports.comparison.document import Cell, Table

Value = str | int | float | None

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""How a formula begins in spreadsheets; those of full width count in some."""


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Writes rows as CSV in UTF-8, atomically. What is not there is an empty field.

    Args:
        path: The file to write.
        header: Names of the columns.
        rows: Their values; numbers are written in full.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(_text, header))
    writer.writerows(map(_fields, rows))
    write_text(path, buffer.getvalue())


def write_table(path: Path, table: Table) -> None:
    """Writes a table as CSV: numbers in full where a cell has one, else its text."""
    header = [f"{c.name} ({c.unit})" if c.unit else c.name for c in table.columns]
    rows = ([_value(cell) for cell in row] for row in table.rows)
    write_rows(path, header, rows)


def _fields(values: Sequence[Value]) -> list[str]:
    return [_text(value) if isinstance(value, str) else _number(value) for value in values]


def _number(value: int | float | None) -> str:
    return "" if value is None else str(value)


def _text(value: str) -> str:
    """Returns a text that no spreadsheet takes for a formula: names come from anywhere."""
    if not value.lstrip().startswith(FORMULA) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _value(cell: Cell) -> Value:
    if cell.value is not None and math.isfinite(cell.value):
        return cell.value
    return "" if cell.text == "–" else cell.text
