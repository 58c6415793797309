"""What the search itself did: entropy, operations, and whether shared weights rank."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.axes import TICKS, new_figure
from reports.charts import score_scatter
from reports.comparison.document import Block, Cell, Chart, Column, Paragraphs, Section, Table
from reports.comparison.measured import measured as number
from reports.comparison.operations import operations_chart
from reports.comparison.runs import ComparedRun, of_kind
from reports.comparison.series import (
    MOST,
    attempt,
    column_legend,
    draw_series,
    left_out,
    mean_line,
    seeds_words,
)
from reports.gan_charts import shared_scatter
from reports.methods import read_methods
from reports.run_folder import RunFolder
from reports.transfer_charts import alone_chart
from reports.transfer_tables import trained_networks
from reports.transfer_words import score_name
from reports.wording import MISSING, count, decimal, quantity


def dynamics_section(runs: list[ComparedRun]) -> Section | None:
    """Returns entropies, operation frequencies and rank correlations; None without any."""
    blocks: list[Block] = []
    for kind, along, label in (
        ("gans", "evaluations", "evaluated generators (count)"),
        ("learning", "round", "round (count)"),
    ):
        chart = _entropy(of_kind(runs, kind), along, label, f"entropy-{kind}")
        blocks += [chart] if chart else []
    drawing = of_kind(runs, "gans", "learning", "trees")
    blocks += _operations(drawing)
    blocks += _correlations(of_kind(runs, "trees", "gans", "transfer"))
    return Section("Inside the search", tuple(blocks), "dynamics") if blocks else None


def _entropy(runs: Sequence[ComparedRun], along: str, label: str, name: str) -> Chart | None:
    """Returns the entropy of the controllers of all runs, mean over seeds with bands."""
    found: list[tuple[ComparedRun, list[list[tuple[float, float]]]]] = []
    for run in runs:
        assert run.folder is not None
        lines: dict[Any, list[tuple[float, float]]] = {}
        for event in run.folder.of_kind("round"):
            x, y = number(event, along), number(event, "entropy")
            if x is not None and y is not None:
                lines.setdefault(str(event.get("seed", 0)), []).append((x, y))
        if lines:
            found.append((run, [sorted(line) for line in lines.values()]))
    if not found:
        return None
    figure, axes = new_figure(3.6)
    words = []
    for place, (run, seeds) in enumerate(found[:MOST]):
        line = mean_line(seeds)
        draw_series(axes, place, line.x, line.y, run.name, line.band)
        first, last = float(line.y[0]), float(line.y[-1])
        words.append(f"{run.name} from {decimal(first)} to {decimal(last)}")
    unit = "nats a decision" if along == "evaluations" else "nats"
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS, integer=True))
    axes.set_xlabel(label)
    axes.set_ylabel(f"entropy of the controller ({unit})")
    column_legend(axes)
    bands = seeds_words(len(seeds) for _, seeds in found[:MOST])
    return Chart(
        name,
        "Entropy of the controller’s choices: it falls as the controller settles; one that "
        f"stays high has learned little. {bands}",
        f"Mean entropy over seeds, in {unit}: {'; '.join(words)}.",
        figure,
    )


def _operations(runs: Sequence[ComparedRun]) -> list[Block]:
    blocks: list[Block] = []
    without = []
    shown = 0
    for place, run in enumerate(runs, start=1):
        assert run.folder is not None
        if not any("operations" in event for event in run.folder.of_kind("round")):
            if run.kind == "gans":
                without.append(run.name)
            continue
        shown += 1
        if shown <= MOST:
            blocks += attempt(run, "The operations", _operations_of, f"operations-{place}")
    if without:
        several = "do" if len(without) > 1 else "does"
        blocks.append(
            Paragraphs(
                (
                    f"{', '.join(without)} {several} not say which operations were drawn when "
                    "(older versions did not write it): no frequencies are shown.",
                )
            )
        )
    return blocks


def _operations_of(run: ComparedRun, name: str) -> list[Chart | None]:
    return [operations_chart(run, name)]


def _correlations(runs: Sequence[ComparedRun]) -> list[Block]:
    """Returns the table of rank correlations and a scatter plot a run."""
    rows = [row for run in runs if (row := _row(run))]
    charts: list[Block] = []
    scattered = [run for run in runs if _row(run)]
    for place, run in enumerate(scattered[:MOST], start=1):
        charts += attempt(run, "The scatter plot", _scatter, place)
    charts += left_out(scattered)
    if not rows:
        return charts
    table = Table(
        "rank-correlation",
        "Do shared weights rank? Kendall’s τ of the score under shared weights and the score "
        "when trained alone, both from validation images, inside each seed. 1 is the same order, "
        "0 is none. Random ones alone: without what the search itself has chosen.",
        (
            Column("run", numeric=False),
            Column("Kendall’s τ"),
            Column("p", note="Of no correlation, two-sided, the seeds combined by Stouffer."),
            Column("networks", "count"),
            Column("τ, random ones alone"),
        ),
        tuple(rows),
    )
    return [table, *charts]


def _row(run: ComparedRun) -> tuple[Cell, ...] | None:
    assert run.folder is not None
    result = run.folder.result
    tau, p_value = number(result, "kendall_tau"), number(result, "kendall_tau_p_value")
    keys = ("kendall_tau_trees", "kendall_tau_generators", "kendall_networks")
    networks = next((n for key in keys if (n := number(result, key)) is not None), None)
    if tau is None and not any("shared_score" in e or _has_shared(e) for e in run.folder.events):
        return None
    own = number(result, "kendall_tau_random")
    p_text = MISSING if p_value is None else "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
    return (
        Cell(run.name),
        Cell(decimal(tau), tau, note="" if result else "unfinished: not measured yet"),
        Cell(p_text, p_value),
        Cell(count(networks), networks),
        Cell(decimal(own), own),
    )


def _has_shared(event: dict[str, Any]) -> bool:
    listed = event.get("attributes") if event.get("event") == "trained" else None
    return isinstance(listed, list) and any(
        isinstance(row, dict) and "shared_score" in row for row in listed
    )


def _scatter(run: ComparedRun, place: int) -> Iterator[Chart]:
    assert run.folder is not None
    drawers: dict[str, Callable[[RunFolder], Figure | None]] = {
        "trees": lambda folder: score_scatter(folder, read_methods(folder)),
        "gans": shared_scatter,
        "transfer": lambda folder: alone_chart(trained_networks(folder), score_name(folder)),
    }
    figure = drawers[run.kind](run.folder)
    if figure is None:
        return
    tau = number(run.folder.result, "kendall_tau")
    axes = figure.axes[0]
    if run.kind == "gans":
        axes.set_ylabel("score when trained alone (−KID · 10³)")
    if run.kind == "transfer":
        score = score_name(run.folder)
        axes.set_xlabel(f"under shared weights ({score}, less the mean)")
        axes.set_ylabel(f"when trained alone ({score}, less the mean)")
    lines = [line for line in axes.get_lines() if str(line.get_linestyle()) == "None"]
    points = sum(np.size(line.get_xdata()) for line in lines)
    less = " Both are less the mean of their attribute and seed." if run.kind == "transfer" else ""
    yield Chart(
        f"shared-{place}",
        f"{run.name}: score under shared weights against score when trained alone, "
        f"{quantity(points, 'network')} of all seeds.{less} Kendall’s τ is "
        f"{decimal(tau) if tau is not None else 'not known'}.",
        f"Scatter plot of {quantity(points, 'network')}: {axes.get_xlabel()} against "
        f"{axes.get_ylabel()}; rank correlation {decimal(tau)}.",
        figure,
    )
