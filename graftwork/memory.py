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
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text("ascii", "replace"), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return round(int(found[1]) * 1024 / 1e6)
    try:
        import resource
    except ImportError:  # Windows.
        return None
    # On Linux this may be that of the process which started this one: hence not first.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)
