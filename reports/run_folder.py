"""A run folder as data, finished or not. Its files are described in `docs/run-folder.md`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftwork.errors import InputError
from graftwork.files import read_json
from graftwork.json_text import LARGEST_JOURNAL, check_file, parse_json
from reports.layout import Architecture
from reports.names import attribute_name, printable_json

FORMAT = 1
LARGEST = 1e100
ENGINE = ("devices", "replicas", "precision", "jit", "deterministic")
"""What the first event says of how a run is computed."""


@dataclass(frozen=True)
class RunFolder:
    """The files of a run, read once.

    Attributes:
        path: The folder.
        config: What `config.json` holds.
        events: The events of `journal.jsonl`, oldest first.
        result: What `result.json` holds, or an empty dictionary while there is none.
    """

    path: Path
    config: dict[str, Any]
    events: list[dict[str, Any]]
    result: dict[str, Any]

    @property
    def status(self) -> str:
        """How the run ended, or `"unfinished"` while it has no result."""
        return str(self.result.get("status", "finished")) if self.result else "unfinished"

    @property
    def arguments(self) -> dict[str, Any]:
        return mapping(self.config, "arguments")

    @property
    def dataset(self) -> dict[str, Any]:
        return mapping(self.config, "dataset") or mapping(self.result, "dataset")

    @property
    def attributes(self) -> list[str]:
        """Names of the attributes, in the order of every list of attributes in the run."""
        names = self.result.get("attributes") or self.dataset.get("attributes") or []
        return [attribute_name(str(name)) for name in names] if isinstance(names, list) else []

    @property
    def score(self) -> str:
        """The name of the score that was searched for: accuracy or balanced accuracy."""
        return str(self.result.get("score") or self.arguments.get("score") or "accuracy")

    @property
    def engine(self) -> dict[str, Any]:
        """How it was computed at its beginning; empty in older runs."""
        starts = self.of_kind("start")
        return {name: starts[0][name] for name in ENGINE if starts and name in starts[0]}

    def of_kind(self, event: str) -> list[dict[str, Any]]:
        """Returns the events of one kind, oldest first."""
        return [e for e in self.events if e.get("event") == event]

    def tree(self) -> tuple[Architecture | None, str]:
        """Returns the tree to show and a sentence on what it is; `None` without any."""
        if found := self.result.get("architecture"):
            return found, "The tree that the search found, for the first seed."
        if searched := self.of_kind("searched"):
            return searched[0].get("architecture"), "The tree that the search found."
        for event in reversed(self.of_kind("round")):
            if event.get("architecture"):
                return event["architecture"], (
                    f"The tree after round {event.get('round')}. The search was not done: "
                    "the tree may still have changed."
                )
        return None, "No tree was recorded."


def read_run_folder(path: Path) -> RunFolder:
    """Reads the files of a run.

    A run may be unfinished: only `config.json` has to be there. A last line of the journal
    that was cut off in the middle of a write is left out.

    Args:
        path: The run folder.

    Returns:
        The `RunFolder`. All its strings are fit to print.

    Raises:
        InputError: If the folder holds no run, or a file in it is broken.
    """
    path = Path(path)
    if not (path / "config.json").is_file():
        raise InputError(
            f"{path} is not a run folder: it has no config.json. Give the folder that a "
            "search wrote, the one named with --out."
        )
    config = _read_object(path / "config.json")
    result_path = path / "result.json"
    result = _read_object(result_path) if result_path.exists() else {}
    return RunFolder(path, config, _read_journal(path / "journal.jsonl"), result)


def _read_object(path: Path) -> dict[str, Any]:
    value = printable_json(read_json(path))
    if not isinstance(value, dict):
        raise InputError(f"{path} must hold a JSON object. Received: {type(value).__name__}.")
    if value.get("format", FORMAT) != FORMAT:
        raise InputError(
            f"{path} has format {value['format']!r}, and this version of Graftwork reads "
            f"format {FORMAT}. Use the version that wrote the run."
        )
    return value


def _read_journal(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    check_file(path, LARGEST_JOURNAL)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    events = []
    for number, line in enumerate(lines, start=1):
        try:
            event = printable_json(parse_json(line))
        except ValueError as error:
            if number == len(lines):
                break
            raise InputError(f"{path}, line {number}: not valid JSON: {error}.") from None
        if not isinstance(event, dict):
            raise InputError(f"{path}, line {number}: expected a JSON object.")
        events.append(event)
    return events


def mapping(values: dict[str, Any], key: str) -> dict[str, Any]:
    """Returns the object under `key`, or an empty one where there is none."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def number(values: dict[str, Any], key: str) -> float | None:
    """Returns the finite number under `key`, or `None` where there is none."""
    return finite(values.get(key))


def finite(value: Any) -> float | None:
    """Returns `value` if it is a number that can be computed with, else `None`.

    Those beyond 10¹⁰⁰ measure nothing, and their squares would be infinite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= LARGEST else None  # NaN is not.


def interval(values: dict[str, Any], key: str) -> tuple[float, float] | None:
    """Returns the interval under `key`, or `None` where there is none."""
    value = values.get(key)
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = map(finite, value)
    return None if low is None or high is None else (low, high)
