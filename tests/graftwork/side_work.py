"""What worker processes of the tests do: count steps, and die where they are told to.

python side_work.py FOLDER    works on two pieces in FOLDER until it is killed
"""

import errno
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from graftwork.errors import InputError
from graftwork.job_folder import JobFolder
from graftwork.side_by_side import Task, run_tasks
from graftwork.stopping import StopRequested

HERE = Path(__file__).parent


def work(run: Path, words: list[str], folder: JobFolder) -> dict:
    """Counts to ten, and leaves a note of every start with the step from which it goes on."""
    name, fate = words
    _, arrays = folder.state()
    step = int(arrays.get("step", 0))
    with open(run / f"{name}.starts", "a") as file:
        file.write(f"{step}\n")
    folder.on_steps(step)
    if fate == "fail":
        raise ValueError("no luck")
    if fate == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.path / "checkpoints"))
    if fate == "refuse":
        raise InputError("the dataset is another one.")
    if fate == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        while step < 10:
            step += 1
            folder.on_steps(1)
            if step == 5:
                folder.checkpoint({}, {"step": np.asarray(step)})
            if fate == "die" and step == 7 and not arrays:  # The first time.
                os.kill(os.getpid(), signal.SIGKILL)
            if fate in ("slow", "late") and step == 8:
                (run / f"{name}.eight").touch()
                for _ in range(600):
                    folder.on_steps(0)
                    time.sleep(0.05)
    except StopRequested:
        if fate == "late":
            time.sleep(0.5)
        folder.checkpoint({}, {"step": np.asarray(step)})
        (run / f"{name}.saved").touch()
        raise
    return {"event": "trained", "name": name, "steps": step}


def tasks(run: Path, **fates: str) -> list[Task]:
    """Returns a piece a name, in a folder of its own."""
    return [
        Task(name, run / "jobs" / name, ("side_work:work", str(run), name, fate))
        for name, fate in fates.items()
    ]


def seats(count: int) -> list[dict[str, str]]:
    """Returns places for workers that find this module."""
    return [{"PYTHONPATH": f"{HERE}:{HERE.parents[1]}", "OMP_NUM_THREADS": "1"}] * count


if __name__ == "__main__":
    for _ in run_tasks(tasks(Path(sys.argv[1]), first="slow", second="well"), seats(2)):
        pass
