"""A tree as a picture: PNG, SVG or PDF, with matplotlib."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

from graftwork.errors import unknown_name
from graftwork.files import atomic_file
from reports.layout import Architecture, Layout, Node, lay_out
from reports.names import attribute_name, shorten, width
from reports.palette import INK, MUTED, branch_colour

FORMATS = ("pdf", "png", "svg")

# Inches.
ROW = 0.26
COLUMN = 1.25
CHARACTER = 0.085
MARGIN = 0.2


def draw_tree(architecture: Architecture, attributes: Sequence[str]) -> Figure:
    """Draws a tree from left to right: the root, the layers as columns, the attributes.

    Blocks without descendants are left out. The number at a block says how many
    attributes share it; lines are the thicker, the more attributes go through them.

    Args:
        architecture: Parents by layer, as in `result.json`.
        attributes: Name of every attribute.

    Returns:
        A matplotlib `Figure` that no window holds.

    Raises:
        InputError: If the architecture is no tree over these attributes.
    """
    names = [shorten(attribute_name(name), 48) for name in attributes]
    layout = lay_out(architecture, names)
    last = len(layout.columns) - 1
    labels = CHARACTER * max(map(width, names)) + 0.15
    figure = Figure(
        figsize=(
            2 * MARGIN + COLUMN * last + 0.3 + labels,
            2 * MARGIN + ROW * (layout.rows + 1.8),
        ),
        facecolor="white",
    )
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    # One unit is one inch, so that texts and blocks keep their size in every tree.
    axes.set_xlim(-MARGIN - 0.3, COLUMN * last + labels + MARGIN)
    axes.set_ylim(ROW * (layout.rows - 0.3) + MARGIN, -2.1 * ROW - MARGIN)
    for layer in range(last + 1):
        axes.text(
            COLUMN * layer,
            -1.7 * ROW,
            _heading(layout, layer),
            ha="left" if layer == last else "center",
            va="center",
            color=MUTED,
            fontsize=8,
        )
    for column in layout.columns:
        for node in column:
            for child in node.children:
                axes.add_patch(_edge(node, child))
    for column in layout.columns[:-1]:
        for node in column:
            _draw_block(axes, node)
    for leaf in layout.leaves():
        colour = branch_colour(leaf.branch)
        axes.plot(COLUMN * last, ROW * leaf.row, "o", markersize=4, color=colour)
        axes.text(
            COLUMN * last + 0.12,
            ROW * leaf.row,
            layout.name(leaf),
            va="center_baseline",
            color=INK,
            fontsize=9.5,
            parse_math=False,
        )
    return figure


def save_tree(architecture: Architecture, attributes: Sequence[str], path: Path) -> None:
    """Writes the picture of a tree, atomically. The same tree gives the same bytes.

    Args:
        architecture: Parents by layer, as in `result.json`.
        attributes: Name of every attribute.
        path: The file to write; its ending is the format: `.png`, `.svg` or `.pdf`.

    Raises:
        InputError: If the ending is unknown or the architecture is no tree.
    """
    path = Path(path)
    format = path.suffix.removeprefix(".").lower()
    if format not in FORMATS:
        raise unknown_name("picture format", format, FORMATS)
    figure = draw_tree(architecture, attributes)
    undated = {} if format == "png" else {"CreationDate" if format == "pdf" else "Date": None}
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tree"}),
        warnings.catch_warnings(),
        atomic_file(path, "wb") as file,
    ):
        # A name in a script that the font lacks is drawn as boxes; there is nothing to do.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format=format, dpi=160, metadata=undated)


def _heading(layout: Layout, layer: int) -> str:
    if layer == len(layout.columns) - 1:
        return f"{len(layout.attributes)} attributes"
    if layer == 0:
        return "root"
    drawn, blocks = len(layout.columns[layer]), layout.blocks[layer]
    return f"layer {layer}\n{drawn} of {blocks} blocks"


def _edge(parent: Node, child: Node) -> PathPatch:
    x0, x1 = COLUMN * parent.layer, COLUMN * child.layer
    y0, y1 = ROW * parent.row, ROW * child.row
    middle = (x0 + x1) / 2
    curve = Curve(
        [(x0, y0), (middle, y0), (middle, y1), (x1, y1)],
        [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4],
    )
    return PathPatch(
        curve,
        fill=False,
        edgecolor=branch_colour(child.branch),
        linewidth=edge_width(child.size),
        alpha=0.75,
        capstyle="round",
    )


def _draw_block(axes, node: Node) -> None:
    x, y, colour = COLUMN * node.layer, ROW * node.row, branch_colour(node.branch)
    if node.size == 1:
        axes.plot(x, y, "o", markersize=4, color=colour)
        return
    axes.text(
        x,
        y,
        str(node.size),
        ha="center",
        va="center",
        color=INK,
        fontsize=8,
        bbox={
            "boxstyle": "round,pad=0.3,rounding_size=0.6",
            "facecolor": "white",
            "edgecolor": colour,
            "linewidth": 1.4,
        },
    )


def edge_width(size: int) -> float:
    """Returns the width of a line through which `size` attributes go, in points."""
    return 0.9 + 0.55 * size**0.5
