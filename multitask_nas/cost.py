"""What a tree costs: parameters and operations, by closed forms."""

import dataclasses
from collections.abc import Sequence

from multitask_nas.tree import Tree


@dataclasses.dataclass(frozen=True)
class Cost:
    """The cost of one network.

    Args:
        parameters: Trainable parameters.
        flops: Operations for one image, two a multiply-add of the convolutions and the
            heads. Normalisation, pooling and ReLU are not counted, as is usual.
    """

    parameters: int
    flops: int

    def times(self, count: int) -> "Cost":
        """Returns the cost of several such networks."""
        return Cost(self.parameters * count, self.flops * count)


def block_costs(
    layers: int, image_shape: tuple[int, int, int], channels: int, depth: int
) -> list[Cost]:
    """Returns what one block of every layer costs, the root's first.

    Args:
        layers: The layers of blocks, with the root's.
        image_shape: Height, width and channels of an image.
        channels: The channels of every block's output.
        depth: Convolutions in a block.
    """
    height, width, inputs = image_shape
    costs = []
    for _ in range(layers):
        parameters = flops = 0
        for _ in range(depth):
            parameters += 9 * inputs * channels + 2 * channels
            flops += 2 * 9 * inputs * channels * height * width
            inputs = channels
        costs.append(Cost(parameters, flops))
        height, width = height // 2, width // 2
    return costs


def head_cost(channels: int) -> Cost:
    """Returns what the head of one attribute costs."""
    return Cost(channels + 1, 2 * channels)


def tree_cost(tree: Tree, image_shape: tuple[int, int, int], channels: int, depth: int) -> Cost:
    """Returns the cost of a tree whose blocks without descendants are pruned.

    Args:
        tree: The tree.
        image_shape: Height, width and channels of an image.
        channels: The channels of every block's output.
        depth: Convolutions in a block.
    """
    return blocks_cost(used_blocks(tree), tree.attributes, image_shape, channels, depth)


def used_blocks(tree: Tree) -> tuple[int, ...]:
    """Returns how many blocks of every layer, the root's first, have an attribute below them.

    What a tree costs depends on these numbers alone.
    """
    return tuple(len(set(column)) for column in tree.paths.T.tolist())


def blocks_cost(
    blocks: Sequence[int],
    attributes: int,
    image_shape: tuple[int, int, int],
    channels: int,
    depth: int,
) -> Cost:
    """Returns the cost of a tree with so many used blocks in every layer, the root's first."""
    each = block_costs(len(blocks), image_shape, channels, depth)
    parts = [one.times(count) for one, count in zip(each, blocks, strict=True)]
    parts.append(head_cost(channels).times(attributes))
    return Cost(sum(p.parameters for p in parts), sum(p.flops for p in parts))


def channels_for(
    parameters: int,
    tree: Tree,
    image_shape: tuple[int, int, int],
    depth: int,
    networks: int = 1,
) -> int:
    """Returns the channels with which networks come nearest to a number of parameters.

    Args:
        parameters: What all networks together shall have.
        tree: The tree of one network.
        image_shape: Height, width and channels of an image.
        depth: Convolutions in a block.
        networks: How many there are.
    """

    def distance(channels: int) -> int:
        cost = tree_cost(tree, image_shape, channels, depth).times(networks)
        return abs(cost.parameters - parameters)

    best = 1
    while distance(best + 1) < distance(best):
        best += 1
    return best
