"""Flips and shifts: what is moved, by how much, and that labels' meaning is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.augmentation import Augmentation, moved


def moved_by_hand(image, mirrored, down, right):
    """Mirrors, pads with the border and cuts."""
    height, width, _ = image.shape
    image = image[:, ::-1] if mirrored else image
    padded = np.pad(image, ((9, 9), (9, 9), (0, 0)), "edge")
    top, left = 9 - down, 9 - right
    return padded[top : top + height, left : left + width]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 4), st.integers(0, 4))
def test_every_image_is_moved_as_drawn(seed, flip, down, right):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (5, 6, 8, 3), dtype=np.uint8)
    moves = Augmentation(flip, (down, right)).draw(rng, 5)
    assert moves.shape == (5, 3)
    assert (np.abs(moves) <= [flip, down, right]).all()
    found = np.asarray(moved(images, moves))
    assert found.dtype == np.uint8
    for image, move, result in zip(images, moves, found, strict=True):
        np.testing.assert_array_equal(result, moved_by_hand(image, *move))


def test_all_moves_are_drawn_about_equally_often():
    moves = Augmentation(True, (1, 2)).draw(np.random.default_rng(0), 6000)
    for column, values in zip(moves.T, ([0, 1], [-1, 0, 1], [-2, -1, 0, 1, 2]), strict=True):
        found, counts = np.unique(column, return_counts=True)
        assert list(found) == values
        assert np.ptp(counts) < 0.1 * counts.mean()


@pytest.mark.parametrize("harmless", [Augmentation(True), Augmentation(shift=(0, 1))])
def test_nothing_is_done_where_nothing_may_be(harmless):
    assert harmless
    assert not Augmentation()
