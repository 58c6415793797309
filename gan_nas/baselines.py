"""Generators and discriminators that were designed by people, to compare with.

- DCGAN: Radford et al., "Unsupervised representation learning with deep convolutional
  generative adversarial networks" (ICLR 2016).
- SNGAN's residual generator: Miyato et al., "Spectral normalization for generative
  adversarial networks" (ICLR 2018). Its discriminator is
  `gan_nas.discriminator.residual_discriminator`.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from gan_nas.blocks import (
    class_input,
    convolution,
    dense_start,
    make_model,
    normalize,
    stages_of,
    to_logits,
)
from gan_nas.operations import apply_spectral, named_seed

DCGAN_STDDEV = 0.02  # Radford et al., section 4.
LEAK = 0.2


def dcgan_generator(
    image_size: int,
    image_channels: int,
    channels: Sequence[int],
    latent: int,
    classes: int | None = None,
    seed: int = 0,
    synchronized: bool = False,
) -> keras.Model:
    """Builds DCGAN's generator: 5×5 transposed convolutions of stride 2.

    Batch normalisation (by class, if there are classes) and ReLU stand before each.

    Args:
        image_size: Height and width of an image in pixels.
        image_channels: Channels of an image: 1 or 3.
        channels: The channels that go into every stage, from the start to the image. The
            paper has (1024, 512, 256, 128) for 64 pixels.
        latent: Numbers in a latent vector.
        classes: How many classes condition the images; None for none.
        seed: Seed of the initial weights.
        synchronized: Whether several devices share a batch, and so its statistics.

    Returns:
        A model like that of `gan_nas.generator.build_generator`.

    Raises:
        InputError: If the size has no stages, or `channels` is not one number a stage.
    """
    start, stages = stages_of(image_size, channels)
    latents = keras.Input((latent,), name="latents")
    labels = class_input(classes)
    x = dense_start(latents, start, channels[0], seed)
    for stage, width in enumerate((*channels[1:], image_channels), start=1):
        x = normalize(x, labels, classes, f"g{stage}", synchronized)
        x = layers.ReLU(name=f"g{stage}_relu")(x)
        x = layers.Conv2DTranspose(
            width,
            5,
            2,
            "same",
            activation="tanh" if stage == stages else None,
            kernel_initializer=_dcgan_normal(seed, f"g{stage}_transposed_5x5"),
            name=f"g{stage}_transposed_5x5",
            dtype="float32" if stage == stages else None,
        )(x)
    return make_model({"latents": latents, "classes": labels}, x, "dcgan_generator")


def dcgan_discriminator(
    image_size: int,
    image_channels: int,
    channels: Sequence[int],
    classes: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds DCGAN's discriminator: 5×5 convolutions of stride 2 with leaky ReLUs.

    It has spectral normalisation in place of the paper's batch normalisation: with the
    hinge loss and several discriminator steps a generator step, all generators here
    are trained against a discriminator that is bounded in the same way.

    Args:
        image_size: Height and width of an image in pixels.
        image_channels: Channels of an image: 1 or 3.
        channels: The channels of every stage of the generator; here in reverse order.
        classes: How many classes condition the judgement; None for none.
        seed: Seed of the initial weights.

    Returns:
        A model like that of `gan_nas.discriminator.build_discriminator`.

    Raises:
        InputError: If the size has no stages, or `channels` is not one number a stage.
    """
    stages_of(image_size, channels)
    images = keras.Input((image_size, image_size, image_channels), name="images")
    labels = class_input(classes)
    x: Any = images
    for stage, width in enumerate(reversed(channels), start=1):
        name = f"d{stage}_conv_5x5"
        initializer = _dcgan_normal(seed, name)
        layer = layers.Conv2D(width, 5, 2, "same", kernel_initializer=initializer, name=name)
        x = apply_spectral(layer, x, seed)
        x = layers.LeakyReLU(LEAK, name=f"d{stage}_relu")(x)
    x = layers.Flatten(name="d_features", dtype="float32")(x)
    logits = to_logits(x, labels, classes, seed)
    return make_model({"images": images, "classes": labels}, logits, "dcgan_discriminator")


def sngan_generator(
    image_size: int,
    image_channels: int,
    channels: Sequence[int],
    latent: int,
    classes: int | None = None,
    seed: int = 0,
    synchronized: bool = False,
) -> keras.Model:
    """Builds SNGAN's residual generator, with a block a stage.

    A block is batch normalisation (by class, if there are classes), ReLU, nearest-neighbour
    up-sampling and a 3×3 convolution, then the same without up-sampling, beside a shortcut
    of up-sampling and a 1×1 convolution (Miyato et al., 2018, appendix B.4).

    Args:
        image_size: Height and width of an image in pixels.
        image_channels: Channels of an image: 1 or 3.
        channels: The channels of every stage, from the start to the image. The paper has
            256 everywhere for 32 pixels.
        latent: Numbers in a latent vector.
        classes: How many classes condition the images; None for none.
        seed: Seed of the initial weights.
        synchronized: Whether several devices share a batch, and so its statistics.

    Returns:
        A model like that of `gan_nas.generator.build_generator`.

    Raises:
        InputError: If the size has no stages, or `channels` is not one number a stage.
    """
    start, _ = stages_of(image_size, channels)
    latents = keras.Input((latent,), name="latents")
    labels = class_input(classes)
    x = dense_start(latents, start, channels[0], seed)
    for stage, width in enumerate(channels, start=1):
        place = f"g{stage}"
        h = normalize(x, labels, classes, f"{place}_1", synchronized)
        h = layers.ReLU(name=f"{place}_relu_1")(h)
        h = layers.UpSampling2D(name=f"{place}_nearest")(h)
        h = convolution(h, width, 3, f"{place}_conv_1", seed)
        h = normalize(h, labels, classes, f"{place}_2", synchronized)
        h = layers.ReLU(name=f"{place}_relu_2")(h)
        h = convolution(h, width, 3, f"{place}_conv_2", seed)
        # Up-sampling and a 1×1 convolution can change places; this order is a quarter of
        # the work.
        shortcut = convolution(x, width, 1, f"{place}_shortcut", seed, rectified=False)
        shortcut = layers.UpSampling2D(name=f"{place}_shortcut_nearest")(shortcut)
        x = layers.Add(name=f"{place}_sum")([h, shortcut])
    x = normalize(x, labels, classes, "g_out", synchronized)
    x = layers.ReLU(name="g_out_relu")(x)
    x = convolution(x, image_channels, 3, "g_out_conv", seed, activation="tanh", dtype="float32")
    return make_model({"latents": latents, "classes": labels}, x, "sngan_generator")


def _dcgan_normal(seed: int, name: str) -> keras.Initializer:
    return keras.initializers.RandomNormal(stddev=DCGAN_STDDEV, seed=named_seed(seed, name))
