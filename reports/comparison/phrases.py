"""Numbers of a comparison in words: with their units, signs and as many digits as they carry."""

from graftwork.statistics import mean_interval
from reports import wording
from reports.comparison.protocol import MethodResult, Protocol
from reports.comparison.statistics import Difference
from reports.wording import MISSING, decimal, quantity

Span = tuple[float, float] | None


def digits_of(protocol: Protocol) -> int:
    """Returns how many digits after the point a number of a protocol has."""
    return 4 if protocol.unit == "" and "KID" not in protocol.metric else 2


def value_text(protocol: Protocol, value: float | None, unit: bool = True) -> str:
    """Returns a number as `8.13%`, or without its unit for a column that has it."""
    if value is None:
        return MISSING
    # Anything may stand in a file: no number fills a line.
    digits = digits_of(protocol)
    # The sum turns −0.00 into 0.00.
    text = decimal(round(value, digits) + 0.0, digits) if abs(value) < 1e7 else f"{value:.3g}"
    return text + (protocol.unit if unit else "")


def amount(protocol: Protocol, value: float) -> str:
    """Returns how far apart two numbers are, as `0.42 points`; `0.012` where there is no unit."""
    text = value_text(protocol, abs(value), unit=False)
    return f"{text} {protocol.difference_unit}".rstrip()


def signed(protocol: Protocol, value: float | None) -> str:
    """Returns a difference with its sign, such as `+0.42`."""
    text = value_text(protocol, value, unit=False)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.") else text


def span_text(protocol: Protocol, limits: Span) -> str:
    """Returns an interval as `7.90 to 8.30`, without its unit."""
    if limits is None:
        return MISSING
    return " to ".join(value_text(protocol, limit, unit=False) for limit in limits)


def interval_of(result: MethodResult) -> Span:
    """Returns the 95 % interval of a method's mean over seeds, or None for too few of them."""
    if result.values:
        return mean_interval(list(result.values.values()))
    return result.reported_interval


def seconds_text(seconds: float | None) -> str:
    """Returns seconds with three digits, for a column."""
    if seconds is None:
        return MISSING
    if seconds >= 100:
        return f"{seconds:,.0f}" if seconds < 1e9 else f"{seconds:.3g}"
    return f"{seconds:.3g}" if seconds >= 0.01 or seconds == 0 else f"{seconds:.2g}"


def duration(seconds: float) -> str:
    """Returns seconds as a person says them, such as `5 min 42 s`; `9.3 days` where it is long."""
    if seconds >= 4 * 86400:
        return f"{seconds / 86400:,.1f} days" if seconds < 1e12 else f"{seconds:.3g} s"
    return wording.duration(seconds)


def evidence(found: Difference) -> str:
    """Returns what stands behind a difference: interval, corrected p-value and test."""
    if found.interval is None or found.corrected is None:
        return quantity(found.seeds, "common seed")
    p = wording.probability(found.corrected)
    limits = span_text(found.first.protocol, _ascending(found))
    return f"95% interval {limits}, corrected {p}, {found.test}"


def _ascending(found: Difference) -> Span:
    """Returns the interval of the gain, so that its numbers are those of the sentence."""
    if found.interval is None or found.mean >= 0:
        return found.interval
    return -found.interval[1], -found.interval[0]
