"""The supernet is, for every tree, the plain network of that tree."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from multitask_nas.exact import path_blocks
from multitask_nas.layers import BlockLayer
from multitask_nas.model import build_model, copy_weights
from multitask_nas.networks import Network
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import TreeSpace

# Blocks of layers 1…L, attributes, depth, image shape.
SPACES = [
    ((2, 3), 5, 1, (16, 16, 1)),
    ((2, 4, 3), 4, 1, (16, 12, 1)),
    ((3,), 3, 2, (8, 8, 3)),
    ((2, 3), 5, 2, (8, 12, 3)),
    ((1, 3), 1, 1, (8, 8, 1)),
]


def space_of(blocks, attributes):
    return TreeSpace(blocks, [f"attribute {i}" for i in range(attributes)])


def supernet_of(space, depth, shape, **arguments):
    """Returns a supernet in which no weight has a value that could hide a mistake."""
    network = build_supernet(
        space.blocks, len(space.attributes), 3, depth, shape, seed=0, **arguments
    )
    rng = np.random.default_rng(0)
    network.set_weights(
        [w + rng.normal(0, 0.3, w.shape).astype("float32") for w in network.get_weights()]
    )
    return network


def random_images(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def logits_of(network, images, architecture, **arguments):
    rows = np.tile(np.asarray(architecture, np.int32), (len(images), 1))
    return network({"images": images, "architecture": rows}, **arguments)


def gradients(model, predict, cotangent):
    """Returns the gradients of all weights, by `layer/weight`."""
    with tf.GradientTape() as tape:
        loss = ops.sum(predict() * cotangent)
    variables = model.trainable_variables
    names = ["/".join(variable.path.split("/")[-2:]) for variable in variables]
    values = tape.gradient(loss, [variable.value for variable in variables])
    return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}


def expected_gradients(tree, plain, like, depth):
    """Puts the gradients of a tree's plain model where its supernet has these weights."""
    expected = {name: np.zeros_like(value) for name, value in like.items()}
    for layer in range(len(tree.blocks)):
        for new, block in enumerate(np.unique(tree.paths[:, layer])):
            for i in range(depth):
                name = f"layer_{layer}_block_{new}"
                for ours, theirs in (
                    (f"kernel_{i}", f"{name}_conv_{i}/kernel"),
                    (f"gamma_{i}", f"{name}_norm_{i}/gamma"),
                    (f"beta_{i}", f"{name}_norm_{i}/beta"),
                ):
                    expected[f"layer_{layer}/{ours}"][block] = plain[theirs]
    for a, leaf in enumerate(tree.parents[-1]):
        row = leaf * tree.attributes + a
        expected["heads/kernel"][row] = plain[f"head_{a}/kernel"][:, 0]
        expected["heads/bias"][row] = plain[f"head_{a}/bias"][0]
    return expected


@pytest.mark.parametrize("number", range(20))
def test_outputs_and_gradients_are_those_of_a_plain_model(number):
    blocks, attributes, depth, shape = SPACES[number % len(SPACES)]
    space = space_of(blocks, attributes)
    network = supernet_of(space, depth, shape)
    rng = np.random.default_rng(number)
    tree = space.sample_tree(rng)
    plain = build_model(tree, shape, 3, depth, activation="linear")
    copy_weights(network, tree, plain)
    images = random_images(4, shape, number)
    architecture = space.architecture(tree)

    expected = np.asarray(plain(images))
    outputs = np.asarray(logits_of(network, images, architecture))
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)

    cotangent = rng.normal(size=expected.shape).astype("float32")
    found = gradients(network, lambda: logits_of(network, images, architecture), cotangent)
    of_plain = gradients(plain, lambda: plain(images), cotangent)
    for name, wanted in expected_gradients(tree, of_plain, found, depth).items():
        np.testing.assert_allclose(
            found[name], wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max(), err_msg=name
        )
        unused = ~wanted.any(axis=tuple(range(1, wanted.ndim)))
        assert not found[name][unused].any(), f"{name}: unused slices must get exactly zero"


def test_the_trees_of_that_test_have_blocks_that_no_attribute_passes():
    unused = 0
    for number in range(20):
        blocks, attributes, _, _ = SPACES[number % len(SPACES)]
        tree = space_of(blocks, attributes).sample_tree(np.random.default_rng(number))
        unused += sum(tree.blocks) - sum(tree.pruned().blocks)
    assert unused >= 20


def test_an_image_of_one_colour_gives_finite_numbers_and_gradients():
    space = space_of((2, 3), 5)
    network = supernet_of(space, 1, (8, 8, 1))
    images = np.full((2, 8, 8, 1), 255, np.uint8)
    architecture = space.sample(np.random.default_rng(0))
    found = gradients(network, lambda: logits_of(network, images, architecture), np.float32(1))
    assert all(np.isfinite(value).all() for value in found.values())


