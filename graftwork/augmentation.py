"""Random flips and shifts of training images, inside the compiled step."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What may be done to a training image without changing what it shows.

    Args:
        flip: Whether it may be mirrored.
        shift: The pixels by which it may be moved down and to the right, or back. What
            moves in repeats the border.
    """

    flip: bool = False
    shift: tuple[int, int] = (0, 0)

    def __bool__(self) -> bool:
        return self.flip or any(self.shift)

    def draw(self, rng: np.random.Generator, images: int) -> np.ndarray:
        """Returns the moves of some images: int32 `(images, 3)` of mirrored, down, right."""
        down, right = self.shift
        return np.stack(
            [
                rng.integers(0, 1 + self.flip, images),
                rng.integers(-down, down + 1, images),
                rng.integers(-right, right + 1, images),
            ],
            axis=1,
        ).astype(np.int32)


def moved(images: Any, moves: Any) -> Any:
    """Mirrors images and then shifts them, by one gather of pixels.

    Args:
        images: Tensor `(n, height, width, channels)`.
        moves: int32 tensor `(n, 3)` of `Augmentation.draw`.

    Returns:
        A tensor like `images`.
    """
    height, width, channels = images.shape[1:]
    mirrored, down, right = ops.split(moves, 3, axis=1)  # (n, 1) each
    y = ops.clip(ops.arange(height)[None] - down, 0, height - 1)  # (n, height)
    x = ops.clip(ops.arange(width)[None] - right, 0, width - 1)  # (n, width)
    x = ops.where(mirrored == 1, width - 1 - x, x)
    first = ops.arange(ops.shape(images)[0])[:, None, None] * (height * width)
    pixels = first + y[:, :, None] * width + x[:, None, :]  # (n, height, width)
    return ops.take(ops.reshape(images, (-1, channels)), pixels, axis=0)
