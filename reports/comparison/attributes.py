"""Results of single attributes: a table of all methods, and searched against random."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from matplotlib.ticker import MaxNLocator

from reports.axes import TICKS, new_figure
from reports.comparison.document import Block, Cell, Chart, Column, Section, Table
from reports.comparison.results import (
    MethodResult,
    Protocol,
    all_results,
    by_protocol,
    control_of,
    row_names,
)
from reports.comparison.runs import ComparedRun
from reports.comparison.series import MOST, left_out, student
from reports.names import attribute_name, shorten
from reports.palette import ACCENT, BRANCHES, INK, MUTED
from reports.run_folder import finite
from reports.wording import MISSING, decimal, quantity

MOST_COLUMNS = 12
"""Methods of a table."""
JOBS = ("trees",)
"""Transfer has tables of its own attributes in its own section."""


@dataclass(frozen=True)
class AttributeDifference:
    """Searched less random for one attribute.

    Attributes:
        name: Of the attribute.
        seeds: The difference of every seed that both have.
        mean: Over the seeds.
        interval: 95 %, by Student's t; None for fewer than three seeds.
    """

    name: str
    seeds: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def attributes_section(runs: list[ComparedRun]) -> Section | None:
    """Returns results by attribute; None where no method has them."""
    blocks: list[Block] = []
    groups = {
        protocol: [result for result in results if result.attributes]
        for protocol, results in by_protocol(all_results(runs)).items()
        if protocol.job in JOBS
    }
    for place, (protocol, results) in enumerate(groups.items(), start=1):
        if not results:
            continue
        blocks.append(_table(place, protocol, results))
        searched = [result for result in results if result.kind == "searched"]
        for number, result in enumerate(searched[:MOST], start=1):
            control = control_of(result, results)
            chart = control and _chart(f"differences-{place}-{number}", result, control)
            blocks += [chart] if chart else []
        blocks += left_out([result.run for result in searched])
    if not blocks:
        return None
    return Section("Results by attribute", tuple(blocks), "attributes")


def differences(result: MethodResult, control: MethodResult) -> list[AttributeDifference]:
    """Returns one method less another one for every attribute, paired by seed.

    Returns:
        The differences, the lowest first. An attribute without a seed that both have is left
        out.
    """
    found = []
    for name, values in result.attributes.items():
        other = control.attributes.get(name, {})
        seeds = tuple(values[seed] - other[seed] for seed in sorted(values) if seed in other)
        if seeds:
            mean, low, high = student(np.asarray(seeds, float))
            interval = None if high is None else (float(low), float(high))
            found.append(AttributeDifference(name, seeds, float(mean), interval))
    return sorted(found, key=lambda difference: difference.mean)


def _table(place: int, protocol: Protocol, results: Sequence[MethodResult]) -> Table:
    # Of several runs: what was searched and its control first.
    several = len({result.run.path for result in results}) > 1
    if several and len(results) > MOST_COLUMNS:
        results = sorted(results, key=lambda r: r.kind not in ("searched", "random"))
    shown = results[:MOST_COLUMNS]
    names = list(dict.fromkeys(name for result in shown for name in result.attributes))
    base = _base_errors(shown[0].run)
    columns = [Column("attribute", numeric=False)]
    if base:
        columns.append(Column("majority class", protocol.unit, note="Error of always guessing it."))
    columns += [Column(name, protocol.unit) for name in row_names(shown)]
    rows = [
        (
            Cell(name),
            *([_cell(base.get(name))] if base else []),
            *(_cell(_mean(result.attributes.get(name))) for result in shown),
        )
        for name in names
    ]
    left = len(results) - len(shown)
    note = f" {quantity(left, 'method')} left out." if left else ""
    return Table(
        f"attributes-{place}",
        f"{protocol.dataset}: {protocol.metric} by attribute on {protocol.split} images, means "
        f"over seeds; {'lower' if protocol.lower_is_better else 'higher'} is better.{note}",
        tuple(columns),
        tuple(rows),
    )


def _base_errors(run: ComparedRun) -> dict[str, float]:
    """Returns the error of guessing the more frequent class, by attribute."""
    if run.folder is None:
        return {}
    listed = run.folder.result.get("base_errors")
    names = run.folder.attributes
    if not isinstance(listed, list) or len(listed) != len(names):
        return {}
    pairs = zip(names, map(finite, listed), strict=True)
    return {attribute_name(name): value for name, value in pairs if value is not None}


def _mean(values: dict[int, float] | None) -> float | None:
    return fmean(values.values()) if values else None


def _cell(value: float | None) -> Cell:
    return Cell(MISSING) if value is None else Cell(decimal(value), value)


def _chart(name: str, result: MethodResult, control: MethodResult) -> Chart | None:
    rows = differences(result, control)
    if not rows:
        return None
    protocol = result.protocol
    better = -1 if protocol.lower_is_better else 1
    figure, axes = new_figure(0.9 + 0.23 * len(rows), grid="x")
    axes.axvline(0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    for place, row in enumerate(rows):
        worse = row.mean * better < 0
        colour = BRANCHES[1] if worse else ACCENT
        if len(row.seeds) > 1:
            axes.plot(row.seeds, [place] * len(row.seeds), "|", color=MUTED, markersize=6)
        if row.interval:
            axes.plot(row.interval, (place, place), color=colour, linewidth=1.8)
        axes.plot(
            row.mean,
            place,
            marker="v" if worse else "o",
            color=colour,
            # Filled: more than chance.
            markerfacecolor=colour if row.clear else "#ffffff",
            markeredgewidth=1.5,
            markersize=6,
        )
    axes.set_yticks(
        range(len(rows)), [shorten(row.name, 28) for row in rows], parse_math=False, color=INK
    )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:+.3g}".replace("-", "−") if x else "0")
    axes.set_xlabel(
        f"{protocol.metric}, searched − random ({protocol.difference_unit or 'difference'})"
    )
    ours = [row for row in rows if row.clear and row.mean * better > 0]
    theirs = [row for row in rows if row.clear and row.mean * better < 0]
    if any(row.interval for row in rows):
        test = (
            "Bars are 95% intervals over seeds, paired, for each attribute by itself: of "
            f"{len(rows)}, about {max(1, round(len(rows) / 20))} would leave out zero by chance. A "
            "filled mark: the interval leaves out zero."
        )
        words = (
            f"Better by more than its interval in {len(ours)}, worse in {len(theirs)} of "
            f"{quantity(len(rows), 'attribute')}."
        )
    else:
        test = "Fewer than three seeds: there are no intervals, and all marks are hollow."
        lower = sum(row.mean * better > 0 for row in rows)
        words = f"Better in {lower} of {quantity(len(rows), 'attribute')}, without intervals."
    side = "left" if protocol.lower_is_better else "right"
    ends = f"From {rows[0].name} ({decimal(rows[0].mean)}) to {rows[-1].name} ("
    return Chart(
        name,
        f"{result.run.name}: “{result.method}” less “{control.method}” by attribute. To the {side} "
        f"of the dashed line the searched one is better; triangles: worse. Ticks are single seeds. "
        f"{test}",
        f"{words} {ends}{decimal(rows[-1].mean)}).",
        figure,
    )
