"""The charts of a benchmark: regret curves and mean ranks."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.axes import new_figure
from reports.names import shorten
from reports.palette import ACCENT, BRANCHES, INK, MUTED, RULE

MARKS, DASHES = "osD^v", ("solid", (0, (6, 2, 1, 2)), (0, (1.2, 1.5)), (0, (8, 2)), "solid")
"""Of the lines with a colour, so that no colour has to be seen."""
LINES = 5
"""Lines with a colour in the overview: more cannot be told apart where they cross."""
FLOOR = 0.01
"""Points of regret below which curves are drawn at this height: the axis is logarithmic."""


def regret_overview(ranked: Sequence[dict[str, Any]], control: str | None) -> Figure | None:
    """Returns the regret of all strategies against evaluations, the best in colour.

    Args:
        ranked: The strategies, the best first.
        control: Name of the control, which is drawn in ink.
    """
    shown = [s for s in ranked if s["regret_curve"]]
    if not shown:
        return None
    figure, axes = new_figure(3.5)
    coloured = [s["name"] for s in shown if s["name"] != control][:LINES]
    for strategy in reversed(shown):
        name = strategy["name"]
        if name in coloured:
            colour = BRANCHES[coloured.index(name)]
            _draw(axes, strategy, colour, 1.6, label=name, style=coloured.index(name))
        elif name == control:
            _draw(axes, strategy, INK, 1.3, label=name, dashed=True)
        else:
            _draw(axes, strategy, MUTED, 0.7, band=False)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        [shorten(label, 24) for label in labels[::-1]],
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        ncols=3,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        handlelength=1.6,
        columnspacing=1.2,
    )
    _regret_axes(axes)
    return figure


def regret_single(strategy: dict[str, Any], ranked: Sequence[dict[str, Any]], control: str | None):
    """Returns one strategy's regret with its band, among all others and the control."""
    if not strategy["regret_curve"]:
        return None
    figure, axes = new_figure(2.3, width=3.2)
    for other in ranked:
        if other["regret_curve"] and other is not strategy:
            is_control = other["name"] == control
            _draw(
                axes,
                other,
                INK if is_control else RULE,
                1.1 if is_control else 0.8,
                band=False,
                dashed=is_control,
            )
    _draw(axes, strategy, ACCENT, 1.8)
    _regret_axes(axes)
    return figure


def rank_plot(ranks: dict[str, Any], control: str | None) -> Figure:
    """Returns mean ranks with bars of one critical difference, half of it to either side.

    Two strategies differ by more than chance where their bars do not overlap.
    """
    names, means = ranks["names"], ranks["mean_ranks"]
    half = ranks["critical_difference"] / 2
    figure, axes = new_figure(0.8 + 0.27 * len(names), grid="x")
    # What the best one's bar covers cannot be told apart from it.
    axes.axvspan(means[0] - half, means[0] + half, color=ACCENT, alpha=0.1, linewidth=0)
    for row, (name, mean) in enumerate(zip(names, means, strict=True)):
        colour = INK if name == control else ACCENT if row == 0 else MUTED
        axes.plot((mean - half, mean + half), (row, row), color=colour, linewidth=2.2)
        axes.plot(mean, row, "o", color=colour, markersize=6)
    labels = [shorten(name, 26) for name in names]
    axes.set_yticks(range(len(names)), labels, parse_math=False, color=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("mean rank over the seeds (1 is best)")
    return figure


def _draw(
    axes: Axes,
    strategy: dict[str, Any],
    colour: str,
    width: float,
    label: str | None = None,
    band: bool = True,
    dashed: bool = False,
    style: int | None = None,
) -> None:
    curve = strategy["regret_curve"]
    rows = list(zip(curve["mean"], curve["low"], curve["high"], strict=True))
    # A curve has one number an evaluation and steps seldom: only where it does is drawn.
    kept = [
        i
        for i, row in enumerate(rows)
        if row[0] is not None and (row != rows[i - 1] or i in (0, len(rows) - 1))
    ]
    places = [i + 1 for i in kept]
    mean = [max(rows[i][0], FLOOR) for i in kept]
    own: dict[str, Any] = {"linestyle": (0, (4, 3)) if dashed else "solid"}
    if style is not None:
        every = max(1, len(places) // 6)
        own = {"linestyle": DASHES[style], "marker": MARKS[style], "markersize": 4}
        # Marks of different lines stand beside each other, not on top.
        own["markevery"] = (min(style * every // LINES, max(len(places) - 1, 0)), every)
    axes.step(places, mean, where="post", color=colour, linewidth=width, label=label, **own)
    if band and kept and all(rows[i][1] is not None for i in kept):
        low, high = ([max(rows[i][side], FLOOR) for i in kept] for side in (1, 2))
        axes.fill_between(places, low, high, step="post", color=colour, alpha=0.18, linewidth=0)


def _regret_axes(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.8 * FLOOR), min(high, 30))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(lambda value, _: "")
    last = axes.get_xlim()[1]
    axes.set_xticks([place for place in (1, 2, 5, 10, 20, 50, 100, 200, 500) if place <= last])
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("evaluations")
    axes.set_ylabel("regret (points)")
