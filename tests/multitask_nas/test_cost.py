"""The closed forms against Keras's own counts."""

import keras
import numpy as np
import pytest

from multitask_nas.cost import channels_for, tree_cost
from multitask_nas.networks import Network
from multitask_nas.tree import Tree, TreeSpace


def counted_flops(model):
    """Multiply-adds times two, from the shapes of the layers of a plain model."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            _, height, width, _ = layer.output.shape
            total += 2 * height * width * int(np.prod(layer.kernel.shape))
        if isinstance(layer, keras.layers.Dense):
            total += 2 * int(np.prod(layer.kernel.shape))
    return total


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("shape", [(16, 16, 1), (24, 16, 3)])
@pytest.mark.parametrize("separate", [0, 3])
def test_parameters_and_flops_are_those_of_the_plain_model(shape, depth, separate):
    space = TreeSpace((2, 3), list("abcd"))
    tree = Tree(((0,), (0,), (0,))) if separate else space.sample_tree(np.random.default_rng(3))
    network = Network(tree, 5, depth, separate)
    model = network.plain_model(shape)
    cost = network.cost(shape)
    assert cost.parameters == model.count_params()
    assert cost.flops == counted_flops(model)


@pytest.mark.parametrize("parameters", [10, 500, 8610, 100_000])
def test_no_other_width_comes_nearer(parameters):
    tree = Tree(((0,), (0,), (0, 0, 0)))
    best = channels_for(parameters, tree, (32, 32, 1), 1, networks=2)
    distances = {
        channels: abs(2 * tree_cost(tree, (32, 32, 1), channels, 1).parameters - parameters)
        for channels in range(1, 120)
    }
    assert distances[best] == min(distances.values())
