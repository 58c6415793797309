"""A worker process of `graftwork.side_by_side`: one piece of work, in a folder of its own.

    python -m graftwork.job_worker FOLDER MODULE:FUNCTION RUN ARGUMENT …

calls `FUNCTION(RUN, ARGUMENTS, JobFolder)` and writes what it returns as `result.json`, which takes
the place of its checkpoints. It ends with SIGTERM and with the process that began it; a training
saves its checkpoint then.
"""

import contextlib
import importlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from graftwork import files, worker_errors
from graftwork.job_folder import JobFolder
from graftwork.stopping import StopRequested
from graftwork.unit_folders import RESULT


def _end_with_parent() -> None:
    """Ends this process when the one that began it is gone: its end of the pipe is closed."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(words: Sequence[str]) -> int:
    """Does a piece of work. Returns the exit status."""
    folder, address, run, *rest = words
    # What libraries print is for the log; the pipe is for steps.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        job = JobFolder(Path(folder), told)
        signal.signal(signal.SIGTERM, job.stop)
        if (job.path / RESULT).exists():  # A worker of a killed process has just ended here.
            return 0
        module, name = address.split(":")
        result = getattr(importlib.import_module(module), name)(Path(run), rest, job)
        files.write_json(job.path / RESULT, result)
        shutil.rmtree(job.path / "checkpoints", ignore_errors=True)
        job.tell()
    except StopRequested:
        return 128 + signal.SIGTERM
    except BrokenPipeError:  # Nobody is there to tell.
        return 128 + signal.SIGTERM
    except Exception as error:
        if (line := worker_errors.told(error)) is None:
            raise
        with contextlib.suppress(OSError):  # The log's disk may be full, or the parent gone.
            print(line, file=told, flush=True)
            print(line, file=sys.stderr, flush=True)
        return worker_errors.STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
