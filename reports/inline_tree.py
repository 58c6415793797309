"""A tree as the numbers of an inline SVG; `templates/tree.svg` writes them down.

The page draws the tree itself and not with matplotlib, so that its texts are set in the
page's type, its colours follow the page into dark mode and its nodes have tooltips.
"""

from dataclasses import dataclass

from reports.drawing import edge_width
from reports.layout import Layout, Node
from reports.names import shorten, width
from reports.palette import BRANCHES

# Pixels.
ROW = 22
HEAD = 58
LEFT = 28
CHARACTER = 7.4
WIDEST = 940
NARROW = 84.0
ROOMY = 110.0
"""Pixels between two layers: at least, and as many as the word “blocks” needs."""


@dataclass(frozen=True)
class Edge:
    path: str
    width: str
    branch: str


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    size: int
    branch: str
    label: str
    title: str


@dataclass(frozen=True)
class Heading:
    x: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class InlineTree:
    """What the template draws; coordinates are pixels.

    Attributes:
        width: Of the whole drawing.
        height: Of the whole drawing.
        headings: One a column, from left to right.
        edges: Curves from parent to child.
        blocks: The drawn blocks.
        leaves: The attributes.
        description: The drawing in one sentence, for those who cannot see it.
    """

    width: int
    height: int
    headings: tuple[Heading, ...]
    edges: tuple[Edge, ...]
    blocks: tuple[Mark, ...]
    leaves: tuple[Mark, ...]
    description: str


def inline_tree(layout: Layout, widest: int = WIDEST) -> InlineTree:
    """Returns the geometry of the inline drawing of a tree.

    Args:
        layout: The tree.
        widest: Pixels that it should not exceed; names and many layers may need more.
    """
    last = len(layout.columns) - 1
    names = [shorten(name, 44) for name in layout.attributes]
    labels = max(map(width, names)) * CHARACTER + 24
    step = min(176.0, max(NARROW, (widest - LEFT - labels) / last))

    def x(node: Node) -> float:
        return round(LEFT + node.layer * step, 1)

    def y(node: Node) -> float:
        return round(HEAD + node.row * ROW, 1)

    def edge(parent: Node, child: Node) -> Edge:
        middle = round((x(parent) + x(child)) / 2, 1)
        path = f"M{x(parent)} {y(parent)}C{middle} {y(parent)} {middle} {y(child)} "
        path += f"{x(child)} {y(child)}"
        return Edge(path, f"{edge_width(child.size) * 1.2:.2f}", _branch(child))

    def block(node: Node) -> Mark:
        place = f"layer {node.layer}, block {node.index}" if node.layer else "root"
        users = f"{node.size} attributes" if node.size > 1 else "1 attribute"
        label = str(node.size) if node.size > 1 else ""
        return Mark(x(node), y(node), node.size, _branch(node), label, f"{place}: {users}")

    def leaf(node: Node) -> Mark:
        full = layout.name(node)
        return Mark(x(node), y(node), 1, _branch(node), names[node.index], full)

    blocks = [node for column in layout.columns[:-1] for node in column]
    return InlineTree(
        width=round(LEFT + last * step + labels),
        height=round(HEAD + layout.rows * ROW),
        headings=tuple(
            Heading(round(LEFT + layer * step, 1), _heading(layout, layer, step < ROOMY))
            for layer in range(last + 1)
        ),
        edges=tuple(edge(node, child) for node in blocks for child in node.children),
        blocks=tuple(map(block, blocks)),
        leaves=tuple(map(leaf, layout.leaves())),
        description=(
            f"A tree with {len(blocks)} blocks in {last} layers, the root included, and "
            f"{len(names)} attributes. The list below the drawing says the same in words."
        ),
    )


def branch_class(branch: int | None) -> str:
    """Returns the CSS class that gives a branch its colour."""
    return "stem" if branch is None else f"b{branch % len(BRANCHES)}"


def _branch(node: Node) -> str:
    return branch_class(node.branch)


def _heading(layout: Layout, layer: int, narrow: bool) -> tuple[str, ...]:
    if layer == len(layout.columns) - 1:
        return (f"{len(layout.attributes)} attributes",)
    if layer == 0:
        return ("root",)
    drawn, blocks = len(layout.columns[layer]), layout.blocks[layer]
    return f"layer {layer}", f"{drawn} of {blocks}" + ("" if narrow else " blocks")
