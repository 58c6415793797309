"""The cache of datasets that are made once and memory-mapped ever after."""

import contextlib
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import numpy as np
import platformdirs

from datasets.dataset import SPLITS, Dataset
from graftwork.errors import InputError
from graftwork.files import atomic_folder, read_json, write_json
from graftwork.rows import map_array

VARIABLE = "GRAFTWORK_CACHE"
META = "meta.json"
# What reading a damaged file raises.
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile)


def cache_folder() -> Path:
    """Returns `GRAFTWORK_CACHE`, or else the user's cache folder."""
    return Path(os.environ.get(VARIABLE) or platformdirs.user_cache_dir("graftwork"))


def entry_folder(name: str, key: str) -> Path:
    """Returns the folder of one dataset, whether it is there or not.

    Args:
        name: The dataset's name.
        key: What the data depends on besides the name: seed, version of the code.
    """
    return cache_folder() / "datasets" / f"{name}-{key}"


def load_or_make(folder: Path, make: Callable[[], Dataset]) -> Dataset:
    """Loads a dataset from the cache, or makes it and keeps it there.

    An entry that is missing or damaged is made anew. Of two processes that want the same
    entry, one makes it and the other waits.

    Args:
        folder: Where the entry is or should be, from `entry_folder`.
        make: Makes the dataset. Called at most once.

    Returns:
        The dataset, its images memory-mapped.

    Raises:
        InputError: If the folder cannot be written.
    """
    with contextlib.suppress(InputError):
        return read_entry(folder)
    with locked(folder):
        with contextlib.suppress(InputError):
            return read_entry(folder)
        dataset = make()
        with writable(folder):
            _write_entry(folder, dataset)
        return read_entry(folder)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of one entry: of two processes that want it, one waits.

    Raises:
        InputError: If the folder above cannot be written.
    """
    with writable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder.parent / f".{folder.name}.lock")
        try:
            lock.acquire(timeout=0.5)
        except filelock.Timeout:
            print(f"waiting for another process that prepares {folder.name} …", file=sys.stderr)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def read_entry(folder: Path) -> Dataset:
    """Opens a cache entry, images memory-mapped.

    Raises:
        InputError: If the entry is missing or damaged: a file that is missing, has
            another size than when it was written, or cannot be read.
    """
    meta = read_json(folder / META)
    try:
        for file, size in meta["sizes"].items():
            if (folder / file).stat().st_size != size:
                raise ValueError(f"{file} has not its {size} bytes")
        with np.load(folder / "splits.npz") as splits:
            return Dataset(
                name=meta["name"],
                images=map_array(folder / "images.npy"),
                labels=np.load(folder / "labels.npy"),
                attributes=tuple(meta["attributes"]),
                splits={split: splits[split] for split in SPLITS},
                fingerprint=meta["fingerprint"],
            )
    except (*DAMAGE, OSError) as error:
        raise InputError(f"{folder} is damaged: {error}.") from None


def _write_entry(folder: Path, dataset: Dataset) -> None:
    with atomic_folder(folder) as temporary:
        np.save(temporary / "images.npy", dataset.images)
        np.save(temporary / "labels.npy", dataset.labels)
        np.savez(temporary / "splits.npz", allow_pickle=False, **dataset.splits)
        meta = {
            "name": dataset.name,
            "attributes": dataset.attributes,
            "fingerprint": dataset.fingerprint,
            "sizes": {file.name: file.stat().st_size for file in temporary.iterdir()},
        }
        write_json(temporary / META, meta)


def entries() -> list[tuple[Path, int]]:
    """Returns the folder and the bytes of every dataset in the cache, by name."""
    folder = cache_folder() / "datasets"
    if not folder.is_dir():
        return []
    found = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    return [(entry, sum(f.stat().st_size for f in entry.rglob("*"))) for entry in found]


def remove_entry(folder: Path) -> None:
    """Removes one dataset from the cache; who has it open keeps what it has.

    Raises:
        InputError: If it cannot be removed, or another process is preparing it.
    """
    path = folder.parent / f".{folder.name}.lock"
    with writable(folder):
        try:
            with filelock.FileLock(path, timeout=0):
                shutil.rmtree(folder)
                path.unlink(missing_ok=True)
        except filelock.Timeout:
            raise InputError(
                f"another process is preparing {folder.name}. Wait for it, or stop it first."
            ) from None


@contextlib.contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turns an `OSError` of the block into an `InputError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the cache folder {folder.parent} cannot be written: {error.strerror or error}. "
            f"Set {VARIABLE} to a folder that can, or make room by `graftwork data cache --clear`."
        ) from None