@pytest.mark.parametrize(("blocks", "attributes", "depth", "shape"), SPACES)
def test_path_logits_are_the_forward_pass(blocks, attributes, depth, shape):
    space = space_of(blocks, attributes)
    network = supernet_of(space, depth, shape)
    images = random_images(5, shape)
    table = np.asarray(network.path_logits(images))
    assert table.shape == (space.paths, 5, attributes)
    number = {tuple(path): p for p, path in enumerate(path_blocks(space.blocks).tolist())}
    for seed in range(10):
        tree = space.sample_tree(np.random.default_rng(seed))
        logits = np.asarray(logits_of(network, images, space.architecture(tree)))
        looked_up = [table[number[tuple(path)], :, a] for a, path in enumerate(tree.paths.tolist())]
        np.testing.assert_allclose(logits, np.stack(looked_up, axis=1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_probing_heads_train_without_changing_what_the_blocks_learn(seed):
    space = space_of((2, 3), 5)
    plain, probing = (
        supernet_of(space, 1, (8, 8, 1), probe_heads=probe) for probe in (False, True)
    )
    images = random_images(4, (8, 8, 1))
    tree = space.sample_tree(np.random.default_rng(seed))
    architecture = space.architecture(tree)
    logits = logits_of(plain, images, architecture)
    np.testing.assert_array_equal(logits_of(probing, images, architecture), logits)

    probes = np.asarray(logits_of(probing, images, architecture, training=True))
    assert probes.shape == (4, 3 * 5)
    for leaf in range(3):
        elsewhere = tree.with_layer(space.layers, [leaf] * 5)
        expected = logits_of(plain, images, space.architecture(elsewhere))
        columns = probes[:, 5 * leaf : 5 * leaf + 5]
        np.testing.assert_allclose(columns, np.asarray(expected), rtol=1e-4, atol=1e-5)

    cotangent = np.random.default_rng(seed).normal(size=(4, 3, 5)).astype("float32")
    connected = np.stack([cotangent[:, leaf, a] for a, leaf in enumerate(tree.parents[-1])], 1)
    wanted = gradients(plain, lambda: logits_of(plain, images, architecture), connected)
    found = gradients(
        probing,
        lambda: logits_of(probing, images, architecture, training=True),
        cotangent.reshape(4, 15),
    )
    for name in wanted:
        if name.startswith("heads"):
            assert found[name].any(axis=tuple(range(1, found[name].ndim))).all()
            continue
        tolerance = 1e-4 * np.abs(wanted[name]).max()
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-3, atol=tolerance)
        np.testing.assert_array_equal(found[name] == 0, wanted[name] == 0)


@pytest.mark.parametrize("pool", [True, False])
def test_one_wide_convolution_equals_one_a_block(pool):
    layer = BlockLayer(blocks=3, filters=4, depth=1, pool=pool, seed=0)
    layer.build((None, 8, 6, 2))
    x = np.random.default_rng(0).normal(size=(1, 5, 8, 6, 2)).astype("float32")
    kernels = ops.convert_to_tensor(layer.kernels[0])
    one = layer.convolve_one(x, kernels, pool)
    each = layer.convolve_each(ops.convert_to_tensor(np.repeat(x, 3, axis=0)), kernels, pool)
    np.testing.assert_allclose(np.asarray(one), np.asarray(each), rtol=1e-4, atol=1e-5)


def test_the_batch_may_have_any_size_and_images_do_not_see_each_other():
    space = space_of((2, 3), 5)
    network = supernet_of(space, 1, (8, 8, 1))
    images = random_images(7, (8, 8, 1))
    architecture = space.sample(np.random.default_rng(0))
    together = np.asarray(logits_of(network, images, architecture))
    assert together.shape == (7, 5)
    for size in (1, 2, 3):
        part = np.asarray(logits_of(network, images[:size], architecture))
        assert part.shape == (size, 5)
        np.testing.assert_allclose(part, together[:size], rtol=1e-4, atol=1e-5)


def test_first_weights_are_a_function_of_the_seed():
    first, again, other = (
        build_supernet((1, 2, 3), 5, 3, 2, (8, 8, 1), seed).get_weights() for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if np.ptp(a) > 0]
    assert len(kernels) == 7
    assert not any(np.array_equal(a, b) for a, b in kernels)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_forest_is_one_network_an_attribute(depth):
    shape, attributes = (8, 8, 1), 3
    chain = space_of((1, 1), 1).tree((0, 0, 0))
    forest = Network(chain, channels=2, depth=depth, separate=attributes)
    network, plain = forest.supernet(shape, seed=0), forest.plain_model(shape)
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(0, 1, w.shape) for w in network.get_weights()])
    for a in range(attributes):
        for layer, blocks in enumerate(network.block_layers):
            for i in range(depth):
                name = f"network_{a}_layer_{layer}_block_0"
                weights = [np.asarray(w[i])[a] for w in (blocks.gammas, blocks.betas)]
                plain.get_layer(f"{name}_conv_{i}").set_weights([np.asarray(blocks.kernels[i])[a]])
                plain.get_layer(f"{name}_norm_{i}").set_weights(weights)
        row = a * attributes + a
        kernel, bias = (np.asarray(w)[row] for w in (network.heads.kernel, network.heads.bias))
        plain.get_layer(f"network_{a}_head_0").set_weights([kernel[:, None], bias[None]])
    images = random_images(4, shape)
    probabilities = keras.ops.sigmoid(logits_of(network, images, forest.architecture))
    np.testing.assert_allclose(np.asarray(probabilities), np.asarray(plain(images)), atol=1e-5)
    assert forest.cost(shape).parameters == plain.count_params()


@pytest.mark.parametrize("number", range(5))
def test_closed_forms_count_the_parameters_of_the_plain_model(number):
    blocks, attributes, depth, shape = SPACES[number]
    tree = space_of(blocks, attributes).sample_tree(np.random.default_rng(number))
    network = Network(tree, 3, depth)
    assert network.cost(shape).parameters == network.plain_model(shape).count_params()
