"""Differentiable augmentation: real and generated images are changed alike before they are judged.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training": with few images
the discriminator learns them by heart; augmenting real ones alone would teach the generator to
make augmented images, so both are, and the generator's gradient flows through the changes.
"""

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from graftwork.errors import InputError

POLICIES = ("color", "translation", "cutout")
BRIGHTNESS, SATURATION, CONTRAST, DOWN, RIGHT, HOLE_Y, HOLE_X = range(7)


@dataclasses.dataclass(frozen=True)
class DiffAugment:
    """Changes every image of a batch by parameters of its own.

    Args:
        policy: Some of `"color"` (brightness by −0.5…0.5, saturation times 0…2 where there are
            three channels, contrast times 0.5…1.5), `"translation"` (by up to an eighth of the
            image; what moves in is grey, 0) and `"cutout"` (a square of half the height and
            width becomes 0), done in this order, with the ranges of Zhao et al. 2020.

    Raises:
        InputError: If a policy is unknown.
    """

    policy: tuple[str, ...] = POLICIES

    def __post_init__(self) -> None:
        unknown = [name for name in self.policy if name not in POLICIES]
        if unknown or not self.policy:
            raise InputError(
                f"diff-augment must name some of {', '.join(POLICIES)}. "
                f"Received: {', '.join(self.policy) or 'nothing'}."
            )

    def draw(self, rng: np.random.Generator, images: int) -> np.ndarray:
        """Returns the parameters of some images: float32 `(images, 7)`, uniform in [0, 1)."""
        return rng.random((images, 7), np.float32)

    def __call__(self, images: Any, parameters: Any) -> Any:
        """Returns the changed images.

        Args:
            images: Float tensor `(n, height, width, channels)` in −1…1.
            parameters: Float tensor `(n, 7)` of `draw`.

        Returns:
            A tensor like `images`; colours may leave −1…1.
        """
        if "color" in self.policy:
            images = _coloured(images, parameters)
        if "translation" in self.policy:
            images = _translated(images, parameters)
        if "cutout" in self.policy:
            images = _cut_out(images, parameters)
        return images


def _coloured(images: Any, parameters: Any) -> Any:
    brightness, saturation, contrast = (
        parameters[:, None, None, column, None] for column in (BRIGHTNESS, SATURATION, CONTRAST)
    )
    images = images + (brightness - 0.5)
    if images.shape[-1] == 3:
        grey = ops.mean(images, axis=-1, keepdims=True)
        images = grey + (images - grey) * (2 * saturation)
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * (contrast + 0.5)


def _translated(images: Any, parameters: Any) -> Any:
    """Moves images down and to the right by one gather of pixels; what moves in is 0."""
    height, width, channels = images.shape[1:]
    y, y_inside = _sources(parameters[:, DOWN], height)
    x, x_inside = _sources(parameters[:, RIGHT], width)
    first = ops.arange(ops.shape(images)[0])[:, None, None] * (height * width)
    pixels = first + y[:, :, None] * width + x[:, None, :]  # (n, height, width)
    gathered = ops.take(ops.reshape(images, (-1, channels)), pixels, axis=0)
    inside = ops.logical_and(y_inside[:, :, None], x_inside[:, None, :])
    return gathered * ops.cast(inside, images.dtype)[..., None]


def _sources(parameter: Any, length: int) -> tuple[Any, Any]:
    """Returns where each row comes from, int32 `(n, length)`, and whether that is inside."""
    most = int(length * 0.125 + 0.5)
    shift = ops.cast(ops.floor(parameter * (2 * most + 1)), "int32") - most
    source = ops.arange(length)[None] - shift[:, None]
    inside = ops.logical_and(source >= 0, source < length)
    return ops.clip(source, 0, length - 1), inside


def _cut_out(images: Any, parameters: Any) -> Any:
    height, width = images.shape[1:3]
    y = _in_hole(parameters[:, HOLE_Y], height)
    x = _in_hole(parameters[:, HOLE_X], width)
    hole = ops.logical_and(y[:, :, None], x[:, None, :])
    return images * ops.cast(ops.logical_not(hole), images.dtype)[..., None]


def _in_hole(parameter: Any, length: int) -> Any:
    """Returns which rows lie in a hole of half the length, whose middle is anywhere."""
    size = int(length * 0.5 + 0.5)
    middle = ops.cast(ops.floor(parameter * (length + 1 - size % 2)), "int32")[:, None]
    rows = ops.arange(length)[None]
    return ops.logical_and(rows >= middle - size // 2, rows < middle - size // 2 + size)
