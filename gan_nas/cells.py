"""Cells of operations: what a generator or discriminator does at one stage."""

import dataclasses
import re
from functools import cache, cached_property
from typing import Any

from graftwork.errors import InputError

CONVOLUTIONS = ("conv_1x3_3x1", "conv_1x5_5x1", "conv_1x7_7x1", "conv_3x3")
"""The convolutions: three pairs of a row and a column, and a square."""

NORMAL = (
    "identity",
    *CONVOLUTIONS,
    *(f"{kind}_pool_{size}" for kind in ("max", "avg") for size in (3, 5, 7)),
)
"""Operations between the nodes of a cell, which keep height and width."""

UP = (
    *(f"transposed_{size}x{size}" for size in (3, 5, 7)),
    *(f"nearest_{operation}" for operation in NORMAL),
)
"""Operations on the input of a generator's cell, which double height and width."""

DOWN = tuple(
    name for convolution in CONVOLUTIONS for name in (f"{convolution}_avg", f"avg_{convolution}")
)
"""Operations on the input of a discriminator's cell, which halve height and width."""

_EDGE = re.compile(r"(\w+)\((?:input|node (\d+))\)")


@dataclasses.dataclass(frozen=True)
class Edge:
    """One input of a node: where it comes from, and what is done to it.

    Args:
        source: 0 for the input of the cell, i for node i (counted from 1).
        operation: A name of `UP` or `DOWN` for the input of the cell, of `NORMAL` for a node.
    """

    source: int
    operation: str

    def __str__(self) -> str:
        place = f"node {self.source}" if self.source else "input"
        return f"{self.operation}({place})"

    @classmethod
    def parse(cls, text: str) -> "Edge":
        """Reads what `str` wrote, such as `"conv_3x3(node 1)"`.

        Raises:
            InputError: If `text` is not the text of an edge.
        """
        match = _EDGE.fullmatch(text)
        if match is None:
            raise InputError(
                'an input of a node reads "operation(input)" or "operation(node 1)". '
                f"Received: {text!r}."
            )
        return cls(int(match[2] or 0), match[1])


@dataclasses.dataclass(frozen=True)
class Cell:
    """A directed graph of nodes, each of them the sum of two operations over √2.

    Args:
        nodes: The two `Edge`s of every node; node j may read nodes 1 … j − 1.
    """

    nodes: tuple[tuple[Edge, Edge], ...]

    @cached_property
    def loose_ends(self) -> tuple[int, ...]:
        """The nodes (counted from 1) that no other node reads: the output of the cell."""
        read = {edge.source for edges in self.nodes for edge in edges}
        return tuple(node for node in range(1, len(self.nodes) + 1) if node not in read)

    def __str__(self) -> str:
        nodes = [f"node {j} = {a} + {b}" for j, (a, b) in enumerate(self.nodes, start=1)]
        return "; ".join([*nodes, f"output: {', '.join(map(str, self.loose_ends))}"])

    def to_json(self) -> list[list[str]]:
        """Returns the texts of the edges, node by node."""
        return [[str(edge) for edge in edges] for edges in self.nodes]

    @classmethod
    def from_json(cls, value: Any) -> "Cell":
        """Reads what `to_json` returned.

        Raises:
            InputError: If `value` does not describe a cell.
        """
        if not isinstance(value, list) or not all(
            isinstance(edges, list) and len(edges) == 2 for edges in value
        ):
            raise InputError(
                f"a cell is a list of nodes with two inputs each. Received: {value!r}."
            )
        nodes = [(Edge.parse(str(first)), Edge.parse(str(second))) for first, second in value]
        for j, edges in enumerate(nodes, start=1):
            for edge in edges:
                if edge.source >= j:
                    raise InputError(
                        f"a node reads the cell's input or an earlier node. Received for node {j}: "
                        f"{edge}."
                    )
        return cls(tuple(nodes))


@cache
def edge_choices(node: int, outside: tuple[str, ...]) -> tuple[Edge, ...]:
    """Returns what an input of a node can be, in the order of the encoding.

    Args:
        node: The node, counted from 1.
        outside: The operations on the cell's input: `UP` or `DOWN`.

    Returns:
        `len(outside) + 11 · (node − 1)` edges: the cell's input first, then node 1, 2, …
    """
    return (
        *(Edge(0, operation) for operation in outside),
        *(Edge(i, operation) for i in range(1, node) for operation in NORMAL),
    )
