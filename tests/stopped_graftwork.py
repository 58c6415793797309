"""`graftwork` with the tiny dataset in a process of its own, stopped at a given point.

    python stopped_graftwork.py "SIGKILL before checkpoint 3" trees search …

The process sends itself the signal before or after the third call of what `checkpoint`
stands for. Checkpoints in the middle of a training are written whenever they can be.
"""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from graftwork import cli
from graftwork.progress import _Lines
from graftwork.run import Run

POINTS = {
    "record": (Run, "record"),
    "checkpoint": (Run, "checkpoint"),
    "step": (_Lines, "advance"),
    "rename": (os, "replace"),
}


def stop_at(point: str) -> None:
    """Sends this process a signal at a point such as `SIGKILL after checkpoint 3`."""
    number, when, what, count = point.split()
    owner, name = POINTS[what]
    original, calls = getattr(owner, name), itertools.count(1)

    def stopping(*arguments, **named):
        due = next(calls) == int(count)
        if due and when == "before":
            os.kill(os.getpid(), signal.Signals[number])
        result = original(*arguments, **named)
        if due and when == "after":
            os.kill(os.getpid(), signal.Signals[number])
        return result

    setattr(owner, name, stopping)


def graftwork(*arguments: object, stop: str = "") -> subprocess.CompletedProcess:
    """Runs this file in a new process."""
    here = Path(__file__)
    return subprocess.run(
        [sys.executable, str(here), stop, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(here.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    from graftwork.backend import load_backend

    load_backend()
    from multitask_nas import final_training, search_run

    final_training.SECONDS_BETWEEN_CHECKPOINTS = search_run.SECONDS_BETWEEN_CHECKPOINTS = 0
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        if sys.argv[1]:
            stop_at(sys.argv[1])
        cli.main(sys.argv[2:])
