"""What ended a worker though its training did not fail: told by it, raised again by its parent.

A full disk, or data that went away, is no property of a network. The run stops where it can go on.
"""

import json

from graftwork.disk import LostDataError, lost_data
from graftwork.errors import InputError

STATUS = 75
"""The exit status of such a worker: EX_TEMPFAIL of sysexits.h."""


def told(error: Exception) -> str | None:
    """Returns a line for the parent; None for an error of another kind.

    A line, as a full disk takes no file.
    """
    if isinstance(error, InputError):
        return json.dumps({"kind": "input", "text": str(error)})
    if isinstance(error, OSError):
        name = None if error.filename is None else str(error.filename)
        text = error.strerror or str(error)
        return json.dumps({"kind": "system", "number": error.errno, "text": text, "file": name})
    if lost := lost_data(error):
        return json.dumps({"kind": "data", "text": lost})
    return None


def read(line: str) -> Exception | None:
    """Returns the error that a line of a worker tells of; None for another line."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    match value.get("kind"):
        case "input":
            return InputError(value["text"])
        case "system":
            return OSError(value["number"], value["text"], value["file"])
        case "data":
            return LostDataError(value["text"])
    return None
