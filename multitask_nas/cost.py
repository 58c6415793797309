"""What a tree costs: parameters and operations, by closed forms."""

import dataclasses

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


def tree_cost(tree: Tree, image_shape: tuple[int, int, int], channels: int, depth: int) -> Cost:
    """Returns the cost of a tree whose blocks without descendants are pruned.

    Args:
        tree: The tree.
        image_shape: Height, width and channels of an image.
        channels: The channels of every block's output.
        depth: Convolutions in a block.
    """
    height, width, inputs = image_shape
    blocks = tree.pruned().blocks
    parameters = flops = 0
    for layer, count in enumerate(blocks):
        for _ in range(depth):
            parameters += count * (9 * inputs * channels + 2 * channels)
            flops += count * 2 * 9 * inputs * channels * height * width
            inputs = channels
        if layer < len(blocks) - 1:
            height, width = height // 2, width // 2
    parameters += tree.attributes * (channels + 1)
    flops += tree.attributes * 2 * channels
    return Cost(parameters, flops)


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
