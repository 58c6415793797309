"""Images of every kind come upright, flat and in 8 bits, or are refused by name."""

import os
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets.images import fitted, open_image, read_image
from graftwork.errors import InputError

# Pillow's, of odd metadata: datasets.images ignores them, but pytest resets that.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

SIZE = (8, 8)


def pixels(path):
    """The image as `open_image` gives it, as a list of its values or colours."""
    image = open_image(path, SIZE)
    assert image.mode in ("RGB", "L")
    array = np.asarray(image)
    return array.reshape(-1, *array.shape[2:]).tolist()


def saved(tmp_path, image, name="image.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def image_of(values, mode, shape=(1, -1)):
    array = np.array(values, {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode])
    return Image.fromarray(array.reshape(shape))


def test_what_is_transparent_is_laid_over_white(tmp_path):
    image = Image.new("RGBA", (3, 1))
    for x, colour in enumerate([(200, 0, 0, 255), (200, 0, 0, 0), (200, 0, 0, 51)]):
        image.putpixel((x, 0), colour)
    assert pixels(saved(tmp_path, image)) == [[200, 0, 0], [255, 255, 255], [244, 204, 204]]


def test_grey_with_transparency_stays_grey(tmp_path):
    image = Image.new("LA", (2, 1), (0, 0))
    image.putpixel((0, 0), (7, 255))
    assert pixels(saved(tmp_path, image)) == [7, 255]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"), [("L", 9, 255), ("RGB", (9, 8, 7), [255, 255, 255])]
)
def test_a_colour_named_as_transparent_is_white(tmp_path, mode, colour, expected):
    path = saved(tmp_path, Image.new(mode, (2, 2), colour), transparency=colour)
    assert pixels(path) == [expected] * 4


def test_a_palette_is_looked_up_with_and_without_transparency(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    for x in range(3):
        image.putpixel((x, 0), x)
    colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert pixels(saved(tmp_path, image)) == colours
    colours[1] = [255, 255, 255]
    assert pixels(saved(tmp_path, image, transparency=1)) == colours
    assert pixels(saved(tmp_path, image, transparency=bytes([255, 0, 255]))) == colours
    assert pixels(saved(tmp_path, image, "image.gif", transparency=1)) == colours


def test_black_and_white_is_grey(tmp_path):
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert pixels(saved(tmp_path, image)) == [0, 255]


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_grey_of_16_bits_is_scaled_and_not_cut(tmp_path, name):
    image = image_of([0, 257, 32768, 65535, 65400], "I;16")
    assert pixels(saved(tmp_path, image, name)) == [0, 1, 128, 255, 254]


def test_grey_of_32_bits_is_taken_as_16(tmp_path):
    image = image_of([-5, 0, 32768, 65535, 2**30], "I")
    assert pixels(saved(tmp_path, image, "image.tif")) == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("largest", [1, 255, 65535])
def test_fractions_are_scaled_by_what_they_reach(tmp_path, largest):
    image = image_of(np.array([0, 0.5, 1]) * largest, "F")
    assert pixels(saved(tmp_path, image, "image.tif")) == [0, 128, 255]


def test_what_is_no_number_is_black(tmp_path):
    image = image_of([np.nan, 0, 1], "F")
    assert pixels(saved(tmp_path, image, "image.tif")) == [0, 0, 255]


def test_the_first_of_the_two_pictures_of_a_camera_counts(tmp_path):
    second = Image.new("RGB", (8, 8), "white")
    path = saved(
        tmp_path,
        Image.new("RGB", (8, 8), "black"),
        "image.jpg",
        **{"format": "MPO", "save_all": True, "append_images": [second]},
    )
    assert pixels(path) == [[0, 0, 0]] * 64


def test_cmyk_becomes_colour(tmp_path):
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert pixels(saved(tmp_path, image, "image.tif"))[0] == [255, 0, 0]
    red, green, blue = pixels(saved(tmp_path, image, "image.jpg", quality=95))[0]
    assert red > 245
    assert max(green, blue) < 10


def test_the_first_frame_of_an_animation_counts(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "green")]
    for name in ("image.gif", "image.webp", "image.tif", "image.png"):
        path = saved(
            tmp_path, frames[0], name, save_all=True, append_images=frames[1:], lossless=True
        )
        assert pixels(path) == [[255, 0, 0]] * 16


