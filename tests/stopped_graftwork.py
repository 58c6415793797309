"""`graftwork` with the tiny dataset in a process of its own, stopped at a given point.

    python stopped_graftwork.py "SIGKILL after 2 checkpoint 1 training" trees search …

The process sends itself the signal before or after the second call that `describe` names
`checkpoint 1 training`. Checkpoints in the middle of a training are written whenever they
can be.
"""

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

POINTS = [(Run, "record"), (Run, "checkpoint"), (_Lines, "advance"), (os, "replace")]


def describe(name: str, arguments: tuple, named: dict) -> str:
    """Returns what a call does: `step`, `record round 3`, `checkpoint 1 training`, …

    The number of a checkpoint is that of the units that are done.
    """
    if name == "record":
        return f"record {arguments[1]} {named.get('round', '')}".strip()
    if name == "checkpoint":
        current = arguments[1]["current"] or arguments[1]
        training = current.get("training") or current.get("final", {}).get("current")
        inside = "training" if training else "round" if "rounds" in current else ""
        return f"checkpoint {arguments[1]['done']} {inside}".strip()
    return "step" if name == "advance" else f"rename {Path(arguments[1]).name}"


def stop_at(point: str) -> None:
    """Sends this process a signal at a point such as `SIGKILL after 2 step`."""
    number, when, count, wanted = point.split(maxsplit=3)
    left = int(count)

    def watch(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def watched(*arguments, **named):
            nonlocal left
            left -= describe(name, arguments, named) == wanted
            due = left == 0
            left -= due
            if due and when == "before":
                os.kill(os.getpid(), signal.Signals[number])
            result = original(*arguments, **named)
            if due and when == "after":
                os.kill(os.getpid(), signal.Signals[number])
            return result

        setattr(owner, name, watched)

    for owner, name in POINTS:
        watch(owner, name)


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
    from graftwork import units

    units.SECONDS_BETWEEN_CHECKPOINTS = 0
    with pytest.MonkeyPatch.context() as patch:
        (tiny.register_gan if sys.argv[2] == "gans" else tiny.register)(patch)
        if sys.argv[1]:
            stop_at(sys.argv[1])
        cli.main(sys.argv[2:])
