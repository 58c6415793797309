"""Where every block and attribute of a tree is drawn.

A tree has a depth-first order, and in that order no two edges cross. So the attributes
get the rows 0, 1, 2, … as a depth-first walk meets them, and each block stands in the
middle of its children. Blocks without descendants are never met and never drawn.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from graftwork.errors import InputError

Architecture = Sequence[Sequence[int]]

# Rows left free where one branch ends and the next begins.
BRANCH_GAP = 0.6


@dataclass(frozen=True)
class Node:
    """A block, or an attribute in the last column.

    Attributes:
        layer: Column; 0 is the root, the last column holds the attributes.
        index: Number of the block in its layer, or of the attribute.
        row: Vertical position, in rows.
        size: How many attributes descend from here; 1 for an attribute.
        branch: Number of the branch that it belongs to, or `None` above the branches.
        children: The nodes of the next column that hang here, from top to bottom.
    """

    layer: int
    index: int
    row: float
    size: int
    branch: int | None
    children: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Layout:
    """A tree with a place for each node.

    Attributes:
        attributes: Name of every attribute.
        columns: The drawn nodes of every layer, from top to bottom.
        blocks: How many blocks each layer has, with those that are not drawn.
        rows: Height of the tree, in rows.
    """

    attributes: tuple[str, ...]
    columns: tuple[tuple[Node, ...], ...]
    blocks: tuple[int, ...]
    rows: float

    @property
    def root(self) -> Node:
        return self.columns[0][0]

    def name(self, leaf: Node) -> str:
        """Returns the name of the attribute that `leaf` stands for."""
        return self.attributes[leaf.index]

    def leaves(self) -> tuple[Node, ...]:
        """Returns the attributes from top to bottom."""
        return self.columns[-1]


def lay_out(architecture: Architecture, attributes: Sequence[str], colours: int = 8) -> Layout:
    """Places the blocks and attributes of a tree.

    Args:
        architecture: Parents by layer: list `l` holds, for each block of layer `l + 1`,
            its parent in layer `l`; the last list holds the parent of each attribute.
        attributes: Name of every attribute.
        colours: How many branches can be told apart. The branches start at the deepest
            layer with at most so many drawn blocks.

    Returns:
        The `Layout`.

    Raises:
        InputError: If the architecture is no tree over these attributes.
    """
    check_architecture(architecture, len(attributes))
    last = len(architecture)
    used = _used_blocks(architecture)
    fitting = [layer for layer in range(1, last) if len(used[layer]) <= colours]
    branch_layer = fitting[-1] if fitting else min(1, last - 1)

    children: dict[tuple[int, int], list[int]] = defaultdict(list)
    for layer, parents in enumerate(architecture):
        for child, parent in enumerate(parents):
            if child in used[layer + 1]:
                children[layer, parent].append(child)

    columns: list[list[Node]] = [[] for _ in range(last + 1)]
    next_row = 0.0
    branches = 0

    def place(layer: int, index: int, branch: int | None) -> Node:
        nonlocal next_row, branches
        if layer == branch_layer:
            next_row += BRANCH_GAP if branches else 0.0
            branch, branches = branches, branches + 1
        if layer == last:
            node = Node(layer, index, next_row, 1, branch)
            next_row += 1
        else:
            # The first attribute decides the order, so that a tree looks the same
            # whatever numbers its blocks have.
            order = sorted(children[layer, index], key=lambda child: used[layer + 1][child])
            below = tuple(place(layer + 1, child, branch) for child in order)
            row = (below[0].row + below[-1].row) / 2
            node = Node(layer, index, row, sum(n.size for n in below), branch, below)
        columns[layer].append(node)
        return node

    place(0, 0, None)
    return Layout(
        attributes=tuple(attributes),
        columns=tuple(map(tuple, columns)),
        blocks=(1, *(len(parents) for parents in architecture[:-1])),
        rows=next_row,
    )


def _used_blocks(architecture: Architecture) -> list[dict[int, int]]:
    """Returns, by layer, the blocks with descendants and the first attribute of each."""
    used = [{index: index for index in range(len(architecture[-1]))}]
    for parents in reversed(architecture):
        above: dict[int, int] = {}
        for child, first in used[0].items():
            above[parents[child]] = min(first, above.get(parents[child], first))
        used.insert(0, above)
    return used


def check_architecture(architecture: Architecture, attributes: int) -> None:
    """Raises an `InputError` unless `architecture` is a tree over so many attributes."""
    if not isinstance(architecture, Sequence) or not architecture:
        raise InputError(
            "an architecture must be a list with one list of parents a layer. "
            f"Received: {architecture!r}."
        )
    width = 1
    for layer, parents in enumerate(architecture):
        if not isinstance(parents, Sequence) or not parents:
            raise InputError(
                f"layer {layer + 1} of an architecture must be a list of parents. "
                f"Received: {parents!r}."
            )
        for child, parent in enumerate(parents):
            if type(parent) is not int or not 0 <= parent < width:
                raise InputError(
                    f"the parent of node {child} in layer {layer + 1} of an architecture "
                    f"must be a block from 0 to {width - 1}. Received: {parent!r}."
                )
        width = len(parents)
    if width != attributes:
        raise InputError(
            "the last list of an architecture must hold one parent for each of the "
            f"{attributes} attributes. Received {width} parents."
        )


@dataclass(frozen=True)
class Stem:
    """Blocks in a row that serve the same attributes, as one entry of an outline.

    Attributes:
        first: Layer of the first block.
        last: Layer of the last block.
        size: How many attributes share these blocks.
        branch: Branch of the last block, or `None` above the branches.
        stems: The stems that grow from here.
        leaf: The attribute, where only one is left: then `stems` is empty.
    """

    first: int
    last: int
    size: int
    branch: int | None
    stems: tuple["Stem", ...]
    leaf: Node | None


def outline(node: Node) -> Stem:
    """Returns the tree below `node` with every chain of single children as one `Stem`.

    Args:
        node: The node to start from, such as `layout.root`.

    Returns:
        The stem that begins at `node`. An attribute that shares its last block with
        others is a stem of its own without any block: its `first` is its own column.
    """
    end = node
    while len(end.children) == 1:
        end = end.children[0]
    if not end.children:
        return Stem(node.layer, end.layer - 1, 1, end.branch, (), end)
    stems = tuple(outline(child) for child in end.children)
    return Stem(node.layer, end.layer, end.size, end.branch, stems, None)
