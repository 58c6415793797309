"""One chain for one attribute as a `keras.Model` that needs no Graftwork to be loaded."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from graftwork.errors import InputError
from graftwork.precision import full_precision
from transfer_nas.layers import EPSILON, NORMALIZED, kernel_size
from transfer_nas.space import ChainSpace, Stage, reductions
from transfer_nas.supernet import ChainSupernet, check_image_shape


def plain_model(
    supernet: ChainSupernet,
    space: ChainSpace,
    architecture: Sequence[int],
    attribute: int,
    image_shape: tuple[int, int, int],
) -> keras.Model:
    """Builds the network of one architecture and one attribute, of Keras's own layers alone.

    Args:
        supernet: The supernet that gives the weights, built for `space`.
        space: The space.
        architecture: The choices, without the attribute.
        attribute: The attribute, 0…A−1.
        image_shape: Height, width and channels of an image.

    Returns:
        A model from uint8 images `(n, height, width, channels)` to logits `(n, 1)`.

    Raises:
        InputError: If the architecture is not of the space, or there is no such attribute.
    """
    if not 0 <= attribute < supernet.attributes:
        raise InputError(
            f"attribute must be from 0 to {supernet.attributes - 1}. Received: {attribute}."
        )
    stages = space.stages(architecture)
    model = build_chain(stages, supernet.channels, image_shape)
    for name, weights in _weights(supernet, stages, attribute):
        model.get_layer(name).set_weights([np.asarray(weight) for weight in weights])
    return model


@full_precision()
def build_chain(
    stages: Sequence[Stage], channels: int, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds a chain with fresh weights, of Keras's own layers alone, which computes in float32.

    Args:
        stages: The stages.
        channels: The channels of the stem and of all stages.
        image_shape: Height, width and channels of an image.
    """
    layers = keras.layers
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = layers.GroupNormalization(
        groups=1, epsilon=EPSILON, center=False, scale=False, name="standardize"
    )(keras.ops.cast(images, "float32"))
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name="stem_conv")(x)
    x = layers.MaxPooling2D(2, name="stem_pool")(x)
    x = _normalized(x, "stem")
    outputs: list[Any] = []
    for number, stage in enumerate(stages, start=1):
        name = f"stage_{number}"
        if stage.skips:
            sources = [x, *(outputs[earlier - 1] for earlier in stage.skips)]
            x = layers.Average(name=f"{name}_mean")(sources)
        x = layers.Add(name=f"{name}_sum")([x, _operation(x, stage.operation, channels, name)])
        x = layers.GroupNormalization(
            groups=1, epsilon=EPSILON, center=False, scale=False, name=f"{name}_normalized"
        )(x)
        outputs.append(x)
        if number in reductions(len(stages)):
            # What no later stage reads is no part of the model.
            read = {earlier for later in stages[number:] for earlier in later.skips} | {number}
            for earlier in sorted(read & set(range(1, number + 1))):
                pool = layers.AveragePooling2D(2, name=f"{name}_halved_{earlier}")
                outputs[earlier - 1] = pool(outputs[earlier - 1])
            x = outputs[-1]
    features = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(images, layers.Dense(1, name="head")(features), name="chain")


def _operation(x: Any, operation: str, channels: int, name: str) -> Any:
    layers = keras.layers
    if operation == "identity":
        return x
    if operation == "average_pool":
        return layers.AveragePooling2D(3, 1, "same", name=f"{name}_{operation}")(x)
    if operation == "max_pool":
        return layers.MaxPooling2D(3, 1, "same", name=f"{name}_{operation}")(x)
    kind = layers.Conv2D if operation.startswith("conv") else layers.SeparableConv2D
    convolution = kind(
        channels, kernel_size(operation), padding="same", use_bias=False, name=f"{name}_conv"
    )
    return _normalized(convolution(x), name)


def _normalized(x: Any, name: str) -> Any:
    norm = keras.layers.GroupNormalization(groups=1, epsilon=EPSILON, name=f"{name}_norm")
    return keras.layers.ReLU(name=f"{name}_relu")(norm(x))


def _weights(
    supernet: ChainSupernet, stages: Sequence[Stage], attribute: int
) -> list[tuple[str, list[Any]]]:
    """Returns the weights of every layer of the plain model that has any, by its name."""
    stem, heads = supernet.stem, supernet.heads
    found = [("stem_conv", [stem.kernel]), ("stem_norm", [stem.gamma, stem.beta])]
    rows = supernet.stage_layer.stage_weights()
    for number, stage in enumerate(stages, start=1):
        if stage.operation in NORMALIZED:
            *kernels, gamma, beta = rows[number - 1][NORMALIZED.index(stage.operation)]
            found.append((f"stage_{number}_conv", kernels))
            found.append((f"stage_{number}_norm", [gamma, beta]))
    kernel, bias = np.asarray(heads.kernel)[attribute], np.asarray(heads.bias)[attribute]
    found.append(("head", [kernel[:, None], bias[None]]))
    return found


def parameters_and_flops(
    space: ChainSpace,
    architecture: Sequence[int],
    channels: int,
    image_shape: tuple[int, int, int],
) -> tuple[int, int]:
    """Returns what the plain model of an architecture costs, by closed forms.

    Args:
        space: The space.
        architecture: The choices, without an attribute.
        channels: The channels C of the stem and of all stages.
        image_shape: Height, width and channels of an image.

    Returns:
        Trainable parameters, and operations for one image: two a multiply-add of the
        convolutions and the head. Normalisation, pooling, ReLU and the means of skips are
        not counted, as is usual.

    Raises:
        InputError: If the architecture is not of the space, or the images are too small.
    """
    check_image_shape(image_shape)
    height, width, inputs = image_shape
    weights = 9 * inputs * channels
    parameters, flops = weights + 2 * channels, 2 * weights * height * width
    height, width = height // 2, width // 2
    for number, stage in enumerate(space.stages(architecture), start=1):
        if stage.operation in NORMALIZED:
            area = kernel_size(stage.operation) ** 2
            separable = stage.operation.startswith("separable")
            weights = channels * (area + channels if separable else area * channels)
            parameters += weights + 2 * channels
            flops += 2 * weights * height * width
        if number in reductions(space.length):
            height, width = height // 2, width // 2
    return parameters + channels + 1, flops + 2 * channels
