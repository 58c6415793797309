"""Whether a process writes in a run folder, without disturbing it or one that starts."""

import os
from pathlib import Path


def lock_is_held(folder: Path) -> bool:
    """Whether a process writes in a run folder now.

    The kernel's list of locks is read. To try the lock itself, however shortly, would let a run
    fail that starts at that moment. A process on another machine, or in a container that this
    one does not see, is not in the list.

    Args:
        folder: The run folder.
    """
    lock = folder / "lock"
    try:
        status = lock.stat()
    except OSError:
        return False
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return _is_refused(lock)
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    for words in lines:  # 1: FLOCK ADVISORY WRITE 24530 fe:00:2165105 0 EOF
        if len(words) < 6 or words[1] != "FLOCK":  # One that waits has "->" there.
            continue
        where, _, inode = words[5].rpartition(":")
        if inode == str(status.st_ino) and (where == device or _has_open(words[4], status)):
            return True
    return False


def _has_open(process: str, status: os.stat_result) -> bool:
    """Whether a process has a file open: some file systems have a second device number."""
    try:
        files = list(os.scandir(f"/proc/{process}/fd"))
    except OSError:
        return False
    for entry in files:
        try:
            if os.path.samestat(entry.stat(), status):
                return True
        except OSError:
            continue
    return False


def _is_refused(lock: Path) -> bool:
    """Whether a shared lock is refused, on systems that have no list of locks."""
    import fcntl

    try:
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
