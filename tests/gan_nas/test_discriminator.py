"""Plain discriminators: of searched cells, and the fixed residual one."""

import keras
import numpy as np
import plain_models
import pytest

from gan_nas.cost import network_cost
from gan_nas.discriminator import build_discriminator, next_widths, residual_discriminator
from gan_nas.space import GanSpace
from graftwork.errors import InputError

RNG = np.random.default_rng(0)


def searched(size, channels, image_channels, classes=None, seed=0, nodes=2):
    space = GanSpace.make(size, nodes, discriminator=True)
    architecture = space.sample(np.random.default_rng(seed))
    return build_discriminator(space, architecture, channels, image_channels, classes, seed)


def residual(size, channels, image_channels, classes=None, seed=0):
    return residual_discriminator(size, image_channels, channels, classes, seed)


BOTH = pytest.mark.parametrize("build", [searched, residual])


@BOTH
@pytest.mark.parametrize(
    ("size", "channels", "image_channels"),
    [(8, (4,), 1), (32, (6, 4, 3), 3), (48, (4, 4, 4), 3), (64, (4, 4, 2, 2), 3)],
)
@pytest.mark.parametrize("classes", [None, 3])
def test_one_logit_an_image(build, size, channels, image_channels, classes):
    model = build(size, channels, image_channels, classes)
    assert model.input_names == (("images",) if classes is None else ("images", "classes"))
    inputs = plain_models.inputs_of(model)
    for training in (True, False):
        logits = np.asarray(model(inputs, training=training))
        assert logits.shape == (3,)
        assert logits.dtype == np.float32
        assert len(set(logits.tolist())) == 3
    one = np.asarray(model({key: value[1:2] for key, value in inputs.items()}))
    np.testing.assert_allclose(one, logits[1:2], rtol=1e-4, atol=1e-5)


@BOTH
def test_widths_are_the_generators_reversed(build):
    model = build(32, (6, 5, 3), 3)
    assert next_widths((6, 5, 3)) == (5, 6, 6)
    assert model.get_layer("d_stem").output.shape[1:] == (32, 32, 3)
    shapes = [layer.output.shape[1:] for layer in model.layers]
    for shape in ((16, 16, 5), (8, 8, 6), (4, 4, 6)):
        assert shape in shapes
    assert model.get_layer("d_features").output.shape[1:] == (6,)


@BOTH
def test_every_kernel_ends_with_spectral_norm_one(build):
    model = build(8, (4,), 1, classes=3)
    inputs = plain_models.inputs_of(model)
    for _ in range(25):
        model(inputs, training=True)
    norms = {}
    for layer in model.layers:
        for weight in layer.trainable_weights:
            if weight.name in ("kernel", "embeddings"):
                assert isinstance(layer, keras.layers.SpectralNormalization)
                matrix = np.asarray(weight).reshape(-1, weight.shape[-1])
                norms[layer.name] = np.linalg.norm(matrix, 2)
    assert {"d_stem", "d_dense", "d_embedding"} < set(norms)
    np.testing.assert_allclose(list(norms.values()), 1.0, atol=0.05)


@BOTH
def test_the_class_adds_the_inner_product_of_its_embedding(build):
    model = build(8, (4,), 1, classes=3)
    images = np.repeat(plain_models.inputs_of(model, 1)["images"], 3, axis=0)
    classes = np.arange(3, dtype=np.int32)
    logits = np.asarray(model({"images": images, "classes": classes}))
    features = keras.Model(model.input, model.get_layer("d_features").output)
    f = np.asarray(features({"images": images, "classes": classes}))
    kernel, bias = model.get_layer("d_dense").layer.get_weights()
    (embedding,) = model.get_layer("d_embedding").layer.get_weights()
    expected = (f @ kernel)[:, 0] + bias + (embedding * f).sum(axis=1)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    assert np.ptp(logits) > 1e-4


@BOTH
def test_gradients_reach_every_weight_of_the_discriminator(build):
    import tensorflow as tf

    model = build(16, (4, 3), 1, classes=3)
    inputs = plain_models.inputs_of(model, 6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(inputs, training=True) ** 2)
    gradients = tape.gradient(loss, model.trainable_weights)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.abs(np.asarray(tf.convert_to_tensor(gradient))).max() > 0, weight.path


@BOTH
def test_the_same_seed_builds_the_same_discriminator(build):
    first, again = (build(8, (4,), 1, 3).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_features_are_sums_over_positions():
    model = residual(8, (4,), 1)
    inner = keras.Model(
        model.inputs, [model.get_layer("d_relu").output, model.get_layer("d_features").output]
    )
    maps, features = inner([plain_models.inputs_of(model)["images"]])
    np.testing.assert_allclose(np.asarray(maps).sum(axis=(1, 2)), features, rtol=1e-5)
    assert np.asarray(maps).min() == 0


def test_what_does_not_fit_is_refused():
    space = GanSpace.make(16, 2)
    with pytest.raises(ValueError, match="discriminator=True"):
        build_discriminator(space, space.sample(RNG), (4, 4), 1)
    with pytest.raises(InputError, match="channels must be 2"):
        residual_discriminator(16, 1, (4, 4, 4))
    with pytest.raises(InputError, match="image_size"):
        residual_discriminator(20, 1, (4, 4, 4))


def test_cost_counts_what_the_wrappers_hold():
    cost = network_cost(residual(8, (4,), 1, classes=3))
    convolutions = [(8, 9, 1, 4), (8, 9, 4, 4), (8, 9, 4, 4), (4, 1, 4, 4)]
    weights = sum(k * i * o + o for _, k, i, o in convolutions)
    assert cost.parameters == weights + (4 + 1) + 3 * 4
    assert cost.flops == 2 * (sum(s * s * k * i * o for s, k, i, o in convolutions) + 4)
