"""The cells of a run folder as data, and in words."""

import re
from dataclasses import dataclass
from typing import Any

from graftwork.errors import InputError


@dataclass(frozen=True)
class Edge:
    """One input of a node.

    Attributes:
        source: 0 for the cell's input, else the number of a node, from 1 on.
        operation: Its name in the run folder, such as `"nearest_conv_3x3"`.
    """

    source: int
    operation: str

    @property
    def words(self) -> str:
        """The operation as people call it."""
        return operation_words(self.operation)

    @property
    def origin(self) -> str:
        """What it reads, in words."""
        return f"node {self.source}" if self.source else "cell input"


Cell = tuple[tuple[Edge, Edge], ...]


def read_cell(values: Any) -> Cell:
    """Reads a cell of a run folder.

    Args:
        values: One list a node, of two texts such as `"conv_3x3(node 1)"`.

    Raises:
        InputError: If it is no cell.
    """
    if not isinstance(values, list) or not values:
        raise InputError(f"a cell must be a list with one pair of inputs a node. Got {values!r}.")
    nodes = []
    for number, pair in enumerate(values, start=1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise InputError(f"node {number} of a cell must have two inputs. Received: {pair!r}.")
        nodes.append((_read_edge(pair[0], number), _read_edge(pair[1], number)))
    return tuple(nodes)


def _read_edge(text: Any, node: int) -> Edge:
    match = re.fullmatch(r"(.+)\((?:input|node ([0-9]{1,3}))\)", text if type(text) is str else "")
    source = int(match[2] or 0) if match else -1
    if match is None or source >= node or match[2] == "0":
        raise InputError(
            f"an input of node {node} of a cell must be an operation of the cell's input or of "
            f'an earlier node, such as "conv_3x3(node 1)". Received: {text!r}.'
        )
    return Edge(source, match[1])


def operation_words(name: str) -> str:
    """Returns `"nearest_conv_1x3_3x1"` as `"upsample, conv 1×3 + 3×1"`."""
    if name == "nearest_identity":
        return "upsample (nearest)"
    before, after = "", ""
    if name.startswith("nearest_"):
        name, before = name.removeprefix("nearest_"), "upsample, "
    elif name.startswith("avg_conv_"):
        name, before = name.removeprefix("avg_"), "avg 2×2, "
    elif name.startswith("conv_") and name.endswith("_avg"):
        name, after = name.removesuffix("_avg"), ", avg 2×2"
    kind = {"max": "max pool ", "avg": "avg pool ", "transposed": "transposed conv "}
    pool = re.fullmatch(r"(max|avg)_pool_(\d+)", name)
    conv = re.fullmatch(r"(conv|transposed)_(\d+x\d+)(?:_(\d+x\d+))?", name)
    if pool:
        words = f"{kind[pool[1]]}{pool[2]}×{pool[2]}"
    elif conv:
        sizes = " + ".join(filter(None, conv.groups()[1:])).replace("x", "×")
        words = kind.get(conv[1], "conv ") + sizes
    else:
        words = name.replace("_", " ")
    return f"{before}{words}{after}"


def loose_ends(cell: Cell) -> list[int]:
    """Returns the numbers of the nodes that no other node reads: they make the output."""
    read = {edge.source for node in cell for edge in node}
    return [number for number in range(1, len(cell) + 1) if number not in read]


def describe_cell(cell: Cell) -> str:
    """Returns a cell in words."""
    parts = [
        f"Node {number} adds {first.words} of the {first.origin} and {second.words} of the "
        f"{second.origin}."
        for number, (first, second) in enumerate(cell, start=1)
    ]
    loose = loose_ends(cell)
    names = ", ".join(map(str, loose))
    parts.append(f"Output: node{'s' if len(loose) > 1 else ''} {names}, by a 1×1 convolution.")
    return " ".join(parts)
