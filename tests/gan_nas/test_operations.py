"""Every operation: shapes, what it computes, how it begins."""

import keras
import numpy as np
import pytest
from keras import ops

from gan_nas.cells import CONVOLUTIONS, DOWN, NORMAL, UP
from gan_nas.operations import OPERATIONS, Convolution, Operation, apply_operation, steps
from graftwork.errors import InputError

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(3, 6, 6, 5)).astype("float32")


def model_of(operation, channels=5, seed=0):
    x = keras.Input((6, 6, channels))
    return keras.Model(x, apply_operation(operation, x, channels, "g1_n1_i1", seed))


def run(operation, images=IMAGES):
    return np.asarray(model_of(operation, images.shape[-1])(images))


def size_after(operation):
    return 12 if operation in UP else 3 if operation in DOWN else 6


@pytest.mark.parametrize("operation", OPERATIONS)
def test_shapes_and_independence_of_images(operation):
    layer = Operation(operation)
    output = np.asarray(layer(IMAGES))
    size = size_after(operation)
    assert output.shape == (3, size, size, 5)
    assert output.dtype == np.float32
    assert layer.compute_output_shape((None, 6, 6, 5)) == (None, size, size, 5)
    # An image's output depends on no other image of the batch.
    np.testing.assert_allclose(layer(IMAGES[1:2])[0], output[1], atol=1e-5)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_layer_and_the_graph_are_the_same(operation):
    layer, model = Operation(operation, seed=3), model_of(operation)
    layer.build(IMAGES.shape)
    assert [w.shape for w in layer.weights] == [w.shape for w in model.weights]
    layer.set_weights(model.get_weights())
    np.testing.assert_allclose(layer(IMAGES), model(IMAGES), atol=1e-6)
    assert not any(isinstance(part, Operation) for part in model.layers)
    copy = Operation.from_config(layer.get_config())
    assert (copy.operation, copy.seed) == (operation, 3)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if "conv" in name])
def test_convolutions_are_pre_activated_and_biased_once(operation):
    model = model_of(operation)
    biases = [w for w in model.weights if w.name == "bias"]
    assert len(biases) == 1
    assert biases[0] is model.weights[-1]
    biases[0].assign(np.arange(5.0))
    below_zero = np.asarray(model(-np.abs(IMAGES)))
    np.testing.assert_allclose(below_zero, np.broadcast_to(np.arange(5.0), below_zero.shape))


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_kernels_have_the_shapes_of_their_names(convolution):
    shapes = {
        "conv_1x3_3x1": [(1, 3), (3, 1)],
        "conv_1x5_5x1": [(1, 5), (5, 1)],
        "conv_1x7_7x1": [(1, 7), (7, 1)],
        "conv_3x3": [(3, 3)],
    }[convolution]
    kinds = (convolution, f"nearest_{convolution}", f"{convolution}_avg", f"avg_{convolution}")
    for name in kinds:
        kernels = [w.shape for w in model_of(name).weights if w.name == "kernel"]
        assert kernels == [(*shape, 5, 5) for shape in shapes]


def test_nothing_stands_between_a_row_and_a_column():
    model = model_of("conv_1x3_3x1")
    bias = np.asarray(model.weights[-1])
    # Linear in the rectified input: doubling positive images doubles the output.
    images = np.abs(IMAGES)
    np.testing.assert_allclose(
        model(2 * images) - bias, 2 * (np.asarray(model(images)) - bias), atol=1e-4
    )


def test_pools_are_those_of_numpy():
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))
    np.testing.assert_allclose(run("max_pool_5"), np.nanmax(windows, axis=(-1, -2)), atol=1e-5)
    # Averages leave the padding out.
    np.testing.assert_allclose(run("avg_pool_5"), np.nanmean(windows, axis=(-1, -2)), atol=1e-5)
    np.testing.assert_array_equal(run("identity"), IMAGES)


def test_nearest_comes_before_the_operation_and_pooling_where_the_name_says():
    doubled = IMAGES.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(run("nearest_identity"), doubled)
    np.testing.assert_allclose(run("nearest_avg_pool_3"), run_on("avg_pool_3", doubled), atol=1e-6)

    def halved(images):
        return images.reshape(3, 3, 2, 3, 2, 5).mean(axis=(2, 4))

    for name in CONVOLUTIONS:
        plain = model_of(name)
        after, before = model_of(f"{name}_avg"), model_of(f"avg_{name}")
        for model in (after, before):
            model.set_weights(plain.get_weights())
        np.testing.assert_allclose(after(IMAGES), halved(np.asarray(plain(IMAGES))), atol=1e-5)
        small = keras.Input((3, 3, 5))
        on_small = keras.Model(small, apply_operation(name, small, 5, "g1_n1_i1"))
        on_small.set_weights(plain.get_weights())
        np.testing.assert_allclose(before(IMAGES), on_small(halved(IMAGES)), atol=1e-5)


def run_on(operation, images):
    x = keras.Input(images.shape[1:])
    return np.asarray(keras.Model(x, apply_operation(operation, x, 5, "g1"))(images))


@pytest.mark.parametrize("size", [3, 5, 7])
def test_transposed_convolutions_are_the_gradients_of_strided_ones(size):
    model = model_of(f"transposed_{size}x{size}")
    kernel = np.asarray(model.weights[0])
    outputs = RNG.normal(size=(3, 12, 12, 5)).astype("float32")
    images = np.abs(IMAGES)
    strided = ops.conv(outputs, kernel, 2, "same")
    # <conv(y), x> = <y, transposed(x)>.
    np.testing.assert_allclose(
        np.sum(np.asarray(strided) * images), np.sum(outputs * np.asarray(model(images))), rtol=1e-3
    )


@pytest.mark.parametrize("operation", [name for name in (*NORMAL, *UP) if "pool" not in name])
def test_operations_begin_with_the_variance_of_their_input(operation):
    channels = 48
    images = np.random.default_rng(1).normal(size=(16, 16, 16, channels)).astype("float32")
    x = keras.Input((16, 16, channels))
    model = keras.Model(x, apply_operation(operation, x, channels, "g1", seed=0))
    output = np.asarray(model(images))
    inner = output[:, 8:-8, 8:-8] if operation in UP else output[:, 4:-4, 4:-4]
    # Nearest pixels repeat what they are multiplied with, which raises the variance: that
    # of rectified values is not centred. A transposed 3×3 kernel meets 1, 2, 2 or 4 pixels.
    assert 0.8 < np.mean(np.square(inner)) < 1.25


def test_seeds_make_weights_reproducible_and_places_make_them_differ():
    first, again, other = model_of("conv_3x3"), model_of("conv_3x3"), model_of("conv_3x3", seed=1)
    np.testing.assert_array_equal(first.weights[0], again.weights[0])
    assert np.abs(np.asarray(first.weights[0]) - np.asarray(other.weights[0])).max() > 0.1
    two = model_of("conv_1x3_3x1")
    assert [layer.name for layer in two.layers[1:]] == [
        "g1_n1_i1_relu",
        "g1_n1_i1_conv_1x3",
        "g1_n1_i1_conv_3x1",
    ]
    assert not np.allclose(np.ravel(two.weights[0]), np.ravel(two.weights[1]))


def test_steps_name_their_layers():
    assert [
        step.name for step in steps("nearest_conv_1x7_7x1") if isinstance(step, Convolution)
    ] == [
        "conv_1x7",
        "conv_7x1",
    ]
    assert steps("identity") == ()


def test_an_unknown_operation_is_refused_with_near_names():
    with pytest.raises(InputError, match="conv_3x3"):
        Operation("conv_3x33")
