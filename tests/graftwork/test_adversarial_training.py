"""Adversarial training: its steps against those by hand, going on, one trace."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_adversarial import (
    ALL,
    CLASSES,
    FLIPS,
    LATENT,
    SETTINGS,
    assert_same,
    copied,
    differs,
    discriminator,
    generator,
    no_architecture,
    plain_generator,
    plain_trainer,
    sample,
    trainer,
    training_data,
    without_times,
)

from gan_nas.diff_augment import DiffAugment
from gan_nas.losses import LOSSES
from graftwork.adversarial_draws import AdversarialDraws, AdversarialSettings
from graftwork.adversarial_training import AdversarialTrainer, NonFinite
from graftwork.augmentation import Augmentation
from graftwork.errors import InputError

# The steps themselves.


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_the_steps_are_those_that_are_written_out_by_hand(loss):
    made = plain_trainer(loss)
    keras_adam = {"beta_1": 0.0, "beta_2": 0.9}
    hand = plain_generator(), discriminator(conditional=False, spectral=False)
    optimizers = [keras.optimizers.Adam(rate, **keras_adam) for rate in (1e-3, 2e-3)]

    def judged(images):
        return hand[1]({"images": images})

    losses, ema = [], [np.asarray(w).copy() for w in hand[0].weights]
    places = made.order.indices(0, 6).reshape(3, 2, 6)
    for step in range(3):
        drawn = made.draws.draw(0, step + 1)
        for k in range(2):
            real = made.data.images[made.data.rows[places[step, k]]].astype("float32") / 127.5 - 1
            fake = hand[0]({"latents": drawn["latents"][k]})
            with tf.GradientTape() as tape:
                value = LOSSES[loss].discriminator(judged(real), judged(fake))
                if loss == "wasserstein":
                    mixing = drawn["mixing"][k][:, None, None, None]
                    between = tf.constant(mixing * real + (1 - mixing) * fake)
                    with tf.GradientTape() as inner:
                        inner.watch(between)
                        logits = judged(between)
                    norms = tf.norm(tf.reshape(inner.gradient(logits, between), (6, -1)), axis=1)
                    value += 10 * tf.reduce_mean((norms - 1) ** 2)
            variables = hand[1].trainable_variables
            optimizers[1].apply(tape.gradient(value, variables), variables)
            losses.append(float(value))
        with tf.GradientTape() as tape:
            value = LOSSES[loss].generator(judged(hand[0]({"latents": drawn["latents"][2]})))
        variables = hand[0].trainable_variables
        optimizers[0].apply(tape.gradient(value, variables), variables)
        decay = min(0.9, (1 + step) / (10 + step))
        ema = [decay * e + (1 - decay) * np.asarray(w) for e, w in zip(ema, variables, strict=True)]

    result = made.train(3, no_architecture)
    for found, expected in zip((made.generator, made.discriminator), hand, strict=True):
        for a, b in zip(found.weights, expected.weights, strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)
    for a, b in zip(made.ema_weights(), ema, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)
    assert result["discriminator_loss"] == pytest.approx(np.mean(losses), abs=1e-4)
    assert result["discriminator_loss_variance"] == pytest.approx(np.var(losses), rel=0.01)
    assert result["steps"] == 3
    assert result["images_per_second"] > 0


def test_it_learns_what_real_images_look_like():
    made = trainer(generator_learning_rate=5e-3, discriminator_learning_rate=5e-3)
    made.train(150, sample)
    inputs = {
        "latents": np.random.default_rng(0).normal(size=(40, LATENT)).astype("float32"),
        "classes": np.arange(40, dtype=np.int32) % CLASSES,
        "architecture": np.zeros((40, 1), np.int32),
    }
    images = np.asarray(made.generator(inputs, training=True))
    assert images[:, :, 4:].mean() - images[:, :, :4].mean() > 0.3  # 0.75 in the data.


def test_spectral_norms_and_batch_statistics_are_updated_and_part_of_the_state():
    made = trainer()
    before = copied(made.state())
    made.train(2, sample)
    after = made.state()
    kernel = np.asarray(made.discriminator.layers[1].layer.kernel)
    assert kernel.shape == (4, 4, 1, 4)
    statistics = [i for i, w in enumerate(made.generator.weights) if "moving" in w.path]
    vectors = [i for i, w in enumerate(made.discriminator.weights) if "vector_u" in w.path]
    assert len(statistics) == 2
    assert len(vectors) == 3
    for name in [f"generator_{i}" for i in statistics] + [f"discriminator_{i}" for i in vectors]:
        assert (before[name] != after[name]).any(), name
    for _ in range(10):
        made.train(1, sample)
    sigma = np.linalg.svd(np.reshape(made.discriminator.layers[1].layer.kernel, (-1, 4)))[1][0]
    assert sigma == pytest.approx(1, abs=0.05)


def test_choices_that_no_step_took_keep_their_weights():
    made = trainer()
    before = np.asarray(made.generator.kernels).copy()
    made.train(3, lambda rng: (2,))
    after = np.asarray(made.generator.kernels)
    np.testing.assert_array_equal(after[[0, 1, 3]], before[[0, 1, 3]])
    assert (after[2] != before[2]).any()


def test_without_an_average_its_weights_are_those_of_the_generator():
    made = trainer(ema=None)
    made.train(1, sample)
    for a, b in zip(made.ema_weights(), made.generator.weights, strict=True):
        np.testing.assert_array_equal(a, b)


# What is random.


def test_numbers_are_a_function_of_seed_step_and_attempt_and_kinds_are_independent():
    settings = dataclasses.replace(SETTINGS, **ALL)
    classes = np.array([0, 0, 0, 1], np.int32)
    draws = AdversarialDraws(settings, classes, FLIPS, penalty=True)
    first = draws.draw(0, 1)
    assert {name: value.shape for name, value in first.items()} == {
        "latents": (4, 6, 5),
        "fake_classes": (4, 6),
        "moves": (3, 6, 3),
        "diff_augment": (7, 6, 7),
        "mixing": (3, 6),
    }
    assert_same(first, draws.draw(0, 1))
    for other in (draws.draw(1, 1), draws.draw(0, 2), draws.draw(0, 1, 1)):
        assert all((other[name] != first[name]).any() for name in first)
    fewer = AdversarialDraws(SETTINGS, None, Augmentation(), penalty=False).draw(0, 1)
    assert list(fewer) == ["latents"]
    np.testing.assert_array_equal(fewer["latents"], first["latents"][:3])
    many = np.concatenate([draws.draw(0, i)["fake_classes"].ravel() for i in range(100)])
    assert many.mean() == pytest.approx(0.25, abs=0.04)  # As frequent as in the data.


def test_images_are_mirrored_and_not_shifted():
    drawn = AdversarialDraws(SETTINGS, None, Augmentation(True, (2, 2)), False).draw(0, 1)
    assert not drawn["moves"][..., 1:].any()
    assert set(drawn["moves"][..., 0].ravel()) == {0, 1}
    plain, mirrored = trainer(), trainer(augmentation=FLIPS)
    plain.train(1, sample)
    mirrored.train(1, sample)
    assert differs(plain.state(), mirrored.state(), "discriminator")


@pytest.mark.parametrize("change", [{"diff_augment": DiffAugment()}, {"seed": 1}])
def test_other_settings_and_seeds_give_other_trainings(change):
    plain, other = trainer(), trainer(**{"number": 1} | change)
    plain.train(2, sample)
    other.train(2, sample)
    assert differs(plain.state(), other.state(), "generator_")
    assert differs(plain.state(), other.state(), "discriminator_")


# Going on.


@pytest.mark.parametrize("loss", ["hinge", "wasserstein"])
def test_it_goes_on_from_its_state_bit_for_bit(loss):
    kind = {"loss": loss, "augmentation": FLIPS, **ALL}
    undisturbed = trainer(seed=3, **kind)
    undisturbed.train(2, sample)
    state = copied(undisturbed.state())
    result = undisturbed.train(3, sample)
    other = trainer(seed=8, number=1, **kind)
    other.train(1, sample)
    other.restore(state)
    assert other.step == 2
    parts = [other.train(steps, sample) for steps in (1, 2)]
    assert_same(other.state(), undisturbed.state())
    assert np.mean([parts[0]["generator_loss"], *[parts[1]["generator_loss"]] * 2]) == (
        pytest.approx(result["generator_loss"])
    )


def test_starting_over_forgets_what_was_before():
    fresh, used = trainer(seed=1, number=1), trainer(seed=0)
    weights = fresh.generator.get_weights(), fresh.discriminator.get_weights()
    used.train(3, sample)
    used.attempt = 2
    used.start_over(1, *weights)
    assert_same(used.state(), fresh.state())
    for made in (used, fresh):
        made.train(2, sample)
    assert_same(used.state(), fresh.state())


@pytest.mark.slow
def test_another_process_goes_on_to_the_same_weights(tmp_path):
    undisturbed = trainer(seed=3, augmentation=FLIPS, **ALL)
    undisturbed.train(2, sample)
    np.savez(tmp_path / "state.npz", **undisturbed.state())
    undisturbed.train(2, sample)
    program = (
        "import sys, numpy as np, tiny_adversarial as t\n"
        "made = t.trainer(seed=5, augmentation=t.FLIPS, **t.ALL)\n"
        "made.restore(dict(np.load(sys.argv[1] + '/state.npz')))\n"
        "made.train(2, t.sample)\n"
        "np.savez(sys.argv[1] + '/end.npz', **made.state())\n"
    )
    tests = Path(__file__).parents[1]
    paths = os.pathsep.join([str(tests), str(tests.parent)])
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert_same(dict(np.load(tmp_path / "end.npz")), undisturbed.state())


def test_images_from_a_file_give_the_same_training_as_images_on_the_device():
    on_device = trainer(augmentation=FLIPS)
    streamed = trainer(number=1, augmentation=FLIPS, device_bytes=0)
    assert streamed.data.on_device is None
    first, second = on_device.train(5, sample), streamed.train(5, sample)  # An epoch has three.
    assert without_times(first) == without_times(second)
    assert_same(on_device.state(), streamed.state())


@pytest.mark.parametrize("change", [lambda value: value[..., :1], lambda value: None])
@pytest.mark.parametrize("name", ["generator_0", "ema_0", "discriminator_optimizer_2"])
def test_a_checkpoint_of_other_networks_is_refused_in_one_line(name, change):
    made = trainer()
    state = made.state()
    state[name] = change(state[name])
    kind = name.rpartition("_")[0]
    with pytest.raises(InputError, match=rf"of another network: {kind} \d is .*expected") as error:
        made.restore({name: value for name, value in state.items() if value is not None})
    assert "\n" not in str(error.value)


def test_one_trace_serves_a_whole_training_and_every_step_is_reported():
    made = trainer(number=2)
    before = made.generator.calls
    drawn, steps = [], []

    def watched(rng):
        drawn.append(sample(rng))
        return drawn[-1]

    made.train(3, watched, lambda: steps.append(1))
    assert made.generator.calls == before + 2  # In a discriminator step and a generator step.
    made.train(9, watched, lambda: steps.append(1))
    made.restore(copied(made.state()))
    made.start_over(4)
    made.train(2, watched, lambda: steps.append(1))
    assert made.generator.calls == before + 2
    assert len(drawn) == len(steps) == 14
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("classes", [None, np.zeros(7, np.int32)])
def test_class_conditional_networks_need_a_class_for_every_image(classes):
    with pytest.raises(InputError, match="a class for each of the 40 training images"):
        AdversarialTrainer(
            generator(), discriminator(), training_data(), SETTINGS, LOSSES["hinge"], classes
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"discriminator_steps": 0}, "discriminator-steps must be at least 1. Received: 0"),
        ({"generator_learning_rate": 0.0}, "generator-learning-rate must be above 0"),
        ({"ema": 1.0}, "ema must be at least 0 and below 1. Received: 1.0"),
    ],
)
def test_settings_out_of_their_range_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        AdversarialSettings(**change)


# Numbers that are not finite.


def test_a_loss_that_is_no_number_stops_and_names_the_steps():
    made = trainer()
    made.train(2, sample)
    kernel = made.generator.last.kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(NonFinite, match="in steps 2 to 5 a loss or a weight"):
        made.train(3, sample)
    assert made.step == 2
