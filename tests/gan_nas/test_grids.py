"""Grids of images as PNG files."""

import numpy as np
import pytest
from PIL import Image

from gan_nas.grids import GAP, grid, save_grid
from graftwork.errors import InputError


def numbered(count, channels, size=(3, 4)):
    """Images of one value each, all different."""
    values = np.arange(10, 10 + count, dtype=np.uint8)[:, None, None, None]
    return np.broadcast_to(values, (count, *size, channels)).copy()


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_is_at_its_place_enlarged_and_apart(channels, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, channels)).astype(np.uint8)
    save_grid(images, tmp_path / "grid.png", columns=2, scale=3)
    with Image.open(tmp_path / "grid.png") as opened:
        assert opened.format == "PNG"
        assert opened.mode == ("L" if channels == 1 else "RGB")
        picture = np.asarray(opened).reshape(opened.height, opened.width, channels)
    assert picture.shape == (3 * (9 + GAP) + GAP, 2 * (12 + GAP) + GAP, channels)
    for place, image in enumerate(images):
        top, left = GAP + place // 2 * (9 + GAP), GAP + place % 2 * (12 + GAP)
        shown = picture[top : top + 9, left : left + 12]
        np.testing.assert_array_equal(shown, np.kron(image, np.ones((3, 3, 1), np.uint8)))
    assert np.unique(picture[0]).size == 1
    assert np.unique(picture[:, 0]).size == 1
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (5, 3), (64, 8), (60, 8)])
def test_the_layout_is_as_square_as_can_be(count, columns):
    assert grid(numbered(count, 1, (4, 4)), scale=1).shape[1] == columns * (4 + GAP) + GAP


def test_no_more_columns_than_images():
    assert grid(numbered(2, 1, (4, 4)), columns=9, scale=1).shape[1] == 2 * (4 + GAP) + GAP


@pytest.mark.parametrize("channels", [1, 3])
def test_labels_stand_beside_their_rows(channels):
    images = numbered(4, channels, (16, 16))
    bare = grid(images, columns=2, scale=1)
    labelled = grid(images, columns=2, scale=1, labels=["", "wide letters"])
    np.testing.assert_array_equal(labelled[:, -bare.shape[1] :], bare)
    margin = labelled[:, : -bare.shape[1]]
    assert (margin[:17] == 255).all()
    assert (margin[18:] < 100).any()


def test_what_cannot_be_shown_is_refused(tmp_path):
    images = numbered(4, 1)
    for wrong in (images[:0], images[0], images.astype(np.float32), images.repeat(2, axis=3)):
        with pytest.raises(InputError, match="a grid needs uint8 images"):
            save_grid(wrong, tmp_path / "grid.png")
    with pytest.raises(InputError, match="2 rows needs 2 labels"):
        grid(images, labels=["a"])
    with pytest.raises(InputError, match="at least 1"):
        grid(images, columns=0)
    assert not list(tmp_path.iterdir())
