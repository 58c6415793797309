"""The chain supernet is, for every architecture, the plain model, and shares fairly."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from graftwork.errors import InputError
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from transfer_nas.layers import NORMALIZED
from transfer_nas.model import plain_model
from transfer_nas.space import OPERATIONS, ChainSpace
from transfer_nas.supernet import build_supernet

BATCH = 4
ATTRIBUTES = 3
# Stages, image shape.
CASES = [(6, (16, 16, 1)), (4, (32, 32, 3)), (3, (9, 12, 1))]


@functools.cache  # Nobody changes it, and what it traced serves several tests.
def supernet_of(space, shape):
    """Returns a supernet in which no weight has a value that could hide a mistake."""
    network = build_supernet(space, ATTRIBUTES, 3, shape, seed=0)
    rng = np.random.default_rng(0)
    network.set_weights(
        [w + rng.normal(0, 0.3, w.shape).astype("float32") for w in network.get_weights()]
    )
    return network


def random_images(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def inputs_of(images, architecture, attribute):
    row = np.asarray([*architecture, attribute], np.int32)
    return {"images": images, "architecture": np.tile(row, (len(images), 1))}


def gradients(model, inputs, cotangent):
    """Returns the outputs and the gradients of all weights, by `layer/weight`."""
    with tf.GradientTape() as tape:
        outputs = model(inputs)
        loss = ops.sum(outputs * cotangent)
    variables = model.trainable_variables
    values = tape.gradient(
        loss, [variable.value for variable in variables], unconnected_gradients="zero"
    )
    names = ["/".join(variable.path.split("/")[-2:]) for variable in variables]
    return np.asarray(outputs), {
        name: np.asarray(value) for name, value in zip(names, values, strict=True)
    }


def used_rows(space, architecture):
    """Returns, by `layer/weight`, which rows of the stages' variables an architecture uses."""
    operations = np.asarray([stage.operation for stage in space.stages(architecture)])
    rows = {}
    for operation in NORMALIZED:
        separable = operation.startswith("separable")
        for ending in ("_depthwise", "_pointwise") if separable else ("",):
            rows[f"stages/{operation}{ending}"] = operations == operation
    scales = np.ravel(operations[:, None] == np.asarray(NORMALIZED))
    return rows | {"stages/gamma": scales, "stages/beta": scales}


def expected_gradients(space, architecture, attribute, plain, like):
    """Puts the gradients of a plain model where the supernet has these weights."""
    expected = {name: np.zeros_like(value) for name, value in like.items()}
    expected["stem/kernel"] = plain["stem_conv/kernel"]
    expected["stem/gamma"], expected["stem/beta"] = (
        plain["stem_norm/gamma"],
        plain["stem_norm/beta"],
    )
    for i, stage in enumerate(space.stages(architecture)):
        if stage.operation not in NORMALIZED:
            continue
        name = f"stage_{i + 1}"
        if stage.operation.startswith("separable"):
            for kernel in ("depthwise", "pointwise"):
                values = plain[f"{name}_conv/{kernel}_kernel"]
                expected[f"stages/{stage.operation}_{kernel}"][i] = values
        else:
            expected[f"stages/{stage.operation}"][i] = plain[f"{name}_conv/kernel"]
        row = i * len(NORMALIZED) + NORMALIZED.index(stage.operation)
        for kind in ("gamma", "beta"):
            expected[f"stages/{kind}"][row] = plain[f"{name}_norm/{kind}"]
    # In the trunk, the asked attribute counts as half of all.
    for name in expected:
        expected[name] = expected[name] * ATTRIBUTES / 2
    expected["heads/kernel"][attribute] = plain["head/kernel"][:, 0]
    expected["heads/bias"][attribute] = plain["head/bias"][0]
    return expected


