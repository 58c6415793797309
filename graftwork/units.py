"""A run as a list of units, each of which ends in one journal event and can be resumed."""

import math
import time
from typing import Any

import numpy as np

from graftwork.cluster import workers
from graftwork.journal import read_journal
from graftwork.run import Run
from graftwork.unit_folders import forget_done

SECONDS_BETWEEN_CHECKPOINTS = 20.0

STATE = {"done": int, "current": (None, dict)}
"""What a checkpoint of a run of units holds."""

State = tuple[dict[str, Any] | None, dict[str, np.ndarray]]
"""What the newest checkpoint says of the unit under way, and its arrays."""


class UnitRun:
    """Knows how many units of a run are done, and holds the state of the one under way.

    A subclass walks through its units in order: it skips the first `done` of them, begins the
    next with `take_state()`, and ends each with `unit_done()`.

    Args:
        run: The run folder.
    """

    CURRENT: Any = dict
    """What the state of a unit under way must hold (`graftwork.stored_form`)."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.done = 0
        self._state: State = (None, {})
        self._last_checkpoint = time.monotonic()

    def begin(self) -> None:
        """Goes back to the newest checkpoint, or writes the first."""
        restored = self.run.restore({**STATE, "current": (None, self.CURRENT)})
        if not restored:
            from graftwork.devices import described  # Imports the backend.

            self.run.record("start", **described())
            self.run.checkpoint({"done": 0, "current": None})
        saved, arrays = restored or ({"done": 0, "current": None}, {})
        self.done = saved["done"]
        forget_done(self.run.path, self.done)
        self._state = (saved["current"], arrays)

    def take_state(self) -> State:
        """Returns the state that a checkpoint left, to the first unit that asks."""
        state, self._state = self._state, (None, {})
        return state

    def steps_done(self) -> int:
        """Returns the training steps of the unit under way that a checkpoint holds."""
        return int(self._state[1].get("step", 0))

    def checkpoint(self, current: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Writes the state of the unit under way."""
        self.run.checkpoint({"done": self.done, "current": current}, arrays)
        self.mark_checkpoint()

    def mark_checkpoint(self) -> None:
        """Notes that a checkpoint was written now."""
        self._last_checkpoint = time.monotonic()

    def checkpoint_is_due(self) -> bool:
        """Whether the last checkpoint is long enough ago for another one inside a unit."""
        return time.monotonic() - self._last_checkpoint > SECONDS_BETWEEN_CHECKPOINTS

    def time_left(self, until: float) -> bool:
        """Whether the run has worked for less than some seconds; the same on all workers.

        Args:
            until: The seconds, those before an interruption counted in.
        """
        if math.isinf(until) or workers() == 1:
            return self.run.elapsed < until
        from graftwork.collective import agree  # TensorFlow, which processes of workers await.

        return agree(self.run.elapsed < until)

    def unit_done(self) -> None:
        """Says that the unit under way is done; its event is in the journal."""
        self.done += 1
        self.run.checkpoint({"done": self.done, "current": None})
        self.mark_checkpoint()

    def event(self, name: str, **values: Any) -> dict[str, Any]:
        """Returns the first event of a name in the journal that has these values."""
        wanted = {"event": name, **values}
        return next(
            event
            for event in read_journal(self.run.path)
            if all(event.get(key) == value for key, value in wanted.items())
        )
