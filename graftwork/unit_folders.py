"""The folders of a run in which worker processes do its units, as the run sees them."""

import contextlib
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from graftwork import files
from graftwork.errors import InputError

FOLDER = "jobs"
ASKED, RESULT, LOG = "job.json", "result.json", "log.txt"

Unit = int | str
"""The number of a unit, or the name of a part of one."""

Accepts = Callable[[dict[str, Any]], bool]
"""Whether a JSON object can be the result that is awaited."""


def any_object(result: dict[str, Any]) -> bool:
    """Accepts every JSON object."""
    return True


class Job(Protocol):
    """A training of a comparison."""

    @property
    def label(self) -> str:
        """What progress calls it."""

    def accepts(self, result: dict[str, Any]) -> bool:
        """Whether what lies in its worker's folder can be its result."""

    def failed(self, reason: str) -> dict[str, Any]:
        """Returns the event `failed`."""


def finished_result(folder: Path, accepts: Accepts = any_object) -> dict[str, Any] | None:
    """Returns the result that a worker left in its folder; None where there is no whole one.

    Args:
        folder: The folder.
        accepts: Whether what is there can be the result.
    """
    try:
        result = files.read_json(folder / RESULT)
    except InputError:
        return None
    return result if isinstance(result, dict) and accepts(result) else None


def begin_folder(folder: Path, asked: Sequence[str]) -> None:
    """Makes a worker's folder, which says what is done in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if _asked(folder) != list(asked):
        files.write_json(folder / ASKED, list(asked))


def discard_others(folder: Path, asked: Sequence[str], accepts: Accepts = any_object) -> None:
    """Removes a folder in which something else was done, and what cannot be its result.

    The steps of another training, or what it ended with, are not those of this one.
    """
    if not folder.exists():
        return
    if _asked(folder) != list(asked):
        shutil.rmtree(folder, ignore_errors=True)
    elif (folder / RESULT).exists() and finished_result(folder, accepts) is None:
        (folder / RESULT).unlink()


def take_finished(
    run: Path, unit: Unit, job: Job, arguments: Sequence[object]
) -> dict[str, Any] | None:
    """Returns what a worker of an interrupted process has left of a unit, if it is done.

    Args:
        run: The run folder.
        unit: The unit.
        job: What is asked for.
        arguments: Those that its worker would have.
    """
    folder = unit_folder(run, unit)
    discard_others(folder, [str(word) for word in arguments], job.accepts)
    return finished_result(folder, job.accepts)


def forget(run: Path, unit: Unit, keep_log: bool = False) -> None:
    """Removes the folder of a unit that is done; the folder of all of them with the last.

    Args:
        run: The run folder.
        unit: The unit.
        keep_log: Whether its log stays: it tells more of a failure than the journal.
    """
    folder = unit_folder(run, unit)
    if keep_log and (folder / LOG).exists():
        _remove_all_but_log(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def forget_done(run: Path, done: int) -> None:
    """Removes what a process that was killed has left of units that are done, but for logs.

    Args:
        run: The run folder.
        done: How many units are done. With none of them a run begins anew, and what is there is
            of an earlier beginning.
    """
    for folder in (run / FOLDER).glob("*"):
        number = re.match(r"\d{5}", folder.name)
        if not done:
            forget(run, folder.name)
        elif number and int(number[0]) < done:
            forget(run, folder.name, keep_log=not (folder / RESULT).exists())


def unit_folder(run: Path, unit: Unit) -> Path:
    """Returns the folder in which a worker does a unit."""
    return run / FOLDER / (f"{unit:05d}" if isinstance(unit, int) else unit)


def _asked(folder: Path) -> Any:
    try:
        return files.read_json(folder / ASKED)
    except InputError:
        return None


def _remove_all_but_log(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == LOG:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
