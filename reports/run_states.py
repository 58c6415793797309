"""Which runs a folder holds, and how each of them stands. Nothing is written or locked."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

from graftwork.errors import InputError
from graftwork.files import read_json
from graftwork.journal import NAME as JOURNAL
from graftwork.journal import read_journal
from graftwork.json_text import LARGEST_JOURNAL, check_file
from graftwork.limits import LARGEST_SEED, MOST_SEEDS
from reports.names import printable, printable_json
from reports.run_folder import FORMAT, RunFolder
from reports.run_lock import lock_is_held

RUNNING, FINISHED, TIME_BUDGET = "running", "finished", "time budget"
INTERRUPTED, FAILED, DAMAGED = "interrupted", "failed", "damaged"
OLDER, NEWER = "older format", "newer format"
STATES = (RUNNING, FINISHED, TIME_BUDGET, INTERRUPTED, FAILED, DAMAGED, OLDER, NEWER)

LEVELS = 3
"""How deep runs are looked for."""
NO_RUNS_INSIDE = {
    *("checkpoints", "samples", "tensorboard", "export"),
    *("shared", "strategies", "networks"),
}


@dataclass(frozen=True)
class RunState:
    """A run folder, as it stands.

    Attributes:
        run: Its files, as far as they can be read.
        state: One of `STATES`.
        reason: Why it is damaged or failed; else empty.
        started: When `config.json` was written, in seconds since 1970.
        last_event: When anything was last written to the journal, the same.
    """

    run: RunFolder
    state: str
    reason: str
    started: float
    last_event: float

    @property
    def path(self) -> Path:
        return self.run.path

    @property
    def command(self) -> str:
        """The command that began it, without the program's name."""
        return str(self.run.config.get("command") or self.run.result.get("command") or "")

    @property
    def dataset(self) -> str:
        """The name of its dataset, or of all its datasets."""
        described = [self.run.dataset, *listed(self.run.config, "domains")]
        return ", ".join(str(d["name"]) for d in described if d.get("name"))

    @property
    def fingerprint(self) -> str:
        """Fingerprints of its data: another one is other data."""
        described = [self.run.dataset, *listed(self.run.config, "domains")]
        return ", ".join(str(d["fingerprint"]) for d in described if d.get("fingerprint"))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were asked for, or that there is a result of."""
        found = self.run.result.get("seeds")
        if isinstance(found, list) and all(_is_whole(seed, LARGEST_SEED) for seed in found):
            return tuple(found[:MOST_SEEDS])
        count, first = self.run.arguments.get("seeds"), self.run.arguments.get("seed", 0)
        if _is_whole(count, MOST_SEEDS) and _is_whole(first, LARGEST_SEED):
            return tuple(range(first, first + count))
        seeds = {e["seed"] for e in self.run.events if _is_whole(e.get("seed"), LARGEST_SEED)}
        return tuple(sorted(seeds)[:MOST_SEEDS])

    @cached_property
    def size(self) -> int:
        """Bytes of all files in the folder; links are not followed."""
        return sum(status.st_size for _, status in walk(self.path))


def _is_whole(value: Any, most: int) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= most


def listed(values: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Returns the objects in the list under `key`, or none where there is no list."""
    found = values.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def find_runs(folder: Path, levels: int = LEVELS) -> list[Path]:
    """Returns the run folders in a folder, itself included, in the order of their names.

    Args:
        folder: Where to look. Links to folders are not followed.
        levels: How many folders deep.
    """
    folder = Path(folder)
    found = [folder] if is_run(folder) else []
    try:
        inner = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return found
    for entry in inner if levels else []:
        if entry.name not in NO_RUNS_INSIDE and entry.is_dir(follow_symlinks=False):
            found += find_runs(folder / entry.name, levels - 1)
    return found


def is_run(folder: Path) -> bool:
    """Whether a folder is a run, be it a damaged one.

    One whose `config.json` cannot be read is a run if it has a journal.
    """
    if (folder / "journal.jsonl").is_file():
        return True
    try:
        config = read_json(folder / "config.json")
    except (InputError, RecursionError):
        return False
    return is_config(config)