@pytest.mark.parametrize("number", range(15))
def test_outputs_and_gradients_are_those_of_a_plain_model(number):
    stages, shape = CASES[number % len(CASES)]
    space = ChainSpace.make(stages)
    network = supernet_of(space, shape)
    rng = np.random.default_rng(number)
    architecture = space.sample(rng)
    attribute = int(rng.integers(ATTRIBUTES))
    images = random_images(BATCH, shape, number)
    plain = plain_model(network, space, architecture, attribute, shape)

    weight = rng.normal(size=(BATCH, 1)).astype("float32")
    cotangent = np.zeros((BATCH, ATTRIBUTES), np.float32)
    cotangent[:, [attribute]] = weight
    expected, of_plain = gradients(plain, images, weight)
    inputs = inputs_of(images, architecture, attribute)
    outputs, found = gradients(network, inputs, cotangent)
    assert outputs.shape == (BATCH, ATTRIBUTES)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(outputs[:, [attribute]], expected, rtol=1e-4, atol=1e-5)

    wanted = expected_gradients(space, architecture, attribute, of_plain, found)
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        tolerance = max(1e-4 * np.abs(value).max(), 1e-5)
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=tolerance, err_msg=name)
        unused = ~value.any(axis=tuple(range(1, value.ndim)))
        assert not found[name][unused].any(), f"{name}: unused rows must get exactly zero"


def test_those_architectures_use_every_operation_and_skips():
    operations, skips = set(), 0
    for number in range(15):
        space = ChainSpace.make(CASES[number % len(CASES)][0])
        for stage in space.stages(space.sample(np.random.default_rng(number))):
            operations.add(stage.operation)
            skips += len(stage.skips)
    assert operations == set(OPERATIONS)
    assert skips > 15


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_alone_and_with_all_skips(operation):
    shape, space = (32, 32, 3), ChainSpace.make(4)
    network = supernet_of(space, shape)
    images = random_images(BATCH, shape)
    for skip in (0, 1):
        architecture = [
            OPERATIONS.index(operation) if len(decision.choices) > 2 else skip
            for decision in space.decisions
        ]
        outputs = np.asarray(network(inputs_of(images, architecture, ATTRIBUTES)))
        for attribute in range(ATTRIBUTES):
            plain = plain_model(network, space, architecture, attribute, shape)
            np.testing.assert_allclose(
                outputs[:, [attribute]], np.asarray(plain(images)), rtol=1e-4, atol=1e-5
            )


@pytest.mark.parametrize("attribute", [0, 2])
def test_the_asked_head_counts_in_the_trunk_as_much_as_all_others(attribute):
    space, shape = ChainSpace.make(4), (32, 32, 3)
    network = supernet_of(space, shape)
    architecture = space.sample(np.random.default_rng(1))
    images = random_images(BATCH, shape)
    every = np.random.default_rng(2).normal(size=(BATCH, ATTRIBUTES)).astype("float32")
    only = np.zeros_like(every)
    only[:, attribute] = every[:, attribute]

    inputs = inputs_of(images, architecture, ATTRIBUTES)
    all_outputs, together = gradients(network, inputs, every)
    _, alone = gradients(network, inputs, only)
    _, others = gradients(network, inputs, every - only)
    outputs, asked = gradients(network, inputs_of(images, architecture, attribute), every)
    # The attribute decides gradients alone.
    np.testing.assert_allclose(outputs, all_outputs, rtol=1e-5, atol=1e-6)
    for name in asked:
        if name.startswith("heads"):
            # Every head learns, and what it learns does not depend on the attribute.
            assert asked[name].any(axis=tuple(range(1, asked[name].ndim))).all()
            np.testing.assert_allclose(asked[name], together[name], rtol=1e-4, atol=1e-5)
        else:
            half = ATTRIBUTES / 2
            wanted = half * alone[name] + half / (ATTRIBUTES - 1) * others[name]
            np.testing.assert_allclose(asked[name], wanted, rtol=1e-3, atol=1e-4, err_msg=name)
    assert np.abs(together["stem/kernel"] - asked["stem/kernel"]).max() > 1e-3


def test_all_heads_send_the_mean_of_what_is_sent_for_each():
    space, shape = ChainSpace.make(3), (9, 12, 1)
    network = supernet_of(space, shape)
    architecture = space.sample(np.random.default_rng(3))
    images = random_images(BATCH, shape)
    cotangent = np.random.default_rng(2).normal(size=(BATCH, ATTRIBUTES)).astype("float32")
    each = [
        gradients(network, inputs_of(images, architecture, attribute), cotangent)[1]
        for attribute in range(ATTRIBUTES + 1)
    ]
    for name in each[0]:
        if not name.startswith("heads"):
            total = sum(one[name] for one in each[:ATTRIBUTES]) / ATTRIBUTES
            np.testing.assert_allclose(each[ATTRIBUTES][name], total, rtol=1e-3, atol=1e-4)


def trainer_of(network, shape, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (20, ATTRIBUTES)).astype("int8")
    labels[3] = -1
    data = TrainingData(random_images(20, shape, seed), labels, np.arange(20))
    return Trainer(network, data, BATCH, 1e-2)


