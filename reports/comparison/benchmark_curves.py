"""Curves of a benchmark: the regret of its strategies, or what its trials have so far."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.axes import new_figure
from reports.benchmark_charts import regret_overview
from reports.benchmark_summary import final, ranked
from reports.comparison.document import Block, Chart
from reports.comparison.measured import measured as number
from reports.comparison.runs import ComparedRun
from reports.comparison.series import (
    MOST,
    Points,
    column_legend,
    draw_series,
    mean_line,
    seeds_words,
)
from reports.run_folder import RunFolder, mapping
from reports.wording import decimal, quantity


def benchmark_curves(run: ComparedRun, place: int) -> list[Block]:
    """Returns the regret of a benchmark's strategies, or what its trials have so far."""
    folder = run.folder
    assert folder is not None
    if not folder.result:
        return _trials(run, folder, place)
    strategies = ranked(folder.result)
    control = folder.result.get("control")
    figure = regret_overview(strategies, control)
    if figure is None:
        return []
    ends = [
        f"{s['name']} {decimal(number(final(s), 'regret'))}"
        for s in strategies
        if number(final(s), "regret") is not None
    ]
    named = [s["name"] for s in strategies]
    problem = mapping(folder.result, "problem")
    figure.axes[0].set_xlabel("evaluations (count)")
    return [
        Chart(
            f"regret-{place}",
            f"{run.name}: regret on {problem.get('name', 'the problem')} against evaluations, mean "
            f"and 95% band over {quantity(int(folder.result['seeds']), 'seed')}. "
            f"{_looks(named, control)}",
            "Regret in points at the end of the budget, the lowest first: "
            f"{', '.join(ends[:12])}."
            + (f" {control} is the control." if control in named else ""),
            figure,
        )
    ]


def _looks(names: Sequence[Any], control: Any) -> str:
    """Says how the strategies of a regret chart look."""
    if len(names) == 1:
        return f"{names[0]} is the only strategy of this run: there is nothing to set it against."
    others = sum(name != control for name in names)
    few = "The strategies have" if others <= 5 else "The best five strategies have"
    said = [f"{few} a colour and a marker each"]
    said += [f"{control}, the control, is dashed in ink"] if control in names else []
    said += ["others are thin"] if others > 5 else []
    return f"{'; '.join(said)}."


def _trials(run: ComparedRun, folder: RunFolder, place: int) -> list[Block]:
    found: dict[str, list[Points]] = {}
    for event in folder.of_kind("trial"):
        listed = event.get("checkpoints")
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        line = [
            (x, y)
            for row in rows
            if (x := number(row, "evaluations")) is not None
            and (y := number(row, "quality")) is not None
        ]
        if line:
            found.setdefault(str(event.get("strategy")), []).append(line)
    if not found:
        return []
    figure, axes = new_figure(3.5)
    best = sorted(found, key=lambda name: -float(np.mean([line[-1][1] for line in found[name]])))
    for order, name in enumerate(best[:MOST]):
        mean = mean_line(found[name])
        draw_series(axes, order, mean.x, mean.y, name, mean.band, steps=True)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    quality = str(folder.dataset.get("quality") or "quality")
    axes.set_xlabel("evaluations (count)")
    axes.set_ylabel(f"{quality.replace('_', ' ')} of the best so far (%)")
    column_legend(axes)
    ends = [f"{name} {decimal(float(np.mean([li[-1][1] for li in found[name]])))}" for name in best]
    return [
        Chart(
            f"trials-{place}",
            f"{run.name}, unfinished: quality of what the trials so far have found. "
            f"{seeds_words(map(len, found.values()))}",
            f"At the end, the highest first: {', '.join(ends[:12])}.",
            figure,
        )
    ]
