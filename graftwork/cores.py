"""How many cores this process may use."""

import os


def usable_cores() -> int:
    """Returns the cores that the system gives to this process; where it does not tell, all."""
    if hasattr(os, "sched_getaffinity"):  # Not on macOS, nor on Windows.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
