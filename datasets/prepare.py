"""Decodes the images of a source once, into one file of raw pixels that can be memory-mapped."""

import concurrent.futures
import hashlib
import io
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from datasets.cache import entry_folder, locked, writable
from datasets.images import MachineError, fitted
from datasets.info import Progress
from datasets.source import ImageArray, Source
from graftwork.cores import usable_cores
from graftwork.errors import InputError
from graftwork.files import read_json, sync_folder, write_json
from graftwork.rows import map_array

VERSION = 1
"""Goes up when the same source would give other pixels."""
PIECE = 512
"""Images that are decoded, written and recorded together."""
PIXELS, STATE = "images.npy", "state.json"


class Prepared:
    """The decoded images of a source.

    Attributes:
        images: uint8 `(n, height, width, channels)`, memory-mapped. Images that cannot be
            read are white.
        unreadable: What is wrong with each image that cannot be read, by row.
        enlarged: How many images were smaller than they are here.
        digest: Hex SHA-256 of the pixels.
        folder: Where they lie.
    """

    def __init__(self, folder: Path, state: dict) -> None:
        self.folder = folder
        self.images = map_array(folder / PIXELS)
        self.unreadable = {int(row): text for row, text in state["unreadable"].items()}
        # Entries of earlier versions do not say it, and are as good otherwise.
        self.enlarged: int = state.get("enlarged", 0)
        self.digest: str = state["digest"]


def prepared_folder(source: Source, size: tuple[int, int], fit: str) -> Path:
    """Returns where the images of a source are cached: another place when a file changes."""
    digest = hashlib.sha256()
    digest.update(json.dumps([VERSION, size, source.channels, fit, len(source.images)]).encode())
    for part in source.images.identity():
        digest.update(part)
    name = re.sub(r"[^\w.-]", "-", source.name)
    return entry_folder(name, f"{size[0]}x{size[1]}-{digest.hexdigest()[:16]}")


def prepare(
    source: Source, size: tuple[int, int], fit: str, progress: Progress | None = None
) -> Prepared:
    """Decodes and resizes all images of a source, or opens what was prepared before.

    The images are decoded by as many threads as there are cores (Pillow works outside of
    Python's lock). After every piece of the work it is recorded how far it went; an
    interrupted preparation goes on there.

    Args:
        source: What to prepare.
        size: Height and width of the result.
        fit: As in `datasets.images.fitted`.
        progress: Called as `progress(stage, done, total)`.

    Returns:
        The images.

    Raises:
        InputError: If the cache folder cannot be written or the disk is full.
    """
    folder = prepared_folder(source, size, fit)
    if (state := _state(folder)).get("digest"):
        return Prepared(folder, state)  # Without the lock: the cache may be read-only.
    with writable(folder), locked(folder):
        if not (state := _state(folder)).get("digest"):
            shape = (len(source.images), *size, source.channels)
            state = _decode(source, folder, shape, fit, state, progress)
    return Prepared(folder, state)


def _state(folder: Path) -> dict:
    """Returns what is recorded of a folder; nothing where it is new or damaged."""
    try:
        state = read_json(folder / STATE)
        whole = (folder / PIXELS).stat().st_size == state["bytes"]
        known = isinstance(state["unreadable"], dict) and isinstance(state["done"], int)
        known = known and isinstance(state["digest"], str | None)
        known = known and isinstance(state.get("enlarged", 0), int)
    except (InputError, OSError, KeyError, TypeError):
        return {}
    return state if whole and known else {}


def _decode(
    source: Source,
    folder: Path,
    shape: tuple[int, int, int, int],
    fit: str,
    state: dict,
    progress: Progress | None,
) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    header = _header(shape)
    row_bytes = int(np.prod(shape[1:]))
    if not state:
        size = len(header) + shape[0] * row_bytes
        state = {"bytes": size, "done": 0, "unreadable": {}, "enlarged": 0, "digest": None}
        with open(folder / PIXELS, "wb") as file:
            file.write(header)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # A full disk shows now, not later.
            else:
                file.truncate(size)
        write_json(folder / STATE, state)
    with open(folder / PIXELS, "r+b") as file:
        for first, pixels, unreadable, enlarged in _pieces(source, state["done"], shape, fit):
            # Not through a memory map, whose written pages would count as this process's memory.
            os.pwrite(file.fileno(), pixels.data, len(header) + first * row_bytes)
            os.fsync(file.fileno())
            if isinstance(source.images, ImageArray):
                source.images.release()
            state["done"] = first + len(pixels)
            state["unreadable"] |= unreadable
            state["enlarged"] = state.get("enlarged", 0) + enlarged
            write_json(folder / STATE, state)
            if progress:
                progress(f"prepare {source.name}", state["done"], shape[0])
    state["digest"] = _digest(folder / PIXELS, len(header))
    write_json(folder / STATE, state)
    sync_folder(folder)
    return state


def _pieces(
    source: Source, done: int, shape: tuple[int, int, int, int], fit: str
) -> Iterator[tuple[int, np.ndarray, dict[str, str], int]]:
    """Yields first row, pixels, unreadable rows and how many were enlarged of every piece."""
    size = shape[1], shape[2]

    def decode(rows: range) -> tuple[int, np.ndarray, dict[str, str], int]:
        pixels = np.full((len(rows), *shape[1:]), 255, np.uint8)
        unreadable, smaller = {}, 0
        for place, row in enumerate(rows):
            if stopped.is_set():
                break
            try:
                image = source.images.open(row, size)
                pixels[place] = fitted(image, shape[1:], fit)
                smaller += enlarged(image.size[::-1], size, fit)
            except MachineError:
                raise  # Not the image's fault: the next attempt goes on here.
            except InputError as error:
                unreadable[str(row)] = str(error)
        return rows.start, pixels, unreadable, smaller

    workers = usable_cores()
    stopped = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            waiting: list[concurrent.futures.Future] = []
            for first in range(done, shape[0], PIECE):
                rows = range(first, min(first + PIECE, shape[0]))
                waiting.append(pool.submit(decode, rows))
                if len(waiting) > 2 * workers:  # No more decoded than is soon written.
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            stopped.set()  # Ctrl-C does not wait for pieces that nobody will write.


def enlarged(given: tuple[int, int], size: tuple[int, int], fit: str) -> bool:
    """Returns whether an image gets more pixels than it has, in height or width.

    Args:
        given: The height and width that it has.
        size: Those that it is brought to.
        fit: As in `datasets.images.fitted`. A padded image is not enlarged where one of its
            sides is long enough.
    """
    smaller = [side < wanted for side, wanted in zip(given, size, strict=True)]
    return all(smaller) if fit == "pad" else any(smaller)


def _header(shape: tuple[int, ...]) -> bytes:
    """Returns the head of an `.npy` file of uint8, so that NumPy can map it."""
    head = io.BytesIO()
    array = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, array)
    return head.getvalue()


def _digest(path: Path, skip: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        file.seek(skip)
        while piece := file.read(2**22):
            digest.update(piece)
    return digest.hexdigest()
