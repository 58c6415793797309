"""Curves of block characters, for the terminal."""

from collections.abc import Sequence

EIGHTHS = " ▁▂▃▄▅▆▇█"
OUTLYING = 3.0
"""How many times the distance of highest score and lower quartile a curve spans at most."""

Values = Sequence[float | None]


def resample(values: Values, width: int) -> list[float | None]:
    """Returns at most `width` values: means of neighbours, `None` where none is known.

    Args:
        values: Numbers in order; `None` for one that is missing.
        width: The most values to return, at least 1.
    """
    if len(values) <= width:
        return list(values)
    means: list[float | None] = []
    for column in range(width):
        first = column * len(values) // width
        last = max((column + 1) * len(values) // width, first + 1)
        known = [value for value in values[first:last] if value is not None]
        means.append(sum(known) / len(known) if known else None)
    return means


def curve(values: Values, width: int, height: int, floor: float | None = None) -> list[str]:
    """Returns a curve as lines of block characters, the highest line first.

    The lowest value has one eighth of a character, the highest all of the height. Where all
    values are the same, they have half of it.

    Args:
        values: Numbers in order; `None` for one that is missing.
        width: Columns.
        height: Lines.
        floor: The value of the lowest level, if not the lowest value; what is below is drawn
            there, too.
    """
    points = resample(values, width)
    known = [value for value in points if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    low = low if floor is None else min(max(low, floor), high)
    most = 8 * height
    levels = []
    for value in points:
        if value is None:
            levels.append(0)
        elif high > low:
            levels.append(1 + round((max(value, low) - low) / (high - low) * (most - 1)))
        else:
            levels.append(most // 2)
    return [
        "".join(EIGHTHS[min(max(level - 8 * line, 0), 8)] for level in levels).rstrip()
        for line in reversed(range(height))
    ]


def floor_of(values: Values) -> float | None:
    """Returns where a curve of scores should begin, so that a few very low ones hide nothing.

    It is the lowest value, unless most of the others are much nearer to the highest.

    Args:
        values: Numbers in order; `None` for one that is missing.
    """
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    quarter, high = known[len(known) // 4], known[-1]
    return max(known[0], high - OUTLYING * (high - quarter))
