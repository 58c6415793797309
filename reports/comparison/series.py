"""What the figures of a comparison share: the look of a series, bands, names, and care."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

from graftwork.errors import InputError
from reports.comparison.document import Block, Paragraphs
from reports.comparison.runs import ComparedRun
from reports.names import shorten, width
from reports.palette import BRANCHES, INK

Points = list[tuple[float, float]]
MOST = 8
"""Series of a chart, and runs of a section that are shown one by one."""
FEWEST = 3
"""Seeds from which on there is an interval."""
MARKS = "osD^vPX*<>"
DASHES = ("solid", (0, (5, 2.5)), (0, (1.2, 1.8)), (0, (6, 2, 1, 2)))
LEGEND = 330.0
"""Points that a legend can be wide."""
CHARACTER = 5.1
"""Points that a character of a legend is wide."""
_SHOWN_MARKS = 7


def look(place: int) -> dict[str, Any]:
    """Returns colour, dash and marker of a series; the first ten have markers of their own.

    A series of the same colour as another one has another marker, and two neighbours have
    different dashes, so that the chart can be read in grey.
    """
    return {
        "color": BRANCHES[place % len(BRANCHES)],
        "linestyle": DASHES[place % len(DASHES)],
        "marker": MARKS[place % len(MARKS)],
    }


def draw_series(
    axes: Axes,
    place: int,
    x: np.ndarray,
    y: np.ndarray,
    label: str,
    band: tuple[np.ndarray, np.ndarray] | None = None,
    steps: bool = False,
) -> None:
    """Draws a line with its band.

    Args:
        axes: Where.
        place: Number of the series, for its look.
        x: Places.
        y: Values.
        label: What the legend says.
        band: Lower and upper ends.
        steps: Whether a value holds until the next one.
    """
    every = max(1, -(-len(x) // _SHOWN_MARKS))
    axes.plot(
        x,
        y,
        **look(place),
        drawstyle="steps-post" if steps else "default",
        linewidth=1.6,
        markersize=4.6,
        # Marks of different lines stand beside each other, not on top.
        markevery=(min(place * every // MOST, max(len(x) - 1, 0)), every),
        label=shorten(label, 40),
    )
    if band is not None:
        axes.fill_between(
            x,
            *band,
            step="post" if steps else None,
            color=look(place)["color"],
            alpha=0.13,
            linewidth=0,
        )


def column_legend(axes: Axes, handle: float = 3.2) -> None:
    """Adds a legend above the chart, in two columns where its texts leave room for them.

    Args:
        axes: Where.
        handle: Length of the handles, in characters: 3.2 shows the dash of a line.
    """
    labels = axes.get_legend_handles_labels()[1]
    longest = max(map(width, labels), default=0)
    columns = 2 if 2 * (CHARACTER * longest + 9 * handle) < LEGEND and len(labels) > 1 else 1
    axes.legend(
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        ncols=columns,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        borderaxespad=0.2,
        handlelength=handle,
        columnspacing=1.6,
    )


def student(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Returns mean, lower and upper end of Student's 95 % interval over the first axis.

    Args:
        values: Float array, a row a seed.

    Returns:
        Mean and half the width of the interval are arrays without the first axis; the ends
        are None for fewer than three seeds.
    """
    mean = values.mean(axis=0)
    if len(values) < FEWEST:
        return mean, mean, None
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class MeanLine:
    """The mean of the lines of several seeds.

    Attributes:
        x: Places.
        y: Means.
        band: The ends of Student's 95 % interval, or None for fewer than three seeds.
    """

    x: np.ndarray
    y: np.ndarray
    band: tuple[np.ndarray, np.ndarray] | None


def mean_line(lines: Iterable[Sequence[tuple[float, float]]]) -> MeanLine:
    """Returns the mean of lines of steps over all places at which one of them changes.

    It begins where the last of them begins; a line that ends goes on as it was.

    Args:
        lines: Points `(x, y)` in rising order of x, one list a seed.
    """
    given = [np.asarray(line, float) for line in lines if len(line)]
    begin = max(line[0, 0] for line in given)
    places = np.unique(np.concatenate([line[:, 0] for line in given]))
    places = places[places >= begin]
    # The last of several points with one x is what holds from there on.
    values = np.stack(
        [line[np.searchsorted(line[:, 0], places, side="right") - 1, 1] for line in given]
    )
    mean, low, high = student(values)
    return MeanLine(places, mean, None if high is None else (low, high))


def slug(text: str) -> str:
    """Returns a word that can be part of the name of a block."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "x"


def seeds_words(counts: Iterable[int]) -> str:
    """Returns what a caption says of bands, for series of so many seeds."""
    known = sorted(set(counts))
    if not known:
        return ""
    if known[-1] < FEWEST:
        number = {1: "One seed gives", 2: "Two seeds give"}[known[-1]]
        return f"{number} no interval."
    text = "Bands are 95% intervals over seeds, by Student's t"
    return (
        f"{text}; a line of fewer than three seeds has none." if known[0] < FEWEST else f"{text}."
    )


def attempt(
    run: ComparedRun, what: str, build: Callable[..., Iterable[Block | None]], *arguments: Any
) -> list[Block]:
    """Returns what `build` gives for a run; a notice where its files do not allow it.

    Files of a run may be damaged in any way that JSON allows: one run must not cost the rest
    of the report.

    Args:
        run: The run that is shown.
        what: What of it, as the first words of a sentence: `"The tree"`.
        build: Returns the blocks; called with the run and `arguments`.
        arguments: What else it is called with.
    """
    try:
        return [block for block in build(run, *arguments) if block is not None]
    except (InputError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as e:
        reason = shorten(" ".join(str(e).split()), 200) or type(e).__name__
        return [Paragraphs((f"{what} of {run.name} cannot be shown: {reason}",), kind="notice")]


def left_out(runs: Sequence[ComparedRun], most: int = MOST) -> list[Block]:
    """Returns a sentence on the runs that a section does not show one by one, if any."""
    if len(runs) <= most:
        return []
    names = ", ".join(run.name for run in runs[most:])
    return [
        Paragraphs(
            (f"Shown for the first {most} of {len(runs)} runs. Left out: {shorten(names, 400)}.",)
        )
    ]
