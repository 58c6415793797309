"""The runs of a comparison: what can be read of each, and what is wrong with it."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graftwork.errors import InputError
from graftwork.journal import NAME as JOURNAL
from reports import run_states
from reports.comparison.measured import measured, name_of
from reports.names import printable, shorten
from reports.run_folder import RunFolder, mapping
from reports.wording import failed_words, quantity

KINDS = {
    "trees search": "trees",
    "gans search": "gans",
    "transfer learn": "learning",
    "transfer apply": "transfer",
    "transfer leave-one-out": "leave-one-out",
    "benchmark nats": "benchmark",
    "benchmark trees": "benchmark",
}
"""What the run of a command is."""

UNFINISHED, DAMAGED, OLDER, NO_RUN = "unfinished", "damaged", "older version", "no run"
NEWER, FAILED, COPY = "newer version", "finished, but parts failed", "copy"
LONGEST = 300
"""Characters of a reason."""


@dataclass(frozen=True)
class ComparedRun:
    """One run of a comparison.

    Attributes:
        path: The folder, as it was given.
        name: The shortest end of the path that no other run has, fit to print.
        kind: One of the values of `KINDS`; empty where that is not known.
        folder: The files of the run, or None where they cannot be used.
        problem: Empty, or what is wrong: `UNFINISHED`, `DAMAGED`, `OLDER`, `NEWER`, `FAILED`,
            `COPY` or `NO_RUN`, a colon and the reason. A run with a problem may have a folder.
        inner: Of a `leave-one-out` run, the applications in it, one a domain.
    """

    path: Path
    name: str
    kind: str
    folder: RunFolder | None
    problem: str = ""
    inner: tuple["ComparedRun", ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the run has a result."""
        return self.folder is not None and bool(self.folder.result)


def read_runs(paths: Sequence[Path]) -> list[ComparedRun]:
    """Reads the runs of a comparison.

    Broken, unfinished and older runs stand in the list with what is wrong with them; they
    stop nothing. A run that is given twice is read once; of runs with the same journal the
    first one counts, and the others are named as its copies.

    Args:
        paths: Run folders of any kind.

    Raises:
        InputError: If none of them can be read.
    """
    distinct: dict[Path, Path] = {}
    for path in paths:
        distinct.setdefault(_resolved(path), Path(path))
    if not distinct:
        raise InputError("no run was given. Give one or more run folders.")
    names = _names(list(distinct))
    runs = [_read(path, name) for path, name in zip(distinct.values(), names, strict=True)]
    runs = _without_copies(runs)
    if all(run.folder is None for run in runs):
        reasons = "\n".join(f"  {printable(str(run.path))}: {run.problem}" for run in runs)
        raise InputError(
            f"none of these folders is a run that can be read:\n{reasons}\n"
            "Give the folder that a search wrote, the one named with --out."
        )
    return runs


def of_kind(runs: Sequence[ComparedRun], *kinds: str) -> list[ComparedRun]:
    """Returns the readable runs of some kinds, in their order."""
    return [run for run in runs if run.kind in kinds and run.folder is not None]


def _resolved(path: Path) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError):  # A loop of links.
        return Path(os.path.abspath(path))


def _names(paths: Sequence[Path]) -> list[str]:
    """Returns for every path its shortest end that no other path has."""
    names = []
    for path in paths:
        parts = path.parts
        for length in range(1, len(parts) + 1):
            end = parts[-length:]
            if sum(other.parts[-length:] == end for other in paths) == 1:
                break
        names.append(printable("/".join(end)) if parts else ".")
    return names


