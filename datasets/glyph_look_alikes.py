"""Finds glyphs that nothing in their pictures tells apart."""

import itertools

import numpy as np
from scipy import ndimage

from datasets.glyph_drawing import SIDE

# Two clean pictures look alike if no pixel of theirs differs by more than this share of full
# ink at the drawn size, after a little blur and at the best of small shifts.
LOOK_ALIKE = 0.25
BLUR = 1.5  # standard deviation in pixels of the clean picture
SHIFTS = tuple(itertools.product((-1, 0, 1), repeat=2))  # down and across, the same pixels
# Only pairs this close are compared pixel by pixel: squared difference over the squared ink
# of the fainter one.
NEAR = 0.25


def find_repeats(clean: np.ndarray) -> np.ndarray:
    """Finds the pictures that look like an earlier one which is no repeat itself.

    Args:
        clean: `(pictures, side, side)` float32, 0 is paper and 1 is ink.

    Returns:
        `(pictures,)` bool.
    """
    first, second = _near_pairs(shrink(clean, SIDE).reshape(len(clean), -1))
    soft = ndimage.gaussian_filter(clean, (0, BLUR, BLUR))
    fixed = shrink(soft, SIDE)[first]
    difference = np.full(len(first), np.inf, np.float32)
    for shift in SHIFTS:
        moved = shrink(np.roll(soft, shift, axis=(1, 2)), SIDE)[second]
        difference = np.minimum(difference, np.abs(fixed - moved).max(axis=(1, 2)))
    repeated = np.zeros(len(clean), bool)
    # Pairs come in the order of their second picture, so its firsts are already judged.
    for pair in np.flatnonzero(difference <= LOOK_ALIKE):
        repeated[second[pair]] |= not repeated[first[pair]]
    return repeated


def shrink(pictures: np.ndarray, side: int) -> np.ndarray:
    """Averages square pictures down to `side`, a divisor of theirs."""
    step = pictures.shape[-1] // side
    total = np.zeros((*pictures.shape[:-2], side, side), np.float32)
    for down, across in itertools.product(range(step), repeat=2):
        total += pictures[..., down::step, across::step]
    return total / step**2


def _near_pairs(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    products = pictures @ pictures.T
    ink = products.diagonal()
    difference = ink[:, None] + ink - 2 * products
    near = difference < NEAR * np.minimum(ink[:, None], ink)
    second, first = np.nonzero(np.tril(near, -1))
    return first, second