def test_training_leaves_alone_what_was_not_chosen_and_traces_once(monkeypatch):
    space, shape = ChainSpace.make(3), (8, 8, 1)
    network = build_supernet(space, ATTRIBUTES, 3, shape, seed=0)
    traces = []
    features = network.features  # Python sees this call only while it is traced.
    monkeypatch.setattr(
        network, "features", lambda *arguments: (traces.append(1), features(*arguments))[1]
    )
    trainer = trainer_of(network, shape)
    pairs = []

    def sample(rng):
        pairs.append((*space.sample(rng), int(rng.integers(ATTRIBUTES + 1))))
        return pairs[-1]

    moved = 0
    for _ in range(12):
        before = {variable.path: np.asarray(variable) for variable in network.variables}
        trainer.train(1, sample)
        after = {variable.path: np.asarray(variable) for variable in network.variables}
        used = used_rows(space, pairs[-1][:-1])
        for path, value in before.items():
            name = "/".join(path.split("/")[-2:])
            changed = (value != after[path]).any(axis=tuple(range(1, value.ndim)))
            if name in used:
                assert not changed[~used[name]].any(), name
                moved += changed[used[name]].sum()
            elif name in ("heads/kernel", "stem/kernel"):
                assert changed.all(), name
    assert moved > 30
    assert len(set(pairs)) == len(pairs) == 12
    assert {pair[-1] for pair in pairs} == set(range(ATTRIBUTES + 1))
    assert len(traces) == 1


def test_images_do_not_see_each_other_and_the_batch_may_have_any_size():
    space, shape = ChainSpace.make(6), (16, 16, 1)
    network = supernet_of(space, shape)
    images = random_images(BATCH, shape)
    architecture = space.sample(np.random.default_rng(5))
    together = np.asarray(network(inputs_of(images, architecture, 0)))
    for size in (1, 3):
        part = np.asarray(network(inputs_of(images[:size], architecture, 0)))
        np.testing.assert_allclose(part, together[:size], rtol=1e-4, atol=1e-5)


def test_an_image_of_one_colour_gives_finite_numbers_and_gradients():
    space, shape = ChainSpace.make(6), (16, 16, 1)
    network = supernet_of(space, shape)
    images = np.full((BATCH, *shape), 255, np.uint8)
    architecture = space.sample(np.random.default_rng(0))
    outputs, found = gradients(network, inputs_of(images, architecture, ATTRIBUTES), np.float32(1))
    assert np.isfinite(outputs).all()
    assert all(np.isfinite(value).all() for value in found.values())


def test_first_weights_are_a_function_of_the_seed():
    space = ChainSpace.make(3)
    first, again, other = (
        build_supernet(space, 5, 3, (8, 8, 1), seed).get_weights() for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    drawn = [(a, b) for a, b in zip(first, other, strict=True) if np.ptp(a) > 0]
    assert len(drawn) == 8  # The stem, two convolutions, two of each separable one, the heads.
    assert not any(np.array_equal(a, b) for a, b in drawn)
    # No two stages, and no two operations, begin alike.
    flat = [row.ravel()[:9] for a, _ in drawn[1:-1] for row in a]
    assert len({tuple(row) for row in flat}) == len(flat) == 18


def test_first_kernels_have_the_deviation_of_one_stage():
    network = build_supernet(ChainSpace.make(6), 2, 16, (8, 8, 1), seed=0)
    for operation, deviations in {
        "conv_3x3": [np.sqrt(2 / (9 * 16))],
        "conv_5x5": [np.sqrt(2 / (25 * 16))],
        "separable_3x3": [1 / 3, np.sqrt(2 / 16)],
        "separable_5x5": [1 / 5, np.sqrt(2 / 16)],
    }.items():
        kernels = network.stage_layer.kernels[operation]
        for kernel, deviation in zip(kernels, deviations, strict=True):
            np.testing.assert_allclose(np.std(kernel), deviation, rtol=0.1, err_msg=operation)


@pytest.mark.parametrize("shape", [(7, 32, 1), (32, 4, 3)])
def test_images_that_are_too_small_are_refused(shape):
    with pytest.raises(InputError, match=f"at least 8 pixels a side.*{shape[1]} × {shape[0]}"):
        build_supernet(ChainSpace.make(3), 1, 2, shape, seed=0)
