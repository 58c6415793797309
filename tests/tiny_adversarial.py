"""Adversarial trainings so small that a step takes milliseconds, and how their states compare."""

import dataclasses
import functools

import keras
import numpy as np
from keras import layers, ops

from gan_nas.diff_augment import DiffAugment
from gan_nas.losses import LOSSES
from graftwork.adversarial_draws import AdversarialSettings
from graftwork.adversarial_training import AdversarialTrainer
from graftwork.augmentation import Augmentation
from graftwork.training_data import TrainingData

SIZE, LATENT, CLASSES, CHOICES = 8, 5, 3, 4
SETTINGS = AdversarialSettings(
    batch_size=6,
    latent=LATENT,
    discriminator_steps=2,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=2e-3,
    ema=0.9,
)


ALL = {"diff_augment": DiffAugment(), "discriminator_steps": 3}
NO_FLIPS, FLIPS = Augmentation(), Augmentation(flip=True)


class Generator(keras.Model):
    """A network with classes, batch statistics and one decision among stacked kernels."""

    def __init__(self):
        super().__init__()
        self.input_names = ("latents", "classes", "architecture")
        self.first = layers.Dense(4 * 4 * 4)
        self.embedding = layers.Embedding(CLASSES, 4 * 4 * 4)
        self.norm = layers.BatchNormalization()
        self.last = layers.Conv2DTranspose(1, 4, 2, padding="same", activation="tanh")
        self.calls = 0

    def build(self, shape):
        self.kernels = self.add_weight(shape=(CHOICES, 3, 3, 4, 4), initializer="he_normal")

    def call(self, inputs, training=False):
        self.calls += 1
        assert set(inputs) == set(self.input_names)
        x = self.first(inputs["latents"]) + self.embedding(inputs["classes"])
        x = self.norm(ops.reshape(x, (-1, 4, 4, 4)), training=training)
        kernel = ops.take(self.kernels, inputs["architecture"][0, 0], axis=0)
        return self.last(ops.relu(ops.conv(x, kernel, padding="same")))


def generator(seed=0):
    keras.utils.set_random_seed(seed)
    made = Generator()
    made(
        {
            "latents": np.zeros((2, LATENT), "float32"),
            "classes": np.zeros(2, "int32"),
            "architecture": np.zeros((2, 1), "int32"),
        }
    )
    return made


def plain_generator(seed=0):
    keras.utils.set_random_seed(seed)
    latents = keras.Input((LATENT,), name="latents")
    x = layers.Reshape((4, 4, 4))(layers.Dense(4 * 4 * 4)(latents))
    images = layers.Conv2DTranspose(1, 4, 2, padding="same", activation="tanh")(x)
    made = keras.Model({"latents": latents}, images)
    made.input_names = ("latents",)
    return made


def discriminator(conditional=True, spectral=True, seed=1):
    keras.utils.set_random_seed(seed)

    def wrapped(layer):
        return layers.SpectralNormalization(layer) if spectral else layer

    inputs = {"images": keras.Input((SIZE, SIZE, 1), name="images")}
    x = wrapped(layers.Conv2D(4, 4, 2, padding="same", activation="leaky_relu"))(inputs["images"])
    x = layers.GlobalAveragePooling2D()(wrapped(layers.Conv2D(6, 3, activation="leaky_relu"))(x))
    logits = wrapped(layers.Dense(1))(x)
    if conditional:
        inputs["classes"] = keras.Input((), dtype="int32", name="classes")
        logits += layers.Dot(1)([layers.Embedding(CLASSES, 6)(inputs["classes"]), x])
    made = keras.Model(inputs, layers.Reshape(())(logits))
    made.input_names = tuple(inputs)
    return made


def training_data(**changes):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50, SIZE, SIZE, 1), dtype=np.uint8)
    images[:, :, :4] //= 4  # The left half is darker.
    return TrainingData(images, np.zeros((50, 1), np.int8), np.arange(3, 43), **changes)


@functools.cache
def traced_trainer(number, loss, settings, augmentation, device_bytes):
    data = training_data(augmentation=augmentation, device_bytes=device_bytes)
    classes = np.arange(40, dtype=np.int32) % CLASSES
    networks = generator(), discriminator()
    made = AdversarialTrainer(*networks, data, settings, LOSSES[loss], classes)
    return made, [network.get_weights() for network in networks]


def trainer(seed=0, number=0, loss="hinge", augmentation=NO_FLIPS, device_bytes=None, **changes):
    """Returns a trainer at its start; the same for the same arguments, as traces take seconds."""
    settings = dataclasses.replace(SETTINGS, **changes)
    made, weights = traced_trainer(number, loss, settings, augmentation, device_bytes)
    made.start_over(seed, *weights)
    return made


def plain_trainer(loss="hinge", spectral=False, settings=SETTINGS, **changes):
    settings = dataclasses.replace(settings, **changes)
    networks = plain_generator(), discriminator(conditional=False, spectral=spectral)
    return AdversarialTrainer(*networks, training_data(), settings, LOSSES[loss])


def sample(rng):
    return (int(rng.integers(CHOICES)),)


def no_architecture(rng):
    return ()


def copied(state):
    return {name: np.array(value) for name, value in state.items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def differs(first, second, prefix=""):
    return any(
        not np.array_equal(first[name], second[name]) for name in first if name.startswith(prefix)
    )


def without_times(result):
    return {name: value for name, value in result.items() if name != "images_per_second"}
