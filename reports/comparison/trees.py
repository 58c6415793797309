"""The searched trees with the names of their attributes, beside the dendrogram of the labels."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from jinja2 import Template

from reports.comparison.dendrogram import (
    agreement,
    branches_of,
    cluster,
    draw_dendrogram,
    inline_dendrogram,
    read_correlations,
)
from reports.comparison.document import Block, Drawing, Paragraphs, Section
from reports.comparison.runs import ComparedRun, of_kind
from reports.comparison.series import MOST, attempt, left_out
from reports.environment import make_environment
from reports.inline_tree import InlineTree, inline_tree
from reports.layout import Layout, lay_out
from reports.names import shorten
from reports.wording import decimal, quantity

BESIDE = 700
"""Pixels of a tree that has a dendrogram at its side, where its names leave room for them."""


def trees_section(runs: list[ComparedRun]) -> Section | None:
    """Returns the searched tree of every run of trees; None without any."""
    trees = of_kind(runs, "trees")
    blocks: list[Block] = []
    for place, run in enumerate(trees[:MOST], start=1):
        blocks += attempt(run, "The tree", _tree, place)
    blocks += left_out(trees)
    blocks += _without(trees[:MOST])
    return Section("Searched trees", tuple(blocks), "trees") if blocks else None


def _tree(run: ComparedRun, place: int) -> Iterator[Block]:
    assert run.folder is not None
    architecture, what = run.folder.tree()
    if architecture is None:
        yield Paragraphs((f"{run.name}: no tree was recorded.",))
        return
    names = run.folder.attributes
    layout = lay_out(architecture, names)
    correlations = read_correlations(run.folder.dataset, len(names))
    yield from _text(run, layout, correlations)
    yield draw_tree_block(
        layout, f"tree-{place}", f"{run.name}: {what}", beside=correlations is not None
    )
    if correlations is None:
        return
    rows = {leaf.index: leaf.row for leaf in layout.leaves()}
    found = cluster(correlations, [rows[place] for place in range(len(names))])
    label = f"Dendrogram of the labels of {run.folder.dataset.get('name', 'the dataset')}"
    name = f"dendrogram-{place}"
    figure = draw_dendrogram(found, names, branches_of(layout))
    yield Drawing(
        name,
        f"{run.name}: which labels go together in training, clustered by average linkage. Number "
        "and colour of a name are those of its branch in the tree, counted from above.",
        f"{label}. Attributes from top to bottom, with the number of their branch in the tree: "
        f"{', '.join(f'{names[i]}{_branch(layout, i)}' for i in found.order)}.",
        inline_dendrogram(figure, name, label),
    )


def _text(
    run: ComparedRun, layout: Layout, correlations: np.ndarray | None
) -> Iterator[Paragraphs]:
    """Yields what stands above a tree: where tree and labels agree, and how much."""
    if correlations is None:
        return
    text = (
        f"{run.name}: the searched tree, and the labels by their correlation φ. Where neighbours "
        "in the dendrogram are of one branch, the tree follows the labels."
    )
    rho = agreement(layout, correlations)
    if rho is not None:
        text += (
            " Over all pairs of attributes, |φ| and the number of blocks that the two share have "
            f"a rank correlation (Spearman) of {decimal(rho)}; pairs are not independent, so that "
            "there is no test of it."
        )
    yield Paragraphs((text,))


def _without(runs: list[ComparedRun]) -> list[Block]:
    """Returns a sentence on the runs that have no dendrogram."""
    names = [
        run.name
        for run in runs
        if run.folder is not None and "label_correlations" not in run.folder.dataset
    ]
    if not names:
        return []
    text = (
        f"Without the dendrogram of the labels: {', '.join(names)}. Their run folders do not hold "
        "the correlations (those of older versions, of one attribute and of very many)."
    )
    return [Paragraphs((text,))]


def _branch(layout: Layout, attribute: int) -> str:
    branch = branches_of(layout)[attribute]
    return "" if branch is None else f" ({branch + 1})"


def draw_tree_block(layout: Layout, name: str, caption: str, beside: bool = False) -> Drawing:
    """Returns a tree as a drawing.

    Args:
        layout: The tree.
        name: A word that no other block has.
        caption: What it is.
        beside: Whether another drawing stands at its side.
    """
    picture = inline_tree(layout, BESIDE) if beside else inline_tree(layout)
    picture = replace(picture, description=_words(layout))
    svg = _template().module.draw(_Named(name, picture))  # type: ignore[attr-defined]
    numbers = (
        "The number at a block says how many attributes share it; a block that no attribute "
        "descends from is left out."
    )
    return Drawing(name, f"{caption} {numbers}", _words(layout), str(svg))


def _words(layout: Layout) -> str:
    """Returns a tree in words: its branches from above, with their attributes."""
    groups: dict[int | None, list[str]] = {}
    for leaf in layout.leaves():
        groups.setdefault(leaf.branch, []).append(shorten(layout.name(leaf), 60))
    blocks = sum(len(column) for column in layout.columns[:-1])
    parts = [
        f"branch {0 if branch is None else branch + 1}: {', '.join(names)}"
        for branch, names in groups.items()
    ]
    return (
        f"A tree of {quantity(blocks, 'block')} in {len(layout.columns) - 1} layers, the root "
        f"included, for {quantity(len(layout.attributes), 'attribute')}. From above, "
        f"{'; '.join(parts)}."
    )


class _Named:
    """What the template reads."""

    def __init__(self, name: str, picture: InlineTree) -> None:
        self.name, self.picture = name, picture


@cache
def _template() -> Template:
    environment = make_environment()
    return environment.get_template("tree.svg")
