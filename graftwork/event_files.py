"""Event files that TensorBoard reads: numbers and pictures by step, and hyperparameters.

Written without TensorBoard, which need not be installed where a search runs.
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graftwork import event_records
from graftwork.files import named_errors

FOLDER = "tensorboard"
"""Where a run folder has them."""
RESULT = "result"
"""The name under which a run's hyperparameters and main numbers are written."""
ENDING = "events.out.tfevents."


class EventFiles:
    """Appends to one event file a process and name, in folders that TensorBoard shows as runs.

    A later process may write steps again that an earlier one has written after its last
    checkpoint: TensorBoard is told to forget them, from the first step of the later process on.

    Args:
        folder: Where to write, such as `RUN/tensorboard`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._files: dict[str, Path] = {}

    def scalars(self, name: str, step: int, values: Mapping[str, float | None]) -> None:
        """Writes numbers.

        Args:
            name: The curve's name, such as `"search, seed 0"`.
            step: Its place on the axis.
            values: The numbers by tag; None is left out.
        """
        known = {tag: value for tag, value in values.items() if value is not None}
        self._write(name, step, [event_records.scalar(tag, v) for tag, v in known.items()])

    def picture(self, name: str, step: int, tag: str, png: Path) -> None:
        """Writes a picture.

        Args:
            name: The name of the curves that it belongs to.
            step: Its place.
            tag: What it shows.
            png: A PNG file.
        """
        self._write(name, step, [event_records.picture(tag, png.read_bytes())])

    def hyperparameters(self, config: Mapping[str, Any]) -> None:
        """Writes what a run was asked for, as TensorBoard's HParams shows it.

        There is no list of all hyperparameters and metrics, which HParams would take from one
        run for all that it shows together: it finds those of each run by itself.

        Args:
            config: The run's `config.json`.
        """
        shown = flat({"command": config["command"], **config["arguments"]})
        shown.pop("out", None)  # The run's own name says where it is.
        self._write(RESULT, 0, [event_records.session_start(shown, time.time())])

    def result(self, numbers: Mapping[str, float | None]) -> None:
        """Writes the main numbers of a run that ended well, the metrics of HParams.

        Args:
            numbers: By name; None is left out.
        """
        self.scalars(RESULT, 0, numbers)
        self._write(RESULT, 0, [event_records.session_end(time.time())])

    def _write(self, name: str, step: int, values: list[bytes]) -> None:
        now = time.time()
        events = [event_records.summary_event(now, step, values)]
        if name not in self._files:
            folder = self.folder / name.replace("/", "-")
            folder.mkdir(parents=True, exist_ok=True)
            if any(path.name.startswith(ENDING) for path in folder.iterdir()):
                # TensorBoard takes the first that it sees for the beginning, and the next ones
                # for restarts.
                events = [event_records.restart_event(now, step)] * 2 + events
            own = f"{now:.6f}.{socket.gethostname()}.{os.getpid()}"
            self._files[name] = folder / f"{ENDING}{own}"
            events = [event_records.version_event(now), *events]
        # Closed every time: a comparison of many methods has more files than may be open.
        with named_errors(self._files[name]), open(self._files[name], "ab") as file:
            file.write(b"".join(map(event_records.record, events)))


def flat(arguments: Mapping[str, Any]) -> dict[str, event_records.Value]:
    """Returns arguments as hyperparameters: lists as text, None left out.

    Args:
        arguments: JSON values by name; those inside an object are named `"outer.inner"`.
    """
    found: dict[str, event_records.Value] = {}
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": inner for key, inner in flat(value).items()}
        elif isinstance(value, list | tuple):
            found[name] = ", ".join(map(str, value))
        elif value is not None:
            found[name] = value
    return found
