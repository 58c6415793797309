"""Writes run folders and starts rivals of this process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import graftwork
from graftwork.journal import read_journal
from graftwork.run import Run

ARRAYS = {"weight_0": np.arange(6, dtype="float32").reshape(2, 3), "step": np.asarray(7)}


def write(path, rounds, arrays=ARRAYS):
    """Writes a run with one event and one checkpoint a round, and leaves it."""
    with Run.create(path, {"seed": 0}) as run:
        for i in range(rounds):
            run.record("round", round=i)
            run.checkpoint({"round": i}, arrays)


def checkpoints(path):
    return sorted(entry.name for entry in (path / "checkpoints").iterdir())


def rounds_of(path):
    return [event["round"] for event in read_journal(path) if event["event"] == "round"]


def restored(run):
    """Returns the state and the arrays of a checkpoint that must be there."""
    loaded = run.restore()
    assert loaded is not None
    return loaded


def other_process(code, path):
    """Starts Python code that may use `Run` and the run folder as `path`."""
    source = f"from graftwork.run import *; path = Path({str(path)!r})\n{code}"
    root = str(Path(graftwork.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
