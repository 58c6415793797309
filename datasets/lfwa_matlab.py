"""Variables of MATLAB files, of version 7.3 through mat73 and of version 5 through SciPy."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.tables import check_no_web_page
from graftwork.errors import InputError

HDF5 = b"\x89HDF\r\n\x1a\n"
HEADER = 512
"""Bytes that MATLAB puts before the HDF5 file, and that say what a file is."""
LARGEST_FILE = 2**28
LONGEST = 120
"""Seconds that decoding may take; the real files take one or two."""


def read_variables(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Reads variables of a MATLAB file.

    Args:
        path: The file, of version 5 or 7.3.
        names: The variables that it must have.

    Returns:
        The variables as `texts` and `numbers` take them.

    Raises:
        InputError: If the file is missing, too large, no MATLAB file, damaged or cut short,
            takes too long or lacks a variable.
    """
    begin = _begin(path)
    hdf5 = begin.startswith((b"MATLAB 7.3", HDF5)) or begin[HEADER:].startswith(HDF5)
    if not hdf5 and not begin.startswith(b"MATLAB"):
        raise InputError(
            f"{path} is no MATLAB file of version 5 or 7.3: it begins with {begin[:16]!r}. "
            "Download it again."
        )
    answer = _decode(path, names, hdf5)
    if "error" in answer:
        reason = " ".join(answer["error"].split())[:300]
        raise InputError(
            f"{path} is a MATLAB file that cannot be read, as one that is damaged or cut short "
            f"({reason.rstrip('.')}). Download it again."
        )
    missing = [name for name in names if answer["found"].get(name) is None]
    if missing:
        raise InputError(
            f"{path} has no variable {missing[0]!r} that can be read, where "
            f"{', '.join(names)} are expected. Download it again."
        )
    return answer["found"]


def _begin(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            begin = file.read(HEADER + len(HDF5))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if not begin:
        raise InputError(f"{path} is empty. Download it again.")
    check_no_web_page(path, begin)
    if size > LARGEST_FILE:
        raise InputError(
            f"{path} has {size:,} bytes, where a table of attributes has a few million and at "
            f"most {LARGEST_FILE:,} are read."
        )
    return begin


def _decode(path: Path, names: Sequence[str], hdf5: bool) -> dict[str, Any]:
    program = str(Path(__file__).with_name("lfwa_decode.py"))
    # -P: the folder of the program is no place to import from. The rest is imported from
    # where this process imports.
    command = [sys.executable, "-P", program, str(path), "hdf5" if hdf5 else "v5", *names]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, env=environment, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return {"error": f"decoding it takes more than {LONGEST} seconds"}
    if done.returncode < 0:
        return {"error": f"the reader crashed on it, {signal.Signals(-done.returncode).name}"}
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        return {"error": f"the reader failed: {last}"}
    return json.loads(done.stdout)


def texts(path: Path, name: str, value: Any) -> list[str]:
    """Returns a cell array of texts as a list.

    Raises:
        InputError: If it holds anything else, or nothing.
    """
    cells = list(_flat(value))
    wrong = [cell for cell in cells if not isinstance(cell, str)]
    if wrong or not cells:
        what = f"{str(wrong[0])[:40]!r} in it" if wrong else "nothing in it"
        raise InputError(f"{path}: {name} must be a cell array of texts. Received: {what}.")
    return [cell.strip() for cell in cells]


def _flat(value: Any) -> Iterator[Any]:
    """Yields the cells of nested lists: a column of cells comes as a list of lists of one."""
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def numbers(path: Path, name: str, value: Any) -> np.ndarray:
    """Returns an array of numbers as float64.

    Raises:
        InputError: If it holds anything else, or nothing.
    """
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{path}: {name} must be an array of numbers. Received: {str(value)[:40]!r}."
        ) from None
    if not array.size:
        raise InputError(f"{path}: {name} must be an array of numbers. Received: an empty one.")
    return array
