"""The run folder: everything about a run, in one place that can be copied and resumed.

    config.json      what was asked for, complete, with versions and dataset fingerprint
    journal.jsonl    what happened, one event a line, append-only
    checkpoints/     the newest states to go on from, two if not told otherwise
    result.json      what came out
    lock             held while a process writes

docs/run-folder.md describes every key.
"""

import json
import math
import os
import platform
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import filelock
import numpy as np

import graftwork
from graftwork import files
from graftwork.errors import InputError
from graftwork.journal import append_journal, journal_bytes, read_journal, truncate_journal
from graftwork.json_text import LARGEST_FILE, check_file, parse_json
from graftwork.memory import peak_memory_mb
from graftwork.run_links import check_links
from graftwork.stored_arrays import may_pass, read_arrays
from graftwork.stored_form import flaw

FORMAT = 1
KEPT_CHECKPOINTS = 2
WRITTEN = (
    r"(config|result|latency|networks|seed-\d+)\.json|(shared_weights|path_scores|seed-\d+)\.npz"
    r"|report\.html|tree\.(png|svg)|.+-(step\d+|final)\.png"
)
"""Names of the files that Graftwork writes into a run folder by `graftwork.files`."""
TEMPORARY = re.compile(rf"\.({WRITTEN})\.[a-z0-9_]{{8}}|\.(saving|exporting)\..+\.(keras|onnx)")
"""Names of files of Graftwork that are being written, those of models among them."""
PLACES = (
    ".*",
    *(f"{name}/.*" for name in ("samples", "networks", "shared", "strategies", "export")),
)
"""Where in a run folder they lie."""
NUMBER = re.compile("[0-9]{8}")
"""The name of a checkpoint; with a dot before it, what was half written or passed over."""

PASSED = ".passed"

# What a damaged state.json or arrays.npz raises, and other errors that `may_pass`.
DAMAGE = (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, zipfile.BadZipFile)
CONFIG = {"command": str, "arguments": dict, "dataset": dict}
"""What `config.json` holds under these names, where it has them."""
CHECKPOINT = {"journal_bytes": int, "elapsed": float}


