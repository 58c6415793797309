"""How long a run may take."""

import re

from graftwork.errors import InputError

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def parse_duration(text: str) -> float:
    """Returns the seconds of a duration such as `90s`, `10m`, `1h30m` or `600`.

    Raises:
        InputError: If the text is no duration above zero.
    """
    compact = text.strip().lower()
    parts = _PART.findall(compact)
    if parts and _PART.sub("", compact).strip() == "":
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    elif re.fullmatch(r"\d+(\.\d+)?", compact):
        seconds = float(compact)
    else:
        seconds = 0.0
    if seconds <= 0:
        raise InputError(
            "time-budget must be a duration above zero, such as 90s, 10m or 1h30m. "
            f"Received: {text!r}."
        )
    return seconds
