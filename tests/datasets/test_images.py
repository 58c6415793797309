"""One image file, as the networks take it."""

import numpy as np
import pytest
from PIL import Image

from datasets.images import read_image
from graftwork.errors import InputError


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "LA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_every_mode_are_brought_to_size(tmp_path, mode, channels):
    path = tmp_path / ("image.tiff" if mode == "CMYK" else "image.png")
    Image.new(mode, (7, 5)).save(path)
    pixels = read_image(path, (16, 12, channels))
    assert pixels.shape == (16, 12, channels)
    assert pixels.dtype == np.uint8


def test_what_is_transparent_is_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (read_image(tmp_path / "clear.png", (4, 4, 1)) == 255).all()


def test_a_bad_file_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    whole = tmp_path / "whole.png"
    Image.effect_noise((64, 64), 50).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:900])
    for name in ("text.png", "cut.png", "absent.png"):
        with pytest.raises(InputError, match=name):
            read_image(tmp_path / name, (8, 8, 1))
    with pytest.raises(InputError, match="cannot be read"):
        read_image(tmp_path, (8, 8, 1))


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    Image.new("L", (100, 100)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"large\.png"):
        read_image(tmp_path / "large.png", (8, 8, 1))
