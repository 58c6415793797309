"""What a result costs: the measure against parameters and against seconds, the front marked."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from graftwork.statistics import BOOTSTRAP
from reports.axes import new_figure, spread
from reports.comparison.document import Block, Chart, Section
from reports.comparison.phrases import interval_of
from reports.comparison.results import (
    MethodResult,
    Protocol,
    all_results,
    by_protocol,
    order,
    row_names,
)
from reports.comparison.runs import ComparedRun
from reports.comparison.series import column_legend, look
from reports.names import shorten
from reports.palette import INK, MUTED
from reports.wording import decimal, quantity, scaled

MOST_POINTS = 10
"""Methods of a chart: a legend of more cannot be read."""
Measure = Callable[[MethodResult], float | None]


def pareto_section(runs: list[ComparedRun]) -> Section | None:
    """Returns the measure against parameters and against cost; None without two points."""
    blocks: list[Block] = []
    for place, (protocol, results) in enumerate(by_protocol(all_results(runs)).items(), start=1):
        names = dict(zip(map(id, results), row_names(results), strict=True))
        for key, label, measure in (
            ("parameters", "parameters of a model (count)", lambda r: r.parameters),
            ("seconds", _time_label(protocol), lambda r: r.total_seconds),
        ):
            chart = _chart(f"pareto-{place}-{key}", protocol, results, names, label, measure)
            blocks += [chart] if chart else []
    return Section("Quality against cost", tuple(blocks), "pareto") if blocks else None


def _time_label(protocol: Protocol) -> str:
    """Returns what the axis of time holds."""
    if protocol.job != "transfer":
        return "time of one search and one training (s)"
    return (
        "time of one search and one training of one attribute,\n"
        "without shared weights and learning on other domains (s)"
    )


def front(points: Sequence[tuple[float, float]], lower_is_better: bool) -> list[int]:
    """Returns which points no other point beats in one of both numbers and equals in the other.

    Args:
        points: Cost and measure; a lower cost is better.
        lower_is_better: Whether a lower measure is better.

    Returns:
        Numbers of the points, by rising cost.
    """
    sign = 1 if lower_is_better else -1
    signed = [(cost, sign * value) for cost, value in points]

    def beaten(place: int) -> bool:
        cost, value = signed[place]
        return any(c <= cost and v <= value and (c, v) != (cost, value) for c, v in signed)

    kept = [place for place in range(len(points)) if not beaten(place)]
    return sorted(kept, key=lambda place: signed[place])


def _chart(
    name: str,
    protocol: Protocol,
    results: Sequence[MethodResult],
    names: dict[int, str],
    label: str,
    measure: Measure,
) -> Chart | None:
    ranked = sorted((r for r in results if r.ranked and _known(measure(r))), key=order)
    points = [(float(measure(r) or 0), float(r.mean or 0)) for r in ranked]
    # Where all cost the same there is nothing to weigh.
    if len(points) < 2 or len({cost for cost, _ in points}) < 2:
        return None
    best = front(points, protocol.lower_is_better)
    # All of the front are shown, then the best of the rest.
    shown = sorted(sorted(range(len(points)), key=lambda place: place not in best)[:MOST_POINTS])
    figure, axes = new_figure(3.7, grid="both")
    _draw_front(axes, [points[place] for place in best])
    for look_place, place in enumerate(shown):
        result, (cost, value) = ranked[place], points[place]
        style = look(look_place)
        axes.plot(
            cost,
            value,
            linestyle="",
            marker=style["marker"],
            color=style["color"],
            markersize=7 if place in best else 5.5,
            label=shorten(names[id(result)], 32),
            zorder=3,
        )
        if limits := interval_of(result):
            axes.plot(
                (cost, cost),
                limits,
                color=style["color"],
                linewidth=1.2,
                alpha=0.7,
            )
        if place in best:
            axes.plot(
                cost, value, "o", markersize=13, markerfacecolor="none", color=INK, linewidth=0.8
            )
    better = "lower" if protocol.lower_is_better else "higher"
    spread(axes.set_xscale, axes.xaxis, [points[place][0] for place in shown])
    if axes.get_xscale() == "linear":
        axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda cost, _: scaled(cost) if cost >= 1000 else f"{cost:g}")
    axes.set_xlabel(label)
    axes.set_ylabel(f"{_metric(protocol)}, {better} is better")
    column_legend(axes, 1.6)
    on_front = [names[id(ranked[place])] for place in best]
    left = len(points) - len(shown)
    note = f" {quantity(left, 'worse method')} left out." if left else ""
    against = label.partition(" (")[0].replace("\n", " ")
    words = [
        f"{names[id(ranked[place])]}: {decimal(points[place][1])} at {scaled(points[place][0])}"
        for place in shown
    ]
    return Chart(
        name,
        f"{protocol.dataset}: {protocol.metric} against {against}. Rings and the "
        "dashed line mark the Pareto front: no method is as good for less. Bars are the 95% "
        "intervals of the table of methods: by bootstrap, and by Student's t for fewer than "
        f"{BOOTSTRAP} seeds; none for fewer than three.{note}",
        f"On the Pareto front: {', '.join(on_front)}. All points: {'; '.join(words)}.",
        figure,
    )


def _metric(protocol: Protocol) -> str:
    """Returns what is measured with its unit; a measure without one is its own unit."""
    if not protocol.unit:
        return f"{protocol.split} images ({protocol.metric})"
    name = protocol.metric.removeprefix(f"{protocol.split} ")
    return f"{protocol.split} {name} ({protocol.unit})"


def _known(value: float | None) -> bool:
    return value is not None and np.isfinite(value) and value > 0


def _draw_front(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    axes.plot(
        *zip(*points, strict=True),
        drawstyle="steps-post",
        color=MUTED,
        linewidth=1.2,
        linestyle=(0, (4, 3)),
        label="Pareto front",
        zorder=1,
    )
