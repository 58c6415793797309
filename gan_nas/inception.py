"""The Inception-v3 network of ImageNet as an extractor, from weights that are at hand.

Published scores are taken with an Inception network of other weights and another resize; numbers
of this one can be compared with each other, and not with those.
"""

import os
from pathlib import Path

import keras

from gan_nas.extractors import Extractor
from graftwork.errors import InputError

WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"
"""What Keras calls the file, with its last layer."""
SIZE = 299
BATCH = 32  # 256 images of 299×299 would take gigabytes.


def weights_file(weights: Path | None = None) -> Path:
    """Returns the file of the weights; nothing is ever downloaded.

    Args:
        weights: The file that a person names, or None to look into Keras's cache: `models` in
            the folder `KERAS_HOME`, or else in `~/.keras`.

    Raises:
        InputError: If the file does not exist.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    path = weights or home / "models" / WEIGHTS
    if path.is_file():
        return path
    if weights:
        raise InputError(f"the weights of Inception-v3, {weights}, are no file that exists.")
    raise InputError(
        f"the weights of Inception-v3 are not at hand, and they are not downloaded. Put Keras's "
        f"file {WEIGHTS} (the one with the last layer, not _notop) into {path.parent}, or name "
        "the file where it is; or take the extractor that is trained on the dataset's own labels."
    )


def inception_extractor(
    image_shape: tuple[int, int, int], weights: Path | None = None
) -> Extractor:
    """Returns Inception-v3 with the 2,048 features of its last pooling (Heusel et al. 2017).

    Images are resized within the network, without rounding to whole grey values in between, with
    antialiasing where they become smaller (Parmar et al. 2022); grey ones become three equal
    channels.

    Args:
        image_shape: Height, width and channels (1 or 3) of the images.
        weights: As in `weights_file`.

    Returns:
        The extractor: 2,048 features and 1,000 classes.

    Raises:
        InputError: If the weights are not at hand or are of another network.
    """
    path = weights_file(weights)
    if image_shape[2] not in (1, 3):
        raise InputError(f"images must have 1 or 3 channels. Received: {image_shape[2]}.")
    inception = keras.applications.InceptionV3(weights=None)
    try:
        inception.load_weights(path)
    except Exception as error:  # Whatever h5py and Keras raise on a file of something else.
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path} does not hold the weights of Inception-v3 with its last layer: {reason[:200]} "
            f"Give Keras's file {WEIGHTS}."
        ) from None
    inner = keras.Model(
        inception.input, [inception.get_layer("avg_pool").output, inception.output], name="inner"
    )
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="rescale")(images)
    x = keras.layers.Resizing(SIZE, SIZE, antialias=True, name="resize")(x)
    if image_shape[2] == 1:
        x = keras.layers.Concatenate(name="three_channels")([x, x, x])
    return Extractor(
        name="Inception-v3 of ImageNet (Keras's weights)",
        network=keras.Model(images, inner(x), name="inception"),
        kind="classes",
        resize=f"bilinear, antialiased, to {SIZE}×{SIZE}",
        image_size=(SIZE, SIZE),
        batch=BATCH,
    )
