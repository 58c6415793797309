"""Numbers as people read them. A value that is not there is a dash."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.names import printable, shorten

MISSING = "–"
MOST_REASONS = 3
LONGEST_REASON = 200
"""Characters."""


def percent(value: float | None, digits: int = 2) -> str:
    """Returns `8.123` as `8.12%`."""
    return MISSING if value is None else f"{value:.{digits}f}%"


def decimal(value: float | None, digits: int = 2) -> str:
    """Returns a number with so many digits after the point."""
    return MISSING if value is None else f"{value:.{digits}f}".replace("-", "−")


def count(value: float | None) -> str:
    """Returns `31234` as `31,234`."""
    return MISSING if value is None else f"{round(value):,}"


def scaled(value: float | None) -> str:
    """Returns `12345678` as `12.3 M`."""
    if value is None:
        return MISSING
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {letter}"
    return f"{value:.0f}"


def duration(seconds: float | None) -> str:
    """Returns `123.4` as `2 min 3 s`."""
    if seconds is None:
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def span(values: tuple[float, float] | None, digits: int = 2) -> str:
    """Returns an interval as `7.90 to 8.30`."""
    if values is None:
        return MISSING
    return f"{decimal(values[0], digits)} to {decimal(values[1], digits)}"


def probability(value: float | None) -> str:
    """Returns a p-value as `p = 0.012` or `p < 0.001`."""
    if value is None:
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def quantity(number: int, noun: str) -> str:
    """Returns `1 seed` or `3 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def failed_words(failed: Sequence[Mapping[str, Any]]) -> str:
    """Says how many trainings failed, which, and why; nothing where none did.

    Args:
        failed: Events `failed` of a journal, or rows of `failed` of a result.
    """
    if not failed:
        return ""
    reasons: dict[str, list[str]] = {}
    for event in failed:
        reasons.setdefault(str(event.get("reason") or "unknown"), []).append(
            str(event.get("method"))
        )
    told = "; ".join(
        f"{', '.join(dict.fromkeys(methods))}: {shorten(printable(reason), LONGEST_REASON)}"
        for reason, methods in list(reasons.items())[:MOST_REASONS]
    )
    more = len(reasons) - MOST_REASONS
    ending = f"; and {quantity(more, 'other reason')}" if more > 0 else ""
    verb = "counts" if len(failed) == 1 else "count"
    return f"{quantity(len(failed), 'training')} failed and {verb} nowhere ({told}{ending})."


def magnitude(digits: str) -> str:
    """Returns a long integer, given as its digits, as about `1.72 × 10¹⁰`.

    Integers of up to seven digits stay whole.
    """
    if not digits.isdecimal() or len(digits) <= 7:
        return f"{int(digits):,}" if digits.isdecimal() else digits
    power = str(len(digits) - 1).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"about {digits[0]}.{digits[1:3]} × 10{power}"
