"""The charts of a report, as matplotlib figures in the colours of `palette`."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from reports.axes import legend, new_figure
from reports.methods import Method
from reports.names import shorten
from reports.palette import ACCENT, BRANCHES, INK, MUTED
from reports.run_folder import RunFolder, number


def search_curve(run: RunFolder) -> Figure | None:
    """Returns the score of the current tree against the steps of shared training.

    One line a seed; a dashed line of the same colour is the exact optimum for that seed's
    shared weights. `None` if the journal has no rounds with a score.
    """
    points: dict[int, list[tuple[float, float]]] = {}
    for event in run.of_kind("round"):
        steps, score = number(event, "steps"), number(event, "score")
        if steps is not None and score is not None:
            points.setdefault(event.get("seed", 0), []).append((steps, 100 * score))
    if not points:
        return None
    figure, axes = new_figure(3.1)
    dashes: dict[str, Any] = {"linewidth": 1, "linestyle": (0, (4, 3))}
    exact = {e.get("seed", 0): number(e, "exact_score") for e in run.of_kind("searched")}
    for index, (seed, line) in enumerate(sorted(points.items())):
        colour = BRANCHES[index % len(BRANCHES)]
        marker = "o" if len(line) <= 60 else ""
        axes.plot(
            *zip(*line, strict=True),
            color=colour,
            marker=marker,
            markersize=3.2,
            linewidth=1.5,
            label=f"seed {seed}" if index < len(BRANCHES) else None,
        )
        if (optimum := exact.get(seed)) is not None:
            axes.axhline(100 * optimum, color=colour, **dashes)
    if any(value is not None for value in exact.values()):
        axes.plot([], [], label="exact optimum", color=MUTED, **dashes)
    axes.set_xlabel("training steps of the shared weights")
    axes.set_ylabel(f"validation {run.score} (%)")
    legend(axes)
    return figure


def error_plot(run: RunFolder, methods: Sequence[Method]) -> Figure | None:
    """Returns the test error of every method with its interval and its single trainings.

    `None` if no method has a test error.
    """
    rows = [(method, e) for method in methods if (e := method.test_error) is not None]
    if not rows:
        return None
    figure, axes = new_figure(0.75 + 0.3 * len(rows), grid="x")
    for row, (method, mean) in enumerate(rows):
        colour = ACCENT if method.kind == "searched" else MUTED
        single = [
            error
            for event in run.of_kind("trained")
            if event.get("method") == method.name
            and (error := number(event, "test_error")) is not None
        ]
        axes.plot(single, [row] * len(single), "o", color=colour, alpha=0.25, markersize=4)
        if method.test_error_interval:
            axes.plot(method.test_error_interval, (row, row), color=colour, linewidth=2.2)
        axes.plot(mean, row, "o", color=colour, markersize=6.5)
    axes.set_yticks(
        range(len(rows)),
        [shorten(method.name, 30) for method, _ in rows],
        parse_math=False,
        color=INK,
    )
    for label, (method, _) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if method.kind == "searched" else "normal")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("test error (%)")
    return figure


def score_scatter(run: RunFolder, methods: Sequence[Method]) -> Figure | None:
    """Returns, for every trained tree, its score under shared weights and on its own.

    `None` if fewer than two trees have both.
    """
    kinds = {method.name: method.kind for method in methods}
    # Without a result, the kinds are not known.
    group_of_kind = {"searched": "searched tree", "random": "random trees", "": "trained trees"}
    groups: dict[str, list[tuple[float, float]]] = {}
    for event in run.of_kind("trained"):
        shared, alone = number(event, "shared_score"), number(event, "validation_score")
        if shared is not None and alone is not None:
            kind = kinds.get(str(event.get("method")), "")
            group = group_of_kind.get(kind, "other trees")
            groups.setdefault(group, []).append((100 * shared, 100 * alone))
    if sum(map(len, groups.values())) < 2:
        return None
    figure, axes = new_figure(3.4, grid="both")
    styles: dict[str, dict[str, Any]] = {
        "random trees": {"marker": "o", "color": MUTED, "markersize": 4.5, "alpha": 0.7},
        "trained trees": {"marker": "o", "color": MUTED, "markersize": 4.5},
        "other trees": {"marker": "s", "color": BRANCHES[4], "markersize": 4.5},
        "searched tree": {"marker": "D", "color": ACCENT, "markersize": 6},
    }
    for group, style in styles.items():
        if group in groups:
            axes.plot(*zip(*groups[group], strict=True), linestyle="", label=group, **style)
    axes.set_xlabel(f"{run.score} under shared weights (%)")
    axes.set_ylabel(f"{run.score} when trained alone (%)")
    legend(axes)
    return figure