@pytest.mark.parametrize("name", ["image.jpg", "image.png", "image.webp", "image.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_its_exif_data_say(tmp_path, name, orientation):
    # A wide image with a bright corner; orientation says where that corner belongs.
    array = np.zeros((16, 32), np.uint8)
    array[:8, :8] = 255
    image = Image.fromarray(array).convert("RGB")
    image.getexif()[0x0112] = orientation
    path = saved(tmp_path, image, name, exif=image.getexif())
    turned = np.asarray(open_image(path, (32, 32)).convert("L")) > 128
    assert turned.shape == ((16, 32) if orientation < 5 else (32, 16))
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0)} | {
        **{5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    }
    assert [(y, x) for y in (0, -1) for x in (0, -1) if turned[y, x]] == [corner[orientation]]


def test_exif_data_that_cannot_be_read_do_not_matter(tmp_path):
    broken = b"Exif\0\0MM\0*\0\0\0\x08\0\xff" + b"\x01\x12\0\x99" * 20
    path = saved(tmp_path, Image.new("L", (8, 8), 90), "image.jpg", exif=broken)
    assert pixels(path) == [90] * 64


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_small_but_no_side_below_the_size(tmp_path, orientation):
    image = Image.new("RGB", (1600, 800))
    image.getexif()[0x0112] = orientation
    path = saved(tmp_path, image, "image.jpg", exif=image.getexif())
    small = open_image(path, (32, 300))
    assert small.size == ((800, 400) if orientation == 1 else (400, 800))


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (7, 5), (64, 32)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_proportion_fits(fit, size, channels):
    image = Image.new("RGB", size, "black")
    array = fitted(image, (32, 64, channels), fit)
    assert array.shape == (32, 64, channels)
    assert array.dtype == np.uint8
    assert array.min() == 0
    if fit != "pad":
        assert array.max() == 0


def test_crop_keeps_the_middle_pad_adds_white_and_stretch_keeps_all():
    array = np.zeros((4, 12, 3), np.uint8)
    array[:, :4], array[:, 8:] = 50, 100
    image = Image.fromarray(array)
    assert fitted(image, (4, 4, 1), "crop").max() == 0
    stretched = fitted(image, (4, 3, 1), "stretch")[..., 0]
    assert stretched[0, 0] > 0 < stretched[0, 2] - stretched[0, 0] < 100
    padded = fitted(image, (12, 12, 1), "pad")[..., 0]
    assert (padded[:4] == 255).all()
    assert (padded[8:] == 255).all()
    np.testing.assert_array_equal(padded[4:8], array[..., 0])


def png(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an image"),
        (b"no image", "is not an image that can be read: cannot identify image file the file"),
        (b"<html>quota</html>", "is not an image"),
        (png(12_000, 6_000), r"12000×6000 pixels, where 1 to 64,000,000"),
        (png(2**31 - 1, 2**31 - 1), "decompression bomb"),
        # A program in PostScript, which Pillow would hand to Ghostscript.
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "cannot identify"),
    ],
)
def test_what_is_no_image_is_refused_by_name(tmp_path, content, message):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=rf"bad\.png.*{message}") as caught:
        read_image(tmp_path / "bad.png", (8, 8, 3))
    assert str(caught.value).isprintable()


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path, message in [
        (tmp_path / "absent.png", "does not exist"),
        (tmp_path, "cannot be read: it is not a file"),
        (tmp_path / "pipe.png", "cannot be read: it is not a file"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ]:
        with pytest.raises(InputError, match=message):
            open_image(path, SIZE)


def test_a_name_with_a_line_break_gives_one_line(tmp_path):
    with pytest.raises(InputError, match=r"a\\nb\.png does not exist"):
        open_image(tmp_path / "a\nb.png", SIZE)


def test_threads_may_open_images_at_once(tmp_path):
    path = saved(tmp_path, Image.new("P", (8, 8)), transparency=bytes(range(9)))
    results = []
    threads = [threading.Thread(target=lambda: results.append(len(pixels(path)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [64] * 8
