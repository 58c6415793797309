"""Adversarial losses: hand-computed values, and that the signs push the right way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_nas.losses import LOSSES

REAL = np.array([2.0, 0.5, -1.0], "float32")
FAKE = np.array([-3.0, 0.0, 1.5], "float32")


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        # (0 + 0.5 + 2)/3 + (0 + 1 + 2.5)/3, and −(−1.5)/3.
        ("hinge", 2.0, 0.5),
        # (log(1+e^−2) + log(1+e^−0.5) + log(1+e^1))/3 + (log(1+e^−3) + log 2 + log(1+e^1.5))/3.
        ("non-saturating", 0.638088 + 0.814374, 1.314374),
        # −0.5 − 0.5.
        ("wasserstein", -1.0, 0.5),
    ],
)
def test_they_have_the_values_computed_by_hand(name, discriminator, generator):
    loss = LOSSES[name]
    found = float(loss.discriminator(keras.ops.array(REAL), keras.ops.array(FAKE)))
    np.testing.assert_allclose(found, discriminator, rtol=1e-5)
    np.testing.assert_allclose(float(loss.generator(keras.ops.array(FAKE))), generator, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_each_side_pushes_logits_its_way(name):
    loss = LOSSES[name]
    real, fake = tf.Variable(REAL * 0), tf.Variable(FAKE * 0)
    with tf.GradientTape(persistent=True) as tape:
        discriminator = loss.discriminator(real, fake)
        generator = loss.generator(fake)
    assert (np.asarray(tape.gradient(discriminator, real)) < 0).all()
    assert (np.asarray(tape.gradient(discriminator, fake)) > 0).all()
    assert (np.asarray(tape.gradient(generator, fake)) < 0).all()


def test_a_generator_that_is_found_out_still_has_gradients():
    for loss in LOSSES.values():
        fake = tf.Variable([-30.0, -30.0])
        with tf.GradientTape() as tape:
            value = loss.generator(fake)
        np.testing.assert_allclose(tape.gradient(value, fake), [-0.5, -0.5], rtol=1e-4)


def test_large_logits_have_finite_losses():
    big = keras.ops.array([1e4, -1e4])
    for loss in LOSSES.values():
        assert np.isfinite(float(loss.discriminator(big, big)))
        assert np.isfinite(float(loss.generator(big)))


def test_the_penalty_wants_every_images_gradient_to_have_length_one():
    gradients = np.zeros((3, 2, 2, 1), "float32")
    gradients[0, :, :, 0] = 0.5  # Length 1.
    gradients[1, 0, 0, 0], gradients[1, 1, 1, 0] = 3.0, 4.0  # Length 5.
    # (0 + 16 + 1)/3, times 10.
    found = float(LOSSES["wasserstein"].penalty(keras.ops.array(gradients)))
    np.testing.assert_allclose(found, 170 / 3, rtol=1e-5)
    assert [LOSSES[name].penalty_weight for name in ("hinge", "non-saturating")] == [0, 0]


def test_the_penalty_has_a_gradient_where_there_is_none_to_judge():
    gradients = tf.Variable(tf.zeros((2, 3)))
    with tf.GradientTape() as tape:
        penalty = LOSSES["wasserstein"].penalty(gradients)
    assert np.isfinite(np.asarray(tape.gradient(penalty, gradients))).all()
