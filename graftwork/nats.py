"""The cells of NATS-Bench's topology space, which is that of NAS-Bench-201.

A cell is a directed graph of four nodes: node 0 is its input, every later node the sum of
one operation on each node before it (Dong & Yang, "NAS-Bench-201", ICLR 2020; Dong et al.,
"NATS-Bench", TPAMI 2021). The six operations are the decisions.
"""

import re
from collections.abc import Sequence

import numpy as np

from graftwork.errors import InputError
from graftwork.space import Architecture, Decision, Space

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NODES = 4
EDGES = tuple((start, end) for end in range(1, NODES) for start in range(end))
"""The edges in the order of the decisions, and of the strings: 0→1, 0→2, 1→2, 0→3, 1→3, 2→3."""
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))
"""The ways from the input to the output, as decisions."""


class CellSpace(Space):
    """The 15,625 cells of NATS-Bench's topology space: one operation of five on each edge."""

    def __init__(self) -> None:
        super().__init__(tuple(Decision(f"node {s} to {e}", OPERATIONS) for s, e in EDGES))

    def text(self, architecture: Architecture) -> str:
        """Writes a cell as NATS-Bench does: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""
        nodes = []
        for node in range(1, NODES):
            inputs = [
                f"{OPERATIONS[choice]}~{start}"
                for choice, (start, end) in zip(architecture, EDGES, strict=True)
                if end == node
            ]
            nodes.append(f"|{'|'.join(inputs)}|")
        return "+".join(nodes)

    def parse(self, text: str) -> Architecture:
        """Reads a cell as NATS-Bench writes it.

        Raises:
            InputError: If the text is no cell of this space.
        """
        found = re.findall(r"([^|~+]+)~(\d)", text)
        if [int(start) for _, start in found] != [start for start, _ in EDGES]:
            raise InputError(
                f"{text[:120]!r} is no cell. Expected: |op~0|+|op~0|op~1|+|op~0|op~1|op~2|."
            )
        for operation, _ in found:
            if operation not in OPERATIONS:
                raise InputError(
                    f"unknown operation {operation[:40]!r} in the cell {text[:120]!r}. Known: "
                    f"{', '.join(OPERATIONS)}."
                )
        architecture = tuple(OPERATIONS.index(operation) for operation, _ in found)
        if self.text(architecture) != text.strip():
            raise InputError(
                f"{text[:120]!r} is no cell. Expected: |op~0|+|op~0|op~1|+|op~0|op~1|op~2|."
            )
        return architecture

    def unique_text(self, architecture: Architecture) -> str:
        """Writes what a cell computes: the same text for cells that compute the same.

        `none` gives nothing, and so does an operation on nothing; `skip_connect` gives its
        input; sums do not depend on the order. There are 6,466 different texts, as published:
        a sum of several nothings is not taken for nothing, or there would be 6,285.
        """
        nodes = ["0"]
        for node in range(1, NODES):
            terms = []
            for choice, (start, end) in zip(architecture, EDGES, strict=True):
                operation = OPERATIONS[choice]
                if end != node:
                    continue
                if operation == "none" or nodes[start] == "#":
                    terms.append("#")
                elif operation == "skip_connect":
                    terms.append(nodes[start])
                else:
                    terms.append(f"({nodes[start]})@{operation}")
            nodes.append("+".join(sorted(terms)))
        return nodes[-1]

    def path_encoding(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Encodes cells by the paths from input to output (White et al., BANANAS, AAAI 2021).

        Returns:
            float32 array `(n, 84)`: for every sequence of one to three operations other than
            `none`, whether a path of the cell applies it.
        """
        base = len(OPERATIONS) - 1
        offsets = {1: 0, 2: base, 3: base + base**2}
        encoded = np.zeros((len(architectures), base + base**2 + base**3), "float32")
        # `none` would break a path: its index is 0, so that the others count from 0.
        choices = np.asarray(architectures, int).reshape(len(architectures), len(EDGES)) - 1
        for path in PATHS:
            operations = choices[:, path]
            index = offsets[len(path)] + operations @ base ** np.arange(len(path))[::-1]
            whole = np.flatnonzero((operations >= 0).all(axis=1))
            encoded[whole, index[whole]] = 1
        return encoded

    def adjacency(self) -> np.ndarray:
        """Returns which operations follow each other, bool `(6, 6)`."""
        starts, ends = (np.array(side) for side in zip(*EDGES, strict=True))
        return ends[:, None] == starts[None, :]