class Run:
    """A run folder that this process may write.

    Made by `Run.create` or `Run.resume`; close it, or use it in a `with` statement, to
    let go of the lock. A killed process lets go of it too.

    Args:
        path: The folder, which must exist.
        keep: How many checkpoints stay, at least 2: the newest may turn out damaged.
    """

    def __init__(self, path: Path, keep: int = KEPT_CHECKPOINTS) -> None:
        self.path, self.keep = Path(path), max(keep, KEPT_CHECKPOINTS)
        self._lock = filelock.FileLock(self.path / "lock")
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise InputError(
                f"another process is writing {self.path}. Wait for it, or stop it first."
            ) from None
        except OSError as error:
            raise InputError(
                f"the folder {self.path} cannot be written: {error.strerror or error}."
            ) from None
        self._started = time.monotonic()
        self._elapsed_before = 0.0
        self.newest: dict[str, Any] = {}
        """The event that this process wrote last."""

    @classmethod
    def create(cls, path: Path, config: Mapping[str, Any], keep: int = KEPT_CHECKPOINTS) -> "Run":
        """Begins a run in a new or empty folder.

        Args:
            path: The folder.
            config: What `config.json` shall hold, beside the format and the versions.
            keep: How many checkpoints stay, at least 2.

        Raises:
            InputError: If the folder holds a run or other files, or cannot be written.
        """
        path = Path(path)
        cls.check_new(path)
        check_links(path)
        try:
            run = cls(path, keep)
            whole = {**config, "format": FORMAT, "versions": versions()}
            files.write_json(path / "config.json", whole)
        except OSError as error:
            raise InputError(
                f"the folder {path} cannot be written: {error.strerror or error}. "
                "Choose another --out."
            ) from None
        return run

    @staticmethod
    def check_new(path: Path) -> None:
        """Makes the folder of a new run, or says why it cannot be one.

        Raises:
            InputError: If the folder holds a run or other files, or cannot be written.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            entries = list(path.iterdir())
            names = [entry.name for entry in entries]
            foreign = [entry.name for entry in entries if not _begun_here(entry)]
        except OSError as error:
            raise InputError(
                f"the folder {path} cannot be written: {error.strerror or error}. "
                "Choose another --out."
            ) from None
        if "config.json" in names:
            raise InputError(
                f"{path} already holds a run. Go on with it by --resume, or choose another --out."
            )
        if foreign:
            raise InputError(
                f"{path} is not empty and holds no run (it has {foreign[0]!r}). "
                "Choose another --out."
            )

    @classmethod
    def resume(cls, path: Path, keep: int = KEPT_CHECKPOINTS) -> "Run":
        """Opens the folder of an interrupted or finished run to write on.

        Args:
            path: The folder.
            keep: How many checkpoints stay, at least 2.

        Raises:
            InputError: If the folder holds no run, or a link that leads out of it, or another
                process is writing it.
        """
        read_config(path)
        check_links(Path(path))
        run = cls(Path(path), keep)
        run._remove_half_written()
        return run

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the lock."""
        self._lock.release()

    @property
    def elapsed(self) -> float:
        """Seconds that this run has worked, those before an interruption counted in."""
        return self._elapsed_before + time.monotonic() - self._started

    def record(self, event: str, **values: Any) -> None:
        """Appends one event to the journal and waits until it is on the disk.

        Args:
            event: Its kind.
            values: What it says; the seconds of the run so far are added, and the most memory
                that this process has used so far, where the system tells.
        """
        memory = peak_memory_mb()
        used = {} if memory is None else {"memory_mb": memory}
        seconds = round(self.elapsed, 3)
        self.newest = {"event": event, **values, "seconds": seconds, **used}
        append_journal(self.path, self.newest)

    def checkpoint(
        self, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Writes a state to go on from, and removes all but the newest `keep`.

        Args:
            state: JSON values.
            arrays: Named arrays, such as weights.
        """
        folder = self.path / "checkpoints"
        with files.named_errors(folder):
            folder.mkdir(exist_ok=True)
        numbers = self._checkpoints()
        whole = {
            "state": state,
            "journal_bytes": journal_bytes(self.path),
            "elapsed": self.elapsed,
        }
        number = numbers[-1] + 1 if numbers else 0
        with files.atomic_folder(folder / f"{number:08d}") as temporary:
            (temporary / "state.json").write_text(json.dumps(whole), encoding="utf-8")
            if arrays:
                np.savez(temporary / "arrays.npz", **arrays)  # type: ignore[arg-type]
        self._remove_checkpoints(keep=[*numbers, number][-self.keep :])

    def restore(self, form: Any = dict) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Loads the newest whole checkpoint and drops what the journal says after it.

        Where newer ones are damaged, a line on standard error and the event `restored` say so;
        they are set aside until there is a newer whole one.

        Args:
            form: What the state must hold (`graftwork.stored_form`); another is damage.

        Returns:
            The state and the arrays, or None where nothing was ever checkpointed: then the
            journal is empty and the run begins anew.

        Raises:
            InputError: If the journal tells of work, and no checkpoint of it can be read.
            OSError: If the newest cannot be read now, though it may be whole; or MemoryError.
        """
        numbers = self._checkpoints()
        damaged = []
        for number in reversed(numbers):
            try:
                whole, arrays = self._read_checkpoint(number, form)
            except DAMAGE as error:
                if may_pass(error):
                    raise
                damaged.append(f"checkpoint {number:08d} is damaged ({_in_one_line(error)})")
                continue
            self._set_aside([n for n in numbers if n > number])
            truncate_journal(self.path, whole["journal_bytes"])
            self._elapsed_before = whole["elapsed"]
            if not damaged:
                self._remove_checkpoints(keep=numbers, passed=False)
            else:
                reason = f"{', '.join(damaged)}; going on from checkpoint {number:08d}"
                print(f"graftwork: {self.path}: {reason}.", file=sys.stderr, flush=True)
                self.record("restored", reason=reason)
                # Two are whole again, and the note stays whatever comes now.
                self.checkpoint(whole["state"], arrays)
            return whole["state"], arrays
        if len(read_journal(self.path)) > 1:
            raise InputError(
                f"no checkpoint in {self.path / 'checkpoints'} can be read, so that the run "
                "cannot go on. Copy the whole folder, or begin a new run in another --out."
            )
        truncate_journal(self.path, 0)
        self._remove_checkpoints(keep=[])
        return None

    def _read_checkpoint(
        self, number: int, form: Any
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        folder = self.path / "checkpoints" / f"{number:08d}"
        with files.named_errors(folder / "state.json"):
            check_file(folder / "state.json", LARGEST_FILE)
            whole = parse_json((folder / "state.json").read_bytes())
        if found := flaw(whole, {"state": form, **CHECKPOINT}):
            raise ValueError(found)
        if not 0 <= whole["journal_bytes"] <= journal_bytes(self.path):
            raise ValueError("the journal's part before it is lacking")
        if not whole["elapsed"] >= 0 or whole["elapsed"] == math.inf:
            raise ValueError("elapsed is no time")
        if not (folder / "arrays.npz").exists():
            return whole, {}
        return whole, read_arrays(folder / "arrays.npz")

    def _remove_half_written(self) -> None:
        """Removes the temporary files that a killed process of Graftwork left, and no others."""
        for pattern in PLACES:
            for entry in list(self.path.glob(pattern)):
                if TEMPORARY.fullmatch(entry.name) and entry.is_file():
                    entry.unlink(missing_ok=True)

    def _set_aside(self, numbers: Collection[int]) -> None:
        """Renames checkpoints, so that they are passed over and nothing of them is lost yet."""
        for number in numbers:
            entry = self.path / "checkpoints" / f"{number:08d}"
            aside = entry.with_name(f".{entry.name}{PASSED}")
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(entry, aside)

    def _remove_checkpoints(self, keep: Collection[int], passed: bool = True) -> None:
        """Removes all other checkpoints, what was half written, and if asked what was set aside."""
        folder = self.path / "checkpoints"
        names = {f"{number:08d}" for number in keep}
        for entry in list(folder.iterdir()) if folder.is_dir() else []:
            own = NUMBER.fullmatch(entry.name) or re.fullmatch(r"\.[0-9]{8}\..*", entry.name)
            aside = entry.name.endswith(PASSED)
            if own and entry.name not in names and (passed or not aside):
                shutil.rmtree(entry, ignore_errors=True)

    def _checkpoints(self) -> list[int]:
        folder = self.path / "checkpoints"
        if not folder.is_dir():
            return []
        return sorted(int(p.name) for p in folder.iterdir() if NUMBER.fullmatch(p.name))


def _begun_here(entry: Path) -> bool:
    """Whether a new run may begin in a folder with this entry: a killed one left it, or hidden."""
    if entry.is_symlink():
        return False
    if entry.name == "checkpoints":
        return entry.is_dir() and not any(entry.iterdir())
    return entry.name == "lock" or entry.name.startswith(".")


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def read_config(path: Path) -> dict[str, Any]:
    """Returns the `config.json` of a run.

    Raises:
        InputError: If the folder holds no run, or one of another format.
    """
    path = Path(path)
    if not (path / "config.json").exists():
        raise InputError(f"{path} holds no run: there is no config.json in it.")
    config = files.read_json(path / "config.json")
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        found = config.get("format") if isinstance(config, dict) else type(config).__name__
        raise InputError(
            f"{path / 'config.json'} is not a configuration of format {FORMAT}. "
            f"Received format: {found!r}."
        )
    if found := flaw(config, {key: form for key, form in CONFIG.items() if key in config}):
        raise InputError(f"{path / 'config.json'} is damaged: {found}. Copy it again.")
    return config


def versions() -> dict[str, str]:
    """Returns the versions that a result depends on."""
    return {
        "graftwork": graftwork.__version__,
        "keras": metadata.version("keras"),
        "tensorflow": metadata.version("tensorflow"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
