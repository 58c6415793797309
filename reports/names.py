"""Names from outside, made fit to print."""

import unicodedata
from typing import Any

from graftwork.printable import printable

_NUMBERS = {int, float}


def printable_json(value: Any) -> Any:
    """Returns JSON data with each string in it, keys as well, passed through `printable`."""
    if isinstance(value, str):
        return printable(value)
    # Journals are numbers for the most part: no call for each of them.
    if isinstance(value, list):
        return [item if type(item) in _NUMBERS else printable_json(item) for item in value]
    if isinstance(value, dict):
        return {
            printable(key): item if type(item) in _NUMBERS else printable_json(item)
            for key, item in value.items()
        }
    return value


def attribute_name(text: str) -> str:
    """Returns the name of an attribute, fit to print and never empty."""
    return printable(text) if text.strip() else "(no name)"


def shorten(text: str, length: int) -> str:
    """Returns `text`, or its start with `…` where it is longer than `length` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def width(text: str) -> int:
    """Returns how many columns `text` takes: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