def _without_copies(runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    """Returns the runs, those without a folder that have the journal of an earlier one.

    The same numbers twice would be ranked as two methods, and tested as if both were measured.
    """
    first: dict[str, str] = {}
    found = []
    for run in runs:
        journal = _hash(run.path / JOURNAL) if run.folder is not None else ""
        name = first.setdefault(journal, run.name) if journal else run.name
        if name != run.name:
            problem = f"{COPY}: a copy of {name}; their journals are the same, byte for byte."
            run = replace(run, folder=None, problem=problem, inner=())
        found.append(run)
    return found


def _hash(path: Path) -> str:
    """Returns a hash of a file's bytes, or nothing for a file that is empty or not there."""
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest() if data.strip() else ""


def _read(path: Path, name: str) -> ComparedRun:
    """Returns a run, whatever is in its folder."""
    try:
        if not run_states.is_run(path):
            reason = "there is no such folder." if not path.is_dir() else _not_a_run(path)
            return ComparedRun(path, name, "", None, f"{NO_RUN}: {reason}")
        state = run_states.read_state(path, journal=True)
    except (InputError, OSError, ValueError, RecursionError) as error:
        return ComparedRun(path, name, "", None, _damaged(error))
    kind = KINDS.get(state.command, "")
    reason = shorten(printable(state.reason), LONGEST)
    version = state.run.config.get("format")
    match state.state:
        case run_states.OLDER:
            return ComparedRun(path, name, kind, None, f"{OLDER}: {reason}")
        case run_states.NEWER:
            return ComparedRun(path, name, kind, None, f"{NEWER}: {reason}")
        case run_states.DAMAGED:
            return ComparedRun(path, name, kind, None, f"{DAMAGED}: {reason}")
        case run_states.RUNNING if not run_states.is_config(state.run.config):
            return ComparedRun(path, name, kind, None, f"{UNFINISHED}: it has only begun.")
        case run_states.RUNNING if version != run_states.FORMAT:
            return ComparedRun(path, name, kind, None, f"{OLDER}: format {version!r}.")
        case run_states.RUNNING:
            problem = f"{UNFINISHED}: it is still running; what it has so far is shown."
        case run_states.INTERRUPTED:
            problem = f"{UNFINISHED}: it has no result.json; what its journal has is shown."
        case run_states.TIME_BUDGET:
            problem = f"{UNFINISHED}: its time budget was over before it was done."
        case run_states.FAILED:
            problem = f"{FAILED}: {reason}"
        case _:
            failed = failed_words(run_states.listed(state.run.result, "failed"))
            problem = f"{FAILED}: {failed}" if failed else ""
    if not kind:
        command = shorten(printable(state.command), 60)
        return ComparedRun(path, name, "", None, f"{NO_RUN}: its command, {command!r}, has none.")
    if lost := _lost(state.run):
        return ComparedRun(path, name, kind, None, f"{DAMAGED}: {shorten(lost, LONGEST)}")
    inner = _applications(path) if kind == "leave-one-out" else ()
    return ComparedRun(path, name, kind, _named_by_data(state.run), problem, inner)


def _lost(run: RunFolder) -> str:
    """Says what the journal of a run has lost since its result was made, or nothing.

    A journal that was cut off at the end of a line reads like a whole one, and its means would
    be those of fewer trainings than the result states. Without any journal the result stands
    for itself.
    """
    if not (run.path / JOURNAL).is_file():
        return ""
    trained, trials = _counted(run, "trained", "method"), _counted(run, "trial", "strategy")
    searches = len(run.of_kind("searched"))
    rows = [(row, "trainings", trained) for row in run_states.listed(run.result, "methods")]
    rows += [(row, "trials", trials) for row in run_states.listed(run.result, "strategies")]
    for row, what, counts in rows:
        # Trainings that were made again replace those before; shared weights are a search's.
        if row.get("kind") in ("final", "fine-tuned"):
            continue
        method, stated = name_of(row, "name"), int(measured(row, what) or 0)
        kept = searches if row.get("kind") == "shared" else counts[method]
        if kept < stated:
            return (
                f"its journal is not whole: it has {kept} of the {quantity(stated, what[:-1])} "
                f"of {method} that result.json states."
            )
    return ""


def _counted(run: RunFolder, event: str, key: str) -> Counter[str]:
    return Counter(name_of(found, key) for found in run.of_kind(event))


def _named_by_data(run: RunFolder) -> RunFolder:
    """Returns a run on a folder of images with that folder's name for its dataset's.

    All such datasets are called `folder`, which tells readers nothing.
    """
    where = run.arguments.get("data_dir") or mapping(run.arguments, "data").get("data_dir")
    if not isinstance(where, str) or run.dataset.get("name") != "folder":
        return run
    path = Path(where)
    base = path.name or path.parent.name
    if not base or base == "..":
        return run
    name = shorten(printable(f"folder {base}"), 60)

    def renamed(values: dict[str, Any]) -> dict[str, Any]:
        dataset = mapping(values, "dataset")
        return {**values, "dataset": {**dataset, "name": name}} if dataset else values

    return replace(run, config=renamed(run.config), result=renamed(run.result))


def _not_a_run(path: Path) -> str:
    if (path / "config.json").exists():
        return "its config.json is none of a run, and there is no journal.jsonl."
    return "it has no config.json and no journal.jsonl."


def _damaged(error: BaseException) -> str:
    return f"{DAMAGED}: {shorten(printable(str(error)), LONGEST)}"


def _applications(path: Path) -> tuple[ComparedRun, ...]:
    """Returns the runs in which a leave-one-out run applied what it had learned."""
    found = []
    for folder in sorted(path.glob("without-*/apply")):
        domain = printable(folder.parent.name.removeprefix("without-"))
        if (folder / "config.json").is_file():
            found.append(_read(folder, domain))
    return tuple(found)
