"""What all charts have in common: an empty figure in the page's style, legend and scales."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, SymmetricalLogLocator

from reports.palette import INK, MUTED, RULE

# Inches. The page shows a figure at most 500 px wide, which makes its texts 13 px.
WIDTH = 5.0
TICKS = [1, 2, 5, 10]
"""Steps between ticks."""
WIDE = 10.0
"""Largest value over smallest from which on an axis is logarithmic."""


def new_figure(height: float, grid: str = "y", width: float = WIDTH) -> tuple[Figure, Axes]:
    """Returns an empty figure and its axes.

    Args:
        height: In inches.
        grid: Which lines it has: `"x"`, `"y"` or `"both"`.
        width: In inches.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(length=0, labelsize=9, labelcolor=MUTED)
    axes.grid(axis=grid, color=RULE, linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.xaxis.label.set(color=MUTED, size=9.5)
    axes.yaxis.label.set(color=MUTED, size=9.5)
    return figure, axes


def legend(axes: Axes) -> None:
    """Adds the legend, above the chart."""
    axes.legend(
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        ncols=4,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.4,
    )


def spread(set_scale: Callable[..., Any], axis: Any, values: Sequence[float]) -> None:
    """Makes an axis logarithmic where a few values would press all others into a corner.

    Values below zero, such as −KID, are laid out by their size, the nearest to zero last.
    """
    sizes = [abs(value) for value in values]
    one_sided = all(value > 0 for value in values) or all(value < 0 for value in values)
    if not values or not one_sided or max(sizes) < WIDE * min(sizes):
        axis.set_major_locator(MaxNLocator(5, steps=TICKS))
        return
    # More than a few powers of ten leave no room for ticks between them.
    between = (1, 2, 5) if max(sizes) < 30 * WIDE * min(sizes) else (1,)
    if values[0] > 0:
        set_scale("log")
        axis.set_major_locator(LogLocator(subs=between))
    else:
        set_scale("symlog", linthresh=min(sizes), linscale=0.3)
        axis.set_major_locator(
            SymmetricalLogLocator(base=10, linthresh=min(sizes), subs=list(between))
        )
    axis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    axis.set_minor_formatter(lambda value, _: "")
    axis.axes.tick_params(which="minor", length=0)
