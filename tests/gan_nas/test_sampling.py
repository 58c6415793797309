"""Latents, interpolation, and images from networks that want different inputs."""

import keras
import numpy as np
import pytest
import scipy.stats

from gan_nas.sampling import generate, interpolation, latents, to_uint8, wanted_inputs
from graftwork.errors import InputError


def test_latents_are_normal_and_a_function_of_the_seed():
    drawn = latents(500, 40, seed=3)
    assert drawn.shape == (500, 40)
    assert drawn.dtype == np.float32
    assert scipy.stats.kstest(drawn.ravel(), "norm").pvalue > 0.01
    np.testing.assert_array_equal(drawn[:7], latents(7, 40, seed=3))
    assert not np.array_equal(drawn[:7], latents(7, 40, seed=4))


@pytest.mark.parametrize("truncation", [0.05, 0.7, 2.0])
def test_truncated_latents_have_the_distribution_of_numbers_drawn_again(truncation):
    drawn = latents(500, 40, seed=0, truncation=truncation)
    assert np.abs(drawn).max() <= truncation
    expected = scipy.stats.truncnorm(-truncation, truncation)
    assert scipy.stats.kstest(drawn.ravel(), expected.cdf).pvalue > 0.01
    np.testing.assert_array_equal(drawn[:7], latents(7, 40, 0, truncation))


@pytest.mark.parametrize("truncation", [0.0, -1.0, float("nan")])
def test_a_truncation_that_leaves_nothing_is_refused(truncation):
    with pytest.raises(InputError, match="truncate"):
        latents(2, 3, 0, truncation)


def test_interpolation_goes_along_a_great_circle():
    paths = interpolation(pairs=3, steps=5, size=64, seed=1).reshape(3, 5, 64)
    ends = latents(6, 64, seed=1).reshape(3, 2, 64)
    np.testing.assert_allclose(paths[:, [0, -1]], ends, atol=1e-5)
    directions = paths / np.linalg.norm(paths, axis=-1, keepdims=True)
    # Midway the direction is that of the sum of the ends' where both are as long.
    lengths = np.linalg.norm(paths, axis=-1)
    assert (lengths > 0.85 * lengths[:, [0, -1]].min(axis=1, keepdims=True)).all()
    weights = np.linalg.lstsq(ends[0].T, paths[0].T, rcond=None)[0]  # (2, steps)
    angle = np.arccos(directions[0, 0] @ directions[0, -1])
    share = np.linspace(0, 1, 5)
    np.testing.assert_allclose(weights[1], np.sin(share * angle) / np.sin(angle), atol=1e-4)
    np.testing.assert_allclose(weights[0], weights[1][::-1], atol=1e-4)


def test_interpolation_of_parallel_latents_and_of_one_step():
    assert np.isfinite(interpolation(4, 3, 1, seed=0)).all()
    with pytest.raises(InputError, match="2 steps"):
        interpolation(1, 1, 8, seed=0)


def test_pixels_are_rounded_and_cut_off():
    values = np.array([-1.5, -1.0, -0.999, 0.0, 0.5, 1.0, 2.0])
    assert to_uint8(values).tolist() == [0, 0, 0, 128, 191, 255, 255]
    grey = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_uint8(grey / 127.5 - 1), grey)
    with pytest.raises(InputError, match="not finite"):
        to_uint8(np.array([0.0, np.nan]))


def plain(with_classes):
    """A generator whose pixel is the first number of the latents, plus 0.1 times the class."""
    inputs = {"latents": keras.Input((3,), name="latents")}
    x = inputs["latents"][:, :1]
    if with_classes:
        inputs["classes"] = keras.Input((), dtype="int32", name="classes")
        x = x + 0.1 * keras.ops.cast(inputs["classes"], "float32")[:, None]
    return keras.Model(inputs, keras.layers.Reshape((1, 1, 1))(x))


class Supernet(keras.Model):
    """Adds what the architecture says; all rows must have it."""

    input_names = ("latents", "architecture")

    def call(self, inputs, training=False):
        assert set(inputs) == set(self.input_names)
        added = keras.ops.sum(inputs["architecture"], axis=1)
        x = inputs["latents"][:, :1] + 0.1 * keras.ops.cast(added, "float32")[:, None]
        return x[:, None, None]


ROWS = np.linspace(-0.9, 0.3, 21).reshape(7, 3).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_images_come_in_the_order_of_the_latents(batch):
    model = plain(with_classes=False)
    found = generate(model, ROWS, classes=np.arange(7), architecture=(1, 2), batch=batch)
    assert found.shape == (7, 1, 1, 1)
    np.testing.assert_array_equal(found[:, 0, 0, 0], to_uint8(ROWS[:, 0]))


def test_classes_and_architecture_reach_the_networks_that_want_them(tmp_path):
    classes = np.arange(7) % 3
    model = plain(with_classes=True)
    found = generate(model, ROWS, classes, batch=4)
    np.testing.assert_array_equal(found[:, 0, 0, 0], to_uint8(ROWS[:, 0] + 0.1 * classes))
    model.save(tmp_path / "generator.keras")
    loaded = keras.saving.load_model(tmp_path / "generator.keras")
    assert set(wanted_inputs(loaded)) == {"latents", "classes"}
    np.testing.assert_array_equal(generate(loaded, ROWS, classes), found)
    found = generate(Supernet(), ROWS, architecture=(1, 2), batch=4)
    np.testing.assert_array_equal(found[:, 0, 0, 0], to_uint8(ROWS[:, 0] + 0.3))


def test_what_is_lacking_is_said():
    with pytest.raises(InputError, match="needs classes"):
        generate(plain(with_classes=True), ROWS)
    with pytest.raises(InputError, match="needs architecture"):
        generate(Supernet(), ROWS)
    with pytest.raises(InputError, match="3 rows for 7 latents"):
        generate(plain(with_classes=True), ROWS, np.arange(3))
    with pytest.raises(InputError, match="at least one"):
        generate(plain(with_classes=False), ROWS[:0])
