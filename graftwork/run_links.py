"""Links in a run folder that lead out of it: what is written through one lands elsewhere."""

import os
from pathlib import Path

from graftwork.errors import InputError


def check_links(run: Path) -> None:
    """Checks that a run folder holds nothing that leads out of it, before a command writes there.

    A run from somebody else could have a link in place of its journal or of `checkpoints`, and
    what it leads to would be appended to, or removed as old checkpoints are. The folder itself may
    be reached through a link.

    Raises:
        InputError: If a link in it leads elsewhere.
    """
    inside = Path(os.path.realpath(run))
    for place, folders, names in os.walk(run):
        for name in (*folders, *names):
            path = Path(place) / name
            if path.is_symlink() and inside not in Path(os.path.realpath(path)).parents:
                raise InputError(
                    f"{path} is a link that leads out of the run, to {os.path.realpath(path)}: "
                    "what is written there would change files that are none of the run. Put the "
                    "file or folder itself in its place; the whole run folder may be a link."
                )
