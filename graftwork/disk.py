"""What a run takes on the disk, and what to say where the disk is full or data are gone."""

import errno
import os
import re
import shutil
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space left, no quota left, and a file that may not grow."""


def folder_bytes(folder: Path) -> int:
    """Returns the bytes of all files in a folder; links are not followed."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # It went away meanwhile.
                continue
    return found


def megabytes(size: float) -> str:
    """Returns bytes as `3.4 MB`, or `2,100 MB`."""
    return f"{size / 1e6:,.{1 if size < 1e8 else 0}f} MB"


def disk_use(run: Path) -> str:
    """Returns a line that says what a run folder takes on the disk."""
    whole, checkpoints = folder_bytes(run), folder_bytes(run / "checkpoints")
    return f"run folder: {megabytes(whole)}, of which checkpoints {megabytes(checkpoints)}"


def full_disk(error: OSError, folder: Path | None) -> str | None:
    """Returns which disk is full, as a sentence; None if the error is another one.

    Args:
        error: What a write raised.
        folder: What was written to, if the error does not say.
    """
    place = error.filename or folder
    if error.errno not in FULL or place is None:
        return None
    where = Path(os.path.realpath(place))
    while not where.exists():
        where = where.parent
    mount = where
    while not os.path.ismount(mount):
        mount = mount.parent
    usage = shutil.disk_usage(where)
    return (
        f"{place} could not be written ({error.strerror}): its disk, mounted at {mount}, has "
        f"{megabytes(usage.free)} free of {megabytes(usage.total)}. Make room there."
    )


class LostDataError(Exception):
    """A worker process could not read the data; its message is what `lost_data` says."""


def lost_data(error: Exception) -> str | None:
    """Returns what an input pipeline could not read, as a sentence; None for other errors.

    TensorFlow makes errors of its own of those of Python, and keeps their text.
    """
    if isinstance(error, LostDataError):
        return str(error)
    found = re.search(r"\b(?:OSError|FileNotFoundError|PermissionError): ([^\n]+)", str(error))
    if not type(error).__module__.startswith("tensorflow.") or not found:
        return None
    return f"the data changed while they were read: {found[1].rstrip('.')}. Bring them back."
