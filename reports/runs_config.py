"""What `graftwork runs` and `graftwork watch` can be told: one dataclass a command."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunsList:
    """List the runs in a folder, newest first: what they are and how they stand.

    Folders inside are looked into, three deep.

    Example: graftwork runs list runs
    """

    folder: Annotated[Path, tyro.conf.Positional] = Path("runs")
    """The folder to look in."""
    json: bool = False
    """Print JSON, for programs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunsShow:
    """Show one run: what it is, how far it came, what it found, how to go on.

    Example: graftwork runs show runs/glyphs
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunsCompare:
    """Compare the main numbers and the configurations of runs, side by side.

    Example: graftwork runs compare runs/glyphs runs/digits
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """The run folders, two or more."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunsRemove:
    """Remove run folders: what Graftwork wrote there, and nothing else.

    It asks before. A run that is being written is refused, and so is a folder that is no run.
    Files of other kinds are kept, and their folder with them.

    Example: graftwork runs remove runs/old --yes
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """The run folders."""
    checkpoints: bool = False
    """Remove the checkpoints of finished runs only. All commands still work on such a run."""
    yes: bool = False
    """Do not ask."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Watch:
    """Watch a search in the terminal: stage, best so far, curve, time left, newest tree or cell.

    It reads the run folder only, and may be started and ended at any time. It ends with the run,
    or with Ctrl-C. Where the output is no terminal, it prints one view and ends.

    Example: graftwork watch runs/glyphs
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder."""
    once: bool = False
    """Print one view and end."""
    interval: float = 1.0
    """Seconds between two looks at the journal."""
