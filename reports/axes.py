"""What all charts have in common: an empty figure in the page's style, and its legend."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.palette import INK, MUTED, RULE

# Inches. The page shows a figure at most 500 px wide, which makes its texts 13 px.
WIDTH = 5.0


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
