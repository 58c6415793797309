"""Folders of images of any kind as one array."""

import numpy as np
import pytest
from PIL import Image

from datasets import images as decoding
from gan_nas import image_folder
from gan_nas.image_folder import read_folder
from graftwork.errors import InputError


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def test_nested_files_in_sorted_order_of_their_pixels(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (4, 6, 5, 3)).astype(np.uint8)
    for name, image in zip(("b/1.png", "a.bmp", "c/d/2.webp", "z.PNG"), pixels, strict=True):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / name, lossless=True)
    (tmp_path / "notes.txt").write_text("not an image")
    found = read_folder(tmp_path)
    assert found.names == ("a.bmp", "b/1.png", "c/d/2.webp", "z.PNG")
    np.testing.assert_array_equal(found.images, pixels[[1, 0, 2, 3]])
    assert found.resize == "none"
    assert found.remark() == ""
    assert found.files == 4


def test_fewer_images_than_there_are_are_drawn_from_all_folders(tmp_path):
    for number in range(40):
        write(tmp_path / f"class{number // 20}" / f"{number:02d}.png", np.full((2, 2), number))
    found = read_folder(tmp_path, limit=20)
    assert (len(found.names), found.files) == (20, 40)
    assert list(found.names) == sorted(found.names)
    assert {name[:6] for name in found.names} == {"class0", "class1"}
    assert [int(name[-6:-4]) for name in found.names] == found.images[:, 0, 0, 0].tolist()
    assert read_folder(tmp_path, limit=20).names == found.names
    assert read_folder(tmp_path, limit=20, seed=1).names != found.names
    assert read_folder(tmp_path, limit=50).names == read_folder(tmp_path).names


def test_grey_files_stay_grey_and_one_in_colour_makes_all_so(tmp_path):
    write(tmp_path / "a.png", np.arange(12).reshape(3, 4))
    write(tmp_path / "b.png", np.arange(12).reshape(3, 4) + 1)
    assert read_folder(tmp_path).images.shape == (2, 3, 4, 1)
    write(tmp_path / "c.png", np.full((3, 4, 3), (200, 0, 0)))
    found = read_folder(tmp_path).images
    assert found.shape == (3, 3, 4, 3)
    np.testing.assert_array_equal(found[0], np.arange(12).reshape(3, 4)[..., None].repeat(3, 2))
    assert found[2, 0, 0].tolist() == [200, 0, 0]


def test_mixed_sizes_need_a_shape_and_the_resize_is_said(tmp_path):
    write(tmp_path / "a.png", np.zeros((8, 8, 3)))
    write(tmp_path / "b.jpg", np.full((16, 32, 3), 255))
    with pytest.raises(InputError, match=r"a\.png of 8×8 and b\.jpg of 16×32") as error:
        read_folder(tmp_path)
    assert "Give a shape" in str(error.value)
    found = read_folder(tmp_path, (8, 8, 1))
    assert found.images.shape == (2, 8, 8, 1)
    assert found.images[1].min() > 250
    assert "bilinear" in found.resize
    assert "8×8" in found.resize
    assert found.enlarged == 0
    assert read_folder(tmp_path, (8, 8, 3), limit=1).resize == "none"
    assert read_folder(tmp_path, (10, 8, 3)).enlarged == 1
    assert read_folder(tmp_path, (20, 40, 3)).enlarged == 2


def test_unreadable_files_are_named_with_the_reason(tmp_path):
    write(tmp_path / "good.png", np.zeros((4, 4, 3)))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    found = read_folder(tmp_path)
    assert found.names == ("good.png",)
    assert list(found.unreadable) == ["broken.png"]
    assert "not an image" in found.unreadable["broken.png"]
    assert "1 files are left out" in found.remark()
    (tmp_path / "good.png").unlink()
    with pytest.raises(InputError, match=r"no image in .* can be read, the first: .*broken\.png"):
        read_folder(tmp_path)


def test_images_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    write(tmp_path / "a.png", np.zeros((4, 4, 3)))
    write(tmp_path / "bomb.png", np.zeros((40, 40, 3)))
    monkeypatch.setattr(decoding, "LARGEST_IMAGE", 1000)
    found = read_folder(tmp_path)
    assert "40×40 pixels" in found.unreadable["bomb.png"]
    monkeypatch.setattr(image_folder, "LARGEST_ARRAY", 60)
    for shape in (None, (4, 4, 3)):
        with pytest.raises(InputError, match="Give a smaller shape or a limit"):
            read_folder(tmp_path, shape)


def test_what_is_no_folder_of_images(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        read_folder(tmp_path / "gone")
    with pytest.raises(InputError, match="limit"):
        read_folder(tmp_path, limit=0)
