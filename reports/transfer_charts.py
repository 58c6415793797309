"""The charts of transfer: reward against evaluations, differences, shared against trained.

Every series has a colour, a dash and a marker of its own, so that no colour has to be seen.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.axes import legend, new_figure
from reports.names import shorten
from reports.palette import ACCENT, BRANCHES, INK, MUTED
from reports.run_folder import RunFolder, number
from reports.transfer_differences import Difference
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    TransferMethod,
    named,
)
from reports.transfer_tables import TrainedNetwork

STYLES: dict[str, dict[str, Any]] = {
    TRANSFERRED: {"color": BRANCHES[0], "linestyle": (0, (6, 2, 1, 2)), "marker": "D"},
    FINE_TUNED: {"color": BRANCHES[1], "linestyle": "solid", "marker": "o"},
    SCRATCH: {"color": BRANCHES[2], "linestyle": (0, (5, 2.5)), "marker": "s"},
    RANDOM: {"color": MUTED, "linestyle": (0, (1.2, 1.8)), "marker": "^"},
}
_MARKS = 7
_TICKS = [1, 2, 5, 10]


def reward_chart(methods: Sequence[TransferMethod], reward: str) -> Figure | None:
    """Returns the best reward so far against evaluations an attribute, with 95 % bands.

    The transferred strategy evaluates nothing: its line is level. `None` without a curve.

    Args:
        methods: The methods of the run.
        reward: What a reward is, for the axis.
    """
    shown = [method for name in STYLES if (method := named(methods, name)) and method.curve]
    if not shown:
        return None
    figure, axes = new_figure(3.6)
    for place, method in enumerate(shown):
        style = STYLES[method.name]
        points = [(x, y) for x, y in enumerate(method.curve, start=1) if y is not None]
        if not points:
            continue
        if method.name == TRANSFERRED:
            points.insert(0, (0, points[0][1]))
        every = max(1, len(points) // _MARKS)
        axes.plot(
            *zip(*points, strict=True),
            **style,
            linewidth=1.7,
            markersize=4.6,
            # Marks of different lines stand beside each other, not on top.
            markevery=(min(place * every // len(STYLES), len(points) - 1), every),
            label=method.name,
        )
        band = [(x, *limits) for x, limits in enumerate(method.band, start=1) if limits is not None]
        if band:
            places, low, high = zip(*band, strict=True)
            axes.fill_between(places, low, high, color=style["color"], alpha=0.11, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=_TICKS, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=_TICKS))
    axes.set_xlabel("evaluated architectures an attribute")
    axes.set_ylabel(f"best reward so far ({reward})")
    _two_columns(axes, 3.4)
    return figure


def difference_chart(
    differences: dict[str, float],
    singles: dict[str, list[float]],
    mean: Difference,
    label: str,
) -> Figure | None:
    """Returns the difference of every attribute, the largest first; `None` without any.

    Where it is negative the mark is a hollow triangle. Pale dots are single seeds, the
    stripe is the 95 % interval of the mean.

    Args:
        differences: By attribute.
        singles: The differences of single seeds, by attribute.
        mean: The mean difference.
        label: What the axis shows.
    """
    if not differences:
        return None
    rows = sorted(differences.items(), key=lambda row: -row[1])
    figure, axes = new_figure(1.05 + 0.25 * len(rows), grid="x")
    if mean.interval:
        axes.axvspan(*mean.interval, color=ACCENT, alpha=0.12, linewidth=0)
    if mean.mean is not None:
        axes.axvline(mean.mean, color=ACCENT, linewidth=1.2, label="mean")
    axes.axvline(0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    for row, (name, value) in enumerate(rows):
        seeds = singles.get(name, [])
        if len(seeds) > 1:
            axes.plot(seeds, [row] * len(seeds), "o", color=MUTED, alpha=0.35, markersize=3.6)
        below = value < 0
        axes.plot(
            value,
            row,
            marker="v" if below else "o",
            color=BRANCHES[1] if below else ACCENT,
            markerfacecolor="none" if below else ACCENT,
            markeredgewidth=1.6,
            markersize=5.5,
        )
    axes.set_yticks(
        range(len(rows)), [shorten(name, 28) for name, _ in rows], parse_math=False, color=INK
    )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    _signed_ticks(axes.xaxis)
    axes.set_xlabel(label)
    return figure


def alone_chart(networks: Sequence[TrainedNetwork], score: str) -> Figure | None:
    """Returns shared reward and own score of trained networks, less the means of their group.

    Attributes differ in how hard they are, and seeds in their shared weights, which would show
    as a correlation: only what remains inside a group says whether shared weights rank. `None`
    for fewer than three networks.

    Args:
        networks: What was trained.
        score: What was measured.
    """
    if len(networks) < 3:
        return None
    groups: dict[Any, list[TrainedNetwork]] = {}
    for network in networks:
        groups.setdefault(network.group, []).append(network)
    places: dict[str, list[tuple[float, float]]] = {}
    for group in groups.values():
        shared, alone = fmean(n.shared for n in group), fmean(n.alone for n in group)
        for network in group:
            place = (network.shared - shared, network.alone - alone)
            places.setdefault(network.method, []).append(place)
    figure, axes = new_figure(3.6, grid="both")
    styles = STYLES | {
        "random search": STYLES[RANDOM],
        RANDOM_ARCHITECTURE: {"color": INK, "marker": "+"},
    }
    for method, points in places.items():
        style = styles.get(method, {"color": BRANCHES[3], "marker": "x"})
        axes.plot(
            *zip(*points, strict=True),
            linestyle="",
            color=style["color"],
            marker=style["marker"],
            markersize=5,
            alpha=0.8,
            label=method,
        )
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    _signed_ticks(axes.xaxis)
    _signed_ticks(axes.yaxis)
    axes.set_xlabel(f"{score} under shared weights, less the mean")
    axes.set_ylabel("the same when trained alone")
    _two_columns(axes, 1.2)
    return figure


def round_chart(run: RunFolder, key: str, label: str) -> Figure | None:
    """Returns a number of the rounds of learning, one line a seed; `None` without any."""
    lines: dict[Any, list[tuple[float, float]]] = {}
    for event in run.of_kind("round"):
        place, value = number(event, "round"), number(event, key)
        if place is not None and value is not None:
            lines.setdefault(number(event, "seed") or 0, []).append((place, value))
    if not lines:
        return None
    figure, axes = new_figure(3.1)
    marks, dashes = "osD^vP", ("solid", (0, (5, 2.5)), (0, (1.2, 1.8)), (0, (6, 2, 1, 2)))
    for place, (seed, line) in enumerate(sorted(lines.items())):
        axes.plot(
            *zip(*line, strict=True),
            color=BRANCHES[place % len(BRANCHES)],
            linestyle=dashes[place % len(dashes)],
            marker=marks[place % len(marks)],
            markevery=max(1, len(line) // 8),
            markersize=4,
            linewidth=1.5,
            label=f"seed {seed}" if place < len(BRANCHES) else None,
        )
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=_TICKS, integer=True))
    axes.set_xlabel("round")
    axes.set_ylabel(label)
    if len(lines) > 1:
        legend(axes)
    return figure


def _signed_ticks(axis: Axis) -> None:
    axis.set_major_locator(MaxNLocator(6, steps=_TICKS))
    axis.set_major_formatter(lambda value, _: f"{value:+.3g}".replace("-", "−") if value else "0")


def _two_columns(axes: Axes, handle: float) -> None:
    """Adds a legend in two columns, with handles long enough to show what they must."""
    axes.legend(
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        ncols=2,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        borderaxespad=0.2,
        handlelength=handle,
        columnspacing=1.6,
    )
