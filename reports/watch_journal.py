"""Follows the journal of a run that another process writes."""

from pathlib import Path
from typing import Any

from graftwork.json_text import LARGEST_JOURNAL, check_file, parse_json
from reports.names import printable_json


class FollowedJournal:
    """The events of a journal, kept up to date by reading what is new.

    A last line that is not whole yet waits for its end. A run that is resumed drops what its
    journal says after its checkpoint: then the journal is read anew.

    Args:
        path: The file, which may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.events: list[dict[str, Any]] = []
        self.broken = 0
        self._size = 0
        self._last_line = b""

    def read(self) -> bool:
        """Reads what is new. Returns whether anything changed; `broken` counts unread lines."""
        try:
            check_file(self.path, LARGEST_JOURNAL)
            file = open(self.path, "rb")  # noqa: SIM115  # Closed below.
        except FileNotFoundError:
            return self._forget()
        with file:
            changed = False
            # The line that was read last must still be there: else it is another journal.
            file.seek(self._size - len(self._last_line))
            if self._size and file.read(len(self._last_line)) != self._last_line:
                changed = self._forget()
                file.seek(0)
            new = file.read()
        whole, _, _ = new.rpartition(b"\n")
        if not whole:
            return changed
        for line in whole.split(b"\n"):
            self._add(line)
        self._size += len(whole) + 1
        self._last_line = whole.rpartition(b"\n")[2] + b"\n"
        return True

    def _forget(self) -> bool:
        changed = bool(self._size)
        self.events, self.broken, self._size, self._last_line = [], 0, 0, b""
        return changed

    def _add(self, line: bytes) -> None:
        try:
            event = printable_json(parse_json(line))
        except ValueError:
            self.broken += 1
            return
        if isinstance(event, dict):
            self.events.append(event)
        else:
            self.broken += 1
