"""The folder of a piece of work that has a process of its own, as its worker sees it."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import IO, Any

import numpy as np

from graftwork import units
from graftwork.errors import InputError
from graftwork.run import Run
from graftwork.stopping import StopRequested

SECONDS_BETWEEN_LINES = 0.5
SECONDS_TO_SAVE = 7.0
SECONDS_FOR_LOCK = 20.0
"""A worker whose parent was killed may be about to end in the same folder."""


class JobFolder:
    """Where a piece of work keeps its checkpoints, and how it tells its steps.

    Args:
        path: The folder.
        told: Where to write the number of steps, a line now and then.
    """

    def __init__(self, path: Path, told: IO[str]) -> None:
        self.path, self._told = path, told
        self._run = _locked(path)
        self._steps, self._last_line = 0, time.monotonic()
        self._last_checkpoint = time.monotonic()
        self._working = self._stopping = False

    def state(self) -> units.State:
        """Returns what the newest checkpoint says, and its arrays."""
        return self._run.restore() or (None, {})

    def checkpoint(self, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Writes a state to go on from."""
        self._run.checkpoint(values, arrays)
        self._last_checkpoint = time.monotonic()

    def due(self) -> bool:
        """Whether the last checkpoint is long enough ago for another one."""
        return time.monotonic() - self._last_checkpoint > units.SECONDS_BETWEEN_CHECKPOINTS

    def on_steps(self, steps: int) -> None:
        """Takes note of steps; the place where a training can stop.

        Raises:
            StopRequested: If the worker is to stop.
        """
        self._working = True
        self._steps += steps
        if time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self.tell()
        if self._stopping:
            raise StopRequested

    def tell(self) -> None:
        """Tells the steps since the last line."""
        print(self._steps, file=self._told, flush=True)
        self._steps, self._last_line = 0, time.monotonic()

    def report(self, text: str) -> None:
        """Writes a line into the log."""
        print(text, file=sys.stderr, flush=True)

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Handles SIGTERM: at once, or after the step of a training, but soon."""
        self._stopping = True
        end = threading.Timer(SECONDS_TO_SAVE, os._exit, [128 + signal.SIGTERM])
        end.daemon = True
        end.start()
        if not self._working:
            raise StopRequested


def _locked(path: Path) -> Run:
    until = time.monotonic() + SECONDS_FOR_LOCK
    while True:
        try:
            return Run(path)
        except InputError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
