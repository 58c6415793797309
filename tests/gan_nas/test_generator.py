"""Plain generators of searched cells."""

import numpy as np
import plain_models
import pytest
from keras import layers

from gan_nas.blocks import EPSILON
from gan_nas.cells import Cell, Edge
from gan_nas.cost import network_cost
from gan_nas.generator import build_generator
from gan_nas.space import GanSpace
from graftwork.errors import InputError

RNG = np.random.default_rng(0)
CHAIN = Cell(
    (
        (Edge(0, "nearest_identity"), Edge(0, "transposed_3x3")),
        (Edge(1, "conv_1x3_3x1"), Edge(1, "max_pool_3")),
    )
)
WIDE = Cell(
    (
        (Edge(0, "nearest_conv_3x3"), Edge(0, "nearest_conv_3x3")),
        (Edge(0, "nearest_avg_pool_3"), Edge(0, "transposed_5x5")),
    )
)


@pytest.mark.parametrize(
    ("size", "channels", "image_channels"),
    [(8, (4,), 1), (32, (6, 4, 4), 3), (48, (4, 4, 4), 3), (64, (4, 4, 2, 2), 3)],
)
@pytest.mark.parametrize("classes", [None, 3])
def test_images_have_the_size_of_the_space(size, channels, image_channels, classes):
    space = GanSpace.make(size, 2)
    for _ in range(2):
        model = build_generator(space, space.sample(RNG), channels, 5, image_channels, classes)
        assert model.input_names == (("latents",) if classes is None else ("latents", "classes"))
        images = np.asarray(model(plain_models.inputs_of(model)))
        assert images.shape == (3, size, size, image_channels)
        assert images.dtype == np.float32
        assert -1 <= images.min() < images.max() <= 1
        assert np.abs(images[0] - images[1]).max() > 1e-4


def test_a_cell_computes_what_its_text_says():
    """Follows the chain by hand, from the weights by their names."""
    space = GanSpace.make(8, 2)
    model = build_generator(space, space.encode([CHAIN]), (4,), 5, 1)
    plain_models.disturb(model)
    latents = plain_models.inputs_of(model)["latents"]
    layer = model.get_layer
    x = layer("g_start")(layer("g_dense")(latents))
    x = np.asarray(layer("g1_norm")(x, training=False))
    doubled = x.repeat(2, axis=1).repeat(2, axis=2)
    first = (doubled + np.asarray(layer("g1_n1_i2_transposed_3x3")(np.maximum(x, 0)))) / np.sqrt(2)
    rows = layer("g1_n2_i1_conv_1x3")(np.maximum(first, 0))
    pooled = layers.MaxPooling2D(3, 1, "same")(first)
    second = (np.asarray(layer("g1_n2_i1_conv_3x1")(rows)) + np.asarray(pooled)) / np.sqrt(2)
    kernel, bias = layer("g1_project").get_weights()
    out = second @ kernel[0, 0] + bias  # The second node alone is a loose end.
    out = np.maximum(np.asarray(layer("g_out_norm")(out, training=False)), 0)
    expected = layer("g_out_conv")(out)
    np.testing.assert_allclose(model({"latents": latents}), expected, atol=1e-5)


def test_loose_ends_are_projected_together():
    space = GanSpace.make(8, 2)
    model = build_generator(space, space.encode([WIDE]), (4,), 5, 1)
    plain_models.disturb(model)
    parts = [model.get_layer(f"g1_n{node}_scaled").output for node in (1, 2)]
    ends = type(model)(model.inputs, [*parts, model.get_layer("g1_project").output])
    first, second, out = (np.asarray(v) for v in ends([plain_models.inputs_of(model)["latents"]]))
    kernel, bias = model.get_layer("g1_project").get_weights()
    assert kernel.shape == (1, 1, 8, 4)
    expected = (first @ kernel[0, 0, :4] + second @ kernel[0, 0, 4:]) / np.sqrt(2) + bias
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


