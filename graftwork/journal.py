"""The journal of a run: one event a line, append-only."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from graftwork.errors import InputError

NAME = "journal.jsonl"


def append_journal(run: Path, event: Mapping[str, Any]) -> None:
    """Appends one event and waits until it is on the disk. NaN is refused: it is not JSON."""
    line = json.dumps(event, allow_nan=False)
    with open(Path(run) / NAME, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def journal_bytes(run: Path) -> int:
    """Returns the size of a run's journal."""
    journal = Path(run) / NAME
    return journal.stat().st_size if journal.exists() else 0


def read_journal(run: Path) -> list[dict[str, Any]]:
    """Returns the events of a run; a last line that was cut off is left out."""
    journal = Path(run) / NAME
    if not journal.exists():
        return []
    events = []
    lines = journal.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise InputError(f"{journal}, line {number}, is not valid JSON: {error}.") from None
    return events


def truncate_journal(run: Path, size: int) -> None:
    """Drops what the journal says after its first `size` bytes."""
    journal = Path(run) / NAME
    if journal.exists():
        with open(journal, "rb+") as file:
            file.truncate(size)
            os.fsync(file.fileno())


def by_method(events: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Returns the events of every `method`, in the order in which they came."""
    methods: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        methods[event["method"]].append(event)
    return dict(methods)
