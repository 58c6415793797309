"""The journal of a run: one event a line, append-only."""

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from graftwork.errors import InputError
from graftwork.files import named_errors
from graftwork.json_text import LARGEST_JOURNAL, check_file, parse_json

NAME = "journal.jsonl"


def append_journal(run: Path, event: Mapping[str, Any]) -> None:
    """Appends one event and waits until it is on the disk. NaN is refused: it is not JSON.

    Where the disk is full, what was written of the line is taken back.
    """
    line = json.dumps(event, allow_nan=False)
    journal, before = Path(run) / NAME, journal_bytes(run)
    try:
        with named_errors(journal), open(journal, "a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            os.truncate(journal, before)
        raise


def journal_bytes(run: Path) -> int:
    """Returns the size of a run's journal."""
    journal = Path(run) / NAME
    return journal.stat().st_size if journal.exists() else 0


def read_journal(run: Path) -> list[dict[str, Any]]:
    """Returns the events of a run; a last line that was cut off is left out.

    Raises:
        InputError: If the journal is too large to be one, or another line is no event.
    """
    journal = Path(run) / NAME
    if not journal.exists():
        return []
    check_file(journal, LARGEST_JOURNAL)
    events = []
    lines = journal.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            event = parse_json(line)
        except ValueError as error:
            if number == len(lines) and isinstance(error, json.JSONDecodeError):
                break
            raise _damaged(journal, number, f"is not valid JSON: {error}") from None
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise _damaged(journal, number, "is no event")
        events.append(event)
    return events


def _damaged(journal: Path, number: int, reason: str) -> InputError:
    return InputError(
        f"{journal}, line {number}, {reason}. The file is damaged: bring it back from a copy, or "
        "begin a new run in another --out."
    )


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
