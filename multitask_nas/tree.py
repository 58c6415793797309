"""Trees of attributes that share early blocks and branch apart later.

A tree has block layers 0…L. Layer 0 is one root block; layer l has `blocks[l - 1]`
blocks; every block of layer l ≥ 1 has one parent in layer l − 1. Layer L + 1 holds one
head an attribute, whose parent is a block of layer L (Huang et al., "GNAS: A Greedy
Neural Architecture Search Method for Multi-Attribute Learning", ACM MM 2018).
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from graftwork.errors import InputError
from graftwork.space import Architecture, Decision, Space

MOST_LAYERS = 32
"""Each halves the images, and none has 2³² pixels a side."""
MOST_BLOCKS = 1000


@dataclasses.dataclass(frozen=True)
class Tree:
    """One tree: the parents of every layer's blocks, then of the attributes' heads.

    Args:
        parents: `parents[l - 1][j]` is the parent, in layer l − 1, of block j of layer l.
            The last entry holds the leaf block of every attribute.
    """

    parents: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if not self.parents:
            raise InputError("a tree needs at least the layer of its heads. Received: ().")
        above = 1
        for layer, row in enumerate(self.parents, start=1):
            wrong = [parent for parent in row if not 0 <= parent < above]
            if not row or wrong:
                raise InputError(
                    f"layer {layer} of a tree needs parents between 0 and {above - 1}. "
                    f"Received: {list(row)}."
                )
            above = len(row)

    @classmethod
    def from_json(cls, rows: object) -> "Tree":
        """Returns the tree of a JSON value: a list of lists of integers."""
        if not isinstance(rows, list) or not all(
            isinstance(row, list) and all(type(parent) is int for parent in row) for row in rows
        ):
            raise InputError(f"a tree is a list of lists of integers. Received: {str(rows)[:60]}.")
        if len(rows) > MOST_LAYERS + 1:
            raise InputError(f"a tree has at most {MOST_LAYERS} layers. Received: {len(rows)}.")
        return cls(tuple(tuple(row) for row in rows))

    def to_json(self) -> list[list[int]]:
        """Returns the parents by layer as lists."""
        return [list(row) for row in self.parents]

    @property
    def blocks(self) -> tuple[int, ...]:
        """The number of blocks of layers 0…L; the first is 1."""
        return (1, *(len(row) for row in self.parents[:-1]))

    @property
    def attributes(self) -> int:
        """The number of attributes."""
        return len(self.parents[-1])

    @cached_property
    def paths(self) -> np.ndarray:
        """The blocks that every attribute's prediction passes.

        An int array of shape `(attributes, L + 1)`: column l is the block of layer l.
        """
        block = np.asarray(self.parents[-1])
        columns = [block]
        for row in reversed(self.parents[:-1]):
            block = np.asarray(row)[block]
            columns.append(block)
        return np.stack(columns[::-1], axis=1)

    def descendants(self, layer: int, block: int) -> tuple[int, ...]:
        """The attributes whose path passes block `block` of layer `layer`.

        In layer L + 1 the "block" is an attribute's head, and descends from itself.
        """
        if layer == len(self.parents):
            return (block,)
        return tuple(int(a) for a in np.flatnonzero(self.paths[:, layer] == block))

    def with_layer(self, layer: int, parents: Sequence[int]) -> "Tree":
        """Returns this tree with other parents for layer `layer` ≥ 1."""
        rows = list(self.parents)
        rows[layer - 1] = tuple(int(parent) for parent in parents)
        return Tree(tuple(rows))

    def pruned(self) -> "Tree":
        """Returns the tree without the blocks that have no attribute among their descendants.

        Blocks are numbered anew, in their old order.
        """
        rows = []
        kept_above = np.zeros(1, int)
        for layer, row in enumerate(self.parents[:-1], start=1):
            kept = np.unique(self.paths[:, layer])
            rows.append(tuple(int(p) for p in np.searchsorted(kept_above, np.array(row)[kept])))
            kept_above = kept
        rows.append(tuple(int(p) for p in np.searchsorted(kept_above, self.parents[-1])))
        return Tree(tuple(rows))


class TreeSpace(Space):
    """All trees with given numbers of blocks: one decision a block and a head, its parent.

    Args:
        blocks: The numbers of blocks of layers 1…L, such as `(2, 4, 8)`.
        attributes: The attributes' names.
    """

    def __init__(self, blocks: Sequence[int], attributes: Sequence[str]) -> None:
        check_blocks(blocks)
        if not attributes:
            raise InputError("attributes must name at least one attribute. Received: ().")
        if len(set(attributes)) < len(attributes):
            raise InputError(f"attributes need different names. Received: {list(attributes)}.")
        counts = (1, *blocks, len(attributes))
        object.__setattr__(self, "blocks", counts[:-1])
        object.__setattr__(self, "attributes", tuple(attributes))
        decisions = [
            Decision(
                f"head of {attributes[block]}"
                if layer == len(counts) - 1
                else f"layer {layer}, block {block}",
                tuple(f"block {parent}" for parent in range(counts[layer - 1])),
            )
            for layer in range(1, len(counts))
            for block in range(counts[layer])
        ]
        super().__init__(tuple(decisions))

    blocks: tuple[int, ...]
    attributes: tuple[str, ...]

    @property
    def layers(self) -> int:
        """The number of layers that have parents: L block layers and the heads."""
        return len(self.blocks)

    @property
    def paths(self) -> int:
        """The number of paths from the root to a block of layer L."""
        return int(np.prod(self.blocks, dtype=object))

    @cached_property
    def row_lengths(self) -> tuple[int, ...]:
        """The number of decisions of layers 1…L + 1."""
        return (*self.blocks[1:], len(self.attributes))

    def tree(self, architecture: Architecture) -> Tree:
        """Returns the tree of an architecture."""
        if len(architecture) != len(self):
            raise InputError(
                f"a tree of this space has {len(self)} connections. Received: {len(architecture)}."
            )
        rows, start = [], 0
        for length in self.row_lengths:
            rows.append(tuple(architecture[start : start + length]))
            start += length
        return Tree(tuple(rows))

    def architecture(self, tree: Tree) -> Architecture:
        """Returns the architecture of a tree of this space."""
        if tree.blocks != self.blocks or tree.attributes != len(self.attributes):
            raise InputError(
                f"the tree must have blocks {list(self.blocks)} and {len(self.attributes)} "
                f"attributes. Received: {list(tree.blocks)} and {tree.attributes}."
            )
        return tuple(parent for row in tree.parents for parent in row)

    def sample_tree(self, rng: np.random.Generator) -> Tree:
        """Returns a tree whose every connection is drawn uniformly."""
        return self.tree(self.sample(rng))


def check_blocks(blocks: Sequence[int]) -> None:
    """Raises an `InputError` for numbers of blocks that make no tree."""
    if not blocks or any(type(count) is not int or count < 1 for count in blocks):
        raise InputError(
            "blocks must list the number of blocks of every layer after the root, each at "
            f"least 1, such as 2 4 8. Received: {' '.join(map(str, blocks))[:60] or 'nothing'}."
        )
    if len(blocks) > MOST_LAYERS or max(blocks) > MOST_BLOCKS:
        raise InputError(
            f"blocks must list at most {MOST_LAYERS} layers of at most {MOST_BLOCKS:,} blocks. "
            f"Received: {len(blocks)} layers, the largest of {max(blocks):,}."
        )
