"""Rewards under shared weights, and what happens when these collapse."""

import json
import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from gan_nas.collapse import Collapse
from gan_nas.evaluator import MOST_RESETS, GanEvaluator
from gan_nas.image_maker import BATCH, ImageMaker, whole_batches
from gan_nas.metrics import frechet_distance, kernel_distance_all
from gan_nas.quality import Features
from graftwork.errors import InputError

LATENTS = np.random.default_rng(0).standard_normal((4 * BATCH, 3)).astype(np.float32)


class FakeMaker:
    """Images whose brightness is the latent plus the architecture; 9 makes no numbers."""

    def images(self, latents, classes=None, architecture=()):
        self.asked = (len(latents), classes)
        self.finite = architecture != (9,)
        grey = 100 + 20 * latents[:, :1] + sum(architecture)
        return np.clip(grey, 0, 255).astype(np.uint8)[:, None, None, :].repeat(8, 1)


class FakeExtractor:
    """Features that are the pixels; architecture 7 makes images without features."""

    def features(self, images):
        values = images.reshape(len(images), -1)[:, :2].astype(np.float64) / 50
        if np.isclose(values.mean(), (100 + 7 + 20 * LATENTS[: len(images), 0].mean()) / 50, 1e-2):
            raise InputError("no features")
        noise = np.random.default_rng(1).normal(size=values.shape)
        return features(values + noise)


def features(values):
    probabilities = np.stack([values[:, 0] % 1, 1 - values[:, 0] % 1], axis=1)
    return Features(values, probabilities, "classes", "fake", "none")


class FakeTraining:
    """Shared weights that go on as they are told to."""

    def __init__(self):
        settings = SimpleNamespace(discriminator_steps=2)
        self.trainer = SimpleNamespace(step=0, settings=settings)
        self.started = []

    def train(self, steps, sample, on_step):
        self.trainer.step += steps
        return {"steps": steps, "discriminator_loss": 1.0, "discriminator_loss_variance": 0.5}

    def start_over(self, seed, *weights):
        self.started.append((seed, weights))
        self.trainer.step = 0


def evaluator(reward="kid", classes=None, total_steps=4000):
    real = features(np.random.default_rng(2).normal(2, 1, (90, 2)))
    images = np.random.default_rng(3).integers(0, 256, (64, 8, 1, 1)).astype(np.uint8)
    made = GanEvaluator(
        FakeTraining(),
        FakeMaker(),
        FakeExtractor(),
        real,
        images,
        reward,
        LATENTS,
        classes,
        round_steps=5,
        fresh_weights=lambda seed: ([seed], [-seed]),
        total_steps=total_steps,
    )
    made.begin(3)
    return made


def sample(rng):
    return (int(rng.integers(5)),)


@pytest.mark.parametrize("reward", ["kid", "fid", "is"])
def test_the_reward_is_that_of_the_generators_images(reward):
    made = evaluator(reward)
    found = made.evaluate([(0,), (100,)])
    assert found.shape == (2, 1)
    assert made.maker.asked == (BATCH, None)
    for architecture, value in zip([(0,), (100,)], found[:, 0], strict=True):
        images = FakeMaker().images(LATENTS[:BATCH], None, architecture)
        fake = FakeExtractor().features(images)
        p = fake.probabilities
        expected = {
            "kid": -kernel_distance_all(fake.features, made.real.features),
            "fid": -frechet_distance(fake.features, made.real.features),
            "is": math.exp(np.mean(np.sum(p * np.log((p + 1e-16) / p.mean(axis=0)), axis=1))),
        }[reward]
        assert value == pytest.approx(expected, rel=1e-4)


def test_the_best_are_rewarded_by_all_latents():
    classes = np.arange(len(LATENTS), dtype=np.int32)
    made = evaluator(classes=classes)
    made.evaluate_with_more_images([(0,)])
    count, given = made.maker.asked
    assert count == len(LATENTS)
    np.testing.assert_array_equal(given, classes)
    assert made.evaluated == 1


@pytest.mark.parametrize("bad", [(7,), (9,)])
def test_images_without_a_reward_are_worth_minus_infinity(bad):
    found = evaluator().evaluate([(0,), bad])[:, 0]
    assert np.isfinite(found[0])
    assert found[1] == -np.inf


def test_a_round_tells_its_losses_and_counts_its_steps():
    made = evaluator()
    told = made.train(sample)
    assert told == {"discriminator_loss": 1.0, "discriminator_loss_variance": 0.5}
    made.train(sample)
    assert (made.steps, made.resets, made.training.started) == (10, 0, [])


