"""Images side by side in one picture that a person can look at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from graftwork.errors import InputError
from graftwork.files import atomic_file

GAP = 1  # Pixels between images, and around them.
PAPER, INK = 255, 0
BETWEEN = 128  # Grey, so that the edges of white images and of black ones show.
TEXT_SIZE = 12  # Pixels.
MARGIN = 6  # Pixels on both sides of a label.


def grid(
    images: np.ndarray,
    columns: int | None = None,
    scale: int = 2,
    labels: Sequence[str] | None = None,
) -> np.ndarray:
    """Lays images side by side, row after row.

    Args:
        images: uint8 `(n, height, width, channels)`, channels 1 or 3, at least one.
        columns: Images a row; if None, as nearly as many as there are rows.
        scale: Every pixel becomes a square of so many, so that nothing is smoothed.
        labels: A text for each row of images, written to its left, such as classes.

    Returns:
        uint8 `(height, width, channels)`.

    Raises:
        InputError: If images, numbers or labels do not fit.
    """
    images = np.asarray(images)
    right = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] in (1, 3)
    if not right or not images.size:
        raise InputError(
            "a grid needs uint8 images (n, height, width, 1 or 3), at least one. "
            f"Received: {images.dtype} of shape {images.shape}."
        )
    if scale < 1 or (columns is not None and columns < 1):
        raise InputError(f"columns and scale must be at least 1. Received: {columns} and {scale}.")
    count, high, wide, channels = images.shape
    columns = min(columns or int(np.ceil(np.sqrt(count))), count)
    rows = -(-count // columns)
    if labels is not None and len(labels) != rows:
        raise InputError(f"a grid of {rows} rows needs {rows} labels. Received: {len(labels)}.")
    high, wide = high * scale, wide * scale
    shape = (rows * (high + GAP) + GAP, columns * (wide + GAP) + GAP, channels)
    picture = np.full(shape, BETWEEN, np.uint8)
    for place, image in enumerate(images.repeat(scale, axis=1).repeat(scale, axis=2)):
        row, column = divmod(place, columns)
        top, left = GAP + row * (high + GAP), GAP + column * (wide + GAP)
        picture[top : top + high, left : left + wide] = image
    if labels is None:
        return picture
    return np.concatenate([_margin(labels, rows, high, channels), picture], axis=1)


def save_grid(
    images: np.ndarray,
    path: Path,
    columns: int | None = None,
    scale: int = 2,
    labels: Sequence[str] | None = None,
) -> None:
    """Writes a grid of images as a PNG file, atomically.

    Args:
        images: As in `grid`.
        path: The file to write. Its folder must exist.
        columns: As in `grid`.
        scale: As in `grid`.
        labels: As in `grid`.

    Raises:
        InputError: As in `grid`.
    """
    picture = grid(images, columns, scale, labels)
    with atomic_file(path, "wb") as file:
        Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(file, "PNG")


def _margin(labels: Sequence[str], rows: int, high: int, channels: int) -> np.ndarray:
    """Returns the labels as a picture as high as the grid."""
    font = ImageFont.load_default(min(TEXT_SIZE, max(6, high)))
    width = 2 * MARGIN + int(max(font.getlength(label) for label in labels))
    margin = Image.new("L", (width, rows * (high + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(margin)
    for row, label in enumerate(labels):
        middle = GAP + row * (high + GAP) + high / 2
        draw.text((width - MARGIN, middle), label, INK, font, anchor="rm")
    return np.repeat(np.asarray(margin)[..., None], channels, axis=2)
