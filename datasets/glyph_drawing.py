"""Distorted 32×32 pictures of clean glyphs."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

SIDE = 32  # of a drawn picture, in pixels
CLEAN_SIDE = 2 * SIDE  # of the clean picture that it is sampled from

# How strong the distortions are: all of the difficulty is here. A range is drawn from
# uniformly, once a picture.
ROTATION = (-5.0, 5.0)  # degrees
SIZE = (0.88, 1.12)  # times the clean size
STRETCH = (0.95, 1.05)  # of the width alone
SHIFT_ACROSS = (-2.0, 2.0)  # pixels
SHIFT_DOWN = (-1.0, 1.0)  # pixels
BLUR = (0.0, 0.7)  # standard deviation in pixels
PAPER = (20.0, 90.0)  # grey level, of 255
CONTRAST = (80.0, 150.0)  # ink above paper, in grey levels
NOISE = (4.0, 12.0)  # standard deviation in grey levels


def draw_pictures(
    clean: np.ndarray,
    glyphs: np.ndarray,
    rng: np.random.Generator,
    report: Callable[[int], None],
) -> np.ndarray:
    """Draws distorted pictures of clean glyphs.

    Args:
        clean: `(glyphs, CLEAN_SIDE, CLEAN_SIDE)` float32, 0 is paper and 1 is ink.
        glyphs: `(pictures,)` integers, the glyph that each picture shows.
        rng: Where all chance comes from.
        report: Called with the number of pictures drawn so far, now and then.

    Returns:
        The pictures: `(pictures, SIDE, SIDE, 1)` uint8, bright ink on darker paper.
    """
    pictures = np.empty((len(glyphs), SIDE, SIDE, 1), np.uint8)
    for row, glyph in enumerate(glyphs):
        pictures[row, :, :, 0] = draw_picture(clean[glyph], rng)
        if row % 1000 == 999:
            report(row + 1)
    return pictures


def draw_picture(clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws one distorted picture of a clean glyph: `(SIDE, SIDE)` uint8."""
    angle = np.radians(rng.uniform(*ROTATION))
    size = rng.uniform(*SIZE)
    stretch = rng.uniform(*STRETCH)
    # From pixels of the picture to pixels of the clean glyph, about both centres. A step
    # of two with bilinear sampling reads every clean pixel.
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.diag([1.0, 1.0 / stretch]) @ turn * (CLEAN_SIDE / SIDE / size)
    shift = np.array([rng.uniform(*SHIFT_DOWN), rng.uniform(*SHIFT_ACROSS)])
    offset = (CLEAN_SIDE - 1) / 2 - matrix @ ((SIDE - 1) / 2 + shift)
    ink = ndimage.affine_transform(clean, matrix, offset, (SIDE, SIDE), order=1)
    ink = ndimage.gaussian_filter(ink, rng.uniform(*BLUR), truncate=3.0)
    grey = rng.uniform(*PAPER) + rng.uniform(*CONTRAST) * ink
    grey += rng.uniform(*NOISE) * rng.standard_normal((SIDE, SIDE))
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
