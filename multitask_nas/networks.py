"""The networks that a comparison trains: trees of the space and its other controls."""

import dataclasses

import keras

from graftwork.space import Architecture
from multitask_nas.cost import Cost, tree_cost
from multitask_nas.model import build_model, build_separate_models
from multitask_nas.supernet import TreeSupernet, build_supernet
from multitask_nas.tree import Tree

Shape = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Network:
    """A tree with its width; or one such chain for each attribute, side by side.

    Args:
        tree: The tree, with all of its blocks. With `separate`, a chain with one head.
        channels: The channels of every block's output.
        depth: Convolutions in a block.
        separate: How many copies stand side by side, one an attribute; 0 for one tree.
    """

    tree: Tree
    channels: int
    depth: int
    separate: int = 0

    @property
    def family(self) -> tuple[tuple[int, ...], int, int, int]:
        """What a supernet is built from: networks with one family share one trace."""
        blocks, attributes = self.tree.blocks, self.tree.attributes
        if self.separate:
            blocks, attributes = (self.separate,) * len(blocks), self.separate
        return blocks, attributes, self.channels, self.depth

    @property
    def architecture(self) -> Architecture:
        """The input with which a supernet of this family is this network."""
        if self.separate:
            return tuple(range(self.separate)) * len(self.tree.blocks)
        return tuple(parent for row in self.tree.parents for parent in row)

    def supernet(self, image_shape: Shape, seed: int) -> TreeSupernet:
        """Builds a supernet of this family, with fresh weights."""
        blocks, attributes, channels, depth = self.family
        return build_supernet(blocks, attributes, channels, depth, image_shape, seed)

    def cost(self, image_shape: Shape) -> Cost:
        """Returns the cost of the plain model."""
        cost = tree_cost(self.tree, image_shape, self.channels, self.depth)
        return cost.times(self.separate) if self.separate else cost

    def plain_model(self, image_shape: Shape) -> keras.Model:
        """Builds the plain model, with fresh weights."""
        if self.separate:
            layers = len(self.tree.blocks)
            return build_separate_models(
                self.separate, layers, image_shape, self.channels, self.depth
            )
        return build_model(self.tree, image_shape, self.channels, self.depth)