def is_config(config: Any) -> bool:
    """Whether this is what a command of Graftwork keeps in `config.json`."""
    return (
        isinstance(config, dict)
        and isinstance(config.get("command"), str)
        and isinstance(config.get("arguments"), dict)
    )


def read_state(
    folder: Path, journal: bool = False, events: list[dict[str, Any]] | None = None
) -> RunState:
    """Reads how a run stands. Whatever is damaged is said in the state, never raised.

    Args:
        folder: A folder of `find_runs`.
        journal: Whether to read the events of runs that have a result, too. Without it, their
            journal is only looked at.
        events: Events that are known already: then the journal is not read at all.
    """
    problems: list[str] = []
    # Before the files: a run that ends meanwhile has its result by then.
    held = lock_is_held(folder)
    config, result = (
        _read_object(folder / "config.json", problems),
        _read_object(folder / "result.json", problems, needed=False),
    )
    if config and not is_config(config):
        problems.append("config.json is none of a run: it has no command or no arguments.")
    try:
        if (folder / JOURNAL).exists():
            check_file(folder / JOURNAL, LARGEST_JOURNAL)
        if events is not None:
            pass
        elif journal or not result:
            events = [e for e in printable_json(read_journal(folder)) if isinstance(e, dict)]
        else:
            _look_at_journal(folder / JOURNAL)
    except (ValueError, OSError, RecursionError) as error:
        problems.append(printable(str(error)).removeprefix(f"{folder}{os.sep}"))
    run = RunFolder(folder, config, events or [], result)
    started, last_event = _changed(folder / "config.json"), _changed(folder / "journal.jsonl")
    state = RunState(run, INTERRUPTED, "", started or last_event, last_event or started)
    name, reason = _judge(run, held, problems)
    return replace(state, state=name, reason=reason)


def _judge(run: RunFolder, held: bool, problems: list[str]) -> tuple[str, str]:
    if held:
        return RUNNING, " ".join(problems)
    for file, values in (("config.json", run.config), ("result.json", run.result)):
        version = values.get("format")
        if values and version != FORMAT and (file == "config.json" or "format" in values):
            newer = isinstance(version, int | float) and version > FORMAT
            said = f"{file} has format {version!r}; this version of Graftwork reads {FORMAT}."
            return (NEWER if newer else OLDER), said
    if problems:
        return DAMAGED, " ".join(problems)
    status = run.status
    if status in (FINISHED, TIME_BUDGET):
        return status, ""
    if status == "unfinished":
        return INTERRUPTED, ""
    failures = listed(run.result, "failures") or listed(run.result, "failed")
    why = str(failures[0].get("reason") or "") if failures else ""
    if "failed" in status:
        return FAILED, f"{status}: {why}" if why else status
    return FINISHED, status


def walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yields every file and link in a folder; links are not followed.

    What goes away meanwhile, as checkpoints do, is left out.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from walk(folder / entry.name)
            continue
        try:
            yield folder / entry.name, entry.stat(follow_symlinks=False)
        except OSError:
            continue


def _read_object(path: Path, problems: list[str], needed: bool = True) -> dict[str, Any]:
    if not needed and not path.exists():
        return {}
    try:
        value = printable_json(read_json(path))
    except RecursionError:
        value = None
    except InputError as error:
        problems.append(printable(str(error)).removeprefix(f"{path.parent}{os.sep}"))
        return {}
    if isinstance(value, dict):
        return value
    problems.append(f"{path.name} must hold a JSON object.")
    return {}


def _look_at_journal(path: Path) -> None:
    """Raises an `InputError` where a line before the last cannot be an event."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, line in enumerate(lines[:-1], start=1):
        if not (line.startswith(b"{") and line.endswith(b"}")) or b"\0" in line:
            raise InputError(f"{path.name}, line {number}: not valid JSON.")


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def described_seeds(seeds: tuple[int, ...]) -> str:
    """Returns seeds as `0, 1, 2`, or as `0 to 199 (200 seeds)` where they are many."""
    if len(seeds) > 6 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"{seeds[0]} to {seeds[-1]} ({len(seeds)} seeds)"
    return ", ".join(map(str, seeds))
