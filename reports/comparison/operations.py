"""Which operations a search draws over time, as stacked areas."""

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from reports.axes import TICKS, new_figure
from reports.comparison.document import Chart
from reports.comparison.runs import ComparedRun
from reports.palette import BRANCHES, INK, MUTED
from reports.run_folder import RunFolder, finite, mapping, number
from reports.wording import quantity

HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++", "ooo")
POINTS = 12
"""Spans of the search at most; the draws of a single round are too few to count."""


def family(operation: str) -> str:
    """Returns what kind of operation it is: 25 of them would be no picture.

    An operation that first enlarges the image counts as what follows.
    """
    name = operation.removeprefix("nearest_")
    if name.startswith("transposed"):
        return "transposed conv"
    if name.startswith("separable"):
        return "separable conv"
    if "conv" in name:
        one_way = name.removeprefix("avg_").removesuffix("_avg").count("x") > 1
        return "conv, row and column" if one_way else "conv"
    if name.startswith(("max_", "max")):
        return "max pool"
    if name.startswith(("avg", "average")):
        return "average pool"
    return name.replace("_", " ")


def operations_chart(run: ComparedRun, name: str) -> Chart | None:
    """Returns the share of every kind of operation over the search; None without any.

    Args:
        run: The run. Its rounds say what was drawn: those of older versions do not.
        name: The name of the block.
    """
    assert run.folder is not None
    rows = _rows(run.folder)
    kinds = list(dict.fromkeys(kind for _, counts in rows for kind in counts))
    if len(rows) < 2 or not kinds:
        return None
    places, shares = _shares(rows, kinds)
    # The most frequent at the bottom; what there is no colour for is one area.
    order = sorted(range(len(kinds)), key=lambda k: -float(shares[:, k].mean()))
    if len(order) > len(BRANCHES):
        rest = order[len(BRANCHES) - 1 :]
        order = order[: len(BRANCHES) - 1]
        stacked = np.column_stack([shares[:, order], shares[:, rest].sum(axis=1)])
        labels = [*(kinds[k] for k in order), "others"]
    else:
        stacked, labels = shares[:, order], [kinds[k] for k in order]
    figure, axes = new_figure(3.7, grid="x")
    top = np.cumsum(stacked, axis=1)
    for k in range(len(labels)):
        low = top[:, k - 1] if k else np.zeros(len(places))
        axes.fill_between(
            places,
            low,
            top[:, k],
            facecolor=BRANCHES[k],
            alpha=0.55,
            hatch=HATCHES[k],
            edgecolor=MUTED,
            linewidth=0.6,
        )
    ends = (np.concatenate([[0.0], top[-1, :-1]]) + top[-1]) / 2
    for place, label in zip(_apart(ends), labels, strict=True):
        axes.annotate(
            label,
            (1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
            parse_math=False,
        )
    axes.set_xlim(places[0], places[-1])
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS, integer=True))
    axes.set_xlabel(_along(run.folder)[1])
    axes.set_ylabel("share of drawn operations (%)")
    words = [
        f"{label} from {stacked[0, k]:.0f} to {stacked[-1, k]:.0f}%"
        for k, label in enumerate(labels)
    ]
    return Chart(
        name,
        f"{run.name}: what the search draws over time, all seeds together. From below in the "
        "order of the names at the right. An operation that enlarges first is counted as what "
        "follows it.",
        f"Shares of {quantity(int(sum(sum(c.values()) for _, c in rows)), 'drawn operation')}: "
        f"{', '.join(words)}.",
        figure,
    )


def _along(folder: RunFolder) -> tuple[str, str]:
    if any("evaluations" in event for event in folder.of_kind("round")):
        return "evaluations", "evaluated architectures of a seed (count)"
    return "round", "round (count)"


def _rows(folder: RunFolder) -> list[tuple[float, dict[str, float]]]:
    """Returns place and counts by kind of every round that says what it drew."""
    key = _along(folder)[0]
    rows = []
    for event in folder.of_kind("round"):
        place, counts = number(event, key), _counts(event)
        if place is not None and counts:
            rows.append((place, counts))
    return sorted(rows, key=lambda row: row[0])


def _counts(event: dict[str, Any]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for operation, value in mapping(event, "operations").items():
        known = finite(value)
        if known is not None and known > 0:
            counts[family(operation)] = counts.get(family(operation), 0.0) + known
    return counts


def _shares(
    rows: list[tuple[float, dict[str, float]]], kinds: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the last place of every span and the shares in percent, a column a kind."""
    counts = np.array([[row.get(kind, 0.0) for kind in kinds] for _, row in rows])
    spans = [s for s in np.array_split(np.arange(len(rows)), min(POINTS, len(rows))) if len(s)]
    totals = np.stack([counts[span].sum(axis=0) for span in spans])
    places = np.array([rows[span[-1]][0] for span in spans])
    return places, 100 * totals / totals.sum(axis=1, keepdims=True)


def _apart(places: np.ndarray, gap: float = 6.0) -> list[float]:
    """Returns the places of labels, moved up where they would stand on each other."""
    moved: list[float] = []
    for place in places.tolist():
        moved.append(max(place, moved[-1] + gap) if moved else max(place, gap / 2))
    # From above, so that none leaves the chart at its top.
    limit = 100 - gap / 2
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - gap
    return moved