def test_widths_change_between_stages():
    space = GanSpace.make(16, 1)
    architecture = space.sample(RNG)
    same = build_generator(space, architecture, (4, 4), 5, 1)
    model = build_generator(space, architecture, (6, 4), 5, 1)
    assert "g2_widen" not in [layer.name for layer in same.layers]
    assert model.get_layer("g2_widen").kernel.shape == (1, 1, 6, 4)
    assert model.get_layer("g2_norm").output.shape[1:] == (8, 8, 6)


def test_batch_statistics_in_training_and_moving_ones_after():
    space = GanSpace.make(8, 1)
    model = build_generator(space, space.sample(RNG), (4,), 5, 1)
    assert {
        layer.epsilon for layer in model.layers if isinstance(layer, layers.BatchNormalization)
    } == {EPSILON}
    one, two = plain_models.inputs_of(model)["latents"], plain_models.inputs_of(model, seed=1)
    both = np.concatenate([one, two["latents"]])
    alone = np.asarray(model({"latents": one}, training=False))
    together = np.asarray(model({"latents": both}, training=False))
    np.testing.assert_allclose(together[:3], alone, atol=1e-5)
    trained = np.asarray(model({"latents": both}, training=True))
    assert np.abs(trained[:3] - np.asarray(model({"latents": one}, training=True))).max() > 1e-3


def test_the_class_scales_and_shifts():
    space = GanSpace.make(8, 2)
    model = build_generator(space, space.sample(RNG), (4,), 5, 1, classes=3)
    latents = np.repeat(plain_models.inputs_of(model, 1)["latents"], 3, axis=0)
    classes = np.arange(3, dtype=np.int32)
    fresh = np.asarray(model({"latents": latents, "classes": classes}))
    np.testing.assert_allclose(fresh[0], fresh[1], atol=1e-6)  # Scales 1, shifts 0 at first.
    rng = np.random.default_rng(1)
    for place in ("g1", "g_out"):
        for kind in ("scale", "shift"):
            table = model.get_layer(f"{place}_{kind}").embeddings
            assert table.shape == (3, 4)
            table.assign_add(rng.normal(0, 0.5, (3, 4)))
    images = np.asarray(model({"latents": latents, "classes": classes}))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(images[a] - images[b]).max() > 1e-3
    swapped = np.asarray(model({"latents": latents, "classes": classes[::-1]}))
    np.testing.assert_allclose(swapped[::-1], images, atol=1e-5)


def test_the_same_seed_builds_the_same_generator():
    space = GanSpace.make(16, 2)
    architecture = space.sample(RNG)
    first, again, other = (
        build_generator(space, architecture, (4, 3), 5, 1, seed=seed).get_weights()
        for seed in (7, 7, 8)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_channels_of_another_number_of_stages_are_refused():
    space = GanSpace.make(16, 2)
    with pytest.raises(InputError, match=r"channels must be 2 .*Received: \(4,\)"):
        build_generator(space, space.sample(RNG), (4,), 5, 1)
    with pytest.raises(InputError, match="at least 2"):
        build_generator(space, space.sample(RNG), (4, 4), 5, 1, classes=1)


def test_cost_is_the_count_by_hand():
    space = GanSpace.make(8, 2)
    model = build_generator(space, space.encode([CHAIN]), (4,), 5, 1)
    cost = network_cost(model)
    dense, norms = (5 + 1) * 64, 2 * 2 * 4
    convolutions = (9 * 16 + 4) + 3 * 16 + (3 * 16 + 4) + (16 + 4) + (9 * 4 + 1)
    assert cost.parameters == dense + norms + convolutions
    multiply_adds = 5 * 64 + 16 * 9 * 16 + 64 * (3 * 16 + 3 * 16 + 16 + 9 * 4)
    assert cost.flops == 2 * multiply_adds