COLLAPSE = Collapse("discriminator loss", 0.0, 1.0, "nothing moves")


def test_after_a_collapse_the_weights_start_over_but_not_for_ever(monkeypatch):
    made, events = evaluator(), []
    made.on_event = lambda name, **values: events.append((name, values))
    seen = []
    monkeypatch.setattr(made.detector, "losses", lambda *given: seen.append(given) or COLLAPSE)
    for _ in range(MOST_RESETS + 2):
        made.train(sample)
    assert seen[0] == (10, 1.0, 0.5)  # Two discriminator steps a step.
    assert made.resets == MOST_RESETS
    seeds = [seed for seed, _ in made.training.started]
    assert len(set(seeds)) == MOST_RESETS
    assert 3 not in seeds
    assert all(weights == ([seed], [-seed]) for seed, weights in made.training.started)
    assert [name for name, _ in events] == ["collapse"] * (MOST_RESETS + 2)
    assert events[0][1] == {"steps": 5, "reason": "nothing moves", "reset": True}
    assert events[-1][1]["reset"] is False


def test_equal_images_are_a_collapse_once_there_were_enough_steps(monkeypatch):
    made, events = evaluator(), []
    made.on_event = lambda name, **values: events.append(values["reason"])
    made.detector.window = 10
    same = np.zeros((64, 8, 1, 1), np.uint8)
    monkeypatch.setattr(made.maker, "images", lambda *given: same)
    made.train(sample)
    assert events == []
    made.train(sample)
    (reason,) = events
    assert "64 generated images differ 0 times" in reason


def test_weights_start_over_in_the_first_half_of_the_training_alone(monkeypatch):
    made, events = evaluator(total_steps=20), []
    made.on_event = lambda name, **values: events.append((values["steps"], values["reset"]))
    monkeypatch.setattr(made.detector, "losses", lambda *given: COLLAPSE)
    for _ in range(4):
        made.train(sample)
    assert events == [(5, True), (10, True), (15, False), (20, False)]
    assert made.resets == len(made.training.started) == 2


@pytest.mark.parametrize(("poor", "collapses"), [(2, False), (3, True)])
def test_the_middle_of_five_generators_says_whether_images_are_equal(monkeypatch, poor, collapses):
    made, events, drawn = evaluator(), [], []
    made.on_event = lambda name, **values: events.append(name)
    made.detector.window = 5

    def images(latents, classes, architecture):
        drawn.append(architecture)
        if len(drawn) <= poor:
            return np.zeros((len(latents), 8, 1, 1), np.uint8)
        return np.random.default_rng(4).integers(0, 256, (64, 8, 1, 1)).astype(np.uint8)

    monkeypatch.setattr(made.maker, "images", images)
    made.train(sample)
    assert len(drawn) == 5
    assert len(set(drawn)) > 1
    assert events == ["collapse"] * collapses


def test_a_restored_evaluator_goes_on():
    made = evaluator()
    made.train(sample)
    made.evaluate([(1,), (2,)])
    state = json.loads(json.dumps(made.state()))
    other = evaluator()
    other.restore(state)
    assert other.state() == made.state()
    assert (other.seed, other.steps, other.evaluated) == (3, 5, 2)


# The images of a network.


class Grey(keras.Model):
    """Images of the latents' mean, or of no numbers where the architecture begins with 1."""

    def __init__(self):
        super().__init__()
        self.input_names = ("latents", "architecture")

    def call(self, inputs, training=False):
        grey = ops.mean(inputs["latents"], axis=1)[:, None, None, None]
        bad = ops.cast(inputs["architecture"][:, :1] == 1, "float32")[:, :, None, None]
        return ops.tile(grey / (1 - bad), (1, 2, 2, 1))


def test_images_come_rounded_in_batches_and_say_whether_they_are_finite():
    maker = ImageMaker(Grey(), latent=3, decisions=2)
    assert whole_batches(65) == 2 * BATCH == len(LATENTS) // 2
    images = maker.images(LATENTS[:128], None, (0, 1))
    expected = np.clip(np.round(LATENTS[:128].mean(axis=1) * 127.5 + 127.5), 0, 255)
    assert images.shape == (128, 2, 2, 1)
    np.testing.assert_allclose(images[:, 1, 1, 0].astype(float), expected, atol=1)
    assert maker.finite
    maker.images(LATENTS[:128], None, (1, 0))
    assert not maker.finite
    maker.images(LATENTS[:64], None, (0, 0))
    assert maker.finite
