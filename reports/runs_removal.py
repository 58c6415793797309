"""`graftwork runs remove`: removes what belongs to a run, and nothing else."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock
from rich.console import Console

from graftwork.errors import InputError
from graftwork.files import read_json
from reports.names import printable
from reports.run_sizes import size_words
from reports.run_states import FINISHED, RunState, find_runs, is_config, read_state, walk
from reports.runs_config import RunsRemove
from reports.wording import quantity

OF_A_RUN = re.compile(
    r"(?:config|result|latency)\.json|journal\.jsonl|lock|report\.html"
    r"|(?:shared_weights|path_scores)\.npz|(?:model|generator)\.keras|tree\.(?:png|svg)"
    r"|(?:samples|interpolation)-seed\d+\.png|samples/[^/]+-(?:final|step\d+)\.png"
    r"|tensorboard/(?:[^/]+/)?events\.out\.tfevents\.[^/]+"
    r"|checkpoints/\d{8}/(?:state\.json|arrays\.npz)|checkpoints/\.\d{8}\.[^/]+/[^/]+"
    r"|jobs/[^/]+/(?:(?:job|result)\.json|lock|log\.txt|checkpoints/.+|networks/.+|\.[^/]+)"
    r"|strategies/seed-\d+\.json|shared/seed-\d+\.npz"
    r"|networks/(?:[^/]+\.keras|networks\.json)|networks/\.[^/]+"
    r"|export/[^/]+\.(?:keras|onnx|attributes\.json)"
    r"|export/[^/]+/(?:saved_model\.pb|fingerprint\.pb|variables/[^/]+|assets/[^/]+)"
    r"|\.[^/]+\.[a-z0-9_]{8}|\.(?:saving|exporting)\.[^/]+"
)
"""Files that commands of Graftwork write into a run folder; the last line is half-written ones."""
MANY_RUNS = "transfer leave-one-out"
"""The command whose run folder holds runs that it made itself."""


@dataclass(frozen=True)
class Removal:
    """What is to be removed of a run.

    Attributes:
        folder: The run folder, or that of its checkpoints.
        files: What belongs to the run.
        size: Bytes of these files.
        kept: What else is there, and stays.
    """

    folder: Path
    files: tuple[Path, ...]
    size: int
    kept: tuple[Path, ...]


def remove(config: RunsRemove) -> None:
    """`graftwork runs remove`. Every run is looked at before the first file goes."""
    if not config.runs:
        raise InputError("name the run folders to remove.")
    paths = list(dict.fromkeys(config.runs))
    for path in paths:
        check_removable(path)
    if config.checkpoints:
        removals = [checkpoints_removal(path) for path in paths]
    else:
        # Those inside first: then their folders may go, too.
        whole = {path.resolve(): path for path in paths}
        for path in paths:
            whole |= {inner.resolve(): inner for inner in _made_by(path)}
        deepest_first = sorted(whole, key=lambda path: -len(path.parts))
        removals = [removal(whole[path], gone=deepest_first) for path in deepest_first]
    console = Console(highlight=False, soft_wrap=True)
    total = size_words(sum(found.size for found in removals))
    for found in removals:
        console.print(
            f"{found.folder}: {quantity(len(found.files), 'file')}, {size_words(found.size)}",
            markup=False,
        )
        for path in found.kept:
            console.print(f"  stays, it is none of the run: {printable(str(path))}", markup=False)
    if config.checkpoints:
        console.print(
            "The newest state stays, without its arrays: the runs are finished and need no more. "
            "Results, models and all commands are as before."
        )
    if not (config.yes or _is_yes(f"Remove {total}? [yes/no] ")):
        console.print("Nothing was removed.")
        sys.exit(1)
    for found in removals:
        _remove(found, whole=not config.checkpoints)
    console.print(f"Removed {total}.", markup=False)


def check_removable(path: Path) -> None:
    """Raises an `InputError` for what is no run, or is reached through a link."""
    if path.is_symlink():
        raise InputError(f"{path} is a link, to {path.resolve()}. Name the folder itself.")
    if not path.is_dir():
        raise InputError(f"there is no folder {path}.")
    try:
        own = is_config(read_json(path / "config.json"))
    except (InputError, RecursionError):
        own = False
    if not own:
        raise InputError(
            f"{path} is not a run folder that can be known for one: it has no config.json of "
            "Graftwork. Nothing was removed; remove it by hand, if it shall go."
        )
    state = read_state(path)
    if state.state == "running":
        raise InputError(f"{path} is running: another process writes it. Stop it first.")
    outside = [file for file in _links(path) if not _is_inside(file, path)]
    if outside:
        raise InputError(
            f"{outside[0]} is a link that leads out of the run, to {outside[0].resolve()}. "
            "Nothing was removed; remove the link by hand first."
        )


def _links(path: Path) -> list[Path]:
    return [file for file, _ in walk(path) if file.is_symlink()]


def _is_inside(file: Path, folder: Path) -> bool:
    return folder.resolve() in file.resolve().parents


def _made_by(path: Path) -> list[Path]:
    """Returns the runs that a run made inside its folder."""
    if read_json(path / "config.json").get("command") != MANY_RUNS:
        return []
    inner = [found for found in find_runs(path) if found != path]
    for found in inner:
        check_removable(found)
    return inner


def removal(path: Path, gone: Sequence[Path] = ()) -> Removal:
    """Returns what of a run folder belongs to the run, and what does not.

    Args:
        path: The run folder.
        gone: Runs that are to be removed; such a run inside of this one is not kept.
    """
    files, kept, size = [], [], 0
    inner = [found for found in find_runs(path) if found != path]
    for file, status in walk(path):
        if any(found in file.parents for found in inner):
            continue
        if OF_A_RUN.fullmatch(file.relative_to(path).as_posix()):
            files.append(file)
            size += status.st_size
        else:
            kept.append(file)
    kept += [found for found in inner if found.resolve() not in gone]
    # What tells that this is a run goes last: a removal that was stopped can be done again.
    files.sort(key=lambda file: (file.name == "lock", file == path / "config.json"))
    return Removal(path, tuple(files), size, tuple(kept))


def checkpoints_removal(path: Path) -> Removal:
    """Returns which checkpoints a finished run does not need.

    Its newest state stays: `--resume` and the commands that train further read there that all
    is done.

    Raises:
        InputError: If the run is not finished, or a training in it is not.
    """
    state = read_state(path)
    if state.state != FINISHED:
        raise InputError(
            f"{path} is not finished ({state.state}): without its checkpoints it could not go on."
        )
    folder = path / "checkpoints"
    numbers = (
        sorted(p.name for p in folder.iterdir() if p.name.isdecimal()) if folder.exists() else []
    )
    newest = folder / numbers[-1] / "state.json" if numbers else None
    if newest is not None:
        _check_done(state, newest)
    files, kept, size = [], [], 0
    for file, status in walk(folder):
        relative = file.relative_to(path).as_posix()
        if file == newest:
            continue
        if OF_A_RUN.fullmatch(relative):
            files.append(file)
            size += status.st_size
        else:
            kept.append(file)
    return Removal(folder, tuple(files), size, tuple(kept))


def _check_done(state: RunState, newest: Path) -> None:
    """Raises an `InputError` where the newest checkpoint holds work to go on with."""
    try:
        saved = read_json(newest)["state"]
        final = saved.get("final") or {}
        under_way = saved.get("current") or saved.get("training") or final.get("current")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{newest} cannot be read: its checkpoints are kept, as one of them may be needed."
        ) from None
    if under_way:
        raise InputError(
            f"a training in {state.path} was interrupted: without its checkpoints it could not "
            "go on. Finish it first, by --resume."
        )


def _is_yes(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("there is nobody to ask here. Give --yes to remove without asking.")
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _remove(found: Removal, whole: bool) -> None:
    """Removes files, and the folders that are empty then, under the run's lock."""
    run = found.folder if whole else found.folder.parent
    lock = filelock.FileLock(run / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(f"{run} began to run meanwhile. It was not removed.") from None
    try:
        for file in found.files:
            file.unlink(missing_ok=True)
        if whole:
            (run / "lock").unlink(missing_ok=True)
        for place, _, _ in os.walk(found.folder, topdown=False):
            if (whole or Path(place) != found.folder) and not os.listdir(place):
                os.rmdir(place)
    finally:
        lock.release()
