"""Pictures of samples and curves of a run, while it trains."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gan_nas.grids import save_grid
from gan_nas.setup import Setup
from graftwork.event_files import FOLDER, EventFiles


class Samples:
    """Pictures of samples and curves, in the run folder and for TensorBoard.

    Args:
        setup: Says how classes are laid out.
        run: The path of the run folder.
    """

    def __init__(self, setup: Setup, run: Path) -> None:
        self.setup, self.folder = setup, run / "samples"
        self.events = EventFiles(run / FOLDER)
        self._last = time.monotonic()

    def now_and_then(self, name: str, step: int, make: Callable[[], np.ndarray]) -> None:
        """Shows samples, if the last picture is long enough ago."""
        if time.monotonic() - self._last >= 60 * self.setup.config.sample_minutes:
            self.show(name, step, make())

    def show(self, name: str, step: int, images: np.ndarray, ending: str = "") -> None:
        """Writes a picture of samples.

        Args:
            name: What they are of.
            step: The training step.
            images: uint8 `(n, size, size, channels)`.
            ending: What the file is called in place of the step.
        """
        columns, _, names = self.setup.rows_of_samples()
        slug = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        path = self.folder / f"{slug}-{ending or f'step{step:06d}'}.png"
        path.parent.mkdir(exist_ok=True)
        save_grid(images, path, columns, labels=names)
        self.events.picture(name, step, "samples", path)
        self._last = time.monotonic()
