"""Arrays from `.npz` files that anybody may have written: no pickles, no bombs."""

import zipfile
from pathlib import Path

import numpy as np

from graftwork.errors import InputError

DAMAGE = (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, MemoryError)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Reads the arrays of a file that `numpy.savez` wrote, in the order in which they lie there.

    Such files are not compressed: arrays that are together larger than their file are refused
    before anything is unpacked.

    Args:
        path: The file.

    Returns:
        The arrays by name.

    Raises:
        InputError: If the file is missing, damaged, compressed, or holds anything but arrays of
            numbers.
    """
    try:
        with open(path, "rb") as file:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
            compressed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
            if compressed or sum(e.file_size for e in entries) > path.stat().st_size:
                raise ValueError("its arrays are compressed, which those of Graftwork are not")
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return {name: _array(stored[name], name) for name in stored.files}
    except (*DAMAGE, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise InputError(f"{path} cannot be read: {reason}.") from None


def _array(value: object, name: str) -> np.ndarray:
    if not isinstance(value, np.ndarray):  # np.load gives bytes for what is no .npy file.
        raise ValueError(f"{name!r} is no array")
    return value
