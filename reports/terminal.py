"""A tree as text, for the terminal."""

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from reports.layout import Architecture, Layout, Stem, lay_out, outline
from reports.names import attribute_name
from reports.palette import branch_colour


def tree_text(architecture: Architecture, attributes: Sequence[str]) -> Tree:
    """Returns a tree as text: shared stems as nodes, attributes as leaves.

    Blocks without descendants are left out, and blocks that follow each other without
    a fork make one line. Each attribute is listed once.

    Args:
        architecture: Parents by layer, as in `result.json`.
        attributes: Name of every attribute.

    Returns:
        A `rich.tree.Tree`, ready for `rich.print`.

    Raises:
        InputError: If the architecture is no tree over these attributes.
    """
    layout = lay_out(architecture, [attribute_name(name) for name in attributes])
    stem = outline(layout.root)
    if stem.leaf:
        tree = Tree(Text("root"), guide_style="dim")
        tree.add(_label(layout, stem))
        return tree
    tree = Tree(_label(layout, stem), guide_style="dim")
    _grow(tree, layout, stem)
    return tree


def _grow(tree: Tree, layout: Layout, stem: Stem) -> None:
    for child in stem.stems:
        _grow(tree.add(_label(layout, child)), layout, child)


def _label(layout: Layout, stem: Stem) -> Text:
    # `Text`, never markup: an attribute may be called "[red]".
    blocks = describe_blocks(stem)
    if stem.leaf:
        label = Text(layout.name(stem.leaf), style="bold")
        return label.append(f"  alone in {blocks}", style="not bold dim") if blocks else label
    label = Text(blocks, style="" if stem.branch is None else branch_colour(stem.branch))
    return label.append(f"  shared by {stem.size} attributes", style="dim")


def describe_blocks(stem: Stem) -> str:
    """Returns the layers of a stem in words: `layer 2`, `layers 1–3`, or nothing."""
    if stem.first > stem.last:
        return ""
    if stem.first == 0:
        return "root" if stem.last == 0 else f"root to layer {stem.last}"
    if stem.first == stem.last:
        return f"layer {stem.first}"
    return f"layers {stem.first}–{stem.last}"
