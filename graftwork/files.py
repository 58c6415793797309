"""Atomic writes: a reader sees the old file or the new one, never half of one."""

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from graftwork.json_text import read_json_file


@contextlib.contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Lets an `OSError` of the block that names no file name this one: a full disk names none."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


@contextlib.contextmanager
def atomic_file(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a temporary file that takes the place of `path` when the block ends well.

    Args:
        path: The file to write. Its folder must exist.
        mode: `"w"` for UTF-8 text or `"wb"` for bytes.

    Yields:
        The open temporary file, in the same folder as `path`.
    """
    path = Path(path)
    encoding = None if "b" in mode else "utf-8"
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with named_errors(path):
            with os.fdopen(handle, mode, encoding=encoding) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
            sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder that becomes `path` when the block ends well.

    An existing `path` is moved aside until the new one stands, and back if it never does. The
    caller writes the files; every one of them is synced before the rename. What a killed process
    had moved aside comes back at the next call, or goes where a new one stands.

    Args:
        path: The folder to write. Its parent must exist.
    """
    path = Path(path)
    _bring_back(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    old = Path(f"{temporary}.old")
    try:
        with named_errors(path):
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    with open(file, "rb") as opened:
                        os.fsync(opened.fileno())
        os.chmod(temporary, 0o755)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
        sync_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        if old.exists() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _bring_back(path: Path) -> None:
    """Puts back what a killed process had moved aside, and removes what it did not need to."""
    name = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}\.old")
    moved = [entry for entry in path.parent.iterdir() if name.fullmatch(entry.name)]
    # Of several, all but the newest had one after them that stood.
    for old in sorted(moved, key=lambda entry: entry.stat().st_mtime, reverse=True):
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(old, path)


def sync_folder(path: Path) -> None:
    """Makes a rename inside `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path`, atomically."""
    with atomic_file(path) as file:
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    """Writes `value` to `path` as JSON, atomically. NaN is refused: it is not JSON."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Reads JSON; a file that is missing, broken or huge raises an `InputError` that names it."""
    return read_json_file(path)
