"""Discriminators as plain `keras.Model`s: of searched cells, and a fixed residual one.

Every layer with a kernel is wrapped in `keras.layers.SpectralNormalization` (Miyato et al.,
"Spectral normalization for generative adversarial networks", ICLR 2018). Keras's layer
takes its power iteration and divides the stored kernel itself by the norm, at each call with
`training=True`; no gradient passes through the norm.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from gan_nas.blocks import (
    apply_cell,
    class_input,
    convolution,
    make_model,
    stages_of,
    to_logits,
)
from gan_nas.space import GanSpace
from graftwork.errors import InputError


def build_discriminator(
    space: GanSpace,
    architecture: Sequence[int],
    channels: Sequence[int],
    image_channels: int,
    classes: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds the discriminator of one architecture, of Keras's own layers alone.

    A 3×3 convolution, one cell a stage, which halves height and width and is projected to
    the next stage's width, ReLU, the sum over positions, and a dense layer.

    Args:
        space: A space made with `discriminator=True`.
        architecture: One choice a decision of `space`, the generator's among them.
        channels: The channels of every stage of the generator; here in reverse order.
        image_channels: Channels of an image: 1 or 3.
        classes: How many classes condition the judgement; None for none.
        seed: Seed of the initial weights.

    Returns:
        A model from `{"images": (n, image_size, image_size, image_channels) float32}`
        between −1 and 1, with classes also `"classes": (n,) int32`, to logits `(n,)`.
        Its attribute `input_names` holds the keys.

    Raises:
        InputError: If the space has no discriminators.
        InputError: If the architecture or the channels do not fit the space.
    """
    if not space.discriminator:
        raise InputError("this space has no discriminators: make it with discriminator=True.")
    stages_of(space.image_size, channels)
    images, labels, x = _begin(space.image_size, image_channels, channels, classes, seed)
    widths = next_widths(channels)
    for stage, (cell, width) in enumerate(
        zip(space.discriminator_cells(architecture), widths, strict=True), start=1
    ):
        x = apply_cell(cell, x, width, f"d{stage}", seed, spectral=True)
    return _end(images, labels, x, classes, seed)


def residual_discriminator(
    image_size: int,
    image_channels: int,
    channels: Sequence[int],
    classes: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds SNGAN's discriminator: the baseline's own, and the cells' where it is asked for.

    That of SNGAN (Miyato et al., 2018, appendix B.4), with as many blocks as the generator
    has stages: a 3×3 convolution; blocks of ReLU, 3×3 convolution, ReLU, 3×3 convolution
    and average pooling beside a shortcut; ReLU, sum over positions, dense layer. With
    classes, the projection of Miyato & Koyama (2018) is added.

    Args:
        image_size: Height and width of an image in pixels.
        image_channels: Channels of an image: 1 or 3.
        channels: The channels of every stage of the generator; here in reverse order.
        classes: How many classes condition the judgement; None for none.
        seed: Seed of the initial weights.

    Returns:
        A model like that of `build_discriminator`.

    Raises:
        InputError: If the size has no stages, or `channels` is not one number a stage.
    """
    stages_of(image_size, channels)
    images, labels, x = _begin(image_size, image_channels, channels, classes, seed)
    for stage, width in enumerate(next_widths(channels), start=1):
        x = _residual_block(x, width, f"d{stage}", seed)
    return _end(images, labels, x, classes, seed)


def next_widths(channels: Sequence[int]) -> tuple[int, ...]:
    """Returns the output channels of a discriminator's stages, from the image on.

    Stage k works with the channels of the generator's stage of the same size and gives
    those of the next smaller size; the last keeps its own.
    """
    return (*tuple(channels)[-2::-1], channels[0])


def _begin(
    image_size: int, image_channels: int, channels: Sequence[int], classes: int | None, seed: int
) -> tuple[Any, Any, Any]:
    images = keras.Input((image_size, image_size, image_channels), name="images")
    x = convolution(images, channels[-1], 3, "d_stem", seed, rectified=False, spectral=True)
    return images, class_input(classes), x


def _residual_block(x: Any, width: int, place: str, seed: int) -> Any:
    h = layers.ReLU(name=f"{place}_relu_1")(x)
    h = convolution(h, x.shape[-1], 3, f"{place}_conv_1", seed, spectral=True)
    h = layers.ReLU(name=f"{place}_relu_2")(h)
    h = convolution(h, width, 3, f"{place}_conv_2", seed, spectral=True)
    h = layers.AveragePooling2D(2, name=f"{place}_pool")(h)
    # Pooling and a 1×1 convolution can change places; this order is a quarter of the work.
    shortcut = layers.AveragePooling2D(2, name=f"{place}_shortcut_pool")(x)
    shortcut = convolution(shortcut, width, 1, f"{place}_shortcut", seed, False, spectral=True)
    return layers.Add(name=f"{place}_sum")([h, shortcut])


def _end(images: Any, labels: Any, x: Any, classes: int | None, seed: int) -> keras.Model:
    positions = x.shape[1] * x.shape[2]
    x = layers.ReLU(name="d_relu")(x)
    x = layers.GlobalAveragePooling2D(name="d_mean", dtype="float32")(x)
    x = layers.Rescaling(float(positions), name="d_features", dtype="float32")(x)
    logits = to_logits(x, labels, classes, seed)
    return make_model({"images": images, "classes": labels}, logits, "discriminator")
