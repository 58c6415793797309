"""`graftwork watch`: follows a run in the terminal until it ends."""

import dataclasses
import time
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

from graftwork.errors import InputError
from reports.run_folder import RunFolder
from reports.run_states import INTERRUPTED, RUNNING, RunState, is_run, read_state
from reports.runs_config import Watch
from reports.watch_frame import Cropped, frame
from reports.watch_journal import FollowedJournal

FRAMES_A_SECOND = 4


def watch(config: Watch) -> None:
    """`graftwork watch`."""
    if not config.interval > 0:
        raise InputError(f"interval must be above 0 seconds. Received: {config.interval}.")
    console = Console(highlight=False)
    watched = Watched(config.run)
    if config.once or not console.is_terminal:
        console.print(watched.view(console))
        return
    try:
        with Live(
            _fitted(watched, console),
            console=console,
            refresh_per_second=FRAMES_A_SECOND,
            transient=True,
        ) as live:
            while not watched.ended:
                time.sleep(config.interval)
                watched.look()
                live.update(_fitted(watched, console))
    finally:
        # The last view stays, whole: also after Ctrl-C, which goes on to the command line.
        console.print(watched.view(console))


def _fitted(watched: "Watched", console: Console) -> Cropped:
    # One line less than there are: else the first would be left behind at the end.
    return Cropped(watched.view(console), console.height - 1)


class Watched:
    """A run that is watched.

    Args:
        path: The run folder.

    Raises:
        InputError: If it is no run folder.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise InputError(
                f"there is no folder {path}. A run makes its folder when it begins: start it "
                "first, and name the folder of its --out."
            )
        if not is_run(path):
            raise InputError(
                f"{path} is not a run folder: it has no config.json of Graftwork. If a run is "
                "just beginning there, its data are still being loaded: try again."
            )
        self.path = path
        self.journal = FollowedJournal(path / "journal.jsonl")
        self.look()

    def look(self) -> None:
        """Reads what is new."""
        # First the state: when it says that the run ended, the journal is whole.
        state = read_state(self.path, events=[])
        self.journal.read()
        run = state.run
        whole = RunFolder(run.path, run.config, self.journal.events, run.result)
        self.state: RunState = dataclasses.replace(state, run=whole)

    @property
    def ended(self) -> bool:
        """Whether the run will not go on by itself; one that was interrupted may be resumed."""
        return self.state.state not in (RUNNING, INTERRUPTED)

    def view(self, console: Console) -> RenderableType:
        """Returns the view for a console."""
        return frame(self.state, time.time(), console.width, self.journal.broken)
