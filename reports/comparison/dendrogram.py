"""Which labels go together: the dendrogram of the correlations of a dataset's labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.cluster import hierarchy
from scipy.spatial import distance
from scipy.stats import spearmanr

from reports.inline_svg import inline_svg
from reports.layout import Layout, Node
from reports.names import shorten, width
from reports.palette import INK, MUTED, RULE, branch_colour
from reports.run_folder import finite

# Inches; a row is as high as that of the drawn tree, at 100 pixels an inch.
ROW = 0.22
HEAD = 0.47
TAIL = 0.1
TREE = 1.15
CHARACTER = 0.07
DOTS = 100
"""Pixels an inch of the inline drawing."""


@dataclass(frozen=True)
class Dendrogram:
    """Attributes, clustered by average linkage with the distance 1 − |φ|.

    Attributes:
        order: The attributes from top to bottom.
        joins: Where two clusters meet: for each three-sided line its rows and distances, four
            of each.
    """

    order: tuple[int, ...]
    joins: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]


def read_correlations(dataset: dict[str, Any], attributes: int) -> np.ndarray | None:
    """Returns φ of every two attributes, 0 where undefined.

    Returns:
        Float array `(A, A)`, or None where the run has none: older runs have not.
    """
    rows = dataset.get("label_correlations")
    if not isinstance(rows, list) or len(rows) != attributes or attributes < 2:
        return None
    if any(not isinstance(row, list) or len(row) != attributes for row in rows):
        return None
    values = np.array([[finite(value) or 0.0 for value in row] for row in rows], float)
    return np.clip((values + values.T) / 2, -1, 1)


def cluster(correlations: np.ndarray, rows: Sequence[float]) -> Dendrogram:
    """Clusters attributes as the control “label-correlation tree” does.

    Args:
        correlations: φ of every two attributes.
        rows: Where the attributes stand in the drawn tree: of two clusters that meet, the one
            that is higher there is above the other one, so that the two can be compared.
    """
    apart = 1 - np.abs(correlations)
    np.fill_diagonal(apart, 0)
    linkage = hierarchy.linkage(distance.squareform(apart, checks=False), "average")
    count = len(rows)
    # Mean row and size of every cluster; the joins come after the single attributes.
    clusters = [(float(row), 1) for row in rows]
    for first, second, *_ in linkage:
        (a, n), (b, m) = clusters[int(first)], clusters[int(second)]
        clusters.append(((a * n + b * m) / (n + m), n + m))
    order: list[int] = []
    joins: list[tuple[tuple[float, ...], tuple[float, ...]]] = []

    def place(cluster: int) -> tuple[float, float]:
        """Returns the row and the distance at which a cluster meets the next one."""
        if cluster < count:
            order.append(cluster)
            return len(order) - 1.0, 0.0
        first, second, height, _ = linkage[cluster - count]
        above, below = sorted((int(first), int(second)), key=lambda c: clusters[c][0])
        (top, start), (bottom, end) = place(above), place(below)
        joins.append(((top, top, bottom, bottom), (start, float(height), float(height), end)))
        return (top + bottom) / 2, float(height)

    place(len(clusters) - 1)
    return Dendrogram(tuple(order), tuple(joins))


def draw_dendrogram(
    dendrogram: Dendrogram, names: Sequence[str], branches: Sequence[int | None]
) -> Figure:
    """Draws a dendrogram, its leaves at the left, with the branches of a tree as colours.

    Args:
        dendrogram: The clusters.
        names: Names of the attributes.
        branches: The branch of every attribute in the searched tree, or None.
    """
    count = len(dendrogram.order)
    labels = [
        f"{shorten(names[place], 28)}{'' if branch is None else f' ({branch + 1})'}"
        for place in dendrogram.order
        for branch in (branches[place],)
    ]
    left = CHARACTER * max(map(width, labels)) + 0.2
    wide, high = left + TREE + 0.15, HEAD + ROW * count + TAIL
    figure = Figure(figsize=(wide, high))
    axes = figure.add_axes((left / wide, TAIL / high, TREE / wide, ROW * count / high))
    for rows, places in dendrogram.joins:
        axes.plot(places, rows, color=MUTED, linewidth=1.2, solid_joinstyle="miter")
    for row, place in enumerate(dendrogram.order):
        colour = branch_colour(branches[place])
        axes.plot(0, row, "o", color=colour, markersize=5.5, clip_on=False, zorder=3)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks(range(count), labels, parse_math=False, color=INK)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
    axes.tick_params(axis="y", length=0, labelsize=10, pad=6)
    axes.tick_params(axis="x", length=0, labelsize=9, labelcolor=MUTED)
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("distance (1 − |φ|)", color=MUTED, size=9.5)
    return figure


def inline_dendrogram(figure: Figure, name: str, label: str) -> str:
    """Returns the drawing for a page, of the height that its rows need."""
    svg = str(inline_svg(figure, name, label))
    wide, high = (round(DOTS * inches) for inches in figure.get_size_inches())
    return svg.replace("<svg ", f'<svg class="dendrogram" width="{wide}" height="{high}" ', 1)


def branches_of(layout: Layout) -> list[int | None]:
    """Returns the branch of every attribute in a drawn tree."""
    found: list[int | None] = [None] * len(layout.attributes)
    for leaf in layout.leaves():
        found[leaf.index] = leaf.branch
    return found


def agreement(layout: Layout, correlations: np.ndarray) -> float | None:
    """Returns Spearman's ρ between |φ| and the blocks that two attributes share in a tree.

    None where one of the two is the same for all pairs.
    """
    shared = _shared_blocks(layout)
    pairs = list(combinations(range(len(layout.attributes)), 2))
    first = [abs(correlations[pair]) for pair in pairs]
    second = [shared[pair] for pair in pairs]
    if len(pairs) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(spearmanr(first, second).statistic)


def _shared_blocks(layout: Layout) -> dict[tuple[int, int], int]:
    """Returns how many blocks serve both of two attributes."""
    shared: dict[tuple[int, int], int] = {}

    def visit(node: Node) -> list[int]:
        if not node.children:
            return [node.index]
        below = [visit(child) for child in node.children]
        for one, other in combinations(below, 2):
            for a in one:
                for b in other:
                    shared[min(a, b), max(a, b)] = node.layer + 1
        return [index for group in below for index in group]

    visit(layout.root)
    return shared
