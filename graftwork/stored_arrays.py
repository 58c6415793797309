"""Arrays from `.npz` files that anybody may have written: no pickles, no bombs."""

import errno
import math
import zipfile
from pathlib import Path

import numpy as np

from graftwork.errors import InputError
from graftwork.files import named_errors

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
        OSError: If it cannot be read now, though it may be whole; or MemoryError.
    """
    try:
        with named_errors(path), open(path, "rb") as file:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                compressed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
                if compressed or sum(e.file_size for e in entries) > path.stat().st_size:
                    raise ValueError("its arrays are compressed, which those of Graftwork are not")
                for entry in entries:
                    _check_header(archive, entry)
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return {name: _array(stored[name], name) for name in stored.files}
    except (*DAMAGE, zipfile.BadZipFile) as error:
        if may_pass(error):
            raise
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise InputError(f"{path} cannot be read: {reason}.") from None


def may_pass(error: BaseException) -> bool:
    """Whether a read failed for want of memory or by a failing disk: what was read may be whole."""
    if isinstance(error, OSError):
        # EINVAL is a seek to where a damaged archive says.
        lasting = isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError)
        return not lasting and error.errno not in (None, errno.EINVAL)
    return isinstance(error, MemoryError)


def _check_header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuses an array that says it is larger than what lies there: it would take any memory."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read = getattr(np.lib.format, f"read_array_header_{version[0]}_{version[1]}", None)
        if read is None:
            raise ValueError(f"{entry.filename!r} is of the unknown version {version}")
        shape, _, dtype = read(file)
        if not dtype.hasobject and math.prod(shape) * dtype.itemsize > entry.file_size:
            raise ValueError(f"{entry.filename!r} is larger than what is stored of it")


def _array(value: object, name: str) -> np.ndarray:
    if not isinstance(value, np.ndarray):  # np.load gives bytes for what is no .npy file.
        raise ValueError(f"{name!r} is no array")
    return value
