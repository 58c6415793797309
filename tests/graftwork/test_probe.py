"""The frozen network: the same for every domain, finite, and blind to what it should not see."""

import numpy as np
import pytest

from graftwork import probe
from graftwork.errors import InputError
from graftwork.probe import FEATURES, probe_features


def images_of(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(32, 32, 3), (16, 16, 1), (9, 50, 3), (5, 4, 2), (40, 20, 4)])
def test_any_images_have_the_same_number_of_finite_features(shape):
    features = probe_features(images_of(3, *shape))
    assert features.shape == (3, FEATURES)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert (features[:, FEATURES // 2 :] >= 0).all()


def test_features_are_the_same_whatever_is_beside_an_image(monkeypatch):
    images = images_of(7, 20, 20, 1)
    together = probe_features(images)
    monkeypatch.setattr(probe, "BATCH", 3)
    np.testing.assert_allclose(probe_features(images), together, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(probe_features(images[2:3]), together[2:3], rtol=1e-4, atol=1e-5)


def test_weights_are_the_same_in_every_process():
    first = probe._kernels()[0]
    assert first[0, 0, 0, :2] == pytest.approx(np.array([0.09406, 0.22362]), abs=1e-5)


def test_grey_is_the_same_as_three_equal_channels():
    grey = images_of(4, 32, 32, 1)
    coloured = np.repeat(grey, 3, axis=-1)
    np.testing.assert_allclose(probe_features(grey), probe_features(coloured), rtol=1e-4, atol=1e-5)


def test_contrast_brightness_and_inversion_do_not_matter_and_shape_does():
    images = images_of(4, 32, 32, 1) // 4 + 20
    features = probe_features(images)
    for changed in (images * 2 + 30, 255 - images):
        np.testing.assert_allclose(probe_features(changed), features, rtol=1e-3, atol=1e-4)
    smooth = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None] * 4, (1, 32, 32, 1))
    assert np.abs(probe_features(smooth) - features[:1]).max() > 0.1


def test_an_image_of_one_colour_has_finite_features():
    assert (probe_features(np.full((2, 32, 32, 3), 77, np.uint8)) == 0).all()


def test_no_image_has_no_features():
    assert probe_features(np.zeros((0, 8, 8, 1), np.uint8)).shape == (0, FEATURES)


@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 8, 8), np.uint8), np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 0, 1), np.uint8)],
    ids=["no channels", "floats", "empty"],
)
def test_what_are_no_images_is_refused(images):
    with pytest.raises(InputError, match="uint8"):
        probe_features(images)
