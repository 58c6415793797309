"""The charts of a GAN search: its curves, the KID of all generators, shared against trained."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.axes import TICKS, legend, new_figure, spread
from reports.gan_methods import GanMethod
from reports.gan_summary import reward_scale
from reports.names import shorten
from reports.palette import ACCENT, BRANCHES, INK, MUTED
from reports.run_folder import RunFolder, number

_DASHES: dict[str, Any] = {"linewidth": 1.2, "linestyle": (0, (4, 3))}


def reward_curve(run: RunFolder) -> Figure | None:
    """Returns mean and best reward of every round; `None` without any.

    One colour a seed. Rounds that share their steps follow one another in evaluations.
    """
    scale, name = reward_scale(run)
    mean = _lines(run, "evaluations", "score", scale)
    best = _lines(run, "evaluations", "best_score", scale)
    if not mean and not best:
        return None
    figure, axes = new_figure(3.1)
    seeds = sorted({*mean, *best})
    for place, seed in enumerate(seeds):
        colour = BRANCHES[place % len(BRANCHES)]
        label = f"seed {seed}" if len(seeds) > 1 and place < len(BRANCHES) else None
        if seed in best:
            _line(axes, best[seed], colour, label)
        if seed in mean:
            axes.plot(*zip(*mean[seed], strict=True), color=colour, alpha=0.75, **_DASHES)
    axes.plot([], [], color=MUTED, linewidth=1.5, label="best")
    axes.plot([], [], color=MUTED, label="mean", **_DASHES)
    spread(axes.set_yscale, axes.yaxis, [y for s in (mean, best) for p in s.values() for _, y in p])
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS, integer=True))
    axes.set_xlabel("generators rewarded")
    axes.set_ylabel(f"reward ({name})")
    legend(axes)
    return figure


def entropy_curve(run: RunFolder) -> Figure | None:
    """Returns the entropy of the controller's choices; `None` for a strategy without one."""
    lines = _lines(run, "evaluations", "entropy")
    if not lines:
        return None
    figure, axes = new_figure(3.1)
    for place, (seed, line) in enumerate(sorted(lines.items())):
        colour = BRANCHES[place % len(BRANCHES)]
        _line(axes, line, colour, f"seed {seed}" if place < len(BRANCHES) else None)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS, integer=True))
    axes.set_xlabel("generators rewarded")
    axes.set_ylabel("entropy (nats a decision)")
    if len(lines) > 1:
        legend(axes)
    return figure


def loss_curve(run: RunFolder) -> Figure | None:
    """Returns the losses of both networks against steps; dotted lines are collapses."""
    networks = {
        "generator": _lines(run, "steps", "generator_loss"),
        "discriminator": _lines(run, "steps", "discriminator_loss"),
    }
    if not any(networks.values()):
        return None
    figure, axes = new_figure(3.1)
    for colour, (name, lines) in zip(BRANCHES, networks.items(), strict=False):
        for place, (_, line) in enumerate(sorted(lines.items())):
            _line(axes, line, colour, name if place == 0 else None)
    steps = [step for e in run.of_kind("collapse") if (step := number(e, "steps")) is not None]
    for place, step in enumerate(steps):
        axes.axvline(
            step, color=MUTED, linewidth=1.2, linestyle=":", label=None if place else "collapse"
        )
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS, integer=True))
    axes.set_xlabel("training steps of the shared weights")
    axes.set_ylabel("loss, mean of the round")
    legend(axes)
    return figure


def kid_strip(methods: Sequence[GanMethod], floor: GanMethod | None) -> Figure | None:
    """Returns the KID of every generator by method, with the floor of real images.

    `None` if no method has a KID.
    """
    rows = [(method, kid) for method in methods if (kid := method.kid) is not None]
    if not rows:
        return None
    figure, axes = new_figure(1.0 + 0.3 * len(rows), grid="x")
    shown: list[float] = []
    for row, (method, mean) in enumerate(rows):
        colour = ACCENT if method.kind == "searched" else MUTED
        singles = [1000 * kid for kid in method.single_kids]
        if len(singles) > 1:
            axes.plot(singles, [row] * len(singles), "o", color=colour, alpha=0.35, markersize=4.5)
        axes.plot(1000 * mean, row, "o", color=colour, markersize=6.5)
        shown += [*singles, 1000 * mean]
    if floor and floor.kid is not None:
        shown.append(1000 * floor.kid)
        axes.axvline(shown[-1], color=INK, label="real training images", **_DASHES)
        legend(axes)
    spread(axes.set_xscale, axes.xaxis, shown)
    left = axes.get_xlim()[0]
    for row, (method, _) in enumerate(rows):
        if method.kid_interval:
            low, high = (1000 * bound for bound in method.kid_interval)
            if axes.get_xscale() == "log":
                # An interval that reaches below zero leaves a logarithmic axis at its end.
                low, high = max(low, left), max(high, left)
            colour = ACCENT if method.kind == "searched" else MUTED
            axes.plot((low, high), (row, row), color=colour, linewidth=2.2)
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
    axes.set_xlabel("KID · 10³, test images (lower is better)")
    return figure


def shared_scatter(run: RunFolder) -> Figure | None:
    """Returns, for every trained generator of the space, its shared reward and its −KID.

    `None` if fewer than two generators have both.
    """
    scale, name = reward_scale(run)
    names = {
        "random": "random",
        "random search": "random search",
        "shortlist": "shortlist",
        "searched": "searched",
    }
    groups: dict[str, list[tuple[float, float]]] = {}
    for event in run.of_kind("trained"):
        shared, alone = number(event, "shared_score"), number(event, "validation_kid")
        kind = str(event.get("kind"))
        if shared is not None and alone is not None and kind in names:
            groups.setdefault(kind, []).append((scale * shared, -1000 * alone))
    if sum(map(len, groups.values())) < 2:
        return None
    figure, axes = new_figure(3.4, grid="both")
    styles: dict[str, dict[str, Any]] = {
        "random": {"marker": "o", "color": MUTED, "markersize": 4.5, "alpha": 0.7},
        "random search": {"marker": "^", "color": BRANCHES[1], "markersize": 5.5},
        "shortlist": {"marker": "s", "color": BRANCHES[2], "markersize": 4.5},
        "searched": {"marker": "D", "color": ACCENT, "markersize": 6},
    }
    for kind, style in styles.items():
        if kind in groups:
            places = zip(*groups[kind], strict=True)
            axes.plot(*places, linestyle="", label=names[kind], **style)
    points = [point for group in groups.values() for point in group]
    spread(axes.set_xscale, axes.xaxis, [x for x, _ in points])
    spread(axes.set_yscale, axes.yaxis, [y for _, y in points])
    axes.set_xlabel(f"reward under shared weights ({name})")
    axes.set_ylabel("−KID · 10³ when trained alone")
    legend(axes)
    return figure


def _lines(
    run: RunFolder, along: str, key: str, scale: float = 1.0
) -> dict[int, list[tuple[float, float]]]:
    """Returns the points of a curve over the rounds, by seed."""
    lines: dict[int, list[tuple[float, float]]] = {}
    for event in run.of_kind("round"):
        x, y = number(event, along), number(event, key)
        if x is not None and y is not None:
            lines.setdefault(event.get("seed", 0), []).append((x, scale * y))
    return lines


def _line(
    axes: Axes, points: list[tuple[float, float]], colour: str, label: str | None = None
) -> None:
    axes.plot(
        *zip(*points, strict=True),
        color=colour,
        marker="o" if len(points) <= 20 else "",
        markersize=3.2,
        linewidth=1.5,
        label=label,
    )
