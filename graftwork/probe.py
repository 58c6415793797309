"""A small frozen network whose features describe images of any domain alike.

Its weights are random and always the same, so that channel 7 means the same for letters, digits
and pictures, and no domain has an advantage. Random convolutions with ReLU and pooling are known
to tell classes apart well above chance (Jarrett et al., "What is the Best Multi-Stage Architecture
for Object Recognition?", ICCV 2009, section 3), which is all that a description of an attribute
needs.
"""

from functools import cache

import numpy as np
from keras import ops

from graftwork.errors import InputError

SIDE = 32
"""Height and width, in pixels, to which images are brought."""
WIDTHS = (16, 32, 32)
"""Channels after each 3×3 convolution."""
FEATURES = 2 * WIDTHS[-1]
"""Features an image: mean and deviation over the positions of every last channel."""
BATCH = 250
"""Images at once: what the first layer makes of them is 16 MB."""


def probe_features(images: np.ndarray) -> np.ndarray:
    """Returns what the frozen network sees in images.

    Images are resized to 32×32 (bilinear, without aliasing), brought to three channels (grey is
    repeated; the mean of any other number of channels is grey) and standardised one by one, all
    channels together, so that contrast between images is gone and colour is not. Then come
    three 3×3 convolutions, with 2×2 average pooling between them: the first with the absolute
    value, the others with ReLU. The absolute value makes dark ink on light paper the same as
    light ink on dark, and an edge the same from both sides: of the digits with a closed loop, the
    differences from the others go with those of letters with one (correlation 0.32), and with
    ReLU there they went against them (−0.49).

    Args:
        images: uint8 array `(n, height, width, channels)`.

    Returns:
        Float32 array `(n, 64)`: the means over positions of 32 channels, then the deviations.

    Raises:
        InputError: If the images have another shape or type.
    """
    if images.ndim != 4 or images.dtype != np.uint8 or not all(images.shape[1:]):
        raise InputError(
            "images to describe must be uint8 of shape (images, height, width, channels). "
            f"Received: {images.dtype} of shape {images.shape}."
        )
    parts = [_features(images[first : first + BATCH]) for first in range(0, len(images), BATCH)]
    return np.concatenate([np.zeros((0, FEATURES), np.float32), *parts])


def _features(images: np.ndarray) -> np.ndarray:
    x = images.astype(np.float32)
    if x.shape[-1] != 3:
        x = np.repeat(x.mean(axis=-1, keepdims=True), 3, axis=-1)
    if x.shape[1:3] != (SIDE, SIDE):
        x = ops.image.resize(x, (SIDE, SIDE), antialias=True, data_format="channels_last")
    x = ops.convert_to_tensor(x)
    every = (1, 2, 3)
    # An image of one colour has no deviation: the floor, of one grey level, makes it zeros.
    deviation = ops.maximum(ops.std(x, axis=every, keepdims=True), 1.0)
    x = (x - ops.mean(x, axis=every, keepdims=True)) / deviation
    for layer, kernel in enumerate(_kernels()):
        if layer:
            x = ops.average_pool(x, 2, strides=2, data_format="channels_last")
        x = ops.conv(x, kernel, padding="same", data_format="channels_last")
        x = ops.relu(x) if layer else ops.abs(x)
    features = [ops.mean(x, axis=(1, 2)), ops.std(x, axis=(1, 2))]
    return ops.convert_to_numpy(ops.concatenate(features, axis=-1))


@cache
def _kernels() -> tuple[np.ndarray, ...]:
    """Returns the weights, float32 `(3, 3, in, out)`: normal with variance 2 / inputs (He)."""
    rng = np.random.default_rng(1)
    inputs = (3, *WIDTHS[:-1])
    return tuple(
        rng.normal(0.0, np.sqrt(2 / (9 * below)), (3, 3, below, above)).astype(np.float32)
        for below, above in zip(inputs, WIDTHS, strict=True)
    )
