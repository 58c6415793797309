"""How much memory this process has used."""

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory_mb() -> int | None:
    """Returns the most resident memory of this process so far, in MB of 10⁶ bytes.

    Memory of an accelerator and of other processes is not counted. None where the system
    does not tell.
    """
    peak = _status_mb("VmHWM")
    if peak is not None:
        return round(peak)
    try:
        import resource
    except ImportError:  # Windows.
        return None
    # On Linux this may be that of the process which started this one: hence not first.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most * (1 if sys.platform == "darwin" else 1024) / 1e6)


def resident_memory_mb() -> float | None:
    """Returns the resident memory of this process now, counted as by `peak_memory_mb`.

    None where the system does not tell.
    """
    return _status_mb("VmRSS")


def _status_mb(key: str) -> float | None:
    """Returns what Linux says of this process, in MB of 10⁶ bytes."""
    try:
        text = STATUS.read_text("ascii", "replace")
    except OSError:
        return None
    found = re.search(rf"^{key}:\s*(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else None
