"""JSON from files that anybody may have written, with bounds on what it can cost."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

from graftwork.errors import InputError

LARGEST_FILE = 2**26
"""Bytes of a JSON file; what is read takes up to twenty times as much memory."""
LARGEST_JOURNAL = 2**28
"""The same of a journal, which is read line by line."""
DEEPEST = 100
"""Levels of lists and objects inside each other. Files of Graftwork have fewer than ten."""


def check_file(path: Path, largest: int) -> None:
    """Checks that a path is a file that can be read whole.

    Raises:
        InputError: If it is a pipe or a device, which might never end, or has more bytes.
        OSError: If it is not there.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} cannot be read: it is not a file.")
    if status.st_size > largest:
        raise InputError(
            f"{path} has {status.st_size:,} bytes, where at most {largest:,} are read: it is no "
            "file that Graftwork wrote, or it is damaged."
        )


def read_json_file(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        InputError: If it is missing, no file, too large, or no JSON; the line names it.
    """
    try:
        check_file(path, LARGEST_FILE)
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return parse_json(text)
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from None


def parse_json(text: str | bytes) -> Any:
    """Returns the value of a JSON text.

    Args:
        text: One whole value, as bytes in UTF-8.

    Raises:
        ValueError: If it is no JSON, is nested more than 100 levels deep, or has a number that
            is none (NaN, Infinity), is beyond what a float holds, or has thousands of digits.
    """
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    opening = ("[", "{") if isinstance(text, str) else (b"[", b"{")
    # Few brackets cannot be deep: most lines of a journal need no look.
    if sum(map(text.count, opening)) > DEEPEST:  # type: ignore[arg-type]
        _check_depth(value)
    return value


_TOO_DEEP = f"lists and objects are nested more than {DEEPEST} levels deep"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(DEEPEST):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for each in inner for item in each if isinstance(item, list | dict)]
        if not level:
            return
    raise ValueError(_TOO_DEEP)
