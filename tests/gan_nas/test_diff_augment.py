"""DiffAugment: every image as NumPy would change it, and gradients that flow back."""

import numpy as np
import pytest
import tensorflow as tf

from gan_nas.diff_augment import POLICIES, DiffAugment
from graftwork.errors import InputError


def by_hand(image, parameters, policy):
    """Changes one image by the definitions of Zhao et al. 2020."""
    brightness, saturation, contrast, down, right, hole_y, hole_x = map(float, parameters)
    height, width, channels = image.shape
    if "color" in policy:
        image = image + brightness - 0.5
        if channels == 3:
            grey = image.mean(axis=2, keepdims=True)
            image = (image - grey) * 2 * saturation + grey
        image = (image - image.mean()) * (contrast + 0.5) + image.mean()
    if "translation" in policy:
        moved = np.zeros_like(image)
        y = np.floor(down * (2 * round(height / 8) + 1)) - round(height / 8)
        x = np.floor(right * (2 * round(width / 8) + 1)) - round(width / 8)
        for i in range(height):
            for j in range(width):
                if 0 <= i - y < height and 0 <= j - x < width:
                    moved[i, j] = image[int(i - y), int(j - x)]
        image = moved
    if "cutout" in policy:
        image = image.copy()
        y = int(hole_y * (height + 1)) - height // 4
        x = int(hole_x * (width + 1)) - width // 4
        image[max(0, y) : max(0, y + height // 2), max(0, x) : max(0, x + width // 2)] = 0
    return image


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("policy", [*((name,) for name in POLICIES), POLICIES])
def test_every_image_is_changed_by_its_own_parameters(policy, channels):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (40, 8, 16, channels)).astype("float32")
    augment = DiffAugment(policy)
    parameters = augment.draw(rng, 40)
    assert parameters.dtype == np.float32
    assert parameters.shape[0] == 40
    found = np.asarray(augment(images, parameters))
    for image, row, result in zip(images, parameters, found, strict=True):
        np.testing.assert_allclose(result, by_hand(image, row, policy), atol=1e-5)


def test_all_shifts_and_all_holes_occur():
    rng = np.random.default_rng(1)
    images = np.ones((4000, 16, 16, 1), "float32")
    parameters = DiffAugment().draw(rng, 4000)
    moved = np.asarray(DiffAugment(("translation",))(images, parameters))[..., 0]
    kept = moved.any(axis=2).sum(axis=1)
    counts = [(kept == 16 - lost).sum() for lost in (0, 1, 2)]
    np.testing.assert_allclose(counts, [800, 1600, 1600], rtol=0.15)
    holed = np.asarray(DiffAugment(("cutout",))(images, parameters))[..., 0]
    share = 1 - holed.mean(axis=0)
    assert share[8, 8] > 0.2  # Half of the positions of 17, in both directions.
    assert share[0, 0] > 0.03  # Holes reach over the edges.
    assert (holed.reshape(4000, -1).min(axis=1) == 0).all()


def test_gradients_flow_to_the_pixels_that_are_shown():
    rng = np.random.default_rng(2)
    images = tf.Variable(rng.uniform(-1, 1, (6, 16, 16, 3)).astype("float32"))
    parameters = DiffAugment().draw(rng, 6)
    weights = rng.normal(size=(6, 16, 16, 3)).astype("float32")
    augment = DiffAugment()
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(augment(images, parameters) * weights)
    gradient = np.asarray(tape.gradient(value, images))
    # The whole is linear in the pixels: the gradient predicts any change.
    change = rng.normal(size=images.shape).astype("float32")
    found = np.sum(
        (np.asarray(augment(images + change, parameters)) - augment(images, parameters)) * weights
    )
    np.testing.assert_allclose(found, (gradient * change).sum(), rtol=1e-3)

    # Without colours, whose means reach everywhere, what is cut out or moved out has none.
    mask = DiffAugment(("translation", "cutout"))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(mask(images, parameters))
    gradient = np.asarray(tape.gradient(value, images))
    assert set(np.unique(gradient)) == {0.0, 1.0}
    shown = np.asarray(mask(images, parameters)) != 0
    np.testing.assert_array_equal(gradient.sum(axis=(1, 2, 3)), shown.sum(axis=(1, 2, 3)))


@pytest.mark.parametrize("policy", [(), ("colour",), ("color", "flip")])
def test_unknown_policies_are_refused(policy):
    with pytest.raises(InputError, match="diff-augment must name some of color, translation"):
        DiffAugment(policy)
