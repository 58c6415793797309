"""A generator of searched cells as a plain `keras.Model`."""

from collections.abc import Sequence

import keras
from keras import layers

from gan_nas.blocks import (
    apply_cell,
    class_input,
    convolution,
    dense_start,
    make_model,
    normalize,
    stages_of,
)
from gan_nas.space import GanSpace


def build_generator(
    space: GanSpace,
    architecture: Sequence[int],
    channels: Sequence[int],
    latent: int,
    image_channels: int,
    classes: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds the generator of one architecture, of Keras's own layers alone.

    Latents go through a dense layer to start × start; every stage is a batch normalisation
    (by class, if there are classes) and a cell, which doubles height and width. Batch
    normalisation, ReLU, a 3×3 convolution and tanh make the image.

    Args:
        space: The space of the architecture.
        architecture: One choice a decision of `space`.
        channels: The channels of every stage, from the start to the image.
        latent: Numbers in a latent vector.
        image_channels: Channels of an image: 1 or 3.
        classes: How many classes condition the images; None for none.
        seed: Seed of the initial weights.

    Returns:
        A model from `{"latents": (n, latent) float32}`, with classes also
        `"classes": (n,) int32`, to float32 images `(n, image_size, image_size,
        image_channels)` between −1 and 1. Its attribute `input_names` holds the keys.

    Raises:
        InputError: If the architecture or the channels do not fit the space.
    """
    stages_of(space.image_size, channels)
    latents = keras.Input((latent,), name="latents")
    labels = class_input(classes)
    x = dense_start(latents, space.start, channels[0], seed)
    for stage, (cell, width) in enumerate(
        zip(space.cells(architecture), channels, strict=True), start=1
    ):
        x = normalize(x, labels, classes, f"g{stage}")
        if x.shape[-1] != width:
            # Before the cell doubles the size: a quarter of the work.
            x = convolution(x, width, 1, f"g{stage}_widen", seed, rectified=False)
        x = apply_cell(cell, x, width, f"g{stage}", seed)
    x = normalize(x, labels, classes, "g_out")
    x = layers.ReLU(name="g_out_relu")(x)
    x = convolution(x, image_channels, 3, "g_out_conv", seed, activation="tanh", dtype="float32")
    return make_model({"latents": latents, "classes": labels}, x, "generator")
